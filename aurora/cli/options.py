"""Declares and parses options: numbers by range, paths, names and days. A value that doesn't fit is a usage error.

    horizon: int = count(12, most=2000, help="Steps ahead.")
    step: float = number(300.0, least=1, most=YEAR, unit="seconds", help="Between traffic matrices.")
    out: Path | None = path(None, help="File to write.")

A usage error names the option, the value, the range and the remedy, and ends with exit code 2.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import typer

from aurora.errors import InputError

MAX_SEED = 2**31 - 1
"""Largest seed that numpy, torch and LightGBM all take."""

MAX_COUNT = 1_000_000_000
"""Largest count of steps, calls or values without a tighter limit."""

YEAR = 366 * 86_400.0
"""Longest wait or duration, seconds."""

MAX_MONEY = 1e9
"""Most dollars."""

MAX_CORES = 1e9
"""Most cores, of a node or of a unit of a series."""

MAX_PRICE = 1e6
"""Most dollars an hour."""

MAX_PROCESSORS = 10_000_000
"""Most processors of a machine."""

MAX_CONTEXT = 100_000
"""Most values that a forecast reads."""

MAX_HORIZON = 10_000
"""Most steps that a forecast looks ahead."""

MAX_LEVEL = 5
"""Highest level of the curriculum."""

MAX_SEEDS = 1000
"""Most seeds of one command."""

MAX_NAME = 1000
"""Most characters of a name, an id or a pattern."""

MAX_TEXT = 10_000
"""Most characters of a text, such as a query."""

MAX_PATH = 4095
"""Most bytes of a path."""

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
"""First and last day that an option takes."""

OPTION_OF_PARAMETER = {
    "confidences": "tiers",
    "share": "split",
    "levels": "level",
    "seeds": "seed",
    "without": "drop",
}
"""Parameters of the library that no option of a command is named after, and the option that sets them."""

_MAX_CHARACTERS_QUOTED = 60


def usage_error(option: str, message: str) -> typer.BadParameter:
    """Return a usage error of an option; raised, it ends the command with exit code 2."""
    return typer.BadParameter(message, param_hint=f"'{option}'")


def options_of(command: Any, words: Sequence[str]) -> dict[str, str]:
    """Return the option of each parameter of a command: `least_instances` is `--least-instances`, `data` is DATA.

    Args:
        command: The whole command line, as `typer.main.get_command` returns it.
        words: Words typed after the name of the program.
    """
    for word in words:
        command = getattr(command, "commands", {}).get(word, command)
    if getattr(command, "default_command", ""):  # `aurora recommend FILE` is `aurora recommend accounts FILE`
        command = command.commands[command.default_command]
    names: dict[str, str] = {}
    for parameter in command.params:
        option = max(parameter.opts, key=len)
        if not option.startswith("-"):
            option = (parameter.metavar or option).upper()
        names |= {(parameter.name or ""): option, option.strip("-").replace("-", "_").lower(): option}
    return names | {name: names[of] for name, of in OPTION_OF_PARAMETER.items() if of in names and name not in names}


def with_options(error: InputError, options: Mapping[str, str]) -> str:
    """Return the message of an error with the options of the command in place of the library's parameters.

    Args:
        error: Error of a function of the library, such as `horizon=3: it was trained for 1 to 12`.
        options: See `options_of`.

    Returns:
        The message, such as `--horizon 3: it was trained for 1 to 12`.
    """
    option = options.get(error.parameter, "")
    prefix = f"{option} {error.value}".rstrip() if option else f"{error.parameter}={error.value}".rstrip("=")
    reason = named_as_options(error.reason, options)
    return f"{prefix}: {reason}" if prefix else reason


def named_as_options(text: str, options: Mapping[str, str]) -> str:
    """Return a text of the library with options in place of its parameters: `horizon=25` becomes `--horizon 25`."""
    return re.sub(
        r"(?<![\w.'\"=-])([a-z_]+)=(?=[^\s=])",
        lambda match: f"{options[match[1]]} " if match[1] in options else match[0],
        text,
    )


def shown(text: str) -> str:
    """Quote a value without control characters, shortened if it is long."""
    quoted = repr(text if len(text) <= _MAX_CHARACTERS_QUOTED else text[:_MAX_CHARACTERS_QUOTED])
    return quoted if len(text) <= _MAX_CHARACTERS_QUOTED else f"{quoted}... ({len(text):,} characters)"


def number(
    default: Any,
    *names: str,
    least: float,
    most: float,
    help: str,
    unit: str = "",
    hint: str = "",
) -> Any:
    """Declare an option that takes a finite number.

    Args:
        default: Value if the option is not given; `...` if it must be given.
        names: Names of the option, if they don't follow from the parameter's.
        least: Smallest number allowed.
        most: Largest number allowed.
        help: Help text.
        unit: Unit of the number, such as "seconds".
        hint: Further advice about a number out of range.
    """
    return typer.Option(
        default, *names, parser=_ranged(float, "a number", least, most, unit, hint), min=least, max=most, help=help
    )


def share(default: Any, *names: str, least: float, most: float, help: str) -> Any:
    """Declare an option that takes a share of 1, such as 0.05 or 5%; a percentage without its sign is asked about.

    Args:
        default: Value if the option is not given; `...` if it must be given.
        names: Names of the option, if they don't follow from the parameter's.
        least: Smallest share allowed.
        most: Largest share allowed.
        help: Help text.
    """
    return typer.Option(default, *names, parser=_share(least, most), min=least, max=most, help=help)


def count(
    default: Any,
    *names: str,
    least: int = 1,
    most: int = MAX_COUNT,
    help: str,
    unit: str = "",
) -> Any:
    """Declare an option that takes a whole number; see `number`."""
    return typer.Option(
        default, *names, parser=_ranged(int, "a whole number", least, most, unit, ""), min=least, max=most, help=help
    )


def seed(help: str = "Random seed.") -> Any:
    """Declare `--seed`."""
    return count(0, least=0, most=MAX_SEED, help=help)


def path(default: Any, *names: str, help: str) -> Any:
    """Declare an option that takes the path of a file or a folder; it need not exist."""
    return typer.Option(default, *names, parser=parse_path, help=help)


def path_argument(default: Any = ..., *, help: str) -> Any:
    """Declare an argument that takes a path; see `path`."""
    return typer.Argument(default, parser=parse_path, help=help)


def text(default: Any, *names: str, help: str, most: int = MAX_NAME, lines: bool = False) -> Any:
    """Declare an option that takes a name or another short text; empty only where that is the default.

    Args:
        default: Value if the option is not given; `...` if it must be given.
        names: Names of the option, if they don't follow from the parameter's.
        help: Help text.
        most: Most characters.
        lines: Whether several lines are allowed.
    """
    return typer.Option(default, *names, parser=_short(default, most, lines), help=help)


def text_argument(default: Any = ..., *, help: str, most: int = MAX_NAME, lines: bool = False) -> Any:
    """Declare an argument that takes a short text; see `text`."""
    return typer.Argument(default, parser=_short(default, most, lines), help=help)


def policy(default: Any, *names: str, help: str) -> Any:
    """Declare an option that takes the name of a policy or the path of its file; shells complete the name."""
    return typer.Option(default, *names, parser=_short(default, MAX_NAME, False), autocompletion=_policies, help=help)


def policy_argument(default: Any = ..., *, help: str) -> Any:
    """Declare an argument that takes a policy; see `policy`."""
    return typer.Argument(default, parser=_short(default, MAX_NAME, False), autocompletion=_policies, help=help)


def _policies(incomplete: str) -> list[str]:
    """Return the names of policies that begin with a text."""
    from aurora.champions.named import policy_names  # heavy, used here only

    return [name for name in policy_names() if name.startswith(incomplete)]


def day(default: Any, *names: str, help: str) -> Any:
    """Declare an option that takes a day such as 2026-03-31, a `date`."""
    return typer.Option(default, *names, parser=parse_day, help=help)


def parse_path(given: str | Path) -> Path:
    """Return the path of a text.

    Raises:
        BadParameter: The text is empty, too long or has a control character.
    """
    if isinstance(given, Path):
        return given
    if not given.strip():
        raise typer.BadParameter("it is empty; give the path of a file or a folder")
    if len(given.encode("utf-8", "surrogateescape")) > MAX_PATH:
        raise typer.BadParameter(f"{shown(given)} is too long for a path; at most {MAX_PATH:,} bytes")
    if _has_control(given):
        raise typer.BadParameter(f"{shown(given)} has a control character; give the path of a file or a folder")
    return Path(given)


def parse_day(given: str | date) -> date:
    """Return the day of a text such as 2026-03-31.

    Raises:
        BadParameter: The text is no day from 1970 to 2199.
    """
    if isinstance(given, date):
        return given
    remedy = "write a day such as 2026-03-31"
    try:
        parsed = date.fromisoformat(given[:_MAX_CHARACTERS_QUOTED].strip())
    except ValueError:
        raise typer.BadParameter(f"{shown(given)} is not a day; {remedy}") from None
    if not FIRST_DAY <= parsed <= LAST_DAY:
        raise typer.BadParameter(f"{shown(given)} is not between {FIRST_DAY} and {LAST_DAY}; {remedy}")
    return parsed


def parse_levels(given: str, option: str) -> tuple[int, ...]:
    """Return the levels of `2`, `1-3` or `1,3`.

    Args:
        given: The text.
        option: Option that it was given for.

    Raises:
        BadParameter: It is none of these, or a level does not exist.
    """
    return tuple(dict.fromkeys(_ranges(given, option, (1, MAX_LEVEL), MAX_LEVEL, "level")))


def parse_seeds(given: str, option: str) -> list[int]:
    """Return the seeds of `42`, `42-51` or `1,5,9`.

    Args:
        given: The text.
        option: Option that it was given for.

    Raises:
        BadParameter: It is none of these, has too many seeds, or a seed is out of range.
    """
    return _ranges(given, option, (0, MAX_SEED), MAX_SEEDS, "seed")


def parse_percentages(given: str, option: str) -> tuple[float, ...]:
    """Return the confidences of `50,80,95` in per cent, each from 1 to below 100.

    Args:
        given: The text.
        option: Option that it was given for.

    Raises:
        BadParameter: It is no list of such percentages; for a share such as 0.95 the message asks "did you mean 95?".
    """
    values = []
    for part in given.split(","):
        try:
            value = float(part.strip().removesuffix("%"))
        except ValueError:
            raise usage_error(option, f"{shown(part)} is not a number; write percentages such as 50,80,95") from None
        if 0 < value < 1:
            raise usage_error(option, f"{shown(part)} is below 1 per cent; did you mean {100 * value:g}?")
        if not 1 <= value < 100:  # noqa: PLR2004  # per cent; also NaN
            raise usage_error(option, f"{shown(part)} is out of range; write percentages from 1 to below 100")
        values.append(value)
    return tuple(values)


def _ranges(given: str, option: str, bounds: tuple[int, int], most: int, what: str) -> list[int]:
    """Return the whole numbers of a list of numbers and ranges."""
    numbers: list[int] = []
    for part in given.split(","):
        first, dash, last = part.strip().partition("-")
        ends = [first, last if dash else first]
        if not all(e.isascii() and e.isdigit() for e in ends):
            raise usage_error(option, f"{shown(given)}: write one {what} like 2, a range like 1-3 or a list like 1,3")
        low, high = (int(e[:_MAX_CHARACTERS_QUOTED]) for e in ends)
        if low > high or low < bounds[0] or high > bounds[1]:
            raise usage_error(option, f"{shown(part)}: there are {what}s {bounds[0]} to {bounds[1]}, least first")
        if len(numbers) + high - low >= most:
            raise usage_error(option, f"{shown(given)}: at most {most:,} {what}s at a time")
        numbers += range(low, high + 1)
    return numbers


def _ranged(
    kind: Callable[[str], float], what: str, least: float, most: float, unit: str, hint: str
) -> Callable[[Any], Any]:
    def parse(given: Any) -> Any:
        if not isinstance(given, str):  # a default
            return given
        allowed = f"give {what} from {_plain(least)} to {_plain(most)}{unit and ' ' + unit}{hint and '; ' + hint}"
        try:
            value = kind(given[: _MAX_CHARACTERS_QUOTED + 1].strip())
        except ValueError:
            raise typer.BadParameter(f"{shown(given)} is not {what}; {allowed}") from None
        if len(given) > _MAX_CHARACTERS_QUOTED or not math.isfinite(value) or not least <= value <= most:
            raise typer.BadParameter(f"{shown(given)} is out of range; {allowed}")
        return value

    return parse


def _share(least: float, most: float) -> Callable[[Any], Any]:
    ranged = _ranged(float, "a share", least, most, "", "0.05 and 5% are the same")

    def parse(given: Any) -> Any:
        if not isinstance(given, str):  # a default
            return given
        text = given.strip()
        try:
            value = float(text.removesuffix("%"))
        except ValueError:
            return ranged(given)
        if text.endswith("%"):
            return ranged(f"{value / 100:.15g}")
        if value > most and least <= value / 100 <= most:
            raise typer.BadParameter(f"{shown(given)} is no share of 1; did you mean {value / 100:g} ({value:g}%)?")
        return ranged(given)

    return parse


def _short(default: Any, most: int, lines: bool) -> Callable[[str], str]:
    def text(given: str) -> str:
        if not given.strip() and given != default:
            raise typer.BadParameter("it is empty; give a value, or leave the option out")
        if len(given) > most:
            raise typer.BadParameter(f"{shown(given)} is too long; at most {most:,} characters")
        if _has_control(given, "\n\t" if lines else ""):
            raise typer.BadParameter(f"{shown(given)} has a control character or a line break; write it in one line")
        return given

    return text


def _has_control(given: str, allowed: str = "") -> bool:
    return any(unicodedata.category(c) == "Cc" and c not in allowed for c in given)


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) and 1 <= abs(value) < 1e15 else f"{value:g}"  # noqa: PLR2004
