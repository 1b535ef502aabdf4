"""The command ``review-manifest``: the input of the next labeling job, of the objects that the marts point at.

Each line of the manifest says which object it is of and how it was chosen (``review-of``, ``review-sample``). Ground
Truth passes such keys through to its output, so the models find the object, and know a random sample from a chosen one.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import click

from ingest.command_line import DONE, DONE_WITH_REJECTED, fail, json_option, or_nothing, s3_options, say
from ingest.display import text_table
from ingest.review_batches import Item, write_batches
from ingest.storage.open import open_empty_store
from ingest.storage.store import S3_SCHEME, S3Options
from publish.labeling_jobs import (
    ADJUSTMENT,
    CUSTOM,
    LABELING,
    LINE_CHARACTERS,
    NAME_CHARACTERS,
    PURPOSES,
    SEQUENCES_PER_MANIFEST,
    TASK_TYPES,
    VERIFICATION,
    Plan,
    category_config,
    check_supported,
    faults,
    parsed,
    placeholders,
    request,
    worker_template,
)
from publish.marts import Marts, marts_options
from publish.visuals import literal

QUEUE, ERRORS, CERTIFICATE = "queue", "errors", "certificate"
SAMPLE_KINDS = {QUEUE: "worst", ERRORS: "errors", CERTIFICATE: "random"}
"""What ``review-sample`` says of an object from each list; the models know these."""
COUNT, BATCH_SIZE = 50, 25

MANIFEST, REQUEST, CONFIG = "input.manifest", "create-labeling-job.json", "label-category-config.json"
TEMPLATE = "worker-template.liquid.html"
BATCHES = "batches/"
NO_CLASS = "(none)"
"""What people confirm of an object that may have several classes, and has none."""

_OBJECT = "labels.object_key, labels.object_index, labels.source_uri, labels.source_text"


class NothingToDoError(OSError):
    """There is no object to review; the message says why."""


@dataclass(frozen=True)
class Job:
    """The job whose labels go on."""

    name: str
    label_attribute: str | None
    task_type: str | None
    kind: str
    workers_per_object: int | None
    workteam_name: str | None
    output_uri: str | None
    config: dict[str, Any]
    description: dict[str, Any]


@dataclass
class Written:
    """What was written.

    Attributes:
        job: whose labels they are.
        sample: how the objects were chosen: worst, errors or random.
        objects: objects that people are shown: lines of the manifest, or items of its batches.
        listed: objects on the list that they were taken from.
        left_out: object and why, of those that cannot be in a manifest.
        placeholders: path in a file and what is missing there.
        batches: of a bulk review, lines of the manifest; else None.
    """

    job: str
    new_job: str
    purpose: str
    sample: str
    objects: int
    listed: int
    manifest: str
    request: str
    config: str | None
    template: str | None
    seed: int | None
    left_out: list[tuple[str, str]] = field(default_factory=list)
    placeholders: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    batches: int | None = None


def read_job(marts: Marts, name: str) -> Job:
    """The job, as the marts know it.

    Raises:
        NothingToDoError: there is no such job.
    """
    rows = marts.query(
        "select job_name, label_attribute_name, task_type, job_kind, workers_per_object, workteam_name, output_uri, "
        f"config_json, description_json from dim_labeling_jobs where job_name = {literal(name)}"
    ).to_pylist()
    if not rows:
        names = marts.query("select job_name from dim_labeling_jobs order by job_name")["job_name"].to_pylist()
        raise NothingToDoError(f"no labeling job {name}; the marts have {', '.join(names) or 'none'}")
    (row,) = rows
    return Job(
        *(row["job_name"], row["label_attribute_name"], row["task_type"], row["job_kind"]),
        *(row["workers_per_object"], row["workteam_name"], row["output_uri"]),
        *(parsed(row["config_json"]), parsed(row["description_json"])),
    )


def worst_objects(marts: Marts, job: str) -> list[dict[str, Any]]:
    """The job's objects in the review queue, worst first."""
    return _rows(
        marts,
        f"select {_OBJECT} from rpt_review_queue as queue "
        "inner join fct_object_labels as labels on queue.object_key = labels.object_key "
        f"where queue.job_name = {literal(job)} order by queue.position",
    )


