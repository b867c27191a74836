"""File forms as found in practice: each reads to the same series, or is refused with its place and the remedy."""

import csv
import gzip
import io
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.errors import AuroraError, DataError
from aurora.learning.series.frames import MAX_ROWS
from aurora.learning.series.read import read_panel
from aurora.learning.tables.notation import unified
from aurora.learning.tables.time_forms import DayOrder, parsed
from tests.examples import examples

BEGIN = 1_769_904_000  # 2026-02-01, so that no day of the month is above 12
STEP = 300


def put(folder: Path, content: str | bytes, name: str = "in.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(folder: Path, content: str | bytes, name: str = "in.csv"):
    return read_panel([put(folder, content, name)], detect=False)


def one(folder: Path, content: str | bytes, name: str = "in.csv"):
    (series,) = read(folder, content, name).series
    return series


def notes(panel) -> str:
    return " / ".join(f.message for f in panel.findings if f.defect == "notation")


def at(k: int) -> datetime:
    return datetime.fromtimestamp(BEGIN + k * STEP, UTC)


# Names ----------------------------------------------------------------------------------------------------------------

NAMES = [
    "007",
    "7",
    "7.0",
    "1e5",
    "100000",
    "123456789012",
    "0x1F",
    "2026-01-01",
    "NA",
    "null",
    "nan",
    "True",
    "true",
    "-",
    "+1",
]


def test_names_that_look_like_numbers_or_dates_are_kept_as_text(tmp_path):
    rows = [(name, f"2026-02-01T00:0{k}:00Z", n, "00" + str(n)) for n, name in enumerate(NAMES) for k in (0, 5)]
    text = "unique_id,ds,y,account\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    panel = read(tmp_path, text)
    assert [s.unique_id for s in panel.series] == NAMES
    assert [s.y[0] for s in panel.series] == list(range(len(NAMES)))
    assert [s.labels["account"] for s in panel.series] == ["00" + str(n) for n in range(len(NAMES))]
    frame = pd.DataFrame(rows, columns=["unique_id", "ds", "y", "account"])
    frame.to_parquet(tmp_path / "in.parquet")
    again = read_panel([tmp_path / "in.parquet"], detect=False)
    assert [(s.unique_id, s.labels) for s in again.series] == [(s.unique_id, s.labels) for s in panel.series]


def test_account_numbers_of_a_parquet_file_with_gaps_keep_all_digits(tmp_path):
    accounts = pd.array([9_007_199_254_740_993, 9_007_199_254_740_993, None, None], dtype="Int64")
    frame = pd.DataFrame(
        {"unique_id": ["a", "a", "b", "b"], "ds": [0, 300, 0, 300], "y": [1.0, 2, 3, 4], "account": accounts}
    )
    frame.to_parquet(tmp_path / "in.parquet")
    a, b = read_panel([tmp_path / "in.parquet"], detect=False).series
    assert a.labels["account"] == "9007199254740993" and "account" not in b.labels


def test_a_number_that_does_not_change_is_a_covariate_only_if_its_text_changes(tmp_path):
    series = one(tmp_path, "ds,y,zone,users\n0,1,01,5\n300,2,01,5.0\n")
    assert series.labels["zone"] == "01" and series.covariates["users"].tolist() == [5, 5]


# Times ----------------------------------------------------------------------------------------------------------------

LOCAL = timezone(timedelta(hours=5, minutes=30))
FORMS = {
    "iso": lambda t: f"{t:%Y-%m-%dT%H:%M:%SZ}",
    "lower": lambda t: f"{t:%Y-%m-%dt%H:%M:%Sz}",
    "blank": lambda t: f"{t:%Y-%m-%d %H:%M}",
    "millis": lambda t: f"{t:%Y-%m-%dT%H:%M:%S}.000Z",
    "comma": lambda t: f'"{t:%Y-%m-%d %H:%M:%S},000"',
    "offset": lambda t: t.astimezone(LOCAL).isoformat(),
    "compact offset": lambda t: f"{t.astimezone(LOCAL):%Y-%m-%d %H:%M:%S %z}",
    "utc": lambda t: f"{t:%Y-%m-%d %H:%M:%S} UTC",
    "go": lambda t: f"{t:%Y-%m-%d %H:%M:%S} +0000 UTC",
    "basic": lambda t: f"{t:%Y%m%dT%H%M%SZ}",
    "digits": lambda t: f"{t:%Y%m%d%H%M%S}",
    "minutes": lambda t: f"{t:%Y%m%d%H%M}",
    "slashes": lambda t: f"{t:%Y/%m/%d %H:%M}",
    "dots": lambda t: f"{t:%d.%m.%Y %H:%M}",
    "month": lambda t: f"{t:%d-%b-%Y %H:%M:%S}",
    "american": lambda t: f'"{t:%b} {t.day}, {t:%Y %I:%M %p}"',
    "mail": lambda t: f'"{t:%a, %d %b %Y %H:%M:%S} GMT"',
    "ctime": lambda t: t.ctime(),
    "script": lambda t: f"{t.astimezone(LOCAL):%a %b %d %Y %H:%M:%S GMT%z} (India Standard Time)",
    "seconds": lambda t: f"{t.timestamp():.0f}",
    "fractions": lambda t: f"{t.timestamp():.3f}",
    "power": lambda t: f"{t.timestamp():.9e}",
    "milliseconds": lambda t: f"{t.timestamp() * 1e3:.0f}",
    "microseconds": lambda t: f"{t.timestamp() * 1e6:.0f}",
    "nanoseconds": lambda t: f"{int(t.timestamp()) * 10**9}",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_notation_of_a_time_is_the_same_time(tmp_path, form):
    text = "ds,y\n" + "".join(f"{FORMS[form](at(k))},{k}\n" for k in range(12))
    series = one(tmp_path, text)
    assert (series.start, series.step, series.y.tolist()) == (BEGIN, STEP, list(range(12)))
    assert "clock" not in series.labels


@given(
    st.sampled_from(sorted(set(FORMS) - {"nanoseconds"})),
    st.integers(946_684_800, 1_956_528_000),
    st.sampled_from([60, 300, 3600, 86_400]),
)
@settings(max_examples=examples(120), deadline=None)
def test_any_time_is_read_back_from_any_notation(tmp_path_factory, form, begin, step):
    times = [datetime.fromtimestamp(begin - begin % 60 + k * step, UTC) for k in range(40)]
    text = "ds,y\n" + "".join(f"{FORMS[form](t)},1\n" for t in times)
    series = one(tmp_path_factory.getbasetemp(), text, "any.csv")
    assert (series.start, series.step, len(series)) == (begin - begin % 60, step, 40)


@given(st.dates(min_value=datetime(1990, 1, 1).date(), max_value=datetime(2099, 12, 1).date()), st.booleans())
@settings(max_examples=examples(60), deadline=None)
def test_a_day_above_twelve_decides_which_number_is_the_month(tmp_path_factory, first, is_day_first):
    days = [first + timedelta(days=k) for k in range(28)]
    text = "ds,y\n" + "".join(
        f"{d.day}/{d.month}/{d.year},1\n" if is_day_first else f"{d.month}/{d.day}/{d.year},1\n" for d in days
    )
    series = one(tmp_path_factory.getbasetemp(), text, "days.csv")
    assert series.start == datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp() and len(series) == 28


def test_an_inferred_notation_is_reported(tmp_path):
    assert "read with the day before the month" in notes(read(tmp_path, "ds,y\n02.01.2026,1\n03.01.2026,2\n"))
    assert "read with the month before the day" in notes(read(tmp_path, "ds,y\n1/30/2026,1\n1/31/2026,2\n"))
    assert "are dates, YYYYMMDD" in notes(read(tmp_path, "ds,y\n20260130,1\n20260131,2\n"))


def test_a_day_as_a_whole_number_is_a_date_in_parquet_too(tmp_path):
    pd.DataFrame({"ds": [20260130, 20260131, 20260201], "y": [1, 2, 3]}).to_parquet(tmp_path / "in.parquet")
    (series,) = read_panel([tmp_path / "in.parquet"], detect=False).series
    assert (series.start, series.step, len(series)) == (1_769_731_200, 86_400, 3)


def test_the_index_of_a_frame_is_a_column_of_its_parquet_file(tmp_path):
    times = pd.date_range("2026-02-01", periods=3, freq="h", tz="Europe/Berlin", name="ds")
    pd.DataFrame({"y": [1.0, 2, 3]}, index=times).to_parquet(tmp_path / "in.parquet")
    (series,) = read_panel([tmp_path / "in.parquet"], detect=False).series
    assert (series.start, series.step) == (BEGIN - 3600, 3600)
    pd.DataFrame({"ds": times, "y": [1.0, 2, 3]}, index=[7, 5, 9]).to_parquet(tmp_path / "in.parquet")
    (series,) = read_panel([tmp_path / "in.parquet"], detect=False).series
    assert not series.covariates


def test_offsets_that_change_with_summer_time_give_one_continuous_series(tmp_path):
    text = "ds,y\n2026-10-25T02:55:00+02:00,1\n2026-10-25T02:00:00+01:00,2\n2026-10-25T02:05:00+01:00,3\n"
    series = one(tmp_path, text)
    assert (series.start, series.step, series.y.tolist()) == (1_792_889_700, 300, [1, 2, 3])


def test_numbers_without_a_date_have_no_time_of_day(tmp_path):
    panel = read(tmp_path, "ds,y\n0,1\n300,2\n600,4\n")
    assert panel.series[0].labels["clock"] == "relative" and "without a date" in notes(panel)


@pytest.mark.parametrize(
    ("times", "says"),
    [
        (["1/2/2026", "1/3/2026"], "line 2, ds: '1/2/2026' can be two days"),
        (["13/1/2026", "1/14/2026"], "line 3, ds: '1/14/2026' has the month first where '13/1/2026' has the day first"),
        (["1/2/26", "1/3/26"], "line 2, ds: '1/2/26' is not a time"),
        (["2026", "2027"], "line 2, ds: '2026' looks like a year"),
        (["202601", "202602"], "a year and a month"),
        (["2026029", "2026030"], "a year and a day of it"),
        (["46023.25", "46023.5"], "spreadsheet's number of days"),
        (["46023", "46024"], "spreadsheet's number of days"),
        (["20260130", "20260230"], "line 3, ds: '20260230' is no day of the calendar"),
        (["1767225600", "1767225900", "1767226200000"], "line 4, ds: '1767226200000' looks like Unix milliseconds"),
        (["1767225600000", "0", "1767226200000"], "line 3, ds: '0' looks like Unix seconds"),
        (["1767225600", "1767225900", "2026-01-01T00:10:00Z"], "line 4, ds: '2026-01-01T00:10:00Z' is not a time"),
        (
            ["2026-01-01", "2026-01-02", "1767225600"],
            "line 4, ds: '1767225600' is a number where other rows have dates",
        ),
        (["2026-01-01T01:00:00+01:00", "2026-01-01T01:05:00"], "line 3, ds: '2026-01-01T01:05:00' has no zone"),
        (["2026-02-30", "2026-03-01"], "line 2, ds: '2026-02-30' is not a time"),
        (["2026-01-01 13:00 PM", "2026-01-01 02:00 PM"], "line 2, ds"),
        (["2026-01-01 00:00 CET", "2026-01-01 00:05 CET"], "line 2, ds"),
        (["0001-01-01", "2026-01-01"], "line 2, ds: '0001-01-01' is far from any date"),
        (["2026-01-01", "9999-12-31"], "line 3, ds: '9999-12-31' is far from any date"),
        (["inf", "0"], "line 2, ds: 'inf' is not a time"),
    ],
)
def test_an_ambiguous_or_impossible_time_is_refused_with_its_line(tmp_path, times, says):
    with pytest.raises(DataError, match=says.replace("(", r"\(")) as caught:
        read(tmp_path, "ds,y\n" + "".join(f"{t},1\n" for t in times))
    assert "1970" not in str(caught.value)


def test_a_time_far_from_all_others_is_refused_in_files_of_any_length(tmp_path):
    rows = "".join(f"{BEGIN + 60 * k},1\n" for k in range(20_000))
    with pytest.raises(DataError, match="the time 2001-09-09T01:46:40Z is far from the others, by 8911 days"):
        read(tmp_path, f"ds,y\n{rows}1000000000,5\n")
    assert len(one(tmp_path, "ds,y\n" + "".join(f"{BEGIN + t},1\n" for t in (0, 300, 600, 90_000)))) == 301


# Numbers --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "values", "told"),
    [
        (["0,5", "12,25"], [0.5, 12.25], "the comma is the decimal sign"),
        (["1.234,5", "7"], [1234.5, 7], "the comma is the decimal sign"),
        (["0,123", "0,456"], [0.123, 0.456], "the comma is the decimal sign"),
        (["1,721,992,142.283", "2,042"], [1721992142.283, 2042], "between thousands"),
        (["1,234,567", "46"], [1234567, 46], "between thousands"),
        (["1\u00a0234", "46"], [1234, 46], "between thousands"),
        (["1'234.5", "46"], [1234.5, 46], "between thousands"),
        (["1e3", "-2.5E-1"], [1000, -0.25], ""),
        (["+5", " 6 "], [5, 6], ""),
    ],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_unambiguous_numbers_are_parsed(tmp_path, fields, values, told, separator):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerows([("ds", "y"), *((f"2026-02-01T00:0{k}:00Z", field) for k, field in enumerate(fields))])
    panel = read(tmp_path, out.getvalue())
    assert panel.series[0].y.tolist() == values and told in notes(panel)


@given(st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=30), st.sampled_from([".", ","]), st.booleans())
@settings(max_examples=examples(150), deadline=None)
def test_a_column_of_numbers_is_read_back_or_refused_but_never_altered(thousandths, decimal, has_groups):
    texts = [f"{n / 1000:,.3f}" if has_groups else f"{n / 1000:.3f}" for n in thousandths]
    if decimal == ",":
        texts = [t.replace(",", "_").replace(".", ",").replace("_", ".") for t in texts]
    found = unified(texts)
    assert found is None or found[0] == [n / 1000 for n in thousandths] or (decimal == "." and not has_groups)


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ("45%", "take '%' off all values"),
        ("250m", "take 'm' off all values"),
        ("2Gi", "take 'Gi' off all values"),
        ("12 ms", "take 'ms' off all values"),
        ('"1,234"', "write 1234 or 1.234"),
        ("undefined", "leave the field empty"),
        ("#REF!", "leave the field empty"),
        ("true", "leave the field empty"),
        ("0x10", "is not a number"),
        ("1_000", "is not a number"),
    ],
)
def test_a_field_that_is_no_plain_number_is_refused_with_the_remedy(tmp_path, field, says):
    with pytest.raises(
        DataError, match=f"in.csv, line 3, y: .* is not a number.*{says}" if "is not" not in says else says
    ):
        read(tmp_path, f"ds,y\n2026-02-01,1\n2026-02-02,{field}\n2026-02-03,3\n")


