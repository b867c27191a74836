"""Self-play in one call."""

import aurora
from aurora.graphs.run import settings_of


def test_self_play_in_one_call_resumes_the_run_of_its_directory(tmp_path):
    events = []
    first = aurora.selfplay(tmp_path / "run", iterations=1, seed=2, tell=events.append)
    assert (first.reason, first.iterations) == ("done", 1)
    assert settings_of(tmp_path / "run").seed == 2
    assert {"iteration", "stopped"} <= {str(e["event"]) for e in events}
    again = aurora.selfplay(tmp_path / "run", iterations=1, seed=2)
    assert (again.champion, again.simulated) == (first.champion, 0)
