"""The scheduler extender of the web desk."""

import base64

import pytest

from aurora.cluster.opening import open_snapshot
from aurora.errors import AuroraError

TOKEN = "a token of more than sixteen letters"
NAMES = [n.node_id for n in open_snapshot("sample:web-shop").nodes]
POD = {
    "metadata": {"name": "new", "namespace": "shop", "uid": "u-1"},
    "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}}}]},
}
QUESTION = {"Pod": POD, "NodeNames": NAMES}


def test_it_answers_kube_scheduler_by_the_policy(open_api) -> None:
    with open_api(policy="least_allocated") as api:
        fits = api.post("/extender/filter", json=QUESTION).json()
        assert not fits["Error"]
        assert set(fits["NodeNames"]) <= set(NAMES)
        assert fits["NodeNames"]
        assert "node-c2" in fits["FailedNodes"]  # cordoned
        scores = api.post("/extender/prioritize", json={**QUESTION, "NodeNames": fits["NodeNames"]}).json()
        assert {s["Host"] for s in scores} == set(fits["NodeNames"])
        assert max(s["Score"] for s in scores) == 10
        assert api.post("/extender/filter", content=b"{").status_code == 400
        assert api.post("/extender/bind", json={}).status_code == 404
        assert api.get("/extender/filter").status_code == 405
        assert 'verb="filter"' in api.get("/extender/metrics").text
        assert 'route="/extender"' in api.get("/metrics").text


def test_it_needs_the_token_as_bearer_or_as_the_password_of_its_address(open_api) -> None:
    basic = base64.b64encode(f"aurora:{TOKEN}".encode()).decode()
    with open_api(policy="least_allocated", token=TOKEN) as api:
        assert api.post("/extender/filter", json=QUESTION).status_code == 401
        wrong = base64.b64encode(b"aurora:another").decode()
        assert (
            api.post("/extender/filter", json=QUESTION, headers={"Authorization": f"Basic {wrong}"}).status_code == 401
        )
        for given in (f"Bearer {TOKEN}", f"Basic {basic}"):
            assert api.post("/extender/filter", json=QUESTION, headers={"Authorization": given}).status_code == 200
        assert api.get("/metrics", headers={"Authorization": f"Basic {basic}"}).status_code == 401
        foreign = {"Authorization": f"Bearer {TOKEN}", "Origin": "http://evil.example"}
        assert api.post("/extender/filter", json=QUESTION, headers=foreign).status_code == 403


def test_without_a_policy_there_is_none(api) -> None:
    assert api.post("/extender/filter", json=QUESTION).status_code == 404


def test_a_policy_that_is_not_there_ends_the_start(open_api) -> None:
    with pytest.raises(AuroraError, match="no-such-policy"):
        open_api(policy="no-such-policy")
