{{ current_rows('golden_labels') }}
