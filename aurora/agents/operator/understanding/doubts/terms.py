"""Doubts about terms under which something is wanted: conditions, times, and restrictions to a part."""

from __future__ import annotations

import re

from aurora.agents.operator.questions import Kind
from aurora.agents.operator.understanding.doubts.reading import CHANGES, Reading

DEEDS: frozenset[Kind] = frozenset({"drain", "make_plan", "apply_plan", "rollback_plan"})
"""Kinds that ask for something to be done."""
_CONDITION = re.compile(
    r"\b(?:(?:only|but|even|except) (?:if|when|after|once|before|until)|unless|provided|as long as|so long as|"
    r"until|till|"
    r"not (?:before|yet|until|till|now|today)|as soon as|"
    r"(?:after|once|when) (?!that\b|this\b|all\b)(?:the|a|an|it|<\w+>|we|i|you|they|my|our|work|lunch|midnight)|"
    r"if (?!possible|you|i may|so\b|needed)\w+)\b"
)


def sets_a_condition(reading: Reading) -> str:
    """Return a doubt where something is to be done under a condition, or not at once."""
    is_conditional = reading.kind in DEEDS and _CONDITION.search(reading.plain)
    return "it sets a condition, and I plan for the present state only" if is_conditional else ""


_SPAN = re.compile(
    r"\bfor (?:about |around |just |only |at least |the next |the whole )?(?:\d+|an?|one|two|three|four|five|"
    r"six|ten|half an?|"
    r"some|several|a few|a couple of) ?(?:more )?(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|h|days?|weeks?|"
    r"months?|while)\b|"
    r"\b(?:at|during the|by|every|each|in the) (?:night|nights|weekends?|evenings?|mornings?|day|week|month|hour)\b|"
    r"\b(?:and|then) (?:it )?(?:comes?|goes|is|gets) (?:back|up again|recover\w*|repaired)\b"
)
_SUPPOSED: frozenset[Kind] = frozenset(kind for kind in CHANGES if kind.startswith("what_if"))


def lasts_for_a_time(reading: Reading) -> str:
    """Return a doubt where a supposed change lasts for a time or comes back."""
    is_timed = reading.kind in _SUPPOSED and _SPAN.search(reading.plain)
    return "it says for how long or at what times, and I know the state before and after only" if is_timed else ""


_CLOCK = re.compile(
    r"\b(?:at|from|between|since|around) \d{1,2}(?::\d\d)?(?: ?(?:[ap]m|h|o'?clock|uhr))\b|\b\d{1,2}:\d\d\b"
)
_PAST = re.compile(
    r"\b(?:yesterday|last (?:night|week|month|year|monday|tuesday|wednesday|thursday|friday|weekend|quarter))\b"
)
_AHEAD: frozenset[Kind] = frozenset({"forecast", "reserve"})


def starts_at_a_time(reading: Reading) -> str:
    """Return a doubt where demand is asked for from a time of day on, or in the past."""
    if reading.kind not in _AHEAD:
        return ""
    if _PAST.search(reading.plain):
        return "it asks about the past, and I look ahead from now"
    return "it names a time of day, and I look ahead from now" if _CLOCK.search(reading.plain) else ""


_RESTRICTED = re.compile(
    r"\b(?:gpu|cpu|spot|on-?demand|preemptible|arm|amd|intel|big|bigger|small|smaller|large|larger|old|older|"
    r"cheap|batch|"
    r"interactive|production|prod|staging|dev|test|critical|important|stateful|stateless|daemon|system|web|training|"
    r"inference|low|high) (?:priority )?(?:nodes?|machines?|boxes|hosts?|servers?|instances?|pods?|jobs?|"
    r"tasks?|workloads?|"
    r"services|apps?|deployments?|traffic|load|prices?)\b|"
    r"\bonly\b(?! (?:one|a|about|if|when))|\bhalf of (?:the|our|all)\b|\bmost of (?:the|our)\b|\bsome of\b"
)


def is_about_a_part(reading: Reading) -> str:
    """Return a doubt where only a part of the cluster is meant and the answer would be about all of it."""
    is_whole = "all" in reading.slots.values() or reading.kind in ("best_policy", "overview", "recommend")
    is_part = is_whole and reading.kind != "why_waiting" and _RESTRICTED.search(reading.plain)
    return "it is about a part of the cluster that I can't tell" if is_part else ""


