{{ current_rows('consolidation_objects') }}
