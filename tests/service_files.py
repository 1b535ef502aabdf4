"""boto3's descriptions of AWS's services, read once.

Each boto3 session reads and parses these files again. Tests, and dbt-athena, make many sessions, and that takes half of
their processor time.
"""

from __future__ import annotations

from functools import cache

from botocore.loaders import JSONFileLoader, Loader


def read_service_files_once() -> None:
    """Keep, in this process, every file and every list of services that botocore has read."""
    load_file = cache(JSONFileLoader().load_file)
    list_services = Loader.list_available_services
    lists: dict[tuple[str, ...], list[str]] = {}

    def list_available_services(self: Loader, type_name: str) -> list[str]:
        key = (type_name, *self.search_paths)
        if key not in lists:
            lists[key] = list_services(self, type_name)
        return lists[key]

    JSONFileLoader.load_file = lambda self, file_path: load_file(file_path)  # type: ignore[method-assign]
    Loader.list_available_services = list_available_services  # type: ignore[method-assign]
