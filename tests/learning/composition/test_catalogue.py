import numpy as np
import pytest

from aurora.errors import DataError, FileError, InputError
from aurora.learning.composition.catalogue import (
    ARTEFACTS,
    JOURNAL,
    Addition,
    add,
    changes,
    deprecate,
    entries_of,
    remove,
    restore,
    share_own,
    shipped,
)
from aurora.learning.composition.components.component import Recipe
from aurora.learning.composition.components.conversion import to_onnx
from aurora.learning.composition.components.estimators import estimator_of
from aurora.learning.composition.components.fitting import fit_branch
from aurora.learning.composition.components.loading import load_branch
from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.pipelines.value_types import ValueType
from aurora.learning.composition.tasks.machines import CLASSES, INPUT
from tests.learning.composition.small import small_task

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

TASK = small_task()
MODEL = Addition(id="own-tree", kind="model", takes=INPUT, classes=CLASSES, licence="MIT")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Return the file of a model that fits."""
    estimator = estimator_of(Recipe(family="tree", parameters={"depth": 4}), 0).fit(TASK.fit.items, TASK.fit.labels)
    path = tmp_path_factory.mktemp("own") / "tree.onnx"
    path.write_bytes(to_onnx(estimator, 12))
    return path


def made(nodes, outputs=("output",), inputs=("input",), constants=(), width=12):
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, width]) for name in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, None]) for name in outputs],
        list(constants),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def saved(tmp_path, content):
    path = tmp_path / "given.onnx"
    path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
    return path


def hanging():
    """Return a model that counts to ten thousand billion before it answers."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["on"], ["still_on"]),
            helper.make_node("Add", ["value", "one"], ["next"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("step", TensorProto.INT64, []),
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("value", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("still_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, None),
        ],
    )
    constants = [
        numpy_helper.from_array(np.array(10**13, np.int64), "trips"),
        numpy_helper.from_array(np.array(True), "start"),
        numpy_helper.from_array(np.array(1, np.float32), "one"),
    ]
    return made([helper.make_node("Loop", ["trips", "start", "input"], ["output"], body=body)], constants=constants)


def devouring():
    """Return a model that makes a matrix of 400 GB when it is loaded."""
    constants = [
        numpy_helper.from_array(np.array([10**5, 10**6], np.int64), "shape"),
        numpy_helper.from_array(np.array([0, 1], np.int64), "axes"),
    ]
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["large"]),
        helper.make_node("ReduceMax", ["large", "axes"], ["most"], keepdims=1),
        helper.make_node("Add", ["input", "most"], ["output"]),
    ]
    return made(nodes, constants=constants)


def in_other_files():
    weight = numpy_helper.from_array(np.zeros((12, 3), np.float32), "weight")
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    return made([helper.make_node("MatMul", ["input", "weight"], ["output"])], constants=[weight])


IDENTITY = helper.make_node("Identity", ["input"], ["output"])
BAD = {
    "none": (b"this is a text", "no ONNX file"),
    "empty": (b"", "no ONNX file"),
    "narrow": (made([IDENTITY], width=5), r"shape .*5\], and \(items, 12\) is expected"),
    "two inputs": (
        made([helper.make_node("Add", ["input", "other"], ["output"])], inputs=("input", "other")),
        "2 inputs",
    ),
    "no probabilities": (
        made(
            [helper.make_node("MatMul", ["input", "weight"], ["output"])],
            constants=[numpy_helper.from_array(np.ones((12, 3), np.float32), "weight")],
        ),
        "no probabilities",
    ),
    "too wide": (made([helper.make_node("Softmax", ["input"], ["output"])]), "12 numbers an item, and there are 3"),
    "not finite": (made([helper.make_node("Div", ["input", "nought"], ["output"])], constants=[
        numpy_helper.from_array(np.zeros(12, np.float32), "nought")]), "not finite"),
    "one row": (made([helper.make_node("ReduceMean", ["input"], ["output"])]), "1 numbers an item"),
    "other files": (in_other_files(), "other files"),
    "unknown operator": (made([helper.make_node("Oracle", ["input"], ["output"])]), "Oracle"),
    "devouring": (devouring(), "more than 300 MiB of memory|killed"),
    "hanging": (hanging(), "within 3 s|killed"),
}  # fmt: skip


QUICK = ("none", "narrow", "devouring", "hanging")


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in BAD])
def test_a_file_that_is_no_good_is_refused_with_the_reason_and_nothing_changes(tmp_path, name):
    content, reason = BAD[name]
    folder = tmp_path / "compose"
    with pytest.raises(DataError, match=reason):
        add(
            folder, MODEL, saved(tmp_path, content), "ada", seconds=3.0 if name == "hanging" else 60.0, memory=300 << 20
        )
    assert not folder.exists()
    assert entries_of(folder) == dict(sorted(shipped().items()))


