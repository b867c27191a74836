"""Settings of the web desk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aurora.agents.operator.answer import Mode
from aurora.cluster.plans.folder import PLANS
from aurora.graphs.chat.opening import DEFAULT_SNAPSHOT
from aurora.graphs.chat.sessions import SESSIONS
from aurora.graphs.chat.state import least_mode

LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")
"""Addresses that only this machine reaches."""
PORT = 8760
"""Port of the pages unless another is given."""


@dataclass(frozen=True)
class WebSettings:
    """What the web desk shows, and how it is served.

    Attributes:
        snapshot: Path of a snapshot, a sample such as `sample:web-shop`, or `kubernetes[:CONTEXT]`.
        history: File of measured series; None: that of the sample, where it has one.
        plans: Folder of plans.
        sessions: SQLite file of conversations.
        runs: Folder of self-play runs, studies and evaluations.
        data: Folder of files that pages may open; None: none.
        model: `PROVIDER:MODEL` that answers; "": rules.
        mode: What conversations, pages and programs may do at most; see `first_mode`.
        applies_live: True: approved plans change the live cluster; False: files or scripts are written.
        host: Address to listen on.
        port: Port; 0 for any that is free.
        token: Secret that a browser or program must show; "": none, which only an address of this machine allows.
        policy: Policy that answers kube-scheduler under `/extender`; "": none does.
        names: Names under which others reach the server, such as `desk.example.org`.
        mcp_plans: True: clients of the MCP server may write plans.
        tls_cert: PEM file with the server's certificate and those that signed it; None: plain HTTP.
        tls_key: PEM file with its key; None: the key is in `tls_cert`.
    """

    snapshot: str = DEFAULT_SNAPSHOT
    history: Path | None = None
    plans: Path = PLANS
    sessions: Path = SESSIONS
    runs: Path = Path("runs")
    data: Path | None = None
    model: str = ""
    mode: Mode = "apply"
    applies_live: bool = False
    host: str = "127.0.0.1"
    port: int = PORT
    token: str = ""
    policy: str = ""
    names: tuple[str, ...] = ()
    mcp_plans: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None

    @property
    def first_mode(self) -> Mode:
        """What a new conversation may do until a person chooses otherwise: write plans, where that is allowed."""
        return least_mode("plan", self.mode)

    @property
    def scheme(self) -> str:
        """Scheme of the server's address."""
        return "http" if self.tls_cert is None else "https"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can connect."""
        return self.host in LOCAL_HOSTS
