"""Outcomes as tables."""

import numpy as np

import aurora


def test_an_outcome_lists_its_tasks_as_rows():
    scenario = aurora.generate("bulk", level=2, seed=5)
    outcome = aurora.simulate(scenario, aurora.REFERENCES["first_fit"])
    table = outcome.to_pandas(scenario)
    assert table["task"].tolist() == [t.task_id for t in scenario.tasks]
    assert (table["status"] == "completed").sum() == outcome.summary.completed
    assert np.isclose(table["cost"].sum(), outcome.summary.cost)
    links = {l.link_id for l in scenario.links}
    assert all(link in links for path in table["path"] if path is not None for link in path)


def test_without_the_scenario_tasks_and_nodes_are_numbered():
    scenario = aurora.generate("batch", level=1, seed=5)
    outcome = aurora.simulate(scenario, aurora.REFERENCES["first_fit"])
    named, numbered = outcome.to_pandas(scenario), outcome.to_pandas()
    assert numbered["task"].tolist() == list(range(len(scenario.tasks)))
    names = [None if n is None else scenario.nodes[n].node_id for n in numbered["node"]]
    assert names == named["node"].tolist()
    assert list(named.columns) == list(numbered.columns)


def test_an_outcome_and_its_summary_have_the_same_score():
    scenario = aurora.generate("batch", level=1, seed=5)
    outcome = aurora.simulate(scenario, aurora.REFERENCES["first_fit"])
    assert aurora.score(outcome, scenario) == aurora.score(outcome.summary, scenario)
    assert aurora.bounds(scenario).cost <= outcome.summary.cost
