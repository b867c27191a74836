"""Prices of cores and memory from the prices of nodes."""

from __future__ import annotations

import pytest

from aurora.cluster.resource_prices import resource_prices
from aurora.cluster.samples import load_sample


def test_the_prices_of_all_cores_and_memory_add_up_to_the_nodes() -> None:
    shop = load_sample("web-shop")
    nodes = [n for n in shop.nodes if n.accelerator_model is None]
    total = sum(n.price_per_hour or 0.0 for n in nodes)
    for share in (0.0, 0.25, 0.5, 1.0):
        prices = resource_prices(shop, share)
        paid = {r: price * sum(n.allocatable[r] for n in nodes) for r, price in prices.items()}
        assert paid["cpu"] == pytest.approx(share * total)
        assert sum(paid.values()) == pytest.approx(total)


def test_a_system_without_prices_has_none() -> None:
    shop = load_sample("web-shop")
    free = shop.model_copy(update={"nodes": tuple(n.model_copy(update={"price_per_hour": None}) for n in shop.nodes)})
    assert resource_prices(free) == {}
