{{ current_rows('worker_activity') }}
