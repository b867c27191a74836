"""Checks variants of prompts before anything is spent on them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from aurora.errors import ModelError
from aurora.prompts.loader import Prompt, slots_in
from aurora.sim.policies.features import FEATURES
from aurora.tools.registry import ROWS

MAX_GROWTH = 1.5
"""Most characters of a variant relative to the prompt that the evolution began with."""
ALLOWANCE = 600
"""Characters by which a short prompt may grow in any case."""
MAX_CHARACTERS = 8_000
"""Most characters of a variant."""
QUOTED_WORDS = 6
"""Number of consecutive words in common with a text of the data from which a variant quotes it."""
FEWEST_QUOTED = 3
"""Fewest words of a shorter text of the data that a variant may not repeat whole."""
SHORTEST_NAME = 3
"""Fewest characters of a name that can be told from ordinary text."""

_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://|\bwww\.|\bmailto:|\b[\w-]+\.(?:com|org|net|io|dev|ai)\b", re.IGNORECASE)
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:instruction|rule|prompt|above|previous|earlier|system)"
    r"|\byou are now\b|\bapprove (?:all|every|any)|\breveal\b|\bapi[ _-]?keys?\b|\bpasswords?\b|\bjailbreak"
    r"|\bdo not (?:check|verify|validate)\b|\bwithout (?:approval|checking|asking)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[\w+-]+(?:[./:][\w+-]+)*")
_CALLED = re.compile(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)`|\b([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\s*\(")
_SCOPES = sorted({f.name.partition(".")[0] for f in FEATURES})
_FEATURE = re.compile(rf"\b(?:{'|'.join(_SCOPES)})\.[a-z]\w*")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]|<!--")
_GUARD = re.compile(r"\bdata\b.*\b(?:never|don't|not)\b|\b(?:never|don't|not)\b.*\bdata\b", re.IGNORECASE | re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.:!?])\s+")
_SLOT = re.compile(r"\{\{\w+\}\}")
_SEED = re.compile(r"\bseeds?\b\W{0,3}\d+", re.IGNORECASE)


class Bounds(NamedTuple):
    """What a variant of a prompt must keep to.

    Attributes:
        origin: Prompt that the evolution began with.
        names: Names of tools and of fields that the role has, besides those in the prompt.
        cases: Names of cases, scenarios, traces and seeds, none of which a variant may contain.
        data: Texts of the data: names of nodes and tasks, descriptions of scenarios.
    """

    origin: Prompt
    names: frozenset[str] = frozenset()
    cases: frozenset[str] = frozenset()
    data: tuple[str, ...] = ()

    @property
    def characters(self) -> int:
        """Return the most characters of a variant."""
        own = len(self.origin.text)
        return min(MAX_CHARACTERS, max(int(MAX_GROWTH * own), own + ALLOWANCE))


def problems(text: str, bounds: Bounds) -> list[str]:
    """Return every reason for which a variant is refused; none if it may be measured.

    Args:
        text: Whole text of the variant.
        bounds: What it must keep to.
    """
    variant = Prompt(bounds.origin.role, text)
    try:
        parts = variant.parts
    except ModelError:
        return ["it needs the parts '# system' and '# user', once each and in this order, with no text before them"]
    if text.index("# system") > text.index("# user"):
        return ["the part '# system' must come before '# user'"]
    reasons = [*_slots(parts, bounds.origin.parts), *_length(text, bounds), *_forbidden(text, bounds)]
    return [*reasons, *_unknown(text, bounds), *_unguarded(text, bounds), *_quoted(text, bounds)]


def _slots(parts: Sequence[str], wanted: Sequence[str]) -> Iterator[str]:
    for name, part, origin in zip(("system", "user"), parts, wanted, strict=True):
        own, needed = Counter(slots_in(part)), Counter(slots_in(origin))
        missing, extra = needed - own, own - needed
        if missing:
            yield f"part '# {name}' lacks the slot{_listed(f'{{{{{s}}}}}' for s in missing)}"
        if extra:
            yield f"part '# {name}' has one slot too many:{_listed(f'{{{{{s}}}}}' for s in extra)}"
        if part.count("{{") != len(slots_in(part)):
            yield f"part '# {name}' has double braces that are no slot"


def _length(text: str, bounds: Bounds) -> Iterator[str]:
    if len(text) > bounds.characters:
        yield f"it has {len(text)} characters, at most {bounds.characters} are allowed"


def _forbidden(text: str, bounds: Bounds) -> Iterator[str]:
    origin = bounds.origin.text
    if _INVISIBLE.search(text):
        yield "it has invisible characters or a comment"
    address = next((m[0] for m in _ADDRESS.finditer(text) if m[0] not in origin), None)
    if address:
        yield f"it has an address ({address!r:.40})"
    order = next((m[0] for m in _ORDER.finditer(text) if m[0].lower() not in origin.lower()), None)
    if order:
        yield f"it repeats an order that no prompt gives ({order!r:.60})"
    seed = _SEED.search(text)
    if seed:
        yield f"it names a seed ({seed[0]!r:.40})"


def _unknown(text: str, bounds: Bounds) -> Iterator[str]:
    """Yield the names of tools and features that the role does not have."""
    origin = bounds.origin.text
    called = dict.fromkeys(a or b for a, b in _CALLED.findall(text))
    unknown = [n for n in called if n not in bounds.names and not re.search(rf"\b{n}\b", origin)]
    if unknown:
        exists = [n for n in unknown if n in ROWS]
        yield f"it names{_listed(unknown)}, which this agent does not have" + (
            f" (another agent has{_listed(exists)})" if exists else ""
        )
    features = {f.name for f in FEATURES}
    absent = [f for f in dict.fromkeys(_FEATURE.findall(text)) if f not in features and f not in origin]
    if absent:
        yield f"there is no feature{_listed(absent)}"


def _unguarded(text: str, bounds: Bounds) -> Iterator[str]:
    """Yield the sentences on data as data that a variant drops; line breaks and case don't matter."""
    kept = _flat(_SLOT.sub(" ", text))
    for part in bounds.origin.parts:
        for paragraph in re.split(r"\n\s*\n|\n- ", part):
            for sentence in _SENTENCE.split(paragraph.strip()):
                told = _flat(_SLOT.sub(" ", sentence))
                if _GUARD.search(told) and told not in kept:
                    yield f"it drops the sentence {told!r:.160}, which protects from orders in data"


