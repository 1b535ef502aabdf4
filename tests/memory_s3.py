"""An S3 for benchmarks: quick, in memory, and without a check of anything.

``python -m tests.memory_s3 FOLDER MILLISECONDS`` serves a folder's files as the objects of any bucket below
``source/``, answers each request after some milliseconds, and prints its port.
"""

from __future__ import annotations

import asyncio
import sys
from bisect import bisect_left, bisect_right
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

PAGE_KEYS = 1_000
DATE = "2026-01-02T03:04:05.000Z"
LAST_CHARACTER = "\U0010ffff"
Headers = dict[str, str]


class MemoryS3:
    """Objects by key; keys in order are kept until one more is written."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.seconds = seconds
        paths = (path for path in folder.rglob("*") if path.is_file())
        self.objects = {f"source/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in paths}
        self.parts: dict[str, dict[int, bytes]] = {}
        self._keys: list[str] | None = None

    def answer(self, method: str, target: str, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
        """Status, headers and body."""
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        key = unquote(url.path).lstrip("/").partition("/")[2]
        if method == "POST" and "delete" in query:
            return 200, {}, b"<DeleteResult></DeleteResult>"
        if method == "POST" and "uploads" in query:
            self.parts[key] = {}
            return 200, {}, b"<R><UploadId>1</UploadId></R>"
        if method == "POST":
            parts = self.parts.pop(key)
            self._put(key, b"".join(parts[number] for number in sorted(parts)))
            return 200, {}, b"<R><ETag>1</ETag></R>"
        if method == "PUT" and "partNumber" in query:
            self.parts[key][int(query["partNumber"])] = body
            return 200, {"etag": '"1"'}, b""
        if method == "PUT":
            self._put(key, body)
            return 200, {"etag": '"1"'}, b""
        if not key:
            return 200, {}, self._page(query)
        if key not in self.objects:
            return 404, {}, b"<Error><Code>NoSuchKey</Code><Message>Not there</Message></Error>"
        data = self.objects[key]
        about = {"etag": '"1"', "last-modified": "Fri, 02 Jan 2026 03:04:05 GMT"}
        if "range" not in headers:
            return 200, about, data
        start, end = (int(part) for part in headers["range"].removeprefix("bytes=").split("-"))
        end = min(end, len(data) - 1)
        return 206, about | {"content-range": f"bytes {start}-{end}/{len(data)}"}, data[start : end + 1]

    def _put(self, key: str, data: bytes) -> None:
        self.objects[key] = data
        self._keys = None

    def _page(self, query: dict[str, str]) -> bytes:
        prefix = query.get("prefix", "")
        after = query.get("continuation-token") or query.get("start-after") or ""
        if self._keys is None:
            self._keys = sorted(self.objects)
        start = max(bisect_right(self._keys, after), bisect_left(self._keys, prefix))
        folders: list[str] = []
        if query.get("delimiter"):
            keys, folders = self._level(self._keys, prefix, start)
        else:
            keys = [key for key in self._keys[start : start + PAGE_KEYS] if key.startswith(prefix)]
        items = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{DATE}</LastModified><ETag>&quot;1&quot;</ETag>"
            f"<Size>{len(self.objects[key])}</Size></Contents>"
            for key in keys
        )
        items += "".join(f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>" for folder in folders)
        count = len(keys) + len(folders)
        is_cut = count == PAGE_KEYS
        last = max([*keys[-1:], *(folder + LAST_CHARACTER for folder in folders[-1:])], default="")
        more = f"<NextContinuationToken>{escape(last)}</NextContinuationToken>" if is_cut else ""
        cut = f"<IsTruncated>{str(is_cut).lower()}</IsTruncated><KeyCount>{count}</KeyCount>"
        about = f"<Name>bench</Name><Prefix>{escape(prefix)}</Prefix>"
        return f"<ListBucketResult>{about}{cut}{more}{items}</ListBucketResult>".encode()

    @staticmethod
    def _level(keys: list[str], prefix: str, start: int) -> tuple[list[str], list[str]]:
        """The next keys directly under a prefix, and the folders among them."""
        files: list[str] = []
        folders: list[str] = []
        while start < len(keys) and keys[start].startswith(prefix) and len(files) + len(folders) < PAGE_KEYS:
            name, slash, _ = keys[start][len(prefix) :].partition("/")
            (folders if slash else files).append(prefix + name + slash)
            start = bisect_right(keys, prefix + name + slash + LAST_CHARACTER) if slash else start + 1
        return files, folders


class Connection(asyncio.Protocol):
    """One client's connection. A client waits for an answer before it asks again."""

    def __init__(self, s3: MemoryS3) -> None:
        self._s3 = s3
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer a request once it is whole."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        first, *lines = self._received[:end].decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = bytes(self._received[end + 4 :])
        if len(body) < int(headers.get("content-length", 0)):
            return
        self._received.clear()
        method, target, _ = first.split(" ")
        status, more, answer = self._s3.answer(method, target, headers, body)
        fields = "".join(f"{name}: {value}\r\n" for name, value in more.items())
        head = f"HTTP/1.1 {status} -\r\ncontent-length: {len(answer)}\r\n{fields}\r\n".encode()
        whole = head if method == "HEAD" else head + answer
        if self._s3.seconds:
            asyncio.get_running_loop().call_later(self._s3.seconds, self._transport.write, whole)
        else:
            self._transport.write(whole)


async def main(folder: Path, seconds: float) -> None:
    """Serve until killed."""
    s3 = MemoryS3(folder, seconds)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(s3), "127.0.0.1", 0, backlog=1_024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2]) / 1_000))
