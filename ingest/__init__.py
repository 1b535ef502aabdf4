"""Reads Amazon SageMaker Ground Truth's JSON and keeps it as typed Parquet tables: the raw lake."""

__version__ = "0.5.0"
