"""dbt, which reads boto3's service files once: dbt-athena makes a boto3 session for each model and test."""

from __future__ import annotations

from dbt.cli.main import cli

from tests.service_files import read_service_files_once

if __name__ == "__main__":
    read_service_files_once()
    cli()
