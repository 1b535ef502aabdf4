{{ current_rows('workers') }}
