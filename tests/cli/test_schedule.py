"""The command `aurora schedule`: serving, configuration, replay and report."""

import http.client
import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cli.command import AURORA, aurora
from tests.cluster.scheduler.wire_format import pod, with_names

NODES = "sn,cpu_milli,memory_mib,gpu,model\n" + "".join(
    f"n{k},32000,131072,{4 if k % 2 else 0},{'A100' if k % 2 else ''}\n" for k in range(6)
)
PODS = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"
PODS += "".join(
    f"p{k},{2000 + 1000 * (k % 5)},8192,{k % 2},{500 if k % 2 else 0},,LS,Running,{10 * k},{10 * k + 400},{10 * k}\n"
    for k in range(120)
)


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nodes.csv").write_text(NODES)
    (tmp_path / "pods.csv").write_text(PODS)
    return tmp_path


REPLAY = ("schedule", "replay", "--nodes", "nodes.csv", "--pods", "pods.csv", "--policy", "fgd", "--out", "s.jsonl")


def test_a_trace_is_replayed_and_reported(trace: Path) -> None:
    done = json.loads(aurora(*REPLAY, "--json").stdout)
    assert done["tasks"] == done["decisions"] == 120
    report = json.loads(aurora("schedule", "report", "s.jsonl", "--json").stdout)
    assert {"policy", "parts", "tasks", "decisions", "same", "none", "seconds", "differences", "unknown"} < set(report)
    assert report["same"] == done["same"] < 120
    rows = {d["measure"]: d for d in report["differences"]}
    assert set(rows) == {"wait", "unplaced", "nodes in use", "fragmentation", "price in use"}
    assert rows["price in use"]["policy"] is None
    assert rows["fragmentation"]["low"] <= rows["fragmentation"]["difference"] <= rows["fragmentation"]["high"]
    shown = aurora("schedule", "report", "s.jsonl")
    assert "nodes in use" in shown.stdout
    assert "not known: no node has a price" in shown.stderr
    assert "exists" in aurora(*REPLAY, code=2).stderr


def test_the_configuration_is_yaml() -> None:
    made = yaml.safe_load(aurora("schedule", "config", "--url", "https://x:1", "--ca", "/ca.crt").stdout)
    assert made["kind"] == "KubeSchedulerConfiguration"
    assert made["extenders"][0]["tlsConfig"] == {"caFile": "/ca.crt"}
    assert "--url" in aurora("schedule", "config", "--url", "x", code=6).stderr


def test_serving_answers_until_it_is_ended(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    words = ["schedule", "serve", "--snapshot", "sample:web-shop", "--policy", "best_fit", "--port", "0"]
    process = subprocess.Popen(
        [*AURORA, *words, "--token-file", str(tmp_path / "token")], stderr=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stderr is not None
    port = None
    for line in process.stderr:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
            port = int(found[1])
            break
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        body = json.dumps(with_names(pod(), "node-a1", "node-b1"))
        connection.request("POST", "/filter", body)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 401
        connection.request("POST", "/prioritize", body, {"Authorization": "Bearer secret"})
        scores = json.loads(connection.getresponse().read())
        assert [s["Host"] for s in scores] == ["node-a1", "node-b1"]
    finally:
        process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def test_sources_and_addresses_are_checked() -> None:
    serve = ("schedule", "serve", "--policy", "best_fit")
    assert "--live" in aurora(*serve, code=2).stderr
    assert "--live" in aurora(*serve, "--live", "--snapshot", "sample:web-shop", code=2).stderr
    refused = aurora(*serve, "--snapshot", "sample:web-shop", "--host", "0.0.0.0", "--port", "0", code=6)
    assert "--host" in refused.stderr
    assert "no log" in aurora("schedule", "report", "none.jsonl", code=6).stderr


def test_the_benchmark_has_a_short_form() -> None:
    words = ("bench", "schedule", "--nodes", "100", "--decisions", "50", "--seconds", "0.5", "--json")
    result = json.loads(aurora(*words).stdout)
    (row,) = result["decisions"]
    assert row["nodes"] == 100
    assert 0 < row["p50_ms"] <= row["p99_ms"]
    (sent,) = result["requests"]
    assert (sent["requests"], sent["failed"]) == (100, 0)
