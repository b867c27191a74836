"""Every error that AURORA raises on purpose.

    AuroraError
    ├── ScenarioError     a scenario or a spec is not valid, or can't be solved
    ├── PolicyError       a policy or an expression is not valid (with the position)
    ├── ConstraintError   an allocation plan breaks a hard constraint
    ├── InputError        an argument of a function is not valid (with the parameter); a ValueError too
    ├── MissingExtraError a library is absent that an extra of the package brings; an ImportError too
    ├── FileError         a file or folder is absent, in use, or can't be read or written
    ├── DataError         the content of a file is truncated, malformed or not what its format says
    ├── StoreError        the archive can't be opened, migrated, read or written
    ├── RunError          a run directory is in use, absent or of another configuration
    ├── ModelError        a model provider failed (retryable or not)
    │   └── AnswerError   a model's answers were not valid, however often it was told why
    │       └── DeclinedError  a model declined one question: it refused, was filtered, or came to its limit
    ├── PlanError         a plan is not approved, has expired, or its application stopped at a surprise
    └── BudgetExceeded    a budget of calls, tokens, dollars or seconds is spent

A message says what happened, where, and what to do. The command line prints it without a
traceback and exits with the class's `exit_code`.

Which class: `InputError` for what the caller passed, `FileError` for what the operating system refuses, `DataError` for
what stands in a file. A file that belongs to a scenario, a policy, an archive or a run keeps that class.
A message names parameters as Python does (`horizon=3`); the command line shows them as its options (`--horizon 3`).
"""

from typing import Final

MAX_CHARACTERS_QUOTED = 120
"""Most characters of an expression or a value that a message repeats."""

NO_VALUE: Final = object()
"""Stands for a value that an `InputError` does not repeat."""


class AuroraError(Exception):
    """Base of all errors that AURORA raises on purpose."""

    exit_code = 1


class ScenarioError(AuroraError):
    """A scenario or a scenario spec is not valid, or has no witness that it can be solved."""

    exit_code = 3


class PolicyError(AuroraError):
    """A policy or one of its expressions is not valid.

    Args:
        message: What is wrong and what to do.
        expression: The text at fault, where there is one.
        position: Zero-based character offset into `expression`, where it is known.
    """

    exit_code = 4

    def __init__(self, message: str, *, expression: str = "", position: int | None = None) -> None:
        self.expression = expression
        self.position = position
        where = "" if position is None else f" at character {position}"
        super().__init__(f"{message}{where}: {_shortened(expression)!r}" if expression else message)


class ConstraintError(AuroraError):
    """An allocation plan breaks a hard constraint of its scenario."""

    exit_code = 5


class InputError(AuroraError, ValueError):
    """An argument of a function is not valid, or does not fit the other arguments.

        InputError("give at least one step", parameter="horizon", value=0)  # "horizon=0: give at least one step"

    Args:
        message: What is wrong and what to do.
        parameter: Name of the function's parameter; empty where several arguments don't fit together.
        value: The value passed, for the message to repeat.
    """

    exit_code = 6

    def __init__(self, message: str, *, parameter: str = "", value: object = NO_VALUE) -> None:
        self.reason = message
        self.parameter = parameter
        self.value = "" if value is NO_VALUE else _quoted(value)
        prefix = f"{parameter}={self.value}" if self.value else parameter
        super().__init__(f"{prefix}: {message}" if prefix else message)


class MissingExtraError(AuroraError, ModuleNotFoundError):
    """A library is not installed that one of the package's extras brings.

    Args:
        message: What is missing, and the command that installs it.
        name: The module that was to be imported.
        extra: Name of the extra.
    """

    exit_code = 2

    def __init__(self, message: str, *, name: str, extra: str) -> None:
        super().__init__(message, name=name)
        self.extra = extra


class FileError(AuroraError):
    """A file or a folder is absent, in use, or can't be read or written."""

    exit_code = 6


class DataError(AuroraError):
    """The content of a file is truncated, malformed, or not what its format says."""

    exit_code = 6


class StoreError(AuroraError):
    """The archive can't be opened, migrated, read or written."""

    exit_code = 7


class RunError(AuroraError):
    """A run directory is in use by another process, absent, or of another configuration."""

    exit_code = 8


class ModelError(AuroraError):
    """A model provider failed.

    Args:
        message: What is wrong and what to do.
        provider: The provider's name.
        retryable: Whether the same call may succeed later.
        retry_after: Seconds after which the provider wants to be asked again, where it says so.
        fault: What kind of failure it was, for counting.
    """

    exit_code = 9

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        retryable: bool = False,
        retry_after: float | None = None,
        fault: str = "",
    ) -> None:
        self.provider = provider
        self.retryable = retryable
        self.retry_after = retry_after
        self.fault = fault
        super().__init__(message)


class AnswerError(ModelError):
    """A model's answers were not valid, however often it was told why.

    Args:
        message: What was wrong with the last one.
        provider: The provider's name.
        answer: The last answer, as it came.
    """

    def __init__(self, message: str, *, provider: str = "", answer: str = "") -> None:
        self.answer = answer
        super().__init__(message, provider=provider)


class DeclinedError(AnswerError):
    """A model declined one question: it refused, its provider filtered it, or it came to its limit of tokens.

    The same question is not sent again; others may well be answered.

    Args:
        message: In whose words, and what to do.
        provider: The provider's name.
        fault: `refusal`, `filtered`, `length`, or what the provider held against the question.
    """

    def __init__(self, message: str, *, provider: str = "", fault: str = "") -> None:
        super().__init__(message, provider=provider)
        self.fault = fault


class BudgetExceeded(AuroraError):  # noqa: N818  # the design's name
    """A budget of calls, tokens, dollars or seconds is spent."""

    exit_code = 10


class PlanError(AuroraError):
    """A plan of changes is not approved, has expired, or its application stopped at a surprise."""

    exit_code = 11


def _quoted(value: object) -> str:
    return repr(_shortened(value)) if isinstance(value, str) else _shortened(str(value))


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS_QUOTED else text[:MAX_CHARACTERS_QUOTED] + "..."
