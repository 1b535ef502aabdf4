"""The marts for people, and for the next labeling job: the page, QuickSight, review manifests, alerts and exports."""
