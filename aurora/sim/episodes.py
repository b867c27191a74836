"""Scenarios played decision by decision: the kernel runs until a candidate is to be chosen, and waits.

    episodes = Episodes(scenarios, count=64)
    episodes.begin()
    while learning:
        actions = agent(episodes.candidates, episodes.mask, episodes.context)
        episodes.step(actions)

All episodes are stepped in one call of the kernel. The meaning of a step is that of `docs/reference/kernel.md`: a
base policy says who is next and who may overtake, the agent where it goes. `docs/reference/environment.md` says what it
sees and is paid.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from aurora.errors import PolicyError, ScenarioError
from aurora.sim.kernel import EncodedScenario
from aurora.sim.kernel import layout as at
from aurora.sim.kernel.episode import BEGIN, OVER, PREFER, STEP, drive, sums_of
from aurora.sim.kernel.lanes import LANES
from aurora.sim.kernel.pins import Pinned
from aurora.sim.kernel.run import gate_is_static, outcome_of, summary_of
from aurora.sim.kernel.summary import VALUES
from aurora.sim.outcome import Outcome
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.features import FEATURE_INDEX
from aurora.sim.policies.inputs import CANDIDATE_INPUTS, CONTEXT_INPUTS, parse_input, scale_of
from aurora.sim.policies.policy import Policy
from aurora.sim.policies.program import Program
from aurora.sim.policies.references import REFERENCES

BASE = REFERENCES["first_fit"]
"""Default base policy: tasks in order of arrival, and whatever fits is placed."""


class Episodes:
    """Episodes that are stepped together. The arrays are filled anew by every call; copy what is to be kept.

    Attributes:
        scenarios: The scenarios.
        candidates: float32 [episodes, most candidates, inputs], 0 where nothing may be chosen.
        mask: bool [episodes, most candidates], which candidates the task that is due may take now; by their
            number in the task's list (`docs/reference/kernel.md`), so of a task that may use any node, without a
            path, the index of the node.
        context: float32 [episodes, inputs].
        reward: float64 [episodes], what the last step paid; the rewards of an episode add up to `value`.
        value: float64 [episodes], the reward of the scenario (`aurora.sim.rewards.score`) in an episode that ended
            in the last step, NaN elsewhere.
        ended: int64 [episodes], the place in the list of the scenario that ended in the last step; -1 if none did.
        playing: int64 [episodes], that of the scenario that is played now.
        task: int64 [episodes], the task that is due; -1 in an episode that is over.
    """

    def __init__(
        self,
        scenarios: Sequence[EncodedScenario],
        count: int,
        *,
        base: Policy = BASE,
        most_candidates: int | None = None,
        forced: bool = False,
        restarts: bool = True,
        seed: int = 0,
    ) -> None:
        """Allocate the arrays; `begin` starts.

        Args:
            scenarios: At least one scenario, none with an allocation plan.
            count: Number of episodes, at least 1.
            base: Its `order`, discipline, `admit`, `when` and choice of devices hold; its scores don't.
            most_candidates: Length of the lists of candidates; by default that of the longest.
            forced: Whether decisions with a single candidate are shown; otherwise it is taken at once.
            restarts: Whether another scenario begins where one ends. The order is drawn anew for every pass.
            seed: Random seed of that order.

        Raises:
            PolicyError: An expression of the base policy is not valid, or it is a plan.
            ScenarioError: There is no scenario, one has a plan, or one has more candidates than `most_candidates`.
        """
        if base.allocation_plan is not None:
            raise PolicyError(f"policy {base.policy_id} is a plan; an episode needs one with rules as its base")
        if not scenarios or any(e.problem.options[at.O_HAS_PLAN] for e in scenarios):
            raise ScenarioError("an episode needs at least one scenario, and none with an allocation plan")
        if count < 1:
            raise ScenarioError(f"{count} episodes; at least 1 is needed")
        self.scenarios, self._may_be_idle = tuple(scenarios), forced
        program = compile_policy(base)
        widest = max(int(np.diff(e.problem.route_start).max(initial=1)) for e in scenarios)
        if most_candidates is not None and most_candidates < widest:
            raise ScenarioError(f"a scenario has {widest} candidates, room is for {most_candidates}; give more")
        shapes = _Shapes(self.scenarios, program.code[:, 1].max(initial=0) + 1, _saves_state(program), widest)
        self._slots = [(Pinned(shapes.state()), Pinned(shapes.scratch())) for _ in range(count)]
        width = widest if most_candidates is None else most_candidates
        inputs = [np.array([parse_input(t) for t in texts]) for texts in (CANDIDATE_INPUTS, CONTEXT_INPUTS)]
        options = np.zeros(at.BATCH_OPTIONS, np.int64)
        options[at.A_GATE_STATIC] = gate_is_static(program)
        options[at.A_FORCED], options[at.A_RESTARTS] = forced, restarts
        options[at.A_NEXT], options[at.A_SEED] = len(scenarios), seed
        self._fields = at.Batch(
            scenarios=np.array([e.pinned.address for e in scenarios], np.int64),
            order=np.arange(len(scenarios)),
            states=np.array([s.address for s, _ in self._slots], np.int64),
            scratches=np.array([b.address for _, b in self._slots], np.int64),
            cursor=np.zeros((count, at.CURSOR), np.int64),
            totals=np.zeros((count, at.TOTALS)),
            placed_latency=np.empty((count, shapes.tasks)),
            busy=np.empty((count, shapes.nodes)),
            options=options,
            actions=np.zeros(count, np.int64),
            candidate_inputs=inputs[0],
            context_inputs=inputs[1],
            candidate_scale=np.array([scale_of(t) for t in CANDIDATE_INPUTS]),
            context_scale=np.array([scale_of(t) for t in CONTEXT_INPUTS]),
            candidates=np.zeros((count, width, len(inputs[0])), np.float32),
            mask=np.zeros((count, width), np.uint8),
            context=np.zeros((count, len(inputs[1])), np.float32),
            sums=np.zeros(VALUES),
        )
        self._batch, self._program = Pinned(self._fields), Pinned(program)
        self.candidates, self.context = self._fields.candidates, self._fields.context
        self.mask = self._fields.mask.view(np.bool_)
        self.reward, self.value = self._fields.totals[:, at.G_REWARD], self._fields.totals[:, at.G_VALUE]
        cursor = self._fields.cursor
        cursor[:, at.B_TASK] = cursor[:, at.B_ENDED] = -1
        self.ended, self.playing = cursor[:, at.B_ENDED], cursor[:, at.B_SCENARIO]
        self.task = cursor[:, at.B_TASK]

    def __reduce__(self) -> NoReturn:
        """Refuse to be copied: a copy would go on writing where the original's arrays lie."""
        raise TypeError("episodes can't be copied or pickled; make others of the same scenarios")

    def begin(self, seed: int | None = None) -> None:
        """Start a scenario in every episode: the next ones that have a decision to make.

        Args:
            seed: Starts the order of the scenarios anew; by default it goes on.

        Raises:
            ScenarioError: None of the scenarios has a decision to make (unless `forced`: then an episode may be over
                at once).
        """
        options = self._fields.options
        if seed is not None:
            options[at.A_NEXT], options[at.A_SEED], options[at.A_SHUFFLES] = len(self.scenarios), seed, 0
            self._fields.order[:] = np.arange(len(self.scenarios))
        self.reward[:], self.value[:] = 0, np.nan
        drive(self._batch.address, self._program.address, BEGIN)
        if not self._may_be_idle and (self.task < 0).any():
            raise ScenarioError("no scenario has a task with two candidates at once; there is nothing to decide")

    def step(self, actions: NDArray[np.int64]) -> None:
        """Take an action in every episode; one that is over stays as it is.

        Args:
            actions: int64 [episodes], numbers of candidates that the mask allows. Nothing checks that here.
        """
        self._fields.actions[:] = actions
        drive(self._batch.address, self._program.address, STEP)

    def preferred(self) -> NDArray[np.int64]:
        """The actions that the base policy's own scores prefer, int64 [episodes]; 0 where an episode is over."""
        self._fields.actions[:] = 0
        drive(self._batch.address, self._program.address, PREFER)
        return self._fields.actions.copy()

    def outcome(self, episode: int = 0) -> Outcome:
        """Return the outcome of an episode that is over (`restarts` is False).

        Raises:
            ScenarioError: A decision is still due in it.
        """
        cursor = self._fields.cursor[episode]
        if cursor[at.B_PHASE] != OVER:
            raise ScenarioError(f"episode {episode} is not over; its outcome isn't known yet")
        encoded, state = self.scenarios[cursor[at.B_SCENARIO]], self._slots[episode][0].fields
        tasks = encoded.problem.task_f.shape[0]
        summary = summary_of(sums_of(self._batch.address, episode))
        return outcome_of(encoded, summary, state.run_f[:tasks], state.run_i[:tasks])


