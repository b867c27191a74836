"""Checks the sentences of an answer, whoever wrote them, against the evidence that each cites."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from aurora.agents.explain.telling.quantities import Quantity
from aurora.agents.operator.answer import Answer, Sentence
from aurora.agents.operator.checking.amounts import wrong_number, wrong_time
from aurora.agents.operator.checking.claims import wrong_claim
from aurora.agents.operator.checking.derived import without_fractions
from aurora.agents.operator.checking.facts import NAME, Facts, looks_like_name
from aurora.agents.operator.checking.figures import blanked, in_digits, stated_numbers
from aurora.agents.operator.checking.quantified import quantified
from aurora.agents.operator.checking.reading import Verdict, is_read, read_sentence
from aurora.agents.operator.checking.vocabulary import (
    ALWAYS,
    DIRECTIVE,
    MARKUP,
    NEUTRAL,
    QUOTED,
    UNCHECKED,
    VAGUE,
    alike,
    stem,
)
from aurora.agents.operator.checking.walking import facts_of
from aurora.tools.desk import Desk
from aurora.tools.harness import MORE, Evidence

MAX_SENTENCE = 600
"""Most characters of a sentence that is checked."""
MIN_JOB_DIGITS = 3
"""Fewest digits of a job's number; shorter ones are amounts."""
POD_HASHES = 2
"""Hashes at the end of a pod's name, of its set and its own; a job's pod has one."""
MIN_WORD, MIN_STEMMED = 3, 5
"""Fewest letters of a word that is checked, and of a neutral one whose other endings are neutral too."""
RULES = "rules"
"""Who answers in words that code has written."""
_OPEN = re.compile(
    r"^(?:I (?:do not|don't|can't|cannot|could not|couldn't|am not|found no)|There is no|You can|Ask|To (?:apply|undo|"
    r"approve|see|reject|answer)|Shall|Should|Do you|Would you|Which)\b|\?$|"
    r"^Nothing (?:is|was|has been) (?:applied|changed)(?: yet| so far)?\.?$",
    re.IGNORECASE,
)
"""How a sentence begins, or ends, that may stand without evidence."""
_IGNORANCE = re.compile(
    r"^(?:so |but )?(?:I (?:do not|don't|can't|cannot|could not|couldn't) "
    r"(?:know|tell|say|see|judge|find|determine|compare)|"
    r"It is (?:not known|unknown)|The (?:evidence|result|snapshot|tool)s? (?:do(?:es)? not|doesn't|don't) "
    r"(?:say|show|tell|record|give))\b|\bis (?:not known|unknown)\.?$",
    re.IGNORECASE,
)
"""How a sentence begins that says what is not known: what it then names is a question and no claim."""
_COMMAND = re.compile(
    r"(?<![\w/])/(?:help|evidence|why|whatif|plan|diff|approve|reject|edit|mode|tools|model|cost|sessions|"
    r"save|quit|apply|rollback)\b"
)
_QUOTE = re.compile(r'["“]([^"”]{1,300})["”]')
_ABSENT = re.compile(
    r"^ (?:is|was)(?: not|n't| no longer) (?:(?:a )?part of|in|among|included in|listed in|contained in)\b|"
    r"^ is (?:left out|missing from|absent from)\b",
    re.IGNORECASE,
)
"""What a sentence says of a name that its evidence rightly does not have."""
_LABEL = re.compile(
    r"^(?:root cause|causes?|risks?|summary|notes?|effect|reasons?|result|in short|in brief|bottom line|answer|"
    r"details?):\s+(?=\S)",
    re.IGNORECASE,
)
"""Labels at the beginning of a line, which claim nothing."""
_OF = re.compile(r"(?<![\w/.:-])(\d+)/(\d+)(?![\w/:-]|\.\d)")
"""A part and its whole: 11/12 nodes."""
_METRICS = frozenset({"cpu", "memory", "gpu", "requests", "power", "network"})
_RESOURCE = re.compile(r"[a-z][a-z0-9.-]*\.[a-z]+/[a-z][\w.-]*")
"""Names of resources, such as nvidia.com/mig-1g.10gb."""
_TYPOGRAPHY = frozenset("–—‘’“”×°≥≤→…·•éèüöäß\u00a0\u202f")
_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?")
_HYPHENATED = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)+")


