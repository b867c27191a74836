"""Finds amounts in a question: factors, counts, times ahead, confidences."""

from __future__ import annotations

import re
from typing import NamedTuple

from aurora.agents.operator.understanding.words import NUMBERS, number_of

_WORD_NUMBERS = "|".join(sorted(NUMBERS, key=len, reverse=True))
_N = rf"(?:\d+(?:[.,]\d+)*|(?:{_WORD_NUMBERS})(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?)"
HALF, WHOLE = 50, 100
"""Per cent from which an amount is a confidence, and where they end."""
ONE_AND_A_HALF = 1.5
_PERCENT = re.compile(rf"(?P<sign>[+-]\s?)?(?P<n>{_N})\s?(?:%|percent\b|per cent\b|pct\b|prozent\b)")
_TIMES = re.compile(
    rf"\b(?:x|times|factor(?: of)?|by a factor(?: of)?)\s?(?P<a>{_N})\b|\b(?P<b>{_N})\s?(?:x|times|-?fold)(?![a-z])"
)
_DOWN = re.compile(
    r"\b(?:drop|drops|dropped|fall|falls|fell|falling|decreas\w*|shrinks?|lower|lowered|less|down|cheaper|cuts?|discount|"
    r"reduc\w*|sinks?|declin\w*|lost|loses?|losing|minus|goes down|halv\w*|slashe?[sd]?|off)\b"
)
_MULTIPLES = (
    (re.compile(r"\b(?:doubl\w*|twice|two times)\b"), 2.0),
    (re.compile(r"\b(?:tripl\w*|trebl\w*|thrice)\b"), 3.0),
    (re.compile(r"\bquadrupl\w*\b"), 4.0),
    (re.compile(r"\b(?:halv\w*|cut in half|in half|half the|half as|half of|half price)\b"), 0.5),
    (re.compile(r"\bby (?:a )?half\b|\bhalf again\b|\bhalf more\b|\bhalf as much again\b"), 1.5),
    (re.compile(r"\btenfold\b"), 10.0),
)
_SECONDS = {"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "mins": 60, "minute": 60, "h": 3600, "hr": 3600,
            "hrs": 3600, "hour": 3600, "d": 86_400, "day": 86_400, "w": 604_800, "week": 604_800}  # fmt: skip
_SPAN = re.compile(
    rf"\b(?:(?P<n>{_N}|an?|half an?|half a|couple of|a couple of)\s?-?)?"
    r"(?P<unit>seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|h|m|d|s|w)\b"
)
_NAMED_SPANS = (
    (re.compile(r"\bhour and a half\b"), 5400.0),
    (re.compile(r"\bquarter (?:of an )?hour\b"), 900.0),
    (re.compile(r"\bhalf an hour\b|\bhalf hour\b"), 1800.0),
    (re.compile(r"\btomorrow\b"), 86_400.0),
)
_NINES = re.compile(r"\b(?P<n>two|three|four|2|3|4) nines\b")
_P = re.compile(r"\bp(?P<n>\d{2}(?:\.\d+)?|999)\b")
_BARE_CONFIDENCE = re.compile(r"(?<![\w.])0?\.(?P<n>\d+)\b")
_PERCENTILE = re.compile(r"\b(?P<n>\d{2}(?:\.\d+)?)(?:st|nd|rd|th)? (?:percentile|quantile)\b")
_RISK = re.compile(r"^\s*(?:of )?(?:risk|(?:chance|probability|risk) (?:of|that)|failure)")
_FRACTION = re.compile(r"\b(?:(?P<two>two) )?(?P<part>third|quarter|fifth|tenth)s?\b(?! of an| hour)(?P<of> of\b)?")
_PARTS = {"third": 1 / 3, "quarter": 1 / 4, "fifth": 1 / 5, "tenth": 1 / 10}
_OF_NOW = re.compile(r"of (?:the |its |our )?(?:current|today|now|normal|present|usual|what it)\b")
_COUNT = re.compile(
    rf"\b(?:another )?(?P<n>half a dozen|a dozen|a couple(?: of)?|couple(?: of)?|{_N}|"
    rf"an?(?! few)|another|one)(?:\s+|(?<=\d)x\s?)(?:more |extra |additional |further |new |"
    r"other |of those |of them |spare )*(?:[a-z]+\d*(?:-\d+)? )?(?:<node>\s?)?(?:like )?"
    r"(?:nodes?|box(?:es)?|hosts?|machines?|servers?|vms?|instances?|workers?|blades?|<node>|gpu|cpu|of)(?![a-z])"
)
_PLUS = re.compile(rf"(?:\+|plus |add |adding |added |buy |bought |order |get )(?P<n>{_N}|an?|another|one)\b")
_REPLICAS = re.compile(
    rf"\b(?:to|at|with|run|make it|have|of|replicas ?=)\s*(?<=[\s=])(?P<a>{_N}|one)\b|"
    rf"\b(?P<b>{_N}|one)\s+(?:replicas?|pods?|copies|instances?|tasks?)\b"
)


