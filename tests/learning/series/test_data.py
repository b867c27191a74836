"""Reading of the long form and of traces in their original layout, and refusals with their messages."""

import gzip
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.errors import AuroraError, DataError, FileError
from aurora.learning.series.long_form import write_long_form
from aurora.learning.series.pseudonyms import pseudonym
from aurora.learning.series.read import read_panel
from tests.examples import examples

KEY = "0123456789abcdef, a secret"
LONG = """unique_id,ds,y,users,tier,site,unit
a/cpu,2024-05-01T00:00:00Z,1.5,10,gold,NA,percent
a/cpu,2024-05-01T00:05:00Z,2.5,11,gold,NA,percent
a/cpu,2024-05-01T00:10:00Z,3.5,12,gold,NA,percent
b/cpu,2024-05-01T00:00:00Z,7,1,2,EU,percent
b/cpu,2024-05-01T00:05:00Z,8,1,2,EU,percent
"""
TRACES = (
    "timestamp,value\n2014-02-14 14:30:00,0.5\n2014-02-14 14:35:00,0.6\n2014-02-14 14:45:00,0.6\n",
    "vm_1,1,2,3\nvm_2,4,5,6\n",
    "vm,t,cpu_pct,mem_pct\nx,0,1,2\nx,1,3,4\n",
    "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9,10,1\n2023-11-16 18:17:31,5,5\n",
    "timestamp_anon,value,container_ip,request_type\n1662859176.0,0.09,,API\n1662859233.0,0.09,,API\n",
    "Timestamp [ms];\tCPU cores;\tCPU usage [%]\n1376314846;\t1;\t2.0\n1376315146;\t1;\t0.7\n",
)
NOISE = [
    "",
    ",",
    "\n",
    '"',
    "nan",
    "-inf",
    "1e400",
    "-5",
    "\x00",
    "\ufeff",
    "é",
    "9" * 20,
    "NaT",
    ";",
    "\t",
    "ds",
    "\r",
]


def put(folder: Path, text: str, name: str = "in.csv") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["in.csv", "in.csv.gz"])
def test_the_long_form_distinguishes_covariates_from_labels(tmp_path, name):
    panel = read_panel([put(tmp_path, LONG, name)])
    a, b = panel.series
    assert not panel.findings
    assert (a.unique_id, a.start, a.step, a.y.tolist()) == ("a/cpu", 1714521600, 300, [1.5, 2.5, 3.5])
    assert a.covariates["users"].tolist() == [10, 11, 12]
    assert a.labels == {"tier": "gold", "site": "NA", "unit": "percent"}
    assert b.labels["tier"] == "2"


@pytest.mark.parametrize(
    "times",
    [
        ("2024-05-01T02:00:00+02:00", "2024-05-01T00:05:00Z"),
        ("2024-05-01 00:00:00", "2024-05-01 00:05"),
        ("1714521600", "1714521900"),
        ("1714521600.0", "1714521900"),
        ("1714521600000", "1714521900000"),
        ("1714521600000000", "1714521900000000"),
    ],
)
def test_all_notations_of_a_time_are_the_same_time(tmp_path, times):
    (series,) = read_panel([put(tmp_path, f"ds,y\n{times[0]},1\n{times[1]},2\n", "x.csv")]).series
    assert (series.unique_id, series.start, series.step) == ("x", 1714521600, 300)


@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "out.csv.gz"])
def test_written_series_are_read_back_unchanged(tmp_path, name):
    text = (
        LONG
        + "b/cpu,2024-05-01T00:20:00Z,9,1,2,EU,percent\nc,2024-05-01T00:00:00Z,1,1,,,\nc,2024-05-01T01:00Z,3,2,,,\n"
    )
    panel = read_panel([put(tmp_path, text)])
    write_long_form(panel, tmp_path / name)
    again = read_panel([tmp_path / name])
    assert len(again.series) == 3 and not again.findings
    for one, other in zip(panel.series, again.series, strict=True):
        assert (one.unique_id, one.start, one.step, one.labels) == (
            other.unique_id,
            other.start,
            other.step,
            other.labels,
        )
        np.testing.assert_array_equal(one.y, other.y)
        np.testing.assert_array_equal(one.observed, other.observed)
        np.testing.assert_array_equal(one.covariates["users"], other.covariates["users"])
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_gzipped_parquet_is_read(tmp_path):
    panel = read_panel([put(tmp_path, LONG)])
    write_long_form(panel, tmp_path / "x.parquet")
    (tmp_path / "x.parquet.gz").write_bytes(gzip.compress((tmp_path / "x.parquet").read_bytes()))
    assert len(read_panel([tmp_path / "x.parquet.gz"]).series) == 2