def check_answer(answer: Answer, evidence: Sequence[Evidence], desk: Desk) -> Answer:
    """Return an answer whose sentences that do not hold are struck, each with the reason.

    Numbers of the question may be repeated, and its names where the answer says that they are not known. Texts in the
    evidence are data: what they ask for is not done, and a sentence that passes it on is struck.

    Args:
        answer: Answer of an operator.
        evidence: Tool calls of the conversation.
        desk: Open data, for its names.
    """
    by_id = evidence_by_id(evidence)
    names = names_of(desk)
    is_code = answer.by == RULES
    checked = [
        s if s.struck else s.model_copy(update={"struck": fault_of(s, by_id, answer.question, names, is_code=is_code)})
        for s in answer.sentences
    ]
    return answer.model_copy(update={"sentences": tuple(checked)})


def evidence_by_id(evidence: Sequence[Evidence]) -> dict[str, Evidence]:
    """Return tool calls by id, such as E3; a call that showed more of another result stands for that one."""
    by_id = {f"E{e.number}": e for e in evidence}
    for call in evidence:
        if call.tool == MORE and call.outcome == "ok" and isinstance(call.arguments, Mapping):
            by_id[f"E{call.number}"] = by_id.get(str(call.arguments.get("id")), call)
    return by_id


def names_of(desk: Desk) -> frozenset[str]:
    """Return the names of what is open: they count as names however plain they look."""
    try:
        cluster = desk.cluster
    except ValueError:
        return frozenset((*desk.series_ids, *desk.account_ids, *desk.scenario_ids))
    return frozenset(
        (
            *cluster.nodes_by_id,
            *cluster.tasks_by_id,
            *cluster.workloads_by_id,
            *desk.series_ids,
            *desk.account_ids,
            *desk.scenario_ids,
        )
    )


def fault_of(
    sentence: Sentence, evidence: Mapping[str, Evidence], question: str, names: frozenset[str], *, is_code: bool = False
) -> str:
    """Return why a sentence does not hold; "" if it does.

    Args:
        sentence: The sentence.
        evidence: Tool calls by id, such as E3.
        question: Question that is answered.
        names: Names of what is open.
        is_code: True: code wrote its words, so that only what it states is checked.
    """
    text = _normalised(sentence.text)
    absent = [c for c in sentence.cites if c not in evidence]
    if absent:
        return f"there is no {absent[0]}"
    if len(text) > MAX_SENTENCE:
        return f"{UNCHECKED}: it is longer than {MAX_SENTENCE} characters"
    facts = facts_of([evidence[c] for c in sentence.cites])
    if not sentence.cites and not is_code and not _OPEN.search(text):
        return "it cites no evidence"
    fault = _wrong_writing(text, facts, question, is_code)
    if fault:
        return fault
    text, fault = _without_quotations(text, facts)
    if fault:
        return fault
    masked, named, strange = _masked(_COMMAND.sub(lambda m: "~" * len(m[0]), text), facts, names, question)
    if strange and not (is_code and not sentence.cites):
        return f"{strange} is a name that no cited evidence has"
    named = named & (names | facts.owners)
    if not sentence.cites or is_code:
        return _fault_of_words(masked, facts, named, question, is_code=is_code, is_cited=bool(sentence.cites))
    fault = wrong_time(blanked(masked), facts)
    if fault:
        return fault
    read = read_sentence(masked, facts)
    wrong = next((v for v in read if not v.is_true), None)
    if wrong is None and read and is_read(masked, read):
        return ""
    fault = _fault_of_words(masked, facts, named, question, is_code=False, is_cited=True)
    if wrong is not None:
        return fault or f"the cited evidence does not have it so (“{masked[wrong.start : wrong.end].strip(' ,;:')}”)"
    if fault and read:  # what was read holds: the rest is checked by itself
        for verdict in read:
            masked = _blank(masked, verdict)
        return fault and _fault_of_words(masked, facts, named, question, is_code=False, is_cited=True) and fault
    return fault