def rejected_objects(marts: Marts, job: Job) -> list[dict[str, Any]]:
    """Objects whose labels a review rejected, unless an adjustment took them up; items of a bulk review's errors."""
    if job.kind == "review":
        # Of a text, item_uri is the text itself; the reviewed job knows that it is one.
        return _rows(
            marts,
            f"""select
                cast(null as varchar) as object_key,
                case when max(labels.source_text) is null then errors.item_uri end as source_uri,
                max(labels.source_text) as source_text
            from rpt_review_errors as errors
            left join fct_object_labels as labels
                on errors.audited_job_name = labels.job_name and errors.item_uri = labels.source_text
            where errors.job_name = {literal(job.name)}
            group by errors.item_uri
            order by max(errors.disconfirm_count) desc, errors.item_uri""",
        )
    return _rows(
        marts,
        f"""with rejected as (
            select
                audited_object_key as object_key,
                count(case when not is_accepted and job_kind <> 'adjustment' then 1 end) as rejected_count,
                count(case when job_kind = 'adjustment' then 1 end) as adjusted_count
            from fct_object_reviews
            where audited_job_name = {literal(job.name)} and audited_object_key is not null
            group by audited_object_key
        )
        select {_OBJECT} from rejected
        inner join fct_object_labels as labels on rejected.object_key = labels.object_key
        where rejected.rejected_count > 0 and rejected.adjusted_count = 0
        order by rejected.rejected_count desc, labels.object_index""",
    )


def unsampled_objects(marts: Marts, job: str) -> list[dict[str, Any]]:
    """Labeled objects of a job that no review of a random sample has judged, in order."""
    return _rows(
        marts,
        f"""select {_OBJECT}
        from fct_object_labels as labels
        inner join fct_object_results as results on labels.object_key = results.object_key
        left join (
            select distinct audited_object_key from fct_object_reviews where not is_targeted
        ) as reviews on labels.object_key = reviews.audited_object_key
        where labels.job_name = {literal(job)} and reviews.audited_object_key is null
        order by labels.object_index""",
    )


def audits_needed(marts: Marts, job: str) -> int:
    """Audits that are missing to prove the target share of wrong labels.

    Raises:
        NothingToDoError: none are, or none would help.
    """
    rows = _rows(
        marts,
        "select audits_needed, is_certified, error_count, sample_count, error_share_upper, target_share "
        f"from rpt_label_certificates where job_name = {literal(job)} and label is null and basis = 'audit'",
    )
    if not rows:
        raise NothingToDoError(
            f"rpt_label_certificates has no row of audits for {job}: only jobs that label or adjust have"
        )
    (row,) = rows
    if row["is_certified"]:
        raise NothingToDoError(
            f"{job} is certified already: at most {row['error_share_upper']:.1%} of its labels are wrong, "
            f"by {row['sample_count']:,} audits. Name a --count to audit more"
        )
    if row["audits_needed"] is None:
        raise NothingToDoError(
            f"{job} cannot reach its target of {row['target_share']:.1%} wrong labels: {row['error_count']:,} of "
            f"{row['sample_count']:,} audited were wrong. Correct them first (--from errors --for adjustment), or name "
            "a --count to measure more exactly"
        )
    return int(row["audits_needed"])


