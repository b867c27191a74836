"""Checkpoints: the state of a run as JSON, which the archive keeps with each iteration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from aurora.agents.arena.source import Source
from aurora.agents.search.policy_search import SearchState
from aurora.agents.search.scenario_search import Known
from aurora.graphs.champion_choice import Contender, Race
from aurora.graphs.lessons import Lesson
from aurora.graphs.state import Standing
from aurora.graphs.validation import RaceState
from aurora.memory.store import Store
from aurora.prompts.loader import Prompt
from aurora.sim.policies.policy import parse_policy
from aurora.sim.scenarios.curriculum import Curriculum


def checkpoint(standing: Standing, *, has_model: bool) -> dict[str, Any]:
    """Return the state of a run as JSON values; `restored` reads them.

    Args:
        standing: State of the run between iterations.
        has_model: True if a model writes scenarios or policies for the run.
    """
    lessons = [lesson.model_dump() for lesson in standing.lessons]
    return {
        "curriculum": standing.curriculum.model_dump(mode="json"),
        "searcher": standing.search.model_dump(mode="json"),
        "champion": standing.champion.model_dump(mode="json"),
        "champion_value": standing.champion_value,
        "evaluations": standing.evaluations,
        "passed": dict(standing.passed),
        **({"lessons": lessons} if has_model or lessons else {}),
        **({"prompts": {p.role: p.text for p in standing.prompts.values()}} if standing.prompts else {}),
        **({} if standing.race is None else {"race": _race_json(standing.race)}),
        # The specs themselves are among the archive's scenarios.
        "known": [[k.spec.spec_id, k.reward, list(k.description)] for k in standing.known],
    }


def restored(state: Mapping[str, Any], source: Source, store: Store) -> Standing:
    """Return the state of a run from its checkpoint.

    Args:
        state: Values that `checkpoint` returned.
        source: Source that parses the specs.
        store: Archive that holds the specs.
    """
    specs = store.specs([name for name, _, _ in state["known"]])
    return Standing(
        curriculum=Curriculum.model_validate(state["curriculum"]),
        search=SearchState.model_validate(state["searcher"]),
        champion=parse_policy(state["champion"]),
        champion_value=state["champion_value"],
        evaluations=state["evaluations"],
        known=tuple(
            Known(source.parse(specs[name]), reward, tuple(description)) for name, reward, description in state["known"]
        ),
        passed=dict(state["passed"]),
        lessons=tuple(Lesson.model_validate(lesson) for lesson in state.get("lessons", ())),
        prompts={role: Prompt(role, text) for role, text in state.get("prompts", {}).items()},
        race=_race(state["race"]) if "race" in state else None,
    )


def _race_json(state: RaceState) -> dict[str, Any]:
    contenders = [[c.policy_id, c.values.tolist()] for c in state.race.contenders]
    return {"challengers": state.race.challengers, "contenders": contenders, "marks": state.marks.tolist()}


def _race(data: Mapping[str, Any]) -> RaceState:
    contenders = tuple(Contender(name, np.array(values)) for name, values in data["contenders"])
    return RaceState(Race(contenders, data["challengers"]), np.array(data["marks"]))
