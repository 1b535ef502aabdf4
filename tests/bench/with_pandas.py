"""Worker responses by json and pandas, as AWS's notebooks read them: lists of dictionaries, then data frames.

``.venv/bench/bin/python -m tests.bench.with_pandas SOURCE OUT``
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd  # type: ignore[import-untyped]  # installed apart, without its stubs


def main(source: Path, out: Path) -> None:
    """Write the answers and their labels."""
    answers, labels = [], []
    for path in source.glob("*/annotations/worker-response/*/*/*.json"):
        for answer in json.loads(path.read_text())["answers"]:
            content, worker_id = answer["answerContent"], answer["workerId"]
            identity = answer.get("workerMetadata", {}).get("identityData", {})
            answers.append(
                {
                    "file": str(path),
                    "worker_id": worker_id,
                    "identity_provider": identity.get("identityProviderType"),
                    "issuer": identity.get("issuer"),
                    "sub": identity.get("sub"),
                    "accepted_at": answer.get("acceptanceTime"),
                    "submitted_at": answer["submissionTime"],
                    "time_spent": answer.get("timeSpentInSeconds"),
                    "answer_json": json.dumps(content),
                }
            )
            for name, element in content.items():
                row = {"file": str(path), "worker_id": worker_id, "element": name}
                if "label" in element:
                    labels.append({**row, "label": element["label"]})
                labels += [{**row, **box} for box in element.get("boundingBoxes", ())]
    frame = pd.DataFrame(answers)
    for name in ("accepted_at", "submitted_at"):
        frame[name] = pd.to_datetime(frame[name])
    frame.to_parquet(out / "answers.parquet", compression="zstd", index=False)
    pd.DataFrame(labels).to_parquet(out / "labels.parquet", compression="zstd", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
