{{ current_rows('class_labels') }}
