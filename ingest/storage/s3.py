"""The store's second face: a prefix of an S3 bucket.

obstore does the work. boto3 finds out where and as whom: credentials, region and endpoint come from its own chain. It
also takes over where obstore cannot go: keys that are no clean paths, and lists that break off.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import re
import tempfile
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeVar

import boto3
import obstore
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store as Bucket

from ingest.storage.store import BLOCK_BYTES, DEFAULT_S3_OPTIONS, S3_SCHEME, Entry, S3Options, StoreError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

# Requests in flight: the small files that are read at a time, by all worker processes together; the blocks of a large
# file; the parts of a file that is written.
_READERS = max(16, 256 // (os.cpu_count() or 1))
_BLOCK_READERS = 4
_PART_WRITERS = 4
_PART_BYTES = 8 * 2**20
_PAGE_KEYS = 1_000
_PAGES_AHEAD = 16

_ATTEMPTS = 8
_RETRIES: RetryConfig = {
    "max_retries": 10,
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=15), "base": 2},
    "retry_timeout": timedelta(minutes=3),
}
# No limit to the whole of a request, for it may be a large file on a slow line, but to each wait.
_TIMEOUTS: ClientConfig = {"connect_timeout": "5s", "read_timeout": "60s", "timeout": "30min"}
# botocore renews credentials when they have ten to fifteen minutes left: older ones must not be kept.
_CREDENTIALS_KEPT = timedelta(minutes=10)

# Keys with an empty folder name, with . or .. for one, or with control characters: S3 has them, obstore refuses them.
_UNCLEAN = re.compile(r"(^|/)\.{0,2}(/|$)|[\x00-\x1f\x7f]")

# What S3 says of one object; what it says otherwise is true of every object.
_OF_ONE_OBJECT = frozenset({"AccessDenied", "InvalidObjectState", "InvalidRange", "NoSuchKey", "PreconditionFailed"})

_TO_LIST = "s3:ListBucket"
_TO_READ = "s3:GetObject, and kms:Decrypt where a KMS key encrypts it"
_TO_WRITE = "s3:PutObject, and kms:GenerateDataKey and kms:Decrypt where a KMS key encrypts it"
_TO_DELETE = "s3:DeleteObject"

_HINTS = {
    "AccessDenied": "the credentials need {action}",
    "AuthorizationHeaderMalformed": "the bucket is in another region: set AWS_REGION to it",
    "ExpiredToken": "renew the credentials and run this again",
    "InvalidAccessKeyId": "check the credentials: environment, profile or role",
    "InvalidObjectState": "it is archived: restore it first",
    "InvalidToken": "renew the credentials and run this again",
    "NoSuchBucket": "check its name, and the endpoint if there is one",
    "PermanentRedirect": "the bucket is in another region: set AWS_REGION to it",
    "PreconditionFailed": "it was replaced while it was being read: the next load reads it",
    "RequestTimeTooSkewed": "set this machine's clock",
    "ServiceUnavailable": "S3 is too busy: run this again later",
    "SignatureDoesNotMatch": "check the credentials: environment, profile or role",
    "SlowDown": "S3 asks for fewer requests: run this again later, or with fewer --processes",
    "TokenRefreshRequired": "renew the credentials and run this again",
}


class Place(NamedTuple):
    """Where a bucket is served."""

    region: str
    endpoint_url: str


class S3Store:
    """A prefix of a bucket."""

    def __init__(self, uri: str, options: S3Options = DEFAULT_S3_OPTIONS, place: Place | None = None) -> None:
        """Find the bucket; with ``place``, it was found before."""
        self._name, _, prefix = uri.removeprefix(S3_SCHEME).partition("/")
        self._prefix = prefix.removesuffix("/")
        self.uri = f"{S3_SCHEME}{self._name}/{self._prefix}".rstrip("/")
        if not self._name:
            raise StoreError(f"no bucket in {uri}")
        if prefix not in ("", "/") and _UNCLEAN.search(self._prefix):
            raise StoreError(f"{uri}: a folder's name is empty, . or .., or has a control character")
        self._options = options
        self._payer = {"RequestPayer": "requester"} if options.requester_pays else {}
        with self._explained("", _TO_LIST):
            self._session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
            if self._session.get_credentials() is None:
                raise StoreError(
                    f"{uri}: no AWS credentials found (boto3 looks in the environment, profiles and roles)"
                )
            self._place = place or self._find()
            self._client = self._client_in(self._place.region)
            self._bucket = self._open()

    def __reduce__(self) -> tuple[Callable[..., S3Store], tuple[str, S3Options, Place]]:
        return _reopened, (self.uri, self._options, self._place)

    def _find(self) -> Place:
        client = self._client_in(self._session.region_name)
        try:
            # boto3 follows it to another region.
            answer = client.head_bucket(Bucket=self._name)
        except ClientError as error:
            answer = error.response  # says the region all the same; what is wrong, the first request says better
        region = answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region") or client.meta.region_name
        return Place(region, self._client_in(region).meta.endpoint_url)

    def _open(self) -> Bucket:
        options, place = self._options, self._place
        client = _TIMEOUTS.copy()
        client["allow_http"] = place.endpoint_url.startswith("http://")
        if bundle := os.environ.get("AWS_CA_BUNDLE"):
            client["root_certificate"] = Path(bundle).read_bytes()
        config: dict[str, Any] = {
            "server_side_encryption": options.encryption and options.encryption.value,
            "sse_kms_key_id": options.kms_key_id,
            "sse_bucket_key_enabled": options.bucket_key,
            "request_payer": options.requester_pays or None,
        }
        return Bucket(
            self._name,
            prefix=self._prefix or None,
            region=place.region,
            endpoint=place.endpoint_url,
            aws_endpoint_url_s3=place.endpoint_url,  # or the variable of that name would have precedence
            virtual_hosted_style_request=False,
            conditional_put="etag",
            credential_provider=Boto3CredentialProvider(self._session, ttl=_CREDENTIALS_KEPT),
            client_options=client,
            retry_config=_RETRIES,
            **{name: value for name, value in config.items() if value is not None},
        )

    def _client_in(self, region: str | None) -> Any:
        config = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5})
        return self._session.client("s3", region, endpoint_url=self._options.endpoint_url, config=config)

    def uri_of(self, path: str) -> str:
        """See ``Store``."""
        return f"{self.uri}/{path}"

    def _key(self, path: str) -> str:
        return f"{self._prefix}/{path}" if self._prefix else path

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """See ``Store``."""
        last = None
        with self._explained(prefix, _TO_LIST):
            try:
                if not self._has_nameless_folder(prefix):
                    for entry in self._list_ahead(prefix):
                        last = entry
                        yield entry
                    return
            except BaseError as error:
                # What S3 refuses with reason, it would refuse boto3 too.
                if _said(error).code:
                    raise
            yield from self._list_by_boto3(prefix, last)

    def _has_nameless_folder(self, prefix: str) -> bool:
        """Whether there are keys that begin with a slash: obstore would list them, but without it."""
        if prefix or self._prefix:
            return False
        return bool(self._client.list_objects_v2(Bucket=self._name, Prefix="/", MaxKeys=1, **self._payer)["KeyCount"])

    def _list_ahead(self, prefix: str) -> Iterator[Entry]:
        pages = iter(obstore.list(self._bucket, prefix=prefix or None, chunk_size=_PAGE_KEYS))
        for page in _in_order(lambda _: next(pages, None), itertools.count(), 1, _PAGES_AHEAD):
            if page is None:
                return
            for meta in page:
                modified_at = int(meta["last_modified"].timestamp() * 1000)
                yield Entry(meta["path"], meta["size"], (meta["e_tag"] or "").strip('"'), modified_at)

    def _list_by_boto3(self, prefix: str, after: Entry | None) -> Iterator[Entry]:
        folder = "".join(f"{part}/" for part in (self._prefix, prefix) if part)
        start = {"StartAfter": self._key(after.path)} if after else {}
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._name, Prefix=folder, **start, **self._payer
        )
        for item in (item for page in pages for item in page.get("Contents", ())):
            path = item["Key"][len(self._prefix) + 1 :] if self._prefix else item["Key"]
            modified_at = int(item["LastModified"].timestamp() * 1000)
            yield Entry(path, item["Size"], item["ETag"].strip('"'), modified_at)

    def read(self, path: str) -> bytes:
        """See ``Store``."""
        with self._explained(path, _TO_READ):
            if _UNCLEAN.search(path):
                answer = self._client.get_object(Bucket=self._name, Key=self._key(path), **self._payer)
                data: bytes = answer["Body"].read()
                return data
            return obstore.get(self._bucket, path).bytes().to_bytes()

    def read_many(self, paths: Iterable[str]) -> Generator[bytes | OSError]:
        """See ``Store``."""
        yield from _in_order(self._try_read, paths, _READERS, 4 * _READERS)

    def _try_read(self, path: str) -> bytes | OSError:
        try:
            return self.read(path)
        except OSError as error:
            return error

    def blocks(self, path: str) -> Iterator[bytes]:
        """See ``Store``. All blocks are of one version of the object."""
        if _UNCLEAN.search(path):
            yield self.read(path)
            return
        with self._explained(path, _TO_READ):
            first = obstore.get(self._bucket, path, options={"range": (0, BLOCK_BYTES)})
            size, etag = first.meta["size"], first.meta["e_tag"]
            yield first.bytes().to_bytes()

            def block(start: int) -> bytes:
                end = min(start + BLOCK_BYTES, size)
                answer = obstore.get(self._bucket, path, options={"range": (start, end), "if_match": etag})
                return answer.bytes().to_bytes()

            yield from _in_order(block, range(BLOCK_BYTES, size, BLOCK_BYTES), _BLOCK_READERS, _BLOCK_READERS)

    @contextlib.contextmanager
    def create(self, path: str) -> Iterator[IO[bytes]]:
        """See ``Store``: written to a file of this machine first, so that nothing is begun which is not finished."""
        with tempfile.TemporaryFile() as file:
            yield file

            def upload() -> None:
                file.seek(0)
                # In parts if it is large; where one fails, obstore takes the others back.
                obstore.put(self._bucket, path, file, chunk_size=_PART_BYTES, max_concurrency=_PART_WRITERS)

            with self._explained(path, _TO_WRITE):
                _until_answered(upload)

    def put_new(self, path: str, data: bytes) -> None:
        """See ``Store``.

        The answer to a put may be lost, and S3 refuses one that meets another: so an error says nothing yet of what
        is there. That is asked, and the put repeated, until it is certain.
        """
        with self._explained(path, _TO_WRITE):
            for attempt in itertools.count(1):
                try:
                    obstore.put(self._bucket, path, data, mode="create", use_multipart=False)
                    return
                except BaseError as error:
                    is_refused = _said(error).code and not isinstance(error, AlreadyExistsError)
                    if self._has_written(path, data):
                        return
                    if is_refused:
                        raise
                    if attempt == _ATTEMPTS:
                        reason = "it is not known whether this was written: run the command again"
                        raise StoreError(f"{self.uri_of(path)}: {_said(error).message} ({reason})") from None
                    _wait(attempt)

    def _has_written(self, path: str, data: bytes) -> bool:
        try:
            found = self.read(path)
        except OSError:
            return False
        if found != data:
            raise FileExistsError(f"{self.uri_of(path)} is there, with another content")
        return True

    def delete(self, paths: Iterable[str]) -> None:
        """See ``Store``."""
        clean = []
        with self._explained("", _TO_DELETE):
            for path in paths:
                if _UNCLEAN.search(path):
                    self._client.delete_object(Bucket=self._name, Key=self._key(path), **self._payer)
                else:
                    clean.append(path)
            _until_answered(lambda: obstore.delete(self._bucket, clean))

    @contextlib.contextmanager
    def _explained(self, path: str, action: str) -> Iterator[None]:
        """What goes wrong, in one line that says where and what to do."""
        try:
            yield
        except (BaseError, BotoCoreError, ClientError, FileNotFoundError) as error:
            said = _said(error)
            hint = _HINTS.get(said.code, "").format(action=action)
            reason = ": ".join(part for part in (said.code, said.message) if part)
            kind: type[OSError] = StoreError
            if said.code in _OF_ONE_OBJECT or said.code.startswith("KMS."):
                kind = OSError
            if said.code == "NoSuchKey" or (not said.code and isinstance(error, FileNotFoundError)):
                kind = FileNotFoundError
            uri = self.uri_of(path) if path else self.uri
            raise kind(f"{uri}: {reason}" + (f" ({hint})" if hint else "")) from None


@functools.cache
def _reopened(uri: str, options: S3Options, place: Place) -> S3Store:
    """The store in another process, once, however many chunks are read there."""
    return S3Store(uri, options, place)


class _Said(NamedTuple):
    code: str
    message: str


def _said(error: Exception) -> _Said:
    """S3's code and message in an error; the code is empty where S3 did not say it."""
    if isinstance(error, ClientError):
        return _Said(error.response["Error"]["Code"], error.response["Error"].get("Message", ""))
    text = str(error)
    if "redirect without LOCATION" in text:  # obstore does not say S3's own code
        return _Said("PermanentRedirect", "the bucket answers at another endpoint")
    retries = re.search(r"after (\d+) retries", text)
    found = re.search(r"<Code>(?P<code>.*?)</Code>.*?<Message>(?P<message>.*?)</Message>", text, re.DOTALL)
    found = found or re.search(r"key (?P<message>.*) \(code: (?P<code>\w+)\)", text)
    if not found:
        return _Said("", text.strip().partition("\n")[0])
    return _Said(found["code"], found["message"] + (f" after {retries[1]} retries" if retries else ""))


def _until_answered(request: Callable[[], object]) -> None:
    """Repeat what does no harm twice while its answer breaks off, which is where obstore's retries end."""
    for attempt in itertools.count(1):
        try:
            request()
            return
        except BaseError as error:
            # An upload that S3 knows no more may be one whose end it reached.
            if _said(error).code not in ("", "NoSuchUpload") or attempt == _ATTEMPTS:
                raise
            _wait(attempt)


def _wait(attempt: int) -> None:
    time.sleep(_RETRIES["backoff"]["init_backoff"].total_seconds() * 2 ** (attempt - 1))


def _in_order(work: Callable[[_Item], _Result], items: Iterable[_Item], threads: int, ahead: int) -> Generator[_Result]:
    """Results of work that threads do ahead of who takes them, in order, no more than some at a time."""
    waiting: deque[Future[_Result]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