@pytest.mark.parametrize("field", ["", "NaN", "NA", "n/a", "NULL", "None", "-"])
def test_markers_of_missing_values_are_gaps(tmp_path, field):
    assert one(tmp_path, f"ds,y\n2026-02-01,1\n2026-02-02,{field}\n2026-02-03,3\n").observed.tolist() == [
        True,
        False,
        True,
    ]


# Files ----------------------------------------------------------------------------------------------------------------

PLAIN = "unique_id,ds,y,site\n" + "".join(
    f'"{name}",2026-02-01T0{k}:00:00Z,{k}.5,Zürich\n' for name in ("a", "b, c") for k in range(4)
)


@pytest.mark.parametrize(
    "form",
    [
        lambda t: t.encode(),
        lambda t: t.encode("utf-8-sig"),
        lambda t: t.encode("utf-16"),
        lambda t: t.encode("utf-16-le"),
        lambda t: t.encode("utf-16-be"),
        lambda t: t.encode("cp1252"),
        lambda t: t.replace("\n", "\r\n").encode(),
        lambda t: t.replace("\n", "\r").encode(),
        lambda t: gzip.compress(t.encode("utf-16")),
        lambda t: ("\n# exported\n\n" + t).encode(),
        lambda t: ("# " + t).encode(),
        lambda t: t.replace("unique_id,ds,y,site", " Unique_ID , DS , Y , Site ").encode(),
        lambda t: "".join(f"{k},{line}\n" if k else f",{line}\n" for k, line in enumerate(t.splitlines())).encode(),
        lambda t: "".join(line + ",\n" for line in t.splitlines()).encode(),
        lambda t: t.replace("\n", "\n\n").encode(),
        lambda t: _with(t, ";"),
        lambda t: b"sep=;\r\n" + _with(t, ";"),
        lambda t: _with(t, "\t"),
        lambda t: _with(t, "|"),
        lambda t: _with(t, ";", decimal=","),
    ],
)
def test_every_form_of_a_file_reads_to_the_same_series(tmp_path, form):
    plain, panel = read(tmp_path, PLAIN, "plain.csv"), read(tmp_path, form(PLAIN), "odd.csv")
    for wanted, found in zip(plain.series, panel.series, strict=True):
        assert (found.unique_id, found.start, found.step) == (wanted.unique_id, wanted.start, wanted.step)
        assert found.labels == {"site": "Zürich"} and not found.covariates
        assert found.y.tolist() == wanted.y.tolist()
    assert {f.defect for f in panel.findings} <= {"notation"}


