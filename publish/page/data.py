"""Which rows and columns of which marts a page has, for whom."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from publish.exceptions import findings
from publish.marts import PEOPLE_MART, Marts, relation
from publish.page.packing import pack
from publish.visuals import literal, literals

MAXIMUM_ANSWERS = 3_000_000
REVIEW_QUEUE_LENGTH = 10_000
"""Rows of the review queue in the page, the worst ones."""

# Facts: the columns that figures, filters and lists of tasks and objects need, those that compress best together first.
FACTS: dict[str, tuple[str, ...]] = {
    "fct_worker_tasks": (
        "job_name",
        "object_index",
        "worker_key",
        "submitted_date",
        "job_kind",
        "modality",
        "worker_name",
        "time_spent_seconds",
        "label_count",
        "is_golden",
        "golden_score",
        "consolidated_score",
        "peer_score",
    ),
    "fct_object_labels": ("job_name", "object_index", "job_kind", "label_status", "label", "source"),
    "fct_object_reviews": ("job_name", "object_index", "review_kind", "is_accepted"),
}
EXPRESSIONS = {
    "fct_object_labels": {
        "source": "case when source_uri is not null then source_uri else substr(source_text, 1, 120) end",
    },
    # Of the object whose labels were reviewed.
    "fct_object_reviews": {
        "job_name": "audited_job_name",
        "object_index": "cast(regexp_extract(audited_object_key, '[0-9]+$') as bigint)",
        "review_kind": "job_kind",
    },
}
"""Columns of facts that the page alone has."""
KEYS = {"fct_worker_tasks": ("task_key",), "fct_frames": ("frame_key",)}
"""Keys that are counted, and of which the page need not know more."""
LAZY = {"fct_object_labels", "fct_object_reviews"}
"""Decoded when somebody asks for the objects behind a number, not when the page opens."""
_SINGLE = {"golden_score", "consolidated_score", "peer_score"}

WHOLE = (
    "dim_labeling_jobs",
    "bridge_workteam_members",
    "fct_frames",
    "rpt_adjustments",
    "rpt_agreement",
    "rpt_attribute_values",
    "rpt_audit_results",
    "rpt_calibration",
    "rpt_class_balance",
    "rpt_dataset_health",
    "rpt_job_days",
    "rpt_jobs",
    "rpt_label_certificates",
    "rpt_label_confusion",
    "rpt_label_control",
    "rpt_label_thresholds",
    "rpt_labels",
    "rpt_load_health",
    "rpt_redundancy",
    "rpt_review_bands",
    "rpt_review_errors",
    "rpt_review_queue",
    "rpt_reviewers",
    "rpt_set_aside",
    "rpt_team",
    "rpt_worker_control",
    "rpt_worker_flags",
    "rpt_worker_flow",
    "rpt_worker_jobs",
    "rpt_worker_pairs",
    "rpt_worker_quality",
    "rpt_workers",
)
SUMMED = {
    "worker_confusions": (
        "fct_worker_labels",
        ("job_name", "job_kind", "worker_key", "worker_name", "reference", "reference_label", "label", "outcome"),
        "label_count",
    ),
}
"""Tables of the page alone: the mart that they are of, the columns that known outcomes are grouped by, the count."""
EXCEPTIONS = "exceptions"
"""Table of the page alone: what needs a look, the most important first, as publish/exceptions.py finds it."""
_LEFT_OUT = {"source_file_uri", "frame_key", "object_key", "item_key"}
"""Columns of those that say nothing to a person, or nothing that the others do not."""

# For pages about some workers: marts of objects, of which only those are kept that these workers answered, and marts in
# which another worker's work could be recognised, row by row.
_OF_OBJECTS = {"fct_object_labels", "rpt_review_queue"}
_OF_EVERYBODY = {"rpt_review_errors", "bridge_workteam_members", "fct_object_reviews"}
_DATES = ("submitted_date", "labeled_date")


ANOTHER = "another worker"
"""What others are called on a page about some workers."""
_WORKER = re.compile(r"worker-[0-9a-f]{8}|[0-9a-f]{32}")


class RefusedError(OSError):
    """The page cannot be made as asked; the message says what to do."""


@dataclass(frozen=True)
class Audience:
    """For whom the page is: whose rows it may have. Nothing named means everything."""

    jobs: tuple[str, ...] = ()
    workers: tuple[str, ...] = ()
    workteam: str | None = None
    since: date | None = None
    names: bool = False

    @property
    def sentence(self) -> str:
        """What the page is restricted to, for its head; empty if to nothing."""
        parts = []
        if self.workers:
            parts.append(f"only {', '.join(self.workers)}")
        if self.workteam:
            parts.append(f"only the work team {self.workteam}")
        if self.jobs:
            parts.append(f"only {'the job' if len(self.jobs) == 1 else 'the jobs'} {', '.join(self.jobs)}")
        if self.since:
            parts.append(f"answers and labels since {self.since.isoformat()}")
        return "; ".join(parts)


@dataclass
class PageData:
    """The data of a page."""

    packed: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, dict[str, Any]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    """Marts that the page does not have, and why."""
    answers: int = 0
    audience: Audience = field(default_factory=Audience)


def page_data(marts: Marts, audience: Audience, progress: Callable[[str], None] = lambda _: None) -> PageData:
    """Everything that the page shows to an audience, packed.

    Args:
        marts: where from.
        audience: for whom.
        progress: told what is done next.

    Returns:
        The packed marts.

    Raises:
        RefusedError: there are too many answers, or nothing for this audience.
        MartsError: the marts cannot be read.
    """
    if not marts.columns("fct_worker_tasks"):
        raise RefusedError("there is no mart fct_worker_tasks: run `dbt build` first")
    scope = _Scope(marts, audience)
    answers = scope.count("fct_worker_tasks")
    if answers > MAXIMUM_ANSWERS:
        raise RefusedError(
            f"{answers:,} answers are too many for one page (at most {MAXIMUM_ANSWERS:,}): "
            "narrow it with --since DATE, --job NAME, --workteam NAME or --worker KEY"
        )
    result = PageData(answers=answers, audience=scope.audience)
    futures: dict[str, Future[tuple[dict[str, Any], bytes]]] = {}
    with ThreadPoolExecutor(2) as pool:  # compression runs beside the queries
        for mart in sorted([*FACTS, *WHOLE, *SUMMED], key=lambda name: name not in FACTS):
            columns = marts.columns(SUMMED[mart][0] if mart in SUMMED else mart)
            reason = scope.left_out(mart, columns) if columns else "the warehouse does not have this mart"
            if reason:
                result.left_out[mart] = reason
                continue
            progress(mart)
            table = scope.masked(scope.read(mart, columns))
            futures[mart] = pool.submit(
                pack,
                table,
                single=_SINGLE if mart in FACTS else (),
                keys=KEYS.get(mart, ()),
                ordered=mart == "rpt_review_queue",
            )
        futures[EXCEPTIONS] = pool.submit(pack, scope.masked(scope.exceptions()), ordered=True)
    for mart in sorted(futures):
        result.headers[mart], result.packed[mart] = futures[mart].result()
    return result


class _Scope:
    """An audience, looked up in the marts."""

    def __init__(self, marts: Marts, audience: Audience) -> None:
        self._marts = marts
        tasks = marts.query(
            "select worker_key, worker_name, job_name from fct_worker_tasks group by worker_key, worker_name, job_name"
        ).to_pylist()
        known = {row["worker_key"]: row["worker_name"] for row in tasks}
        self._known = known
        self._names = dict(known)
        if audience.names:
            self._names |= _real_names(marts, known)
        self._workers: list[str] | None = None
        self.audience = audience
        if audience.workers:
            found = [_worker(asked, known, self._names) for asked in audience.workers]
            self._workers = sorted(set(found))
            shown = tuple(self._names[key] for key in self._workers)
            self.audience = Audience(audience.jobs, shown, audience.workteam, audience.since, audience.names)
        if audience.workteam:
            members = self._members(audience.workteam)
            self._workers = sorted(members & set(self._workers)) if self._workers else sorted(members & set(known))
            if not self._workers:
                raise RefusedError(f"no worker of the work team {audience.workteam!r} has given an answer")
        self._others = set(known) - set(self._workers or known)
        if absent := sorted(set(audience.jobs) - self._all_jobs()):
            raise RefusedError(f"no labeling job is called {absent[0]!r}: dim_labeling_jobs has their names")
        self._jobs: list[str] | None = sorted(audience.jobs) or None
        if self._workers is not None:
            theirs = {row["job_name"] for row in tasks if row["worker_key"] in self._workers}
            self._jobs = sorted(theirs & set(self._jobs)) if self._jobs else sorted(theirs)
            if not self._jobs:
                raise RefusedError("these workers gave no answer in these jobs")

    def _all_jobs(self) -> set[str]:
        jobs = self._marts.query("select job_name from dim_labeling_jobs group by job_name")
        return set(jobs.column("job_name").to_pylist())

    def _members(self, workteam: str) -> set[str]:
        members = self._marts.query(
            f"select worker_key from bridge_workteam_members where workteam_name = {literal(workteam)}"
        )
        if not members.num_rows:
            raise RefusedError(
                f"no work team {workteam!r} has members: bridge_workteam_members has the names of all work teams "
                "(python -m ingest sync-workers reads them)"
            )
        return set(members.column("worker_key").to_pylist())

    def left_out(self, mart: str, columns: Collection[str]) -> str | None:
        """Why the page must not have this mart; None if it may."""
        if self._workers is not None:
            if mart in _OF_EVERYBODY:
                return "left out: it shows the work of others, and this page is about some workers only"
            if "other_worker_key" in columns and len(self._workers) == 1:
                return "left out: it compares workers with each other, and this page is about one"
        if self.audience.jobs and "job_name" not in columns:
            return "left out: its figures are over all jobs, and this page is about some only"
        return None

    def condition(self, mart: str, columns: Collection[str]) -> str:
        """The rows of a mart that the page may have, as SQL."""
        conditions = []
        if self._jobs is not None and "job_name" in columns:
            # A review is of the job whose labels it judged: so are the counts in that job's row of rpt_jobs.
            name = EXPRESSIONS.get(mart, {}).get("job_name", "job_name")
            conditions.append(f"{name} in ({literals(self._jobs)})")
        if self._workers is not None:
            workers = literals(self._workers)
            conditions += [f"{name} in ({workers})" for name in ("worker_key", "other_worker_key") if name in columns]
            if mart in _OF_OBJECTS:
                conditions.append(
                    f"object_key in (select object_key from fct_worker_tasks where worker_key in ({workers}))"
                )
        if self.audience.since:
            conditions += [f"{name} >= date '{self.audience.since}'" for name in _DATES if name in columns]
        if mart == "fct_object_labels":
            conditions.append("not is_inherited")
        if mart == "fct_object_reviews":
            conditions.append("review_no = 1")  # as rpt_jobs counts them
        return " and ".join(conditions) or "true"

    def count(self, mart: str) -> int:
        sql = f"select count(*) as n from {mart} where {self.condition(mart, self._marts.columns(mart))}"
        found: int = self._marts.query(sql).column("n")[0].as_py()
        return found

    def read(self, mart: str, columns: dict[str, pa.DataType]) -> pa.Table:
        """The rows and columns of a mart that the page has."""
        if mart in SUMMED:
            source, groups, count = SUMMED[mart]
            return self._marts.query(
                f"select {', '.join(groups)}, count(*) as {count} from {relation(self._marts, source)} "
                f"where outcome is not null and {self.condition(source, columns)} group by {', '.join(groups)}"
            )
        chosen: Iterable[str] = FACTS.get(mart) or [
            name for name in columns if name not in _LEFT_OUT and name not in KEYS.get(mart, ())
        ]
        # Keys of a row before what is said of it: rows are put in this order, so that the bytes are always the same.
        made = EXPRESSIONS.get(mart, {})
        expressions = ", ".join(f"{made[name]} as {name}" if name in made else name for name in chosen)
        sql = f"select {expressions} from {relation(self._marts, mart)} where {self.condition(mart, columns)}"
        if mart == "rpt_review_queue":
            order = "score desc, position, job_name, object_index"
            sql += f" order by {order} limit {REVIEW_QUEUE_LENGTH}"
        return self._marts.query(sql)

    def exceptions(self) -> pa.Table:
        """What needs a look, of the jobs and workers that the page may have."""
        names = ("kind", "job_name", "sentence", "worker_key", "worker_name")
        found = [
            {name: getattr(finding, name) for name in names}
            for finding in findings(self._marts)
            if (self._jobs is None or finding.job_name in self._jobs)
            and (self._workers is None or finding.worker_key in (None, *self._workers))
        ]
        return pa.Table.from_pylist(found, pa.schema([(name, pa.string()) for name in names]))

    def masked(self, table: pa.Table) -> pa.Table:
        """Real names instead of pseudonyms if asked for; on pages about some workers, no trace of the others.

        Names are not only in the columns of names: sentences have them, too.
        """
        if self._workers is None and not self.audience.names:
            return table
        ours = {_pseudonym(key) for key in self._workers or self._names}
        replaced = {self._known[key]: name for key, name in self._names.items()} if self.audience.names else {}
        replaced |= {self._known[key]: ANOTHER for key in self._others} | dict.fromkeys(self._others, ANOTHER)
        unusual = sorted((name for name in replaced if name and not _WORKER.fullmatch(name)), key=len, reverse=True)
        words = re.compile("|".join([_WORKER.pattern, *map(re.escape, unusual)]))

        def mask(found: re.Match[str]) -> str:
            name = found[0]
            # A pseudonym that nobody here has is somebody's all the same, who gave no answer.
            stranger = self._workers is not None and name.startswith("worker-") and name not in ours
            return replaced.get(name) or (ANOTHER if stranger else name)

        for place, column in enumerate(table.column_names):
            if not pa.types.is_string(table.schema.field(column).type):
                continue
            encoded = table.column(column).combine_chunks().dictionary_encode()
            before = encoded.dictionary.to_pylist()
            after = [words.sub(mask, text) for text in before]
            if before != after:
                table = table.set_column(place, column, pc.take(pa.array(after, pa.string()), encoded.indices))
        return table


def _pseudonym(key: str) -> str:
    return "worker-" + key[:8]


def _worker(asked: str, known: dict[str, str], names: dict[str, str]) -> str:
    found = [key for key in known if asked in (key, known[key], names[key])]
    if len(found) != 1:
        problem = "several workers are" if found else "no worker who answered is"
        raise RefusedError(f"{problem} called {asked!r}: name one by worker_key or worker_name, as in rpt_workers")
    return found[0]


def _real_names(marts: Marts, known: dict[str, str]) -> dict[str, str]:
    """Names of people, where there are any; an e-mail address is not used as one."""
    if not marts.columns(PEOPLE_MART):
        raise RefusedError(
            "--names: there is no dim_workers that may be read: people's names are in a schema of their own"
        )
    people = marts.query(
        "select worker_key, username, case when identity_provider = 'Oidc' then identity_sub end as subject "
        f"from {relation(marts, PEOPLE_MART)}"
    ).to_pylist()
    names: dict[str, str] = {}
    for row in people:
        if row["worker_key"] in known:
            usable = [name for name in (row["username"], row["subject"]) if name and "@" not in name]
            names[row["worker_key"]] = usable[0] if usable else known[row["worker_key"]]
    twice = {name for name in names.values() if list(names.values()).count(name) > 1}
    return {key: f"{name} ({key[:8]})" if name in twice and name != known[key] else name for key, name in names.items()}
