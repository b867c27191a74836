"""Policies: the references and the champions that ship."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import Field

from aurora.champions.champion import PREFIX
from aurora.champions.named import named_policy
from aurora.champions.shipped import shipped_champion, shipped_champions
from aurora.sim.policies.compiler import readable
from aurora.sim.policies.references import REFERENCES
from aurora.types import Frozen
from aurora.web.api.answers import USUAL_PAGE, Cursor, Limit, OrjsonResponse, Page, page_of
from aurora.web.refusals import AbsentError


class PolicyRow(Frozen):
    """A policy in a list."""

    policy_id: str = Field(description="its name, as requests take it")
    kind: Literal["reference", "champion"] = Field(description="published or usual rule, or found by self-play")
    description: str = Field(description="what it does, or is for")


class PolicyDetail(Frozen):
    """A policy."""

    policy_id: str = Field(description="its name")
    kind: Literal["reference", "champion"] = Field(description="published or usual rule, or found by self-play")
    readable: str = Field(description="its rules in readable form")
    policy: dict[str, Any] = Field(description="its file")
    champion: dict[str, Any] | None = Field(
        description="a champion's provenance and lead, as `aurora policies list --shipped --json` has them"
    )


def router() -> APIRouter:
    """Return the routes of policies."""
    routes = APIRouter(prefix="/policies", tags=["policies"])

    @routes.get("", response_model=Page[PolicyRow])
    def list_policies(limit: Limit = USUAL_PAGE, cursor: Cursor = "") -> Any:
        """List the references, then the champions that ship."""
        return page_of(_rows(), lambda r: r.policy_id, limit, cursor)

    @routes.get("/{policy_id}", response_model=PolicyDetail)
    def read_policy(policy_id: Annotated[str, Path(max_length=128, description="its name")]) -> Any:
        """Read a policy: its rules, and where a champion comes from."""
        policy = named_policy(policy_id)
        if policy is None:
            raise AbsentError("there is no such policy; list them", parameter="policy_id")
        is_shipped = policy_id.startswith(PREFIX)
        champion = shipped_champion(policy_id).summary() if is_shipped else None
        return OrjsonResponse(
            {
                "policy_id": policy_id,
                "kind": "champion" if is_shipped else "reference",
                "readable": readable(policy),
                "policy": policy.model_dump(mode="json", exclude_none=True),
                "champion": champion,
            }
        )

    return routes


def _rows() -> list[PolicyRow]:
    references = [
        PolicyRow(policy_id=name, kind="reference", description=policy.policy_description)
        for name, policy in REFERENCES.items()
    ]
    champions = [
        PolicyRow(policy_id=c.policy_name, kind="champion", description=c.purpose) for c in shipped_champions()
    ]
    return [*references, *champions]