def test_a_series_spread_over_several_files_is_joined(tmp_path):
    head, *rows = LONG.splitlines(keepends=True)
    paths = [put(tmp_path, head + "".join(part), f"{k}.csv") for k, part in enumerate((rows[1:3], rows[:1] + rows[3:]))]
    panel = read_panel(paths)
    assert [len(s) for s in panel.series] == [3, 2]
    assert [f.defect for f in panel.findings] == ["unsorted"]
    assert panel.series[0].covariates["users"].tolist() == [10, 11, 12]
    assert panel.series[0].labels == {"tier": "gold", "site": "NA", "unit": "percent"}
    other = put(tmp_path, LONG.replace("gold", "iron"), "other.csv")
    with pytest.raises(DataError, match="tier is 'gold' here and not in another file"):
        read_panel([paths[0], other])


def test_files_of_the_same_name_stay_separate_series(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        put(tmp_path / folder, "ds,y\n0,1\n300,2\n", "cpu.csv")
    with pytest.raises(DataError, match="two series are called 'cpu'"):
        read_panel([tmp_path / "a" / "cpu.csv", tmp_path / "b" / "cpu.csv"])


def test_a_covariate_of_other_series_only_is_not_reported_missing(tmp_path):
    text = "unique_id,ds,y,users\na,0,1,5\na,300,2,6\nb,0,1,\nb,300,2,\n"
    panel = read_panel([put(tmp_path, text)])
    assert [list(s.covariates) for s in panel.series] == [["users"], []]
    assert [f.defect for f in panel.findings] == ["notation"]  # no dates


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("ds,y\n", "has no rows"),
        ("ds,y\n2024-01-01,1\n", "a single value"),
        ("ds,y\n2024-01-01,1\n\n2024-01-02,much\n", "line 4, y: 'much' is not a number"),
        ("ds,y\nyesterday,1\n2024-01-02,2\n", "line 2, ds: 'yesterday' is not a time"),
        ("ds,y\n2024-01-01,1\n,2\n", "line 3, ds"),
        ("ds,y\n2024-01-01,1,9\n2024-01-02,2\n", "rows have more fields than the header's 2"),
        ("a,2024-01-01,1\na,2024-01-02,2\n", "has no header .line 1 is 'a,2024-01-01,1'."),
        ("id,begin,amount\na,b,1\n", "has no columns ds and y"),
        ("ds,y\n2024-01-01,\n2024-01-02,NA\n2024-01-03,nan\n", "none of its 3 values is a number"),
        ("ds,y,unit\n2024-01-01,1,parsecs\n2024-01-02,1,parsecs\n", "series 'in': unit 'parsecs' is not known"),
        ("ds,y,mood\n2024-01-01,1,good\n2024-01-02,1,bad\n", "column 'mood' is text that changes"),
        ("unique_id,ds,y\na,2024-01-01,1\n,2024-01-02,1\n", "1 rows have no unique_id"),
        ("ds,y,observed\n2024-01-01,1,maybe\n2024-01-02,1,true\n", "'maybe' is neither true nor false"),
        ("ds,y,y\n2024-01-01,1,1\n2024-01-02,1,1\n", "two columns 'y'"),
        ("ds,y\n0,1\n300,2\n99999999999999999999,3\n", "line 4, ds: .*a time must be wrong"),
        ("timestamp_anon,value,request_type\n0,1,\n57,1,a\n", "line 2, request_type: a name is expected"),
        ("timestamp_anon,value,request_type\n0,1,a\n9999999999,1,a\n", "one must be wrong"),
        ("timestamp,value\n2014-02-14 14:30:00,much\n2014-02-14 14:35:00,1\n", "line 2, value: 'much'"),
    ],
)
def test_a_bad_file_is_refused_with_the_place_of_the_fault(tmp_path, text, says):
    with pytest.raises(AuroraError, match=says) as caught:
        read_panel([put(tmp_path, text)])
    assert "in.csv" in str(caught.value)


@given(st.sampled_from([LONG, *TRACES]), st.lists(st.tuples(st.integers(0, 400), st.sampled_from(NOISE)), max_size=4))
@settings(max_examples=examples(150), deadline=None)
def test_a_damaged_file_is_read_or_refused(tmp_path_factory, text, damages):
    for place, noise in damages:
        cut = place % (len(text) + 1)
        text = text[:cut] + noise + text[cut + place % 3 :]
    path = tmp_path_factory.getbasetemp() / "damaged.csv"
    path.write_text(text)
    try:
        panel = read_panel([path])
    except AuroraError as error:
        assert "damaged.csv" in str(error)
    else:
        assert all(np.isfinite(s.y).all() and len(s) == len(s.observed) > 1 for s in panel.series)


