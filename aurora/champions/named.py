"""Finds a policy by its name: a reference, a shipped champion, or a file."""

from __future__ import annotations

import difflib
from pathlib import Path

from aurora.champions.champion import PREFIX
from aurora.champions.shipped import shipped_champion, shipped_names
from aurora.errors import PolicyError
from aurora.sim.policies.policy import Policy, read_policy
from aurora.sim.policies.references import REFERENCES


def policy_names(*, with_fronts: bool = True) -> tuple[str, ...]:
    """Return the names of the references, then those of the shipped champions, such as `champion:gpu`.

    Args:
        with_fronts: Name champions with fixed weights of the objectives too; False: the files are read.

    Raises:
        DataError: The file of a champion is damaged.
    """
    shipped = [name for name in shipped_names() if with_fronts or not shipped_champion(name).weights]
    return (*REFERENCES, *(PREFIX + name for name in shipped))


def is_policy_name(text: str) -> bool:
    """Return True if a text names a reference or a champion, and not a file."""
    return text in REFERENCES or text.startswith(PREFIX)


def named_policy(name: str) -> Policy | None:
    """Return a reference or a shipped champion; None if there is none of that name.

    Raises:
        DataError: The file of the champion is damaged.
    """
    if name in REFERENCES:
        return REFERENCES[name]
    if name.startswith(PREFIX) and name.removeprefix(PREFIX) in shipped_names():
        return shipped_champion(name).policy
    return None


def load_policy(name_or_path: str) -> Policy:
    """Return a reference policy or a shipped champion by name, or read a policy from a JSON file.

    Args:
        name_or_path: `fgd`, `champion:gpu`, or the path of a policy file.

    Raises:
        PolicyError: There is neither such a policy nor a readable policy file.
        DataError: The file of the champion is damaged.
    """
    named = named_policy(name_or_path)
    if named is not None:
        return named
    path = Path(name_or_path)
    try:
        is_file = path.suffix == ".json" or path.exists()
    except OSError as error:  # a name too long for the file system, or a folder that may not be read
        raise PolicyError(f"can't read {name_or_path[:80]!r}: {error.strerror}") from None
    if is_file:
        return read_policy(path)
    raise PolicyError(f"{_unknown(name_or_path)}; {_hint(name_or_path)}")


def _unknown(name: str) -> str:
    if name.startswith(PREFIX):
        return f"no shipped champion is named {name.removeprefix(PREFIX)!r}"
    return f"no reference policy is named {name!r} and no such file exists"


def _hint(name: str) -> str:
    """Return what the user may have meant: near names, else all of them."""
    champions = tuple(PREFIX + known for known in shipped_names())
    if name.startswith(PREFIX):
        bare = difflib.get_close_matches(name.removeprefix(PREFIX), shipped_names(), n=3)
        near, names = [PREFIX + known for known in bare], champions
    else:
        near = [PREFIX + name] if PREFIX + name in champions else difflib.get_close_matches(name, policy_names(), n=3)
        names = policy_names()
    return f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(names) or 'none'}"
