"""Self-play in one call."""

import aurora
from aurora.graphs.run import settings_of


def test_self_play_in_one_call_resumes_the_run_of_its_directory(tmp_path):
    events = []
    settings = aurora.SelfPlaySettings(seed=2, training_per_family=1, validation_per_family=1)
    first = aurora.selfplay(tmp_path / "run", settings, iterations=1, tell=events.append)
    assert (first.stopped, first.iterations) == ("done", 1)
    assert settings_of(tmp_path / "run").seed == 2
    assert {"iteration", "stopped"} <= {str(e["event"]) for e in events}
    count = len(events)
    again = aurora.selfplay(tmp_path / "run", settings, iterations=1, tell=events.append)
    assert again.champion == first.champion
    assert "iteration" not in {e["event"] for e in events[count:]}