def _rows(marts: Marts, sql: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = marts.query(sql).to_pylist()
    return rows


def line_of(
    entry: dict[str, Any], result: dict[str, Any] | None, sample: str, *, with_labels: bool
) -> str | tuple[str, str]:
    """The manifest line of an object, or the object and why it can have none."""
    key = entry["object_key"] or entry["source_uri"]
    if entry["source_uri"] is None and entry["source_text"] is None:
        return key, "its source is not known: its job has no manifest"
    line: dict[str, str] = {}
    others = parsed(result["passthrough_json"]) if result else {}
    source = "source-ref" if entry["source_uri"] is not None else "source"
    for name, value in others.items():
        line[name] = json.dumps(value, ensure_ascii=False)
    line[source] = json.dumps(
        entry["source_uri"] if source == "source-ref" else entry["source_text"], ensure_ascii=False
    )
    if with_labels:
        if result is None or result["value_json"] is None:
            return key, "it has no result in a manifest"
        # As Ground Truth wrote them, digit by digit.
        line[result["label_attribute_name"]] = result["value_json"]
        line[f"{result['label_attribute_name']}-metadata"] = result["metadata_json"]
    if entry["object_key"]:
        line["review-of"] = json.dumps(entry["object_key"])
    line["review-sample"] = json.dumps(sample)
    text = "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{value}" for name, value in line.items()) + "}"
    if "\n" in text or "\r" in text:
        text = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    if len(text) > LINE_CHARACTERS:
        return key, f"its line has {len(text):,} characters, and Ground Truth takes {LINE_CHARACTERS:,}"
    return text


def item_of(
    entry: dict[str, Any],
    classes: list[tuple[str, float | None]],
    sample: str,
    medium: str,
    *,
    may_have_none: bool,
) -> Item | tuple[str, str]:
    """The item of a bulk review that shows an object and its classes, or the object and why it can have none."""
    key = entry["object_key"]
    source = entry["source_text"] if medium == "text" else entry["source_uri"]
    if source is None:
        return key, f"its {medium} is not known: its job has no manifest, or names it otherwise"
    if not classes and not may_have_none:
        return key, "it has no class to confirm"
    known = [confidence for _, confidence in classes if confidence is not None]
    return Item(
        source=source,
        # All of them must be right.
        label=", ".join(label for label, _ in classes) or NO_CLASS,
        confidence=min(known) if known and len(known) == len(classes) else None,
        extra={"review-of": key, "review-sample": sample},
        medium=medium,
    )


def _classes(marts: Marts, job: str) -> dict[str, list[tuple[str, float | None]]]:
    """The classes of each object of a job, with their confidence."""
    classes: dict[str, list[tuple[str, float | None]]] = {}
    for row in _rows(
        marts,
        "select object_key, label, confidence from fct_annotations "
        f"where job_name = {literal(job)} and not is_inherited and label is not null order by object_key, label",
    ):
        classes.setdefault(row["object_key"], []).append((row["label"], row["confidence"]))
    return classes


def _results(marts: Marts, job: str) -> dict[str, dict[str, Any]]:
    rows = _rows(
        marts,
        "select object_key, label_attribute_name, value_json, metadata_json, passthrough_json "
        f"from fct_object_results where job_name = {literal(job)}",
    )
    return {row["object_key"]: row for row in rows}


def _labels(marts: Marts, job: str, notes: list[str]) -> tuple[dict[str, str], ...]:
    """Classes of the job's config; else those that its labels have."""
    rows = _rows(
        marts,
        "select label, short_display_name from dim_label_categories "
        f"where job_name = {literal(job)} order by category_index",
    )
    if not rows:
        rows = _rows(
            marts,
            "select distinct label, cast(null as varchar) as short_display_name from fct_annotations "
            f"where job_name = {literal(job)} and not is_inherited and label is not null order by label",
        )
        if rows:
            notes.append(
                f"No label category config of {job} is loaded: {CONFIG} has the {len(rows):,} classes that its labels "
                "have. Add those that are missing."
            )
    return tuple(
        {"label": row["label"]} | ({"shortDisplayName": row["short_display_name"]} if row["short_display_name"] else {})
        for row in rows
    )