def _with(text: str, separator: str, decimal: str = ".") -> bytes:
    out = io.StringIO()
    rows = list(csv.reader(io.StringIO(text)))
    body = [[*row[:2], row[2].replace(".", decimal), *row[3:]] for row in rows[1:]]
    csv.writer(out, delimiter=separator).writerows([rows[0], *body])
    return out.getvalue().encode()


@given(
    st.dictionaries(
        st.text("abc01 ,;\t\"'é|=", min_size=1, max_size=8).filter(lambda t: t.strip() == t and t),
        st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=5),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=examples(120), deadline=None)
def test_a_table_written_in_any_dialect_reads_to_the_same_series(tmp_path_factory, table, separator, encoding, end):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=end)
    writer.writerow(("unique_id", "ds", "y"))
    for name, values in table.items():
        writer.writerows((name, f"2026-02-01T00:0{k}:00Z", repr(v)) for k, v in enumerate(values))
    panel = read(tmp_path_factory.getbasetemp(), out.getvalue().encode(encoding), "dialect.csv")
    assert {s.unique_id: s.y.tolist() for s in panel.series} == table


# Exports --------------------------------------------------------------------------------------------------------------

STAMPS = [f"2026-02-01T00:{5 * k:02d}:00Z" for k in range(4)]


def export(header: str, *columns: list[object], separator: str = ",") -> str:
    return header + "\n" + "".join(separator.join(map(str, row)) + "\n" for row in zip(*columns, strict=True))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (export("timestamp,value", STAMPS, [1, 2, 3, 4]), {"in": [1, 2, 3, 4]}),
        (export('"Time","Value"', STAMPS, [1, 2, 3, 4]), {"in": [1, 2, 3, 4]}),
        (
            export("Time;web;db", STAMPS, ["1,5"] * 4, [2, 3, 4, 5], separator=";"),
            {"in/web": [1.5] * 4, "in/db": [2, 3, 4, 5]},
        ),
        (export("Series;Time;Value", ["x"] * 4, STAMPS, [1, 2, 3, 4], separator=";"), {"x": [1, 2, 3, 4]}),
        (export("Timestamp,Average,Unit", STAMPS, [1, 2, 3, 4], ["Percent"] * 4), {"in": [1, 2, 3, 4]}),
        (export("TimeGenerated [UTC],Computer,CounterValue", STAMPS, ["vm"] * 4, [1, 2, 3, 4]), {"in": [1, 2, 3, 4]}),
        (export("Time (UTC),Percentage CPU", STAMPS, [1, 2, 3, 4]), {"in": [1, 2, 3, 4]}),
        ("My chart\n\n" + export("Time (UTC),Percentage CPU", STAMPS, [1, 2, 3, 4]), {"in": [1, 2, 3, 4]}),
        (
            "Label,one,two\nId,m1,m2\nStat,Average,Average\n"
            + export(f"{STAMPS[0]},1,5", STAMPS[1:], [2, 3, 4], [6, 7, 8]),
            {"in/one": [1, 2, 3, 4], "in/two": [5, 6, 7, 8]},
        ),
        (
            "#datatype,string\n#group,false\n"
            + export(
                ",result,table,_time,_value,_field", [""] * 4, ["_r"] * 4, [0] * 4, STAMPS, [1, 2, 3, 4], ["f"] * 4
            ),
            {"in": [1, 2, 3, 4]},
        ),
        (export("@timestamp,host,avg", STAMPS, ["h"] * 4, [1, 2, 3, 4]), {"in": [1, 2, 3, 4]}),
        (export("beginn,last", STAMPS, [1, 2, 3, 4]), {"in": [1, 2, 3, 4]}),
    ],
)
def test_exports_of_monitoring_systems_are_read_and_the_layout_is_reported(tmp_path, text, wanted):
    panel = read(tmp_path, text)
    assert {s.unique_id: s.y.tolist() for s in panel.series} == wanted
    assert all((s.start, s.step) == (BEGIN, 300) for s in panel.series)
    assert notes(panel)


