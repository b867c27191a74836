"""Answers what comes next: forecasts, and how much to reserve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aurora.agents.operator.answering.reply import Found, Reply, duration_of, ids_of, listed, share
from aurora.quantities import percent, plain

DEFAULT_HORIZON = 3600.0
"""Seconds ahead where a question names no time."""
DEFAULT_CONFIDENCE = 0.95
MAX_FORECAST_STEPS, MAX_FUTURES_STEPS = 48, 288
"""Most steps of the tools."""
MAX_FORECASTS = 4
"""Most series that are forecast in one answer."""
MAX_SUMMED = 50
"""Most series whose demand is summed."""


def forecast(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say what workloads will need."""
    found = _series(reply, slots)
    if found is None:
        return
    table, rows = found
    if slots["workload"] == "all" and "series" not in slots:
        names = list(dict.fromkeys(r["unique_id"].rpartition("/")[0] for r in rows))
        reply.say(f"Measured are {listed(names, 6)}.", table.cite)
        reply.asks_back += [f"how much will {name} need in the next hour?" for name in names[:3]]
        return
    for row in rows[:MAX_FORECASTS]:
        _forecast_one(reply, row, slots.get("horizon"))


def _series(reply: Reply, slots: Mapping[str, Any]) -> tuple[Found, list[Mapping[str, Any]]] | None:
    """Return the list of series and those that are meant; None, having said so, where there is none."""
    if not reply.can("measured_series"):
        reply.say("I don't know, because no history of measured use is open; --history FILE brings one.")
        return None
    wanted = "" if slots["workload"] == "all" else ids_of(slots["workload"])[0]
    table = reply.look_up("measured_series", contains=slots.get("series") or wanted)
    rows = [r for r in table.data["series"] if not wanted or r["unique_id"].startswith(wanted)]
    metric = slots.get("metric")
    rows = [r for r in rows if not metric or r["metric"] == metric] or rows
    if not rows:
        what = f"no measured series of {wanted} is open" if wanted else "no history of measured use is open"
        reply.say(f"I don't know, because {what}; --history FILE brings one.")
        return None
    return table, rows


def _steps(row: Mapping[str, Any], horizon: float | None, most: int) -> int:
    step_minutes = float(row["step_minutes"])
    return max(1, min(most, round((horizon or DEFAULT_HORIZON) / 60 / step_minutes)))


def _forecast_one(reply: Reply, row: Mapping[str, Any], horizon: float | None) -> None:
    steps = _steps(row, horizon, MAX_FORECAST_STEPS)
    found = reply.look_up("forecast", unique_id=row["unique_id"], horizon=steps)
    data, last = found.data, found.data["steps"][-1]
    unit, minutes = data["unit"], last["minutes_ahead"]
    name = data["unique_id"]
    interval = f"{plain(last['p05'])} to {plain(last['p95'])} {unit} as the {share(data['interval_share'])} interval"
    text = f"In {duration_of(minutes)}, {name} is expected at {plain(last['p50'])} {unit}"
    reply.say(f"{text}, with {interval}.", found.cite)
    reply.say(f"The latest measured value is {plain(data['latest'])} {unit}.", found.cite)
    top = max(data["steps"], key=lambda s: s["p50"])
    if plain(top["p50"], 3) != plain(last["p50"], 3):
        when = duration_of(top["minutes_ahead"])
        reply.say(f"On the way it is expected at up to {plain(top['p50'])} {unit}, in {when}.", found.cite)
    reply.say(f"The model is {data['model']}.", found.cite)
    if data["coverage_80"] is not None:
        covered = f"{share(data['coverage_80'])} of past values were in its {share(data['backtest_share'])} interval"
        reply.say(f"{covered}.", found.cite)
    asked = (horizon or DEFAULT_HORIZON) / 60
    if horizon is None:
        reply.say("You named no time, so I looked one hour ahead; name one to see more.")
    elif asked > minutes * 1.01:
        reply.say(f"I can look {duration_of(minutes)} ahead in this series, and not further.", found.cite)


def reserve(reply: Reply, slots: Mapping[str, Any]) -> None:
    """Say how many cores to reserve for a confidence."""
    found = _series(reply, {**slots, "metric": slots.get("metric") or "cpu"})
    if found is None:
        return
    table, rows = found
    if slots.get("metric") == "memory":
        reply.say("I don't know, because reservations are computed for cores only; ask for a forecast of memory.")
        return
    rows = [r for r in rows if r["metric"] == "cpu"][:MAX_SUMMED]
    if slots["workload"] != "all":
        rows = rows[: len(ids_of(slots["workload"]))]
    steps = _steps(rows[0], slots.get("horizon"), MAX_FUTURES_STEPS)
    result = reply.look_up("futures", series_ids=[r["unique_id"] for r in rows], horizon=steps)
    confidence = slots.get("confidence") or DEFAULT_CONFIDENCE
    tiers = sorted(result.data["tiers"], key=lambda t: t["confidence"])
    tier = next((t for t in tiers if t["confidence"] >= confidence - 1e-9), None)
    whose = rows[0]["unique_id"] if len(rows) == 1 else "the sum of the measured workloads"
    minutes = steps * rows[0]["step_minutes"]
    if tier is None:
        tier = tiers[-1]
        reply.say(f"I can't say for a level that high: they end at {percent(tier['confidence'])}.", result.cite)
    level = percent(tier["confidence"])
    reply.say(f"Reserve {plain(tier['cores'])} cores to be {level} sure that {whose} stays within it.", result.cite)
    if confidence < tier["confidence"] - 1e-9 and slots.get("confidence"):
        reply.say(f"The levels come in steps: {level} is the next one above what you asked for.", result.cite)
    if len(rows) == 1:
        reply.say(f"Its latest measured value is {plain(rows[0]['latest'])} cores.", table.cite)
    if not tier["is_backed"]:
        reply.say("There are too few back-tests to check that promise.", result.cite)
    reply.show(
        f"capacity by confidence, for the next {duration_of(minutes)}",
        ("confidence", "cores", "exceeded at a step"),
        [(percent(t["confidence"]), plain(t["cores"]), share(t["above_step"])) for t in tiers],
        result.cite,
    )