def write_review_manifest(
    marts: Marts,
    job_name: str,
    dest: str,
    purpose: str,
    source: str,
    count: int | None = None,
    seed: int = 0,
    new_job: str | None = None,
    workers: int | None = None,
    dest_uri: str | None = None,
    batch_size: int = BATCH_SIZE,
    s3: S3Options | None = None,
    progress: Callable[[str], None] = lambda text: None,
) -> Written:
    """Write the next job's manifest, request, label category config and worker template; of a bulk review, its batches.

    Args:
        marts: what is read.
        job_name: job whose labels go on.
        dest: empty folder or ``s3://`` URI.
        purpose: verification, adjustment or labeling.
        source: queue, errors or certificate.
        count: objects at most; default 50, or as many as the certificate needs.
        seed: of the random sample.
        new_job: name of the new job.
        workers: workers per object; default as the earlier job had.
        dest_uri: where the files will be when the job runs, if not in ``dest``.
        batch_size: items of a batch, at most, of a bulk review.
        s3: how to use S3.
        progress: told what is being done.

    Raises:
        OSError: there is nothing to do, Ground Truth has no such job, or the files cannot be written.
    """
    job = read_job(marts, job_name)
    if job.kind not in ("label", "adjustment") and not (
        job.kind == "review" and source == ERRORS and purpose == LABELING
    ):
        raise NothingToDoError(
            f"{job.name} makes no labels, it is a job of the kind {job.kind}: name the job whose labels it judged"
            + ("; only its errors can be labeled (--from errors --for labeling)" if job.kind == "review" else "")
        )
    if job.kind != "review":
        check_supported(purpose, job.task_type)
    if source == CERTIFICATE and purpose == LABELING:
        raise NothingToDoError("labels that are made anew certify nothing: use --for verification or --for adjustment")
    name = new_job or f"{job.name}-{purpose}"[:NAME_CHARACTERS].rstrip("-")
    sample = SAMPLE_KINDS[source]
    progress(f"reading {source} of {job.name}")
    if source == CERTIFICATE:
        wanted = audits_needed(marts, job.name) if count is None else count
        entries = unsampled_objects(marts, job.name)
        listed = len(entries)
        chosen = random.Random(seed).sample(entries, min(wanted, listed))
        chosen.sort(key=lambda entry: entry["object_index"])
    else:
        entries = worst_objects(marts, job.name) if source == QUEUE else rejected_objects(marts, job)
        listed = len(entries)
        chosen = entries[: COUNT if count is None else count]
    if not chosen:
        raise NothingToDoError(
            {
                QUEUE: f"no object of {job.name} is in rpt_review_queue",
                ERRORS: f"no review rejected a label of {job.name} that is not adjusted yet",
                CERTIFICATE: f"each object of {job.name} was audited",
            }[source]
        )
    if (job.task_type or "").startswith("video-object") and len(chosen) > SEQUENCES_PER_MANIFEST:
        raise NothingToDoError(
            f"{len(chosen)} sequences: Ground Truth takes {SEQUENCES_PER_MANIFEST} of video frames in a manifest; "
            f"give --count {SEQUENCES_PER_MANIFEST}"
        )
    medium = TASK_TYPES.get(job.task_type or "", CUSTOM).medium if purpose == VERIFICATION else None
    progress(f"reading the results of {job.name}")
    lines: list[str] = []
    items: list[Item] = []
    left_out: list[tuple[str, str]] = []
    if medium:
        classes = _classes(marts, job.name)
        for entry in chosen:
            item = item_of(
                *(entry, classes.get(entry["object_key"], []), sample, medium),
                may_have_none=(job.task_type or "").endswith("-multilabel"),
            )
            if isinstance(item, Item):
                items.append(item)
            else:
                left_out.append(item)
    else:
        results = _results(marts, job.name)
        for entry in chosen:
            line = line_of(entry, results.get(entry["object_key"]), sample, with_labels=purpose != LABELING)
            if isinstance(line, str):
                lines.append(line + "\n")
            else:
                left_out.append(line)
    if not lines and not items:
        raise NothingToDoError(f"none of the {len(chosen):,} objects can be in a manifest: {left_out[0][1]}")

    notes: list[str] = []
    store = open_empty_store(dest, "the job's input needs a folder of its own", s3 or S3Options())
    folder = dest_uri or (store.uri if dest.startswith(S3_SCHEME) else None)
    plan = Plan(
        purpose=purpose,
        job_name=name,
        task_type=job.task_type if job.kind != "review" else None,
        earlier_attribute=job.label_attribute,
        labels=_labels(marts, job.name, notes) if job.kind != "review" and not medium else (),
        description=job.description if job.kind != "review" else {},
        config=job.config,
        workteam_arn=_workteam_arn(marts, job.workteam_name),
        output_uri=job.output_uri,
        workers_per_object=min(workers or job.workers_per_object or 1, 9),
        folder_uri=folder,
    )
    config = category_config(plan) if job.kind != "review" else None
    template = worker_template(plan)
    made = request(plan, MANIFEST, CONFIG if config else None, TEMPLATE if template else None)
    if wrong := faults(made):
        raise NothingToDoError(f"{REQUEST} would be refused: {'; '.join(wrong)}")
    missing = [(f"{REQUEST}: {path}", what) for path, what in placeholders(made)]
    missing += [(f"{CONFIG}: {path}", what) for path, what in placeholders(config or {})]
    progress(f"writing to {store.uri}")
    manifest = "".join(lines).encode()
    batch_count = None
    if items:
        batches = write_batches(store, items, batch_size, folder or store.uri, BATCHES)
        manifest, batch_count = b"".join(batches), len(batches)
        if folder is None:
            missing.append((f"{MANIFEST}: source-ref", "where the batches will be: give --dest-uri"))
    store.put_new(MANIFEST, manifest)
    if config:
        store.put_new(CONFIG, _json(config))
    if template:
        store.put_new(TEMPLATE, template.encode())
    store.put_new(REQUEST, _json(made))
    notes += _notes(plan, source, left_out)
    if not dest.startswith(S3_SCHEME):
        others = {CONFIG: config, TEMPLATE: template, BATCHES: items}
        files = ", ".join([MANIFEST, *(name for name, is_there in others.items() if is_there)])
        notes.append(f"Ground Truth reads from S3 only: upload {files} to {dest_uri or 'a folder there'}.")
    return Written(
        job=job.name,
        new_job=name,
        purpose=purpose,
        sample=sample,
        objects=len(items) or len(lines),
        listed=listed,
        manifest=store.uri_of(MANIFEST),
        request=store.uri_of(REQUEST),
        config=store.uri_of(CONFIG) if config else None,
        template=store.uri_of(TEMPLATE) if template else None,
        seed=seed if source == CERTIFICATE else None,
        left_out=left_out,
        placeholders=missing,
        notes=notes,
        batches=batch_count,
    )


