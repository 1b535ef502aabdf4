{{ current_rows('labeling_jobs') }}