def _blank(masked: str, verdict: Verdict) -> str:
    return masked[: verdict.start] + "~" * (verdict.end - verdict.start) + masked[verdict.end :]


def _fault_of_words(
    masked: str, facts: Facts, named: frozenset[str], question: str, *, is_code: bool, is_cited: bool
) -> str:
    """Return what is wrong with the words, numbers and claims of a sentence, each checked by itself."""
    if not is_code and is_cited:
        for verdict in quantified(masked, facts):
            if not verdict.is_true:
                return f"the cited evidence does not have it so (“{masked[verdict.start : verdict.end]}”)"
            masked = masked[: verdict.start] + "~" * (verdict.end - verdict.start) + masked[verdict.end :]
    blank = blanked(masked)
    raw = f"{facts.raw}\n{question}"
    if not is_cited:
        return _wrong_words(blank, facts, question, is_code) or _wrong_uncited(blank, question)
    return (
        _wrong_words(blank, facts, question, is_code)
        or wrong_number(masked, facts, named, _numbers(question), raw)
        or wrong_claim(_known_part(masked), facts, named, is_code=is_code)
    )


def _known_part(masked: str) -> str:
    """Return what a sentence claims: all, or only what follows where it begins with what is not known."""
    if not _IGNORANCE.search(masked):
        return masked
    further = re.search(r"(?:,|;) (?:and|so|but|which|while)\b.*|, (?:more|again|since|due|every)\b.*", masked)
    return further[0] if further else ""


def _wrong_uncited(text: str, question: str) -> str:
    asked = {q.number for q in _numbers(question)}
    strange = next((s for s in stated_numbers(text) if s.quantity.number not in asked), None)
    return "" if strange is None else "states a number and cites no evidence"


def _wrong_writing(text: str, facts: Facts, question: str, is_code: bool) -> str:
    if not text.isprintable():
        return "has characters that are not seen"
    odd = next(
        (c for c in text if not c.isascii() and c not in _TYPOGRAPHY and c not in facts.raw and c not in question), ""
    )
    if odd:
        return f"has a character that no evidence has ({odd!r})"
    markup = None if is_code else MARKUP.search(text)
    return f"has markup or a link ({markup[0]!r})" if markup else ""


def _normalised(text: str) -> str:
    """Return a text as sentences are read: numbers in digits, without labels before names."""
    return _OF.sub(r"\1 of \2", _LABEL.sub("", in_digits(" ".join(text.split()))))


def _without_quotations(text: str, facts: Facts) -> tuple[str, str]:
    """Return a sentence without what it quotes from evidence, and what is wrong with a quotation."""
    raw = " ".join(facts.raw.split())
    for match in _QUOTE.finditer(text):
        quoted = match[1].strip(" .,;")
        is_there = quoted in raw or quoted in raw.replace('\\"', '"') or quoted in _normalised(raw)
        if quoted and not is_there:
            return text, "quotes what is in no cited evidence"
        if DIRECTIVE.search(quoted):
            return text, "passes on an instruction from the evidence"
    return _QUOTE.sub(lambda m: QUOTED * len(m[0]), text), ""


def _masked(text: str, facts: Facts, names: frozenset[str], question: str) -> tuple[str, frozenset[str], str]:
    """Return a sentence with its names as `<name>`, the names of the evidence that it means, and one that none has."""
    known = _forms(facts.names | {n for n in names if n in facts.raw})
    named: set[str] = set()
    strange = ""
    parts: list[str] = []
    at = 0
    for match in NAME.finditer(text):
        token = match[0]
        is_job = token.isdigit() and len(token) >= MIN_JOB_DIGITS and token in known
        is_id = token in facts.names and not re.search(r"\b(?:the|an?|is|its|are|most|least) $", text[: match.start()])
        if (token.casefold() in NEUTRAL and not is_id) or (re.fullmatch(r"[\d.,]+", token) and not is_job):
            continue
        full = known.get(token)
        possessive = token.removesuffix("'s")
        full = full or known.get(possessive)
        if full is not None and (looks_like_name(token) or token in names or len(full) == 1 or _is_short(token, full)):
            named |= full
            parts += [text[at : match.start()], f"<{next(iter(full))}>" if len(full) == 1 else f"<{token}>"]
            at = match.end()
        elif not strange and (looks_like_name(token) or token in names) and not _is_plain(token, facts):
            is_said_unknown = token in question and re.search(r"\b(?:no|not|unknown)\b|n't", text)
            is_said_absent = token in names and _ABSENT.search(text[match.end() :]) is not None
            if is_said_absent:
                parts += [text[at : match.start()], f"<{token}>"]
                at = match.end()
                continue
            strange = "" if is_said_unknown else token
        elif _RESOURCE.fullmatch(token) and token in facts.raw:  # its digits count nothing
            parts += [text[at : match.start()], re.sub(r"\d", "~", token)]
            at = match.end()
    parts.append(text[at:])
    return "".join(parts), frozenset(named), strange


