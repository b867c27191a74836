"""Charts of an experiment's effect and guardrail by day."""

from __future__ import annotations

import numpy as np

from aurora.charts import Band, Chart, Line
from aurora.learning.experiments.analysis import Standing
from aurora.learning.experiments.registration import Registration


def effect_charts(registration: Registration, now: Standing) -> list[Chart]:
    """Return a chart of the effect and one of the guardrail, each with its interval over all days.

    Args:
        registration: The registered experiment.
        now: Its analysis.
    """
    rules, looks, harm = registration.rules, now.verdict.metric, now.verdict.guardrail
    days = list(range(1, len(looks.estimate) + 1))
    level = f"{100 * (1 - rules.alpha + rules.guardrail_alpha):.0f} % over all days"
    sign = 1 if rules.direction == "higher" else -1
    first = int(np.argmax(np.isfinite(looks.high)))
    effect = Chart(
        f"{registration.experiment_id}: {now.verdict.decision}, {now.verdict.reason}",
        "day",
        f"treated less control, {rules.metric}",
        (
            Band(level, days[first:], list(looks.low[first:]), list(looks.high[first:])),
            Line("effect (intention to treat)", days, list(looks.estimate)),
            Line("smallest effect worth having", days, [sign * rules.effect] * len(days), dash="dash"),
        ),
    )
    start = int(np.argmax(np.isfinite(harm.low)))
    guardrail = Chart(
        "guardrail",
        "day",
        f"{rules.guardrail}, worse by",
        (
            Line("estimate", days, list(harm.estimate)),
            Line("at least", days[start:], list(harm.low[start:])),
            Line("margin", days, [rules.margin] * len(days), dash="dash"),
        ),
    )
    return [effect, guardrail]
