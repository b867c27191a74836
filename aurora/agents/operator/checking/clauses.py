"""Checks that each clause of a sentence rests on something: a number, or a statement of the cited evidence.

Single words that the evidence has elsewhere are no support: "and it is full" must be said of what the sentence names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aurora.agents.explain.telling.quantities import agrees
from aurora.agents.operator.checking.derived import without_fractions
from aurora.agents.operator.checking.facts import WORD, Facts
from aurora.agents.operator.checking.figures import admissible, blanked, stated_numbers
from aurora.agents.operator.checking.reading.words import LIGHT, concept
from aurora.agents.operator.checking.vocabulary import QUOTED, UNCHECKED, alike, stem

_BREAK = re.compile(
    r"[,;()]|:(?!\d)|\b(?:and(?! \d)|but|or|nor|yet|while|whereas|which|because|so|although|though|since|even|"
    r"until|unless|except|"
    r"instead|as|if|when|once|after|before|by)\b",
    re.IGNORECASE,
)
"""What separates clauses."""
_NUMBER = re.compile(
    r"[~\d^]|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b|"
    r"\bone (?:[a-z]+ )?(?:task|pod|job|node|move|change|step|zone|replica|cordon|container|policy)\b|\bone each\b",
    re.IGNORECASE,
)
_PLAIN = frozenset(
    """a an the this that these those it its they them their i we you your is are was were be been being am do does did
    has have had having will would can could of in on at to for from with within into onto over under out up down than
    as and or nor but so if then there here which who whose what where when while also too each either per about around
    roughly approximately just namely example instance total sum all both short exact precisely words any way well far
    very s t re ve d ll only now currently today still already yet not no n't don doesn isn aren by measurement measured
    evidence result results snapshot data looked found shown listed answer say says said tell know known respectively
    against around right
    overall altogether together combined alone present moment things stand other others one ones more less case
    meaning means mean i'm it's that's there's they're don't doesn't isn't aren't wasn't weren't can't couldn't won't
    wouldn't didn't hasn't haven't backtest backtests followed consist consists""".split()
)
"""Words that claim nothing by themselves."""
_WEIGHTY = re.compile(
    r"\b(?:only one|none of them|nothing|the rest|no other|any other|the others|others|more|less|except|instead|"
    r"again|before|each|every|any|one|same|known|can|could|should|must|may|might)\b",
    re.IGNORECASE,
)
"""Words of `_PLAIN` and others that claim something in a clause of nothing else."""
_DENIAL = re.compile(r"\b(?:no|not|never|none|nothing|without|cannot)\b|n't\b", re.IGNORECASE)
_OPINION = re.compile(
    r"\b(?:too|should|must|need(?:s|ed)?|recommend\w*|likely|possible|certain|better|worse|good|bad|well|right|can|"
    r"could|may|might|never|always|only|again|anywhere|enough)\b",
    re.IGNORECASE,
)
"""Words that add something to what was verified."""
_INABILITY = re.compile(
    r"\s*(?:I|we) (?:can't|cannot|can not|could not|couldn't|am not able to)(?: (?:write|make|apply|approve|change|"
    r"edit|undo|do|say|tell|a|an|the|this|that|it|plans?|changes?|anything|in|mode|without|your|approval|here|yet|"
    r"now))+\s*",
    re.IGNORECASE,
)
"""What an operator can't do, which is no claim about the system."""
_KINDS = frozenset(
    """node nodes task tasks pod pods job jobs cluster plan plans workload workloads policy policies change changes
    hour hours minute minutes day days core cores gib cpu memory gpu gpus value values case cases outcome outcomes
    result percentile median number across threshold open system""".split()
)
"""Words for the things that figures are of, and for their units, which the check of numbers compares."""
_ALSO = {
    "displaced": "lose loses lost",
    "again": "find finds another",
    "tasks": "run runs",
    "coverage": "covered held interval intervals contained",
    "waiting": "wait waits",
    "pending": "wait waits",
}
"""Word of a path -> further words for its figures."""
_NEVER = frozenset({"nev", "never", "start", "run"})
"""Words of what says that a task can never start."""
_MIN_LETTERS = 2
PAIR = 2
"""Fewest names between which a clause without a number says something."""
_SHORT = 4
"""Most words of a statement that one word may stand for."""


