"""Explains why a task did not go to a certain candidate, and what would have changed that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from aurora.agents.explain.explainer import claims_against, shown_values
from aurora.agents.explain.explicit import place_name
from aurora.agents.explain.waiting import MAX_HOLDERS_NAMED
from aurora.agents.explain.waiting_words import amount, lacking
from aurora.agents.explain.wording import Audience, called, no_flip_text, pair_texts, sentence
from aurora.errors import ScenarioError
from aurora.quantities import energy, plain
from aurora.sim.explain.change_sets import smallest_changes
from aurora.sim.explain.claims import (
    SCORE,
    Case,
    Checked,
    Claim,
    ComparisonClaim,
    FlipClaim,
    check,
)
from aurora.sim.explain.decision import Decision, Option, advantages, features_read, terms
from aurora.sim.explain.edits import Edit, EditKind
from aurora.sim.explain.history import History
from aurora.sim.explain.names import shown_name
from aurora.sim.explain.nouns import moment
from aurora.sim.explain.shortage import name_of, places_of
from aurora.sim.explain.waiting_claims import (
    HoldClaim,
    InfeasibleClaim,
    hold_claims,
    infeasible_at,
    number_of,
    status_claim,
    wait_claims,
)

FEATURES_COMPARED_UNREAD = ("fit.cost", "fit.energy", "fit.latency", "fit.duration")
"""Features in which a candidate may be better although the policy does not read them."""
LOWER_FROM = 0.99
"""Ratio to the winner's value below which a candidate counts as better: one hundredth less."""
MAX_NODES_NAMED = 5
"""Most allowed nodes that are named."""
MAX_BETTER = 2
"""Most features named in which the candidate was better."""
EDITS: Mapping[EditKind, tuple[str, Callable[[float], str]]] = {
    "cpu": ("cores", plain),
    "memory": ("memory", lambda v: f"{plain(v)} GiB"),
    "accelerators": ("accelerators", plain),
    "bandwidth": ("bandwidth", lambda v: f"{plain(v)} Gbit/s"),
    "battery": ("battery", energy),
    "price": ("price", lambda v: f"${plain(v)}/h"),
    "speed": ("speed", plain),
    "latency": ("latency", lambda v: f"{plain(v)} ms"),
    "carbon": ("carbon intensity", lambda v: f"{plain(v)} g/kWh"),
}
"""Words and formats of changes that have a value."""


class Contrast(NamedTuple):
    """Reason for which a task did not go to a candidate.

    Attributes:
        candidate: Name of the candidate.
        because: not_allowed: the task may not use it; chosen: it did go there; infeasible: it lacked something;
            lost: another one scored higher; draw: as high, and another comes first in the list; not_admitted:
            the policy does not admit it; untraced: it had room, and is not among the best that the trace keeps;
            dependency, queue or policy: the task was placed nowhere, and that is what it waited for last; planned: an
            explicit plan names another place.
        checked: Every claim with its verdict.
        text: Text of the claims that hold.
        changes: Smallest set of changes that would have brought the task there, each simulated; empty if none is found.
    """

    candidate: str
    because: str
    checked: tuple[Checked, ...]
    text: str
    changes: tuple[Edit, ...] = ()

    @property
    def changes_text(self) -> str:
        """The changes as a sentence; empty if there are none."""
        if not self.changes:
            return ""
        count = "this change" if len(self.changes) == 1 else f"these {len(self.changes)} changes, and no fewer of them"
        return f"Simulated again, it goes there with {count}: {'; '.join(edit_text(e) for e in self.changes)}."

    def to_json(self) -> dict[str, Any]:
        """Return `why_not` of `aurora explain --why-not --json`."""
        return {
            "candidate": self.candidate,
            "because": self.because,
            "text": self.text,
            "claims": [c.to_json() for c in self.checked],
            "changes": [{"text": edit_text(e), **e._asdict()} for e in self.changes],
        }


def why_not(case: Case, task_id: str, candidate: str, *, audience: Audience = "operator") -> Contrast:
    """Explain why a task did not go to a candidate, and what would have brought it there.

    Args:
        case: Run, with the last decision about the task if there is one (`explainer.case_of`).
        task_id: Task to explain.
        candidate: Id of a node, or name of a flow's path.
        audience: Reader of the text.

    Raises:
        ScenarioError: There is no such candidate.
    """
    run = case.run
    assert run is not None  # `case_of` gives one
    task = number_of(run, task_id)
    assert task is not None  # likewise
    _require(run, task, candidate)
    if run.policy.allocation_plan is not None:
        return _planned(case, run, task_id, candidate)
    contrast = _contrast(case, run, task, candidate, audience)
    if contrast.because == "chosen":
        return contrast
    changes = smallest_changes(run, task, candidate) or ()
    return contrast._replace(changes=changes)


