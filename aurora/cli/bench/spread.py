"""Options with several successive values: `--train a.csv b.csv` instead of `--train a.csv --train b.csv`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typer.core import TyperCommand

SPREAD = ("--train", "--test")


def spread(arguments: Sequence[str], names: Sequence[str] = SPREAD) -> list[str]:
    """Return the arguments with the option's name before each of its values.

    Example:
        >>> spread(["--train", "a", "b", "--json", "--test", "c"])
        ['--train', 'a', '--train', 'b', '--json', '--test', 'c']
    """
    result: list[str] = []
    current = ""
    for word in arguments:
        if word.startswith("-"):
            current = word if word in names else ""
            if not current:
                result.append(word)
        elif current:
            result += [current, word]
        else:
            result.append(word)
    return result


class SpreadCommand(TyperCommand):
    """A command whose `--train` and `--test` take several successive values."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat the options before their values, then parse."""
        return super().parse_args(ctx, spread(args))
