from dataclasses import replace

from aurora.learning.composition.pipelines.chains import chains_of
from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.pipelines.rules import named
from aurora.learning.composition.pipelines.validation import branch_misfits
from tests.learning.composition.made_up import COMPONENTS, rules


def test_chains_are_those_that_fit():
    found = chains_of(rules(transformations=1))
    assert [str(b) for b in found] == ["vader", "minilm > logistic", "tf-idf > logistic"]
    assert Branch(("minilm", "pca-8"), "svc") in chains_of(rules())
    assert chains_of(rules(transformations=0)) == (Branch((), "vader"),)


def test_a_chain_to_choose_from_has_one_transformation_of_a_purpose():
    scalers = (replace(COMPONENTS["scaler"], id=name, purpose="standardise") for name in ("scaler", "other-scaler"))
    ours = replace(rules(transformations=3), components={**COMPONENTS, **named(scalers)})
    found = chains_of(ours)
    assert Branch(("minilm", "scaler"), "logistic") in found
    assert Branch(("minilm", "scaler", "other-scaler"), "logistic") not in found
    assert Branch(("minilm", "scaler", "pca-8"), "logistic") in found
    assert not branch_misfits(Branch(("minilm", "scaler", "other-scaler"), "logistic"), ours)
