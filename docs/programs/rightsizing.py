"""Prints the tables of docs/reference/results.md on requests of containers, from the JSON of the benchmark.

aurora bench rightsizing --data TRACES --json | python -m docs.programs.rightsizing
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

RIVALS = {"krr": "KRR", "vpa": "VPA", "vpa, margin": "VPA, margin"}
SHOWN_LEVELS = ("0.1", "0.05", "0.02")
RESOURCES = {"cpu": "CPU", "memory": "memory"}


def tables(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the tables."""
    yield "| data | n | rival | its violations | slack there | violations there | slack at 10 % | at 5 % | at 2 % |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for (data, resource, rival), row in _by(result["comparisons"], "data", "resource", "rival").items():
        at = {c["at"]: c for c in row}
        default = next((c for c in row if c["at"].startswith("its default")), None)
        cells = ["-", "-", "-"]
        if default is not None:
            changes = [_change(default, name) for name in ("less_slack", "fewer_violations")]
            cells = [_share(default["violations"]), *changes]
        levels = [_change(at[level], "less_slack") if level in at else "-" for level in SHOWN_LEVELS]
        yield _line(f"{RESOURCES[resource]}, {data}", str(row[0]["n"]), RIVALS[rival], *cells, *levels)
    yield ""
    yield "| data | promised 5 % | 2 % | 1 % |"
    yield "|---|---|---|---|"
    for (data, resource), row in _by(result["promises"], "data", "resource").items():
        yield _line(f"{RESOURCES[resource]}, {data}", *(_share(p["realised"]) for p in row))
    yield ""
    yield "| memory | within | stated | mean stated | seen | series |"
    yield "|---|---|---|---|---|---|"
    for r in result["reliability"]:
        if r["resource"] == "memory":
            within = f"{r['horizon'] / 3600:g} h" if r["horizon"] < 86_400 else f"{r['horizon'] / 86_400:g} days"  # noqa: PLR2004
            seen = f"{_share(r['seen'])} [{100 * r['seen_low']:.1f}, {100 * r['seen_high']:.1f}]"
            ends = f"{100 * r['low']:g} to {100 * r['high']:g} %"
            yield _line(r["data"], within, ends, _share(r["stated"]), seen, str(r["series"]))


def _by(rows: list[dict[str, Any]], *names: str) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    return groups


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _change(row: Mapping[str, Any], name: str) -> str:
    value, low, high = (row[name + end] for end in ("", "_low", "_high"))
    if value is None:
        return "-"
    return f"{100 * value:+.0f} %" + ("" if low is None else f" [{100 * low:+.0f}, {100 * high:+.0f}]")


if __name__ == "__main__":
    print("\n".join(tables(json.load(sys.stdin))))
