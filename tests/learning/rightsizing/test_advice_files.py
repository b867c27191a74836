"""Malformed plans, ledgers, inventories, histories, catalogues, measurements and experiments give one-line errors."""

import copy
import csv
import gzip
import json
import random
from datetime import date, timedelta

import pytest

from aurora.errors import DataError, FileError, InputError
from aurora.learning.accounts import (
    OPTIONAL,
    catalogue_json,
    generate,
    load_catalogue,
    read_accounts,
    synthetic_catalogue,
    write_accounts,
)
from aurora.learning.experiments.analysis import history, standing
from aurora.learning.experiments.measurements import read_rows
from aurora.learning.experiments.registration import (
    Registration,
    Rules,
    assign,
    check_free,
    load_registration,
    register,
)
from aurora.learning.rightsizing import savings_ledger as ledger
from aurora.learning.rightsizing.plan_file import (
    ChangePlan,
    PlannedChange,
    apply_to_file,
    diff,
    free_rollback_path,
    read_inventory,
    read_plan,
    selected_changes,
    write_plan,
)
from aurora.learning.rightsizing.recommend import Basis, recommend_account
from aurora.learning.rightsizing.savings import shipped_calibration
from aurora.learning.rightsizing.utilisation import parse_entry
from aurora.learning.tables.parquet import parquet_rows

CATALOGUE = synthetic_catalogue()
BASIS = Basis(CATALOGUE, shipped_calibration(), with_flips=False)
BAD = [
    None,
    True,
    -1,
    1e308,
    5e-324,
    10**19,
    "",
    "x",
    "A" * 3000,
    [],
    {},
    [[]],
    "2026-01-01",
    1.5,
    {"a": [1]},
    "\u2028",
]
ENTRY = {"instance": "general-4", "storage": "fast", "network": "5g", "minimum": 2, "maximum": 4}
ENTRY |= {"target": 0.6, "cooldown": 300, "limit": 1.0, "data": 10, "tags": ["a", "minimum=2"]}


def places(data, path=()):
    yield path
    children = data.items() if isinstance(data, dict) else enumerate(data[:3]) if isinstance(data, list) else ()
    for key, value in children:
        yield from places(value, (*path, key))


def spoilt(data, rng):
    """Yield the data with one value malformed or removed."""
    found = copy.deepcopy(data)
    path = rng.choice([p for p in places(found) if p])
    inner = found
    for key in path[:-1]:
        inner = inner[key]
    if rng.random() < 0.2:
        del inner[path[-1]]
    else:
        inner[path[-1]] = copy.deepcopy(rng.choice(BAD))
    return found


def never_a_traceback(read, path):
    try:
        read(path)
    except DataError as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 1000


def rows_of(tmp_path):
    path = tmp_path / "good.jsonl"
    write_accounts(generate(3, 1, periods=48).accounts, path)
    return [json.loads(line) for line in path.read_text().splitlines()]


def lines(path, rows):
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return path


def advised(path):
    for account in read_accounts([path], CATALOGUE, optional=OPTIONAL).accounts:
        recommend_account(account, BASIS)


@pytest.mark.parametrize("count", [10, pytest.param(60, marks=pytest.mark.slow)])
def test_malformed_histories_are_refused(tmp_path, count):
    rng, rows = random.Random(0), rows_of(tmp_path)
    for _ in range(count):
        k = rng.randrange(len(rows))
        never_a_traceback(advised, lines(tmp_path / "h.jsonl", [*rows[:k], spoilt(rows[k], rng), *rows[k + 1 :]]))


def test_malformed_inventories_catalogues_and_plans_are_refused(tmp_path):
    rng, path = random.Random(1), tmp_path / "x.json"
    change = PlannedChange("a", {"x": 1}, {"x": 2}, "r", {"expected": 1.0, "risk": 1})
    write_plan(ChangePlan((change,), "test"), tmp_path / "plan.json")
    plan = json.loads((tmp_path / "plan.json").read_text())

    def read_entries(file):
        for name, entry in read_inventory(file).items():
            parse_entry(name, entry, CATALOGUE)

    for _ in range(150):
        for data, read in (
            ({"a": ENTRY, "b": ENTRY}, read_entries),
            (catalogue_json(CATALOGUE), load_catalogue),
            (plan, read_plan),
        ):
            path.write_text(json.dumps(spoilt(data, rng)))
            never_a_traceback(read, path)
    for text in ("[]", '"x"', "3", "{", "[" * 500, '{"a": 1e999}', '{"a": NaN}', "\ufeff{}", '{"a": ' + "9" * 30 + "}"):
        path.write_text(text)
        for read in (read_entries, load_catalogue, read_plan):
            never_a_traceback(read, path)
    path.write_text(json.dumps({"a": [1]}))
    with pytest.raises(DataError, match="account 'a' must be a configuration"):
        read_inventory(path)


