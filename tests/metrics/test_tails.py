"""Tails of distributions and adjusted p-values, as the macros have them, beside those of scipy and statsmodels."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom, norm
from statsmodels.stats.multitest import multipletests

from tests.pipeline.warehouse import dbt

pytestmark = pytest.mark.pipeline

Numbers = NDArray[np.float64]
QUERIES = {
    "normal": "select {{ normal_tail('z') }} from cases order by number",
    "binomial": "select {{ binomial_tail('successes', 'trials', 'chance') }} from cases order by number",
    "adjusted": """
        select adjusted_p_value from ({{ adjusted_p_values('cases', ['job_name']) }}) as adjusted order by number""",
}


@pytest.fixture(scope="module")
def queries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The macros as dbt compiles them."""
    compiled = dbt(
        *("--quiet", "--no-populate-cache", "compile", "--no-introspect", "--target", "local"),
        *("--inline", ";".join(QUERIES.values())),
        folder=tmp_path_factory.mktemp("tails"),
    )
    return dict(zip(QUERIES, compiled.split(";"), strict=True))


def ask(query: str, **columns: list[Any]) -> Numbers:
    """The values of a query on a table with these columns."""
    columns["number"] = list(range(len(next(iter(columns.values())))))
    with duckdb.connect() as connection:
        unnested = ", ".join(f"unnest(${name}) as {name}" for name in columns)
        connection.execute(f"create table cases as select {unnested}", columns)
        return np.array([value for (value,) in connection.execute(query).fetchall()], dtype=float)


def test_normal_tail_is_right_to_seven_digits(queries: dict[str, str]) -> None:
    z = np.linspace(-8, 37, 10_001)

    found = ask(queries["normal"], z=z.tolist())

    assert found == pytest.approx(norm.sf(z), rel=1.2e-7, abs=0)


def test_binomial_tail_is_never_much_smaller_than_the_exact_one(queries: dict[str, str]) -> None:
    """It accuses people. Seen: at least 0.985 times the exact chance above 0.001, 0.964 times above 1e-15.

    It is up to 1.1 times as much above 0.001, and up to three times for a few trials of a rare success.
    """
    chances = np.geomspace(1e-4, 0.5, 25)
    cases = [
        (successes, trials, float(chance))
        for trials in (2, 3, 4, 5, 7, 10, 20, 40, 100, 300, 1_000, 10_000)
        for chance in (*chances, *(1 - chances[:-1]))
        for successes in np.unique(
            [
                *range(min(trials, 20) + 1),
                *np.clip(np.round(trials * chance + np.arange(-8, 8, 0.25) * np.sqrt(trials * chance)), 0, trials),
                *range(max(trials - 20, 0), trials + 1),
            ]
        ).tolist()
    ]
    successes, trials, chance = (list(column) for column in zip(*cases, strict=True))

    found = ask(queries["binomial"], successes=list(map(int, successes)), trials=trials, chance=chance)

    exact = binom.sf(np.array(successes) - 1, trials, chance)
    for least, low, high in ((1e-3, 0.98, 1.12), (1e-15, 0.96, 4.0), (1e-100, 0.9, 5.0)):
        ratios = found[exact >= least] / exact[exact >= least]
        assert low < ratios.min() <= ratios.max() < high
    assert (found >= 0).all()
    assert (found <= 1 + 1e-7).all()


def test_exact_edges_of_the_binomial_tail(queries: dict[str, str]) -> None:
    found = ask(
        queries["binomial"], successes=[0, 3, 1, 2, 4], trials=[3, 3, 3, 0, 3], chance=[0.2, 0.2, 0.2, 0.2, 0.2]
    )

    assert found == pytest.approx([1, 0.2**3, 1 - 0.8**3, 0, 0], rel=1e-14)


def test_adjusted_p_values_equal_those_of_statsmodels(queries: dict[str, str]) -> None:
    """Also of p-values that are equal, and of one test."""
    rng = np.random.default_rng(1)
    p_values = [rng.random(size) ** 3 for size in (1, 2, 15, 200)]
    p_values.append(np.round(rng.random(100), 1))

    found = ask(
        queries["adjusted"],
        p_value=np.concatenate(p_values).tolist(),
        job_name=[job for job, of_job in enumerate(p_values) for _ in of_job],
    )

    expected = [multipletests(of_job, method="fdr_bh")[1] for of_job in p_values]
    assert found == pytest.approx(np.concatenate(expected), rel=1e-12)


def test_no_test_counts_for_nothing(queries: dict[str, str]) -> None:
    found = ask(queries["adjusted"], p_value=[0.01, None, 0.04, None], job_name=["one", "one", "one", "other"])

    assert found == pytest.approx([0.02, np.nan, 0.04, np.nan], nan_ok=True)