_CLAIMS = re.compile(
    r"\b(?:suffic\w+|enough|too (?!little (?:cpu|memory))[a-z]+|recommend\w*|likely|(?<!more )(?<!most )(?<!less )"
    r"(?<!least )expensive|"
    r"cheap|should|must|ought|again and again|except(?:ing)?|apart from|but not|"
    r"as (?:you|was|were|had been|has been) (?:\w+ )?"
    r"(?:asked|approved|wanted|ordered|agreed|instructed|decided|requested|expected)|"
    r"(?:more|fewer|less) \w+ (?:is|are|were|would be) (?:needed|required)|needs? (?:more|fewer|less)\b|"
    r"(?:can|could|may|might) (?:now |then |also |safely |simply |just )?be "
    r"(?:removed|moved|deleted|stopped|changed|ignored|undone)|"
    r"(?:no|without any) (?:impact|effect|risk|downtime|trouble|problems?|interruption)|each other|one another)\b",
    re.IGNORECASE,
)
"""What claims something in any clause, and is not checked by itself."""


def unchecked_claim(verified: str, facts: Facts) -> str:
    """Return which judgement, exception or advice of a sentence no text of the evidence has; "" if none."""
    spoken = " ".join(t.text for t in facts.texts).casefold()
    for match in _CLAIMS.finditer(verified):
        if match[0].casefold() not in spoken:
            return f"{UNCHECKED}: no cited evidence says “{_readable(match[0])}”"
    return ""


def unsupported_clause(masked: str, facts: Facts, named: frozenset[str], verified: str) -> str:
    """Return which clause of a sentence has neither a number nor a name, and no statement that says it; "" if none.

    Args:
        masked: The sentence, names masked.
        facts: Facts of the cited evidence.
        named: Names that the sentence is about.
        verified: The sentence, with `_` in place of each character that another check has verified, and `~` of names.
    """
    fault = unchecked_claim(without_fractions(verified), facts)
    if fault:
        return fault
    statements = list(_statements(facts, named))
    counted = _words_of_figures(blanked(masked), facts, named)
    text = without_fractions(verified)
    for start, end in _clauses(text):
        clause, names = text[start:end], frozenset(re.findall(r"<([^>]*)>", masked[start:end]))
        if QUOTED in clause or _INABILITY.fullmatch(clause):
            continue
        if _is_counted(clause, counted) and _is_accounted_for(clause, names, counted, statements, facts):
            continue
        is_verified = "_" in clause and not _OPINION.search(clause)
        if is_verified and _is_accounted_for(clause, names, counted, statements, facts):
            continue
        content = [w for w in _words(clause) if w not in _PLAIN]
        weighty = _WEIGHTY.search(clause)
        if weighty and (not content or weighty[0].casefold() in ("each", "every", "any", "one")):
            return f"{UNCHECKED}: no cited evidence says “{_readable(clause)}”"
        wanted = [frozenset(stem(a) for a in alike(w)) for w in content]
        if all(w & counted for w in wanted) and not _DENIAL.search(clause):
            continue
        if wanted and not any(_covers(s.words, wanted) for s in statements):
            return f"{UNCHECKED}: no cited evidence says “{_readable(clause)}”"
    return ""


def _readable(clause: str) -> str:
    """Return a clause for people: without what stands for names and for what was verified.

    >>> _readable(" ~~~~~~~ fits ___ nowhere")
    'fits … nowhere'
    """
    return re.sub(r"\s*(?:[~_]+\s*)+", " … ", clause).strip(" …")


def _is_counted(clause: str, counted: frozenset[str]) -> bool:
    """Return whether a clause has a name, or a number whose unit or words are those of a figure."""
    if not _NUMBER.search(clause):
        return False
    if "~" in clause or "_" in clause or any(s.quantity.unit or s.noun for s in stated_numbers(clause)):
        return True
    content = {stem(a) for w in _words(clause) if w not in _PLAIN and w != "instead" for a in alike(w)}
    return not content or bool(content & counted)


