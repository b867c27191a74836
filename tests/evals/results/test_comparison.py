from pathlib import Path

import pytest

from aurora import journal
from aurora.errors import InputError
from aurora.evals.results.comparison import compare_evaluations
from aurora.evals.results.samples import SAMPLES_FILE, Sample
from tests.evals.results.made_up import samples


def _folder(path: Path, content: list[Sample]) -> Path:
    path.mkdir()
    journal.append(path / SAMPLES_FILE, [s.model_dump(mode="json") for s in content])
    return path


def test_two_evaluations_are_compared_on_common_samples(tmp_path: Path) -> None:
    before = _folder(tmp_path / "before", samples("a") + samples("b", count=20))
    after = _folder(tmp_path / "after", samples("a", 0.5) + samples("b", count=30))
    result = compare_evaluations(before, after)
    changes = {d.subject: d for d in result.differences}
    assert changes["a"].difference.mean == pytest.approx(0.5)
    assert changes["b"].clusters == 20
    assert (result.only_first, result.only_second, result.failures) == (0, 10, 0)
    assert changes["a"].adjusted < 0.01
    assert [m.key for m in result.metrics()] == ["made-up/a:reward", "made-up/b:reward"]


def test_subjects_with_other_names_are_paired(tmp_path: Path) -> None:
    before = _folder(tmp_path / "before", samples("old"))
    after = _folder(tmp_path / "after", samples("new", 0.3))
    with pytest.raises(InputError, match="no sample in common"):
        compare_evaluations(before, after)
    (change,) = compare_evaluations(before, after, renamed={"old": "new"}).differences
    assert change.subject == "new"
    assert change.difference.mean == pytest.approx(0.3, abs=0.1)
