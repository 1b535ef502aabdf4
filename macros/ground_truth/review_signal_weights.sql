{#
  What may be wrong with a label, and how much each signal counts, by its name: 1 if its value is a chance that the label
  is wrong; less if it only hints at that, so that it decides between objects that are otherwise alike.
#}
{% macro review_signal_weights() %}
    {{ return({
        'golden': 1,
        'consensus': 1,
        'class': 1,
        'disagreement': 1,
        'machine': 1,
        'split review': 0.5,
        'adjusted class': 0.5,
        'size': 0.2,
        'entropy': 0.2,
        'confidence': 0.05,
        'time': 0.05
    }) }}
{% endmacro %}
