"""A prefix of an S3 bucket as a store.

obstore makes the requests. boto3 finds credentials, region and endpoint by its own chain. It also takes over what
obstore cannot do: keys that are not clean paths, and lists that break off.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import itertools
import os
import re
import tempfile
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeVar

import obstore
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store as Bucket
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from ingest.storage.boto import NO_CREDENTIALS, session, with_advice
from ingest.storage.store import (
    BLOCK_BYTES,
    DEFAULT_S3_OPTIONS,
    S3_SCHEME,
    Entry,
    OnError,
    S3Options,
    StoreError,
    with_place,
)

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ClientConfig, RetryConfig

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

# Requests in flight: small files, over all worker processes; blocks of one large file; parts of one upload; folders
# that are listed side by side, and the pages of each that wait.
_READERS = max(16, 256 // (os.cpu_count() or 1))
_BLOCK_READERS = 4
_PART_WRITERS = 4
_PART_BYTES = 8 * 2**20
_PAGE_KEYS = 1_000
_FOLDERS_AHEAD = 8
_PAGES_AHEAD = 4
# Subfolders count as large if a full page of keys is from no more of them than this.
_LARGE_SUBFOLDERS = 4

_ATTEMPTS = 8
_RETRIES: RetryConfig = {
    "max_retries": 10,
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=15), "base": 2},
    "retry_timeout": timedelta(minutes=3),
}
# No limit to a whole request, for it may be a large file on a slow line, but to each wait.
_TIMEOUTS: ClientConfig = {"connect_timeout": "5s", "read_timeout": "60s", "timeout": "30min"}
# botocore renews credentials when they have ten to fifteen minutes left: older ones must not be kept.
_CREDENTIALS_KEPT = timedelta(minutes=10)

# Keys with an empty folder name, with . or .. for one, or with control characters: S3 has them, obstore refuses them.
_UNCLEAN = re.compile(r"(^|/)\.{0,2}(/|$)|[\x00-\x1f\x7f]")
# Keys that obstore takes unchanged as the start of a list; it would escape other characters.
_PLAIN = re.compile(r"[\w/.:=@+ -]*", re.ASCII)

# Codes that concern one object; any other concerns every object.
_OBJECT_CODES = frozenset({"AccessDenied", "InvalidObjectState", "InvalidRange", "NoSuchKey", "PreconditionFailed"})

# Codes of a list that may concern one of its folders.
_FOLDER_CODES = frozenset({"AccessDenied", "InternalError"})

_TO_LIST = "s3:ListBucket"
_TO_READ = "s3:GetObject, and kms:Decrypt if a KMS key encrypts it"
_TO_WRITE = "s3:PutObject, and kms:GenerateDataKey and kms:Decrypt if a KMS key encrypts it"
_TO_DELETE = "s3:DeleteObject"


class BucketLocation(NamedTuple):
    """Region of a bucket, and the endpoint that serves it."""

    region: str
    endpoint_url: str


class S3Store:
    """A prefix of a bucket."""

    writes_at_once = 16

    def __init__(
        self, uri: str, options: S3Options = DEFAULT_S3_OPTIONS, location: BucketLocation | None = None
    ) -> None:
        """Locate the bucket, unless its ``location`` is known.

        Raises:
            StoreError: the URI has no bucket or an unclean prefix; or credentials or the profile are missing.
        """
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
            self._session = session()
            if self._session.get_credentials() is None:
                raise StoreError(f"{uri}: {NO_CREDENTIALS}")
            self._location = location or self._locate()
            self._bucket = self._open()
        self._readers = ThreadPoolExecutor(_READERS)

    def __reduce__(self) -> tuple[Callable[..., S3Store], tuple[str, S3Options, BucketLocation]]:
        return _reopened, (self.uri, self._options, self._location)

    def _locate(self) -> BucketLocation:
        client = self._client_in(self._session.region_name)
        try:
            # boto3 follows it to another region.
            answer = client.head_bucket(Bucket=self._name)
        except ClientError as error:
            answer = error.response  # names the region nonetheless; the first request explains the error better
        region = answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region") or client.meta.region_name
        if region != client.meta.region_name:
            client = self._client_in(region)
        self._client = client
        return BucketLocation(region, client.meta.endpoint_url)

    @functools.cached_property
    def _client(self) -> Any:
        """boto3's client in the bucket's region. Most worker processes never need it, and it takes 0.1 s to make."""
        return self._client_in(self._location.region)

    def _open(self) -> Bucket:
        options, location = self._options, self._location
        client = _TIMEOUTS.copy()
        client["allow_http"] = location.endpoint_url.startswith("http://")
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
            region=location.region,
            endpoint=location.endpoint_url,
            aws_endpoint_url_s3=location.endpoint_url,  # or the variable of that name would have precedence
            virtual_hosted_style_request=False,
            conditional_put="etag",
            credential_provider=Boto3CredentialProvider(self._session, ttl=_CREDENTIALS_KEPT),
            client_options=client,
            retry_config=_RETRIES,
            **{name: value for name, value in config.items() if value is not None},
        )

    def _client_in(self, region: str | None) -> Any:
        config = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5})
        try:
            return self._session.client("s3", region, endpoint_url=self._options.endpoint_url, config=config)
        except ValueError:  # it names the address, whose credentials are anywhere in it
            raise StoreError("the S3 endpoint is no address: expected one such as https://host:9000") from None

    def uri_of(self, path: str) -> str:
        """See ``Store``."""
        return f"{self.uri}/{path}"

    def _key(self, path: str) -> str:
        return f"{self._prefix}/{path}" if self._prefix else path

    def now(self) -> int:
        """See ``Store``. It is the end of the second in which S3 answers."""
        with self._explained("", _TO_LIST):
            headers = self._client.head_bucket(Bucket=self._name)["ResponseMetadata"]["HTTPHeaders"]
        if "date" not in headers:
            raise StoreError(f"{self.uri}: the server's answer has no Date, so nobody knows how old objects are")
        return int(parsedate_to_datetime(headers["date"]).timestamp()) * 1000 + 999

    def list(self, prefix: str = "", on_error: OnError | None = None) -> Iterator[Entry]:
        """See ``Store``. A folder is listed by itself if the list that it is in ends with an error."""
        with self._explained(prefix, _TO_LIST):
            yield from self._list_flat(prefix, None) if on_error is None else self._list_folder(prefix, None, on_error)

    def _list_folder(self, folder: str, after: str | None, on_error: OnError, is_root: bool = True) -> Iterator[Entry]:
        """A folder's files that follow a key; what cannot be listed is told, but for the root, which is an error."""
        last = after
        try:
            for entry in self._list_flat(folder, after):
                last = entry.path
                yield entry
            return
        except (BaseError, ClientError) as error:
            if _s3_error(error).code not in _FOLDER_CODES:
                raise
            broken: Exception = error
        try:
            parts = self._parts(folder, last)
        except (BaseError, ClientError):
            if is_root:
                raise broken from None
            on_error(folder, self._explain(broken, folder, _TO_LIST))
            return
        for path, meta in parts.items():
            if meta is not None:
                yield _entry(meta)
            else:
                rest_of = last if last is not None and last.startswith(path) else None
                yield from self._list_folder(path[:-1], rest_of, on_error, is_root=False)

    def _list_flat(self, folder: str, after: str | None) -> Iterator[Entry]:
        """A folder's files at any depth that follow a key, in one list."""
        last = after
        try:
            if not self._has_nameless_folder(folder):
                for page in _prefetched(self._pages(folder, after), _PAGES_AHEAD):
                    for meta in page:
                        last = meta["path"]
                        yield _entry(meta)
                return
        except BaseError as error:
            # boto3 would get the same answer if S3 gave one.
            if _s3_error(error).code:
                raise
        yield from self._list_by_boto3(folder, last)

    def _has_nameless_folder(self, prefix: str) -> bool:
        """Whether there are keys that begin with a slash: obstore would list them, but without it."""
        if prefix or self._prefix:
            return False
        return bool(self._client.list_objects_v2(Bucket=self._name, Prefix="/", MaxKeys=1, **self._payer)["KeyCount"])

    def _pages(self, folder: str, after: str | None = None) -> Iterator[Sequence[ObjectMeta]]:
        """Pages of a folder's files in order of keys, from the key that follows ``after``.

        If subfolders are large, the next ones are listed at the same time.
        """
        start = len(folder) + 1 if folder else 0
        pages = obstore.list(self._bucket, prefix=folder or None, offset=after, chunk_size=_PAGE_KEYS)
        for page in pages:
            yield page
            last = page[-1]["path"]
            subfolders = {meta["path"][start:].partition("/")[0] for meta in page}
            is_large = len(page) == _PAGE_KEYS and len(subfolders) <= _LARGE_SUBFOLDERS
            # Not after an empty object: it may mark a folder, and obstore drops the slash that ends its key.
            is_exact = page[-1]["size"] > 0 and _PLAIN.fullmatch(self._key(last))
            if is_large and is_exact and (parts := self._parts(folder, last)) and len(parts) <= _PAGE_KEYS:
                yield from self._pages_of_parts(parts, last)
                return

    def _parts(self, folder: str, after: str | None) -> dict[str, ObjectMeta | None]:
        """A folder's subfolders and files that follow a key, in order of keys."""
        after = after or ""
        found = obstore.list_with_delimiter(self._bucket, prefix=folder or None)
        parts: dict[str, ObjectMeta | None] = {f"{path}/": None for path in found["common_prefixes"]}
        parts |= {meta["path"]: meta for meta in found["objects"]}
        later = [path for path in sorted(parts) if path > after or (path.endswith("/") and after.startswith(path))]
        return {path: parts[path] for path in later}

    def _pages_of_parts(self, parts: Mapping[str, ObjectMeta | None], after: str) -> Iterator[Sequence[ObjectMeta]]:
        waiting: deque[Iterable[Sequence[ObjectMeta]]] = deque()
        for path, meta in parts.items():
            if meta is not None:
                waiting.append([[meta]])
            else:
                rest_of = after if after.startswith(path) else None
                waiting.append(_prefetched(self._pages(path[:-1], rest_of), _PAGES_AHEAD))
            if len(waiting) > _FOLDERS_AHEAD:
                yield from waiting.popleft()
        for pages in waiting:
            yield from pages

    def _list_by_boto3(self, prefix: str, after: str | None) -> Iterator[Entry]:
        folder = "".join(f"{part}/" for part in (self._prefix, prefix) if part)
        start = {"StartAfter": self._key(after)} if after else {}
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._name, Prefix=folder, **start, **self._payer
        )
        for item in (item for page in pages for item in page.get("Contents", ())):
            path = item["Key"][len(self._prefix) + 1 :] if self._prefix else item["Key"]
            modified_at = int(item["LastModified"].timestamp() * 1000)
            yield Entry(path, item["Size"], item["ETag"].strip('"'), modified_at)

    def missing(self, paths: Iterable[str]) -> builtins.list[str]:
        """See ``Store``."""
        paths = [*paths]
        are_there = _in_order(self._readers, self._is_there, paths, 4 * _READERS)
        return [path for path, is_there in zip(paths, are_there, strict=True) if not is_there]

    def _is_there(self, path: str) -> bool:
        try:
            with self._explained(path, _TO_READ):
                obstore.head(self._bucket, path)
        except FileNotFoundError:
            return False
        return True

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
        return _in_order(self._readers, self._try_read, paths, 4 * _READERS)

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

            yield from _in_order(self._readers, block, range(BLOCK_BYTES, size, BLOCK_BYTES), _BLOCK_READERS)

    @contextlib.contextmanager
    def create(self, path: str) -> Iterator[IO[bytes]]:
        """See ``Store``. It is a file of this machine first: an upload is begun only if it can be finished."""
        try:
            with tempfile.TemporaryFile() as file:
                yield file
                self._upload(path, file)
        except OSError as error:
            raise with_place(error, f"{tempfile.gettempdir()}, for {self.uri_of(path)}") from None

    def _upload(self, path: str, file: IO[bytes]) -> None:
        def upload() -> None:
            file.seek(0)
            # In parts if it is large; if one fails, obstore takes the others back.
            obstore.put(self._bucket, path, file, chunk_size=_PART_BYTES, max_concurrency=_PART_WRITERS)

        with self._explained(path, _TO_WRITE):
            _retried(upload, if_error=_is_unanswered)

    def put_new(self, path: str, data: bytes) -> None:
        """See ``Store``.

        The answer to a put may be lost, and S3 refuses a put that meets another one. So after an error, what is there
        is read, and the put is repeated until its result is certain.
        """
        with self._explained(path, _TO_WRITE):
            try:
                _retried(lambda: self._try_to_put_new(path, data), if_error=_is_uncertain)
            except _UncertainError as error:
                advice = "it is unknown whether this was written: run the command again"
                raise StoreError(f"{self.uri_of(path)}: {error} ({advice})") from None

    def _try_to_put_new(self, path: str, data: bytes) -> None:
        try:
            obstore.put(self._bucket, path, data, mode="create", use_multipart=False)
        except BaseError as error:
            if self._has_written(path, data):
                return
            reason = _s3_error(error)
            if reason.code and not isinstance(error, AlreadyExistsError):
                raise
            raise _UncertainError(reason.message) from None

    def _has_written(self, path: str, data: bytes) -> bool:
        try:
            found = self.read(path)
        except OSError:
            return False
        if found != data:
            raise FileExistsError(f"{self.uri_of(path)} exists, with other content")
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
            _retried(lambda: obstore.delete(self._bucket, clean), if_error=_is_unanswered)

    @contextlib.contextmanager
    def _explained(self, path: str, action: str) -> Iterator[None]:
        """Turn an error into one line that says what is wrong, where, and what to do."""
        try:
            yield
        except (BaseError, BotoCoreError, ClientError, FileNotFoundError) as error:
            raise self._explain(error, path, action) from None

    def _explain(self, error: Exception, path: str, action: str) -> OSError:
        code, message = _s3_error(error)
        uri = self.uri_of(path) if path else self.uri
        kind: type[OSError] = StoreError
        if code in _OBJECT_CODES or code.startswith("KMS."):
            kind = OSError
        if code == "NoSuchKey" or (not code and isinstance(error, FileNotFoundError)):
            kind = FileNotFoundError
        return kind(with_advice(": ".join(filter(None, (uri, code, message))), code, action))