def _is_short(token: str, full: set[str]) -> bool:
    """Return whether a word is the short name of several things: of a workload, its tasks and series."""
    return "-" in token or all("/" in name for name in full)


def _forms(names: set[str]) -> dict[str, set[str]]:
    """Return what each name, or a part that people use for it, stands for."""
    forms: dict[str, set[str]] = {}
    for name in names:
        parts = name.split("/")
        short = {name, parts[-1], "/".join(parts[1:]) if len(parts) > 1 else name}
        if len(parts) > 2 and parts[-1] in _METRICS:  # noqa: PLR2004  # a series of a workload: KIND/NAME/METRIC
            short = {name, parts[-2], "/".join(parts[1:-1]), "/".join(parts[:-1])}
            parts = parts[:-1]
        stem_parts = parts[-1].split("-")
        if len(stem_parts) > POD_HASHES:
            short |= {"-".join(stem_parts[:-1]), "-".join(stem_parts[:-2])}
        elif len(stem_parts) == POD_HASHES and "/" in name:  # a job's pod
            short.add(stem_parts[0])
        for form in short:
            if form:
                forms.setdefault(form, set()).add(name)
    for name in names:
        forms[name] = {name}
    return forms


def _is_plain(token: str, facts: Facts) -> bool:
    """Return whether a token is a figure with its unit, or made of words that the evidence has."""
    if token in ("e.g", "i.e", "GiB/s", "Gbit/s"):
        return True
    if re.fullmatch(r"(?:\d[\d.,]*)(?:-\d+)?[A-Za-z%/]*|[A-Za-z]+/[a-z]+", token):
        if token[0].isdigit():
            return not re.search(r"\d[A-Za-z]+\d", token)
        return token.islower() and all(p in NEUTRAL or p in facts.words for p in token.split("/"))
    if re.fullmatch(r"[A-Z][a-z]+[A-Z][A-Za-z]+", token):  # StatefulSet, NoSchedule
        return token in facts.raw
    return token in facts.raw


def _wrong_words(text: str, facts: Facts, question: str, is_code: bool) -> str:
    """Return what is wrong with the words of a sentence: commands, generalities, words that no evidence has."""
    command = DIRECTIVE.search(text)
    if command and not is_code:
        return f"commands, or claims consent (“{command[0]}”)"
    vague = VAGUE.search(without_fractions(text))
    if vague and not is_code:
        return f"{UNCHECKED}: “{vague[0]}” is no figure"
    general = ALWAYS.search(text)
    if general and general[0].casefold() not in " ".join(t.text for t in facts.texts).casefold():
        return f"{UNCHECKED}: “{general[0]}” goes beyond what was looked up"
    if is_code:
        return ""
    known = {stem(w) for w in facts.words | set(_WORD.findall(question))}
    for word in _WORD.findall(without_fractions(text)):
        plain = word.casefold().removesuffix("'s")
        if plain in NEUTRAL or len(plain) < MIN_WORD:
            continue
        if not {stem(a) for a in alike(plain)} & known and stem(plain) not in _NEUTRAL_STEMS:
            return f"says “{word}”, which is in no cited evidence"
    return ""


_NEUTRAL_STEMS = frozenset(stem(w) for w in NEUTRAL if len(w) >= MIN_STEMMED)


def _numbers(question: str) -> list[Quantity]:
    return [s.quantity for s in stated_numbers(question)]