class Amount(NamedTuple):
    """An amount in a question.

    Attributes:
        value: The amount.
        start, end: Where it stands.
    """

    value: float
    start: int
    end: int


def number(text: str) -> float:
    """Return the value of a number in digits or words.

    >>> number("1,200"), number("thirty-five"), number("a")
    (1200.0, 35.0, 1.0)
    """
    text = text.strip().replace("half an", "0.5").replace("half a", "0.5")
    if text in ("a", "an", "another", "one", ""):
        return 1.0
    if text.endswith("dozen"):
        return 6.0 if text.startswith("0.5") else 12.0
    if "couple" in text:
        return 2.0
    direct = number_of(text)
    if direct is not None:
        return direct
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
        return float(text.replace(",", ""))
    if text[0].isdigit():
        return float(text.replace(",", "."))
    tens, _, ones = text.replace("-", " ").partition(" ")
    return (number_of(tens) or 0.0) + (NUMBERS.get(ones) or 0.0)


def percents(text: str) -> tuple[Amount, ...]:
    """Return the percentages of a text, signed as written.

    >>> percents("+30 % or -20% or fifty percent")[1].value
    -20.0
    """
    return tuple(
        Amount(number(m["n"]) * (-1 if (m["sign"] or "").strip() == "-" else 1), m.start(), m.end())
        for m in _PERCENT.finditer(text)
    )


def factor(text: str) -> float | None:
    """Return the factor by which a text says that something changes; None if it names none.

    >>> factor("grows by 30 %"), factor("prices fall 20 percent"), factor("doubles"), factor("grows by half")
    (1.3, 0.8, 2.0, 1.5)
    """
    is_down = _DOWN.search(text) is not None
    found = percents(text)
    if found:
        first = found[0]
        before = text[: first.start].rstrip()
        after = text[first.end :].lstrip()
        if re.search(r"\bto$", before) and not re.search(r"\bup to$", before):
            return _tidy(first.value / 100)
        if _OF_NOW.match(after) and text[first.start] not in "+-":
            return _tidy(first.value / 100)
        if re.match(r"(?:of|load of)\b", after) and re.search(r"\b(?:at|on|only)$", before):
            return _tidy(first.value / 100)
        if text[first.start] in "+-":
            return _tidy(1 + first.value / 100)
        return _tidy(1 - first.value / 100 if is_down else 1 + first.value / 100)
    times = _TIMES.search(text)
    if times:
        value = number(times["a"] or times["b"])
        is_divided = is_down and value > 1
        return _tidy(1 / value if is_divided else value)
    if re.search(r"\bone and a half times\b", text):
        return 1.5
    for pattern, value in reversed(_MULTIPLES):
        if pattern.search(text):
            is_part = value == ONE_AND_A_HALF
            return _tidy(2 - value) if is_part and is_down else value
    match = _FRACTION.search(text)
    if match is None:
        return None
    part = _PARTS[match["part"]] * (2 if match["two"] else 1)
    if match["of"]:
        return _tidy(part)
    return _tidy(1 - part if is_down else 1 + part)


def _tidy(value: float) -> float:
    return round(value, 10)