def test_malformed_ledgers_are_refused_with_the_line_and_the_field(tmp_path):
    path = tmp_path / "ledger.jsonl"
    promises = [ledger.Promise(f"c{k}", "a", "2026-01-01", 10.0, 0.0, 20.0, 0.8, "list") for k in range(3)]
    ledger.record_promises(path, promises)
    ledger.settle_promise(path, "c0", 5.0, "2026-02-01")
    rows, rng = [json.loads(line) for line in path.read_text().splitlines()], random.Random(2)
    for _ in range(150):
        never_a_traceback(ledger.settlements, lines(path, spoilt(rows, rng)))
    lines(path, [{**rows[0], "savings": "12"}])
    with pytest.raises(DataError, match="line 1: field 'savings' must be a number"):
        ledger.settlements(path)
    with pytest.raises(FileError, match="there is no ledger"):
        ledger.check_ledger(tmp_path / "nope.jsonl")


def small_experiment(folder):
    accounts = {f"a{k:02d}": (float(k), 1.0) for k in range(16)}
    rules = Rules("cost", "lower", "latency", "lower", 0.0, 0.05, 0.02, 1.0, 14, 7)
    subjects = assign(accounts, dict.fromkeys(accounts, ""), experiment_id="e", seed=0)
    start = date(2026, 7, 1)
    draft = Registration("e", start, start, 0, rules, subjects, {"power": 0.8, "days": 7.0})
    found = register(folder, draft)
    values = {a: {"values": {"cost": 1.0, "latency": 1.0}, "received": True} for a in accounts}
    days = [{"registration": found.sha256, "day": str(start + timedelta(days=k)), "rows": values} for k in range(2)]
    lines(folder / "measurements.jsonl", days)
    return days


def test_malformed_experiments_are_refused(tmp_path):
    folder = tmp_path / "trial"
    days, rng = small_experiment(folder), random.Random(3)
    registration = folder / "registration.json"
    good = json.loads(registration.read_text())
    assert standing(folder, load_registration(folder)).days == 2
    with pytest.raises(FileError, match="holds an experiment already"):
        check_free(folder)
    with pytest.raises(FileError, match="is a file"):
        check_free(registration)

    def read(path):
        standing(path, load_registration(path))

    for _ in range(60):
        lines(folder / "measurements.jsonl", spoilt(days, rng))
        never_a_traceback(read, folder)
    lines(folder / "measurements.jsonl", days)
    registration.chmod(0o644)
    from aurora.learning.experiments.registration import _sha256

    for _ in range(60):
        data = {k: v for k, v in spoilt(good, rng).items() if k != "sha256"}
        registration.write_text(json.dumps({**data, "sha256": _sha256(data)}))
        never_a_traceback(read, folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("m.csv", b"\xef\xbb\xbfaccount,day,cost\na,2026-07-01,1\n", ""),
        ("m.csv", b"\xff\xfe" + "account,day,cost\na,2026-07-01,1\n".encode("utf-16-le"), ""),
        ("m.csv.gz", gzip.compress(b"account,day,cost\na,2026-07-01,1\n", mtime=0), ""),
        ("m.csv", b"account;day;cost\na;2026-07-01;1,0\n", ""),
        ("m.csv", b"account,day,cost\na,2026-07-01,1,5\n", "more cells than the header"),
        ("m.jsonl", b'{"account": "a\xe2\x80\xa8b", "day": "2026-07-01", "cost": 1}', ""),  # no line end at its end
        ("m.csv.gz", gzip.compress(b"account,day,cost\n" * 99, mtime=0)[:40], "truncated|damaged"),
        ("m.csv", b"account,day,cost\na,2026-07-01,1e300\n", "beyond"),
        ("m.csv", b"account,day,cost\na,2026-07-01,1" + b"0" * 400 + b"\n", "cost is"),
        ("m.jsonl", b'{"account": "a", "day": "2026-07-01", "cost": [1]}\n', "cost is"),
        ("m.jsonl", b"[1]\n", "line 1: an object"),
        ("m.parquet", b"PAR1nonsense", "Parquet"),
        ("m.txt", b"x", "must end in"),
    ],
)
def test_measurements_in_common_notations_are_read(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    if message:
        with pytest.raises((DataError, InputError), match=message):
            read_rows(path, ("cost",))
    else:
        (row,) = read_rows(path, ("cost",))
        assert row.values == {"cost": 1.0}


def test_measurements_of_a_thousand_years_are_refused(tmp_path):
    path = tmp_path / "m.csv"
    with path.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["account", "day", "cost", "latency"])
        rows.writerows(["a", date(1100 + k, 1, 1), 1, 1] for k in range(20))
    with pytest.raises(DataError, match="leave out the oldest"):
        history(read_rows(path, ("cost", "latency")), ("cost", "latency"), date(2026, 7, 1))