def edit_text(edit: Edit) -> str:
    """Return a change in words."""
    subject = shown_name(edit.subject)
    match edit.kind:
        case "allow":
            return f"the task may use {subject}"
        case "model":
            return f"the task may use the accelerator model of {subject}"
        case "up":
            return f"{subject} does not fail"
    words, write = EDITS[edit.kind]
    return f"{words} of {subject} {write(edit.then)} instead of {write(edit.now)}"


def _planned(case: Case, run: History, task_id: str, candidate: str) -> Contrast:
    """Explain that an explicit plan names another place, and what the candidate lacked at the planned time."""
    task, planned, name = number_of(run, task_id), place_name(run, task_id), shown_name(candidate)
    assert task is not None  # `case_of` has looked
    if planned == candidate:
        return Contrast(candidate, "chosen", (), f"The plan does put task {shown_name(task_id)} on {name}.")
    attempts = run.of_task.get(task, ())
    time = attempts[0].start if attempts else run.scenario.tasks[task].arrival_time
    checked = check(infeasible_at(run, task, time, candidate), case)
    lacks = [c.claim for c in checked if c.holds and isinstance(c.claim, InfeasibleClaim)]
    names = f"names {shown_name(planned)}" if planned else "does not place it"
    room = " and ".join(lacking(c) for c in lacks) or "it had room"
    return Contrast(candidate, "planned", tuple(checked), f"Not on {name}: the plan {names}. At {moment(time)} {room}.")


def _contrast(case: Case, run: History, task: int, candidate: str, audience: Audience) -> Contrast:
    task_id, decision = run.scenario.tasks[task].task_id, case.decision
    allowed = run.scenario.tasks[task].allowed_nodes
    if allowed and candidate not in allowed:
        return _not_allowed(case, run, task, candidate)
    if decision is None:
        return _never_placed(case, run, task, candidate)
    option = next((o for o in decision.options if o.name == candidate), None)
    if option is decision.chosen:
        text = f"Task {shown_name(task_id)} did go to {shown_name(candidate)}."
        return Contrast(candidate, "chosen", (), text)
    if option is not None:
        return _outscored(case, decision, option, audience)
    lacks = infeasible_at(run, task, decision.time, candidate)
    if lacks:
        return _infeasible(case, run, task, candidate, lacks, decision)
    if decision.is_complete or len(decision.options) < len(run.outcome.trace.candidates[0]):  # type: ignore[union-attr]
        text = f"Not on {shown_name(candidate)}: it had room, and the policy does not admit it."
        return Contrast(candidate, "not_admitted", (), text)
    text = (
        f"Not on {shown_name(candidate)}: it had room, and is not among the best {len(decision.options)} of "
        f"{decision.feasible} candidates, which are all that this scenario's size lets the trace keep."
    )
    return Contrast(candidate, "untraced", (), text)


def _require(run: History, task: int, candidate: str) -> None:
    asked = run.scenario.tasks[task]
    paths = [name_of(run.encoded, place) for place in places_of(run.encoded, task)]
    known = paths if asked.destination_site is not None else [n.node_id for n in run.scenario.nodes]
    if candidate not in known:
        few = ", ".join(repr(k) for k in known[:5]) + (f" and {len(known) - 5} more" if len(known) > 5 else "")  # noqa: PLR2004
        raise ScenarioError(f"task {asked.task_id!r} has no candidate {candidate!r}; it has {few or 'none'}")


def _not_allowed(case: Case, run: History, task: int, candidate: str) -> Contrast:
    checked = check(infeasible_at(run, task, None, candidate), case)
    allowed = [shown_name(n) for n in dict.fromkeys(run.scenario.tasks[task].allowed_nodes)]
    more = f" and {len(allowed) - MAX_NODES_NAMED} more" if len(allowed) > MAX_NODES_NAMED else ""
    text = f"Not on {shown_name(candidate)}: the task may use only {', '.join(allowed[:MAX_NODES_NAMED])}{more}."
    return Contrast(candidate, "not_allowed", tuple(checked), text)


def _never_placed(case: Case, run: History, task: int, candidate: str) -> Contrast:
    """Explain a task that was never placed by what the candidate lacked, on an empty system or in the last wait."""
    waits = wait_claims(run, task)
    if status_claim(run, task).status == "unplaceable":
        time = None
    elif waits and waits[-1].reason != "room":
        return Contrast(candidate, waits[-1].reason, (), f"Task {shown_name(waits[-1].task)} was placed nowhere.")
    else:
        time = waits[-1].start if waits else run.scenario.tasks[task].arrival_time
    return _infeasible(case, run, task, candidate, infeasible_at(run, task, time, candidate), None)


