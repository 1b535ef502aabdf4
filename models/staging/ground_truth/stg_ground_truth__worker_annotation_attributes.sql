{{ current_rows('worker_annotation_attributes') }}
