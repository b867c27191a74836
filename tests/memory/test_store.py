import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aurora.errors import StoreError
from aurora.memory import schema
from aurora.memory.elo import INITIAL_RATING, rate_rounds
from aurora.memory.records import Failure, Iteration, NewOutcome, NewPolicy, NewScenario
from aurora.memory.schema import SCHEMA_VERSION
from aurora.memory.store import Store
from aurora.sim.policies.references import REFERENCES


def iteration(number: int, ratings: dict[str, float] | None = None, **more: object) -> Iteration:
    scenario = f"s{number}"
    fields: dict[str, object] = {
        "number": number,
        "policies": [NewPolicy(REFERENCES["fgd"], "reference"), NewPolicy(REFERENCES["random"], "child", ("fgd",))],
        "scenarios": [NewScenario(scenario, "f", 1, '{"a": 1}', 0.5, 0.4)],
        "outcomes": [NewOutcome(p, scenario, v, {"cost": v}) for p, v in (("fgd", 2.0), ("random", 1.0))],
        "failures": [Failure("policy", "x", "because")],
        "matches": rate_rounds(ratings or {}, {scenario: {"fgd": 2.0, "random": 1.0}})[1],
        "fronts": {scenario: ("fgd",)},
        "state": {"number": number},
        "events": [{"event": "iteration", "iteration": number}],
    }
    return Iteration(**(fields | more))  # type: ignore[arg-type]


def test_an_iteration_is_stored_with_ratings_parents_and_results(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.sqlite") as store:
        assert store.last_iteration() is None
        store.commit(iteration(0))
        assert store.ratings(["fgd", "random"]) == {"fgd": INITIAL_RATING + 16, "random": INITIAL_RATING - 16}
    with Store.open(tmp_path / "a.sqlite") as store:
        assert store.last_iteration() == (0, {"number": 0})
        best, worst = store.top(5)
        assert (best["policy_id"], best["results"]) == ("fgd", [{"scenario_id": "s0", "value": 2.0}])
        assert worst["parents"] == ["fgd"]
        assert store.fronts() == {"s0": {"fgd": {"cost": 2.0}}}
        assert store.counts()["attempts"] == 1
        assert store.policy("fgd") == REFERENCES["fgd"]


def test_ratings_are_listed_by_iteration(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.sqlite") as store:
        after: list[dict[str, float]] = []
        for number in range(3):
            store.commit(iteration(number, store.ratings(["fgd", "random"])))
            after.append(store.ratings(["fgd", "random"]))
        assert store.rating_history(["fgd", "absent"]) == {
            "fgd": {n: r["fgd"] for n, r in enumerate(after)},
            "absent": {},
        }


def test_writing_an_iteration_twice_changes_nothing(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.sqlite") as store:
        store.commit(iteration(0))
        before = store.dump()
        store.commit(iteration(0))
        assert store.dump() == before


def test_an_iteration_can_t_be_skipped(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.sqlite") as store, pytest.raises(StoreError, match="before iteration 4"):
        store.commit(iteration(5))


def test_a_failing_write_leaves_nothing_behind(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.sqlite") as store:
        store.commit(iteration(0))
        before = store.dump()
        with pytest.raises(StoreError):
            store.commit(iteration(1, outcomes=[NewOutcome("nobody", "s1", 1.0, {})]))
        assert store.dump() == before


def test_ids_are_never_interpreted_as_sql(tmp_path: Path) -> None:
    odd = "'; DROP TABLE policies; --"
    policy = REFERENCES["fgd"].model_copy(update={"policy_id": odd})
    with Store.open(tmp_path / "a.sqlite") as store:
        store.commit(iteration(0, policies=[*iteration(0).policies, NewPolicy(policy, odd)]))
        assert store.policy(odd) == policy
        assert len(store.top(10)) == 3


def test_junk_and_newer_archives_are_refused(tmp_path: Path) -> None:
    junk = tmp_path / "junk.sqlite"
    junk.write_bytes(b"this is not a database, but long enough to be looked at" * 100)
    with pytest.raises(StoreError, match="can't be opened"):
        Store.open(junk)
    path = tmp_path / "a.sqlite"
    Store.open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '99'")
    with pytest.raises(StoreError, match="newer"):
        Store.open(path)


def test_an_older_archive_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with Store.open(path) as store:
        store.commit(iteration(0))
        before = store.dump()
    with sqlite3.connect(path) as connection:
        connection.execute("DROP INDEX policies_by_rating")
        for table in ("policies", "scenarios"):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN prompt_id")
        connection.execute("UPDATE meta SET value = '1' WHERE key = 'schema_version'")
    with Store.open(path) as store:
        assert store.dump() == before
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone() == (
            str(SCHEMA_VERSION),
        )
        plan = connection.execute("EXPLAIN QUERY PLAN SELECT policy_id FROM policies ORDER BY rating").fetchall()
    assert "policies_by_rating" in str(plan)


def test_an_unknown_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    Store.open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '0' WHERE key = 'schema_version'")
    with pytest.raises(StoreError, match="no migration is known"):
        Store.open(path)


def test_a_process_killed_while_creating_an_archive_leaves_none(tmp_path: Path, monkeypatch) -> None:
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(schema, "insert", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        Store.open(tmp_path / "a.sqlite")
    with Store.open(tmp_path / "a.sqlite") as store:
        store.commit(iteration(0))
        assert store.counts()["iterations"] == 1


WRITER = """
import sys
sys.path.insert(0, {root!r})
from tests.memory.test_store import iteration
from aurora.memory.store import Store
with Store.open({path!r}) as store:
    for number in range(100_000):
        store.commit(iteration(number))
        print(number, flush=True)
"""


def test_a_killed_writer_loses_no_committed_iteration(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    root = str(Path(__file__).parents[2])
    code = WRITER.format(root=root, path=str(path))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.3)
    os.kill(process.pid, signal.SIGKILL)
    said = [int(line) for line in process.stdout.read().split()]
    process.wait()
    with Store.open(path) as store:
        last = store.last_iteration()
        assert last is not None
        assert last[0] >= max(said, default=0)
        assert store.counts()["scenarios"] == last[0] + 1
        assert len(store.events()) == last[0] + 1
        json.dumps(store.dump())
