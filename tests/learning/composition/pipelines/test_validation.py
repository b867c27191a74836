import pytest

from aurora.errors import InputError
from aurora.learning.composition.pipelines.parsing import parse_pipeline
from aurora.learning.composition.pipelines.pipeline import Branch, Pipeline, Stage, single
from aurora.learning.composition.pipelines.rules import Limits, Rules, TypedComponent, named
from aurora.learning.composition.pipelines.validation import branch_misfits, check, require_valid
from tests.learning.composition.made_up import CLASSES, COMPONENTS, TEXT, rules


def said(text, **limits):
    return [(one.fault, str(one)) for one in check(parse_pipeline(text), rules(**limits))]


@pytest.mark.parametrize(
    "text", ["vader", "minilm > logistic", "minilm > pca-8 > svc + vader", "vader ? 0.8 | vader + minilm > logistic"]
)
def test_what_fits_has_no_misfit(text):
    assert said(text) == []


@pytest.mark.parametrize(
    ("text", "fault", "sentence"),
    [
        ("vadr", "unknown", "stage 1, branch 1, component 1 (vadr): no component has this id; did you mean vader?"),
        ("old", "deprecated", "stage 1, branch 1, component 1 (old): it is deprecated: use vader"),
        ("pca-8 > svc", "type", "stage 1, branch 1, component 1 (pca-8): it takes embedding, and is given text"),
        (
            "minilm > svc",
            "type",
            "stage 1, branch 1, component 2 (svc): it takes embedding[8], and is given embedding[16]",
        ),
        (
            "minilm > pca-8",
            "kind",
            "stage 1, branch 1, component 2 (pca-8): it is a transformation; a branch ends with a model",
        ),
        (
            "vader > logistic",
            "kind",
            "stage 1, branch 1, component 1 (vader): it is a model; a branch has one model, and it stands last",
        ),
        (
            "vader + minilm > other-names",
            "classes",
            "stage 1, branch 2, component 2 (other-names): it gives the classes good, bad; the task has bad, good",
        ),
        (
            "vader + minilm > three",
            "classes",
            "stage 1, branch 2, component 2 (three): it gives 3 classes; the task has 2",
        ),
        (
            "vader ? 0.8",
            "threshold",
            "stage 1: it is the last stage, whose answer always stands; leave `? 0.8` out, or add a stage",
        ),
        (
            "vader | minilm > logistic",
            "threshold",
            "stage 1: a stage before the last needs a threshold from 0.5 to 1, such as `? 0.8`",
        ),
        (
            "vader + vader",
            "duplicate",
            "stage 1, branch 2 (vader): the stage has it twice; its average would count it double",
        ),
        ("vader ? 0.8 | vader", "duplicate", "stage 2: it answers as stage 1 did; leave one out"),
        (
            "minilm > scaler > scaler > logistic",
            "duplicate",
            "stage 1, branch 1, component 3 (scaler): it stands twice in the branch; leave one out",
        ),
    ],
)
def test_a_misfit_has_its_place_and_its_reason(text, fault, sentence):
    assert (fault, sentence) in said(text)


def test_limits_name_the_count_and_the_most():
    assert said("vader ? 0.8 | minilm > logistic ? 0.8 | tf-idf > logistic")[0][1] == (
        "pipeline: it has 3 stages; at most 2 are allowed"
    )
    assert said("minilm > logistic + tf-idf > logistic + vader")[0][1] == (
        "stage 1: it has 3 branches; at most 2 are allowed in a stage"
    )
    assert said("minilm > logistic + vader ? 0.8 | tf-idf > logistic")[0][1] == (
        "stage 1: it has 2 branches; at most 1 are allowed in a stage before the last"
    )
    assert said("minilm > pca-8 > svc", transformations=1)[0][1] == (
        "stage 1, branch 1 (minilm > pca-8 > svc): it has 2 transformations; at most 1 are allowed"
    )


def test_thresholds_out_of_range_and_empty_parts_are_refused():
    rule = rules()
    low = Pipeline((Stage((Branch((), "vader"),), 0.4), *single("logistic", "minilm").stages))
    assert str(check(low, rule)[0]) == "stage 1: its threshold is 0.4; give one from 0.5 to 1"
    not_a_number = Pipeline((Stage((Branch((), "vader"),), float("nan")), *single("logistic", "minilm").stages))
    assert [one.fault for one in check(not_a_number, rule)] == ["threshold"]
    assert check(Pipeline(()), rule)[0].fault == "empty"
    assert check(Pipeline((Stage(()),)), rule)[0].fault == "empty"


def test_one_fault_is_said_once_and_all_faults_are_said():
    assert len(said("unknown-thing > pca-8 > logistic")) == 1
    assert [fault for fault, _ in said("vadr + old + pca-8 > svc", branches=3)] == ["deprecated", "unknown", "type"]
    with pytest.raises(InputError, match=r"branch 1.*; stage 1, branch 2") as caught:
        require_valid(parse_pipeline("old + vadr"), rules())
    assert caught.value.parameter == "pipeline"


def test_rules_and_limits_refuse_what_has_no_meaning():
    with pytest.raises(InputError, match="rising"):
        Limits(thresholds=(0.9, 0.6))
    with pytest.raises(InputError, match="rising"):
        Limits(thresholds=(0.4,))
    with pytest.raises(InputError, match="at least one"):
        Limits(thresholds=())
    with pytest.raises(InputError, match="whose id"):
        Rules({"a": TypedComponent("b", "model", (TEXT,))}, TEXT, CLASSES)
    with pytest.raises(InputError, match="two components"):
        named([COMPONENTS["vader"], COMPONENTS["vader"]])
    assert branch_misfits(Branch((), "vader"), rules()) == []
