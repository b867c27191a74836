"""Decisions of experts in situations like the present one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aurora.errors import DataError
from aurora.learning.accounts import Account, Catalogue, Configuration, moves_between
from aurora.learning.accounts.situation import situations
from aurora.learning.experts.experts import ExpertStates, Similar, expert_states, identify_experts, similar_situations

SITUATIONS_COMPARED = 50
"""Nearest situations that are looked at."""
PRECEDENTS_SHOWN = 3
"""Nearest situations with the same move that are kept."""


@dataclass(frozen=True, slots=True)
class Precedents:
    """Situations of experts that resemble the present one most.

    Attributes:
        looked_at: Number of situations.
        same: Number of those in which the expert made a move that the recommendation makes too.
        kept: Number of those in which nothing was changed.
        nearest: Nearest of those with the same move.
    """

    looked_at: int
    same: int
    kept: int
    nearest: tuple[Similar, ...]


def experts_among(accounts: Sequence[Account], catalogue: Catalogue) -> tuple[ExpertStates | None, str]:
    """Return the situations of the experts among accounts, or None; and their number, or why there are none."""
    try:
        accounts = [a for a in accounts if not a.incomplete]
        identification = identify_experts(accounts, catalogue)
        names = {s.account_id for s in identification.scores if s.is_expert}
        chosen = [a for a in accounts if a.account_id in names]
        return expert_states(chosen, catalogue), f"{len(chosen)} experts among {len(accounts)} accounts"
    except DataError as error:
        return None, f"no experts to compare with: {error}"


def precedents_for(
    account: Account, proposed: Configuration, catalogue: Catalogue, experts: ExpertStates
) -> Precedents:
    """Return what experts did in situations like an account's last one; its own situations don't count.

    Args:
        account: History of the account.
        proposed: Configuration of the account if the recommendation is followed.
        catalogue: Catalogue that configurations name things from.
        experts: Situations of experts, by `experts_among`.
    """
    now = account.configurations[-1]
    wanted = set(moves_between(now, proposed, catalogue)) if proposed != now else {"keep"}
    state = situations(account, catalogue)[-1]
    own = sum(a.account_id == account.account_id for a in experts.accounts) * len(account)
    nearest = similar_situations(state, experts, SITUATIONS_COMPARED + own)
    others = [s for s in nearest if s.account_id != account.account_id][:SITUATIONS_COMPARED]
    same = [s for s in others if s.move in wanted]
    kept = sum(s.move == "keep" for s in others)
    return Precedents(len(others), len(same), kept, tuple(same[:PRECEDENTS_SHOWN]))
