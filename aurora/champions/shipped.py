"""Reads the champions that come with the package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from aurora.champions.champion import PREFIX, Champion, parse_champion
from aurora.errors import DataError, PolicyError
from aurora.reading import parse_json


@cache
def shipped_names() -> tuple[str, ...]:
    """Return the names of the shipped champions in alphabetical order; no file is read."""
    found = (files(__package__) / "data").iterdir()
    return tuple(sorted(f.name.removesuffix(".json") for f in found if f.name.endswith(".json")))


@cache
def shipped_champion(name: str) -> Champion:
    """Return a shipped champion.

    Args:
        name: Its name, `gpu` or `champion:gpu`.

    Raises:
        PolicyError: No champion of that name is shipped.
        DataError: Its file is damaged.
    """
    name = name.removeprefix(PREFIX)
    if name not in shipped_names():
        raise PolicyError(f"no champion is named {name!r}; there are {', '.join(shipped_names()) or 'none'}")
    where = f"{__package__}/data/{name}.json"
    champion = parse_champion(
        parse_json((files(__package__) / "data" / f"{name}.json").read_text("utf-8"), where), where=where
    )
    if champion.name != name:
        raise DataError(f"{where} holds the champion {champion.name!r}; install AURORA again")
    return champion


def shipped_champions() -> tuple[Champion, ...]:
    """Return all shipped champions, by name.

    Raises:
        DataError: A file is damaged.
    """
    return tuple(shipped_champion(name) for name in shipped_names())
