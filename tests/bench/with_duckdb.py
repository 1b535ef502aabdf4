"""DuckDB's ways to read the same files, with all its threads.

``python -m tests.bench.with_duckdb WAY CORPUS SOURCE OUT``
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

RESPONSES = "*/annotations/worker-response/*/*/*.json"
ANSWER = (
    '{"answers":[{"acceptanceTime":"VARCHAR","answerContent":"JSON","submissionTime":"VARCHAR",'
    '"timeSpentInSeconds":"DOUBLE","workerId":"VARCHAR","workerMetadata":{"identityData":'
    '{"identityProviderType":"VARCHAR","issuer":"VARCHAR","sub":"VARCHAR"}}}]}'
)
BOXES = (
    '{"boundingBox":{"boundingBoxes":[{"label":"VARCHAR","left":"DOUBLE","top":"DOUBLE","width":"DOUBLE",'
    '"height":"DOUBLE"}]}}'
)
NO_BOX = "null::double as left, null::double as top, null::double as width, null::double as height"


def read_json_auto(corpus: str, source: Path, out: Path) -> None:
    """Types are inferred; answerContent stays the struct that was inferred."""
    class_label, boxes = 'answerContent."crowd-image-classifier".label', "answerContent.boundingBox.boundingBoxes"
    files = f"read_json_auto('{source}/{RESPONSES}', filename = true)"
    _write_responses(corpus, f"select filename, unnest(answers) as answer from {files}", class_label, boxes, out)


def from_json(corpus: str, source: Path, out: Path) -> None:
    """Files as text, then given types; answerContent stays JSON, whose labels are taken out of it."""
    class_label = """(answerContent ->> '$."crowd-image-classifier".label')"""
    boxes = f"from_json(answerContent, '{BOXES}').boundingBox.boundingBoxes"
    rows = f"select filename, unnest(from_json(content, '{ANSWER}').answers) as answer"
    _write_responses(corpus, f"{rows} from read_text('{source}/{RESPONSES}')", class_label, boxes, out)


def _write_responses(corpus: str, answers: str, class_label: str, boxes: str, out: Path) -> None:
    connection = duckdb.connect()
    connection.execute("set preserve_insertion_order = false")
    connection.execute(f"create table answers as {answers}")
    connection.execute(f"""
        copy (
            select filename as file, answer.workerId as worker_id,
                answer.workerMetadata.identityData.identityProviderType as identity_provider,
                answer.workerMetadata.identityData.issuer as issuer,
                answer.workerMetadata.identityData.sub as sub,
                cast(answer.acceptanceTime as timestamp) as accepted_at,
                cast(answer.submissionTime as timestamp) as submitted_at,
                answer.timeSpentInSeconds as time_spent, answer.answerContent as content
            from answers
        ) to '{out}/answers.parquet' (compression zstd)
    """)
    flat = "(select filename as file, answer.workerId as worker_id, answer.answerContent as answerContent from answers)"
    labels = {
        "classification": f"""
            select file, worker_id, 'crowd-image-classifier' as element, {class_label} as label, {NO_BOX} from {flat}
        """,
        "boxes": f"""
            select file, worker_id, 'boundingBox' as element, box.label, box."left", box.top, box.width, box.height
            from (select file, worker_id, unnest({boxes}) as box from {flat})
        """,
    }
    connection.execute(f"copy ({labels[corpus]}) to '{out}/labels.parquet' (compression zstd)")


def manifest(corpus: str, source: Path, out: Path) -> None:
    """A manifest of classifications, with given types; the lines themselves are not kept."""
    metadata = (
        'struct("class-name" varchar, confidence double, "job-name" varchar, type varchar, "creation-date" timestamp, '
        '"human-annotated" varchar)'
    )
    duckdb.execute(f"""
        copy (
            select "source-ref", label, unnest("label-metadata")
            from read_json('{source}/*/manifests/output/output.manifest', format = 'newline_delimited',
                columns = {{'source-ref': 'varchar', 'label': 'integer', 'label-metadata': '{metadata}'}})
        ) to '{out}/labels.parquet' (compression zstd)
    """)


def sequence(corpus: str, source: Path, out: Path) -> None:
    """The frames of sequences, with given types."""
    box = (
        '"object-id" varchar, "object-name" varchar, "class-id" varchar, height double, width double, top double, '
        '"left" double, "label-category-attributes" json'
    )
    frame = f'struct("frame-no" varchar, frame varchar, "frame-attributes" json, annotations struct({box})[])[]'
    duckdb.execute(f"""
        copy (
            select "frame-no", frame, "frame-attributes", unnest(annotations, recursive := true)
            from (
                select unnest("tracking-annotations", recursive := true)
                from read_json('{source}/*/annotations/consolidated-annotation/output/*/SeqLabel.json',
                    columns = {{'tracking-annotations': '{frame}'}}, maximum_object_size = 1073741824)
            )
        ) to '{out}/labels.parquet' (compression zstd)
    """)


WAYS = {function.__name__: function for function in (read_json_auto, from_json, manifest, sequence)}

if __name__ == "__main__":
    WAYS[sys.argv[1]](sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
