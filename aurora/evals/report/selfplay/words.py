"""Sentences of a report: the results of the run in plain words, and the meanings of its terms."""

from __future__ import annotations

import math
from collections.abc import Sequence

from aurora.evals.champion import Verdict
from aurora.evals.gains import Gain
from aurora.quantities import number, with_unit
from aurora.sim.objectives import WITH_TARGET

OBJECTIVE_NAMES = {str(o.name): o.meaning for o in WITH_TARGET} | {"sla": "tasks within their SLA"}

GLOSSARY: tuple[tuple[str, str], ...] = (
    (
        "Reward",
        "The weighted sum of a scenario's objectives, from 0 to 1. Latency, cost and energy each count "
        "1 / (1 + value / target): 1 at nothing, one half at the target. "
        "Quality of service counts the share of tasks within their SLA.",
    ),
    ("SLA", "The longest latency that a task accepts. A task that is late or never completes misses it."),
    ("Reference", "One of the fixed policies that come with AURORA, such as first fit or the cheapest node."),
    (
        "Start",
        "The policy whose weights the search tunes first: AURORA's template, or the policy that the run "
        "was given. This run did not learn what that policy earns.",
    ),
    (
        "Champion",
        "The policy with the highest value on the validation scenarios that it and its last rivals have met; see "
        "`aurora policies export`.",
    ),
    (
        "Training and validation",
        "The search tunes policies on the training families of scenarios. The champion is chosen on the validation "
        "families, which the search never sees.",
    ),
    (
        "Over-fitting",
        "A champion that is good where it was trained and chosen, and less so elsewhere. The test families take part "
        "in neither training nor validation.",
    ),
    (
        "Validation advantage",
        "The champion's mean value less the best reference of each single scenario, chosen with hindsight. No fixed "
        "policy is the best everywhere, so a champion that beats every reference on average may still be below zero.",
    ),
    ("Level", "The size and difficulty of generated scenarios, from 1 (5 tasks) to 5 (500 tasks)."),
    (
        "0.3–0.7 band",
        "The attacker is paid for scenarios that 30 to 70 % of the new policies solve as well as the best reference: "
        "neither trivial nor hopeless.",
    ),
    (
        "Elo",
        "A rating from matches on the attacker's scenarios: 200 points more win about three matches in four. It is "
        "measured on other scenarios than the validation value, so the champion need not lead it.",
    ),
    (
        "Bound",
        "No plan that completes every task earns more: each objective at its own lower bound, as if the others did not "
        "count. Whether any plan reaches it is not known.",
    ),
    ("Interval", "95 % bootstrap interval of the mean of paired differences over scenarios."),
)


def interval_text(mean: float, low: float, high: float, *, unit: str = "") -> str:
    """Format a difference with its 95 % interval, such as `+0.0179 [+0.0112, +0.0256]`."""
    if unit:
        return f"{mean:+.1f} {unit} [{low:+.1f}, {high:+.1f}]"
    return f"{mean:+.4f} [{low:+.4f}, {high:+.4f}]"


def value_text(gain: Gain, value: float) -> str:
    """Format the value of an objective in its unit."""
    unit = next((o.shown_unit for o in WITH_TARGET if o.name == gain.objective), "")
    return with_unit(value, unit) if unit else f"{number(value, 4)} %"


def change_text(gain: Gain) -> str:
    """Format the change of an objective, with its interval."""
    if gain.change is None:
        return "was 0"
    return interval_text(*gain.change, unit="points" if gain.objective == "sla" else "%")


def opening(verdicts: Sequence[Verdict], unit: str) -> str:
    """Summarise the results of the run in a few plain sentences.

    Args:
        verdicts: Verdicts of the champion, one for each level.
        unit: Unit of a value.
    """
    scenarios = sum(v.scenarios for v in verdicts)
    ahead = [v for v in verdicts if v.is_ahead]
    where = "" if len(verdicts) == 1 else f" at {len(verdicts)} levels"
    lead = f"On {scenarios:,} fresh scenarios{where} that neither training nor validation has met, "
    if len(ahead) == len(verdicts):
        lead += "the champion earns more than every fixed policy"
        lead += "." if len(verdicts) == 1 else " at every level."
    elif ahead:
        listed = ", ".join(str(v.level) for v in ahead)
        lead += f"the champion earns more than every fixed policy at level {listed}, and not at the others."
    else:
        lead += "the champion is not certainly ahead of the best fixed policy."
    total = _mean([v.comparisons[0].difference.mean for v in verdicts])
    of_start = _mean([v.start_against_closest.mean for v in verdicts])
    learnt = _mean([v.start.difference.mean for v in verdicts])
    split = (
        f"Its mean lead over the closest one is {total:+.4f} ({unit}). The policy where the search began "
        f"leads it by {of_start:+.4f} itself, so this run has learnt {learnt:+.4f}."
    )
    return " ".join(s for s in (lead, split, _saved(verdicts)) if s)


def _saved(verdicts: Sequence[Verdict]) -> str:
    """Summarise the mean change of each objective over levels, against each level's closest reference."""
    if not verdicts or not verdicts[0].gains:
        return ""
    parts = []
    for place, gain in enumerate(verdicts[0].gains):
        changes = [change.mean for v in verdicts if (change := v.gains[place].change) is not None]
        if changes:
            sign = "points" if gain.objective == "sla" else "%"
            parts.append(f"{OBJECTIVE_NAMES[gain.objective]} {_mean(changes):+.1f} {sign}")
    compared = "In the mean over levels, against" if len(verdicts) > 1 else "Against"
    return f"{compared} that reference: {', '.join(parts)}."


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