def test_damaged_and_absent_files_are_refused(tmp_path):
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(LONG.encode() * 50)[:-20])
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and no more")
    for name, says in (
        ("cut.csv.gz", "truncated"),
        ("cut.parquet", "not a readable Parquet"),
    ):
        with pytest.raises(AuroraError, match=says):
            read_panel([tmp_path / name])
    with pytest.raises(FileError, match="can't read"):
        read_panel([tmp_path / "none.csv"])
    with pytest.raises(AuroraError, match="no file was given"):
        read_panel([])


def test_accounts_are_hashed_with_a_key_wherever_they_are_named(tmp_path):
    text = (
        "unique_id,ds,y,account\n"
        "acme/cpu,2024-01-01,1,acme\nacme/cpu,2024-01-02,2,acme\n"
        "host-of-acme,2024-01-01,1,acme\nhost-of-acme,2024-01-02,-5,acme\n"
    )
    panel = read_panel([put(tmp_path, text)], hash_accounts_with=KEY)
    name = pseudonym("acme", KEY)
    assert panel.series[0].unique_id == f"{name}/cpu"
    assert {s.labels["account"] for s in panel.series} == {name}
    assert "acme" not in repr(panel)
    assert name == pseudonym("acme", KEY) != pseudonym("acme", KEY + "!")
    assert len({pseudonym(str(k), KEY) for k in range(2000)}) == 2000
    with pytest.raises(AuroraError, match="the key for hashing accounts has 5 characters"):
        read_panel([put(tmp_path, text)], hash_accounts_with="short")
    with pytest.raises(DataError, match="no series names an account"):
        read_panel([put(tmp_path, LONG)], hash_accounts_with=KEY)


def test_layouts_are_detected_from_the_content(tmp_path):
    nab = put(
        tmp_path, "timestamp,value\n2014-02-14 14:30:00,0.5\n2014-02-14 14:35:00,0.6\n", "ec2_cpu_utilization_1.csv"
    )
    planetlab = put(tmp_path, "vm_1,1,2,3\nvm_2,4,5,6\n", "planetlab_20110303.csv.gz")
    google = put(tmp_path, "vm,t,cpu_pct,mem_pct\nx,0,1,2\nx,1,3,4\ny,0,5,6\ny,1,7,8\n", "g.csv")
    llm = put(
        tmp_path,
        "TIMESTAMP,ContextTokens,GeneratedTokens\n"
        "2023-11-16 18:17:03.9799600,10,1\n2023-11-16 18:17:04.03,20,2\n2023-11-16 18:17:31,5,5\n",
        "llm.csv",
    )
    found = {s.unique_id: s for s in read_panel([nab, planetlab, google, llm]).series}
    assert found["ec2_cpu_utilization_1"].labels["unit"] == "percent"
    assert found["20110303/vm_2"].y.tolist() == [4, 5, 6]
    assert found["20110303/vm_1"].start == 1299110400 and found["20110303/vm_1"].labels["host"] == "vm_1"
    assert found["y/memory"].y.tolist() == [6, 8] and found["y/memory"].labels["clock"] == "relative"
    assert found["llm/context_tokens"].y.tolist() == [30, 0, 0]


def test_all_series_of_the_traces_are_read(traces):
    wanted = {
        "nab": 9,
        "planetlab": 4527,
        "dc_util": 832,
        "bitbrains": 10,
        "alibaba_other": 2,
        "azure_llm": 3,
        "carbon": 2,
    }
    for folder, count in wanted.items():
        panel = read_panel(sorted((traces / folder).glob("*.gz")), detect=False)
        assert len(panel.series) == count, folder
        assert all(np.isfinite(s.y).all() and len(s) > 100 for s in panel.series)
    assert math.isclose(panel.series[0].y[0], 254.44)


def test_known_anomalies_of_the_nab_traces_are_found(traces):
    """Compare with the labels of NAB's authors (labels/combined_labels.json of numenta/NAB)."""
    panel = read_panel(sorted((traces / "nab").glob("*.gz")))
    steps = {(f.unique_id, f.first) for f in panel.findings if f.defect == "step"}
    assert ("ec2_cpu_utilization_825cc2", 1397619240) in steps  # 2014-04-16 03:34
    assert ("rds_cpu_utilization_e47b3b", 1397371920) in steps  # 2014-04-13 06:52
    assert ("rds_cpu_utilization_e47b3b", 1397863620) in steps  # 2014-04-18 23:27
    repaired = {f.unique_id: f.count for f in panel.findings if f.defect == "duplicate"}
    assert repaired == {"ec2_disk_write_bytes_1ef3de": 11}
