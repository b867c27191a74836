"""What a model writes for attacker and defender, and how it goes together with the search."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from aurora.agents.arena.evaluation import Arena, advantage, arena, values
from aurora.agents.arena.sources import Spec
from aurora.agents.roles.attacker import AttackBriefing, Played, write_scenarios
from aurora.agents.roles.briefing import program_told
from aurora.agents.roles.defender import STANCES, Candidates, DefendBriefing, tools_of, write_policies
from aurora.agents.search.policy_search import FEWEST_WEIGHTS, Proposal, SearchState, tunable
from aurora.errors import AnswerError, ModelError
from aurora.graphs.lessons import KEPT as KEPT_LESSONS
from aurora.graphs.lessons import Lesson, on_attack
from aurora.graphs.state import State
from aurora.graphs.workbench import Workbench
from aurora.memory.store import Failure, NewPrompt
from aurora.memory.texts import scenario_text
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.policy import Policy, parse_policy
from aurora.sim.scenarios.spec import ScenarioSpec
from aurora.tools.desk import Desk
from aurora.tools.harness import Harness

BY_MODEL, KEPT = "model", "kept"
"""Origins: a model wrote it; nothing better was found."""
SHOWN = 3
"""Best policies, and reasons of failure, that the defender is shown."""
SHOWN_REASON = 400
"""Characters of a reason that the attacker is shown."""
_CONSTANT = re.compile(r"[-+ ]*\d[\d.e-]*")
"""A number in a program, with its sign."""


def scenarios_asked(bench: Workbench, level: int, missing: int) -> int:
    """Return how many of the missing scenarios the model shall write.

    Scenarios of a source without levels are variants of a real trace: there is nothing to write.
    """
    if not bench.asks(level) or not bench.source.has_levels:
        return 0
    return missing if bench.settings.proposer == "model" else (missing + 1) // 2


def write_specs(bench: Workbench, level: int, count: int, rng: np.random.Generator) -> list[Spec]:
    """Specs by the model; what was wrong with its answers goes to the archive."""
    assert bench.authors is not None  # it was asked whether there is one
    bench.go_on_or_abandon()
    draft = bench.draft
    success = bench.store.success_rates([k.spec.spec_id for k in bench.known])
    played = [
        Played(k.spec, k.reward, success.get(k.spec.spec_id, 0.0))
        for k in bench.known
        if isinstance(k.spec, ScenarioSpec)
    ]
    sent_back = [
        f"{scenario_text(draft.specs[f.subject])}: {f.reason}" if f.subject in draft.specs else f.reason[:SHOWN_REASON]
        for f in draft.failures
        if f.kind == "scenario" and (f.subject == BY_MODEL or f.subject in draft.by_model)
    ]
    accepted = [spec for n in draft.encoded if isinstance(spec := draft.specs[n], ScenarioSpec)]
    briefing = AttackBriefing(level, count, played, sent_back, int(rng.integers(2**31)), accepted)
    try:
        written = write_scenarios(bench.authors.model, bench.authors.attacker, briefing)
    except AnswerError as error:
        draft.failures.append(Failure("scenario", BY_MODEL, str(error)))
        return []
    except ModelError as error:
        if not error.retryable:
            raise
        draft.failures.append(Failure("scenario", BY_MODEL, str(error)))
        return []
    draft.failures += [Failure("scenario", BY_MODEL, reason) for reason in written.rejected]
    draft.by_model |= {spec.spec_id for spec in written.specs}
    return list(written.specs)


def propose_with_model(
    bench: Workbench,
    state: State,
    ground: Arena,
    searched: Callable[[SearchState, Sequence[Policy]], Proposal],
) -> Proposal:
    """The model's policies alone, or with a search that begins at the best of them.

    Args:
        bench: The run.
        state: Of the iteration.
        ground: Training scenarios, on which candidates are ranked.
        searched: Searches from a state, crossing with these policies too.
    """
    bench.go_on_or_abandon()
    written = _write(bench, state)
    bench.go_on_or_abandon()
    bench.draft.failures += [Failure("policy", BY_MODEL, reason) for reason in written.failures]
    found = [(p, BY_MODEL, ()) for p in written.policies]
    if bench.settings.proposer == "both":
        proposal = searched(_best_start(bench, ground, written.policies), written.policies)
        found = [*proposal.candidates, *found]  # type: ignore[list-item]  # parents of any number
        rest = proposal._replace(candidates=())
    else:
        base = parse_policy(bench.searcher.policy)
        found = found or [(base, KEPT, ())]
        rest = Proposal((), bench.searcher, 0, (), ())
    unique = {policy.policy_id: (policy, origin, parents) for policy, origin, parents in reversed(found)}
    leads = {name: advantage(ground, row[0], bench.jobs) for name, row in unique.items()}
    means = {name: float(lead.mean()) for name, lead in leads.items()}
    bench.draft.candidate_training = means
    bench.draft.candidate_weakest = {name: _weakest(bench, lead) for name, lead in leads.items()}
    order = sorted(means, key=lambda n: (-means[n], n))
    history = rest.history or (means[order[0]],)
    return rest._replace(candidates=tuple(unique[n] for n in order), history=history)


def _weakest(bench: Workbench, lead: NDArray[np.float64]) -> str:
    """The training family on which a policy was weakest, with its mean; the ground begins with theirs, in order."""
    families, each = bench.source.training, bench.source.effort.training_per_family
    if len(families) == 1:
        return ""
    means = lead[: len(families) * each].reshape(len(families), each).mean(axis=1)
    least = int(np.argmin(means))
    return f"{families[least]}, {means[least]:+.4f}"


def _best_start(bench: Workbench, ground: Arena, written: Sequence[Policy]) -> SearchState:
    """Return where the search begins: at the model's best policy if that is ahead of where it stands."""
    own = float(advantage(ground, parse_policy(bench.searcher.policy), bench.jobs).mean())
    start = bench.searcher
    for policy in written:
        ahead = float(advantage(ground, policy, bench.jobs).mean())
        if ahead > own and tunable(policy).sum() >= FEWEST_WEIGHTS:
            own, start = ahead, SearchState(policy=policy.model_dump(mode="json"), parent=policy.policy_id)
    return start


