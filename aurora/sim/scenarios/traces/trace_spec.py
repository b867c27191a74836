"""Specs of scenarios that are drawn from parts of a trace."""

from __future__ import annotations

from pydantic import Field

from aurora.types import Frozen


class TraceSpec(Frozen):
    """A scenario drawn from a part of a trace."""

    spec_id: str = Field(description="Name of the spec and of its scenario.", min_length=1, max_length=128)
    family: str = Field(description="Part of the trace.")
    load: float = Field(description="Demand over capacity at the busiest time.", gt=0, le=10)
    seed: int = Field(description="Random seed of the draw.", ge=0)
