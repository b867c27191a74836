"""Names from files in a text: plain where they are unambiguous, else quoted, so that none can pass for prose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from aurora.sim.explain.names import PLAIN_NAME, quoted, shown_name

MOST_LISTED = 4
"""Most names in a list; a longer one shows three and the number of others."""
NODES, TASKS, RUNS = "node", "task", "run"
"""Kinds of names: candidates, tasks, and policies or scenarios."""
_BEFORE: Mapping[str, re.Pattern[str]] = {
    NODES: re.compile(r"(?:(?:the )?(?:node|candidate|host|runner-up|winner),? )?", re.IGNORECASE),
    TASKS: re.compile(r"(?:(?:the )?(?:tasks?|jobs?|flows?) )?", re.IGNORECASE),
    RUNS: re.compile(r"(?:(?:the )?(?:policy|scenario) )?", re.IGNORECASE),
}


class Names(NamedTuple):
    """Names that a text may mention.

    Attributes:
        known: Kind -> names.
        winner, runner_up, task: Names meant by "the winner", "the runner-up" and "the task"; "" if none.
        words: Words of the phrasings, in lower case; a name that is one of them is quoted.
    """

    known: Mapping[str, frozenset[str]]
    winner: str = ""
    runner_up: str = ""
    task: str = ""
    words: frozenset[str] = frozenset()


def names_at(text: str, at: int, sort: str, names: Names) -> Iterator[tuple[int, str]]:
    """Names of a sort that stand in a text from a place on: where each ends, and whose it is.

    A name may be preceded by what it is ("node n1"). The winner, the runner-up and the task may be meant by that
    word alone.
    """
    meant = {"the winner": names.winner, "the runner-up": names.runner_up} if sort == NODES else {}
    meant |= {"the task": names.task, "the job": names.task} if sort == TASKS else {}
    for words, name in meant.items():
        end = at + len(words)
        if name and text[at:end].lower() == words and _ends(text, end):
            yield end, name
    before = _BEFORE[sort].match(text, at)
    assert before is not None  # it may be empty
    starts = dict.fromkeys((at, before.end()))
    for start in starts:
        role = text[at:start].lower()
        for name in _candidates(text, start, names.known.get(sort, frozenset())):
            if ("winner" in role and name != names.winner) or ("runner-up" in role and name != names.runner_up):
                continue
            for written in dict.fromkeys((quoted(name), name) if PLAIN_NAME.fullmatch(name) else (quoted(name),)):
                end = start + len(written)
                if text.startswith(written, start) and (written[0] == '"' or _ends(text, end)):
                    if "," not in role:
                        yield end, name
                    elif text[end : end + 1] == ",":  # "the runner-up, n1, lost"
                        yield end + 1, name


def _candidates(text: str, start: int, known: frozenset[str]) -> list[str]:
    """Return names that might stand at a place; of thousands, those that begin as the text does."""
    plain_name = PLAIN_NAME.match(text, start)
    if plain_name is None:
        return (
            [name for name in known if text.startswith(quoted(name), start)] if text[start : start + 1] == '"' else []
        )
    longest = plain_name.group()
    return [part for end in range(len(longest), 0, -1) if (part := longest[:end]) in known]


def _ends(text: str, at: int) -> bool:
    """Check that no name continues at a place."""
    return re.match(r"[A-Za-z0-9_-]|[.:/@][A-Za-z0-9]", text[at : at + 2]) is None


def join_names(names: Sequence[str]) -> str:
    """Join names as a list in a sentence."""
    shown = [shown_name(n) for n in names]
    if len(shown) > MOST_LISTED:
        shown = [*shown[: MOST_LISTED - 1], f"{len(shown) - MOST_LISTED + 1} others"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "nobody"
