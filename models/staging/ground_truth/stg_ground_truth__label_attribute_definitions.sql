{{ current_rows('label_attribute_definitions') }}