def test_units_of_exports_are_known(tmp_path):
    for unit in ("Percent", "Bytes/Second", "Count/Second", "None", "Milliseconds"):
        assert one(tmp_path, export("Timestamp,Average,Unit", STAMPS, [1, 2, 3, 4], [unit] * 4)).labels["unit"] == unit


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (export("start_time,end_time,v", STAMPS, STAMPS, [1, 2, 3, 4]), "not certain .* call the column of times ds"),
        (export("time,date,v", STAMPS, STAMPS, [1, 2, 3, 4]), "not certain"),
        (export("time,host,a,b", STAMPS, list("wxyz"), [1] * 4, [2] * 4), "not certain"),
        (export("ds y", STAMPS), "a single column"),
        (export("time,host,v", STAMPS, list("wxyz"), [1] * 4), "if it names the series, call it unique_id"),
        ('{"data": []}', "is JSON"),
        ("<html>log in</html>", "XML or a web page"),
        (b"PK\x03\x04...", "zip archive or a spreadsheet"),
        (b"\x28\xb5\x2f\xfd...", "packed with zstd"),
        (b"BZh9...", "packed with bzip2"),
        ("ds,y\n0,1\n".encode("utf-32"), "UTF-32 text; save it as UTF-8"),
        (b"\xfd7zXZ\x00...", "packed with xz"),
        (b"ARROW1\0\0", "Arrow"),
        ("\n\nweb\n\nlabels;\n2026-02-01,1\n", "not certain|a single column"),
        (b"\x00\x01\x02\x03\xff\xfe" * 9, "binary"),
    ],
)
def test_ambiguous_files_are_refused_with_the_remedy(tmp_path, text, says):
    with pytest.raises(DataError, match=says) as caught:
        read(tmp_path, text)
    assert "in.csv" in str(caught.value)


