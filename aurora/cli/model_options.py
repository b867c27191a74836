"""Options of the commands that ask a model."""

from __future__ import annotations

from typing import Any

from aurora.cli import options


def timeout() -> Any:
    """Declare `--timeout`."""
    return options.number(
        None,
        "--timeout",
        least=0.1,
        most=86_400,
        unit="seconds",
        help="That a model's whole answer may take; default: AURORA_TIMEOUT, or 180.",
    )


def answer_tokens() -> Any:
    """Declare `--answer-tokens`."""
    return options.count(
        None,
        "--answer-tokens",
        most=10_000_000,
        unit="tokens",
        help="Of a model's answer, thoughts included; default: AURORA_ANSWER_TOKENS, or the provider's limit "
        "(8192 where it wants a number).",
    )