def horizon(text: str) -> float | None:
    """Return the seconds ahead that a text names; None if it names none.

    >>> horizon("over the next two hours"), horizon("in the coming hour"), horizon("tomorrow")
    (7200.0, 3600.0, 86400.0)
    """
    for pattern, seconds in _NAMED_SPANS:
        if pattern.search(text):
            return seconds
    for match in _SPAN.finditer(text):
        unit, amount = match["unit"], match["n"]
        if amount is None:
            before = text[: match.start()].rstrip()
            if len(unit) == 1 or not re.search(r"\b(?:next|coming|following|upcoming|this|the|per)$", before):
                continue
            if before.endswith(("per", "an")):
                continue
        elif amount in ("a", "an") and not re.search(
            r"\b(?:in|next|for|within|ahead|over)$", text[: match.start()].rstrip()
        ):
            continue
        seconds_of_unit = _SECONDS.get(unit) or _SECONDS[unit.removesuffix("s")]
        return (number(amount) if amount else 1.0) * seconds_of_unit
    return None


def confidence(text: str) -> float | None:
    """Return the confidence that a text names, as a share; None if it names none.

    >>> confidence("at 95 %"), confidence("p99"), confidence("three nines"), confidence("0.9 sure")
    (0.95, 0.99, 0.999, 0.9)
    """
    for amount in percents(text):
        if 0 < amount.value < HALF and _RISK.match(text[amount.end :]):
            return round(1 - amount.value / 100, 6)
        if HALF <= amount.value < WHOLE:
            return round(amount.value / 100, 6)
    match = _PERCENTILE.search(text)
    if match:
        return round(float(match["n"]) / 100, 6)
    match = _P.search(text)
    if match:
        return 0.999 if match["n"] == "999" else round(float(match["n"]) / 100, 6)
    match = _NINES.search(text)
    if match:
        return round(1 - 10 ** -number(match["n"]), 6)
    match = _BARE_CONFIDENCE.search(text)
    if match:
        return float(f"0.{match['n']}")
    match = re.search(rf"\b(?P<n>{_N})\s+(?:sure|certain|conf\w*)", text)
    if match and HALF <= number(match["n"]) < WHOLE:
        return round(number(match["n"]) / 100, 6)
    match = re.search(rf"\b(?P<n>{_N}) (?:times )?(?:out of|in) (?:a )?(?P<m>{_N}|hundred|ten)\b", text)
    if match and 0 < number(match["n"]) < number(match["m"]):
        return round(number(match["n"]) / number(match["m"]), 6)
    return None


def count(text: str) -> int | None:
    """Return the number of nodes that a text names; None if it names none.

    >>> count("add two more nodes like <node>"), count("one extra box"), count("if we had another machine")
    (2, 1, 1)
    """
    match = _COUNT.search(text) or _PLUS.search(text)
    if match is None:
        return None
    value = number(match["n"])
    return int(value) if value.is_integer() and value > 0 else None


def replicas(text: str) -> int | None:
    """Return the number of tasks that a text asks for; None if it names none.

    >>> replicas("scale <workload> to 12"), replicas("run six replicas of <workload>")
    (12, 6)
    """
    found = [
        m
        for m in _REPLICAS.finditer(text)
        if not re.match(r"\s?(?:%|percent|per cent|cores?|gib?|gb)", text[m.end() :])
    ]
    if not found:
        return None
    match = next((m for m in found if m["b"]), found[-1])
    value = number(match["a"] or match["b"])
    return int(value) if value.is_integer() else None


def mask_amounts(text: str) -> str:
    """Replace percentages, spans of time and numbers by placeholders.

    >>> mask_amounts("reserve 95 % for 2 hours on 3 nodes")
    'reserve  <pct>  for  <time>  on  <num>  nodes'
    """
    text = _PERCENT.sub(" <pct> ", text)
    text = _P.sub(" <pct> ", text)
    text = re.sub(
        rf"\b(?:{_N}|half an)\s?-?(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|h|m|d|s|w)\b",
        " <time> ",
        text,
    )
    text = re.sub(
        r"\b(?:next|coming|following) (?:hour|day|week|minutes?|hours|days)\b|\btomorrow\b", " next <time> ", text
    )
    return re.sub(rf"(?<![\w<])(?:{_N})(?:x\b|(?![\w>]))|\bx(?=\d)", " <num> ", text)
