{{ current_rows('annotations') }}
