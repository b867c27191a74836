"""Turn your own machines and jobs into a scenario: two tables, a row for each.

    python examples/own_trace.py

Columns are the fields of nodes and tasks in docs/reference/scenario-format.md; those that are absent have defaults.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import aurora

MACHINES = """node_id,cpu,memory,price_per_hour,idle_power,full_power
old-1,16,64,0.60,120,320
old-2,16,64,0.60,120,320
new-1,32,128,0.95,90,280
"""
JOBS = """task_id,arrival_time,duration,cpu_required,memory_required,sla_latency_ms
backup,0,3600,4,8,
report,60,900,12,32,120000
training,90,5400,24,96,
query-1,120,30,2,4,1000
query-2,121,30,2,4,1000
"""


def main() -> None:
    """Read the tables, compare two policies, and show each task's row."""
    with TemporaryDirectory() as folder:
        machines, jobs = Path(folder) / "machines.csv", Path(folder) / "jobs.csv"
        machines.write_text(MACHINES)
        jobs.write_text(JOBS)
        scenario = aurora.read_tables(machines, jobs)

    for name in ("first_fit", "cheapest"):
        outcome = aurora.simulate(scenario, aurora.REFERENCES[name])
        reward = aurora.score(outcome, scenario).reward
        print(f"{name}: reward {reward:.3f}, cost ${outcome.summary.cost:.2f}")
        print(outcome.to_pandas(scenario)[["task", "status", "node", "start", "latency", "sla_met"]].to_string())


if __name__ == "__main__":
    main()
