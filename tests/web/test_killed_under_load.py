"""`aurora serve` is killed while conversations are in the middle of turns and plans in the middle of being applied.

The next server goes on with all of them: none is lost, none has another one's words, and no plan is applied twice.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from aurora.cluster.changes import Cordon
from aurora.cluster.plans import folder as plans
from aurora.cluster.plans.making import Proposal, make_plan
from aurora.cluster.plans.plan import Plan
from aurora.cluster.samples import load_sample
from aurora.evals.testing.scripted_operator import MODEL, Reply, asked, results, scripted_operator
from tests.web.browser.served import free_port, served

TALKS = 4
PLANS = 2
WORD = re.compile(r"canary-\d+")
WAIT = 120.0


class Client(httpx.Client):
    """A visitor of a server."""

    def sign_in(self) -> None:
        """Get the CSRF token of this server."""
        self.headers["X-CSRF-Token"] = self.get("/api/csrf").raise_for_status().json()["csrf_token"]

    def begin(self, question: str, mode: str) -> str:
        """Begin a conversation with a question, without waiting for the answer."""
        session = self.post("/api/chat/sessions", json={}).raise_for_status().json()["session_id"]
        self.act(session, "turns", {"question": question, "mode": mode})
        return str(session)

    def act(self, session: str, what: str, body: Mapping[str, Any]) -> None:
        """Start a turn, or decide, without waiting for its end."""
        path = f"/api/chat/sessions/{session}/{what}"
        assert self.post(path, json=body, headers={"Accept": "application/json"}).raise_for_status().status_code == 202

    def read(self, session: str) -> dict[str, Any]:
        """Return a conversation."""
        detail: dict[str, Any] = self.get(f"/api/chat/sessions/{session}").raise_for_status().json()
        return detail


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.01)


def made_plans(folder: Path) -> list[Plan]:
    """Return plans of many steps, which take a while."""
    shop = load_sample("web-shop")
    open_nodes = [n.node_id for n in shop.nodes if not n.is_cordoned]
    made = []
    for source in range(PLANS):
        plan = make_plan(shop, [Proposal(Cordon(node_id=n)) for n in open_nodes], source=f"test {source}")
        plans.save(folder, plan, shop)
        made.append(plan)
    return made


def test_every_conversation_resumes_and_no_plan_is_applied_twice(tmp_path: Path) -> None:
    folder = tmp_path / "runs/plans"
    both = made_plans(folder)
    released, waiting = threading.Event(), Counter[str]()

    def script(messages: Sequence[Mapping[str, Any]]) -> Reply:
        text = asked(messages)
        if plan := next((p for p in both if p.plan_id in text.rsplit("apply", 1)[-1]), None):
            return Reply(calls=(("apply_plan", {"plan_id": plan.plan_id, "sha256": plan.sha256}),))
        word = WORD.findall(text)[-1]
        found = results(messages)
        if not found:
            return Reply(calls=(("find_tasks", {"contains": word}),))
        waiting[word] += 1
        released.wait(WAIT)
        number = re.search(r"\[(E\d+)\]", found[-1])
        return Reply(f'0 tasks match "{word}" [{number.group(1) if number else "E1"}].')

    port = free_port()
    with (
        scripted_operator(script) as model,
        Client(base_url=f"http://127.0.0.1:{port}", timeout=WAIT, trust_env=False) as client,
    ):
        options = ("--snapshot", "sample:web-shop", "--model", MODEL, "--mode", "apply")
        with served(tmp_path, *options, port=port, environment=model.environment) as server:
            client.sign_in()
            talks = [client.begin(f"which tasks have canary-{n} in their names?", "read") for n in range(TALKS)]
            applying = [client.begin(f"apply {plan.plan_id}", "apply") for plan in both]
            until(lambda: len(waiting) == TALKS and all(client.read(s)["approval"] for s in applying))
            for session, plan in zip(applying, both, strict=True):
                client.act(session, "decision", {"type": "approve", "sha256": plan.sha256})
            until(lambda: any(steps(folder, plan) for plan in both))
            server.kill()
        released.set()
        with served(tmp_path, *options, port=port, environment=model.environment):
            client.sign_in()
            until(lambda: not any(client.read(s)["session"]["is_busy"] for s in talks))
            until(lambda: all(applied(client, folder, *pair) for pair in zip(applying, both, strict=True)))
            read = [client.read(session) for session in (*talks, *applying)]
    for number, detail in enumerate(read[:TALKS]):
        (turn,) = detail["turns"]
        held = [s["text"] for s in turn["answer"]["sentences"] if not s["struck"]]
        assert held == [f'0 tasks match "canary-{number}".']
        assert set(WORD.findall(json.dumps(detail))) == {f"canary-{number}"}
    for plan in both:
        progress = plans.progress_of(folder, plan)
        assert progress.state == "applied"
        assert steps(folder, plan) == Counter(range(len(progress.steps)))


def applied(client: Client, folder: Path, session: str, plan: Plan) -> bool:
    """Return whether a plan is applied; approve it again if its server was killed before it kept the decision."""
    detail = client.read(session)
    if detail["approval"]:
        client.act(session, "decision", {"type": "approve", "sha256": plan.sha256})
    return not detail["session"]["is_busy"] and plans.progress_of(folder, plan).state == "applied"


def steps(folder: Path, plan: Plan) -> Counter[int]:
    """Return how many times each step of a plan was begun."""
    path = plans.journal_path(folder, plan)
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    records = [json.loads(line) for line in lines if line.endswith(b"\n")]
    return Counter(r["step"] for r in records if r["event"] == "intent")