def _is_accounted_for(
    clause: str, names: frozenset[str], counted: frozenset[str], statements: list[_Statement], facts: Facts
) -> bool:
    """Return whether each word of a clause with a number or a name is of its figures, or all others of a statement.

    A clause without a number rests on its statement alone, which must be about all that the clause names.
    """
    topic = frozenset().union(*(r.topic for r in facts.wholes))
    strange = [w for w in _words(clause) if w not in _PLAIN and w not in LIGHT and w not in _KINDS]
    wanted = [
        frozenset(stem(a) for a in alike(w))
        for w in strange
        if concept(w) not in topic and not counted & {concept(w), *(stem(a) for a in alike(w))}
    ]
    must = frozenset() if re.search(r"\d", clause) or "_" in clause else names
    if not wanted and len(must) < PAIR:
        return True
    return any((not wanted or _covers(s.words, wanted)) and s.has(must) for s in statements)


def _words_of_figures(text: str, facts: Facts, named: frozenset[str]) -> frozenset[str]:
    """Return the words of the paths of the figures that the numbers of a sentence are."""
    words: set[str] = set()
    for stated in stated_numbers(text):
        for figure in admissible(stated, text, facts, named):
            is_bare = (
                not stated.quantity.unit
                and abs(stated.quantity.number - figure.amount.value) < stated.quantity.step / 2
            )
            if is_bare or agrees(stated.quantity, figure.amount):
                tokens = figure.tokens | figure.key
                words |= {f(t) for t in tokens for f in (stem, concept)}
                words |= {stem(w) for t in tokens for w in _ALSO.get(t, "").split()}
    return frozenset(words - {"full", "empty"})


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the clauses of a sentence are."""
    at = 0
    for match in _BREAK.finditer(text):
        yield at, match.start()
        at = match.start() if match[0].casefold() in ("except", "instead", "before") else match.end()
    yield at, max(at, len(text.rstrip(". ")))


def _words(text: str) -> list[str]:
    return [w for w in (m.casefold().removesuffix("'s") for m in WORD.findall(text)) if len(w) >= _MIN_LETTERS]


def _covers(statement: frozenset[str], wanted: list[frozenset[str]]) -> bool:
    return all(w & statement for w in wanted) and (
        len(wanted) > 1 or (len(statement) <= _SHORT and "#" not in statement)
    )


@dataclass(frozen=True)
class _Statement:
    """Words of a statement of the evidence, and the names in it or that it is about."""

    words: frozenset[str]
    text: str = ""
    owners: frozenset[str] = frozenset()

    def has(self, names: frozenset[str]) -> bool:
        """Return whether it is about all names."""
        return all(n in self.owners or re.search(rf"(?<![\w-]){re.escape(n)}(?![\w])", self.text) for n in names)


def _statements(facts: Facts, named: frozenset[str]) -> Iterator[_Statement]:
    """Yield each statement about what a sentence names, or about the whole."""
    for text in facts.texts:
        if named and text.owners and not text.owners & named and not any(n in text.text for n in named):
            continue
        for part in re.split(r"[,;:.\n]+ ", text.text):
            number = {"#"} if re.search(r"(?<![\w-])\d", part) else set()
            words = frozenset(stem(w) for w in _words(part)) | number
            is_word = " " not in text.text or re.match(r"\d{4}-", text.text) is not None
            path = frozenset(stem(t) for t in text.tokens if is_word)
            path |= _NEVER if "never" in text.tokens and text.text else frozenset()
            yield _Statement(words | path, part, text.owners)
    for listing in facts.listings:
        if listing.size and (not named or set(listing.members) & named or listing.owners & named):
            yield _Statement(frozenset(stem(t) for t in listing.key), owners=listing.owners | set(listing.members))
    for tokens, owners, value in facts.flags:
        if value and (not named or not owners or owners & named):
            yield _Statement(frozenset(stem(t) for t in tokens), owners=owners)
