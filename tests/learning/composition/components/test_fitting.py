import warnings

import numpy as np
import pytest

from aurora.errors import DataError, FileError, InputError
from aurora.learning.composition.catalogue import shipped
from aurora.learning.composition.components.artefacts import MANIFEST, current_folder, read_manifest
from aurora.learning.composition.components.component import Component, Recipe
from aurora.learning.composition.components.conversion import quantised, to_onnx
from aurora.learning.composition.components.estimators import estimator_of
from aurora.learning.composition.components.fitting import SEED, chain_of, fit_branch
from aurora.learning.composition.components.loading import load_branch
from aurora.learning.composition.components.runtimes import session_of
from aurora.learning.composition.pipelines.pipeline import Branch
from aurora.learning.composition.tasks.machines import INPUT
from tests.learning.composition.small import small_images, small_task

MODELS = [entry for entry in shipped().values() if entry.kind == "model" and entry.takes[0].kind == "columns"]
TASK = small_task()
SCALED = ((TASK.fit.items - TASK.fit.items.mean(0)) / TASK.fit.items.std(0)).astype(np.float32)
FRESH = ((TASK.select.items - TASK.fit.items.mean(0)) / TASK.fit.items.std(0)).astype(np.float32)


def fitted(recipe):
    estimator = estimator_of(recipe, SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(SCALED, TASK.fit.labels)


def run(model, items):
    session = session_of(model)
    assert len(session.get_outputs()) == 1
    return session.run(None, {session.get_inputs()[0].name: items})[0]


@pytest.mark.parametrize("entry", [e for e in MODELS if not e.recipe.parameters.get("int8")], ids=lambda e: e.id)
def test_probabilities_equal_those_of_the_library(entry):
    estimator = fitted(entry.recipe)
    found = run(to_onnx(estimator, SCALED.shape[1]), FRESH)
    assert found.dtype == np.float32
    assert np.abs(found - estimator.predict_proba(FRESH)).max() < 1e-4


def test_a_quantised_model_is_smaller_and_answers_nearly_the_same():
    model = to_onnx(fitted(shipped()["mlp-256"].recipe), SCALED.shape[1])
    small = quantised(model)
    assert len(small) < 0.6 * len(model)
    assert np.abs(run(small, FRESH) - run(model, FRESH)).max() < 0.1


@pytest.mark.parametrize("name", ["standardise", "min-max", "select-6", "products"])
def test_transformed_values_equal_those_of_the_library(name):
    estimator = fitted(shipped()[name].recipe)
    found = run(to_onnx(estimator, SCALED.shape[1]), FRESH)
    assert found.shape[1] == shipped()[name].gives(INPUT).width
    assert np.allclose(found, estimator.transform(FRESH), atol=1e-4)


def test_a_chain_is_fitted_on_the_output_of_its_transformations_and_once(tmp_path):
    branch = Branch(("standardise", "select-6"), "logistic")
    folders = fit_branch(branch, TASK, shipped(), tmp_path)
    loaded = load_branch(branch, "small", tmp_path)
    from sklearn.feature_selection import SelectKBest, f_classif
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    whole = make_pipeline(StandardScaler(), SelectKBest(f_classif, k=6), LogisticRegression(max_iter=300))
    expected = whole.fit(TASK.fit.items, TASK.fit.labels).predict_proba(TASK.select.items)
    assert np.abs(loaded(TASK.select.items) - expected).max() < 1e-3  # the transformations round to single precision
    assert loaded.classes == TASK.classes
    assert loaded.input == INPUT
    assert loaded.size == sum((folder / "model.onnx").stat().st_size for folder in folders)
    before = [(folder / MANIFEST).stat().st_mtime_ns for folder in folders]
    assert fit_branch(branch, TASK, shipped(), tmp_path) == folders
    assert [(folder / MANIFEST).stat().st_mtime_ns for folder in folders] == before


def test_another_version_or_other_data_is_fitted_anew(tmp_path):
    branch = Branch(("standardise",), "tree-8")
    first = fit_branch(branch, TASK, shipped(), tmp_path)
    newer = {**shipped(), "tree-8": shipped()["tree-8"].model_copy(update={"version": 2})}
    second = fit_branch(branch, TASK, newer, tmp_path)
    assert first[0] == second[0]
    assert first[1] != second[1]
    assert read_manifest(second[1]).version == 2
    third = fit_branch(branch, small_task(seed=1), shipped(), tmp_path)
    assert not {*first, *second} & {*third}
    assert first[1].is_dir(), "what runs on the earlier one may load it again"


def test_images_are_halved_to_means_of_their_pixels(tmp_path):
    task = small_images()
    branch = Branch(("halve-image",), "logistic")
    fit_branch(branch, task, shipped(), tmp_path)
    loaded = load_branch(branch, "halves", tmp_path)
    halved = loaded.steps[0](task.select.items)
    image = task.select.items[3].reshape(6, 6)
    assert halved.shape == (50, 9)
    assert np.isclose(halved[3].reshape(3, 3)[1, 2], image[2:4, 4:6].mean())
    assert (loaded(task.select.items).argmax(1) == task.select.labels).mean() > 0.8


@pytest.mark.parametrize(
    ("branch", "reason"),
    [
        (Branch(("halve-image",), "logistic"), "halve-image does not fit: it takes image, and is given columns"),
        (Branch(("pca-32",), "logistic"), "pca-32 does not fit: it needs at least 32 numbers"),
        (Branch(("logistic",), "svc"), "logistic is a model"),
        (Branch((), "products"), "products is a transformation"),
        (Branch((), "oracle"), "no component oracle"),
    ],
)
def test_a_chain_that_does_not_fit_says_why(branch, reason):
    with pytest.raises(InputError, match=reason):
        chain_of(branch, INPUT, shipped())


def test_an_unknown_family_is_refused(tmp_path):
    odd = Component(id="odd", kind="model", takes=(INPUT,), recipe=Recipe(family="oracle"))
    with pytest.raises(InputError, match="oracle"):
        fit_branch(Branch((), "odd"), TASK, {"odd": odd}, tmp_path)


def test_what_was_not_fitted_is_refused_with_the_command_that_fits_it(tmp_path):
    with pytest.raises(FileError, match="aurora compose profile small"):
        load_branch(Branch((), "logistic"), "small", tmp_path)


def test_a_changed_truncated_or_absent_file_is_refused(tmp_path):
    branch = Branch((), "logistic")
    fit_branch(branch, TASK, shipped(), tmp_path)
    folder = current_folder(tmp_path, "small", ("logistic",))
    model = folder / "model.onnx"
    content = model.read_bytes()
    model.write_bytes(content[:-10])
    with pytest.raises(DataError, match="sha256 differs"):
        load_branch(branch, "small", tmp_path)
    model.unlink()
    with pytest.raises(FileError, match=r"can't read .*model\.onnx"):
        load_branch(branch, "small", tmp_path)
    model.write_bytes(content)
    manifest = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(manifest.replace('"model.onnx"', '"../../model.onnx"'))
    with pytest.raises(DataError, match="outside its folder"):
        load_branch(branch, "small", tmp_path)
    (folder / MANIFEST).write_text(manifest[:40])
    with pytest.raises(DataError):
        load_branch(branch, "small", tmp_path)
