{{ current_rows('workteam_members') }}
