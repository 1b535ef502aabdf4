{{ current_rows('label_categories') }}
