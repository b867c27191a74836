"""The savings ledger: no record is lost or replaced, and the reported calibration is right."""

import pytest

from aurora import journal
from aurora.errors import DataError, InputError
from aurora.learning.rightsizing.savings_ledger import (
    Promise,
    open_promises,
    promise_calibration,
    record_promises,
    settle_promise,
    settlements,
)
from aurora.statistics.intervals import wilson


def a_promise(number, savings=100.0):
    return Promise(f"c{number}", "acme", "2026-01-01", savings, savings - 20, savings + 20, 0.8, "list, 2026-01")


def test_promised_and_realised_savings_are_compared(tmp_path):
    path = tmp_path / "ledger.jsonl"
    assert record_promises(path, [a_promise(k) for k in range(30)]) == 30
    assert record_promises(path, [a_promise(k) for k in range(30)]) == 0
    for k in range(25):
        settle_promise(path, f"c{k}", 130.0 if k < 5 else 90.0, "2026-02-01")
    found = promise_calibration(settlements(path))
    assert (found.count, found.within, found.predicted) == (25, 0.8, 2500.0)
    assert found.bias == pytest.approx((5 * 30 - 20 * 10) / 25)
    assert found.is_calibrated
    assert len(open_promises(path)) == 5


def test_too_few_or_too_many_broken_promises_are_not_calibrated(tmp_path):
    path = tmp_path / "ledger.jsonl"
    record_promises(path, [a_promise(k) for k in range(30)])
    settle_promise(path, "c0", 100.0, "2026-02-01")
    assert not promise_calibration(settlements(path)).is_calibrated
    for k in range(1, 30):
        settle_promise(path, f"c{k}", 500.0, "2026-02-01")
    assert not promise_calibration(settlements(path)).is_calibrated
    assert promise_calibration([]) is None


def test_records_of_the_ledger_are_never_replaced(tmp_path):
    path = tmp_path / "ledger.jsonl"
    record_promises(path, [a_promise(0)])
    with pytest.raises(InputError, match="can't be changed"):
        record_promises(path, [a_promise(0, 120.0)])
    with pytest.raises(InputError, match="no promise 'c9'"):
        settle_promise(path, "c9", 1.0, "2026-02-01")
    with pytest.raises(InputError, match="dollars"):
        settle_promise(path, "c0", float("nan"), "2026-02-01")
    settle_promise(path, "c0", 1.0, "2026-02-01")
    with pytest.raises(InputError, match="settled on 2026-02-01"):
        settle_promise(path, "c0", 2.0, "2026-02-02")


def test_a_torn_last_line_is_ignored_and_an_earlier_broken_line_refused(tmp_path):
    path = tmp_path / "ledger.jsonl"
    record_promises(path, [a_promise(0), a_promise(1)])
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"kind": "realised", "chan')
    assert len(open_promises(path)) == 2
    settle_promise(path, "c0", 100.0, "2026-02-01")
    assert len(settlements(path)) == 1
    assert all(isinstance(r, dict) for r in journal.read(path))
    path.write_bytes(b"garbage\n" + whole)
    with pytest.raises(DataError, match="line 1"):
        settlements(path)


def test_wilson_intervals_are_the_published_ones():
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)  # Newcombe 1998, table I
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)
