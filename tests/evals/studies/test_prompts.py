"""A study of prompt evolution, which calls a model."""

from pathlib import Path

import pytest

from aurora.evals.studies.plan import plan_study
from aurora.evals.studies.running import run_study
from aurora.evals.testing.scripted_server import scripted_server
from tests.evals.studies.made_up import figures, study_file

EVOLUTION = """
kind: evolve-prompts
base: {role: explainer, method: rewording, model: 'openai:gpt-5-mini', families: [batch],
       selection: 2, sealed: 2, level: 1}
seeds: [0, 1]
budget: {iterations: 1, proposals: 2, evaluations: 16, dollars: 5}
"""


def test_prompts_evolve_with_several_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    with scripted_server(seed=1) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        plan = plan_study(study_file(tmp_path, EVOLUTION))
        done = run_study(plan, tmp_path / "out", jobs=1, workers="threads")
    again = run_study(plan, tmp_path / "out", jobs=1, workers="threads")  # calls nothing: the server is gone
    assert figures(again) == figures(done)
    assert (done.done, done.failures) == (2, {})
    assert done.result is not None
    assert {(m.suite, m.name) for m in done.result.metrics} == {("prompts", "gain"), ("prompts", "evaluations")}
    assert done.result.provenance.model_calls > 0
    assert all(float(row[4] or 0) <= 16 for row in done.result.tables[1].rows)
