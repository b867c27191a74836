"""Checks the reasons that a sentence gives: they must be in fields of the cited evidence that carry reasons."""

from __future__ import annotations

import re

from aurora.agents.operator.checking.facts import Facts
from aurora.agents.operator.checking.vocabulary import KNOWLEDGE, NEUTRAL, NOT, QUOTED, alike, stem

_CAUSE = re.compile(
    r"\b(?:because(?: of)?|due to|owing to|thanks to|on account of|as a result of|caused by|on grounds of|"
    r"(?<!ever )since(?! \d))\b",
    re.IGNORECASE,
)
_EFFECT = re.compile(
    r"(?:^|[,;]|\band) ?(?:therefore|hence|thus|consequently|so(?! (?:that|far|many|much))|"
    r"as a result|which is why|that is why|that's why)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?")


def wrong_cause(text: str, facts: Facts) -> str:
    """Return which reason of a sentence the evidence does not give; "" if none.

    Args:
        text: The sentence, names masked.
        facts: Facts of the cited evidence.
    """
    clauses = [text[m.end() :] for m in _CAUSE.finditer(text)]
    clauses += [text[: m.start()] for m in _EFFECT.finditer(text) if m.start() > 0 and _TROUBLE.search(text[m.end() :])]
    if any(m.start() == 0 for m in _EFFECT.finditer(text)):
        clauses.append(_EFFECT.sub("", text))
    if not clauses:
        return ""
    cause = _CAUSE.search(text)
    given = "" if cause is None or "~" in text[cause.start() :] else f" (“{text[cause.start() :].strip(' .')}”)"
    spoken = facts.reasons
    if not spoken and not facts.nulls:
        return f"gives a reason, and the cited evidence has none{given}"
    known = {stem(w) for w in _WORD.findall(spoken.replace("_", " ").replace(".", " "))}
    unknown = {stem(t) for tokens, _ in facts.nulls for t in tokens}
    for clause in clauses:
        if QUOTED in clause:
            continue
        content = [w for w in _WORD.findall(re.sub(r"<[^>]*>|~+", " ", clause)) if w.casefold() not in _SAYING]
        strange = [w for w in content if not {stem(a) for a in alike(w)} & (known | unknown)]
        carried = [w for w in content if w not in strange]
        missing = [w for w in strange if w.casefold() not in NEUTRAL or w.casefold() in _WEIGHTY]
        if missing:
            return f"gives a reason that the cited evidence does not give{given or f' (“{missing[0]}”)'}"
        if facts.nulls and KNOWLEDGE.search(clause) and NOT.search(clause):
            continue
        if not {stem(w) for w in carried} - _GENERIC:
            return f"gives a reason that the cited evidence does not give{given}"
    return ""


_TROUBLE = re.compile(
    r"^(?! (?:no|nothing|none)\b).*?\b(?:waits?|waiting|pending|cannot|fail\w*|kill\w*|restart\w*|evict\w*|"
    r"cordon\w*|unplaced|late|slow\w*|stuck|down|not (?:fit|ready|start|run|place)\w*|\w+n't)\b",
    re.IGNORECASE,
)
"""What an effect says that needs its cause in the evidence; other effects are claims that are checked themselves."""
_GENERIC = frozenset(stem(w) for w in "node nodes pod pods task tasks job jobs cluster them they".split())
_SAYING = frozenset(
    "the a an of and or it its is are was were has have had be been to in on for that this there at by with only "
    "which than more less one two no not too so as from would could can will do does but also all other others".split()
)
_WEIGHTY = frozenset(
    "price cost priority memory cpu core cores gpu gpus load pressure replicas label labels policy zone reservation "
    "limit limits full empty cordoned drained demand capacity rule rules".split()
)
"""Words that need no evidence elsewhere, and do in a reason."""
