{{ current_rows('annotation_attributes') }}
