"""The champion's program for readers, with constants as short as possible without changing an outcome."""

from __future__ import annotations

import html

import numpy as np

from aurora.agents.arena.evaluation import values
from aurora.agents.arena.source import Source
from aurora.evals.champion import fresh_scenarios
from aurora.memory.texts import policy_text
from aurora.sim.policies.compiler import compile_policy, constants, readable, with_constants
from aurora.sim.policies.policy import Policy
from aurora.sim.scenarios.curriculum import LEVELS

DIGITS_TRIED = (2, 3, 4)
"""Numbers of significant digits to try, fewest first."""


def shortened(source: Source, policy: Policy, *, seed: int, jobs: int) -> tuple[Policy, str]:
    """Round a policy's constants as far as no value changes; return the policy and a sentence about it.

    Args:
        source: Source of the scenarios on which the rounded policy is tried.
        policy: Policy to shorten.
        seed: Random seed of the scenarios.
        jobs: Number of threads.
    """
    if policy.allocation_strategy.network is not None:
        return policy, ""
    # The largest level is left out: it costs more than all others together.
    levels = [level.number for level in LEVELS][:-1] if source.has_levels else [1]
    scenarios = [encoded for level in levels for encoded in fresh_scenarios(source, level, 1, seed)]
    exact = constants(policy)
    candidates = [with_constants(policy, [float(f"{c:.{digits}g}") for c in exact]) for digits in DIGITS_TRIED]
    rows = values(source, scenarios, [compile_policy(p) for p in (policy, *candidates)], jobs)
    for digits, candidate, row in zip(DIGITS_TRIED, candidates, rows[1:], strict=True):
        if np.allclose(row, rows[0], rtol=0, atol=1e-12):
            return candidate, (
                f"Constants are rounded to {digits} digits, which changes no value on {len(scenarios)} scenarios; "
                "`aurora policies export` writes the exact ones."
            )
    return policy, "Constants are exact: rounding them to four digits changes some outcomes."


def program_section(source: Source, champion: Policy, *, seed: int, jobs: int) -> str:
    """Render the champion in words and as a program."""
    short, rounding = shortened(source, champion, seed=seed, jobs=jobs)
    return (
        f"<p>{html.escape(policy_text(short))}</p><p class='small'>{html.escape(rounding)}</p>"
        f"<pre>{html.escape(readable(short))}</pre>"
    )