def _quoted(text: str, bounds: Bounds) -> Iterator[str]:
    """Yield what a variant takes from the data: names of cases, names within them, and runs of words."""
    words, own = _words(text), _words(bounds.origin.text)
    present, known = set(words), set(own)
    cases = sorted(n for n in bounds.cases if _contains(words, present, n) and not _contains(own, known, n))
    if cases:
        yield f"it names{_listed(cases)}, which it is measured on"
    runs, earlier = _runs(words), _runs(own)
    quoted: list[str] = []
    for datum in bounds.data:
        parts = _words(datum)
        short = len(parts) < QUOTED_WORDS
        if short and (len(parts) >= FEWEST_QUOTED or _is_name(datum)):
            if _contains(words, present, datum) and not _contains(own, known, datum):
                quoted.append(datum)
        elif not short and (_runs(parts) & runs) - earlier:
            quoted.append(" ".join(sorted((_runs(parts) & runs) - earlier)[0]))
    if quoted:
        yield f"it repeats data{_listed(repr(q)[:80] for q in dict.fromkeys(quoted))}; state a general rule instead"


def _is_name(datum: str) -> bool:
    """Return whether a short text of the data is a name rather than an ordinary word."""
    return len(datum) >= SHORTEST_NAME and (any(c.isdigit() for c in datum) or any(c in "-_/." for c in datum))


def _contains(words: Sequence[str], present: set[str], text: str) -> bool:
    """Return whether a text occurs as whole words."""
    parts = _words(text)
    if not parts or not set(parts) <= present:
        return False
    return len(parts) == 1 or any(words[i : i + len(parts)] == parts for i in range(len(words)))


def _runs(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + QUOTED_WORDS]) for i in range(len(words) - QUOTED_WORDS + 1)}


def _words(text: str) -> list[str]:
    return [w.rstrip(".:/").lower() for w in _WORD.findall(text)]


def _flat(text: str) -> str:
    return " ".join(text.lower().split())


def _listed(names: Iterable[str]) -> str:
    return " " + ", ".join(list(names)[:5])