def _entry(meta: ObjectMeta) -> Entry:
    modified_at = int(meta["last_modified"].timestamp() * 1000)
    return Entry(meta["path"], meta["size"], (meta["e_tag"] or "").strip('"'), modified_at)


@functools.cache
def _reopened(uri: str, options: S3Options, location: BucketLocation) -> S3Store:
    """The store in another process: opened once there, however many chunks of files are sent."""
    return S3Store(uri, options, location)


class _UncertainError(Exception):
    """A put that S3 may have carried out, or not."""


class _S3Error(NamedTuple):
    code: str
    """Empty if it is not S3 that answered."""
    message: str


def _s3_error(error: Exception) -> _S3Error:
    """S3's code and message in an error of boto3's or obstore's."""
    if isinstance(error, ClientError):
        return _S3Error(error.response["Error"]["Code"], error.response["Error"].get("Message", ""))
    text = str(error)
    if "redirect without LOCATION" in text:  # obstore drops S3's own answer
        return _S3Error("PermanentRedirect", "the bucket answers at another endpoint")
    retries = re.search(r"after (\d+) retries", text)
    found = re.search(r"<Code>(?P<code>.*?)</Code>.*?<Message>(?P<message>.*?)</Message>", text, re.DOTALL)
    found = found or re.search(r"key (?P<message>.*) \(code: (?P<code>\w+)\)", text)
    if not found:
        return _S3Error("", text.strip().partition("\n")[0])
    return _S3Error(found["code"], found["message"] + (f" after {retries[1]} retries" if retries else ""))