# Layouts --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names", ["avg_cpu,avg_mem", "cpu_usage,assigned_mem", "cpu_pct,mem_pct", "value,request_type"]
)
def test_the_long_form_is_never_taken_for_a_trace(tmp_path, names):
    rows = "".join(f"{stamp},{k},{k + 1},{k + 2}\n" for k, stamp in enumerate(STAMPS))
    series = one(tmp_path, f"ds,y,{names}\n{rows}")
    assert (
        series.y.tolist() == [0, 1, 2, 3]
        and list(series.covariates) == names.split(",")
        and "site" not in series.labels
    )


def test_a_second_column_of_a_similar_name_is_a_covariate(tmp_path):
    series = one(tmp_path, "ds,y,Y\n2026-02-01,1,5\n2026-02-02,2,6\n", "x.tsv")
    assert (series.unique_id, series.y.tolist(), list(series.covariates)) == ("x", [1, 2], ["Y"])


def test_an_export_with_the_columns_of_a_trace_does_not_get_its_unit(tmp_path):
    own = one(tmp_path, export("timestamp,value", STAMPS, [0.1, 0.2, 0.3, 0.4]), "my_cpu_utilization.csv")
    assert not own.labels
    wide = read(tmp_path, export("timestamp,avg_cpu,avg_mem", STAMPS, [1, 2, 3, 4], [5, 6, 7, 8]))
    assert [s.start for s in wide.series] == [BEGIN, BEGIN]
    with pytest.raises(DataError, match="has no header"):
        read(tmp_path, "web,1767225600,5,7\nweb,1767225900,6,8\n")
    with pytest.raises(DataError, match="has no header"):
        read(tmp_path, "web,1767225600,5\nweb,1767225900,6\n")


