"""Parameters of an address, as a page reads them: what is wrong or absent becomes the default."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple
from urllib.parse import urlencode

from aurora.web.views.forecasts import MAX_HORIZON, MIN_HORIZON
from aurora.web.views.what_ifs import Sliders

HORIZON = 12
"""Steps ahead unless the address says otherwise."""
LEAST_LOAD, MOST_LOAD, MOST_PRICE = 0.5, 3.0, 3.0
"""Ends of the sliders."""


class Asked(NamedTuple):
    """What the page Forecasts shows.

    Attributes:
        source: Key of the place that series come from; "" for the first.
        series: Key of the series; "" for the first.
        horizon: Steps ahead.
        cores: Cores that one unit of the series needs; None where it is cores.
        sliders: Positions of the what-if sliders.
    """

    source: str = ""
    series: str = ""
    horizon: int = HORIZON
    cores: float | None = None
    sliders: Sliders = Sliders()

    @property
    def address(self) -> str:
        """Address of the page that shows this; what is as by default is left out."""
        shown = {
            "source": self.source,
            "series": self.series,
            "horizon": "" if self.horizon == HORIZON else str(self.horizon),
            "cores": "" if self.cores is None else f"{self.cores:g}",
            "load": "" if self.sliders.load == 1 else f"{self.sliders.load:g}",
            "node": self.sliders.node_id,
            "price": "" if self.sliders.price == 1 else f"{self.sliders.price:g}",
        }
        query = urlencode({name: value for name, value in shown.items() if value})
        return f"/forecasts?{query}" if query else "/forecasts"


def read_asked(parameters: Mapping[str, str]) -> Asked:
    """Return what an address asks for; numbers out of range are moved into it.

    Args:
        parameters: Parameters of the address.

    >>> read_asked({"horizon": "1000", "load": "x", "price": "2"})[2:]
    (96, None, Sliders(load=1.0, node_id='', price=2.0))
    """
    cores = _number(parameters.get("cores", ""), 0.0, 1e-9, 1e6)
    return Asked(
        parameters.get("source", ""),
        parameters.get("series", ""),
        int(_number(parameters.get("horizon", ""), HORIZON, MIN_HORIZON, MAX_HORIZON)),
        cores or None,
        Sliders(
            _number(parameters.get("load", ""), 1.0, LEAST_LOAD, MOST_LOAD),
            parameters.get("node", ""),
            _number(parameters.get("price", ""), 1.0, 0.0, MOST_PRICE),
        ),
    )


def _number(text: str, default: float, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        return default
    return min(max(value, least), most) if isfinite(value) else default
