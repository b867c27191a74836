"""`aurora eval rate` from the form to its summary."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.cli.command import aurora


def test_a_form_is_written_filled_in_and_read(tmp_path):
    new = ("eval", "rate", "new", "--decisions", "3", "--runs", "1", "--planted", "1", "--out", str(tmp_path))
    written = json.loads(aurora(*new, "--json").stdout)
    assert (written["items"], written["planted"]) == (4, 1)
    read = ("eval", "rate", "read", "--key", written["key"])
    assert "not yet rated" in aurora(*read).stdout
    with Path(written["table"]).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for place, row in enumerate(rows):
        row.update(rater="Anna", completeness=4, correctness=5 - place, clarity=3)
    with (tmp_path / "anna.csv").open("w", newline="") as stream:
        table = csv.DictWriter(stream, rows[0])
        table.writeheader()
        table.writerows(rows)
    result = json.loads(aurora(*read, str(tmp_path / "anna.csv"), "--json").stdout)
    assert {m["value"] for m in result["metrics"] if m["name"] == "completeness"} == {4.0}
    failed = aurora(*read, str(tmp_path / "anna.csv"), "--fail-on", "ratings/all:completeness<4.5", code=1)
    assert "completeness is 4" in failed.stderr
    (tmp_path / "anna.csv").write_text((tmp_path / "anna.csv").read_text().replace(",4,", ",7,", 1))
    assert "line 2, completeness: '7'" in aurora(*read, str(tmp_path / "anna.csv"), code=6).stderr


def test_a_form_that_cannot_be_is_refused(tmp_path):
    wrong = aurora("eval", "rate", "new", "--decisions", "2", "--runs", "0", "--planted", "3", code=6)
    assert "--planted 3: there are 2 explanations" in wrong.stderr
