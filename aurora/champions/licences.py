"""The table of data that champions learn from: licences and citations, by the names of files."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch
from typing import NamedTuple

from aurora.champions.champion import Licence
from aurora.errors import DataError


class _Data(NamedTuple):
    """Files and the licence of their content.

    Attributes:
        files: Patterns of the files' names.
        licence: Licence of the content.
    """

    files: tuple[str, ...]
    licence: Licence


GENERATED = Licence(
    data="scenarios of AURORA's generators",
    licence="Apache-2.0, as AURORA",
    citation="aurora.sim.scenarios.generators",
)
"""The licence of scenarios that no file is read for."""

_CC_BY = "CC-BY 4.0"
_DC_TRACES = "file of alejandrofdez-us/DataCenter-Traces-Datasets"
_NOT_STATED = "none stated"

LICENCES: tuple[_Data, ...] = (
    _Data(
        ("openb_node_list_*", "openb_pod_list_*"),
        Licence(
            data="openb: Alibaba cluster-trace-gpu-v2023",
            licence="research or study (Alibaba Cluster Trace Program); the same files under Apache-2.0 in "
            "hkust-adsl/kubernetes-scheduler-simulator",
            citation="Weng et al., Beware of Fragmentation, USENIX ATC 2023",
        ),
    ),
    _Data(
        ("lublin*.swf*",),
        Licence(
            data="Lublin-1: jobs drawn from Lublin's model, 256 processors",
            licence=f"{_NOT_STATED}; synthetic",
            citation="Lublin & Feitelson, JPDC 2003; file of DIR-LAB/deep-batch-scheduler (Zhang et al., SC 2020)",
        ),
    ),
    _Data(
        ("SDSC-SP2-*.swf*",),
        Licence(
            data="SDSC-SP2: log of the San Diego Supercomputer Center, 128 processors",
            licence="educational, research and non-profit purposes, copyright UC Regents",
            citation="Parallel Workloads Archive: Feitelson, Tsafrir & Krakov, JPDC 2014",
        ),
    ),
    _Data(
        ("NASA-iPSC-*.swf*",),
        Licence(
            data="NASA-iPSC: log of NASA Ames, 128 processors",
            licence=f"{_NOT_STATED} beyond acknowledgement",
            citation="Parallel Workloads Archive: Feitelson, Tsafrir & Krakov, JPDC 2014",
        ),
    ),
    _Data(
        ("v1.dev*.txt*", "v1.train*.txt*", "flav_map.txt*", "v1.interval_map.txt*", "batch_size_map.txt*"),
        Licence(
            data="Azure V1: arrivals of virtual machines, 2017",
            licence=_CC_BY,
            citation="Cortez et al., SOSP 2017; files of Bergsma et al., SOSP 2021",
        ),
    ),
    _Data(
        ("google2011_*",),
        Licence(
            data="Google cluster data 2011: utilisation of machines",
            licence="CC-BY",
            citation="Reiss, Wilkes & Hellerstein, Google cluster-usage traces, 2011",
        ),
    ),
    _Data(
        ("google2019_*",),
        Licence(
            data="Google cluster data 2019: utilisation of machines",
            licence=_CC_BY,
            citation=f"Tirmazi et al., EuroSys 2020; {_DC_TRACES}",
        ),
    ),
    _Data(
        ("alibaba2018_*",),
        Licence(
            data="Alibaba cluster-trace-v2018: utilisation of machines",
            licence="research or study (Alibaba Cluster Trace Program)",
            citation=f"Alibaba Cluster Trace Program, 2018; {_DC_TRACES}",
        ),
    ),
    _Data(
        ("azure_v2_*",),
        Licence(
            data="Azure V2: utilisation of virtual machines, 2019",
            licence=_CC_BY,
            citation=f"Cortez et al., SOSP 2017; {_DC_TRACES}",
        ),
    ),
    _Data(
        ("site-*.csv*", "users-*.csv*"),
        Licence(
            data="EUA: sites and users in Melbourne",
            licence="MIT; sites from the register of ACMA",
            citation="Lai et al., Optimal Edge User Allocation, ICSOC 2018",
        ),
    ),
    _Data(
        ("*.gml*",),
        Licence(
            data="Internet Topology Zoo: graphs of networks",
            licence=_CC_BY,
            citation="Knight et al., The Internet Topology Zoo, IEEE JSAC 2011",
        ),
    ),
    _Data(
        ("*_demand.txt*", "*_topology.txt*", "*_nodes.txt*"),
        Licence(
            data="traffic matrices of Abilene and B4",
            licence=_NOT_STATED,
            citation="Bogle et al., TEAVAR, SIGCOMM 2019",
        ),
    ),
)
"""Files and their licences; a champion that learned from other files can't ship before a row is added."""


def licences_of(files: Iterable[str]) -> tuple[Licence, ...]:
    """Return the licences of the data in some files; that of the generators without files.

    Args:
        files: Names of the files.

    Raises:
        DataError: No licence is known for a file.
    """
    used: dict[Licence, None] = {}
    for name in files:
        row = next((r for r in LICENCES if any(fnmatch(name, pattern) for pattern in r.files)), None)
        if row is None:
            raise DataError(f"no licence is known for {name}; add a row to {__name__}.LICENCES")
        used[row.licence] = None
    return tuple(used) or (GENERATED,)
