"""A conversation about a live cluster: read, read anew, warned when stale, and changed after approval.

Tested against the fake API server, not against a cluster.
"""

import json
from datetime import timedelta

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from aurora.agents.operator.rules import RulesOperator
from aurora.cluster.plans import folder
from aurora.errors import InputError
from aurora.graphs.chat.conversation import Conversation
from aurora.graphs.chat.opening import open_desk
from aurora.graphs.chat.surroundings import Surroundings, now
from tests.cli.command import aurora
from tests.cluster.kubernetes_api import serving
from tests.cluster.kubernetes_objects import shop_cluster
from tests.cluster.readers.listing_server import write_kubeconfig
from tests.graphs.chat.conftest import text_of

pytest.importorskip("kubernetes")
APPROVE = {"type": "approve"}


@pytest.fixture
def live(tmp_path, monkeypatch):
    """Serve a cluster that the kubeconfig names `prod`."""
    cluster = shop_cluster()
    with serving(cluster) as server:
        path = write_kubeconfig(tmp_path / "config", int(server.url.rpartition(":")[2]), context="prod")
        monkeypatch.setenv("KUBECONFIG", str(path))
        # The client reads the variable once, when it is loaded.
        monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(path))
        yield cluster


def opened(plans, *, applies_live=False, **settings):
    desk = open_desk("kubernetes:prod", plans=plans, applies_live=applies_live)
    return Conversation(Surroundings(desk, RulesOperator(), **settings), "t", InMemorySaver())


def replicas(cluster):
    return cluster.get("deployments", "shop", "web")["spec"]["replicas"]


def scaled(one, plans, to):
    """Make a plan that scales the deployment; return it."""
    one.ask("/mode plan")
    one.ask(f"scale shop/Deployment/web to {to}")
    return folder.list_plans(plans, now())[0].plan


def test_answers_say_how_old_the_cluster_is_and_warn_when_it_is_stale(live, plans) -> None:
    later = timedelta(seconds=5)
    one = opened(plans, clock=lambda: now() + later)
    fresh = one.ask("how full is the cluster?").answer
    assert "3 nodes" in fresh.text
    assert fresh.as_of.endswith("UTC, less than a minute ago.")
    later = timedelta(minutes=25)
    assert "25 minutes ago; much may have changed since: /refresh" in one.ask("how full is the cluster?").answer.as_of
    assert one.state["messages"][-1].text.endswith("/refresh reads the cluster anew.")


def test_refresh_reads_the_cluster_anew(live, plans) -> None:
    one = opened(plans)
    assert "3 nodes" in text_of(one.ask("how full is the cluster?"))
    live.delete("nodes", "", "c")
    assert "3 nodes" in text_of(one.ask("how full is the cluster?"))
    assert "2 nodes" in text_of(one.ask("/refresh"))
    assert "2 nodes" in text_of(one.ask("how full is the cluster?"))


def test_a_cluster_that_does_not_answer_leaves_the_old_snapshot(live, plans, monkeypatch, tmp_path) -> None:
    one = opened(plans)
    write_kubeconfig(tmp_path / "config", 1, context="prod")
    assert "was not read anew" in text_of(one.ask("/refresh"))
    assert "3 nodes" in text_of(one.ask("how full is the cluster?"))


def test_plans_become_files_unless_the_live_cluster_was_chosen(live, plans) -> None:
    one = opened(plans)
    plan = scaled(one, plans, 4)
    step = one.ask(f"/apply {plan.plan_id}", mode="apply")
    assert "live cluster" not in step.request["action_requests"][0]["description"]
    assert "is applied" in text_of(one.decide(APPROVE))
    assert replicas(live) == 3
    assert not live.changes


def test_an_approved_plan_changes_the_live_cluster_and_is_undone(live, plans) -> None:
    one = opened(plans, applies_live=True)
    plan = scaled(one, plans, 4)
    step = one.ask(f"/apply {plan.plan_id}", mode="apply")
    shown = step.request["action_requests"][0]["description"]
    assert "on the live cluster at http://127.0.0.1:" in shown
    assert "after a dry run on its server?" in shown
    assert (replicas(live), live.changes) == (3, [])  # nobody has approved
    assert "is applied: 1 step in the live cluster at" in text_of(one.decide(APPROVE))
    assert replicas(live) == 4
    step = one.ask(f"/rollback {plan.plan_id}")
    assert "is rolled back" in text_of(one.decide(APPROVE))
    assert replicas(live) == 3


def test_a_rejected_plan_sends_nothing(live, plans) -> None:
    one = opened(plans, applies_live=True)
    plan = scaled(one, plans, 4)
    one.ask(f"/apply {plan.plan_id}", mode="apply")
    assert "was rejected" in text_of(one.decide({"type": "reject"}))
    assert live.changes == []


def test_a_refused_dry_run_changes_nothing(live, plans) -> None:
    one = opened(plans, applies_live=True)
    plan = scaled(one, plans, 4)
    live.denied.add(("patch", "deployments"))
    live.denied.add(("patch", "deployments/scale"))
    one.ask(f"/apply {plan.plan_id}", mode="apply")
    assert "was not applied" in text_of(one.decide(APPROVE))
    assert (replicas(live), live.changes) == (3, [])


def test_a_cluster_that_was_changed_meanwhile_stops_the_plan(live, plans) -> None:
    one = opened(plans, applies_live=True)
    plan = scaled(one, plans, 5)
    old = live.get("deployments", "shop", "web")
    live.update(old, {**old, "spec": {**old["spec"], "replicas": 2}}, is_dry=False)
    one.ask(f"/apply {plan.plan_id}", mode="apply")
    assert "was not applied" in text_of(one.decide(APPROVE))
    assert replicas(live) == 2


def test_a_plan_of_a_live_cluster_is_not_undone_as_files(live, plans) -> None:
    one = opened(plans, applies_live=True)
    plan = scaled(one, plans, 4)
    one.ask(f"/apply {plan.plan_id}", mode="apply")
    one.decide(APPROVE)
    other = opened(plans)
    told = text_of(other.ask(f"/rollback {plan.plan_id}", mode="apply"))
    assert "was begun on a live cluster" in told
    assert replicas(live) == 4


def test_a_sample_has_no_live_cluster_to_change(plans) -> None:
    with pytest.raises(InputError, match="a live cluster only"):
        open_desk("sample:web-shop", plans=plans, applies_live=True)


def test_the_commands_read_the_live_cluster(live, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = json.loads(aurora("ask", "how full is the cluster?", "--snapshot", "kubernetes:prod", "--json").stdout)
    assert "3 nodes" in told["answer"]
    assert "3 nodes" in aurora("ask", "how full is the cluster?", "--snapshot", "kubernetes").stdout
    aurora("ask", "how full?", "--snapshot", "kubernetes:absent", code=6)
    assert json.loads(aurora("snapshot", "show", "kubernetes:prod", "--json").stdout)["nodes"]