def test_histories_in_milliseconds_and_with_line_separators(tmp_path):
    rows = rows_of(tmp_path)
    (expected,) = read_accounts([lines(tmp_path / "s.jsonl", rows)], CATALOGUE).accounts
    odd = [{**r, "time": r["time"] * 1000, "tier": "a\u2028b"} for r in rows]
    path = tmp_path / "ms.jsonl"
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in odd), encoding="utf-8")
    found = read_accounts([path], CATALOGUE)
    assert (found.accounts[0].start, found.accounts[0].period) == (expected.start, expected.period)
    assert [f.defect for f in found.findings if "milliseconds" in f.message] == ["notation"]


def test_rows_in_the_notation_of_other_programs_are_read(tmp_path):
    rows = rows_of(tmp_path)
    odd = [{**r, "account_id": 42, "time": str(r["time"] * 1000)} for r in rows]
    (account,) = read_accounts([lines(tmp_path / "odd.jsonl", odd)], CATALOGUE).accounts
    assert (account.account_id, account.start) == ("42", rows[0]["time"])
    for metric, message in (("memory", "0.43 for 43 %"), ("cpu", "0.43 for 43 %")):
        with pytest.raises(DataError, match=message):
            read_accounts([lines(tmp_path / "percent.jsonl", [{**r, metric: 43.0} for r in rows])], CATALOGUE)
    with pytest.raises(DataError, match="line 1: field 'cpu' is NaN"):
        path = tmp_path / "nan.jsonl"
        path.write_text("".join(json.dumps({**r, "cpu": float("nan")}) + "\n" for r in rows))
        read_accounts([path], CATALOGUE)


def test_the_current_configuration_after_a_gap_is_that_of_the_last_row(tmp_path):
    rows = rows_of(tmp_path)
    later = {"instance": "general-16", "minimum": 6, "maximum": 12, "tags": ["new"], "limit": 9.0}
    rows = [*rows[:40], *({**r, **later} for r in rows[41:])]
    (account,) = read_accounts([lines(tmp_path / "h.jsonl", rows)], CATALOGUE).accounts
    assert (account.present.instance, account.present.minimum, account.present.maximum) == ("general-16", 6, 12)
    assert (account.tags, account.limit, len(account)) == (("new",), 9.0, 40)
    found = recommend_account(account, BASIS)
    assert found.now == account.present


def test_optional_columns_may_be_absent_and_missing_required_ones_are_named(tmp_path):
    rows = [{k: v for k, v in r.items() if k not in OPTIONAL} for r in rows_of(tmp_path)]
    path = lines(tmp_path / "h.jsonl", rows)
    (account,) = read_accounts([path], CATALOGUE, optional=OPTIONAL).accounts
    assert account.incomplete == set(OPTIONAL)
    found = recommend_account(account, BASIS)
    assert [r for r, is_measured in found.measured.items() if is_measured] == ["cpu"]
    with pytest.raises(DataError, match="line 1: field 'memory'"):
        read_accounts([path], CATALOGUE)
    with pytest.raises(DataError, match="field 'cpu_peak'"):
        bare = [{k: v for k, v in r.items() if k != "cpu_peak"} for r in rows]
        read_accounts([lines(path, bare)], CATALOGUE, optional=OPTIONAL)


