from pathlib import Path

from aurora.sim.policies.features import FEATURE_INDEX, FEATURES, feature_table


def test_the_documented_table_is_current() -> None:
    text = (Path(__file__).parents[3] / "docs/reference/policy-language.md").read_text()
    assert feature_table() in text


def test_feature_names_are_unique_and_scopes_contiguous() -> None:
    assert len(FEATURE_INDEX) == len(FEATURES)
    scopes = [f.scope for f in FEATURES]
    assert scopes == sorted(scopes, key=["task", "node", "fit", "path", "cluster", "objective"].index)