def play(encoded: EncodedScenario, base: Policy, choose: Callable[[Episodes], int]) -> Outcome:
    """Play one scenario to its end.

    Args:
        encoded: The scenario.
        base: Says who is next; see `Episodes`.
        choose: Called at every decision, those with one candidate included; returns the number of a candidate that
            `mask[0]` allows.

    Raises:
        ScenarioError: A number was returned that the mask does not allow.
    """
    episodes = Episodes([encoded], 1, base=base, forced=True, restarts=False)
    episodes.begin()
    while episodes.task[0] >= 0:
        action = choose(episodes)
        if not 0 <= action < episodes.mask.shape[1] or not episodes.mask[0, action]:
            raise ScenarioError(f"candidate {action} can't take task {episodes.task[0]} now; the mask says which can")
        episodes.step(np.array([action]))
    return episodes.outcome()


def empty_state(tasks: int, nodes: int, devices: int, links: int) -> at.State:
    """Return the kernel's state before anything happened.

    Args:
        tasks: Number of tasks.
        nodes: Number of nodes.
        devices: Most devices of a node, at least 1.
        links: Number of links.
    """
    return at.State(
        node_f=np.zeros((at.STATE_FLOATS, nodes)),
        node_i=np.zeros((at.STATE_INTS, nodes), np.int64),
        devices=np.full((nodes, devices), -1, np.int64),
        link_f=np.zeros((at.LINK_STATE, links)),
        run_f=np.zeros((tasks, at.RUN_FLOATS)),
        run_i=np.zeros((tasks, at.RUN_INTS), np.int64),
        clock=np.zeros(at.CLOCK),
        counters=np.zeros(at.COUNTERS, np.int64),
        waiting=np.zeros(tasks, np.int64),
        arrived=np.zeros(tasks, np.int64),
        running=np.zeros(tasks + 1, np.int64),
        freed=np.zeros(nodes, np.int64),
        key=np.zeros(tasks),
        log=np.zeros(0, np.int64),
        trial_devices=np.zeros(devices, np.int64),
        heap_time=np.zeros(2 * tasks + 2, np.int64),
        heap_code=np.zeros(2 * tasks + 2, np.int64),
    )


