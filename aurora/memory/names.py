"""Readable names of archived policies: the origin of a policy and the start of its id."""

from __future__ import annotations

import re

REFERENCE = "reference"
"""Origin of reference policies."""
SHIPPED = "shipped"
"""Origin of champions that come with AURORA."""
BY_MODEL = "model"
"""Origin of policies written by a model."""
KEPT = "kept"
"""Origin of the search's current policy in an iteration without other candidates."""
ID_DIGITS_SHOWN = 6
"""Digits of an id in a name."""

_NAME = re.compile(r"(?:[a-z][a-z+_-]*-)?([0-9a-f]{4,16})")


def policy_name(policy_id: str, origin: str) -> str:
    """Return the name of an archived policy.

    >>> policy_name("474189311f3be836", "cma-mean"), policy_name("first_fit", "reference")
    ('cma-mean-474189', 'first_fit')
    """
    if origin in (REFERENCE, SHIPPED) or not origin:
        return policy_id
    return f"{origin}-{policy_id[:ID_DIGITS_SHOWN]}"


def id_start(name: str) -> str | None:
    """Return the start of the id in a name or a shortened id; None for other texts.

    >>> id_start("cma-mean-474189"), id_start("4741"), id_start("first_fit")
    ('474189', '4741', None)
    """
    match = _NAME.fullmatch(name)
    return match[1] if match else None
