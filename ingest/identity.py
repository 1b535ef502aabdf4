"""Who a worker is: the pseudonym that is the same in every job, and the kind of workforce."""

from __future__ import annotations

import hashlib
from functools import lru_cache

_WORKFORCES = frozenset({"private", "public", "vendor"})


@lru_cache(maxsize=100_000)
def worker_key(worker_id: str, issuer: str | None = None, sub: str | None = None) -> str:
    """Stable pseudonym of a worker: md5 of (issuer, sub) where there is an identity, else of the worker id."""
    identity = f"{issuer}\n{sub}" if issuer and sub else worker_id
    return hashlib.md5(identity.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def workforce(worker_id: str) -> str:
    """Kind of the workforce, from a worker id such as ``private.us-east-1.0123456789abcdef``."""
    kind, separator, _ = worker_id.partition(".")
    return kind if separator and kind in _WORKFORCES else "unknown"
