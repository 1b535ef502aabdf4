{{ current_rows('frames') }}