# Levels and counters --------------------------------------------------------------------------------------------------


def sawtooth(heights: list[int], low: float = 0.0) -> str:
    values = [low + 3.0 * k for height in heights for k in range(height)]
    return "".join(f"{BEGIN + 300 * k},{v}\n" for k, v in enumerate(values))


def test_a_falling_level_is_no_counter_and_the_unit_of_the_file_takes_precedence(tmp_path):
    counter = [40, 90, 25, 130]
    assert one(tmp_path, "ds,y\n" + sawtooth(counter)).labels["kind"] == "rate"
    assert "kind" not in one(tmp_path, "ds,y\n" + sawtooth(counter, low=200)).labels
    regular = read(tmp_path, "ds,y\n" + sawtooth([60] * 5))
    assert "kind" not in regular.series[0].labels and "say kind=counter" in notes(regular)
    for unit in ("gib", "percent", "mhz", "requests/s", "celsius"):
        rows = sawtooth(counter).replace("\n", f",{unit}\n")
        assert "kind" not in one(tmp_path, "ds,y,unit\n" + rows).labels, unit
    for kind, is_counter in (("counter", True), ("Counter", True), ("gauge", False)):
        for heights in (counter, [60] * 5):
            found = one(tmp_path, "ds,y,unit,kind\n" + sawtooth(heights).replace("\n", f",gib,{kind}\n"))
            assert (found.labels["kind"] == "rate") is is_counter


