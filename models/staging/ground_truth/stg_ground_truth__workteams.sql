{{ current_rows('workteams') }}
