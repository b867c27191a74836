"""Takes apart what Slurm's commands print as text: `key=value` lines, tables with separators, aligned tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from aurora.cluster.readers.slurm.records import field_of
from aurora.errors import DataError

NODE_KEYS = (
    "NodeName Arch CoresPerSocket CPUAlloc CPUEfctv CPUErr CPUTot CPULoad AvailableFeatures ActiveFeatures Gres "
    "GresDrain GresUsed NodeAddr NodeHostName Port Version OS RealMemory AllocMem FreeMem Sockets Boards CoreSpecCount "
    "CPUSpecList MemSpecLimit State ThreadsPerCore TmpDisk Weight Owner MCS_label Partitions BootTime SlurmdStartTime "
    "LastBusyTime ResumeAfterTime CfgTRES AllocTRES CapWatts CurrentWatts AveWatts LowestJoules ConsumedJoules "
    "ExtSensorsJoules ExtSensorsWatts ExtSensorsTemp Reason Comment Extra InstanceId InstanceType ReservationName "
    "NextState DNS_label Topology TopologyTree GpuSpec GPUSpec RestrictedCoresPerGPU"
)
JOB_KEYS = (
    "JobId ArrayJobId ArrayTaskId ArrayTaskThrottle JobName UserId GroupId MCS_label Priority Nice Account QOS WCKey "
    "JobState Reason Dependency Requeue Restarts BatchFlag Reboot ExitCode DerivedExitCode RunTime TimeLimit TimeMin "
    "SubmitTime EligibleTime AccrueTime StartTime EndTime Deadline SuspendTime SecsPreSuspend LastSchedEval Scheduler "
    "Partition AllocNode:Sid ReqNodeList ExcNodeList NodeList SchedNodeList BatchHost NumNodes NumCPUs NumTasks "
    "CPUs/Task ReqB:S:C:T TRES ReqTRES AllocTRES Socks/Node NtasksPerN:B:S:C CoreSpec MinCPUsNode MinMemoryNode "
    "MinMemoryCPU MinTmpDiskNode Features DelayBoot OverSubscribe Contiguous Licenses LicensesAlloc Network Command "
    "WorkDir StdErr StdIn StdOut Power TresPerNode TresPerJob TresPerTask TresPerSocket TresBind TresFreq MailUser "
    "MailType Comment AdminComment SystemComment HetJobId HetJobOffset HetJobIdSet CpusPerTres MemPerTres "
    "PreemptEligibleTime PreemptTime ResvName Reservation BurstBuffer Cluster OriginCluster Container ContainerID "
    "SubmitLine Switches GresEnforceBind NodeListIndices JOB_GRES Nodes CPU_IDs Mem GRES_IDX "
    "StepMgrEnabled Extra FedOrigin FedViableSiblings FedActiveSiblings SegmentSize"
)
RESERVATION_KEYS = (
    "ReservationName StartTime EndTime Duration Nodes NodeCnt CoreCnt Features PartitionName Flags TRES Users Groups "
    "Accounts Licenses State BurstBuffer Watts MaxStartDelay Comment"
)
"""Keys of scontrol, Slurm 14 to 25; a value may hold blanks and `=`, so it ends only before one of these."""


def entries(text: str, first: str, keys: str, name: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the place and the fields of each entry that scontrol shows, on one line (`-o`) or on several.

    Args:
        text: Output of scontrol.
        first: Key with which an entry begins.
        keys: Keys of the entry, between blanks.
        name: File, for the place.
    """
    pattern = re.compile(r"(?:^|\s)(" + "|".join(sorted(map(re.escape, keys.split()), key=len, reverse=True)) + ")=")
    starts = [m.start() for m in re.finditer(rf"^[ \t]*{first}=", text, re.MULTILINE)]
    line, before = 1, 0
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        line, before = line + text.count("\n", before, start), start
        entry = text[start:end]
        found = list(pattern.finditer(entry))
        ends = [m.start() for m in found[1:]] + [len(entry)]
        fields: dict[str, str] = {}
        for match, until in zip(found, ends, strict=True):
            fields.setdefault(match[1], " ".join(entry[match.end() : until].split()))
        yield f"{name}, line {line}", fields


def table(lines: Sequence[tuple[int, str]], name: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the place and the fields of each row of squeue's or sacct's table, whose first line has the headings.

    Args:
        lines: Numbers and texts of the lines that are not empty.
        name: File, for the place.

    Raises:
        DataError: A row can't be divided into the columns.
    """
    _, header = lines[0]
    separator = next((s for s in ("|", "\t", ";", ",") if s in header), None)
    if separator is None:
        yield from _aligned(lines, name)
        return
    columns = [h.strip() for h in header.rstrip().removesuffix(separator).split(separator)]
    for number, line in lines[1:]:
        if line == header:  # pages that were joined
            continue
        cells = line.rstrip("\r").split(separator)
        if len(cells) == len(columns) + 1 and not cells[-1].strip():  # `-p` ends lines with the separator
            cells.pop()
        if len(cells) > len(columns):
            cells = _rejoined(line) if separator == "," else _with_alternatives(cells, columns)
        if len(cells) != len(columns):
            raise DataError(
                f"{name}, line {number}: {len(cells)} fields where the header has {len(columns)}; "
                "separate them by |, which names do not have"
            )
        yield f"{name}, line {number}", _named(columns, cells)


def _rejoined(line: str) -> list[str]:
    """Divide at commas that stand outside brackets and parentheses."""
    return re.split(r",(?![^\[(]*[\])])", line)


def _with_alternatives(cells: list[str], columns: Sequence[str]) -> list[str]:
    """Join the cells of features, whose alternatives stand between the same separator."""
    place = next((k for k, column in enumerate(columns) if field_of(column) == "features"), None)
    if place is None:
        return cells
    end = place + 1 + len(cells) - len(columns)
    return [*cells[:place], "|".join(cells[place:end]), *cells[end:]]


def _named(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for column, cell in zip(columns, cells, strict=True):
        name = field_of(column)
        if name is not None:
            fields.setdefault(name, cell.strip())
    return fields


def _aligned(lines: Sequence[tuple[int, str]], name: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the rows of a table whose columns stand one below the other, right- or left-aligned."""
    header = lines[0][1]
    found = list(re.finditer(r"\S+", header))
    columns = [m[0] for m in found]
    right = [0, *(m.end() for m in found[:-1]), None]
    left = [0, *(m.start() for m in found[1:]), None]
    rows = [(number, line) for number, line in lines[1:] if line != header]
    edges = next((e for e in (right, left) if all(_is_divided(line, e) for _, line in rows)), None)
    for number, line in rows:
        where = f"{name}, line {number}"
        cells = line.split(None, len(columns) - 1)
        if len(cells) == len(columns) and (edges is None or len(line.split()) == len(columns)):
            if edges is None and len(line.split()) > len(columns) and not cells[-1].startswith("("):
                raise _undivided(where)
            yield where, _named(columns, cells)
        elif edges is not None:
            yield where, _named(columns, [line[a:b] for a, b in pairwise(edges)])
        else:
            raise _undivided(where)


def _undivided(where: str) -> DataError:
    return DataError(
        f"{where}: the columns can't be told apart; write the table with separators, "
        "such as squeue -o '%i|%P|%j|%u|%T|%D|%C|%m|%b|%f|%Q|%l|%V|%S|%R'"
    )


def _is_divided(line: str, edges: Sequence[int | None]) -> bool:
    """Return whether no word of a line crosses an edge between columns."""
    return all(
        edge is None or edge == 0 or edge >= len(line) or line[edge - 1].isspace() or line[edge].isspace()
        for edge in edges
    )