def _is_unanswered(error: BaseException) -> bool:
    """Whether an answer broke off, which obstore does not retry."""
    # An upload that S3 no longer knows may be one that it completed.
    return isinstance(error, BaseError) and _s3_error(error).code in ("", "NoSuchUpload")


def _is_uncertain(error: BaseException) -> bool:
    return isinstance(error, _UncertainError)


def _retried(request: Callable[[], object], if_error: Callable[[BaseException], bool]) -> None:
    """Make a request that does no harm if it is made twice, and repeat it after some errors."""
    first_wait = _RETRIES["backoff"]["init_backoff"].total_seconds()
    retrying = Retrying(
        retry=retry_if_exception(if_error),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_exponential(multiplier=first_wait),
        reraise=True,
    )
    retrying(request)


def _in_order(
    threads: ThreadPoolExecutor, work: Callable[[_Item], _Result], items: Iterable[_Item], ahead: int
) -> Generator[_Result]:
    """Results of work in the order of the items; threads begin with this call, and keep ``ahead`` of the caller."""
    results = _results(threads, work, items, ahead)
    next(results)
    return results


def _results(
    threads: ThreadPoolExecutor, work: Callable[[_Item], _Result], items: Iterable[_Item], ahead: int
) -> Generator[Any]:
    waiting: deque[Future[_Result]] = deque()
    rest = iter(items)
    try:
        waiting.extend(threads.submit(work, item) for item in itertools.islice(rest, ahead))
        yield None  # taken by _in_order
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(threads.submit(work, item) for item in itertools.islice(rest, 1))
            yield result
    finally:
        for future in waiting:
            future.cancel()


def _prefetched(items: Iterator[_Item], ahead: int) -> Iterator[_Item]:
    """An iterator's items, which a thread takes from it, beginning with this call."""
    taken = _in_order(ThreadPoolExecutor(1), lambda _: next(items, None), itertools.count(), ahead)
    return iter(functools.partial(next, taken), None)
