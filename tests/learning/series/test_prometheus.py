"""Reading from a real Prometheus server on loopback, with and without faults."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.errors import AuroraError, DataError
from aurora.learning.series.prometheus import _parts, read_prometheus, series_id
from aurora.learning.series.prometheus_http import Access, Limits, _seconds, access_from_environment
from tests.examples import examples
from tests.learning.series.prometheus_server import TOKEN, basic, fake_prometheus, value

START, STEP = 1_700_000_000, 60
HOUR = START + 3600
PATIENT = Limits(timeout=20)
QUICK = Limits(timeout=0.4, first_wait=0.01, attempts=4)


@pytest.fixture
def server():
    with fake_prometheus() as running:
        yield running


def read(server, end=HOUR, limits=QUICK, **options):
    return read_prometheus(server.url, "cpu_percent", START, end, STEP, limits=limits, **options)


def test_a_query_is_posted_and_its_labels_are_kept(server):
    server.metrics = [{"__name__": "cpu_percent", "host": 'a"\n', "unit": "core"}]
    (series,) = read(server).series
    assert server.requests == [
        {"query": "cpu_percent", "start": str(START), "end": str(HOUR), "step": "60", "path": "/api/v1/query_range"}
    ]
    assert (series.start, series.step, len(series)) == (START, STEP, 61)
    assert series.y.tolist() == [value({}, START + k * STEP) for k in range(61)]
    assert series.labels == {"host": 'a"\n', "exported_unit": "core", "metric": "cpu_percent", "unit": "percent"}
    assert series.unique_id == 'cpu_percent{host="a\\"\\n",unit="core"}'


def test_a_long_range_is_queried_in_parts_without_duplicate_points(server):
    end = START + 25_000 * STEP
    panel = read(server, end, Limits(timeout=20))
    assert len(server.requests) == 3
    assert len(panel.series[0]) == 25_001 and not panel.findings
    assert panel.series[0].y[-1] == value({}, end)


def test_a_query_beyond_the_limit_of_a_server_is_halved(server):
    server.limit = 500
    panel = read(server, START + 3000 * STEP, Limits(timeout=20))
    assert len(panel.series[0]) == 3001 and not panel.findings


@given(st.integers(0, 10**9), st.integers(1, 5000), st.integers(1, 600), st.integers(1, 700))
@settings(max_examples=examples(200), deadline=None)
def test_parts_hold_each_point_once(start, count, step, points):
    parts = list(_parts(start, start + (count - 1) * step, step, points))
    times = [t for first, last in parts for t in range(first, last + 1, step)]
    assert times == list(range(start, start + count * step, step))
    assert all((last - first) // step < points for first, last in parts)


@pytest.mark.parametrize(
    "fault", ["503", "429 retry-after", "silent", "cut", "drip", "html", "list", "deep", "drip headers", "damaged gzip"]
)
def test_transient_errors_are_retried(server, fault):
    server.faults = [fault]
    assert len(read(server).series[0]) == 61
    assert len(server.requests) == 2


def test_a_persistently_failing_server_is_given_up(server):
    server.faults = ["503"] * 9
    with pytest.raises(DataError, match=r"status 503, 4 times; is the server healthy"):
        read(server)
    assert len(server.requests) == 4


def test_an_excessive_retry_delay_is_not_waited_for(server):
    server.faults = ["429 tomorrow"]
    with pytest.raises(DataError, match="asks to come back in 86400 s"):
        read(server)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("redirect", "sends on to 'http://elsewhere.example/'"),
        ("error in 200", "no such luck"),
        ("shifted", "the answer has times that were not asked for"),
        ("vector", "type 'vector', not a matrix"),
        ("odd series", "a series that can't be read"),
        ("histogram", "native histogram"),
        ("huge number", "a series that can't be read"),
        ("brotli", "in the coding 'br', which was not asked for"),
    ],
)
def test_permanent_errors_are_not_retried(server, fault, says):
    server.faults = [fault]
    with pytest.raises(AuroraError, match=says):
        read(server, limits=PATIENT)
    assert len(server.requests) == 1


def test_an_invalid_query_is_refused_with_the_message_of_the_server(server):
    with pytest.raises(DataError, match="status 400: parse error: unclosed left parenthesis"):
        read_prometheus(server.url, "sum(cpu", START, HOUR, STEP, limits=QUICK)


@pytest.mark.parametrize(
    "extra",
    [
        {"warnings": ["results truncated due to limit"]},
        {"warnings": ["remote_read: remote server returned HTTP status 500"]},
        {"infos": ["partial response: store unavailable"]},
        {"warnings": "one text, 500"},
        {"warnings": 5},
        {"isPartial": True},
        {"partialResponse": ["store-1"]},
    ],
)
def test_an_incomplete_answer_is_an_error(server, extra):
    server.extra = extra
    with pytest.raises(DataError, match="the answer is not whole"):
        read(server, limits=PATIENT)


def test_a_complete_answer_is_read(server):
    server.extra = {"isPartial": False, "warnings": [], "infos": None, "stats": {"seriesFetched": "1"}}
    assert len(read(server).series[0]) == 61


def test_a_query_with_too_large_an_answer_is_halved(server):
    small = read(server, limits=QUICK._replace(answer_bytes=2000))
    assert small.series[0].y.tolist() == read(server).series[0].y.tolist() and not small.findings
    server.faults = ["bomb"] * 20
    with pytest.raises(DataError, match="sent more than"):
        read(server, limits=Limits(timeout=20, bytes=60_000_000, answer_bytes=40_000_000))


def test_a_warning_about_the_query_is_reported(server):
    server.extra = {"infos": ["PromQL info: metric might not be a counter"]}
    told = []
    assert read(server, tell=told.append).series
    assert "might not be a counter" in told[0]


def test_credentials_come_from_the_environment_and_are_not_shown(server):
    server.authorization = {f"Bearer {TOKEN}", basic("me", "secret word")}
    with pytest.raises(AuroraError, match=r"refuses access \(401\); set AURORA_PROMETHEUS_TOKEN"):
        read(server)
    token = access_from_environment({"AURORA_PROMETHEUS_TOKEN": TOKEN + "\n"})
    user = access_from_environment({"AURORA_PROMETHEUS_USER": "me", "AURORA_PROMETHEUS_PASSWORD": "secret word"})
    for access in (token, user):
        assert read(server, access=access).series
        assert TOKEN not in repr(access) and "secret" not in repr(access)
    for wrong in (
        {"AURORA_PROMETHEUS_USER": "me"},
        {"AURORA_PROMETHEUS_TOKEN": "t", "AURORA_PROMETHEUS_USER": "me", "AURORA_PROMETHEUS_PASSWORD": "p"},
        {"AURORA_PROMETHEUS_TOKEN": "a\r\nX-Evil: 1"},
    ):
        with pytest.raises(AuroraError):
            access_from_environment(wrong)


def test_staleness_and_nan_are_gaps(server):
    def spotty(metric, t):
        return {3: "NaN", 7: "+Inf"}.get((t - START) // STEP) or value({"gaps": "yes"}, t)

    server.value = spotty
    panel = read(server, START + 3 * 3600)
    (series,) = panel.series
    assert {f.defect: f.count for f in panel.findings} == {"not_a_number": 2, "gap": 6}
    assert int((~series.observed).sum()) == 8 and np.isfinite(series.y).all()


def test_a_sparse_series_keeps_the_requested_step(server):
    server.value = lambda metric, t: 1.0 if (t - START) % 180 == 0 else None
    assert read(server).series[0].step == STEP


def test_a_series_with_one_point_is_left_out_and_reported(server):
    server.metrics.append({"__name__": "cpu_percent", "host": "new"})
    server.value = lambda metric, t: None if metric["host"] == "new" and t > START else 5.0
    panel = read(server)
    assert [s.labels["host"] for s in panel.series] == ["a"]
    (finding,) = panel.findings
    assert finding.unique_id == 'cpu_percent{host="new"}' and "left out" in finding.message and finding.count == 60


def test_queries_beyond_the_limits_are_refused(server):
    server.metrics = [{"__name__": "cpu_percent", "host": str(k)} for k in range(30)]
    with pytest.raises(DataError, match="more than 20 series"):
        read(server, limits=QUICK._replace(series=20))
    with pytest.raises(DataError, match="more than 1000 bytes"):
        read(server, limits=QUICK._replace(bytes=1000))


def test_no_series_is_an_error(server):
    server.metrics = []
    with pytest.raises(DataError, match="gives no series"):
        read(server)


def test_account_labels_can_be_hashed(server):
    server.metrics = [{"__name__": "cpu_percent", "account": "acme"}]
    assert "acme" not in repr(read(server, hash_accounts_with="0123456789abcdef"))


@pytest.mark.parametrize(
    ("url", "start", "end", "step", "says"),
    [
        ("http://127.0.0.1:9", START, HOUR, 0.5, "step=0.5: give whole seconds"),
        ("http://127.0.0.1:9", START, HOUR, 0, "1 s or more"),
        ("http://127.0.0.1:9", START + 0.5, HOUR, 60, "start=.* whole seconds"),
        ("http://127.0.0.1:9", HOUR, START, 60, "no two points"),
        ("localhost:9090", START, HOUR, 60, "no address of a server"),
        ("file:///etc/passwd", START, HOUR, 60, "no address of a server"),
        ("http://[::1", START, HOUR, 60, "no address of a server"),
        ("http://h:99999", START, HOUR, 60, "no address of a server"),
        ("http://h:x", START, HOUR, 60, "no address of a server"),
        ("http://me:word@127.0.0.1:9", START, HOUR, 60, "must not hold a password"),
        ("http://127.0.0.1:9", START, HOUR, 60, "the connection failed .*4 times"),
    ],
)
def test_invalid_arguments_of_a_query_are_refused(url, start, end, step, says):
    with pytest.raises(AuroraError, match=says) as caught:
        read_prometheus(url, "up", start, end, step, limits=QUICK)
    assert "word@" not in str(caught.value)


def test_retry_after_is_parsed_as_seconds_or_a_date():
    from datetime import UTC, datetime

    now = lambda: datetime(2024, 5, 1, 12, 0, 0, tzinfo=UTC)  # noqa: E731
    assert _seconds("7", now) == 7
    assert _seconds("Wed, 01 May 2024 12:00:30 GMT", now) == 30
    assert _seconds("Wed, 01 May 2024 11:00:00 GMT", now) == 0
    assert _seconds("soon", now) is None and _seconds(None, now) is None


def test_ids_of_series_do_not_depend_on_the_order_of_labels():
    assert series_id({"b": "1", "a": "2"}) == series_id({"a": "2", "b": "1"}) == '{a="2",b="1"}'
    assert "\x1b" not in series_id({"a": "\x1b[2J"})


def test_access_is_anonymous_by_default():
    assert access_from_environment({}) == Access()
