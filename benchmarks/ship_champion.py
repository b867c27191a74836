"""Write the champion of a run into the package, with its provenance.

    python benchmarks/ship_champion.py runs/openb-3 --name gpu --purpose "Packs pods that share GPUs ..."

The policy, families, seeds, budget, commit, files and licences come from the run. The champion is judged on fresh
scenarios of its source against every reference, with 95 % intervals. `--rejected` names runs with other seeds whose
champions were not chosen; their budgets are added.
"""

import argparse
from pathlib import Path

import aurora.champions
from aurora.evals.shipping import Judging, champion_of_run
from aurora.files import write_atomically

DATA = Path(aurora.champions.__file__).parent / "data"
"""Folder of the champions in the package."""


def main() -> None:
    """Write the file, and print what the champion is ahead of."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("--name", required=True, help="such as gpu-four-lists")
    parser.add_argument("--purpose", required=True, help="purpose in a sentence")
    parser.add_argument("--policy", default="", help="id of another policy of the run than its champion")
    parser.add_argument("--rejected", type=Path, nargs="*", default=[], help="runs whose champions were not chosen")
    parser.add_argument("--per-family", type=int, default=32, help="fresh scenarios of each family and level")
    parser.add_argument("--seed", type=int, default=0, help="of the fresh scenarios")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=DATA, help="folder of the file")
    given = parser.parse_args()
    champion = champion_of_run(
        given.run,
        name=given.name,
        purpose=given.purpose,
        policy=given.policy,
        rejected=given.rejected,
        judging=Judging(given.per_family, given.seed, given.jobs),
    )
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
