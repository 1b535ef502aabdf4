{{ current_rows('review_items') }}
