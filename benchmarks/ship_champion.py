"""Write the champion of a run into the package, with its provenance.

    python benchmarks/ship_champion.py runs/openb-3 --name gpu --purpose "Packs pods that share GPUs ..."

    AURORA_DATA=TRACES python benchmarks/ship_champion.py --again gpu

The policy, families, seeds, budget, commit, files and licences come from the run. The champion is judged on fresh
scenarios of its source against every reference, with 95 % intervals. `--rejected` names runs with other seeds whose
champions were not chosen; their budgets are added. `--again` measures a shipped champion anew.
"""

import argparse
import os
from pathlib import Path

import aurora.champions
from aurora.agents.arena.sources import open_source
from aurora.champions.champion import Champion
from aurora.champions.shipped import shipped_champion
from aurora.evals.shipping import Judging, champion_of_run, rejudged
from aurora.files import write_atomically

DATA = Path(aurora.champions.__file__).parent / "data"
"""Folder of the champions in the package."""


def _champion(given: argparse.Namespace) -> Champion:
    judging = Judging(given.per_family, given.seed, given.jobs)
    if given.again:
        shipped = shipped_champion(given.again)
        data = os.environ.get("AURORA_DATA")
        source = open_source(shipped.provenance.source, Path(data) if data else None)
        return rejudged(shipped, source, judging, idea=given.idea)
    return champion_of_run(
        given.run,
        name=given.name,
        purpose=given.purpose,
        idea=given.idea,
        judging=judging,
        policy=given.policy,
        rejected=given.rejected,
    )


def main() -> None:
    """Write the file, and print what the champion is ahead of."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, nargs="?", help="folder of the run")
    parser.add_argument("--again", default="", help="name of a shipped champion to measure anew, instead of a run")
    parser.add_argument("--name", default="", help="such as gpu-four-lists")
    parser.add_argument("--purpose", default="", help="purpose in a sentence")
    parser.add_argument("--idea", default="", help="what it does that heuristics don't, in a sentence or two")
    parser.add_argument("--policy", default="", help="id of another policy of the run than its champion")
    parser.add_argument("--rejected", type=Path, nargs="*", default=[], help="runs whose champions were not chosen")
    parser.add_argument("--per-family", type=int, default=32, help="fresh scenarios of each family and level")
    parser.add_argument("--seed", type=int, default=0, help="of the fresh scenarios")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=DATA, help="folder of the file")
    given = parser.parse_args()
    champion = _champion(given)
    path = given.out / f"{champion.name}.json"
    write_atomically(path, champion.model_dump_json(indent=1, exclude_none=True) + "\n")
    print(f"{path}: version {champion.version}, {champion.provenance.simulations:,} simulations")
    for title, judgement in (("validation", champion.validation), ("test", champion.test)):
        if judgement is not None:
            print(f"{title} ({', '.join(judgement.families)}), {judgement.scenarios} scenarios: {judgement.mean:.4f}")
            for row in judgement.against[:5]:
                print(f"  {row.mean:+.4f} [{row.low:+.4f}, {row.high:+.4f}] over {row.reference}")


if __name__ == "__main__":
    main()