def test_a_truncated_file_is_refused(tmp_path, model):
    content = model.read_bytes()
    for end in (len(content) // 2, len(content) - 3):
        with pytest.raises(DataError, match="refused"):
            add(tmp_path / "compose", MODEL, saved(tmp_path, content[:end]), "ada")
    with pytest.raises(FileError, match="can't read"):
        add(tmp_path / "compose", MODEL, tmp_path / "absent.onnx", "ada")


def test_an_own_model_answers_in_a_chain_and_gets_versions(tmp_path, model):
    entry = add(tmp_path, MODEL, model, "ada")
    assert (entry.version, entry.output) == (1, ValueType("probability", 3, CLASSES))
    branch = Branch((), "own-tree")
    fit_branch(branch, TASK, entries_of(tmp_path), tmp_path / ARTEFACTS)
    loaded = load_branch(branch, TASK.name, tmp_path / ARTEFACTS)
    assert (loaded(TASK.fit.items).argmax(1) == TASK.fit.labels).mean() > 0.6
    assert add(tmp_path, MODEL, model, "bob").version == 2
    assert load_branch(branch, TASK.name, tmp_path / ARTEFACTS).keys != loaded.keys
    assert [(change.action, change.who) for change in changes(tmp_path)] == [("add", "ada"), ("add", "bob")]


def test_chains_with_an_own_component_can_be_fitted_in_another_folder(tmp_path):
    weight = numpy_helper.from_array(np.eye(12, 5, dtype=np.float32), "weight")
    file = saved(tmp_path, made([helper.make_node("MatMul", ["input", "weight"], ["output"])], constants=[weight]))
    add(tmp_path, Addition(id="first-five", kind="transformation", takes=INPUT), file, "ada")
    branch, elsewhere = Branch(("first-five",), "logistic"), tmp_path / "fitted"
    with pytest.raises(InputError, match="another catalogue"):
        fit_branch(branch, TASK, entries_of(tmp_path), elsewhere)
    share_own(tmp_path, elsewhere)
    share_own(tmp_path, elsewhere)
    fit_branch(branch, TASK, entries_of(tmp_path), elsewhere)
    loaded = load_branch(branch, TASK.name, elsewhere)
    assert np.array_equal(loaded.steps[0](TASK.select.items), TASK.select.items[:, :5])
    share_own(tmp_path / "empty", elsewhere)


def test_a_model_fitted_after_an_own_transformation_fits_its_output(tmp_path):
    weight = numpy_helper.from_array(np.eye(12, 5, dtype=np.float32), "weight")
    file = saved(tmp_path, made([helper.make_node("MatMul", ["input", "weight"], ["output"])], constants=[weight]))
    entry = add(tmp_path, Addition(id="first-five", kind="transformation", takes=INPUT), file, "ada")
    assert entry.output == ValueType("embedding", 5)
    branch = Branch(("first-five",), "logistic")
    fit_branch(branch, TASK, entries_of(tmp_path), tmp_path / ARTEFACTS)
    loaded = load_branch(branch, TASK.name, tmp_path / ARTEFACTS)
    assert np.array_equal(loaded.steps[0](TASK.select.items), TASK.select.items[:, :5])


def test_a_model_of_other_classes_is_refused_by_the_task(tmp_path, model):
    other = MODEL.model_copy(update={"classes": ("a", "b", "c")})
    add(tmp_path, other, model, "ada")
    with pytest.raises(InputError, match="own-tree tells a, b, c"):
        fit_branch(Branch((), "own-tree"), TASK, entries_of(tmp_path), tmp_path / ARTEFACTS)


@pytest.mark.parametrize(
    ("update", "reason"),
    [
        ({"id": "svc"}, "AURORA brings"),
        ({"id": "a > b"}, "lower-case letters"),
        ({"id": "../up"}, "lower-case letters"),
        ({"classes": ()}, "needs the names of its classes"),
        ({"classes": ("a", "a", "b")}, "named twice"),
        ({"takes": ValueType("text")}, "give the width too"),
    ],
)
def test_an_addition_that_is_not_valid_is_refused(tmp_path, model, update, reason):
    with pytest.raises(InputError, match=reason):
        add(tmp_path, MODEL.model_copy(update=update), model, "ada")
    assert not (tmp_path / JOURNAL).exists()


def test_what_is_removed_or_deprecated_can_be_restored(tmp_path):
    deprecate(tmp_path, "knn-15", "ada", "too slow; use svc")
    assert entries_of(tmp_path)["knn-15"].deprecated == "too slow; use svc"
    with pytest.raises(InputError, match="deprecated already"):
        deprecate(tmp_path, "knn-15", "ada", "again")
    remove(tmp_path, "svc", "bob")
    assert "svc" not in entries_of(tmp_path)
    with pytest.raises(InputError, match="no such component"):
        remove(tmp_path, "svc", "bob")
    restore(tmp_path, "svc", "ada")
    restore(tmp_path, "knn-15", "ada")
    assert entries_of(tmp_path) == dict(sorted(shipped().items()))
    with pytest.raises(InputError, match="neither removed nor deprecated"):
        restore(tmp_path, "svc", "ada")
    assert [change.action for change in changes(tmp_path)] == ["deprecate", "remove", "restore", "restore"]
    with pytest.raises(InputError, match="say why"):
        deprecate(tmp_path, "svc", "ada", " ")


def test_a_torn_last_line_of_the_journal_counts_for_nothing(tmp_path):
    remove(tmp_path, "svc", "ada")
    with (tmp_path / JOURNAL).open("a") as stream:
        stream.write('{"action": "remove", "id": "logi')
    assert "logistic" in entries_of(tmp_path)
    remove(tmp_path, "knn-15", "ada")
    assert not {"svc", "knn-15"} & set(entries_of(tmp_path))
    (tmp_path / JOURNAL).write_text('{"action": "explode", "id": "svc", "who": "x", "when": "y"}\n')
    with pytest.raises(DataError, match="no change of a catalogue"):
        entries_of(tmp_path)
