"""Options of the commands that call a model."""

from __future__ import annotations

from typing import Any

from aurora.cli import options


def record() -> Any:
    """Declare `--record`."""
    return options.path(None, "--record", help="File that records the model's answers; answers in it are used again.")


def replay() -> Any:
    """Declare `--replay`."""
    return options.path(None, "--replay", help="Recording to answer from; no model is called.")


def timeout() -> Any:
    """Declare `--timeout`."""
    return options.number(
        None,
        "--timeout",
        least=0.1,
        most=86_400,
        unit="seconds",
        help="Longest time for a whole answer of the model; default: AURORA_TIMEOUT, or 180.",
    )


def answer_tokens() -> Any:
    """Declare `--answer-tokens`."""
    return options.count(
        None,
        "--answer-tokens",
        most=10_000_000,
        unit="tokens",
        help="Most tokens of an answer, thoughts included; default: AURORA_ANSWER_TOKENS, or the provider's limit "
        "(8192 if it requires a number).",
    )


def max_calls() -> Any:
    """Declare `--max-calls`."""
    return options.count(None, "--max-calls", help="Most calls of the model, in all processes on the folder.")


def max_tokens() -> Any:
    """Declare `--max-tokens`."""
    return options.count(None, "--max-tokens", help="Most tokens of the model, in and out.")


def max_dollars() -> Any:
    """Declare `--max-dollars`."""
    return options.number(
        None,
        "--max-dollars",
        least=0,
        most=options.MAX_MONEY,
        unit="dollars",
        help="Most dollars of the model, by the price table.",
    )
