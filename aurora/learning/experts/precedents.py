"""What experts did in situations like this one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aurora.errors import DataError
from aurora.learning.accounts import Account, Catalogue, Configuration, moves_between
from aurora.learning.accounts.situation import situations
from aurora.learning.experts.experts import ExpertStates, Similar, expert_states, identify_experts, similar_situations

LOOKED_AT = 50
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Precedents:
    """Situations of experts that resemble this one most.

    Attributes:
        looked_at: How many.
        same: In how many the expert made a move that the recommendation makes too (or kept, where it keeps).
        kept: In how many nothing was changed.
        nearest: The nearest of those with the same move.
    """

    looked_at: int
    same: int
    kept: int
    nearest: tuple[Similar, ...]


def experts_among(accounts: Sequence[Account], catalogue: Catalogue) -> tuple[ExpertStates | None, str]:
    """The situations of the experts among some accounts, or None and why there are none."""
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
    """What experts did in situations like an account's last one; its own situations don't count.

    Args:
        account: Its history.
        proposed: Its configuration if the recommendation is followed.
        catalogue: That configurations name things from.
        experts: Of `experts_among`.
    """
    now = account.configurations[-1]
    wanted = set(moves_between(now, proposed, catalogue)) if proposed != now else {"keep"}
    state = situations(account, catalogue)[-1]
    own = sum(a.account_id == account.account_id for a in experts.accounts) * len(account)
    found = [s for s in similar_situations(state, experts, LOOKED_AT + own) if s.account_id != account.account_id]
    found = found[:LOOKED_AT]
    same = [s for s in found if s.move in wanted]
    return Precedents(len(found), len(same), sum(s.move == "keep" for s in found), tuple(same[:SHOWN]))
