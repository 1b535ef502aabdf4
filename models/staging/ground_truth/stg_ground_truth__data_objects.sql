{{ current_rows('data_objects') }}
