"""The arrays of the kernel and the meanings of their rows and columns.

A scenario is packed into a few two-dimensional arrays, so that jitted functions take few arguments. Nodes
and links have one row per quantity, so that a quantity of all nodes lies contiguously for the loops over
them; tasks have one row each, so that an event finds all of a task in two or three cache lines. The
constants below are the numbers of rows and columns; numba sees them as literals.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aurora.types import FloatArray, IntArray

NO_LIMIT = 1e9
"""Value of `task.sla_latency`, seconds, for a task without an SLA."""

MOST_DEVICES = 64
"""Largest number of devices of a node."""

DEVICE = 1_024_000
"""Number of parts of a whole device: a thousand times a power of two.

Thousandths are whole numbers of parts, and scaling by a power of two changes no sum or score of thousandths. Parts are
finer than thousandths, so that seven sevenths fit and an eighth does not.
"""

TOLERANCE = 1e-9
"""Slack in every comparison of a request with what is free."""

# Columns of Problem.task_f, float64 [tasks, columns].
T_ARRIVAL, T_READY_AT, T_CPU, T_MEMORY, T_DURATION, T_REQUESTED, T_SLA, T_BANDWIDTH, T_DATA = range(9)
T_PATIENCE, T_PRIORITY, T_DEPENDENTS, T_DOMINANT, T_PLAN_KEY = range(9, 14)
TASK_FLOATS = 14

# Columns of Problem.task_i, int64 [tasks, columns].
T_DEVICES, T_SHARE, T_MODELS, T_ROUTE, T_CLASS, T_PIN, T_PLACEABLE, T_PARENTS, T_RANK, T_CONSTRAINED = range(10)
# Number of the first task of the task's user, and of the first of them that requested as much, from 1; 0: no user.
T_USER, T_SIMILAR = 10, 11
TASK_INTS = 12

# Rows of Problem.node_f (capacities and constants), float64 [rows, nodes].
N_CPU, N_MEMORY, N_SPEED, N_PRICE, N_IDLE, N_FULL, N_BATTERY, N_MODEL_DEMAND, N_CARBON = range(9)
# Cores per device of the typical mix that may use the node's model.
N_CORES_PER_DEVICE = 9
NODE_FLOATS = 10

# Rows of Problem.node_i, int64 [rows, nodes].
N_DEVICES, N_MODEL = range(2)
NODE_INTS = 2

# Rows of the kernel's own node state, float64 [rows, nodes].
S_CPU_FREE, S_MEMORY_FREE, S_FRAGMENTATION, S_PRICE_FACTOR, S_PRICE_INTEGRAL, S_PRICE_TIME = range(6)
S_ENERGY, S_ENERGY_TIME, S_POWER, S_BATTERY_LEFT, S_DEPLETED_AT = range(6, 11)
# Factor of the carbon intensity now, grams emitted before it changed last, and the node's joules at that time.
S_CARBON_FACTOR, S_CARBON, S_CARBON_ENERGY = range(11, 14)
# The node's outlook (`aurora.sim.kernel.outlook`) as it is, and after the placement of task S_OUTLOOK - 2; 0: neither.
OUTLOOK = 4
S_NOW, S_AFTER = 14, 14 + OUTLOOK
S_WORK = 14 + 2 * OUTLOOK  # of no meaning between calls
STATE_FLOATS = S_WORK + 1

# Rows of the kernel's own node state, int64 [rows, nodes]. The last five count tasks by accelerator class.
S_DOWN, S_TASKS, S_ACCELERATOR_TASKS, S_LAST, S_FAILURES, S_FREE_SHARES, S_IDLE_DEVICES, S_LARGEST = range(8)
S_OUTLOOK, S_CLASS = 8, 9
ACCELERATOR_CLASSES = 5
STATE_INTS = S_CLASS + ACCELERATOR_CLASSES

# Rows of Problem.link_f and of the link state, float64 [rows, links].
L_BANDWIDTH, L_PRICE = range(2)
LINK_FLOATS = 2
S_LINK_FREE, S_LINK_FACTOR = range(2)
LINK_STATE = 2

# Rows of Problem.path_f, float64 [rows, paths].
P_LATENCY, P_BANDWIDTH = range(2)
PATH_FLOATS = 2

# Columns of the tasks' state, float64 [tasks, columns].
R_START, R_FINISH, R_EXPECTED, R_LATENCY, R_INTEGRAL, R_COST = range(6)
# Run times of the last two completed tasks of a user, and of those with the same request, in the row of the first such
# task; -1: there is none.
R_USER_LAST, R_USER_BEFORE, R_SIMILAR_LAST, R_SIMILAR_BEFORE = range(6, 10)
RUN_FLOATS = 10

# Columns of the tasks' state, int64 [tasks, columns].
R_NODE, R_PATH, R_ATTEMPTS, R_STATUS, R_PENDING, R_WAITING, R_TRIED, R_POSITION, R_SEQUENCE = range(9)
R_DEVICE_MASK = 9
RUN_INTS = 10

WAITING_NOT_YET, RUNNING = -1, -2
"""Values of R_STATUS besides those of `aurora.sim.outcome.Status`: not started, running."""

# Entries of the clock vector, float64.
C_NOW, C_CPU_USED, C_MEMORY_USED, C_SHARES_USED, C_BANDWIDTH_USED, C_PRICE_FACTOR, C_RESERVATION = range(7)
C_INTEGRAL_CPU, C_INTEGRAL_MEMORY, C_INTEGRAL_SHARES, C_INTEGRAL_BANDWIDTH, C_INTEGRAL_TIME = range(7, 12)
C_MAKESPAN, C_LINK_COST, C_CPU_TOTAL, C_MEMORY_TOTAL, C_DEVICES_TOTAL, C_NEXT_DEPLETION, C_FIRST = range(12, 19)
CLOCK = 19

# Entries of the counters, int64.
K_WAITING, K_RUNNING, K_DECISIONS, K_HEAD, K_HEAD_STUCK, K_RESERVED, K_FREED, K_HEAP, K_SEQUENCE = range(9)
K_NODES_DOWN, K_LOG, K_TRACED, K_QUEUE, K_LINK_FREED, K_STAMP, K_STALE = range(9, 16)
COUNTERS = 16

# Kinds of static events, in the order in which they are applied at one instant.
E_RECOVERY, E_FAILURE, E_PRICE, E_CARBON, E_CONGESTION, E_PATIENCE = range(6)


class Problem(NamedTuple):
    """A scenario in the kernel's arrays; read-only, and shared by any number of runs and threads.

    Attributes:
        task_f, task_i: Tasks, columns T_*; T_MODELS is a bit mask of allowed models, T_PIN a candidate
            number, -1 for any, -2 for a task that a plan leaves out.
        children: Dependents of each task in CSR form, int64; `children_start` has tasks + 1 entries.
        arrivals: int64 [tasks], tasks in the order in which they become ready.
        node_f, node_i: Nodes, rows N_*.
        link_f, path_f: Links and paths; `path_links` in CSR form by `path_start`.
        candidate_node, candidate_path: Candidate lists of all routes, -1 for none; `route_start` in CSR form.
        event_time, event_i: Static events in order; event_i int64 [2, events]: kind, target.
        event_value: float64 [events].
        congestion: float64 [4, n]: link (-1 all), start, end, factor.
        fragment_cpu: float64 [u], ascending distinct cores of typical tasks.
        fragment_kind: int64 [2, j]: devices and share of each distinct accelerator request.
        fragment_weight: float64 [models + 1, u + 1, j]: frequency of typical tasks of kind j that the model
            allows and that need at most the u-th number of cores.
        mix_kind: int64 [2, k]: devices and share of each distinct accelerator request of typical tasks, with (0, 0)
            for none.
        mix_start: int64 [k + 1], the typical tasks of each kind, in CSR form.
        mix_f: float64 [3, typical tasks]: cores, frequency, frequency among those that ask for devices.
        mix_models: int64 [typical tasks], bit mask of allowed models.
        mix_waste: float64 [1001], expected waste of a device by the thousandths of it that are free.
        objective: float64 [objective features]: the features `objective.*`, in their order.
        options: int64 [6]: together, max attempts, seed, has paths, has plan, has zero patience.
    """

    task_f: FloatArray
    task_i: IntArray
    children_start: IntArray
    children: IntArray
    arrivals: IntArray
    node_f: FloatArray
    node_i: IntArray
    link_f: FloatArray
    path_f: FloatArray
    path_start: IntArray
    path_links: IntArray
    candidate_node: IntArray
    candidate_path: IntArray
    route_start: IntArray
    event_time: FloatArray
    event_i: IntArray
    event_value: FloatArray
    congestion: FloatArray
    fragment_cpu: FloatArray
    fragment_kind: IntArray
    fragment_weight: FloatArray
    mix_kind: IntArray
    mix_start: IntArray
    mix_f: FloatArray
    mix_models: IntArray
    mix_waste: FloatArray
    objective: FloatArray
    options: IntArray


O_TOGETHER, O_MAX_ATTEMPTS, O_SEED, O_HAS_PATHS, O_HAS_PLAN, O_ZERO_PATIENCE = range(6)


class State(NamedTuple):
    """The state of a run: rows S_*, columns R_*, entries C_* and K_*.

    Attributes:
        node_f, node_i: Node state.
        devices: int64 [nodes, most devices], free parts of each device (`DEVICE`); -1 past a node's last.
        link_f: Link state.
        run_f, run_i: Task state. R_DEVICE_MASK is a bit mask of the devices taken.
        clock, counters: Scalars.
        waiting: int64 [tasks], the queue, by index (by key, index where the order is static); K_QUEUE
            entries, of which K_WAITING still wait.
        arrived: int64 [tasks], the queue by arrival; kept only with backfilling.
        running: int64 [tasks], running tasks in no order.
        freed: int64 [nodes], nodes on which resources were freed since the last round, K_FREED of them.
        key: float64 [tasks], order keys.
        log: int64 [...], nodes in the order in which they changed, K_LOG of them.
        trial_devices: int64 [most devices], the devices of a node after a trial placement.
        heap_time, heap_code: int64 [k], completions: the bits of the time, and task and sequence number in one
            number; K_HEAP of them, of which K_STALE are of attempts that were lost.
    """

    node_f: FloatArray
    node_i: IntArray
    devices: IntArray
    link_f: FloatArray
    run_f: FloatArray
    run_i: IntArray
    clock: FloatArray
    counters: IntArray
    waiting: IntArray
    arrived: IntArray
    running: IntArray
    freed: IntArray
    key: FloatArray
    log: IntArray
    trial_devices: IntArray
    heap_time: IntArray
    heap_code: IntArray


class Scratch(NamedTuple):
    """Scratch space of one run: the candidates under decision and the machine's registers.

    Attributes:
        nodes, paths, numbers: int64 [most candidates], node, path and number of each.
        scores: float64 [most candidates or tasks].
        scalars: float64 [registers].
        vectors: float64 [registers, most candidates or tasks].
        rows: int64 [registers], where the values of each vector register lie: in its row of `vectors`, or in a row
            of the scenario.
        tasks, others: int64 [tasks], the tasks of a round of placements, and of a look ahead or a failure.
        changed: int64 [nodes], nodes whose cached score is renewed.
        saved_f, saved_i, saved_devices, saved_links: Copies of node and link state during a look ahead; empty without
            backfilling.
    """

    nodes: IntArray
    paths: IntArray
    numbers: IntArray
    scores: FloatArray
    scalars: FloatArray
    vectors: FloatArray
    rows: IntArray
    tasks: IntArray
    others: IntArray
    changed: IntArray
    saved_f: FloatArray
    saved_i: IntArray
    saved_devices: IntArray
    saved_links: FloatArray


class Tracer(NamedTuple):
    """Record of decisions; the fields of `aurora.sim.outcome.Trace`, empty if not wanted."""

    time: FloatArray
    task: IntArray
    rule: IntArray
    feasible: IntArray
    candidates: IntArray
    nodes: IntArray
    paths: IntArray
    scores: FloatArray
    features: FloatArray


class Cache(NamedTuple):
    """Scores by task class and node.

    Attributes:
        task_class: int64 [tasks].
        leaf: float64 [classes, nodes], score, -inf where infeasible.
        winner: int64 [classes, 2 * width], tournament tree over nodes, root at 1; -1 for none.
        position: int64 [classes], number of entries of the change log that the class has read; -1: none yet.
        mark: int64 [nodes], number of the refresh that last collected the node.
    """

    task_class: IntArray
    leaf: FloatArray
    winner: IntArray
    position: IntArray
    mark: IntArray


# Columns of Batch.cursor, int64 [episodes, columns]: where an episode stands. The first ones are its scenario (its
# place in the list), the phase, how many tasks have arrived (and had before this instant), how many static events
# were applied.
B_SCENARIO, B_PHASE, B_ARRIVED, B_ARRIVED_BEFORE, B_EVENT = range(5)
# The place in the round of placements and its length; the task whose decision is due, -1 where none is, and how many
# candidates it has; decisions shown so far; the scenario that ended in the last step, -1 if none did.
B_PLACE, B_SIZE, B_TASK, B_CHOICES, B_SHOWN, B_ENDED = range(5, 11)
CURSOR = 11

# Columns of Batch.totals, float64 [episodes, columns]: sums over the tasks placed so far (how many, latency, cost,
# energy, carbon, how many within their SLA), the potential of this state, and what the last step paid and ended with.
G_PLACED, G_LATENCY, G_COST, G_ENERGY, G_CARBON, G_MET, G_POTENTIAL, G_REWARD, G_VALUE = range(9)
TOTALS = 9

# Entries of Batch.options, int64: whether only freed capacity releases a held task; whether decisions with one
# candidate are shown; whether an episode that ends is followed by another; the next scenario's place in the order;
# how often the order was shuffled; the seed.
A_GATE_STATIC, A_FORCED, A_RESTARTS, A_NEXT, A_SHUFFLES, A_SEED = range(6)
BATCH_OPTIONS = 6


class Batch(NamedTuple):
    """Episodes that are stepped together, with their observations.

    Attributes:
        scenarios: int64 [scenarios], the address of each `Problem`.
        order: int64 [scenarios], order of the scenarios.
        states, scratches: int64 [episodes], addresses of each episode's `State` and `Scratch`.
        cursor: int64 [episodes, CURSOR], columns B_*.
        totals: float64 [episodes, TOTALS], columns G_*.
        placed_latency: float64 [episodes, most tasks], latency of each task's last placement; NaN before the first.
        busy: float64 [episodes, most nodes], end of the last of a node's tasks, as known now.
        options: int64 [BATCH_OPTIONS], entries A_*.
        actions: int64 [episodes], the number of the candidate that each takes next.
        candidate_inputs, context_inputs: int64 [inputs, 3], rows of `aurora.sim.policies.inputs.Input`.
        candidate_scale, context_scale: float64 [inputs], divisor of each input.
        candidates: float32 [episodes, most candidates, inputs].
        mask: uint8 [episodes, most candidates], 1 where a candidate may be taken.
        context: float32 [episodes, inputs].
        sums: float64 [VALUES], scratch space.
    """

    scenarios: IntArray
    order: IntArray
    states: IntArray
    scratches: IntArray
    cursor: IntArray
    totals: FloatArray
    placed_latency: FloatArray
    busy: FloatArray
    options: IntArray
    actions: IntArray
    candidate_inputs: IntArray
    context_inputs: IntArray
    candidate_scale: FloatArray
    context_scale: FloatArray
    candidates: NDArray[np.float32]
    mask: NDArray[np.uint8]
    context: NDArray[np.float32]
    sums: FloatArray
