from dataclasses import replace

import numpy as np

from aurora.agents.arena.sources import open_source
from aurora.agents.arena.templates import general_template
from aurora.agents.search.elites import MOST_ELITES, Elite, elites_of, parents_of, use_of, with_elites
from aurora.sim.kernel import encode, evaluate
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.references import REFERENCES

SOURCE = open_source("generated", None)


def elite(cell: str, mean: float, **families: float) -> Elite:
    return Elite(cell=(cell, "cost", "batch"), policy={"policy_id": f"{cell}{mean}"}, mean=mean, families=families)


def test_a_cell_keeps_the_higher_mean() -> None:
    kept = with_elites([elite("a", 1.0)], [elite("a", 0.5), elite("b", -1.0)])
    assert [(e.cell[0], e.mean) for e in kept] == [("a", 1.0), ("b", -1.0)]
    assert with_elites(kept, [elite("a", 2.0)])[0].mean == 2.0


def test_the_lowest_leave_where_there_are_too_many() -> None:
    kept = with_elites([], [elite(f"c{k:03d}", float(k)) for k in range(MOST_ELITES + 7)])
    assert len(kept) == MOST_ELITES
    assert min(e.mean for e in kept) == 7


def test_cells_tell_what_a_policy_uses_how_it_places_and_where_it_is_strong() -> None:
    encoded = encode(SOURCE.expand(SOURCE.sample("batch", 2, np.random.default_rng(3))))
    typical = evaluate(encoded, compile_policy(REFERENCES["first_fit"]))
    cheap, green = replace(typical, cost=0.5 * typical.cost), replace(typical, energy=0.8 * typical.energy)
    policies = [REFERENCES["cheapest"], REFERENCES["greenest"], general_template()]
    leads = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0], [0.4, 0.6, 0.5, 0.5]])
    families = ("batch", "batch", "sensors", "sensors")
    first, second, third = elites_of(policies, leads, [[cheap] * 4, [green] * 4, [typical] * 4], families)
    assert first.cell == ("plain", "cost", "batch")
    assert second.cell == ("plain", "energy", "sensors")
    assert third.cell[:2] == ("order+goals", "as others")
    assert second.families == {"batch": 0.0, "sensors": 1.0}


def test_what_a_policy_uses() -> None:
    assert use_of(REFERENCES["first_fit"]) == "plain"
    assert use_of(REFERENCES["sjf"]) == "order"


def test_parents_by_family_are_those_that_are_best_on_one() -> None:
    elites = [elite("a", 0.0, x=5.0, y=-5.0), elite("b", 0.0, x=-5.0, y=5.0), elite("c", 0.0, x=0.0, y=0.0)]
    elites += [elite(f"d{k}", -9.0, x=-9.0 - k, y=-9.0 - k) for k in range(3)]
    drawn = {e.cell[0] for e in parents_of(elites, 60, 1, by_family=True)}
    assert {"a", "b"} <= drawn
    assert not drawn & {"d1", "d2"}
    assert parents_of(elites, 5, 2, by_family=True) == parents_of(elites, 5, 2, by_family=True)
    assert len({e.cell[0] for e in parents_of(elites, 200, 1, by_family=False)}) == len(elites)
