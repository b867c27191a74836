"""Quantities of Kubernetes: `100m`, `1Gi`, `1e3`, `500M`, `1.5`.

Grammar and rounding follow `k8s.io/apimachinery/pkg/api/resource/quantity.go`: a quantity is a decimal number with a
binary suffix (Ki to Ei), a decimal suffix (n to E) or an exponent, exact to a billionth and rounded up beyond that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from aurora.cluster.resources import IN_GIB
from aurora.errors import DataError

NANO = 10**9
"""Parts of a unit in which amounts are added: integers, so that sums are exact."""

LARGEST = 10**15
"""Largest amount in cores, GiB or pieces."""

Nanos = dict[str, int]
"""Resource to amount in billionths of a core, a byte or a piece."""

_FORM = re.compile(r"(\d{0,40})(?:\.(\d{0,40}))?(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d{1,3}))?")
_BINARY = {f"{letter}i": 2 ** (10 * power) for power, letter in enumerate("KMGTPE", start=1)}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_MAX_CHARACTERS_QUOTED = 40


@lru_cache(maxsize=1 << 16)
def parse_quantity(text: str) -> int:
    """Return a quantity in billionths, rounded up.

    >>> parse_quantity("100m"), parse_quantity("1Ki"), parse_quantity("1e3") == 1000 * NANO
    (100000000, 1024000000000, True)

    Raises:
        DataError: It is not a quantity, negative, or too large.
    """
    match = _FORM.fullmatch(text) if text.isascii() else None
    if match is None or not (match[1] or match[2]):
        raise DataError(f"{_quoted(text)} is not a quantity; write one as 100m, 1.5, 2Gi, 500M or 1e3{_hint(text)}")
    whole, fraction, binary, decimal, exponent = match.groups()
    digits = int((whole or "") + (fraction or ""))
    power = 9 - len(fraction or "") + (_DECIMAL[decimal] if decimal else int(exponent or 0))
    value = digits * _BINARY.get(binary, 1)
    nanos: int = value * 10**power if power >= 0 else -(-value // 10**-power)
    if nanos >= NANO << 63:
        raise DataError(f"{_quoted(text)} is larger than Kubernetes allows")
    return nanos


def quantity(value: object) -> int:
    """Return a JSON value, a text or a number, as a quantity in billionths.

    Raises:
        DataError: It is not a quantity.
    """
    if isinstance(value, str):
        return parse_quantity(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return parse_quantity(repr(value))
    kind = "null" if value is None else type(value).__name__
    raise DataError(f"{kind} is not a quantity; write one as 100m, 1.5, 2Gi, 500M or 1e3")


def quantities(resources: Mapping[str, object], where: str) -> Nanos:
    """Return the quantities of a list of resources, such as `requests`.

    Raises:
        DataError: One is not a quantity; names the resource.
    """
    amounts: Nanos = {}
    for resource, value in resources.items():
        try:
            amounts[resource] = quantity(value)
        except DataError as error:
            raise DataError(f"{where}.{resource}: {error}") from None
    return amounts


def in_units(amounts: Mapping[str, int], where: str = "") -> dict[str, float]:
    """Return amounts in the snapshot's units: cores, GiB, counts.

    >>> in_units({"cpu": 100_000_000, "memory": 2**30 * NANO})
    {'cpu': 0.1, 'memory': 1.0}

    Raises:
        DataError: One is larger than a snapshot holds.
    """
    found = {}
    for resource, nanos in amounts.items():
        amount = nanos / (NANO << 30) if resource in IN_GIB else nanos / NANO
        if amount > LARGEST:
            raise DataError(f"{where}.{resource}: {amount:g} is more than {LARGEST:g}")
        found[resource] = amount
    return found


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _MAX_CHARACTERS_QUOTED else text[:_MAX_CHARACTERS_QUOTED] + "…")


def _hint(text: str) -> str:
    """Return what is probably meant by a frequent mistake."""
    if text.startswith(("-", "+")):
        return "; amounts of resources have no sign"
    if text.endswith("B"):
        return "; without the B"
    if text.endswith("K"):
        return "; a thousand is a small k, 1,024 is Ki"
    return f"; without spaces: {text.replace(' ', '')}" if " " in text.strip() else ""
