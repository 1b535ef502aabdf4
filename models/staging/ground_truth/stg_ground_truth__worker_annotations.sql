{{ current_rows('worker_annotations') }}
