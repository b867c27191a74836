"""Finds amounts in a question: factors, counts, times ahead, confidences."""

from __future__ import annotations

import re
from typing import NamedTuple

from aurora.agents.operator.understanding.words import NUMBERS, number_of

_WORD_NUMBERS = "|".join(sorted(NUMBERS, key=len, reverse=True))
_N = rf"(?:\d+(?:[.,]\d+)*|(?:{_WORD_NUMBERS})(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?)"
HALF, WHOLE = 50, 100
"""Per cent from which an amount is a confidence, and where they end."""
ONE_AND_A_HALF, COUPLE = 1.5, 2.0
_PERCENT = re.compile(rf"(?P<sign>[+-]\s?)?(?P<n>{_N})\s?(?:%|percent\b|per cent\b|pct\b|prozent\b)")
_TIMES = re.compile(
    rf"\b(?:x|times|factor(?: of)?|by a factor(?: of)?)\s?(?P<a>{_N})\b|\b(?P<b>{_N})\s?(?:x|times|-?fold)(?![a-z])"
)
_DOWN = re.compile(
    r"\b(?:drop|drops|dropped|dropping|fewer|fall|falls|fell|falling|decreas\w*|shrinks?|lower|lowered|less|"
    r"down|cheaper|cuts?|discount|"
    r"reduc\w*|sinks?|declin\w*|lost|loses?|losing|minus|goes down|halv\w*|slashe?[sd]?|off)\b"
)
_UP = re.compile(
    r"\b(?:more|up|ris\w+|rose|grow\w*|grew|increas\w*|higher|extra|plus|additional\w*|add\w*|on top|dearer|"
    r"expensive|"
    r"pricier|costlier|hike\w*|surge\w*|spike\w*|peak\w*|jump\w*|bump\w*|climb\w*|boost\w*|rush|gain\w*|above|over|"
    r"raise[sd]?|raising|soar\w*|shoots?|extra|bigger|heavier|busier|stronger|growth|goes up|explod\w*|swell\w*)\b"
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
_UNITS = r"seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?"
_SPAN = re.compile(
    rf"\b(?:(?P<n>{_N}|an?|half an?|half a|couple of|a couple of)\s?-?)?"
    r"(?P<unit>seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|h|m|d|s|w)\b"
)
_NAMED_SPANS = (
    (re.compile(r"\bhour and a half\b|\b1h ?30(?:m|min)?\b"), 5400.0),
    (re.compile(r"\b(?:a|one|next|coming|30[ -]day) month\b"), 2_592_000.0),
    (re.compile(r"\bquarter (?:of an )?hour\b"), 900.0),
    (re.compile(r"\bhalf an hour\b|\bhalf[ -]hour\b"), 1800.0),
    (re.compile(r"\btomorrow\b"), 86_400.0),
    (re.compile(r"\b(?:a |the next |next |coming )fortnight\b"), 1_209_600.0),
)
_NINES = re.compile(r"\b(?P<n>two|three|four|2|3|4) nines\b")
_P = re.compile(r"\bp(?P<n>\d{2}(?:\.\d+)?|999)\b")
_BARE_CONFIDENCE = re.compile(r"(?<![\w.])0?\.(?P<n>\d+)\b")
_PERCENTILE = re.compile(r"\b(?P<n>\d{2}(?:\.\d+)?)(?:st|nd|rd|th)? (?:percentile|quantile)\b")
_RISK = re.compile(
    r"^\s*(?:of )?(?:a )?(?:risk|(?:chance|probability|risk|odds) (?:of|that|to)|failure|overrun|overflow|miss\w*|"
    r"shortfall|violation\w*)"
)
_SHORT = re.compile(
    r"\b(?:run(?:ning|s)? (?:out|short|dry)|too little|not enough|exceed\w*|fall(?:ing|s)? short|short|overrun\w*|"
    r"overflow\w*|insufficient|throttl\w*|risk\w*|at most|no more than|not more than|less than|under)\b"
)
"""Words beside a share of the time in which a reservation does not suffice."""
_ODDS = re.compile(
    rf"\b(?P<n>{_N}|once|one) (?:\w+ )?(?:out of|in|of) (?:a |every |the )?(?P<m>{_N}|hundred|ten|thousand)\b"
    rf"(?! (?:{_UNITS}))"
)
_FRACTION = re.compile(r"\b(?:(?P<two>two) )?(?P<part>third|quarter|fifth|tenth)s?\b(?! of an| hour)(?P<of> of\b)?")
_PARTS = {"third": 1 / 3, "quarter": 1 / 4, "fifth": 1 / 5, "tenth": 1 / 10}
_OF_NOW = re.compile(r"of (?:the |its |our )?(?:current|today|now|normal|present|usual|what it)\b")
_COUNT = re.compile(
    rf"\b(?:another )?(?P<n>half a dozen|a dozen|a couple(?: of)?|couple(?: of)?|{_N}|"
    rf"an?(?! few)|another|one)(?:\s+|(?<=\d)x\s?)(?:more |extra |additional |further |new |"
    r"other |of those |of them |spare )*(?:[a-z]+\d*(?:-\d+)? )?(?:<node>\s?)?(?:like )?"
    r"(?:nodes?|box(?:es)?|hosts?|machines?|servers?|vms?|instances?|workers?|blades?|<node>|gpu|cpu|of)(?![a-z])"
)
_PLUS = re.compile(rf"(?:\+|plus |add |adding |added |buy |bought |order |get )(?P<n>{_N}|an?(?! few)|another|one)\b")
_REPLICAS = re.compile(
    rf"\b(?:to|at|with|run|make it|have|of|replicas ?=)\s*(?<=[\s=])(?P<a>{_N}|one)\b|"
    rf"\b(?P<b>{_N}|one)\s+(?:<workload>\s+|<task>\s+)?(?:replicas?|pods?|copies|instances?|tasks?)\b"
)

_FORMER = re.compile(
    rf"\b(?:instead of|rather than|not|up from|down from|from) (?:just |only |the )?{_N}\b(?! (?:more|fewer|less))"
)
"""What a number was before a change."""
_OTHER_UNIT = re.compile(r"\s?(?:%|percent|per cent|cores?|cpus?|gib?|gb|hours?|minutes?|days?)")
_SEVERAL = re.compile(
    r"\b(?:few|some|several|many|more|extra|additional|new)\b.*\b(?:nodes|boxes|hosts|machines|servers|vms|"
    r"instances|workers)\b|"
    r"\b(?:add|adding|buy|buying)\b.*\b(?:nodes|boxes|hosts|machines|servers|vms|instances|workers)\b"
)
_FEWER = re.compile(r"\b(?:fewer|remov\w+|take|drop|kill|strip)\b")
_MORE_REPLICAS = re.compile(
    rf"\b(?P<a>{_N}|one|another|a couple(?: of)?) (?:more|extra|additional|further|fewer|less)\b|"
    rf"\bby (?P<b>{_N}|one)\b(?! ?%)|"
    rf"\b(?:add|remove|another|take|drop|kill|strip) (?P<c>{_N}|one|an?|a couple(?: of)?)(?: more| extra)? (?:of )?"
    r"(?:<workload> |<task> )?(?:replicas?|pods?|copies|instances?|tasks?)\b"
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
    if text in ("a", "an", "another", "one", "once", ""):
        return 1.0
    if text.endswith("dozen"):
        return 6.0 if text.startswith("0.5") else 12.0
    if "couple" in text:
        return COUPLE
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


def _is_down(text: str, start: int, end: int) -> bool | None:
    """Return whether an amount is a decrease, by the nearest word of direction; None: no word says so."""
    found = [(max(start - m.end(), m.start() - end, 0), is_down)
             for pattern, is_down in ((_DOWN, True), (_UP, False)) for m in pattern.finditer(text)]  # fmt: skip
    return min(found)[1] if found else None


def factor(text: str) -> float | None:
    """Return the factor by which a text says that something changes; None if it names none.

    >>> factor("grows by 30 %"), factor("prices fall 20 percent"), factor("doubles"), factor("grows by half")
    (1.3, 0.8, 2.0, 1.5)
    """
    found = [p for p in percents(text) if not _RISK.match(text[p.end :])]
    if found:
        return _of_percent(text, found[0])
    times = _TIMES.search(text)
    if times:
        value = number(times["a"] or times["b"])
        is_divided = value > 1 and _is_down(text, times.start(), times.end())
        return _tidy(1 / value if is_divided else value)
    if re.search(r"\bone and a half times\b", text):
        return ONE_AND_A_HALF
    for pattern, value in reversed(_MULTIPLES):
        match = pattern.search(text)
        if match:
            is_less = value == ONE_AND_A_HALF and _is_down(text, match.start(), match.end())
            return _tidy(2 - value) if is_less else value
    return _of_fraction(text)


def _of_percent(text: str, amount: Amount) -> float | None:
    """Return the factor of a percentage; None where it may as well be more as less."""
    before, after = text[: amount.start].rstrip(), text[amount.end :].lstrip()
    share = _tidy(amount.value / 100)
    if text[amount.start] in "+-":
        return _tidy(1 + share)
    is_of_now = re.search(r"\bto$", before) and not re.search(r"\bup to$", before)
    if is_of_now or _OF_NOW.match(after) or re.match(r"load of\b", after):
        return share
    if re.match(r"of\b", after) and re.search(r"\b(?:at|on|only|with)$", before):
        return share
    is_down = _is_down(text, amount.start, amount.end)
    if is_down is None:
        return share if share > 1 else None
    return _tidy(1 - share if is_down else 1 + share)


def _of_fraction(text: str) -> float | None:
    match = _FRACTION.search(text)
    if match is None:
        return None
    part = _PARTS[match["part"]] * (2 if match["two"] else 1)
    before = text[: match.start()]
    if match["of"] or (re.search(r"\bto (?:a |one )?$", before) and not re.search(r"\bup to (?:a |one )?$", before)):
        return _tidy(part)
    return _tidy(1 - part if _is_down(text, match.start(), match.end()) else 1 + part)


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
            if len(unit) == 1 or not re.search(
                r"\b(?:next|coming|following|upcoming|this|(?:within|in|over|for) the|per)$", before
            ):
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
        is_risk = _RISK.match(text[amount.end :]) or _SHORT.search(text)
        if 0 < amount.value < HALF and is_risk and not _is_growth(text, amount):
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
    match = _ODDS.search(text)
    if match is None or not 0 < number(match["n"]) < number(match["m"]):
        return None
    value = number(match["n"]) / number(match["m"])
    return round(1 - value if value < HALF / WHOLE else value, 6)


def _is_growth(text: str, amount: Amount) -> bool:
    """Return whether a percentage says by how much something grows."""
    return re.match(r"\s*(?:more|higher|growth|increase|extra)\b", text[amount.end :]) is not None


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


def is_vague_count(text: str) -> bool:
    """Return whether a text speaks of several nodes without saying how many.

    >>> is_vague_count("add a few more nodes"), is_vague_count("add three nodes"), is_vague_count("add a node")
    (True, False, False)
    """
    return count(text) is None and _SEVERAL.search(text) is not None


def replicas(text: str, now: int | None = None) -> int | None:
    """Return the number of tasks that a text asks for; None if it names none.

    Args:
        text: The question, names replaced by placeholders.
        now: How many there are; without it, an amount that is relative to that is none.

    >>> replicas("scale <workload> to 12"), replicas("run six replicas of <workload>")
    (12, 6)
    >>> replicas("two more <workload> pods", 4), replicas("double <workload>", 4), replicas("<workload> by one", None)
    (6, 8, None)
    """
    relative = _MORE_REPLICAS.search(text)
    if relative:
        amount = number(relative["a"] or relative["b"] or relative["c"])
        is_less = _is_down(text, relative.start(), relative.end()) or re.search(
            r"\b(?:fewer|remov\w+|take|drop|kill|strip)\b", text
        )
        return None if now is None else max(0, now + round(-amount if is_less else amount))
    text = _FORMER.sub(" ", text)
    found = [m for m in _REPLICAS.finditer(text) if not _OTHER_UNIT.match(text[m.end() :])]
    if found:
        match = next((m for m in found if m["b"]), found[-1])
        value = number(match["a"] or match["b"])
        return int(value) if value.is_integer() else None
    times = factor(text) if now is not None and not percents(text) else None
    return round(now * times) if now is not None and times else None


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
    return re.sub(rf"(?<![\w<-])(?:{_N})(?:x\b|(?![\w>]))|\bx(?=\d)", " <num> ", text)
