"""Tools on accounts and experiments: limited, and explicit about unknown accounts."""

import pytest
from pydantic import ValidationError

from aurora.errors import InputError
from aurora.learning.accounts import generate
from aurora.tools.desk import Desk
from aurora.tools.recommendation import ExperimentArguments, RecommendArguments, experiment, recommend
from aurora.tools.registry import TOOLS


def test_an_account_of_the_session_gets_a_recommendation_and_others_are_unknown() -> None:
    account = generate(7, 1).accounts[0]
    desk = Desk([], accounts=[account])
    short = Desk([], accounts=[account.between(0, 3)])
    (found,) = recommend(desk, RecommendArguments(account_ids=("account-7-0000",))).recommendations
    (found,) = recommend(
        Desk([], accounts=[account]), RecommendArguments(account_ids=(account.account_id,))
    ).recommendations
    assert found.finding in ("under", "over", "optimised", "conflict")
    assert found.low is None or found.low <= found.savings <= found.high
    (found,) = recommend(short, RecommendArguments(account_ids=(account.account_id,))).recommendations
    assert found.reasons == ("have 3 of 42 values",)
    with pytest.raises(InputError, match="no account 'x'"):
        recommend(desk, RecommendArguments(account_ids=("x",)))
    with pytest.raises(InputError, match="no experiment 'x'"):
        experiment(desk, ExperimentArguments(experiment_id="x"))


def test_the_tools_only_read_and_are_limited() -> None:
    assert {TOOLS[t].effect for t in ("recommend", "experiment")} == {"reads"}
    with pytest.raises(ValidationError):
        RecommendArguments(account_ids=tuple("abcdef"))