def test_part_of_a_plan_with_any_name_can_be_applied_with_its_own_rollback(tmp_path):
    names = ["arn:aws:ec2:eu:1:i/a", "a: b", "x\ny"]
    changes = tuple(PlannedChange(n, {"x": 1}, {"x": 2}, "", {"risk": k}) for k, n in enumerate(names))
    inventory, path = tmp_path / "i.json", tmp_path / "plan.json"
    inventory.write_text(json.dumps({n: {"x": 1} for n in names}))
    write_plan(ChangePlan(changes, "test"), path)
    plan = read_plan(path)
    assert [c.account for c in selected_changes(plan, max_risk=1).changes] == names[:2]
    with pytest.raises(InputError, match="no change for z"):
        selected_changes(plan, ["z"])
    before = inventory.read_bytes()
    rollbacks = []
    for name in names:
        chosen = selected_changes(plan, [name])
        undo = free_rollback_path(path, chosen, read_inventory(inventory))
        done = apply_to_file(chosen, inventory, undo)
        assert diff(done.done) == [f"{name}: x 1 -> 2"]
        rollbacks.append(done.rollback)
    assert len(set(rollbacks)) == 3
    for undo in rollbacks:
        apply_to_file(read_plan(undo), inventory, tmp_path / "again.json")
        (tmp_path / "again.json").unlink()
    assert json.loads(inventory.read_bytes()) == json.loads(before)


def test_a_catalogue_survives_writing_and_a_price_list_is_a_catalogue(tmp_path):
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(catalogue_json(CATALOGUE)))
    assert load_catalogue(path) == CATALOGUE
    listed = tmp_path / "prices.csv"
    listed.write_text("Type;vCPU;GiB;$/h\nm5.large;2;8;0,096\nm5.xlarge;4;16 GiB;$0,192\n")
    found = load_catalogue(listed)
    assert [(i.name, i.family, i.memory, i.price) for i in found.instances] == [
        ("m5.large", "m5", 8.0, 0.096),
        ("m5.xlarge", "m5", 16.0, 0.192),
    ]
    assert "prices.csv" in found.source
    listed.write_text("type,vCPU,$/h\nm5.large,2,1\n")
    with pytest.raises(DataError, match="no column gib"):
        load_catalogue(listed)
    listed.write_text('type,vCPU,GiB,$/h\nu.metal,448,"1,952 GiB",many\n')
    with pytest.raises(DataError, match=r"line 2: .* is 'many'"):
        load_catalogue(listed)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('type,vCPU,GiB,$/h\n\nm5.large,2,8,"0,096"\n', "line 3: .* '0,096', which can be two numbers"),
        ("type\tvCPU\tGiB\t$/h\nm5.large\t2\t8\t0,096\n", "line 2: .* '0,096', which can be two numbers"),
        ("type,vCPU,GiB,On Demand,Price\nm5.large,2,8,1,2\n", "line 1 has several columns for the price"),
    ],
)
def test_an_ambiguous_price_is_refused(tmp_path, text, message):
    listed = tmp_path / "prices.csv"
    listed.write_text(text)
    with pytest.raises(DataError, match=message):
        load_catalogue(listed)


def test_thousands_separators_of_a_price_list_are_read(tmp_path):
    listed = tmp_path / "prices.csv"
    listed.write_text('type,vCPU,GiB,$/h\nu.metal,448,"1,952 GiB","$1,096.50"\n')
    (kind,) = load_catalogue(listed).instances
    assert (kind.memory, kind.price) == (1952.0, 1096.5)


def test_duplicate_columns_are_refused(tmp_path):
    path = tmp_path / "june.csv"
    path.write_text("account,day,cost,cost\na,2026-06-01,1,9\n")
    with pytest.raises(DataError, match="two columns 'cost'; rename one"):
        read_rows(path, ("cost",))


def test_damaged_parquet_files_give_a_one_line_error(tmp_path):
    rng = random.Random(4)
    path = tmp_path / "h.parquet"
    write_accounts(generate(3, 1, periods=48).accounts, path)
    whole = path.read_bytes()
    for _ in range(80):
        damaged = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(len(damaged) - 4000, len(damaged))] = rng.randrange(256)  # its description
        path.write_bytes(damaged)
        for read in (lambda file: read_accounts([file], CATALOGUE), lambda file: read_rows(file, ("cost",))):
            never_a_traceback(read, path)


def test_parquet_files_with_too_many_rows_are_refused(tmp_path):
    path = tmp_path / "h.parquet"
    write_accounts(generate(3, 1, periods=48).accounts, path)
    assert len(parquet_rows(path, 48)) == 48
    with pytest.raises(DataError, match="more than 47 rows"):
        parquet_rows(path, 47)