def _infeasible(
    case: Case,
    run: History,
    task: int,
    candidate: str,
    lacks: Sequence[InfeasibleClaim],
    decision: Decision | None,
) -> Contrast:
    claims: list[Claim] = list(lacks)
    time = lacks[0].time if lacks else None
    place = next((p for p in places_of(run.encoded, task) if name_of(run.encoded, p) == candidate), None)
    if time is not None and place is not None:
        before = None if decision is None else decision.number
        claims += hold_claims(run, task, place, time, before)[:MAX_HOLDERS_NAMED]
    checked = check(claims, case)
    held = [c.claim for c in checked if c.holds]
    return Contrast(candidate, "infeasible", tuple(checked), _infeasible_text(candidate, held))


def _infeasible_text(candidate: str, claims: Sequence[Claim]) -> str:
    lacks = [c for c in claims if isinstance(c, InfeasibleClaim)]
    holders = [c for c in claims if isinstance(c, HoldClaim)]
    if not lacks:
        return f"Not on {shown_name(candidate)}."
    when = "with everything free" if lacks[0].time is None else f"at {moment(lacks[0].time)}"
    text = f"Not on {shown_name(candidate)}: {when} {' and '.join(lacking(c) for c in lacks)}."
    if holders:
        listed = "; ".join(sentence(c, {}, "operator") for c in holders)
        text += f"\n{listed}."
    needs = [
        f"{amount(c.resource, c.asked - c.most)} more"
        for c in lacks
        if c.asked and c.resource != "model" and c.time is not None
    ]
    return f"{text}\nWith {' and '.join(needs)} free it would have been a candidate." if needs else text


def _outscored(case: Case, decision: Decision, option: Option, audience: Audience) -> Contrast:
    claims = claims_against(decision, option)
    better = _better(decision, option)
    checked = check([*claims, *better], case)
    held = [c.claim for c in checked if c.holds]
    is_draw = any(isinstance(c, ComparisonClaim) and c.feature == SCORE for c in held)
    text = _outscored_text(decision, option, held, audience)
    return Contrast(option.name, "draw" if is_draw else "lost", tuple(checked), text)


def _better(decision: Decision, option: Option) -> list[Claim]:
    """Return claims of features in which the candidate was better than the winner, read by the score or not."""
    chosen = decision.chosen
    known = advantages(decision, option)
    names = sorted((n for n in known if known[n] < 0), key=lambda n: known[n])
    read = features_read(decision)
    names += [
        n for n in FEATURES_COMPARED_UNREAD if n not in read and option.features[n] < LOWER_FROM * chosen.features[n]
    ]
    return [
        ComparisonClaim(
            option.name, n, "lower" if option.features[n] < chosen.features[n] else "higher", decision.chosen.name
        )
        for n in names
    ]


def _outscored_text(decision: Decision, option: Option, claims: Sequence[Claim], audience: Audience) -> str:
    values, winner, name = shown_values(decision), shown_name(decision.chosen.name), shown_name(option.name)
    compared = [c for c in claims if isinstance(c, ComparisonClaim)]
    if any(c.feature == SCORE for c in compared):
        lines = [
            f"Not on {name}: it scores as {winner} does ({plain(option.score)}), and {winner} comes first in the list."
        ]
    else:
        worse = [c.feature for c in compared if c.option == decision.chosen.name]
        compared = [c for c in compared if c.option != option.name or c.feature not in worse]
        on = _against(decision, option, worse, audience) or f"the score ({plain(option.score)})"
        lines = [f"Not on {name}: it lost to {winner} on {on}."]
    read, mine = features_read(decision), [c.feature for c in compared if c.option == option.name]
    counted = _against(decision, option, [f for f in mine if f in read][:MAX_BETTER], audience)
    ignored = _against(decision, option, [f for f in mine if f not in read][:MAX_BETTER], audience)
    lines += [f"It was better on {counted}, which weighs less."] if counted else []
    lines += [f"It was better on {ignored}, which the policy does not read."] if ignored else []
    flips = [c for c in claims if isinstance(c, FlipClaim)]
    lines += [f"{sentence(c, values, audience)}." for c in flips]
    if not flips and option.score < decision.chosen.score:
        lines += no_flip_text(decision, option, audience)
    if audience == "engineer":
        lines += [f"  {t.text}: {t.chosen:.6g} for {winner}, {t.other:.6g} for {name}" for t in terms(decision, option)]
    return "\n".join(lines)


def _against(decision: Decision, option: Option, features: Sequence[str], audience: Audience) -> str:
    """Render features with the values of candidate and winner."""
    pairs = {f: pair_texts(f, option.features[f], decision.chosen.features[f], audience) for f in features}
    parts = [f"{called(f, audience)} ({mine} against {theirs})" for f, (mine, theirs) in pairs.items()]
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)
