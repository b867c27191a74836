"""Write the tutorial with the common questions and their answers: `python -m docs.programs.conversation`.

`tests/docs/test_conversation.py` works out the figures of each answer from the snapshot by another way.
"""

from __future__ import annotations

import re
import tempfile
import textwrap
from pathlib import Path

from aurora.agents.operator.answer import Answer, Turn
from aurora.agents.operator.checking import check_answer
from aurora.agents.operator.rules import RulesOperator
from aurora.graphs.chat.opening import open_desk
from aurora.tools.harness import Evidence, Harness
from aurora.tools.registry import ROWS

PAGE = Path(__file__).parents[1] / "tutorials" / "ask-your-cluster.md"
SNAPSHOT = "sample:web-shop"
WIDTH, MAX_ROWS, MAX_CELL = 100, 6, 60
PLAN_ID = "1a2b3c4d5e6f"
"""Stands for the id of the plan, which depends on the time at which it is made."""
DAY = "2026-06-16 13:30"
"""Stands for the time at which the plan expires."""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("Why is this there?", "why is web on node a2?"),
    ("Why is this pending?", "why is fraud-scoring pending?"),
    ("What if load grows?", "what if load grows by 30 %?"),
    ("What if a node dies?", "what if node b2 dies?"),
    ("What if a price changes?", "what if prices rise by 20 %?"),
    ("What if I add two nodes?", "what if I add two nodes like node-a3?"),
    ("A forecast", "how much cpu will web need in the next hour?"),
    ("How much to reserve", "how many cores should I reserve for web to be 95 % sure for the next hour?"),
    ("What is oversized?", "which workloads are oversized?"),
    ("Which policy is best here?", "which policy is best here and why?"),
    ("Compare two", "compare best_fit with least_allocated"),
    ("Make a plan", "drain node b2"),
    ("Is this plan valid?", "is the plan still valid?"),
    ("Recommend", "what do you recommend?"),
)
"""Headings and questions of the tutorial, in the order of the conversation."""

HEAD = """<!-- Written by `python -m docs.programs.conversation`; a test compares. -->

# Ask your cluster

`aurora chat` answers questions about a cluster. Without a key it answers by fixed rules; with `--model` a model
answers, and every sentence of both is checked against what was looked up. This page is a conversation about the sample
web shop: 12 nodes in 3 zones on Kubernetes, with 14 days of measured use. Your own cluster comes with
`--snapshot FILE`; see [Bring your cluster](../guides/bring-your-cluster.md).

Start it with `aurora chat --snapshot sample:web-shop --mode plan`. Single questions also work:
`aurora ask "why is fraud-scoring pending?"`.

Each sentence names the evidence that it rests on, such as [E1]; `/evidence 1` shows it whole. The figures below are
worked out from the snapshot a second time, by other means, in `tests/docs/test_conversation.py`.
"""

TAIL = """
## What it does not know

It says so. Without prices there is no cost, and without a history there is no forecast. A question that it does not
understand is answered with the nearest ones that it does. Where a question has other readings, or names were inferred,
the answer begins with "Read as". A wrong reading then shows at once, and other words or full names correct it.

`aurora bench operator` measures both. On the fourth set, of 300 sealed questions, it gets 73 % right and asks back for
24 %. It takes 2.0 % for others, or with wrong names or amounts (95 % interval 0.9 to 4.3 %). Of these 6, 5 said how
they were read. So did 78 of the 218 right ones. Measured on 29 November 2026 at commit 975915a, the third look at its
totals; nothing was chosen by them.

```text
{unknown}
```

The plan has changed nothing. [Plans](../guides/plans.md) says how one is approved, applied and undone.
"""


def conversation(folder: Path) -> tuple[Turn, ...]:
    """Return the turns of the tutorial, each checked.

    Args:
        folder: Folder of plans, empty.
    """
    desk = open_desk(SNAPSHOT, plans=folder)
    operator = RulesOperator()
    turns: tuple[Turn, ...] = ()
    journal: list[Evidence] = []
    for _, question in (*QUESTIONS, ("", "how slow is the checkout page?")):
        harness = Harness(desk, list(ROWS), journal=journal)
        answer = check_answer(operator.answer(question, harness, turns, "plan"), harness.journal, desk)
        journal = harness.journal
        turns = (*turns, Turn(question=question, answer=answer))
    return turns


def page(turns: tuple[Turn, ...]) -> str:
    """Return the tutorial."""
    parts = [HEAD]
    for (heading, _), turn in zip(QUESTIONS, turns, strict=False):
        parts.append(f"## {heading}\n\n```text\n> {turn.question}\n\n{shown(turn.answer)}\n```\n")
    last = turns[-1]
    parts.append(TAIL.format(unknown=f"> {last.question}\n\n{shown(last.answer)}").lstrip("\n"))
    return _fixed("\n".join(parts))


def shown(answer: Answer) -> str:
    """Return an answer as text: its sentences, tables and questions back."""
    lines = textwrap.wrap(answer.reading, WIDTH)
    for sentence in answer.sentences:
        if not sentence.struck:
            cites = f" [{', '.join(sentence.cites)}]" if sentence.cites else ""
            lines += textwrap.wrap(sentence.text + cites, WIDTH, break_long_words=False, break_on_hyphens=False)
    for table in answer.tables:
        lines += ["", table.title, *_table((table.columns, *table.rows[:MAX_ROWS]))]
        if len(table.rows) > MAX_ROWS:
            lines.append(f"... {len(table.rows) - MAX_ROWS} rows more")
    if answer.asks_back:
        lines += ["Did you mean:", *(f"- {q}" for q in answer.asks_back)]
    return "\n".join(lines)


def _table(rows: tuple[tuple[str, ...], ...]) -> list[str]:
    cells = [[c if len(c) <= MAX_CELL else f"{c[: MAX_CELL - 3]}..." for c in row] for row in rows]
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]


def _fixed(text: str) -> str:
    """Return a text with the id and the end of its plan replaced, as both depend on the time."""
    found = re.search(r"Plan ([0-9a-f]{12}) has", text)
    if found:
        text = text.replace(found[1], PLAN_ID)
    return re.sub(r"expires\s+at\s+\d{4}-\d{2}-\d{2}\s+\d{2}:\d{2}", f"expires at {DAY}", text)


def written() -> str:
    """Return the tutorial as it is to be."""
    with tempfile.TemporaryDirectory() as folder:
        return page(conversation(Path(folder)))


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
