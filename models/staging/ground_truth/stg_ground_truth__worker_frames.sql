{{ current_rows('worker_frames') }}
