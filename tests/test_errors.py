import pickle

import pytest

from aurora.errors import MAX_CHARACTERS_QUOTED, AuroraError, DataError, FileError, InputError
from aurora.files import locked, write_atomically
from aurora.reading import read_bytes, read_json


def test_a_bad_argument_is_named_as_python_names_it():
    error = InputError("give at least one step", parameter="horizon", value=0)
    assert str(error) == "horizon=0: give at least one step"
    assert (error.parameter, error.value, error.reason) == ("horizon", "0", "give at least one step")
    assert isinstance(error, ValueError) and isinstance(error, AuroraError)


def test_arguments_that_do_not_fit_together_need_no_name():
    assert str(InputError("give a or b")) == "give a or b"
    assert str(InputError("it is empty", parameter="series")) == "series: it is empty"


def test_a_text_is_quoted_and_a_long_one_shortened():
    assert InputError("?", parameter="name", value="a b").value == "'a b'"
    assert len(InputError("?", parameter="name", value="x" * 10_000).value) < MAX_CHARACTERS_QUOTED + 10


def test_input_errors_keep_their_parameter_when_pickled():
    error = pickle.loads(pickle.dumps(InputError("too few", parameter="count", value=1)))
    assert (str(error), error.parameter, error.value, error.reason) == ("count=1: too few", "count", "1", "too few")


def test_file_system_and_content_faults_raise_different_errors(tmp_path):
    with pytest.raises(FileError, match="No such file"):
        read_bytes(tmp_path / "absent")
    with pytest.raises(FileError, match="it is a folder"):
        read_bytes(tmp_path)
    with pytest.raises(FileError, match="create the folder first"):
        write_atomically(tmp_path / "absent" / "x", "")
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(DataError, match="is not JSON"):
        read_json(tmp_path / "x.json")


def test_a_lock_has_one_holder_at_a_time(tmp_path):
    path = tmp_path / "new" / "lock"
    for _ in range(2):
        with locked(path, busy="is at work; wait for it"):
            assert path.read_text().startswith("pid ")
            with (
                pytest.raises(FileError, match=r"another process \(pid \d+\) is at work; wait"),
                locked(path, busy="is at work; wait for it"),
            ):
                pass