# Folders, patterns, sizes ---------------------------------------------------------------------------------------------


def test_folders_and_patterns_expand_to_their_files(tmp_path):
    for name in ("b.csv", "a.csv", "c.csv.gz"):
        put(tmp_path, gzip.compress(b"ds,y\n0,1\n300,2\n") if name.endswith("gz") else "ds,y\n0,1\n300,2\n", name)
    put(tmp_path, "not a series", "notes.md")
    assert [s.unique_id for s in read_panel([tmp_path]).series] == ["a", "b", "c"]
    assert [s.unique_id for s in read_panel([tmp_path / "[ab].csv"]).series] == ["a", "b"]
    put(tmp_path, "ds,y\n0,1\n300,2\n", "[x].csv")
    assert [s.unique_id for s in read_panel([tmp_path / "[x].csv"]).series] == ["[x]"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(AuroraError, match="empty is a folder without files of series"):
        read_panel([tmp_path / "empty"])
    with pytest.raises(AuroraError, match="no file matches"):
        read_panel([tmp_path / "*.tsv"])


def test_a_parquet_file_that_needs_too_much_memory_is_refused_by_its_metadata(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    many = pa.table({"ds": pa.array(np.zeros(MAX_ROWS + 1, dtype=np.int8)), "y": pa.array(np.zeros(MAX_ROWS + 1))})
    pq.write_table(many, tmp_path / "many.parquet", compression="zstd")
    assert (tmp_path / "many.parquet").stat().st_size < 100_000
    with pytest.raises(DataError, match=f"{MAX_ROWS} rows and .* are the most"):
        read_panel([tmp_path / "many.parquet"])
    nested = pa.table({"ds": [0, 300], "y": [1.0, 2.0], "tags": [["a"], ["b"]]})
    pq.write_table(nested, tmp_path / "nested.parquet")
    with pytest.raises(DataError, match="column 'tags': lists and structures are not read"):
        read_panel([tmp_path / "nested.parquet"])


def test_a_repeated_text_of_a_parquet_file_is_stored_once(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 100_000
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int32)), pa.array(["x" * 100_000]))
    pq.write_table(pa.table({"ds": np.arange(rows) * 60, "y": np.ones(rows), "note": text}), tmp_path / "in.parquet")
    assert (tmp_path / "in.parquet").stat().st_size < 2_000_000  # 10 GB of text
    (series,) = read_panel([tmp_path / "in.parquet"], detect=False).series
    assert len(series) == rows and len(series.labels["note"]) == 100_000


