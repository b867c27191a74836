"""The table of recoveries."""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aurora.statistics.intervals import mean_interval
from benchmarks.composition_adaptation.replaying import replay
from benchmarks.composition_adaptation.world import profile


def recovery(seeds: int, names: Sequence[str], out: Path | None, profiles: Path) -> None:
    """Print the table of recoveries."""
    chains = profile(profiles)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            for seed in range(seeds):
                for way in ("fixed", "adapted", "nothing"):
                    rows.append(replay(name, seed, way, chains, Path(folder)))
                    print(json.dumps(rows[-1]), file=sys.stderr)
    if out is not None:
        out.write_text(json.dumps(rows, indent=1) + "\n")
    print(
        "| change | way | recovered | requests until then | trials | points lost × requests / 1,000 "
        "| reward lost × requests / 1,000 | end, % of optimum |\n|---|---|---|---|---|---|---|---|"
    )
    for name in names:
        for way in ("fixed", "adapted", "nothing"):
            chosen = [row for row in rows if row["change"] == name and row["way"] == way]
            done = [row["recovered"] for row in chosen if math.isfinite(row["recovered"])]
            cells = [
                name,
                way,
                f"{len(done)} of {len(chosen)}",
                _text(done, 0) if done and way != "fixed" else "–",
                _text([row["trials"] for row in chosen], 1) if way != "fixed" else "–",
                _text([row["lost_points"] / 1000 for row in chosen], 1),
                _text([row["lost_reward"] / 1000 for row in chosen], 2),
                _text([100 * max(row["end"], 0) / row["goal"] for row in chosen], 1),
            ]
            print(f"| {' | '.join(cells)} |")


def _text(values: Sequence[float], digits: int) -> str:
    if len(values) == 1:
        return f"{values[0]:,.{digits}f}"
    found = mean_interval([np.array(values, np.float64)])
    return f"{found.mean:,.{digits}f} [{found.low:,.{digits}f}, {found.high:,.{digits}f}]"
