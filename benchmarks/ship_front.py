"""Write the front of a shipped champion into the package: the champion with fixed weights of the objectives.

    python benchmarks/ship_front.py general

A champion for each preference (balanced, cheap, fast, green), made from the champion or from another one that is better
with its weights on validation scenarios. Each is judged on fresh scenarios with these weights, against every reference.
"""

import argparse
from pathlib import Path

import aurora.champions
from aurora.agents.arena.sources import open_source
from aurora.champions.shipped import shipped_champion
from aurora.champions.telling import lead_text
from aurora.evals.fronts import PREFERENCES, front_champion
from aurora.evals.shipping import Judging
from aurora.files import write_atomically

DATA = Path(aurora.champions.__file__).parent / "data"
"""Folder of the champions in the package."""


def main() -> None:
    """Write the files, and print what each is ahead of."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("champion", help="name of a shipped champion of generated scenarios")
    parser.add_argument("--others", nargs="*", default=["general", "cloud"], help="champions that may take its place")
    parser.add_argument("--preferences", nargs="+", default=list(PREFERENCES), choices=PREFERENCES)
    parser.add_argument("--per-family", type=int, default=16, help="fresh scenarios of each family and level")
    parser.add_argument("--seed", type=int, default=0, help="of the fresh scenarios")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=DATA, help="folder of the files")
    given = parser.parse_args()
    champion, source = shipped_champion(given.champion), open_source("generated", None)
    others = [shipped_champion(name) for name in given.others if name != champion.name]
    judging = Judging(given.per_family, given.seed, given.jobs)
    for preference in given.preferences:
        made = front_champion(champion, preference, source, judging, others=others)
        write_atomically(given.out / f"{made.name}.json", made.model_dump_json(indent=1) + "\n")
        print(f"{made.policy_name}, of {made.provenance.parent}: {lead_text(made)}", flush=True)


if __name__ == "__main__":
    main()
