"""Prompts: questions of operators, for a person to choose from a menu of their client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mcp import types

MOST_ARGUMENT = 300
"""Most characters of an argument."""
CITE = "Say which tool each figure comes from, with its unit; say what the tools can't tell."


class Question(NamedTuple):
    """A question of operators.

    Attributes:
        title: Title in a menu.
        text: The question; `{name}` stands for the argument.
        argument: Name of its argument; "": it has none.
        meaning: Description of the argument.
    """

    title: str
    text: str
    argument: str = ""
    meaning: str = ""


QUESTIONS: Mapping[str, Question] = {
    "what_needs_attention": Question(
        "What needs attention?",
        "What in my cluster needs attention now? Look at what waits and why, nodes that are full, marked or under "
        "maintenance, and what changed. Order it by urgency.",
    ),
    "why_it_waits": Question(
        "Why does a task wait?",
        "Why does the task named {task} wait, and what is the smallest change that would place it?",
        "task",
        "id of the task, or a part of it",
    ),
    "if_a_node_fails": Question(
        "What if a node fails?",
        "What happens if the node named {node} fails: which tasks lose their place, which find another one, and what "
        "does the cluster cost then?",
        "node",
        "name of the node",
    ),
    "what_is_wasted": Question(
        "What is wasted?",
        "Which containers request more than they use, which nodes are nearly empty, and what would I save an hour?",
    ),
}


def listed() -> list[types.Prompt]:
    """Return the prompts as a client is told of them."""
    return [
        types.Prompt(
            name=name,
            title=q.title,
            description=q.title,
            arguments=[types.PromptArgument(name=q.argument, description=q.meaning, required=True)]
            if q.argument
            else [],
        )
        for name, q in QUESTIONS.items()
    ]


def filled(name: str, arguments: Mapping[str, str]) -> types.GetPromptResult | None:
    """Return a prompt with its argument quoted; None: there is no such prompt, or its argument is absent or too long.

    Args:
        name: Name of the prompt.
        arguments: Its arguments, which are data.
    """
    question = QUESTIONS.get(name)
    if question is None:
        return None
    text = question.text
    if question.argument:
        given = " ".join(arguments.get(question.argument, "").split())
        if not given or len(given) > MOST_ARGUMENT:
            return None
        text = text.replace(f"{{{question.argument}}}", f'"{given}"')
    message = types.PromptMessage(role="user", content=types.TextContent(text=f"{text} {CITE}"))
    return types.GetPromptResult(description=question.title, messages=[message])
