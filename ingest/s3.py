"""The store's second face: a prefix of an S3 bucket."""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import obstore
from botocore.exceptions import BotoCoreError
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store as Bucket

from ingest.storage import BLOCK_BYTES, S3_SCHEME, Entry, StoreError

_READERS = 64


class S3Store:
    """A prefix of a bucket. Credentials, region and endpoint come from boto3's own chain."""

    def __init__(self, uri: str) -> None:
        bucket, _, prefix = uri.removeprefix(S3_SCHEME).partition("/")
        if not bucket:
            raise StoreError(f"no bucket in {uri}")
        self.uri = uri.rstrip("/")
        try:
            session = boto3.Session()
            has_endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
            endpoint = session.client("s3").meta.endpoint_url if has_endpoint else None
        except BotoCoreError as error:
            raise StoreError(f"{uri}: {error}") from None
        if session.get_credentials() is None:
            raise StoreError(f"{uri}: no AWS credentials found (boto3 looks in the environment, profiles and roles)")
        options: dict[str, Any] = {"endpoint": endpoint} if endpoint else {}
        if endpoint and endpoint.startswith("http://"):
            options["client_options"] = {"allow_http": True}
        self._bucket = Bucket(
            bucket,
            prefix=prefix.strip("/") or None,
            region=session.region_name or "us-east-1",
            virtual_hosted_style_request=False,
            credential_provider=Boto3CredentialProvider(session),
            **options,
        )

    def uri_of(self, path: str) -> str:
        """See ``Store``."""
        return f"{self.uri}/{path}"

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """See ``Store``."""
        with self._explained(prefix):
            for chunk in obstore.list(self._bucket, prefix=prefix or None):
                for meta in chunk:
                    etag = (meta["e_tag"] or "").strip('"')
                    modified_at = int(meta["last_modified"].timestamp() * 1000)
                    yield Entry(meta["path"], meta["size"], etag, modified_at)

    def read(self, path: str) -> bytes:
        """See ``Store``."""
        with self._explained(path):
            return bytes(obstore.get(self._bucket, path).bytes())

    def read_many(self, paths: Iterable[str]) -> Iterator[bytes | OSError]:
        """See ``Store``."""
        with ThreadPoolExecutor(_READERS) as readers:
            yield from readers.map(self._try_read, paths)

    def _try_read(self, path: str) -> bytes | OSError:
        try:
            return self.read(path)
        except OSError as error:
            return error

    def blocks(self, path: str) -> Iterator[bytes]:
        """See ``Store``."""
        with self._explained(path):
            for block in obstore.get(self._bucket, path).stream(min_chunk_size=BLOCK_BYTES):
                yield bytes(block)

    @contextlib.contextmanager
    def create(self, path: str) -> Iterator[io.RawIOBase]:
        """See ``Store``: S3 shows an object only when its upload is complete."""
        with self._explained(path):
            upload = obstore.open_writer(self._bucket, path)
            yield _Upload(upload.write)
            upload.close()  # only now: after an error it must not be completed

    def put_new(self, path: str, data: bytes) -> None:
        """See ``Store``."""
        with self._explained(path):
            try:
                obstore.put(self._bucket, path, data, mode="create", use_multipart=False)
            except AlreadyExistsError as error:
                raise FileExistsError(str(error)) from None

    def delete(self, path: str) -> None:
        """See ``Store``."""
        with self._explained(path), contextlib.suppress(FileNotFoundError):
            obstore.delete(self._bucket, path)

    @contextlib.contextmanager
    def _explained(self, path: str) -> Iterator[None]:
        """What S3 refuses, in one line that says where."""
        try:
            yield
        except (BaseError, OSError) as error:
            text = str(error)
            said = re.search(r"<Code>(.*?)</Code>.*?<Message>(.*?)</Message>", text, re.DOTALL)
            reason = f"{said[1]}: {said[2]}" if said else text.strip().partition("\n")[0]
            kind = type(error) if isinstance(error, OSError) else StoreError
            raise kind(f"{self.uri_of(path)}: {reason}") from None


class _Upload(io.RawIOBase):
    """A multipart upload as the kind of file that pyarrow writes to. Closing it does not complete the upload."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:
        chunk = bytes(data)
        self._write(chunk)
        self._position += len(chunk)
        return len(chunk)
