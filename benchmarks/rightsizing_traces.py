"""Makes two long data sets of `aurora bench rightsizing` from public repositories: days of Google, weeks of Azure.

    git clone https://github.com/HiPro-IT/CPU-and-Memory-resource-usage-from-Google-Cluster-Data google
    git clone https://github.com/carlonlv/DataCenterSim azure
    pip install pyreadr
    python -m benchmarks.rightsizing_traces google/GCD_VMs.tar.gz azure/data/microsoft_avg_100.rda TRACES

Google: the machines of the first repository are days of jobs; consecutive days of a job are joined. Azure: mean CPU of
100 virtual machines of AzurePublicDatasetV1, 28 days of 5 minutes.
"""

from __future__ import annotations

import gzip
import re
import sys
import tarfile
from pathlib import Path

import numpy as np

DAYS = 10
STEP = 300


def google_days(archive: Path) -> str:
    """Return the joined days as CSV in the layout of the Google 2011 file.

    Args:
        archive: GCD_VMs.tar.gz.
    """
    days: dict[tuple[str, int], list[str]] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            match = re.search(r"vm_(\d+)_(\d+)$", member.name)
            content = tar.extractfile(member)
            if match and content is not None:
                days[match[1], int(match[2])] = content.read().decode().split("\n")
    rows = ["vm,t,cpu_pct,mem_pct"]
    for job in sorted({job for job, _ in days}):
        step, first = 0, 0
        for day in range(1, DAYS + 1):
            if (job, day) not in days:
                step = 0
                continue
            first = day if step == 0 else first
            for line in days[job, day]:
                if line.strip():
                    rows.append(f"vm_{job}_{first},{step},{','.join(line.split())}")
                    step += 1
    return "\n".join(rows) + "\n"


def azure_weeks(file: Path) -> str:
    """Return Azure's series as CSV in long form.

    Args:
        file: microsoft_avg_100.rda.
    """
    import pyreadr  # type: ignore[import-not-found]  # noqa: PLC0415  # needed here only, see above

    (frame,) = pyreadr.read_r(str(file)).values()
    times = np.datetime_as_string(
        np.datetime64("2017-01-01T00:00:00") + np.arange(len(frame)) * np.timedelta64(STEP, "s")
    )
    rows = ["unique_id,ds,y"]
    for name in frame.columns:
        rows += [f"{name},{time}Z,{value:.6g}" for time, value in zip(times, frame[name], strict=True)]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    google, azure, folder = map(Path, sys.argv[1:])
    for path, text in (
        (folder / "google_2011_days" / "google_2011_days.csv.gz", google_days(google)),
        (folder / "azure_vms" / "azure_2017_100.csv.gz", azure_weeks(azure)),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
        print(f"wrote {path}")
