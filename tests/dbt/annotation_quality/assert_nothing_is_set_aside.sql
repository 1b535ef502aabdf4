{{ config(severity='warn') }}

-- What was loaded and cannot be used: golden labels of no object, a mask that no result names, a submission in two
-- files. It stops nobody's marts, and each figure rests on less than the team believes. Each row names the reason.
select
    job_name,
    rule_name,
    source_file_uri,
    object_index,
    item,
    reason
from {{ ref('rpt_set_aside') }}
