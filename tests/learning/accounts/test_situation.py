"""Situations: every feature has the position of its name and the value of its definition."""

import numpy as np
import pytest

from aurora.learning.accounts import COLUMN, FEATURE, FEATURES, KEEP, METRICS, MOVES, generate, synthetic_catalogue
from aurora.learning.accounts import history as columns
from aurora.learning.accounts.features import DESCRIBED, Described
from aurora.learning.accounts.jit import SOURCES
from aurora.learning.accounts.numbers import numbers_of_history
from aurora.learning.accounts.one_day_cost import numbers_after_moves, one_day_costs
from aurora.learning.accounts.simulator import _advance
from aurora.learning.accounts.situation import BOUND, SHARPNESS, situations
from aurora.sim.kernel.jit import cache_folder

CATALOGUE = synthetic_catalogue()
DAY = 6
"""Periods."""


@pytest.fixture(scope="module")
def account():
    """Return nine days of a generated account."""
    return generate(3, 4).accounts[1].between(0, 9 * DAY)


def expected(account):
    """Return the last situation of a history, feature by feature, by the definitions of the feature table."""
    metric = {m.name: account.metric(m.name) for m in METRICS}
    last = {name: float(column[-1]) for name, column in metric.items()}
    yesterday, week = -DAY, -7 * DAY
    c = account.configurations[-1]
    types = [CATALOGUE.instance[k.instance] for k in account.configurations]
    storages = [CATALOGUE.storage_class[k.storage] for k in account.configurations]
    networks = [CATALOGUE.network_tier[k.network] for k in account.configurations]
    kind, storage, network = types[-1], storages[-1], networks[-1]
    s, n = CATALOGUE.storage.index(storage), CATALOGUE.network.index(network)
    cheaper, dearer = CATALOGUE.storage[max(0, s - 1)], CATALOGUE.storage[min(s + 1, len(CATALOGUE.storage) - 1)]
    slower, faster = CATALOGUE.network[max(0, n - 1)], CATALOGUE.network[min(n + 1, len(CATALOGUE.network) - 1)]
    busy = np.maximum(1e-3, metric["cpu"] * metric["running"] * [k.cores * k.speed for k in types])
    io = metric["io"] * [k.iops for k in storages] / storage.iops
    line = metric["bandwidth"] * [k.gbit for k in networks] / network.gbit
    machine = kind.cores * kind.speed
    floor, ceiling = c.minimum * machine * c.target, c.maximum * machine
    following = account.start + len(account) * account.period
    hour = 2 * np.pi * (following % 86_400) / 86_400
    share = account.hours / last["cost"]
    unchanged = 0
    for before, after in zip(account.configurations, account.configurations[1:], strict=False):
        unchanged = unchanged + 1 if before == after else 0
    return {
        "cores": np.log2(kind.cores),
        "memory_per_core": np.log2(kind.memory / kind.cores),
        "price_per_core": np.log2(kind.price / kind.cores / CATALOGUE.cheapest_core),
        "storage": s / (len(CATALOGUE.storage) - 1),
        "network": n / (len(CATALOGUE.network) - 1),
        "minimum": np.log2(c.minimum),
        "maximum": np.log2(c.maximum),
        "target": c.target,
        "cooldown": np.log2(c.cooldown / 300 + 1),
        "fixed_share": (storage.price * account.data + network.price) * share,
        "cpu": last["cpu"],
        "cpu_peak": last["cpu_peak"],
        "cpu_day": metric["cpu"][yesterday:].mean(),
        "memory": last["memory"],
        "memory_day": metric["memory"][yesterday:].max(),
        "io": last["io"],
        "io_day": io[yesterday:].max(),
        "io_next": io[yesterday],
        "bandwidth": last["bandwidth"],
        "bandwidth_day": line[yesterday:].max(),
        "bandwidth_next": line[yesterday],
        "latency": np.log2(last["latency"] / account.limit),
        "misses": np.sqrt(last["misses"]),
        "misses_day": np.sqrt(metric["misses"][yesterday:].mean()),
        "above_minimum": np.log2(last["running"] / c.minimum),
        "below_maximum": np.log2(c.maximum / last["running"]),
        "floor_next": np.log2(busy[yesterday] / floor),
        "floor_week": np.log2(busy[week] / floor),
        "floor_low": np.log2(busy[yesterday:].min() / floor),
        "ceiling_next": np.log2(busy[yesterday] / ceiling),
        "ceiling_high": np.log2(busy[yesterday:].max() / ceiling),
        "machine_next": np.log2(busy[yesterday] / machine),
        "rising": np.log2(busy[-1] / busy[-2]),
        "growth": np.log2(busy[yesterday:].sum() / busy[2 * yesterday : yesterday].sum()),
        "hour_sin": np.sin(hour),
        "hour_cos": np.cos(hour),
        "weekend": float((following // 86_400 + 3) % 7 >= 5),
        "slack": np.log2(account.limit * last["throughput"] / busy[-1]),
        "io_below": np.log2(max(1e-3, io[yesterday:].max()) * storage.iops / cheaper.iops),
        "bandwidth_below": np.log2(max(1e-3, line[yesterday:].max()) * network.gbit / slower.gbit),
        "storage_saving": (storage.price - cheaper.price) * account.data * share,
        "network_saving": (network.price - slower.price) * share,
        "storage_extra": (dearer.price - storage.price) * account.data * share,
        "network_extra": (faster.price - network.price) * share,
        **{f"ahead_{k}": np.log2(busy[yesterday - 1 + k] / busy[yesterday:].mean()) for k in range(1, 7)},
        "settled": np.log2(1 + min(unchanged, DAY)),
        **_judged(account, busy),
    }


def _judged(account, busy):
    after = numbers_after_moves(account.configurations[-1], account.data, CATALOGUE)
    costs = one_day_costs(account.values, numbers_of_history(account, CATALOGUE), after, account.limit, account.period)
    saved = np.maximum(1 - costs / costs[KEEP], -999)
    clear = np.exp((saved - saved.max()) / SHARPNESS)
    # The denominator is as in the code: mean of CPU times instances, in cores of the present type.
    kind = CATALOGUE.instance[account.configurations[-1].instance]
    used = (account.metric("cpu") * account.metric("running"))[-DAY:].mean() * kind.cores * kind.speed
    return {
        "burden": np.log2(costs[KEEP] / used),
        **{f"gain_{move}": np.tanh(10 * saved[k]) for k, move in enumerate(MOVES) if k},
        **{f"best_{move}": clear[k] / clear.sum() for k, move in enumerate(MOVES)},
    }


def test_every_feature_has_the_value_of_its_definition(account) -> None:
    reference = {name: float(np.clip(value, -BOUND, BOUND)) for name, value in expected(account).items()}
    assert list(reference) == [feature.name for feature in FEATURES]
    situation = situations(account, CATALOGUE)[-1]
    assert {name: float(situation[FEATURE[name]]) for name in reference} == pytest.approx(reference, rel=1e-5, abs=1e-6)


def test_the_described_features_are_the_first_fields_of_the_table() -> None:
    assert Described._fields == tuple(feature.name for feature in DESCRIBED)
    assert [FEATURE[feature.name] for feature in DESCRIBED] == list(range(len(DESCRIBED)))


def test_metric_constants_are_the_indices_of_their_columns() -> None:
    assert {name: getattr(columns, f"M_{name.upper()}") for name in COLUMN} == dict(COLUMN)


def test_cached_machine_code_of_accounts_depends_on_its_own_sources(tmp_path, monkeypatch) -> None:
    assert _advance._cache.cache_path == str(cache_folder(SOURCES))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    sources = tuple(tmp_path / source.name for source in SOURCES)
    for copy, source in zip(sources, SOURCES, strict=True):
        copy.write_bytes(source.read_bytes())
    before = cache_folder.__wrapped__(sources)
    (tmp_path / "behaviour.py").write_text("MISS_PRICE = 2.0\n")
    assert cache_folder.__wrapped__(sources) != before
