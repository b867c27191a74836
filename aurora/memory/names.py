"""Names of archived policies that people can say: where a policy comes from, and the start of its id."""

from __future__ import annotations

import re

REFERENCE = "reference"
"""Origin of the policies that come with AURORA."""
BY_MODEL = "model"
"""Origin of the policies that a model wrote."""
KEPT = "kept"
"""Origin of the policy at which the search stands, where an iteration proposed no other."""
SHORT = 6
"""Characters of an id in a name."""

_NAME = re.compile(r"(?:[a-z][a-z+_-]*-)?([0-9a-f]{4,16})")


def policy_name(policy_id: str, origin: str) -> str:
    """Return the name of an archived policy.

    >>> policy_name("474189311f3be836", "cma-mean"), policy_name("first_fit", "reference")
    ('cma-mean-474189', 'first_fit')
    """
    if origin == REFERENCE or not origin:
        return policy_id
    return f"{origin}-{policy_id[:SHORT]}"


def id_start(name: str) -> str | None:
    """Return the start of the id that a name or a shortened id stands for; None if it is neither.

    >>> id_start("cma-mean-474189"), id_start("4741"), id_start("first_fit")
    ('474189', '4741', None)
    """
    found = _NAME.fullmatch(name)
    return found[1] if found else None