def _write(bench: Workbench, state: State) -> Candidates:
    """Policies by the model for the attacker's scenarios.

    It is asked even where an archived policy beats the references on all of them: what is gained on validation came
    from such iterations too.
    """
    assert bench.authors is not None  # it was asked whether there is one
    source, draft = bench.source, bench.draft
    scenarios = [draft.encoded[n] for n in state["scenario_ids"]]
    here = arena(source, scenarios, bench.jobs)
    rivals = sorted(draft.rivals)
    rows = values(source, scenarios, [compile_policy(draft.rivals[n]) for n in rivals], bench.jobs)
    best = sorted(((draft.rivals[n], float(row.mean())) for n, row in zip(rivals, rows, strict=True)), key=_by_value)
    references = dict(zip(here.reference_names, here.reference_values.tolist(), strict=True))
    in_units = source.unit == "reward"
    briefing = DefendBriefing(
        [e.scenario for e in scenarios],
        source.measure,
        references,
        distinct(best)[:SHOWN] or _best_references(bench, references),
        bench.store.failures("policy", SHOWN),
        source.templates[0].allocation_strategy if source.queue_is_given else None,
        champion=(bench.champion, bench.champion_value),
        lessons=[lesson.told() for lesson in bench.lessons],
        is_tuned=bench.settings.proposer == "both",
        in_units=in_units,
    )

    def harness() -> Harness:
        desk = Desk(
            scenarios,
            draft.rivals,
            store=bench.store,
            index=bench.index,
            expand=lambda spec: source.expand(source.parse(spec)),
            value=source.value,
        )
        assert bench.authors is not None  # as above
        networks = any(p.allocation_strategy.network is not None for p in draft.rivals.values())
        tools = tools_of(with_networks=networks, in_units=in_units)
        return Harness(desk, tools, recording=bench.authors.model.recording)

    return write_policies(bench.authors.model, bench.authors.defender, briefing, harness, len(STANCES))


def _by_value(pair: tuple[Policy, float]) -> tuple[float, str]:
    return -pair[1], pair[0].policy_id


def distinct(best: Sequence[tuple[Policy, float]]) -> list[tuple[Policy, float]]:
    """Of policies that differ in constants only, keep the first: the others would tell a reader nothing."""
    shapes: dict[str, tuple[Policy, float]] = {}
    for policy, value in best:
        shapes.setdefault(_CONSTANT.sub("#", program_told(policy)), (policy, value))
    return list(shapes.values())


def _best_references(bench: Workbench, values_: dict[str, list[float]]) -> list[tuple[Policy, float]]:
    """Before there are any others, the best references stand as examples."""
    pairs = [(bench.source.references[n], float(np.mean(v))) for n, v in values_.items()]
    return sorted(pairs, key=_by_value)[:SHOWN]


def learn(bench: Workbench, iteration: int, validation: Mapping[str, float]) -> None:
    """Keep what became of the model's candidates, for the next time that it is asked.

    Args:
        bench: The run, its champion chosen.
        iteration: In which they were written.
        validation: Their mean value over the best reference on validation, by id.
    """
    draft = bench.draft
    for name, value in validation.items():
        if draft.policies[name].origin != BY_MODEL:
            continue
        bench.lessons.append(
            Lesson(
                policy_id=name,
                iteration=iteration,
                training=draft.candidate_training[name],
                validation=value,
                champion=bench.champion_value,
                became_champion=bench.champion.policy_id == name,
                on_attack=on_attack(
                    name,
                    draft.achieved,
                    draft.outcomes,
                    list(bench.source.references),
                    in_units=bench.source.unit == "reward",
                    texts={n: scenario_text(draft.specs[n]) for n in draft.achieved},
                ),
                weakest=draft.candidate_weakest[name],
                idea=draft.policies[name].policy.policy_description,
            )
        )
    del bench.lessons[:-KEPT_LESSONS]


def prompt_of(bench: Workbench, spec: Spec) -> str | None:
    """Return the version of the prompt that led to a scenario; None if no model wrote it.

    What the search makes of a model's scenario keeps its family, so the family does not tell.
    """
    by_model = spec.spec_id in bench.draft.by_model
    return bench.authors.attacker.prompt_id if bench.authors is not None and by_model else None


def prompts_used(bench: Workbench) -> list[NewPrompt]:
    """The versions of the prompts of this run."""
    if bench.authors is None:
        return []
    return [NewPrompt(p.prompt_id, p.role, p.text) for p in (bench.authors.attacker, bench.authors.defender)]
