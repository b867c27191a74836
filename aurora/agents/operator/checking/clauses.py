"""Checks that each clause of a sentence rests on something: a number, or a statement of the cited evidence.

Single words that the evidence has elsewhere are no support: "and it is full" must be said of what the sentence names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aurora.agents.explain.telling.quantities import agrees
from aurora.agents.operator.checking.derived import without_fractions
from aurora.agents.operator.checking.facts import WORD, Facts
from aurora.agents.operator.checking.figures import admissible, blanked, stated_numbers
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
_MIN_LETTERS = 2
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
            return f"{UNCHECKED}: no cited evidence says “{match[0]}”"
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
    for clause in _clauses(without_fractions(verified)):
        if QUOTED in clause or _INABILITY.fullmatch(clause) or _is_counted(clause, counted):
            continue
        if "_" in clause and not _OPINION.search(clause):
            continue  # the rest of it qualifies what was verified
        content = [w for w in _words(clause) if w not in _PLAIN]
        weighty = _WEIGHTY.search(clause)
        if weighty and (not content or weighty[0].casefold() in ("each", "every", "any", "one")):
            return f"{UNCHECKED}: no cited evidence says “{clause.strip()}”"
        wanted = [frozenset(stem(a) for a in alike(w)) for w in content]
        if all(w & counted for w in wanted) and not _DENIAL.search(clause):
            continue
        if wanted and not any(_covers(words, wanted) for words in statements):
            return f"{UNCHECKED}: no cited evidence says “{clause.replace('_', '').strip()}”"
    return ""


def _is_counted(clause: str, counted: frozenset[str]) -> bool:
    """Return whether a clause has a name, or a number whose unit or words are those of a figure."""
    if not _NUMBER.search(clause):
        return False
    if "~" in clause or "_" in clause or any(s.quantity.unit or s.noun for s in stated_numbers(clause)):
        return True
    content = {stem(a) for w in _words(clause) if w not in _PLAIN and w != "instead" for a in alike(w)}
    return not content or bool(content & counted)


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
                words |= {stem(t) for t in figure.tokens | figure.key}
    return frozenset(words - {"full", "empty"})


def _clauses(text: str) -> Iterator[str]:
    at = 0
    for match in _BREAK.finditer(text):
        yield text[at : match.start()]
        at = match.start() if match[0].casefold() in ("except", "instead", "before") else match.end()
    yield text[at:].rstrip(". ")


def _words(text: str) -> list[str]:
    return [w for w in (m.casefold().removesuffix("'s") for m in WORD.findall(text)) if len(w) >= _MIN_LETTERS]


def _covers(statement: frozenset[str], wanted: list[frozenset[str]]) -> bool:
    return all(w & statement for w in wanted) and (
        len(wanted) > 1 or (len(statement) <= _SHORT and "#" not in statement)
    )


def _statements(facts: Facts, named: frozenset[str]) -> Iterator[frozenset[str]]:
    """Yield the words of each statement about what a sentence names, or about the whole."""
    for text in facts.texts:
        if named and text.owners and not text.owners & named and not any(n in text.text for n in named):
            continue
        for part in re.split(r"[,;:.\n]+ ", text.text):
            number = {"#"} if re.search(r"(?<![\w-])\d", part) else set()
            yield (
                frozenset(stem(w) for w in _words(part))
                | number
                | frozenset(stem(t) for t in text.tokens if " " not in text.text)
            )
    for listing in facts.listings:
        if listing.size and (not named or set(listing.members) & named or listing.owners & named):
            yield frozenset(stem(t) for t in listing.key)
    for tokens, owners, value in facts.flags:
        if value and (not named or not owners or owners & named):
            yield frozenset(stem(t) for t in tokens)
