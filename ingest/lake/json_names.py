"""Cutting people out of JSON that is kept as written.

Ids are hashed to be compared with the keys of the forgotten, so that nothing about them need be kept in clear. The
entry of a list that names a person at any depth goes, and the member of an object whose key names them; JSON within
strings is searched too. All other values stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec
from msgspec import Raw

from ingest.identity import worker_key

_WORKER_ID = re.compile(r"(?:private|public|vendor)\.[a-z]{2}(?:-[a-z]+)+-[0-9]+\.[A-Za-z0-9]+")
_WORKFORCES = ("private.", "public.", "vendor.")
_TOKEN = re.compile(r"[\w.@+-]+")
# The same of ASCII alone, many times faster: what is in no token becomes a space.
_NO_TOKEN = {code: " " for code in range(128) if not _TOKEN.fullmatch(chr(code))}
# A number that is no id.
_COORDINATE = re.compile(r"-?[0-9]+\.[0-9]{3,}(?:[eE][+-]?[0-9]+)?")
# A shorter text is found only as a whole string: within another one it may be part of any sentence.
_DISTINCTIVE_CHARACTERS = 8
# No id is longer; the pixels of a mask are.
_MOST_CHARACTERS = 256
# Of the tokens that name nobody, so many are remembered: most are in every answer.
_REMEMBERED_TOKENS = 500_000

_list = msgspec.json.Decoder(list[Raw])
_object = msgspec.json.Decoder(dict[str, Raw])
_string = msgspec.json.Decoder(str)
_SPACE = b" \t\r\n"


def is_worker_id(name: str) -> bool:
    """Whether a name is a worker's id as Ground Truth writes it."""
    return _WORKER_ID.fullmatch(name) is not None


class People:
    """Those who are searched for, by their worker keys and by any texts that are known to name them."""

    def __init__(self, keys: frozenset[str], texts: frozenset[str] = frozenset()) -> None:
        """Prepare the search.

        Args:
            keys: worker keys; a worker id, and an issuer beside a subject, are found by them.
            texts: ids, subjects, user names and e-mail addresses.
        """
        self._keys, self._texts = keys, texts
        self._others: set[str] = set()
        self._quoted = re.compile(f'"(?:{_any_of(texts)})\\\\*"')
        self._long = [text for text in texts if len(text) >= _DISTINCTIVE_CHARACTERS]
        self._within = re.compile(f"(?<![A-Za-z0-9])(?:{_any_of(self._long)})(?![A-Za-z0-9])")

    def __reduce__(self) -> tuple[type[People], tuple[frozenset[str], frozenset[str]]]:
        """What is remembered is not told to other processes."""
        return People, (self._keys, self._texts)

    def cut(self, written: str) -> str | None:
        """A text, which may be JSON, without what names them; the same object if nothing does.

        None if nothing can be cut out of it: it names them in no list's entry, and under no key of theirs.
        """
        may_name = "\\u" in written or ("issuer" in written and "sub" in written)  # escapes may hide any name
        if not (may_name or self._shows(written)):
            return written
        raw = written.encode()
        try:
            kept = self._cut(raw)
        except msgspec.DecodeError:  # it is no JSON
            return None if self._shows(written) else written
        except RecursionError:
            return None
        if kept is None or self._shows(text := kept.decode()):
            # Such as the first of two members with one key, which a reader of JSON does not see.
            return None
        return written if kept == raw else text

    def _cut(self, raw: bytes) -> bytes | None:
        """A JSON value without what names them; None if it goes as a whole."""
        start = raw.lstrip(_SPACE)[:1]
        if start == b"[":
            return self._cut_list(raw)
        if start == b"{":
            return self._cut_object(raw)
        return self._cut_string(raw) if start == b'"' else raw

    def _cut_list(self, raw: bytes) -> bytes | None:
        items = [bytes(item) for item in _list.decode(raw)]
        kept = [self._cut(item) for item in items]
        return raw if kept == items else msgspec.json.encode([Raw(item) for item in kept if item is not None])

    def _cut_object(self, raw: bytes) -> bytes | None:
        members = {key: bytes(value) for key, value in _object.decode(raw).items()}
        if self._are_issuer_and_sub(members.get("issuer", b""), members.get("sub", b"")):
            return None
        kept: dict[str, Raw] = {}
        is_cut = False
        for key, value in members.items():
            if self._names(key):
                is_cut = True
                continue
            rest = self._cut(value)
            if rest is None:
                return None  # what is beside a name is about the person
            is_cut |= rest != value
            kept[key] = Raw(rest)
        return msgspec.json.encode(kept) if is_cut else raw

    def _cut_string(self, raw: bytes) -> bytes | None:
        text = _string.decode(raw)
        if text.lstrip()[:1] in ("[", "{", '"'):
            try:
                inner = text.encode()
                rest = self._cut(inner)
            except msgspec.DecodeError:
                pass  # it only begins like JSON
            else:
                if rest is None:
                    return None
                return raw if rest == inner else msgspec.json.encode(rest.decode())
        return None if self._names(text) else raw

    def _are_issuer_and_sub(self, issuer: bytes, sub: bytes) -> bool:
        if not (issuer.startswith(b'"') and sub.startswith(b'"')):
            return False
        return worker_key("", _string.decode(issuer), _string.decode(sub)) in self._keys

    def _shows(self, written: str) -> bool:
        """Whether a text names them, or a string of the JSON that it is does."""
        if self._names(written):
            return True
        # Looking for a text takes a fraction of the time of the pattern.
        return any(text in written for text in self._texts) and self._quoted.search(written) is not None

    def _names(self, text: str) -> bool:
        """Whether a string names them."""
        if text in self._texts or (any(long in text for long in self._long) and self._within.search(text)):
            return True
        tokens = set(text.translate(_NO_TOKEN).split() if text.isascii() else _TOKEN.findall(text))
        if any(workforce in text for workforce in _WORKFORCES):
            tokens.update(_WORKER_ID.findall(text))
        tokens -= self._others
        for token in tokens:
            if len(token) > _MOST_CHARACTERS or _COORDINATE.fullmatch(token):
                continue
            if worker_key(token) in self._keys:
                return True
        if len(self._others) > _REMEMBERED_TOKENS:
            self._others.clear()
        self._others |= tokens
        return False


def _any_of(texts: Iterable[str]) -> str:
    # The longest first: of two that begin alike, each is found.
    return "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))