def _notes(plan: Plan, source: str, left_out: Sequence[object]) -> list[str]:
    notes = []
    marked = "items" if plan.is_bulk_review else "lines"
    if plan.is_bulk_review:
        notes.append(
            "It is a bulk review: deploy/bulk-review has its worker template, functions and roles. To know it, the "
            f"next load needs the batches: give --review-batches {plan.job_name}=DEST/{BATCHES[:-1]}, or copy them to "
            "review-batches/ in the job's folder."
        )
    if plan.task.is_audited_by_config and plan.purpose != LABELING:
        notes.append(
            f"The next load needs the config to recognise the job: copy {CONFIG} to the job's folder as "
            f"label_category_config.json, or load with --label-category-config {plan.job_name}=FILE."
        )
    if plan.purpose == LABELING:
        notes.append(
            "A labeling job makes labels of its own: it reviews nothing, so its objects stay in rpt_review_queue."
        )
    elif source == CERTIFICATE:
        notes.append(f"Its {marked} are marked as a random sample: rpt_label_certificates will count them.")
        if left_out:
            notes.append("Objects that were left out are missing from the sample: it represents the others only.")
    else:
        notes.append(
            f"Its {marked} are marked as chosen because they look wrong: rpt_label_certificates will leave them out. "
            "There is nothing to add to the var targeted_audits."
        )
    return notes


