# ruff: noqa: E501 - the tables have a row a line
"""What the SQL of Athena and of DuckDB does differently, and that what the models use instead does not differ.

One model text runs on both. ``DIFFERENCES`` is what to know when writing one: run on both engines, so that a new
version of either which does otherwise is noticed. ``ALIKE`` may be used freely. ``CASES`` are the project's macros,
and dbt's, at the edges of what they take.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

import duckdb
import pytest
import trino

from tests.athena.stack import ROOT, Stack
from tests.athena.trino_server import USER
from tests.pipeline.warehouse import dbt

Rows = list[tuple[Any, ...]]
Ask = Callable[[str], Rows]


class Fails(NamedTuple):
    """A query that is refused, with a message that contains ``because``."""

    because: str


NO_SYNTAX, NO_FUNCTION = Fails("mismatched input"), Fails("not registered")
NO_DUCKDB_SYNTAX, NO_DUCKDB_FUNCTION = Fails("syntax error"), Fails("does not exist")
NEVER = "never"
STATUSES = ("rejected", "skipped", "forgotten")

# fmt: off
# Topic, query, the only value that it gives on Athena and on DuckDB, and what models do about it.
DIFFERENCES: list[tuple[str, str, Any, Any, str]] = [
    # Division
    ("double / 0", "select 1e0 / 0", float("inf"), Fails("Division by zero"), "safe_divide"),
    ("decimal / decimal", "select cast(1 as decimal(4, 2)) / cast(3 as decimal(4, 2))", Decimal("0.33"), 1 / 3, "as double first"),
    ("avg of decimals", "select avg(x) from (values (1.50), (1.51)) as t (x)", Decimal("1.51"), 1.505, "as double first"),
    # Types of results
    ("sum of bigints", "select typeof(sum(x)) from (values (cast(1 as bigint))) as t (x)", "bigint", "HUGEINT", "cast the sum to bigint"),
    ("sum of integers", "select typeof(sum(x)) from (values (1)) as t (x)", "bigint", "HUGEINT", "cast the sum to bigint"),
    ("running sum", "select typeof(sum(x) over (order by x)) from (values (1)) as t (x)", "bigint", "HUGEINT", "cast the sum to bigint"),
    ("count_if", "select typeof(count_if(x)) from (values (true)) as t (x)", "bigint", "HUGEINT", "count(case …)"),
    ("sum beyond bigint", "select sum(x) from (values (9223372036854775807), (1)) as t (x)", Fails("overflow"), 2**63, "as double"),
    ("decimal * decimal", "select typeof(x * x) from (values (cast(1 as decimal(18, 6)))) as t (x)", "decimal(36,12)", "DECIMAL(18,12)", "cast the result"),
    ("corr of integers", "select typeof(corr(x, y)) from (values (1, 2), (2, 3)) as t (x, y)", "real", "DOUBLE", "both as double first"),
    ("covar_pop of integers", "select covar_pop(x, y) from (values (100000001, 3), (2, 5)) as t (x, y)", -50000000.0, -49999999.5, "both as double first"),
    ("regr_slope of integers", "select typeof(regr_slope(x, y)) from (values (1, 2), (2, 3)) as t (x, y)", "real", "DOUBLE", "both as double first"),
    # Casts
    ("double as integer", "select cast(2.5e0 as integer)", 3, 2, "round first"),
    ("text as integer", "select try_cast('1.5' as integer)", None, 2, "typed by the loader"),
    ("text as boolean", "select try_cast('yes' as boolean)", None, True, "typed by the loader"),
    ("text = number", "select '1' = 1", Fails("Cannot apply operator"), True, "cast"),
    ("text || number", "select 'a' || 1", Fails("Unexpected parameters"), "a1", "cast"),
    ("timestamp as text", "select cast(cast(timestamp '2026-01-02 03:04:05' as timestamp(3)) as varchar)", "2026-01-02 03:04:05.000", "2026-01-02 03:04:05", "never hash or compare one as text"),
    ("large double as text", "select cast(1e10 as varchar)", "1.0E10", "10000000000.0", "never hash or compare one as text"),
    ("small double as text", "select cast(1e-1 as varchar)", "1.0E-1", "0.1", "never hash or compare one as text"),
    ("char = varchar", "select cast('a' as char(3)) = 'a  '", True, False, "varchar only"),
    # NaN
    ("NaN = NaN", "select cast('NaN' as double) = cast('NaN' as double)", False, True, "never make a NaN"),
    ("NaN > a number", "select cast('NaN' as double) > 1e300", False, True, "never make a NaN"),
    # NULL
    ("least with NULL", "select least(1, null)", None, 1, "only of what is never NULL"),
    ("greatest with NULL", "select greatest(1, null)", None, 1, "only of what is never NULL"),
    ("concat with NULL", "select concat('a', null)", None, "a", "||"),
    ("max_by where the greatest has NULL", "select max_by(x, y) from (values ('a', 1), (null, 2)) as t (x, y)", None, "a", "filter (where x is not null)"),
    ("ignore nulls behind", "select max(y) from (select lag(x) ignore nulls over (order by n) from (values (1, 1), (null, 2), (3, 3)) as t (x, n)) as u (y)", 1, NO_DUCKDB_SYNTAX, NEVER),
    ("ignore nulls inside", "select max(y) from (select lag(x ignore nulls) over (order by n) from (values (1, 1), (null, 2), (3, 3)) as t (x, n)) as u (y)", NO_SYNTAX, 1, NEVER),
    # Times
    ("days between", "select date_diff('day', timestamp '2026-01-01 23:00:00', timestamp '2026-01-02 01:00:00')", 0, 1, "seconds_between"),
    ("seconds between", "select date_diff('second', timestamp '2026-01-01 00:00:00.900', timestamp '2026-01-01 00:00:01.100')", 0, 1, "seconds_between"),
    ("date_trunc of a date", "select typeof(date_trunc('month', date '2026-01-15'))", "date", "TIMESTAMP", "cast to date"),
    ("date + interval", "select typeof(date '2026-01-15' + interval '1' day)", "date", "TIMESTAMP", "cast to date"),
    ("date_add", "select date_add('day', 1, date '2026-01-15')", date(2026, 1, 16), Fails("does not support"), "dbt.dateadd, as date"),
    ("weekday of a Sunday", "select extract(dow from date '2026-01-04')", 7, 0, "modulo 7"),
    ("weekday, Trino's", "select day_of_week(date '2026-01-04')", 7, NO_DUCKDB_FUNCTION, "modulo 7 of extract(dow …)"),
    ("weekday, DuckDB's", "select extract(isodow from date '2026-01-04')", Fails("Invalid EXTRACT field"), 7, "modulo 7 of extract(dow …)"),
    ("ISO 8601 text with an offset", "select cast('2026-01-02T03:04:05+02:00' as timestamp)", Fails("cannot be cast"), datetime(2026, 1, 2, 3, 4, 5), "typed by the loader"),
    ("date_format", "select date_format(timestamp '2026-01-02 03:04:05', '%Y')", "2026", NO_DUCKDB_FUNCTION, NEVER),
    ("to_unixtime", "select to_unixtime(timestamp '1970-01-02 00:00:00')", 86400.0, NO_DUCKDB_FUNCTION, "seconds_between"),
    ("from_unixtime", "select year(from_unixtime(0))", 1970, NO_DUCKDB_FUNCTION, NEVER),
    # Text
    ("upper beyond ASCII", "select upper('straße')", "STRAßE", "STRAẞE", "never compare on case beyond ASCII"),
    ("regexp_extract without a match", "select regexp_extract('abc', '[0-9]+')", None, "", "parsed by the loader"),
    ("regexp_replace", "select regexp_replace('aaa', 'a', 'b')", "bbb", "baa", "replace, or parsed by the loader"),
    ("regexp_like", "select regexp_like('abc', 'b')", True, NO_DUCKDB_FUNCTION, "like, or parsed by the loader"),
    ("split_part out of range", "select split_part('a-b', '-', 3)", None, "", "nullif(…, '')"),
    ("substr from 0", "select substr('abc', 0, 2)", "", "a", "begin at 1"),
    ("format", "select format('%s', 1)", "1", "%s", "||"),
    ("md5 of text", "select md5('a')", Fails("Unexpected parameters"), "0cc175b9c0f1b6a831c399e269772661", "dbt.hash"),
    ("JSON scalar", """select json_extract_scalar('{"a": {}}', '$.a')""", None, NO_DUCKDB_FUNCTION, "parsed by the loader"),
    ("levenshtein_distance", "select levenshtein_distance('ab', 'ac')", 1, NO_DUCKDB_FUNCTION, NEVER),
    # Aggregates
    ("exact percentile, DuckDB's", "select quantile_cont(x, 0.5) from (values (1), (2)) as t (x)", NO_FUNCTION, 1.5, "percentile"),
    ("exact percentile, the standard's", "select percentile_cont(0.5) within group (order by x) from (values (1), (2)) as t (x)", NO_SYNTAX, 1.5, "percentile"),
    ("approximate percentile", "select approx_percentile(x, 0.5) from (values (1), (2)) as t (x)", 2, NO_DUCKDB_FUNCTION, "percentile"),
    ("approx_distinct", "select approx_distinct(x) from (values (1), (2)) as t (x)", 2, NO_DUCKDB_FUNCTION, "count(distinct x)"),
    ("listagg", "select listagg(x, ',') within group (order by x) from (values ('b'), ('a')) as t (x)", "a,b", Fails("listagg"), "dbt.listagg"),
    ("string_agg", "select string_agg(x, ',' order by x) from (values ('b'), ('a')) as t (x)", NO_FUNCTION, "a,b", "dbt.listagg"),
    ("dbt.listagg of NULLs on Athena", "select array_join(array_agg(x order by x), ',') from (values (cast(null as varchar))) as t (x)", "", NO_DUCKDB_FUNCTION, "leave NULLs out first: on DuckDB it is NULL"),
    ("map_agg", "select map_agg(x, y) from (values ('a', 1)) as t (x, y)", {"a": 1}, NO_DUCKDB_FUNCTION, NEVER),
    # Arrays
    ("unnest of two arrays", "select sum(a * b) from unnest(array[1, 2], array[3, 4]) as t (a, b)", 11, Fails("No function matches"), "one array, with ordinality"),
    ("unnest of rows", "select b from unnest(array[row(1, 'x')]) as t (a, b)", "x", Fails('"b" not found'), "one array, with ordinality"),
    ("[] out of range", "select (array[1, 2])[3]", Fails("Array subscript"), None, NEVER),
    ("element_at", "select element_at(array[1, 2], 3)", None, Fails("No function matches"), NEVER),
    ("array_join", "select array_join(array['a', 'b'], ',')", "a,b", NO_DUCKDB_FUNCTION, "dbt.listagg"),
    ("sequence", "select sequence(1, 3)", [1, 2, 3], NO_DUCKDB_FUNCTION, "a recursive CTE"),
    ("transform", "select transform(array[1, 2], x -> x + 1)", [2, 3], NO_DUCKDB_FUNCTION, NEVER),
    ("reduce", "select reduce(array[1, 2], 0, (s, x) -> s + x, s -> s)", 3, Fails("lambda"), NEVER),
    # Numbers
    ("truncate", "select truncate(-1.5e0)", -1.0, NO_DUCKDB_FUNCTION, "floor, ceiling"),
    ("width_bucket", "select width_bucket(5, 0, 10, 2)", 2, NO_DUCKDB_FUNCTION, "arithmetic"),
    ("normal_cdf", "select normal_cdf(0, 1, 0)", 0.5, NO_DUCKDB_FUNCTION, NEVER),
    ("beta_cdf", "select beta_cdf(2, 3, 0.5)", 0.6875, NO_DUCKDB_FUNCTION, NEVER),
    ("inverse_beta_cdf", "select round(inverse_beta_cdf(2, 3, 0.5), 6)", 0.385728, NO_DUCKDB_FUNCTION, NEVER),
    # Syntax
    ("values without parentheses", "select sum(x) from (values 1, 2) as t (x)", 3, NO_DUCKDB_SYNTAX, "values (1), (2)"),
    ("qualify", "select x from (values (1), (2)) as t (x) qualify row_number() over (order by x) = 1", NO_SYNTAX, 1, "a subquery"),
    ("alias of the same select", "select y + 1 from (select x + 1 as y, y as z from (values (1)) as t (x)) as u", Fails("cannot be resolved"), 3, "a CTE"),
    ("group by all", "select max(x) from (values (1)) as t (x) group by all", Fails("'all' cannot be resolved"), 1, "name the columns"),
    ("distinct on", "select distinct on (x) x from (values (1), (1)) as t (x)", NO_SYNTAX, 1, "row_number"),
    ("ilike", "select 'a' ilike 'A'", NO_SYNTAX, True, "lower"),
    ("::", "select '1'::integer", NO_SYNTAX, 1, "cast"),
    ("->>", """select '{"a": 1}' ->> 'a'""", NO_SYNTAX, "1", "parsed by the loader"),
    ("exclude", "select * exclude (x) from (values (1, 2)) as t (x, y)", NO_SYNTAX, 2, "name the columns"),
    ("//", "select 5 // 2", NO_SYNTAX, 2, "/"),
    ("from first", "from (values (1)) as t (x)", NO_SYNTAX, 1, "select"),
    ("comma at the end", "select 1, from (values (1)) as t (x)", NO_SYNTAX, 1, "none"),
    ("end as a name", "select 1 as end", NO_SYNTAX, 1, "another name"),
    ("order as a name", 'select t.order from (values (1)) as t ("order")', NO_SYNTAX, 1, "another name"),
]

# Query, and the value on both.
ALIKE: list[tuple[str, Any]] = [
    ("select 5 / 2", 2),
    ("select -5 / 2", -2),
    ("select mod(-7, 3)", -1),
    ("select cast(2.5 as integer)", 3),
    ("select cast(round(2.5e0) as integer)", 3),
    ("select round(-2.5e0)", -3.0),
    ("select round(0.5e0)", 1.0),
    ("select sqrt(-1e0) is null", False),
    ("select ln(2e0)", 0.6931471805599453),
    ("select log10(1e3)", 3.0),
    ("select log(2, 8)", 3.0),
    ("select power(2, 10)", 1024.0),
    ("select typeof(1e0)", "DOUBLE"),
    ("select typeof(sum(x)) from (values (cast(1 as decimal(18, 6)))) as t (x)", "DECIMAL(38,6)"),
    ("select typeof(corr(cast(x as double), cast(y as double))) from (values (1, 2), (2, 3)) as t (x, y)", "DOUBLE"),
    ("select avg(x) from (values (1), (2)) as t (x)", 1.5),
    ("select stddev(x) from (values (1e0), (2e0), (4e0)) as t (x)", 1.5275252316519465),
    ("select geometric_mean(x) from (values (1e0), (4e0)) as t (x)", 2.0),
    ("select bool_or(x) from (values (true), (false)) as t (x)", True),
    ("select any_value(x) from (values (1)) as t (x)", 1),
    ("select max_by(x, y) from (values ('a', 1), ('b', 2)) as t (x, y)", "b"),
    ("select max_by(x, y) filter (where x is not null) from (values ('a', 1), (null, 2)) as t (x, y)", "a"),
    ("select count(distinct x) from (values (null), (1)) as t (x)", 1),
    ("select array_agg(x order by x) from (values (2), (null), (1)) as t (x)", [1, 2, None]),
    ("select array_agg(x order by x desc) from (values (2), (null), (1)) as t (x)", [2, 1, None]),
    ("select count(*) from (select x from (values ('a'), ('b')) as t (x) group by grouping sets ((x), ())) as u", 3),
    ("select max(y) from (select ntile(2) over (order by x) from (values (1), (2), (3)) as t (x)) as u (y)", 2),
    ("select max(y) from (select percent_rank() over (order by x) from (values (1), (2), (3)) as t (x)) as u (y)", 1.0),
    ("select max(n) from unnest(array[7, 8]) with ordinality as t (a, n)", 2),
    ("select contains(array[1, 2], 2)", True),
    ("select array_position(array[1, 2], 2)", 2),
    ("select cardinality(array[1, 2])", 2),
    ("with recursive t (n) as (select 1 union all select n + 1 from t where n < 3) select max(n) from t", 3),
    ("select null is distinct from null", False),
    ("select 'a' not in ('b', null)", None),
    ("select 'a' || null", None),
    ("select '' is null", False),
    ("select 'a' = 'a '", False),
    ("select 'B' < 'a'", True),
    ("select length('ä😀')", 2),
    ("select substr('abc', 1, 2)", "ab"),
    ("select strpos('abc', 'c')", 3),
    ("select position('c' in 'abc')", 3),
    ("select split_part('a-b', '-', 2)", "b"),
    ("select cast(true as varchar)", "true"),
    ("select cast(date '2026-01-02' as varchar)", "2026-01-02"),
    ("select date_diff('millisecond', timestamp '2026-01-01 23:59:59.9', timestamp '2026-01-02 00:00:00.1')", 200),
    ("select extract(dow from date '2026-01-04') % 7", 0),
    ("select week(date '2027-01-01')", 53),
]
# fmt: on


# Queries, by the macro that they ask at its edges. Columns as the models have them: 1e0 is a double.
CASES: dict[str, str] = {
    "safe_divide": """
        select number, {{ safe_divide('numerator', 'denominator') }}
        from (values
            (1, 6, 3), (2, 1, 3), (3, -1, 3), (4, 1, 0), (5, 0, 0), (6, null, 3), (7, 1, null), (8, 2147483647, 1)
        ) as edges (number, numerator, denominator)
        order by number
    """,
    "safe_divide of doubles": """
        select number, {{ safe_divide('numerator', 'denominator') }}, {{ safe_divide('denominator', 'numerator') }}
        from (values
            (1, 1e0, 3e0), (2, 1e300, 1e-5), (3, 0e0, 1e0), (4, -0e0, 1e0), (5, 1e-300, 1e5), (6, null, 0e0)
        ) as edges (number, numerator, denominator)
        order by number
    """,
    "safe_divide of decimals": """
        select number, {{ safe_divide('numerator', 'denominator') }}
        from (values (1, 1.505, 1.000), (2, 0.001, 3.000), (3, -9.999, 0.000)) as edges (number, numerator, denominator)
        order by number
    """,
    "identities_by_worker_id": """
        with answers as (
            select *
            from (values
                ('w1', 'k1', 'Cognito', 'issuer', 'sub1'), ('w1', 'w1', null, null, null), ('w2', 'k2', null, 'issuer', 'sub2'),
                ('w3', 'k3', 'Cognito', 'issuer', 'sub3'), ('w3', 'k4', 'Cognito', 'issuer', 'sub4'), ('w4', 'w4', null, null, null)
            ) as answers (worker_id, worker_key, identity_provider, identity_issuer, identity_sub)
        ),
        identities as ({{ identities_by_worker_id('answers') }})
        select * from identities order by worker_id
    """,
    "common_length": """
        with boxes as (
            select *
            from (values
                (1, 0e0, 10e0), (2, 5e0, 10e0), (3, 4e0, 2e0), (4, 0.1e0, 0.3e0)
            ) as edges (number, box_left, box_width)
        )
        select ours.number, theirs.number, {{ common_length('ours', 'theirs', 'box_left', 'box_width') }}
        from boxes as ours cross join boxes as theirs
        order by ours.number, theirs.number
    """,
    "box_iou": """
        with boxes as (
            select *
            from (values
                (1, 0e0, 0e0, 10e0, 10e0), (2, 5e0, 5e0, 10e0, 10e0), (3, 10e0, 0e0, 10e0, 10e0),
                (4, 2e0, 2e0, 1e0, 1e0), (5, 0e0, 0e0, 0e0, 0e0), (6, 8e0, 8e0, -4e0, 4e0),
                (7, -1e12, -1e12, 2e12, 2e12), (8, 0.1e0, 0.2e0, 0.3e0, 0.4e0), (9, null, 0e0, 1e0, 1e0),
                (10, 1e6, 1e6, 5e-5, 5e-5)
            ) as edges (number, box_left, box_top, box_width, box_height)
        )
        select ours.number, theirs.number, {{ box_iou('ours', 'theirs') }}
        from boxes as ours cross join boxes as theirs
        order by ours.number, theirs.number
    """,
    "span_iou": """
        with spans as (
            select *
            from (values
                (1, 0, 10), (2, 5, 15), (3, 10, 20), (4, 3, 4), (5, 5, 5), (6, 7, 2), (7, 0, null),
                (8, -9223372036854775807, 9223372036854775807), (9, 9223372036854775806, 9223372036854775807)
            ) as edges (number, start_offset, end_offset)
        )
        select ours.number, theirs.number, {{ span_iou('ours', 'theirs') }}
        from spans as ours cross join spans as theirs
        order by ours.number, theirs.number
    """,
    "cuboid_overlap center_distance scale_error yaw_error": """
        with cuboids as (
            select *
            from (values
                (1, 0e0, 0e0, 4e0, 2e0, 1e0, 0e0), (2, 0.3e0, 0.4e0, 4e0, 1e0, 1e0, 3.1e0), (3, 2e0, 0e0, 0e0, 0e0, 0e0, -3.1e0),
                (4, -1e0, 1e0, 4e0, 2e0, 9e0, 9.42477796076938e0), (5, null, 0e0, 4e0, null, 1e0, null)
            ) as edges (number, center_x, center_y, cuboid_length, cuboid_width, cuboid_height, yaw)
        )
        select
            ours.number, theirs.number, {{ cuboid_overlap('ours', 'theirs') }}, {{ center_distance('ours', 'theirs') }},
            {{ scale_error('ours', 'theirs') }}, {{ yaw_error('ours', 'theirs') }}
        from cuboids as ours cross join cuboids as theirs
        order by ours.number, theirs.number
    """,
    "keypoint_overlap": """
        with keypoints as (
            select *
            from (values
                (1, 0e0, 0e0, 0e0, 30e0, 0e0, 40e0), (2, 30e0, 40e0, 0e0, 30e0, 0e0, 40e0), (3, 28e0, 40e0, 28e0, 28e0, 40e0, 40e0),
                (4, null, 1e0, null, null, 1e0, 1e0), (5, -1e0, -1e0, -1e0, -1e0, -1e0, -1e0)
            ) as edges (number, center_x, center_y, left_end, right_end, upper_end, lower_end)
        )
        select ours.number, theirs.number, {{ keypoint_overlap('ours', 'theirs') }}
        from keypoints as ours cross join keypoints as theirs
        order by ours.number, theirs.number
    """,
    "label_set_extent": """
        select number, {{ label_set_extent() }}
        from (values
            (1, 'pets', 0, 'answer-1', 3e0, 4e0), (2, 'pets', 0, 'answer-1', -1e0, 9e0), (3, 'pets', 0, 'answer-1', null, null),
            (4, 'pets', 0, 'answer-2', 5e0, 5e0), (5, 'pets', 1, 'answer-1', null, 2e0)
        ) as edges (number, job_name, object_index, label_set_key, center_x, center_y)
        order by number
    """,
    "keypoint_or_center": """
        with labels as (
            select *
            from (values
                (1, 'keypoint', '[{"x":5.25,"y":-7}]', cast(null as double), cast(null as double)),
                (2, 'keypoint', '[{"x": 1e2, "y": 2E-1}]', null, null), (3, 'keypoint', '[]', null, null),
                (4, 'keypoint', null, null, null), (5, 'cuboid', null, 1.5e0, -2e0), (6, 'keypoint', '[{"x":"a"}]', 3e0, 4e0)
            ) as edges (number, shape, geometry_json, center_x, center_y)
        )
        select number, {{ keypoint_or_center('labels', 'x') }}, {{ keypoint_or_center('labels', 'y') }}
        from labels
        order by number
    """,
    "last_part": """
        select number, {{ last_part('text', '-') }}
        from (values
            (1, 'Dog-10'), (2, 'a-b-3.Confirmed'), (3, 'none'), (4, '-'), (5, 'ends-'), (6, '-begins'), (7, ''),
            (8, 'größe-ß-ü'), (9, null)
        ) as edges (number, text)
    """,
    "output_file": """
        select number, {{ output_file('uri') }}
        from (values
            (1, 's3://b/out/job/annotations/consolidated-annotation/output/0_2022-09-09T17:25:31.918770.png'),
            (2, 's3://b/copy/annotations/consolidated-annotation/output/0_2022-09-09T17%3A25%3a31.918770.png'),
            (3, 'file:///copy/annotations/consolidated-annotation/output/0_2022-09-09T17\uf03a25_31.918770.png'),
            (4, 's3://b/out/job/annotations/consolidated-annotation/output/7/SeqLabel.json'),
            (5, 's3://b/out/job/annotations/consolidated-annotation/output/'), (6, 's3://b/elsewhere.png'), (7, ''),
            (8, null)
        ) as edges (number, uri)
    """,
    "seconds_between": """
        select number, {{ seconds_between('started_at', 'ended_at') }}
        from (values
            (1, timestamp '2026-01-01 00:00:00.000', timestamp '2026-01-01 00:00:00.000'),
            (2, timestamp '2026-01-01 00:00:00.900', timestamp '2026-01-01 00:00:01.100'),
            (3, timestamp '2025-12-31 23:59:59.999', timestamp '2026-01-01 00:00:00.000'),
            (4, timestamp '2026-01-01 00:00:01.100', timestamp '2026-01-01 00:00:00.900'),
            (5, timestamp '2024-02-28 12:00:00.000', timestamp '2024-03-01 12:00:00.001'),
            (6, timestamp '2026-03-29 00:30:00.000', timestamp '2026-03-29 03:30:00.000'),
            (7, timestamp '1969-12-31 23:59:59.500', timestamp '1970-01-01 00:00:00.250'),
            (8, timestamp '0001-01-01 00:00:00.000', timestamp '9999-12-31 23:59:59.999'),
            (9, null, timestamp '2026-01-01 00:00:00.000'),
            (10, timestamp '2026-01-01 00:00:00.000', null)
        ) as edges (number, started_at, ended_at)
        order by number
    """,
    "percentile": """
        with ranked as (
            select
                *,
                row_number() over (partition by number order by x nulls last) as x_rank,
                count(x) over (partition by number) as x_count
            from (values
                (1, null), (2, 7e0), (3, 1e0), (3, 2e0), (4, 3e0), (4, 3e0), (4, 3e0), (5, null), (5, -4e0), (5, 4e0),
                (6, 1e300), (6, -1e300), (7, 0.1e0), (7, 0.1e0), (7, 0.2e0), (7, 0.7e0)
            ) as edges (number, x)
        )
        select
            number,
            {{ percentile('x', 'x_rank', 'x_count', 0) }},
            {{ percentile('x', 'x_rank', 'x_count', 0.5) }},
            {{ percentile('x', 'x_rank', 'x_count', 0.95) }},
            {{ percentile('x', 'x_rank', 'x_count', 1) }}
        from ranked
        group by number
        order by number
    """,
    "normal_quantile normal_low normal_high": """
        select
            number,
            {{ normal_quantile() }},
            {{ normal_low('estimate', 'standard_error', -1) }},
            {{ normal_high('estimate', 'standard_error', 1) }}
        from (values
            (1, 0.5e0, 0.1e0), (2, 0.9e0, 0.1e0), (3, -0.9e0, 0.1e0), (4, 1e0, 0e0), (5, 0.5e0, null), (6, null, 0.1e0)
        ) as edges (number, estimate, standard_error)
        order by number
    """,
    "wilson_low wilson_high": """
        select number, {{ wilson_low('share', 'trials') }}, {{ wilson_high('share', 'trials') }}
        from (values
            (1, 0e0, 1), (2, 1e0, 1), (3, 0.5e0, 2), (4, 0e0, 1000000000), (5, 1e0, 1000000000), (6, 1e-9, 1000000000),
            (7, null, 0), (8, 0.3333333333333333e0, 3)
        ) as edges (number, share, trials)
        order by number
    """,
    "rank_tasks worker_measures": """
        with tasks as (
            select *
            from (values
                ('a', 'Pets', 0, timestamp '2026-01-01 00:00:01', 2, 10e0, 1e0, 1e0, 1e0, 0.5e0),
                ('a', 'Pets', 0, timestamp '2026-01-01 00:00:02', 3, 30e0, 0e0, null, 1e0, null),
                ('a', 'Cars', 0, timestamp '2026-01-01 00:00:03', null, null, null, null, null, null),
                ('b', 'Pets', 1, null, null, null, null, null, null, null),
                ('c', 'Pets', 1, timestamp '2026-01-01 00:00:01', 0, 0e0, 0e0, 0e0, 0e0, 0e0),
                ('d', 'Pets', 1, timestamp '2026-01-01 00:00:01', 5, null, 1e0, 1e0, 1e0, 1e0),
                ('d', 'Pets', 2, timestamp '2026-01-01 00:00:01', null, 5e0, 1e0, 1e0, 1e0, 1e0)
            ) as edges (
                worker_key, job_name, object_index, submitted_at, label_count, time_spent_seconds,
                golden_score, consolidated_score, aws_notebook_score, peer_score
            )
        ),

        ranked as ({{ rank_tasks('tasks', ['worker_key']) }})

        select worker_key, {{ worker_measures() }}
        from ranked
        group by worker_key
        order by worker_key
    """,
    "answer_source_rank": """
        select kind, {{ answer_source_rank('kind') }}
        from (values
            ('worker_response'), ('consolidation_request'), ('output_manifest'), ('worker_frame'), (null)
        ) as kinds (kind)
        order by kind
    """,
    "known_confidence": """
        select number, {{ known_confidence('confidence', 'is_inherited', 'answers') }}
        from (values
            (1, 0e0, false, 1), (2, 0e0, false, 2), (3, 0e0, true, 2), (4, 0e0, false, null), (5, 0.9e0, true, null),
            (6, null, false, 2), (7, -0e0, false, 1), (8, -1e0, false, 2), (9, -0.5e0, true, 1)
        ) as edges (number, confidence, is_inherited, answers)
        order by number
    """,
    "resolved_label_attribute is_of_earlier_job": """
        select
            edges.number,
            {{ resolved_label_attribute('edges', 'jobs') }},
            {{ is_of_earlier_job('edges', 'jobs') }}
        from (values (1, 'own'), (2, 'other'), (3, ''), (4, null)) as edges (number, label_attribute_name)
        left join (values (1, 'own'), (2, 'own'), (3, 'own')) as jobs (number, label_attribute_name)
            on edges.number = jobs.number
        order by edges.number
    """,
    "is_named": """
        select number, {{ is_named('name', ["It's", 'STATUS', '']) }}, {{ is_named('name', []) }}
        from (values (1, 'it''s'), (2, 'Status'), (3, ''), (4, ' '), (5, null), (6, 'status ')) as edges (number, name)
        order by number
    """,
    "worker_name": """
        select number, {{ worker_name('worker_key') }}
        from (values (1, '0123456789abcdef'), (2, 'short'), (3, ''), (4, null)) as edges (number, worker_key)
        order by number
    """,
    "unknown_worker": "select 1 as number, {{ unknown_worker() }}",
    "text_member": """
        select number, {{ text_member('json', 'review-of') }}
        from (
            values (1, '{"review-of":"Job/12","b":1}'), (2, '{"review-of":""}'), (3, '{"other":"review-of"}'), (4, '{}'),
                (5, ''), (6, null), (7, '{"a":{"x":1},"review-of":"Straße/0"}')
        ) as edges (number, json)
        order by number
    """,
    "dbt.listagg": """
        select number, {{ dbt.listagg('x', "', '", 'order by x') }}
        from (values (1, 'b'), (1, 'a'), (1, 'B'), (2, ''), (3, 'x'), (3, null)) as edges (number, x)
        group by number
        order by number
    """,
    "object_key frame_key annotation_key": """
        select
            {{ object_key() }}, {{ object_key('edges', has_inherited=true) }},
            {{ frame_key() }}, {{ frame_key('edges', has_inherited=true) }},
            {{ annotation_key() }}, {{ annotation_key('edges', has_inherited=true) }}
        from (values
            ('Birds', 0, 0, 0, false, 'bird'), ('Birds', 0, 1, 12, true, 'first'), ('größe', 2147483647, -1, 0, false, null),
            ('ß/ü', 1, null, 3, true, 'a:b/c'), ('', 2, null, 3, false, null)
        ) as edges (job_name, object_index, frame_index, annotation_index, is_inherited, label_attribute_name)
        order by job_name, object_index
    """,
    "job_of_object_key": """
        select number, {{ job_of_object_key('review_of') }}
        from (values
            (1, 'Pets/12'), (2, 'größe/0'), (3, 'Pets'), (4, 'Pets/'), (5, '/1'), (6, 'a/b/1'), (7, 'Pets/1x'), (8, 'Pets/1/'),
            (9, 'a/٣'), (10, ''), (11, null), (12, 's3://b/1.jpg'), (13, '1/2')
        ) as edges (number, review_of)
        order by number
    """,
    "task_key": """
        select {{ task_key() }}, {{ task_key('edges') }}
        from (values
            ('Birds', 0, 'ab12', timestamp '2026-01-01 00:00:00.000'), ('Birds', 1, 'ab12', timestamp '2026-01-01 00:00:00.999'),
            ('Birds', 2, 'cd34', timestamp '1969-12-31 23:59:59.500'), ('Birds', 3, 'cd34', null)
        ) as edges (job_name, object_index, worker_key, submitted_at)
        order by object_index
    """,
    "item_number item_check_box": """
        select number, {{ item_number('field') }}, {{ item_check_box('field') }}
        from (values
            (1, 'Dog-2'), (2, 'Dog-10.Confirmed'), (3, 'St. B-2.5-x-0.Confirmed'), (4, 'Dog'), (5, 'Dog-'), (6, 'Dog-2x'),
            (7, 'Dog-12345678901'), (8, 'Dog-2.a.b'), (9, 'Dog.Confirmed'), (10, ''), (11, null), (12, '-3.'), (13, 'a-٣')
        ) as edges (number, field)
        order by number
    """,
    "item_key": """
        select {{ item_key() }}, {{ item_key('edges') }}
        from (values
            ('Pets', 's3://b/a.jpg', 'Dog'), ('Pets', 's3://b/b.jpg', null), ('Pets', 'c/d', '-/c'), ('Pets', 'd', '-/c'),
            ('Pets', '', ''), ('Pets', 'ä', 'größe😀')
        ) as edges (job_name, item_uri, label)
        order by item_uri
    """,
    "label_set_key": """
        select number, {{ label_set_key('set_kind', 'answer_no') }}
        from (values
            (1, 'golden', null), (2, 'answer', 1), (3, 'answer', 12), (4, 'consolidated', cast(null as integer))
        ) as edges (number, set_kind, answer_no)
        order by number
    """,
    "confidence_bands": """
        select band_low, band_high, is_last_band
        from ({{ confidence_bands([80, 92.5, 100]) }}) as bands
        order by band_low
    """,
    "label_set_columns measured_label_key label_row_key of labels": """
        with labels as (
            select
                *,
                cast(null as varchar) as track_id,
                cast(null as bigint) as start_offset,
                5 as end_offset,
                1e0 as box_left, 2e0 as box_top, 3e0 as box_width, 4e0 as box_height, 5e0 as center_x, 6e0 as center_y,
                7e0 as center_z, 8e0 as cuboid_length, 9e0 as cuboid_width, 1e1 as cuboid_height, 0e0 as yaw, 12e0 as area
            from (values
                (1, 'box', 'Car', cast(null as varchar), 's3://b/1.json', 'boxes', 0, cast(null as integer), 0, cast(null as varchar)),
                (2, 'polygon', 'Car', '[]', 's3://b/1.json', 'boxes', 0, 2, 3, 'frame_2.json'),
                (3, 'mask', 'Car', '{}', 's3://b/2.png', null, null, null, 0, null),
                (4, 'mask', 'Car', null, 's3://b/2.png', null, null, null, 0, null),
                (5, 'polyline', 'Car', null, 's3://b/ä#.json', '', null, 1, 0, '')
            ) as edges (
                number, shape, label, geometry_json, source_file_uri, label_attribute_name, answer_index, frame_index,
                annotation_index, frame_name
            )
        )
        select
            number,
            {{ label_set_columns('labels', measured_label_key('labels', 'annotations')) }},
            {{ measured_label_key('labels', 'worker_annotations') }}
        from labels
        order by number
    """,
    "label_row_key of pairs": """
        with pairs as (
            select *
            from (values
                (1, 's3://b/1', 'boxes', 0, 2, 3, 'frame_2', 's3://b/2', 'boxes', 1, null, 4, null),
                (2, 's3://b/1', null, null, null, 0, null, 's3://b/2', null, null, null, 1, null)
            ) as edges (
                number, label_file_uri, label_attribute_name, label_answer_index, label_frame_index, label_annotation_index,
                label_frame_name, other_file_uri, other_attribute_name, other_answer_index, other_frame_index,
                other_annotation_index, other_frame_name
            )
        )
        select number, {{ label_row_key('pairs', 'label') }}, {{ label_row_key('pairs', 'other') }}
        from pairs
        order by number
    """,
    "is_compared label_pair_columns label_overlap overlaps_of_shapes is_enough_overlap may_be_matched": """
        with labels as (
            select
                *,
                'pets' as job_name,
                0 as object_index,
                set_kind || coalesce(cast(answer_no as varchar), '') as label_set_key,
                cast(null as integer) as frame_index,
                cast(null as varchar) as track_id,
                0e0 as box_left, 0e0 as box_top, 4e0 as box_width, 3e0 as box_height, 0e0 as center_x, 0e0 as center_y
            from (values
                (1, 'golden', cast(null as integer), 'box', 'Cat', 0, 3), (2, 'consolidated', null, 'class', 'Cat', 0, 0),
                (3, 'answer', 1, 'span', null, 0, 6), (4, 'answer', 2, 'span', 'Cat', 0, 4),
                (5, 'inherited', null, 'cuboid', 'Cat', 0, 0), (6, 'answer', 3, 'keypoint', 'Cat', 0, 0)
            ) as edges (member_no, set_kind, answer_no, shape, label, start_offset, end_offset)
        ),

        pairs as (
            select
                {{ label_pair_columns('ours', 'theirs') }},
                {{ is_compared('ours', 'theirs') }} as is_pair,
                {{ label_overlap('ours', 'theirs') }} as overlap
            from labels as ours cross join labels as theirs
        )

        select reference_member_no * 10 + answer_member_no as number, pairs.*, {{ is_enough_overlap() }}, {{ may_be_matched() }}
        from pairs
        order by number
    """,
    "is_of_same_pair_of_sets": """
        with labels as (
            select
                *,
                'pets' as job_name,
                0 as object_index,
                'golden' as reference_set_key
            from (values
                (1, true, 'answer-1', 'box', null), (2, true, 'answer-1', 'box', 0), (3, true, 'answer-2', 'span', null),
                (4, false, 'answer-1', 'box', null), (5, false, 'answer-1', 'box', 0), (6, false, 'answer-2', 'span', null),
                (7, false, 'answer-2', 'box', null), (8, false, 'answer-1', 'box', 1)
            ) as edges (number, is_reference, answer_set_key, shape, frame_index)
        )

        select ours.number * 10 + theirs.number as number, theirs.shape
        from labels as ours
        inner join labels as theirs on {{ is_of_same_pair_of_sets('ours', 'theirs') }}
        order by number
    """,
    "labels_by_chance": """
        with pairs as (
            select 'pets' as job_name, 0 as object_index, 'answer-1' as label_set_key, 1 as pair_no, 'box' as shape,
                1 as other_object_index, 'answer-2' as other_label_set_key
        ),

        members as (
            select
                *,
                'pets' as job_name,
                0e0 as box_left, 0e0 as box_top, 4e0 as box_height,
                0 as start_offset, 0 as end_offset, 0e0 as center_x, 0e0 as center_y,
                0e0 as left_end, 0e0 as right_end, 0e0 as upper_end, 0e0 as lower_end
            from (values
                (0, 'answer-1', 1, 'box', 'Cat', null, 2e0), (0, 'answer-1', 2, 'box', null, 3, 4e0),
                (1, 'answer-2', 3, 'box', 'Cat', null, 4e0), (1, 'answer-2', 4, 'box', '', null, 4e0),
                (1, 'answer-2', 5, 'box', null, 3, 4e0), (1, 'answer-2', 6, 'box', 'Cat', 3, 4e0),
                (1, 'answer-1', 7, 'box', 'Cat', null, 4e0)
            ) as edges (object_index, label_set_key, member_no, shape, label, frame_index, box_width)
        )

        select member_no * 10 + other_member_no as number, found.*
        from ({{ labels_by_chance('pairs', 'members') }}) as found
        order by number
    """,
    "normal_tail": """
        select number, {{ normal_tail('z') }}
        from (values
            (1, 0e0), (2, -0e0), (3, 1.96e0), (4, -1.96e0), (5, 37e0), (6, -37e0), (7, 1e-300), (8, 1e3), (9, null)
        ) as edges (number, z)
        order by number
    """,
    "binomial_tail": """
        select number, {{ binomial_tail('successes', 'trials', 'chance') }}
        from (values
            (1, 0, 10, 0.1e0), (2, 10, 10, 0.1e0), (3, 1, 10, 0.1e0), (4, 2, 10, 0.1e0), (5, 11, 10, 0.1e0),
            (6, -1, 10, 0.1e0), (7, 3, 10, 0e0), (8, 3, 10, 1e0), (9, 0, 0, 0.5e0), (10, 1, 0, 0.5e0), (11, 0, 10, 0e0),
            (12, 10, 10, 1e0), (13, 2500000, 5000000, 0.5e0), (14, 5, 9, 0.5e0), (15, null, 10, 0.1e0), (16, 3, null, 0.1e0),
            (17, 3, 10, null), (18, 0, null, 0.1e0), (19, 11, 10, null), (20, null, 10, 0e0), (21, 300, 1000, 1e-4),
            (22, 0, 0, 0e0), (23, 3, 10, 1.1e0), (24, 3, 10, -0.1e0), (25, 3, 10, 0.25e0)
        ) as edges (number, successes, trials, chance)
        order by number
    """,
    "exact_share_upper certificate_sample_size one_sided_quantile": """
        select
            number, {{ exact_share_upper('errors', 'checked') }}, {{ certificate_sample_size('errors', 'target') }},
            {{ one_sided_quantile() }}
        from (values
            (1, 0, 59, 0.05e0), (2, 0, 0, 0.02e0), (3, 1, 93, 0.05e0), (4, 5, 523, 0.01e0), (5, 3, 3, 0.02e0), (6, 2, 3, 0.02e0),
            (7, 1, 3, 0.5e0), (8, null, 3, 0.02e0), (9, 3, null, 0.02e0), (10, 1, 2, null), (11, 1000, 1000000, 0.001e0)
        ) as edges (number, errors, checked, target)
        order by number
    """,
    "majority_chance": """
        select
            number, {{ majority_chance('agreeing', 'answers', 1) }}, {{ majority_chance('agreeing', 'answers', 3) }},
            {{ majority_chance('agreeing', 'answers', 9) }}
        from (values
            (1, 3, 5), (2, 4, 5), (3, 0, 3), (4, 3, 3), (5, 1, 2), (6, 0, 0), (7, 5, 9), (8, 600000, 1000000), (9, null, 5),
            (10, 1, null)
        ) as edges (number, agreeing, answers)
        order by number
    """,
    "cusum cusum_allowance": """
        with deviations as (
            select *
            from (values
                (1, 'a', 1, 1e0), (2, 'a', 2, -3e0), (3, 'a', 3, null), (4, 'a', 4, 2.75e0), (5, 'a', 5, 1e0), (6, 'b', 1, null),
                (7, 'b', 2, 0.5e0), (8, null, 1, 9e0)
            ) as edges (number, worker, place, deviation)
        )
        select number, cusum, {{ cusum_allowance() }}
        from ({{ cusum('deviations', ['worker'], ['place']) }}) as cusums
        order by number
    """,
    "cusum_run_length cusum_false_alarm_share cusum_limit": """
        select
            number, {{ cusum_false_alarm_share('points') }}, {{ cusum_run_length(0) }}, {{ cusum_run_length(1) }},
            {{ cusum_limit() }}
        from (values (1, 0), (2, 1), (3, 938), (4, 1000000), (5, null)) as edges (number, points)
        order by number
    """,
    "rise_deviate": """
        select number, {{ rise_deviate('events', 'trials', 'earlier', 'earlier_trials') }}
        from (values
            (1, 10e0, 20e0, 2e0, 40e0), (2, 2e0, 20e0, 4e0, 40e0), (3, 0e0, 20e0, 4e0, 40e0), (4, 1e0, 20e0, 30e0, 40e0),
            (5, 20e0, 20e0, 40e0, 40e0), (6, 20e0, 20e0, 0e0, 40e0), (7, 0.1e0, 1e0, 0.1e0, 1e0), (8, 5e0, 20e0, 0e0, 0e0),
            (9, null, 20e0, 4e0, 40e0), (10, 3e0, null, 4e0, 40e0), (11, 3e0, 20e0, null, 40e0), (12, 3e0, 20e0, 4e0, null),
            (13, 0e0, 0e0, 0e0, 0e0), (14, 12.5e0, 33.3e0, 20.1e0, 1000.5e0)
        ) as edges (number, events, trials, earlier, earlier_trials)
        order by number
    """,
    "control_chart": """
        with scores as (
            select
                charts.worker,
                cast(timestamp '2026-01-01 23:00:00' as timestamp(3)) as submitted_at,
                10 * tens.n + ones.n as object_index,
                case
                    when charts.worker = 'same' then 0.7e0
                    when charts.worker = 'right' then 1e0
                    when 10 * tens.n + ones.n < 50 then 0.9e0 + 0.1e0 * mod(ones.n, 2)
                    else 0.1e0 * ones.n
                end as score
            from (values ('same'), ('right'), ('falls')) as charts (worker)
            cross join (values (0), (1), (2), (3), (4), (5), (6), (7)) as tens (n)
            cross join (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as ones (n)
            where charts.worker <> 'right' or tens.n < 3
        ),

        {{ control_chart('scores', ['worker'], 'worker') }}

        select * from worker_days
        order by worker
    """,
    "dawid_skene_candidates dawid_skene_rounds dawid_skene_log_posterior": """
        with answers as (
            select *
            from (values
                ('few', 0, 'ann', 'Cat'), ('few', 0, 'bob', 'Dog'), ('few', 0, 'cy', 'Cat'), ('few', 1, 'ann', 'Fox'),
                ('few', 1, 'bob', 'Fox'), ('few', 2, 'ann', 'Dog'), ('few', 2, 'cy', 'Dog'), ('few', 3, 'bob', 'Dog'),
                ('one', 0, 'ann', 'Cat'), ('one', 0, 'bob', 'Cat'), ('many', 5, 'ann', 'A'), ('many', 5, 'bob', 'B'),
                ('many', 6, 'ann', 'C'), ('many', 6, 'bob', 'D'), ('many', 7, 'ann', 'E'), ('many', 7, 'bob', 'E')
            ) as edges (job_name, object_index, worker_key, label)
        ),
        {{ dawid_skene_candidates('answers', candidate_limit=24) }},
        {{ dawid_skene_rounds('candidates', rounds=3) }},
        named_rounds as (
            select
                candidates.job_name, candidates.object_index, candidates.worker_key, candidates.label, candidates.given_label,
                candidates.answer_count, rounds_3.probability, rounds_3.class_evidence, rounds_3.answer_evidence,
                rounds_3.object_evidence
            from candidates
            inner join rounds_3
                on candidates.object_no = rounds_3.object_no
                and candidates.worker_no = rounds_3.worker_no
                and candidates.class_no = rounds_3.class_no
        ),
        {{ dawid_skene_log_posterior('named_rounds', 'log_posteriors') }}
        select
            named_rounds.job_name, named_rounds.object_index, named_rounds.worker_key, named_rounds.label,
            round(named_rounds.probability, 12), round(named_rounds.answer_evidence, 12),
            round(named_rounds.object_evidence, 12), round(log_posteriors.log_posterior, 9)
        from named_rounds
        inner join log_posteriors on named_rounds.job_name = log_posteriors.job_name
        order by named_rounds.job_name, named_rounds.object_index, named_rounds.worker_key, named_rounds.label
    """,
    "shrinkage_factor": """
        select number, {{ shrinkage_factor('estimates', 'squares', 'error', 'own_error') }}
        from (values
            (1, 18e0, 0.0881e0, 0.004332e0, 0.004332e0), (2, 3e0, 1e0, 0.1e0, 0.1e0), (3, 4e0, 0e0, 0.1e0, 0.1e0),
            (4, 10e0, 0e0, 0e0, 0e0), (5, 10e0, 7e0, 0e0, 0e0), (6, 10e0, 7e0, 0.5e0, 0e0), (7, 10e0, 7e0, 0.5e0, 1e0),
            (8, null, 7e0, 0.5e0, 1e0), (9, 10e0, null, 0.5e0, 1e0), (10, 10e0, 7e0, 2e0, 1e0)
        ) as edges (number, estimates, squares, error, own_error)
        order by number
    """,
    "adjusted_p_values": """
        with p_values as (
            select *
            from (values
                (1, 'one', 0.01e0), (2, 'one', 0.02e0), (3, 'one', 0.02e0), (4, 'one', 1e0), (5, 'one', null),
                (6, 'other', 0.04e0), (7, 'other', 0.03e0), (8, 'unknown', null), (9, null, 0.5e0), (10, 'none', 0e0)
            ) as edges (number, job_name, p_value)
        )
        select number, adjusted_p_value
        from ({{ adjusted_p_values('p_values', ['job_name']) }}) as adjusted
        order by number
    """,
    "percent_text": """
        select number, {{ percent_text('x') }}
        from (values
            (1, 0e0), (2, 1e0), (3, 0.625e0), (4, 0.62499999999999e0), (5, 0.615e0), (6, null), (7, 1e-7), (8, 0.29e0)
        ) as edges (number, x)
        order by number
    """,
    "number_text": """
        select
            number, {{ number_text('x') }}, {{ number_text('x', 1) }}, {{ number_text('x', 3) }},
            {{ number_text('cast(round(x) as bigint)') }}
        from (values
            (1, 0e0), (2, 0.5e0), (3, 1.5e0), (4, 2.5e0), (5, 0.25e0), (6, 0.35e0), (7, 1e9), (8, null), (9, 12345.6789e0),
            (10, 0.0005e0), (11, 2.449999999999999e0)
        ) as edges (number, x)
        order by number
    """,
    "set_distance": """
        select
            number,
            {{ set_distance('common', 'one', 'other', 'jaccard') }},
            {{ set_distance('common', 'one', 'other', 'masi') }},
            {{ set_distance('common', 'one', 'other', 'f1') }}
        from (values
            (1, 2, 2, 4), (2, 0, 0, 0), (3, 0, 0, 3), (4, 3, 3, 3), (5, 1, 2, 2), (6, 0, 5, 7), (7, null, 1, 1), (8, 1, null, 1)
        ) as edges (number, common, one, other)
        order by number
    """,
    "mutual_best_matches": """
        with candidates_0 as (
            select *
            from (values
                (1, 0, 0, 0.9e0, 1), (1, 0, 1, 0.8e0, 2), (1, 1, 0, 0.7e0, 3), (1, 1, 1, 0.6e0, 4), (1, 2, 1, 0.5e0, 5),
                (2, 0, 0, 0.5e0, 1), (2, 1, 0, 0.5e0, 2), (3, 0, 1, 0.9e0, 2), (3, 0, 0, 0.9e0, 1), (3, 1, 0, 0.8e0, 3)
            ) as edges (number, ours, theirs, overlap, candidate_rank)
        ),

        {{ mutual_best_matches('number', 'ours', 'theirs', ['overlap'], 2) }}

        select number, ours, theirs, overlap, is_match
        from candidates_2
        order by number, ours, theirs
    """,
    "text_hash": """
        select number, {{ text_hash('x') }}
        from (values (1, 'a'), (2, ''), (3, null), (4, 'ä😀'), (-5, ' a ')) as edges (number, x)
        order by number
    """,
    "dbt.dateadd": """
        select number, cast({{ dbt.dateadd('day', 1, 'x') }} as date), cast({{ dbt.dateadd('month', 1, 'x') }} as date)
        from (values
            (1, date '2026-01-31'), (2, date '2024-02-28'), (3, date '2025-12-31'), (4, null)
        ) as edges (number, x)
        order by number
    """,
}

# Macros that give no SQL of their own to ask: they read the catalog or the project, or are generic tests.
NO_EXPRESSIONS = {
    "attribute_columns",
    "add_attribute_columns_to_contract",
    "current_rows",
    "list_var",
    "package_name",  # a text
    "register_raw_tables",
    "default__register_raw_tables",
    "duckdb__register_raw_tables",
    "default__text_hash",  # as text_hash
    "duckdb__text_hash",
    "pivot_attribute_columns",  # is_named within a max
    "select_attribute_columns",
    "review_signal_weights",  # numbers by name
}


@pytest.fixture(scope="module")
def athena(stack: Stack) -> Iterator[Ask]:
    """Trino, with no more between it and the test than its client."""
    with trino.dbapi.Connection(stack.trino_url, user=USER, timezone="UTC", max_attempts=1) as connection:

        def ask(sql: str) -> Rows:
            return [tuple(row) for row in connection.cursor().execute(sql).fetchall()]

        yield ask


@pytest.fixture(scope="module")
def local() -> Iterator[Ask]:
    """DuckDB with the settings of the profile."""
    settings = re.search(r"^ +settings:\n((?: {8}\w.*\n)+)", (ROOT / "profiles.yml.example").read_text(), re.MULTILINE)
    assert settings
    with duckdb.connect() as connection:
        for name, value in re.findall(r"(\w+): (\w+)", settings[1]):
            connection.execute(f"set {name} = '{value}'")
        yield lambda sql: connection.execute(sql).fetchall()


def outcome(ask: Ask, sql: str) -> Any:
    """The only value of a query, or why it is refused."""
    try:
        ((value,),) = ask(sql)
    except (trino.exceptions.Error, duckdb.Error) as error:
        return Fails(str(error))
    return value


def is_as_expected(found: Any, expected: Any) -> bool:
    if isinstance(expected, Fails):
        return isinstance(found, Fails) and expected.because in found.because
    return type(found) is type(expected) and found == expected


@pytest.mark.parametrize(
    ("sql", "on_athena", "on_duckdb"), [row[1:4] for row in DIFFERENCES], ids=[row[0] for row in DIFFERENCES]
)
def test_difference(athena: Ask, local: Ask, sql: str, on_athena: Any, on_duckdb: Any) -> None:
    found = outcome(athena, sql), outcome(local, sql)
    assert is_as_expected(found[0], on_athena), found
    assert is_as_expected(found[1], on_duckdb), found


@pytest.mark.parametrize(("sql", "expected"), ALIKE, ids=[sql for sql, _ in ALIKE])
def test_alike(athena: Ask, local: Ask, sql: str, expected: Any) -> None:
    found = outcome(athena, sql), outcome(local, sql)
    if sql.startswith("select typeof("):
        found = found[0].upper(), found[1]
    assert is_as_expected(found[0], expected), found
    assert is_as_expected(found[1], expected), found


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The queries of ``CASES`` as dbt compiles them for each target."""

    def compiled(target: str) -> list[str]:
        return dbt(
            *("--quiet", "--no-populate-cache", "compile", "--no-introspect", "--target", target),
            *("--inline", ";".join(CASES.values())),
            folder=tmp_path_factory.mktemp(target),
        ).split(";")

    targets = ("athena", "local")
    with ThreadPoolExecutor() as threads:
        return dict(zip(targets, threads.map(compiled, targets), strict=True))


def nearly(value: Any) -> Any:
    """What is equal to the value, if it is a double but for its last digits."""
    return pytest.approx(value, rel=1e-12, abs=0) if isinstance(value, float) else value


@pytest.mark.parametrize("number", range(len(CASES)), ids=list(CASES))
def test_macro_gives_the_same_at_its_edges(
    athena: Ask, local: Ask, rendered: dict[str, list[str]], number: int
) -> None:
    found, expected = athena(rendered["athena"][number]), local(rendered["local"][number])

    assert found == [tuple(map(nearly, row)) for row in expected]
    assert [list(map(type, row)) for row in found] == [list(map(type, row)) for row in expected]
    assert any(value is not None for row in found for value in row[1:])


def test_every_macro_is_asked() -> None:
    macros = {
        name for path in (ROOT / "macros").rglob("*.sql") for name in re.findall(r"macro (\w+)\(", path.read_text())
    }
    asked = {name for names in CASES for name in names.split(" of ")[0].split() if not name.startswith("dbt.")}
    assert asked | NO_EXPRESSIONS == macros


def test_the_snapshot_of_source_files_gives_the_same(athena: Ask, local: Ask) -> None:
    """Newest versions, and of each job's folders the one that counts, of random ledgers."""
    random = Random(7)
    rows = []
    for number in range(400):
        job, folder, name = (random.choice(names) for names in (range(40), "xyz", "abc"))
        kind, status = random.choice(("output_manifest", "worker_response")), random.choice(("loaded",) * 4 + STATUSES)
        folder = "null" if random.random() < 0.1 else f"'s3://{folder}/job-{job}'"
        time = random.choice(("null", "'2026-01-01 00:00:00'", "'2026-01-02 00:00:00'", "'2026-01-03 00:00:00'"))
        rows.append(
            f"('L{random.randrange(4)}', {number}, 'L0', 'job-{job}/{name}', 'job-{job}', {folder}, '{kind}', 'etag', "
            f"cast(1 as bigint), cast({time} as timestamp(3)), '{status}', cast(1 as bigint), '{number}', "
            f"'warning {number}', cast(null as timestamp(3)))"
        )
    ledger = (
        f"(select * from (values {', '.join(rows)}) as t (load_id, file_no, origin_load_id, uri, job_name, job_uri, "
        "file_kind, etag, size_bytes, modified_at, status, row_count, error, warning, loaded_at))"
    )
    model = (ROOT / "models/staging/ground_truth/current_source_files.sql").read_text()
    model = re.sub(r"\{\{ config\(.*?\) \}\}", "", model).replace("{{ ref('stg_ground_truth__source_files') }}", ledger)
    sql = f"select uri, status, last_error, load_id, file_no, modified_at from ({model}) as files order by uri"

    found = athena(sql)

    assert found == local(sql)
    assert len({(status, load_id is None) for _, status, _, load_id, *_ in found}) > 4
