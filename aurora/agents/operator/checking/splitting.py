"""Splits a model's text into sentences with their citations: prose, bullets, and rows of Markdown tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from aurora.agents.operator.answer import Sentence

_CITES = re.compile(r"[\[(]\s*(E\d+(?:\s*[,;–-]\s*(?:and )?E?\d+)*)\s*[\])]")
_MAX_RANGE = 30
"""Most results that a range of citations, such as E3-E5, stands for."""
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_HEADING = re.compile(r"^\s*#+\s+")
_RULE = re.compile(r"^[\s|:*_-]+$")


def split_sentences(text: str) -> Iterator[Sentence]:
    """Yield the sentences of a model's text with the evidence that each cites.

    Citations may be written [E3], [E3, E4], [E3-E5] or (E3), before or after the full stop. Emphasis and bullets of
    Markdown are taken off. A row of a table becomes a sentence. Bullets and rows without citations have those of the
    line that leads to them, or of a line of citations after them. Headings, which claim nothing, are left out.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    lead: tuple[str, ...] = ()
    header: list[str] = []
    for place, line in enumerate(lines):
        plain = re.sub(r"\*\*|__|`", "", line).strip()
        is_row = plain.startswith("|") and plain.count("|") > 1
        if not is_row:
            header = []
        if _is_left_out(line, plain, lines[place + 1 :]):
            lead = _cites(plain) or lead
            continue
        if is_row:
            cells = [c.strip() for c in plain.strip("|").split("|")]
            if _RULE.match(plain):
                continue
            if not header:
                header = cells
                continue
            said, cites = _row(header, cells), _cites(plain)
            yield Sentence(text=said, cites=cites or lead or _after(lines[place + 1 :]) or _of_rows(lines[place + 1 :]))
            continue
        is_bullet = _BULLET.match(plain) is not None
        inherited = (lead or _after(lines[place + 1 :])) if is_bullet else ()
        if plain.endswith(":") and not _cites(plain) and not is_bullet:
            inherited = _of_bullets(lines[place + 1 :])
        found = list(_of_line(_BULLET.sub("", plain)))
        yield from (s if s.cites else s.model_copy(update={"cites": inherited}) for s in found)
        if not is_bullet:
            lead = _cites(plain) if plain.rstrip("*_ ").endswith(":") else ()


def _of_line(plain: str) -> Iterator[Sentence]:
    plain = re.sub(r"([.!?])(\s*(?:[\[(]E\d+[^\])]*[\])]\s*)+)", lambda m: f"{m[2].strip()}{m[1]} ", plain)
    for part in re.split(r"(?<=[\])][.!?])\s+|(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)\s+(?=[A-Z0-9\"“(/])", plain):
        said = re.sub(r"\s+([.,;!?])", r"\1", _CITES.sub("", part)).strip()
        if re.search(r"[A-Za-z0-9]", said):
            yield Sentence(text=said, cites=_cites(part))


def _is_left_out(line: str, plain: str, following: Sequence[str]) -> bool:
    """Return whether a line claims nothing: a heading, citations alone, or what leads to bullets or a table."""
    said = _CITES.sub("", plain).strip()
    if not re.search(r"[A-Za-z0-9]", said) and not plain.startswith("|"):
        return True
    if any(c.isdigit() for c in said):
        return False
    is_lead = (
        said.endswith(":") and bool(following) and re.match(r"\s*(?:\||[-*•] |\d+[.)] )", following[0]) is not None
    )
    is_bold = re.fullmatch(r"\s*(?:\*\*|__)[^*_]{1,40}(?:\*\*|__):?\s*", line) is not None and bool(following)
    return _HEADING.match(line) is not None or is_bold or (is_lead and re.search(r"[<>{}@\\]|/\w", said) is None)


def _after(following: Sequence[str]) -> tuple[str, ...]:
    """Return the citations of a line of nothing else after the bullets or rows."""
    for line in following:
        if not _CITES.sub("", line).strip(" .*_"):
            return _cites(line)
        if not _BULLET.match(line) and not line.lstrip().startswith("|"):
            break
    return ()


def _of_rows(following: Sequence[str]) -> tuple[str, ...]:
    """Return the citations of the last row of a table, where they stand for all."""
    rows = list(takewhile(lambda line: line.lstrip().startswith("|"), following))
    return _cites(rows[-1]) if rows and not any(_cites(r) for r in rows[:-1]) else ()


def _of_bullets(following: Sequence[str]) -> tuple[str, ...]:
    """Return the citations of the bullets that a line leads to."""
    cites: list[str] = []
    for line in following:
        if not _BULLET.match(line):
            break
        cites += _cites(line)
    return tuple(dict.fromkeys(cites))


def _row(header: Sequence[str], cells: Sequence[str]) -> str:
    clean = [_CITES.sub("", c).strip() for c in cells]
    names = [_CITES.sub("", h).strip() for h in header]
    rest = [f"{h} {c}".strip() for h, c in zip(names[1:], clean[1:], strict=False) if c]
    return f"{clean[0]}: {', '.join(rest)}." if rest else f"{clean[0]}."


def _cites(text: str) -> tuple[str, ...]:
    cites: list[str] = []
    for group in _CITES.findall(text):
        for first, last in re.findall(r"E?(\d+)(?:\s*[–-]\s*E?(\d+))?", group):
            end = min(int(last or first), int(first) + _MAX_RANGE)
            cites += [f"E{n}" for n in range(int(first), end + 1)]
    return tuple(dict.fromkeys(cites))
