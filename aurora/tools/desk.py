"""The data that tools may read: scenarios and policies by id, drafts, the archive and its index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aurora.champions.champion import PREFIX
from aurora.champions.named import named_policy, policy_names
from aurora.cluster.feasibility import Room
from aurora.cluster.snapshot import Snapshot
from aurora.errors import InputError, PolicyError, ScenarioError, StoreError
from aurora.sim.policies.policy import Policy

if TYPE_CHECKING:  # slow to import, where they are used
    from aurora.cluster.plans.targets.target import Target
    from aurora.learning.accounts import Account
    from aurora.learning.series.series import Series
    from aurora.memory.index import Index
    from aurora.memory.store import Store
    from aurora.sim.kernel import EncodedScenario
    from aurora.sim.outcome import Outcome
    from aurora.sim.scenarios.scenario import Scenario


def reward(scenario: Scenario, outcome: Outcome) -> float:
    """Return the reward of an outcome by the scenario's own objectives."""
    from aurora.sim.rewards import score  # noqa: PLC0415  # where it is used

    return score(outcome.summary, scenario).reward


class Desk:
    """The data of one conversation; it can add drafts and change nothing else.

    Args:
        scenarios: Open scenarios.
        policies: Policies by id, in addition to the references, the shipped champions and the archive's.
        store: Archive.
        index: Similarity index of the archive.
        expand: Function from the JSON of an archived spec to its scenario.
        value: Function from scenario and outcome to a policy's value; higher is better.
        series: Open series of measured demand.
        accounts: Open histories of accounts.
        experiments: Folders of open experiments, by id.
        snapshot: Open cluster.
        plans: Folder of plans, as of `aurora.cluster.plans.folder`.
        container_series: Returns the measured use of each container of each task, where it is kept apart from `series`.
        reopen: Returns the cluster as it is now; None: it can't be read anew.
        is_live: True: the snapshot was read from a running cluster, so that its age matters.
        target: Returns where approved plans are applied; None: files or scripts beside the plan.
        runs: Folder of runs, where compositions and their deployments are kept.
    """

    def __init__(  # noqa: PLR0913  # what is open, each by its name
        self,
        scenarios: Iterable[EncodedScenario],
        policies: Mapping[str, Policy] | None = None,
        *,
        store: Store | None = None,
        index: Index | None = None,
        expand: Callable[[Any], Scenario] | None = None,
        value: Callable[[Scenario, Outcome], float] = reward,
        series: Iterable[Series] = (),
        accounts: Iterable[Account] = (),
        experiments: Mapping[str, Path] | None = None,
        snapshot: Snapshot | None = None,
        plans: Path | None = None,
        container_series: Callable[[], Iterable[Series]] | None = None,
        reopen: Callable[[], Snapshot] | None = None,
        is_live: bool = False,
        target: Callable[[], Target] | None = None,
        runs: Path = Path("runs"),
    ) -> None:
        self.store = store
        self.index = index
        self.value = value
        self._expand = expand
        self._scenarios = {e.scenario.scenario_id: e for e in scenarios}
        self._policies = dict(policies or {})
        self._series = {s.unique_id: s for s in series}
        self._accounts = {a.account_id: a for a in accounts}
        self._experiments = dict(experiments or {})
        self._snapshot = snapshot
        self._room: Room | None = None
        self._plans = plans
        self._container_series = container_series
        self._reopen = reopen
        self.is_live = is_live
        self.target = target
        self.runs = runs

    def copy(self) -> Desk:
        """Return a desk with what is open here; what is drafted or opened there does not show here."""
        other = copy(self)
        other._scenarios, other._policies, other._room = dict(self._scenarios), dict(self._policies), None
        return other

    @property
    def scenario_ids(self) -> tuple[str, ...]:
        """Return the ids of the open scenarios."""
        return tuple(self._scenarios)

    @property
    def open_ids(self) -> tuple[str, ...]:
        """Return the ids of all open data, which distinguish a call's result from that of the same call elsewhere."""
        cluster = () if self._snapshot is None else (f"{self._snapshot.snapshot_id} {self._snapshot.taken_at}",)
        return (*self._scenarios, *self._series, *self._accounts, *self._experiments, *cluster)

    @property
    def cluster(self) -> Snapshot:
        """Return the open cluster.

        Raises:
            InputError: No cluster is open.
        """
        if self._snapshot is None:
            raise InputError("no cluster is open; open one with a snapshot, such as sample:web-shop")
        return self._snapshot

    def refresh(self) -> Snapshot:
        """Read the open cluster anew, and return it.

        Raises:
            InputError: It can't be read anew.
            FileError: A file can't be read.
            DataError: The cluster can't be reached, or a file is none of a snapshot.
        """
        if self._reopen is None:
            raise InputError("what is open can't be read anew")
        self._snapshot, self._room = self._reopen(), None
        return self._snapshot

    @property
    def plans(self) -> Path:
        """Return the folder of plans.

        Raises:
            InputError: None is open.
        """
        if self._plans is None:
            raise InputError("no folder of plans is open; this conversation can't make or apply plans")
        return self._plans

    @property
    def holds_plans(self) -> bool:
        """Return whether a folder of plans is open and holds one."""
        return self._plans is not None and self._plans.is_dir() and any(self._plans.glob("*.json"))

    def room(self) -> Room:
        """Return the room of the open cluster's nodes; who takes some must give it back.

        Raises:
            InputError: No cluster is open.
        """
        if self._room is None:
            self._room = Room(self.cluster)
        return self._room

    def known_node(self, node_id: str) -> str:
        """Return the id of a node of the open cluster.

        Raises:
            InputError: No cluster is open, or it has no such node.
        """
        known = self.cluster.nodes_by_id
        if node_id not in known:
            near = get_close_matches(node_id, known, n=3)
            hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(list(known)[:10])}"
            raise InputError(f"no node {node_id!r}; {hint}", parameter="node_id")
        return node_id

    def scenario(self, scenario_id: str) -> EncodedScenario:
        """Return an open or archived scenario.

        Raises:
            ScenarioError: There is no scenario of that id.
        """
        if scenario_id not in self._scenarios and self.store is not None and self._expand is not None:
            specs = self.store.specs([scenario_id])
            if specs:
                from aurora.sim.kernel import encode  # noqa: PLC0415  # slow to import, where it is used

                self._scenarios[scenario_id] = encode(self._expand(specs[scenario_id]))
        if scenario_id not in self._scenarios:
            raise ScenarioError(f"no scenario {scenario_id!r}; open are {', '.join(self._scenarios)}")
        return self._scenarios[scenario_id]

    def open_scenario(self, encoded: EncodedScenario) -> None:
        """Open a scenario for this conversation, in place of one of the same id."""
        self._scenarios[encoded.scenario.scenario_id] = encoded

    @property
    def series_ids(self) -> tuple[str, ...]:
        """Return the ids of the open series."""
        return tuple(self._series)

    def series(self, unique_id: str) -> Series:
        """Return an open series.

        Raises:
            InputError: No open series has that id.
        """
        if unique_id not in self._series:
            raise InputError(f"no series {unique_id!r}; open are {', '.join(self._series) or 'none'}")
        return self._series[unique_id]

    def container_series(self) -> tuple[Series, ...]:
        """Return the measured use of containers: series with the labels `task`, `container` and `metric`."""
        own = tuple(s for s in self._series.values() if s.labels.get("container"))
        return own if own or self._container_series is None else tuple(self._container_series())

    @property
    def account_ids(self) -> tuple[str, ...]:
        """Return the ids of the open accounts."""
        return tuple(self._accounts)

    def account(self, account_id: str) -> Account:
        """Return an open account.

        Raises:
            InputError: No open account has that id.
        """
        if account_id not in self._accounts:
            raise InputError(f"no account {account_id!r}; open are {', '.join(self._accounts) or 'none'}")
        return self._accounts[account_id]

    def experiment(self, experiment_id: str) -> Path:
        """Return the folder of an open experiment.

        Raises:
            InputError: No open experiment has that id.
        """
        if experiment_id not in self._experiments:
            raise InputError(f"no experiment {experiment_id!r}; open are {', '.join(self._experiments) or 'none'}")
        return self._experiments[experiment_id]

    def policy(self, policy_id: str) -> Policy:
        """Return a draft, a reference, a shipped champion or an archived policy.

        Raises:
            PolicyError: There is no policy of that id.
            DataError: The file of the champion is damaged.
        """
        known = self._policies.get(policy_id) or named_policy(policy_id)
        if known is not None:
            return known
        if self.store is not None:
            try:
                return self.store.policy(policy_id)
            except StoreError:
                pass  # the error below lists the known policies
        names = sorted({*policy_names(), *self._policies})
        meant = policy_id.lower()
        near = [n for n in (PREFIX + meant,) if n in names] or get_close_matches(meant, names, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(names)}, and the archive's"
        raise PolicyError(f"no policy {policy_id!r}; {hint}")

    def draft(self, policy: Policy) -> None:
        """Keep a policy for this conversation.

        Raises:
            PolicyError: The policy does not compile.
        """
        from aurora.sim.policies.compiler import compile_policy  # noqa: PLC0415  # where it is used

        compile_policy(policy)
        self._policies[policy.policy_id] = policy

    def outcome(self, scenario_id: str, policy_id: str) -> Outcome:
        """Simulate a policy on a scenario."""
        from aurora.sim.kernel import run  # noqa: PLC0415  # slow to import, where it is used
        from aurora.sim.policies.compiler import compile_policy  # noqa: PLC0415  # likewise

        return run(self.scenario(scenario_id), compile_policy(self.policy(policy_id)), policy_id=policy_id)

    def worth(self, scenario_id: str, policy_id: str) -> float:
        """Return a policy's value on a scenario."""
        return self.value(self.scenario(scenario_id).scenario, self.outcome(scenario_id, policy_id))