def test_a_table_with_too_many_rows_is_refused_before_it_is_read(tmp_path):
    put(tmp_path, gzip.compress(b"ds,y\n" + b"0,1\n" * (MAX_ROWS + 1)), "in.csv.gz")
    with pytest.raises(AuroraError, match="split it by series or time"):
        read_panel([tmp_path / "in.csv.gz"])


def test_a_day_that_does_not_exist_is_no_time():
    assert parsed("31.2.2026", DayOrder(True, "")) is None and parsed("2026-01-01 24:00", None) is None


def test_an_export_with_the_columns_of_a_trace_and_dates_is_no_trace(tmp_path):
    text = "timestamp,cpu_usage,assigned_mem\n" + "".join(f"{{}},{k},{2 * k}\n" for k in range(4))
    epochs = [BEGIN + STEP * k for k in range(4)]
    for form in (str, lambda t: datetime.fromtimestamp(t, UTC).isoformat()):
        panel = read(tmp_path, text.format(*map(form, epochs)))
        assert [(s.unique_id, s.start, s.step) for s in panel.series] == [
            ("in/cpu_usage", BEGIN, STEP),
            ("in/assigned_mem", BEGIN, STEP),
        ]
    trace = read(tmp_path, text.format(*(STEP * k for k in range(4))))
    assert trace.series[0].labels["clock"] == "relative" and trace.series[0].unique_id == "in/cpu"


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("01022026,1\n02022026,2\n03022026,3", "looks like a day, month and year without a separator"),
        ("2026-01-01,1\n,2\n2026-01-03,3", "line 3, ds: an empty field is not a time"),
        ("2026-01-01,1,5\n2026-01-02,2,5", "where commas are decimal signs, put those values in quotes"),
    ],
)
def test_faults_are_reported_with_the_remedy(tmp_path, rows, says):
    with pytest.raises(AuroraError, match=says):
        read(tmp_path, f"ds,y\n{rows}\n")