def _workteam_arn(marts: Marts, name: str | None) -> str | None:
    if not name:
        return None
    rows = _rows(marts, f"select workteam_arn from dim_workteams where workteam_name = {literal(name)}")
    return rows[0]["workteam_arn"] if rows else None


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _lines(made: Written) -> list[str]:
    """The summary for people."""
    chosen = {
        "worst": f"the worst of {made.listed:,} in rpt_review_queue",
        "errors": f"of {made.listed:,} that reviews rejected",
        "random": f"drawn at random (seed {made.seed}) from {made.listed:,} not audited yet",
    }[made.sample]
    if made.batches is not None:
        chosen += f", in {made.batches:,} batch{'' if made.batches == 1 else 'es'}"
    lines = [
        f"{made.objects:,} object{'' if made.objects == 1 else 's'} of {made.job} for {made.purpose}, {chosen}",
        f"manifest: {made.manifest}",
        *(f"left out: {key}: {why}" for key, why in made.left_out),
    ]
    if made.config:
        lines.append(f"label category config: {made.config}")
    if made.template:
        lines.append(f"worker template: {made.template}")
    lines.append(f"request: {made.request}")
    if made.placeholders:
        lines += ["", "Not known, to be filled in:", *text_table([("where", "what"), *made.placeholders]).split("\n")]
    lines += [
        "",
        *made.notes,
        f"Start it, in that folder: aws sagemaker create-labeling-job --cli-input-json file://{REQUEST}",
    ]
    return lines


@click.command()
@click.argument("job")
@click.argument("dest")
@click.option(
    "--for",
    "purpose",
    type=click.Choice(PURPOSES),
    default=VERIFICATION,
    show_default=True,
    help=f"What people are to do: say whether the labels are right ({VERIFICATION}), correct them ({ADJUSTMENT}), or "
    f"label anew ({LABELING}).",
)
@click.option(
    "--from",
    "source",
    type=click.Choice(list(SAMPLE_KINDS)),
    default=QUEUE,
    show_default=True,
    help="The worst of rpt_review_queue, the labels that reviews rejected (rpt_review_errors), or a random sample of "
    "what a certificate (rpt_label_certificates) still needs.",
)
@click.option(
    "--count",
    type=click.IntRange(1, 10_000_000),
    help=f"Objects at most.  [default: {COUNT}; from certificate, as many as it needs]",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Of the random sample.")
@click.option("--name", "new_job", metavar="NAME", help="Name of the new job.  [default: JOB-verification and so on]")
@click.option("--workers", type=click.IntRange(1, 9), help="Workers per object.  [default: as in JOB]")
@click.option("--dest-uri", metavar="URI", help="Where the files will be when the job runs, if not in DEST.")
@click.option(
    "--batch-size",
    type=click.IntRange(1, 100_000),
    default=BATCH_SIZE,
    show_default=True,
    help="Maximum number of items in a batch of a bulk review.",
)
@s3_options
@marts_options
@json_option
def review_manifest(
    job: str,
    dest: str,
    purpose: str,
    source: str,
    count: int | None,
    seed: int,
    new_job: str | None,
    workers: int | None,
    dest_uri: str | None,
    batch_size: int,
    s3: S3Options,
    open_marts: Callable[[], Marts],
    as_json: bool,
) -> None:
    """Make the input of the next labeling job from what the marts say of JOB.

    DEST, an empty folder or s3:// URI, gets input.manifest, create-labeling-job.json (the input of CreateLabelingJob;
    what the marts do not know is a <placeholder>), label-category-config.json and, for images, texts and clips,
    worker-template.liquid.html: what workers see. If DEST is a folder, upload these files to S3, and say where with
    --dest-uri. After the job has run, the next load recognises it as a review of JOB. Ground Truth verifies and adjusts
    boxes and masks of images, labels of video frames and of point clouds; labels of any type can be made anew.
    Classes of images, clips and texts are verified by a bulk review (deploy/bulk-review), many on one screen: DEST gets
    its batches too.
    """
    if not dest_uri and "://" in dest and not dest.startswith((S3_SCHEME, "file://")):
        fail(f"{dest}: expected a folder or an s3:// URI")
    made = or_nothing(
        lambda: write_review_manifest(
            *(open_marts(), job, dest, purpose, source, count, seed, new_job, workers, dest_uri, batch_size),
            s3=s3,
            progress=lambda text: say(text, err=True),
        ),
        "nothing was written",
    )
    if as_json:
        click.echo(json.dumps(asdict(made)))
    else:
        say(*_lines(made))
    sys.exit(DONE_WITH_REJECTED if made.left_out else DONE)