def _saves_state(program: Program) -> bool:
    """Return whether the kernel looks ahead at the ends of running tasks for a program."""
    return bool(program.easy or program.uses_order[FEATURE_INDEX["task.expected_start"]])


class _Shapes:
    """Sizes of an episode's arrays, so that every scenario finds room."""

    def __init__(self, scenarios: Sequence[EncodedScenario], registers: int, easy: bool, widest: int) -> None:
        problems = [e.problem for e in scenarios]
        self.tasks = max(p.task_f.shape[0] for p in problems)
        self.nodes = max(1, *(p.node_f.shape[1] for p in problems))
        self._links = max(p.link_f.shape[1] for p in problems)
        self._devices = max(1, *(int(p.node_i[at.N_DEVICES].max(initial=1)) for p in problems))
        self._registers, self._easy = int(registers), easy
        self._widest = max(widest, self.nodes)

    def state(self) -> at.State:
        """Room for the state of one episode."""
        return empty_state(self.tasks, self.nodes, self._devices, self._links)

    def scratch(self) -> at.Scratch:
        """Scratch space of one episode."""
        longest = -(-max(self._widest, self.tasks) // LANES) * LANES
        saved = self.nodes if self._easy else 0
        return at.Scratch(
            nodes=np.zeros(self._widest, np.int64),
            paths=np.zeros(self._widest, np.int64),
            numbers=np.zeros(self._widest, np.int64),
            scores=np.zeros(longest),
            scalars=np.zeros(self._registers),
            vectors=np.zeros((self._registers, longest)),
            rows=np.zeros(self._registers, np.int64),
            tasks=np.zeros(self.tasks, np.int64),
            others=np.zeros(self.tasks, np.int64),
            changed=np.zeros(self.nodes, np.int64),
            saved_f=np.zeros((at.STATE_FLOATS, saved)),
            saved_i=np.zeros((at.STATE_INTS, saved), np.int64),
            saved_devices=np.zeros((saved, self._devices), np.int64),
            saved_links=np.zeros((at.LINK_STATE, self._links)),
        )
