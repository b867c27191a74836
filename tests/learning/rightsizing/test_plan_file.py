"""Plans are undone exactly, repeated without effect, and refused when the current state differs."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora.errors import DataError, InputError
from aurora.learning.rightsizing import plan_file
from aurora.learning.rightsizing.plan_file import (
    ChangePlan,
    PlannedChange,
    apply_to_file,
    apply_to_inventory,
    diff,
    inverse,
    read_plan,
    write_plan,
)

values = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=3), st.lists(st.integers(), max_size=2)
)
configurations = st.dictionaries(st.text(max_size=3), values, max_size=4)
inventories = st.dictionaries(st.text(min_size=1, max_size=3), configurations, max_size=6)


@st.composite
def planned(draw):
    inventory = draw(inventories)
    chosen = draw(st.lists(st.sampled_from(sorted(inventory)), unique=True)) if inventory else []
    return inventory, ChangePlan(tuple(PlannedChange(a, inventory[a], draw(configurations)) for a in chosen), "test")


@given(planned())
def test_a_rollback_undoes_a_plan_and_a_plan_is_idempotent(case):
    inventory, plan = case
    inventory = {a: {**c, "not in the plan": 1} for a, c in inventory.items()}
    after, done = apply_to_inventory(plan, inventory)
    assert apply_to_inventory(plan, after)[0] == after
    assert apply_to_inventory(inverse(done), after)[0] == inventory
    assert set(after) == set(inventory)
    assert list(apply_to_inventory(inverse(done), after)[0]) == list(inventory)


def small(tmp_path):
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps({"a": {"type": "m.large", "replicas": 2}, "b": {"type": "m.small"}}))
    change = PlannedChange("a", {"type": "m.large", "replicas": 2}, {"type": "m.medium", "replicas": 2}, "idle")
    return inventory, ChangePlan((change,), "test")


def test_a_plan_survives_writing_and_reading(tmp_path):
    inventory, plan = small(tmp_path)
    before = json.loads(inventory.read_text())
    write_plan(plan, tmp_path / "plan.json")
    plan = read_plan(tmp_path / "plan.json")
    done = apply_to_file(plan, inventory, tmp_path / "undo.json")
    assert done.changed == ("a",)
    assert json.loads(inventory.read_text())["a"]["type"] == "m.medium"
    again = apply_to_file(plan, inventory, tmp_path / "undo.json")
    assert (again.changed, again.unchanged) == ((), ("a",))
    apply_to_file(read_plan(tmp_path / "undo.json"), inventory, tmp_path / "redo.json")
    assert json.loads(inventory.read_text()) == before


def test_a_changed_configuration_is_refused_with_the_difference_and_left_unchanged(tmp_path):
    inventory, plan = small(tmp_path)
    inventory.write_text(json.dumps({"a": {"type": "m.xlarge", "replicas": 2}}))
    text = inventory.read_text()
    with pytest.raises(DataError, match=r'a: type "m.large" expected, found "m.xlarge"'):
        apply_to_file(plan, inventory, tmp_path / "undo.json")
    with pytest.raises(DataError, match="c is not in the inventory"):
        apply_to_inventory(ChangePlan((PlannedChange("c", {}, {"x": 1}),), "test"), json.loads(text))
    assert inventory.read_text() == text
    assert not (tmp_path / "undo.json").exists()


def test_a_kill_before_the_change_leaves_a_harmless_rollback(tmp_path, monkeypatch):
    inventory, plan = small(tmp_path)
    text = inventory.read_text()
    replace = plan_file.write_json

    def die(path, data):
        if path == inventory:
            raise KeyboardInterrupt
        replace(path, data)

    monkeypatch.setattr(plan_file, "write_json", die)
    with pytest.raises(KeyboardInterrupt):
        apply_to_file(plan, inventory, tmp_path / "undo.json")
    monkeypatch.undo()
    assert inventory.read_text() == text
    assert apply_to_file(read_plan(tmp_path / "undo.json"), inventory, tmp_path / "x.json").changed == ()
    assert apply_to_file(plan, inventory, tmp_path / "undo.json").changed == ("a",)


def test_altered_plans_and_foreign_rollbacks_are_refused(tmp_path):
    inventory, plan = small(tmp_path)
    path = tmp_path / "plan.json"
    write_plan(plan, path)
    path.write_text(path.read_text().replace("m.medium", "m.tiny"))
    with pytest.raises(DataError, match="altered"):
        read_plan(path)
    write_plan(ChangePlan((PlannedChange("b", {}, {"x": 1}),), "other"), tmp_path / "undo.json")
    with pytest.raises(InputError, match="inverse of another"):
        apply_to_file(plan, inventory, tmp_path / "undo.json")
    with pytest.raises(InputError, match="more than once"):
        ChangePlan((plan.changes[0], plan.changes[0]), "test")


def test_a_diff_names_every_field(tmp_path):
    _, plan = small(tmp_path)
    assert diff(plan) == ['a: type "m.large" -> "m.medium"']
