"""Type of the plan ids that tools take."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_DIGITS = re.compile("[0-9a-f]+", re.IGNORECASE)


def _is_no_path(plan_id: str) -> str:
    """Return an id of a plan; a path, which the command line takes too, is none: it could lead out of the folder."""
    if not _DIGITS.fullmatch(plan_id):
        raise ValueError("the id of a plan has only the digits 0-9 and a-f; list_plans lists the plans")
    return plan_id


PlanId = Annotated[str, AfterValidator(_is_no_path)]
"""Id of a plan of the folder, or its beginning."""
