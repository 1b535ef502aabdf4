-- The example of Dawid and Skene (1979): five anaesthetists judged how fit 45 patients were for a general
-- anaesthetic, the first of them three times. The numbers are those of crowd-kit. Neither has a prior, so here it is
-- next to nothing. Without this, a slip in a round still gives probabilities that look like any others.
with
-- A digit for each answer: three of the first anaesthetist, one of each of the others.
patients (object_index, answers) as (
    values
    (1, '1111111'), (2, '3334334'), (3, '1122122'), (4, '2223121'), (5, '2223222'), (6, '2223322'),
    (7, '1222111'), (8, '3333433'), (9, '2222223'), (10, '2322223'), (11, '4444444'), (12, '2223343'),
    (13, '1111111'), (14, '2223212'), (15, '1211111'), (16, '1112111'), (17, '1111111'), (18, '1111111'),
    (19, '2222221'), (20, '2221322'), (21, '2222222'), (22, '2222221'), (23, '2223222'), (24, '2212222'),
    (25, '1111111'), (26, '1111111'), (27, '2322222'), (28, '1111111'), (29, '1111111'), (30, '1121121'),
    (31, '1111111'), (32, '3333233'), (33, '1111111'), (34, '2222222'), (35, '2223232'), (36, '4334343'),
    (37, '2212232'), (38, '2323233'), (39, '3333432'), (40, '1111111'), (41, '1111111'), (42, '1212111'),
    (43, '2322222'), (44, '1211111'), (45, '2222222')
),

places (place, worker_no) as (
    values (1, 1), (2, 1), (3, 1), (4, 2), (5, 3), (6, 4), (7, 5)
),

classes (class_no) as (
    values (1), (2), (3), (4)
),

candidates as (
    select
        patients.object_index as object_no,
        places.worker_no,
        classes.class_no,
        cast(substr(patients.answers, places.place, 1) as integer) as given_class_no,
        cast(7 as double) as answer_count,
        cast(45 as double) as class_prior_total,
        1e-12 as cell_prior,
        4e-12 as worker_prior_total,
        (7 - length(replace(patients.answers, cast(classes.class_no as varchar), ''))) / 7e0 as probability
    from patients
    cross join places
    cross join classes
),

{{ dawid_skene_rounds('candidates', rounds=10, class_prior=0) }},

estimates as (
    select
        class_no,
        sum(probability / answer_count) / 45 as class_share,
        sum(case when worker_no = 1 and given_class_no = class_no then probability else 0 end)
        / sum(case when worker_no = 1 then probability else 0 end) as first_is_right
    from rounds_10
    group by class_no
),

expected (class_no, class_share, first_is_right) as (
    values (1, 0.3996, 0.8895), (2, 0.4220, 0.8764), (3, 0.1118, 0.6612), (4, 0.0667, 0.4444)
)

select
    expected.class_no,
    estimates.class_share,
    estimates.first_is_right
from expected
left join estimates on expected.class_no = estimates.class_no
where
    estimates.class_no is null
    or abs(estimates.class_share - expected.class_share) > 0.00005
    or abs(estimates.first_is_right - expected.first_is_right) > 0.00005
