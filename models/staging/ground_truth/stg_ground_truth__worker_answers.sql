{{ current_rows('worker_answers') }}
