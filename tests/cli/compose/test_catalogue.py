import json

import pytest

from tests.cli.command import aurora


def listed(folder, *arguments):
    return json.loads(aurora("compose", "catalogue", *arguments, "--folder", str(folder), "--json").stdout)


def test_the_catalogue_is_listed_changed_and_its_changes_are_told(tmp_path):
    names = {one["id"] for one in listed(tmp_path, "list")["components"]}
    assert {"svc", "tf-idf", "boosting-100"} <= names
    folder = ("--folder", str(tmp_path))
    aurora("compose", "catalogue", "deprecate", "knn-15", "--why", "too slow", "--who", "ada", *folder)
    assert listed(tmp_path, "show", "knn-15")["deprecated"] == "too slow"
    aurora("compose", "catalogue", "remove", "svc", "--who", "bob", *folder)
    assert "svc" not in {one["id"] for one in listed(tmp_path, "list", "--task", "machines")["components"]}
    aurora("compose", "catalogue", "restore", "svc", *folder)
    told = listed(tmp_path, "journal")["changes"]
    assert [(one["action"], one["id"]) for one in told] == [
        ("deprecate", "knn-15"),
        ("remove", "svc"),
        ("restore", "svc"),
    ]
    assert [one["who"] for one in told[:2]] == ["ada", "bob"]


def test_a_refused_file_is_told_in_a_line_and_the_catalogue_stays(tmp_path):
    file = tmp_path / "model.onnx"
    file.write_text("no model")
    folder = tmp_path / "compose"
    add = ("compose", "catalogue", "add", str(file), "--id", "mine", "--task", "machines", "--folder", str(folder))
    done = aurora(*add, code=6)
    assert "refused: it is no ONNX file" in done.stderr
    assert "Traceback" not in done.stderr
    assert not folder.exists()


def test_a_model_without_types_or_classes_is_a_usage_error(tmp_path):
    file = tmp_path / "model.onnx"
    file.write_bytes(b"")
    done = aurora("compose", "catalogue", "add", str(file), "--id", "mine", code=2)
    assert "--takes" in done.stderr
    done = aurora("compose", "catalogue", "add", str(file), "--id", "mine", "--takes", "columns[3]", code=2)
    assert "--classes" in done.stderr


def test_a_chain_is_profiled_and_shown(tmp_path):
    folder = ("--folder", str(tmp_path))
    done = aurora("compose", "profile", "machines", "--chain", "standardise > tree-8", *folder, "--json")
    (chain,) = json.loads(done.stdout)["chains"]
    assert chain["chain"] == ["standardise", "tree-8"]
    assert 0.6 < chain["accuracy"] < 0.94
    assert 0 < chain["seconds_p50"] <= chain["seconds_p95"] < 0.1
    shown = listed(tmp_path, "show", "tree-8")
    assert shown["measured"]["machines"]["best_accuracy"] == chain["accuracy"]
    assert shown["chains"] == [chain]


def test_a_cascade_is_no_chain(tmp_path):
    done = aurora("compose", "profile", "--chain", "svc ? 0.8 | logistic", "--folder", str(tmp_path), code=2)
    assert "single chains" in done.stderr


def test_the_data_of_a_task_is_described():
    data = json.loads(aurora("compose", "data", "machines", "--json").stdout)
    assert data["best_accuracy"] == 0.94
    assert data["items"] == {"fit": 4000, "select": 2000, "sealed": 2000}
    assert "needs no file" in aurora("compose", "data", "machines", "--from", "x.tar.gz", code=2).stderr


@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_tables_fit_the_terminal(columns, tmp_path):
    from aurora.cli.terminal.tables import laid_out
    from aurora.learning.composition.catalogue import entries_of

    rows = [
        (e.id, e.kind, ", ".join(map(str, e.takes)), "1", "in use", e.description)
        for e in entries_of(tmp_path).values()
    ]
    head = ("id", "kind", "takes", "version", "state", "what it is")
    lines = [row.text for row in laid_out("components", head, rows, int(columns), keys=1, rule="-")]
    assert max(map(len, lines)) <= int(columns)
    assert any("boosting-100" in line for line in lines)
