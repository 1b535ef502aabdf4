"""The marts in Amazon QuickSight: data sources, data sets, row-level security, theme and dashboard."""
