"""Catalogue of instance types, storage classes and network tiers with their prices; configurations name its entries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from aurora.errors import DataError
from aurora.learning.accounts.price_list import read_price_list
from aurora.reading import read_json

LARGEST, SMALLEST = 1e9, 1e-9
"""Bounds of any number in a catalogue that is not 0."""
NOTE = (
    "Prices: instances in dollars an hour, storage in dollars a GiB and hour, network tiers in dollars an hour; memory "
    "in GiB, speed of a core relative to the general family. Put in your provider's list and give it with --catalogue; "
    "`source` says where the prices are from, with a date."
)


@dataclass(frozen=True, slots=True)
class InstanceType:
    """A kind of machine.

    Attributes:
        name: Name, unique in its catalogue.
        family: Family; its machines differ in size only.
        cores: Number of virtual cores.
        memory: Memory, GiB.
        speed: Speed of one core, relative to the general family.
        price: Price, dollars per hour.
    """

    name: str
    family: str
    cores: float
    memory: float
    speed: float
    price: float


@dataclass(frozen=True, slots=True)
class StorageClass:
    """A kind of volume.

    Attributes:
        name: Name, unique in its catalogue.
        iops: Storage operations a second.
        price: Price, dollars per GiB and hour.
    """

    name: str
    iops: float
    price: float


@dataclass(frozen=True, slots=True)
class NetworkTier:
    """A bandwidth that can be bought.

    Attributes:
        name: Name, unique in its catalogue.
        gbit: Bandwidth, Gbit/s.
        price: Price, dollars per hour.
    """

    name: str
    gbit: float
    price: float


@dataclass(frozen=True)
class Catalogue:
    """Everything that can be rented, with the source of the prices.

    Attributes:
        source: Source of the prices, with a date.
        instances: Instance types by family, within it by cores.
        storage: Storage classes by operations a second.
        network: Network tiers by bandwidth.
    """

    source: str
    instances: tuple[InstanceType, ...]
    storage: tuple[StorageClass, ...]
    network: tuple[NetworkTier, ...]

    @cached_property
    def instance(self) -> Mapping[str, InstanceType]:
        """Instance types by name."""
        return {i.name: i for i in self.instances}

    @cached_property
    def storage_class(self) -> Mapping[str, StorageClass]:
        """Storage classes by name."""
        return {s.name: s for s in self.storage}

    @cached_property
    def network_tier(self) -> Mapping[str, NetworkTier]:
        """Network tiers by name."""
        return {n.name: n for n in self.network}

    @cached_property
    def families(self) -> tuple[str, ...]:
        """Families of instance types, in order of appearance."""
        return tuple(dict.fromkeys(i.family for i in self.instances))

    @cached_property
    def cheapest_core(self) -> float:
        """Least dollars per core-hour, above 0."""
        return min(max(i.price, 1e-9) / i.cores for i in self.instances)

    def sizes(self, family: str) -> tuple[InstanceType, ...]:
        """Return a family's instance types, smallest first."""
        return tuple(i for i in self.instances if i.family == family)


def load_catalogue(path: Path) -> Catalogue:
    """Read a catalogue: JSON as `aurora recommend catalogue` writes it, or a price list of machines as CSV.

    A price list has no storage and network; they are those of the synthetic catalogue, and `source` says so.

    Raises:
        FileError: The file can't be read.
        DataError: The file is malformed; the message names the entry and the field.
    """
    if path.name.endswith((".csv", ".csv.gz")):
        rest = _synthetic()
        source = f"machines: {path.name}; storage and network: {rest['source']}"
        return _parse({**rest, "source": source, "instances": read_price_list(path)}, str(path))
    return _parse(read_json(path), str(path))


@cache
def synthetic_catalogue() -> Catalogue:
    """Return the catalogue in the package; its prices are nobody's offer, and its `source` says so.

    Raises:
        DataError: The package's file is malformed.
    """
    return _parse(_synthetic(), "the synthetic catalogue")


def catalogue_json(catalogue: Catalogue) -> dict[str, Any]:
    """Return a catalogue as its file holds it, for `load_catalogue`."""
    return {
        "note": NOTE,
        "source": catalogue.source,
        "instances": [asdict(i) for i in catalogue.instances],
        "storage": [asdict(s) for s in catalogue.storage],
        "network": [asdict(n) for n in catalogue.network],
    }


def _synthetic() -> dict[str, Any]:
    data = json.loads(files(__package__).joinpath("catalogue.json").read_text(encoding="utf-8"))
    return dict(data)


def _parse(data: Any, where: str) -> Catalogue:
    if not isinstance(data, dict) or not isinstance(data.get("source"), str) or not data["source"]:
        raise DataError(f"{where}: field 'source' must say where the prices are from, with a date")
    instances = tuple(
        InstanceType(
            name=e.text("name"),
            family=e.text("family"),
            cores=e.above_zero("cores"),
            memory=e.above_zero("memory"),
            speed=e.above_zero("speed"),
            price=e.from_zero("price"),
        )
        for e in _entries(data, "instances", where)
    )
    storage = tuple(
        StorageClass(e.text("name"), e.above_zero("iops"), e.from_zero("price"))
        for e in _entries(data, "storage", where)
    )
    network = tuple(
        NetworkTier(e.text("name"), e.above_zero("gbit"), e.from_zero("price"))
        for e in _entries(data, "network", where)
    )
    for table, names in (
        ("instances", [i.name for i in instances]),
        ("storage", [s.name for s in storage]),
        ("network", [n.name for n in network]),
    ):
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise DataError(f"{where}: {table} lists {', '.join(twice)} twice; names must differ")
    order = list(dict.fromkeys(i.family for i in instances))
    return Catalogue(
        data["source"],
        tuple(sorted(instances, key=lambda i: (order.index(i.family), i.cores))),
        tuple(sorted(storage, key=lambda s: s.iops)),
        tuple(sorted(network, key=lambda n: n.gbit)),
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    fields: Mapping[str, Any]
    where: str

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        if not isinstance(value, str) or not value:
            raise DataError(f"{self.where}: field {name!r} must be a text, it is {_shown(value)}")
        return value

    def from_zero(self, name: str) -> float:
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST:
            raise DataError(
                f"{self.where}: field {name!r} must be a number from 0 to {LARGEST:g}, it is {_shown(value)}"
            )
        return float(value)

    def above_zero(self, name: str) -> float:
        value = self.from_zero(name)
        if value < SMALLEST:
            raise DataError(f"{self.where}: field {name!r} must be above 0, it is {value:g}")
        return value


def _shown(value: object) -> str:
    return "absent" if value is None else repr(value)[:40]


def _entries(data: Mapping[str, Any], table: str, where: str) -> list[_Entry]:
    rows = data.get(table)
    if not isinstance(rows, list) or not rows or not all(isinstance(r, dict) for r in rows):
        raise DataError(f"{where}: field {table!r} must be a list of at least one entry")
    return [_Entry(row, f"{where}, {table}[{k}]") for k, row in enumerate(rows)]
