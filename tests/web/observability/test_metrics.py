"""Metrics and probes of a server, as Prometheus reads them."""

import json
import time

from prometheus_client.parser import text_string_to_metric_families

from aurora.agents.models.budget import Spent
from aurora.graphs.chat.streaming import DoneEvent, ErrorEvent, LookupEvent
from aurora.web.observability.metrics import Meter
from aurora.web.observability.turns import TurnWatch
from aurora.web.turns.events import StartedEvent

ACCEPT = {"Accept": "application/json, text/event-stream"}


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (s.name, tuple(sorted(s.labels.items()))): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }


def test_requests_count_by_route_and_never_by_their_ids(open_api) -> None:
    with open_api() as api:
        for path in ("/healthz", "/no/such/secret-path-4711", "/api/chat/sessions/secret-id-4711"):
            api.get(path)
        api.post("/healthz", headers={"Origin": "http://evil.example"})
        api.request("BREW", "/healthz")
        text = api.get("/metrics").text
    assert "4711" not in text
    assert "BREW" not in text
    found = samples(text)
    count = {dict(k[1])["status"]: v for k, v in found.items() if k[0] == "aurora_requests_total"}
    assert count["200"] >= 1
    assert count["403"] >= 1
    route = (("method", "GET"), ("route", "/healthz"), ("status", "200"))
    assert found["aurora_requests_total", route] == 1
    assert found["aurora_request_seconds_count", (("route", "/healthz"),)] >= 1


def test_tool_calls_of_mcp_clients_count_and_names_that_are_none_share_a_label(open_api) -> None:
    with open_api() as api:
        for name in ("cluster_overview", "no-tool-4711"):
            ask = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": {}}}
            hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
            begin = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}
            session = api.post("/mcp", json=begin, headers=ACCEPT).headers["mcp-session-id"]
            own = {**ACCEPT, "Mcp-Session-Id": session}
            api.post("/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=own)
            assert api.post("/mcp", json=ask, headers=own).status_code == 200
        text = api.get("/metrics").text
    assert "4711" not in text
    found = samples(text)
    for tool, outcome in (("cluster_overview", "ok"), ("unknown", "unknown tool")):
        labels = (("by", "mcp"), ("outcome", outcome), ("tool", tool))
        assert found["aurora_tool_calls_total", labels] == 1
    assert found["aurora_sse_clients", ()] == 0


def test_turns_tools_and_simulations_count() -> None:
    meter = Meter()
    watch = TurnWatch(meter, None)
    watch(StartedEvent(cause="question", question="secret-4711"))
    watch(LookupEvent(id="E1", tool="rank_cluster_policies", arguments={"x": "secret-4711"}, outcome="running"))
    watch(LookupEvent(id="E1", tool="rank_cluster_policies", arguments={}, outcome="ok", seconds=2.0))
    watch(LookupEvent(id="E2", tool="secret-4711", arguments={}, outcome="unknown tool"))
    watch(ErrorEvent(kind="ModelError", message="secret-4711"))
    text = meter.text().decode()
    assert "4711" not in text
    found = samples(text)
    assert found["aurora_turns_total", (("end", "failed"),)] == 1
    assert found["aurora_simulations_total", (("tool", "rank_cluster_policies"),)] == 1
    labels = (("by", "turn"), ("outcome", "unknown tool"), ("tool", "unknown"))
    assert found["aurora_tool_calls_total", labels] == 1
    assert found["aurora_tool_seconds_sum", (("tool", "rank_cluster_policies"),)] == 2


def test_dollars_show_only_where_the_price_is_known() -> None:
    meter = Meter()
    spent = Spent()._replace(calls=2, tokens_in=30, tokens_out=4, dollars=0.5)
    meter.watch_models(lambda: {"a:priced": (spent, True), "b:free": (spent, False)})
    found = samples(meter.text().decode())
    assert found["aurora_model_tokens_total", (("direction", "in"), ("model", "a:priced"))] == 30
    assert found["aurora_model_dollars_total", (("model", "a:priced"),)] == 0.5
    assert ("aurora_model_dollars_total", (("model", "b:free"),)) not in found


def test_a_turn_of_the_api_is_counted(open_api) -> None:
    with open_api() as api:
        turns = api.app.state.context.turns
        row = turns.new()
        turns.start(row.session_id, "how full is the cluster?")
        events = [event for _, event in turns.events(row.session_id)]
        assert isinstance(events[-1], DoneEvent)
        found = samples(api.get("/metrics").text)
    assert found["aurora_turns_total", (("end", "answered"),)] == 1
    calls = [v for (name, labels), v in found.items() if name == "aurora_tool_calls_total" and ("by", "turn") in labels]
    assert sum(calls) == sum(isinstance(e, LookupEvent) and e.outcome != "running" for e in events) > 0


def test_metrics_need_the_token_and_probes_do_not(open_api) -> None:
    with open_api(token="a token of more than sixteen letters") as api:
        assert api.get("/metrics").status_code == 401
        assert api.get("/healthz").status_code == 200
        assert api.get("/readyz").status_code in (200, 503)


def test_it_becomes_ready_and_says_why_it_is_not(open_api) -> None:
    with open_api() as api:
        until = time.monotonic() + 120
        while (answer := api.get("/readyz")).status_code != 200:
            assert "compiled" in answer.text
            assert time.monotonic() < until
            time.sleep(0.1)
        context = api.app.state.context
        context.settings.plans.write_text("no folder")
        assert api.get("/readyz").status_code == 503
        context.settings.plans.unlink()
        context.sessions.path.write_bytes(b"no database at all" * 100)
        answer = api.get("/readyz")
    assert answer.status_code in (200, 503)  # SQLite may have the pages in memory still


def test_each_answer_has_the_id_of_its_request(open_api) -> None:
    with open_api() as api:
        own = [api.get("/healthz").headers["x-request-id"] for _ in range(2)]
        assert own[0] != own[1]
        assert api.get("/healthz", headers={"X-Request-ID": "given-4711"}).headers["x-request-id"] == "given-4711"
        bad = api.get("/healthz", headers={"X-Request-ID": 'a"<script>\t'}).headers["x-request-id"]
        assert "script" not in bad
        refused = api.post("/healthz", headers={"Origin": "http://evil.example"})
        assert refused.status_code == 403
        assert refused.headers["x-request-id"]
        assert json.loads(refused.text)["status"] == 403
