"""`langgraph.json`: valid by LangGraph's own command, and its graph loads and answers without a checkpointer."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def test_the_graph_of_langgraph_json_loads_and_answers(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("AURORA_PLANS", str(tmp_path))
    monkeypatch.delenv("AURORA_MODEL", raising=False)
    path, _, name = json.loads((ROOT / "langgraph.json").read_text())["graphs"]["operator"].partition(":")
    spec = importlib.util.spec_from_file_location("exported", ROOT / path)  # as the server loads it
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    graph = getattr(module, name)()
    assert graph.checkpointer is None
    state = graph.invoke({"messages": [{"role": "user", "content": "how full is the cluster?"}]})
    assert "12 nodes" in state["messages"][-1].text
    assert graph.get_input_jsonschema()["properties"]["messages"]


def test_langgraph_json_is_valid() -> None:
    pytest.importorskip("langgraph_cli")
    command = [sys.executable, "-m", "langgraph_cli", "validate"]
    environment = {**os.environ, "LANGGRAPH_CLI_NO_ANALYTICS": "1"}
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_token_of_the_model_is_streamed_before_it_is_checked(monkeypatch, tmp_path) -> None:
    from aurora.agents.roles.operator import ModelOperator
    from aurora.cluster.samples.load import load_sample
    from aurora.graphs.chat.graph import chat_graph
    from aurora.graphs.chat.surroundings import Surroundings
    from aurora.prompts.loader import load_prompt
    from aurora.tools.desk import Desk
    from tests.agents.scripted_model import calls, scripted

    model = scripted(calls(("cluster_overview", {})), "99 nodes are there [E1].", "99 nodes are there [E1].")
    desk = Desk([], snapshot=load_sample("web-shop"), plans=tmp_path)
    graph = chat_graph(Surroundings(desk, ModelOperator(model, load_prompt("operator"))))
    given = {"messages": [("user", "how many?")]}
    seen = [str(m) for m in graph.stream(given, stream_mode=["messages", "updates"], subgraphs=True)]
    assert seen
    shown = [m for m in seen if "'messages'" in m.split(",")[1]]
    assert shown
    assert not [m for m in shown if "99 nodes" in m and "struck" not in m]
