"""How soon a composition has recovered from a change, what was lost meanwhile, and how often detectors cry wolf.

    python -m benchmarks.composition_adaptation recovery --seeds 5 --out recovery.json
    python -m benchmarks.composition_adaptation alarms --windows 1000

`recovery`: the task `machines`, whose law is stated, is replayed faster than real time. The running composition is the
optimum of the enumerated space before the change. Then the inputs shift, the law changes, a sensor is stuck, the load
rises, a model is removed, one gets dearer, or one appears. Labels arrive `DELAY` requests late. Three ways to go on:

- fixed: nothing is changed; where the model is removed, its stage is gone, and the best single chain of the rest runs.
- adapted: detectors, components fitted anew, a warm start, the shadow test, the swap. A trial is a chain that was not
  measured yet; where only load, catalogue or prices changed, the profiles of before hold.
- from nothing: the same detectors and the same test, but a search by PPO that knows nothing of before. A trial is a
  composition, and the whole budget is spent.

Recovered is a composition whose reward is within 1 % of that of the enumerated optimum after the change, with the same
components; rewards are judged on fresh items of the new law. A trial takes `TRIAL_SECONDS` in which requests go on.
Lost are points of accuracy times requests (and reward times requests) against that optimum until the stream ends.
Answers are those of scikit-learn and LightGBM; times, memory and sizes are of the same chains in ONNX Runtime, measured
once under the usual conditions. Intervals are 95 % over seeds (Student).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.composition_adaptation.alarms import alarms
from benchmarks.composition_adaptation.recovery import recovery
from benchmarks.composition_adaptation.setting import KINDS


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("recovery")
    one.add_argument("--seeds", type=int, default=5)
    one.add_argument("--only", nargs="*", default=list(KINDS), choices=list(KINDS))
    one.add_argument("--out", type=Path)
    one.add_argument("--profiles", type=Path, default=Path("runs/compose"))
    two = commands.add_parser("alarms")
    two.add_argument("--windows", type=int, default=1000)
    given = parser.parse_args()
    if given.command == "alarms":
        alarms(given.windows)
    else:
        recovery(given.seeds, given.only, given.out, given.profiles)


if __name__ == "__main__":
    main()
