import json
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.observation import Verdict, Word, observation_from_json
from harness.report.records import FORMAT, RecordsFile
from unit.samples import observed

VERDICT = Verdict("id", "run", "group/case", "arm64", "", Word.PASS)


def left(*stdout: str) -> dict[str, object]:
    return {"observations": [observed(stdout=text).to_json() for text in stdout], "verdict": VERDICT.to_json()}


def test_each_item_leaves_its_observations_and_then_its_verdict(tmp_path: Path) -> None:
    path = tmp_path / "new" / "records.jsonl"
    with RecordsFile(path) as records:
        records.write(left("ä\n\u2028", "b"))
        records.write(left())
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(row["type"], row["format"]) for row in rows] == [
        ("observation", FORMAT), ("observation", FORMAT), ("verdict", FORMAT), ("verdict", FORMAT),
    ]  # fmt: skip
    fields = {name: value for name, value in rows[0].items() if name not in ("type", "format")}
    assert observation_from_json(fields) == observed(stdout="ä\n\u2028")
    assert rows[3]["verdict"] == "PASS"


def test_a_record_can_be_read_as_soon_as_it_is_written(tmp_path: Path) -> None:
    with RecordsFile(tmp_path / "r") as records:
        records.write(left("x"))
        assert len((tmp_path / "r").read_text().splitlines()) == 2


def test_an_older_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "r").write_text("old\n")
    RecordsFile(tmp_path / "r").close()
    assert (tmp_path / "r").read_text() == ""


def test_a_file_that_cannot_be_opened_is_refused_by_its_option(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"--records={tmp_path}: cannot be written: Is a directory"):
        RecordsFile(tmp_path)


def test_a_full_disk_is_told() -> None:
    full = RecordsFile(Path("/dev/full"))
    with pytest.raises(UsageError, match="/dev/full: cannot be written: No space left on device"):
        full.write(left("x"))
    full.close()  # says nothing that was not said
