"""Files are replaced whole or not at all."""

import pytest

from aurora.errors import DataError
from aurora.files import replaced


def test_a_file_is_replaced_when_all_went_well(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    with replaced(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
        assert partial.suffix == ".json"
    assert path.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_an_error_or_an_interrupt_the_old_file_is_all_there_is(tmp_path, error):
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(error), replaced(path) as partial:
        partial.write_text("ne")
        raise error
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_where_nothing_can_be_written_it_says_so(tmp_path):
    with pytest.raises(DataError, match="can't write"), replaced(tmp_path / "absent" / "a.json") as partial:
        partial.write_text("new")
