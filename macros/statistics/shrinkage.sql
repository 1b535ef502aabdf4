{#
  How much of an estimate's distance from the mean of all is more than chance, 0 to 1: the estimate is best moved to the
  mean by the rest of it (Efron and Morris 1977). NULL of three estimates or fewer. If all have the same variance of
  error, this is 1 - (estimate_count - 3) * error_variance / square_sum; else the variance of what is estimated follows
  from the mean variance of error in that way, and each estimate moves by its own.

  Args:
    estimate_count: the number of estimates, a double.
    square_sum: sum of their squared distances from their mean.
    error_variance: mean of the variances of their errors.
    own_error_variance: variance of this one's error.
#}
{% macro shrinkage_factor(estimate_count, square_sum, error_variance, own_error_variance) -%}
    {%- set variance -%}
        greatest({{ square_sum }} / nullif({{ estimate_count }} - 3, 0) - {{ error_variance }}, 0)
    {%- endset -%}
    case
        when {{ estimate_count }} > 3
            then coalesce({{ safe_divide(variance, variance ~ ' + ' ~ own_error_variance) }}, 0)
    end
{%- endmacro %}
