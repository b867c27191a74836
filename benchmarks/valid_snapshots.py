"""Valid files of real systems other than Kubernetes', with their readers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aurora.cluster.files import snapshot_json
from aurora.cluster.opening import open_snapshot
from aurora.cluster.readers.slurm import read_slurm
from aurora.cluster.readers.tables import read_tables, template
from aurora.cluster.samples import load_sample

NODES = """\
NodeName=cn001 CPUAlloc=48 CPUTot=64 CPULoad=47.31 AvailableFeatures=zen3,ib ActiveFeatures=zen3,ib Gres=(null) \
RealMemory=257000 AllocMem=196608 FreeMem=61000 State=MIXED+DRAIN ThreadsPerCore=1 Partitions=compute,debug \
CfgTRES=cpu=64,mem=257000M AllocTRES=cpu=48,mem=192G Reason=bad DIMM [root@2026-06-14T22:51:00]
NodeName=gn01 CPUAlloc=32 CPUTot=64 CPULoad=12.00 Gres=gpu:a100:4(S:0-1),shard:16 RealMemory=515000 State=MIXED \
Partitions=gpu CfgTRES=cpu=64,mem=515000M,gres/gpu=4 AllocTRES=cpu=32,mem=240G,gres/gpu=3
"""
QUEUE = """\
JOBID|PARTITION|NAME|USER|STATE|NODES|CPUS|MIN_MEMORY|TRES_PER_NODE|FEATURES|PRIORITY|TIME_LIMIT|START_TIME|\
NODELIST(REASON)|DEPENDENCY
81204|compute|climate|ines|RUNNING|1|48|128G|N/A|(null)|9120|3-00:00:00|2026-06-14T06:08:00|cn001|(null)
81455_[5-8%2]|compute|align|lena|PENDING|1|16|3072M|N/A|ib&(zen3|icelake)|3990|12:00:00|N/A|(Priority)|(null)
81512|gpu|plots|ines|PENDING|2|8|6Gc|gres:gpu:a100:2|(null)|9000|2:00:00|N/A|(Dependency)|afterok:81204
"""
ALIGNED = """\
             JOBID PARTITION     NAME     USER ST       TIME  NODES NODELIST(REASON)
             81204   compute  climate     ines  R 1-07:12:00      1 cn001
       81455_[5-9]   compute    align     lena PD       0:00      1 (JobArrayTaskLimit)
"""
JOBS = {
    "last_update": {"set": True, "infinite": False, "number": 1781529600},
    "jobs": [
        {
            "job_id": 81204,
            "user_name": "ines",
            "partition": "compute",
            "job_state": ["RUNNING"],
            "nodes": "cn001",
            "node_count": {"set": True, "infinite": False, "number": 1},
            "cpus": {"set": True, "infinite": False, "number": 48},
            "tres_alloc_str": "cpu=48,mem=192G,node=1",
            "time_limit": {"set": True, "infinite": False, "number": 4320},
            "start_time": {"set": True, "infinite": False, "number": 1781417280},
            "priority": 9120,
        },
        {"job_id": 9, "job_state": "PENDING", "cpus": 2, "memory_per_cpu": 100, "features": "a|b", "node_count": 2},
    ],
}
RESERVATION = (
    "ReservationName=x StartTime=2026-06-15T18:00:00 EndTime=2026-06-15T23:00:00 Nodes=cn[001-002] "
    "Flags=MAINT Users=root\n"
)
SACCT = """\
JobID|State|NNodes|NCPUS|ReqMem|NodeList|Elapsed|TotalCPU|MaxRSS
81100|COMPLETED|1|8|16G|cn001|01:00:00|06:00:00|
81100.batch|COMPLETED|1|8||cn001|01:00:00|06:00:00|8388608K
"""


def snapshot_files(folder: Path) -> list[tuple[str, str, bytes, Callable[[Path], Any]]]:
    """Return the name, the file, its content and the reader of each kind; `folder` gets what lies beside them."""
    whole = folder / "nodes.txt"
    whole.write_text(NODES)
    table = folder / "nodes.csv"
    nodes, tasks = template()
    table.write_text(nodes)

    def with_nodes(path: Path) -> Any:
        return read_slurm([whole, path])

    return [
        ("snapshot", "s.json", snapshot_json(load_sample("hpc-queue")).encode(), open_snapshot),
        ("Slurm nodes", "n.txt", NODES.encode(), lambda p: read_slurm([p])),
        ("squeue", "q.txt", QUEUE.encode(), with_nodes),
        ("squeue as printed", "a.txt", ALIGNED.encode(), with_nodes),
        ("squeue --json", "q.json", json.dumps(JOBS).encode(), with_nodes),
        ("Slurm reservations", "r.txt", RESERVATION.encode(), with_nodes),
        ("sacct", "c.txt", SACCT.encode(), with_nodes),
        ("table of nodes", "t.csv", nodes.encode(), read_tables),
        ("table of tasks", "u.csv", tasks.encode(), lambda p: read_tables(table, p)),
        ("unknown kind", "f.txt", NODES.encode(), open_snapshot),
    ]
