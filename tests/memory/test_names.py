"""Archived policies have pronounceable names."""

from __future__ import annotations

import pytest

from aurora.errors import StoreError
from aurora.memory.names import id_start, policy_name
from aurora.memory.records import Iteration, NewPolicy
from aurora.memory.store import Store
from aurora.sim.policies.compiler import policy_key
from aurora.sim.policies.references import REFERENCES


def test_a_name_identifies_its_policy(tmp_path):
    policies = [
        p.model_copy(update={"policy_id": policy_key(p)}) for p in (REFERENCES["first_fit"], REFERENCES["nearest"])
    ]
    with Store.open(tmp_path / "archive.sqlite") as store:
        new = [NewPolicy(p, "cma-best") for p in policies]
        store.commit(Iteration(0, new, (), (), (), (), {}, {}, ()))
        for policy in policies:
            name = policy_name(policy.policy_id, "cma-best")
            assert store.policy(name) == store.policy(policy.policy_id[:8]) == store.policy(policy.policy_id) == policy
        for unknown in ("cma-best-000000", "first_fit", "%", ""):
            with pytest.raises(StoreError, match="no policy"):
                store.policy(unknown)


@pytest.mark.parametrize("text", ["first_fit", "abc", "zz-12", "sjf+easy", "a" * 40, "cma-best-"])
def test_an_unknown_name_has_no_id(text):
    assert id_start(text) is None