_TOO_LITTLE = re.compile(
    r"\b(?:too (?:small|little|few|tight|low|short)|under-?(?:sized|provisioned|requested|dimensioned)|undersiz\w*|"
    r"not enough|(?:need|needs|want|get|give) more|throttl\w*|starv\w*)\b"
)
_IN_USE = re.compile(
    r"\b(?:do|does|are|is) (?:you|we|it|the cluster|they) (?:us\w+|run\w*|hav\w+)\b.*\b(?:now|today|policy|"
    r"scheduler)\b|\bin use\b|\bactive\b"
)
_ENDS = re.compile(
    r"\b(?:delet\w+|kill\w*|cancel\w*|stop\w*|restart\w*|abort\w*|suspend\w*|hold|requeue\w*|reboot\w*)\b"
)
_BACK = re.compile(
    r"\b(?:undo\w*|revert\w*|roll(?:ed)? ?back|uncordon\w*|cancel\w*|abort\w*|stop\w*|add|buy)\b|"
    r"\bmove (?:the )?<(?:task|workload)>"
)
_LESS = re.compile(r"\b(?:less|fewer|without|smaller|remov\w+|lose)\b")
_OTHER_SIZE = re.compile(r"\b(?:big|small|larg|fast|slow|cheap|bett|new|strong)(?:g)?er\b|\bdifferent\b|\bof any\b")
_MONEY = re.compile(r"\b(?:costs?|price[sd]?|money|save[sd]?|savings?|dollars|bill)\b")
_IDLE_MONEY = re.compile(
    r"\b(?:pay|cost\w*|spend|bill|money)\b.*\b(?:idle|unused|wast\w+|empty|free|night|weekend)\b|\b(?:idle|"
    r"unused)\b.*\bcost"
)
_OPPOSITES: tuple[tuple[frozenset[Kind], re.Pattern[str], str], ...] = (
    (frozenset({"oversized"}), _TOO_LITTLE, "I find what asks for too much, and not what asks for too little"),
    (frozenset({"best_policy"}), _IN_USE, "I know which policy would be best, and not which one is in use"),
    (frozenset({"make_plan"}), _ENDS, "I plan placements, sizes and drains, and stop nothing"),
    (frozenset({"drain"}), _BACK, "I can change one thing at a time"),
    (frozenset({"what_if_add_nodes"}), _OTHER_SIZE, "I add nodes like one that there is; name it"),
    (CHANGES, re.compile(r"\b(?:policy|policies)\b"), "it speaks of a policy too; one question at a time"),
    (frozenset({"show_node"}), re.compile(r"\b(?:reserve|forecast)\b"), "it asks about demand, and names a node"),
    (frozenset({"check_plan"}), _MONEY, "I check whether a plan is valid, and not what it costs"),
    (frozenset({"overview"}), _IDLE_MONEY, "I know what all nodes cost, and not a part of that"),
    (frozenset({"what_if_add_nodes"}), _LESS, "it says both of more and of fewer nodes"),
)


def says_the_opposite(reading: Reading) -> str:
    """Return a doubt where a word says the opposite of what the kind is about."""
    if reading.kind == "oversized" and reading.slots.get("workload") != "all":
        return ""  # of one workload, both are said
    return next(
        (reason for kinds, words, reason in _OPPOSITES if reading.kind in kinds and words.search(reading.plain)), ""
    )


_ASKS = re.compile(
    r"^(?:and |so |but |ok |please )*(?:is|was|were|are|has|have|had|did|does|who|whose|when|how (?:long|"
    r"often|much|many|far)|"
    r"why|since when|what (?:does|did|was) it)\b"
)


_CAN = re.compile(r"^(?:and |so )?(?:is it|would it be|are we) (?:possible|ok|safe|fine|able)\b")


def asks_about_a_drain(reading: Reading) -> str:
    """Return a doubt where a drain is asked about, and not asked for."""
    is_asked = reading.kind == "drain" and _ASKS.search(reading.plain) and not _CAN.search(reading.plain)
    return "it asks about a drain, and does not ask for one" if is_asked else ""


_NOT_MEANT = re.compile(
    r"\b(?:not|never) (?:\w+ )?(?:ask\w*|car(?:e|ing)|interested|mean\w*|talk\w*|about|bother\w*)\b|"
    r"\bforget (?:about )?<"
)


def says_what_is_not_meant(reading: Reading) -> str:
    """Return a doubt where it is said what is not asked."""
    return "it says what is not asked" if _NOT_MEANT.search(reading.plain) else ""
