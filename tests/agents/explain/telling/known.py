"""Facts about one made-up decision and one made-up run, for tests."""

from aurora.agents.explain.telling.facts import known_of_decision, known_of_run
from aurora.sim.explain.claims import FEASIBLE, SCORE, CauseClaim, ComparisonClaim, FlipClaim, OutcomeClaim, ValueClaim
from aurora.sim.scenarios.scenario import Node
from aurora.sim.scenarios.whatif import LoadChanges, NodeFails, NodeRemoved, PriceChanges
from tests.sim.explain.test_decision import A, B, decide, scored, small

EAST = A.model_copy(update={"node_id": "east-1", "price_per_hour": 1.0})
WEST = B.model_copy(update={"node_id": "west-1", "price_per_hour": 1.5})
NORTH = Node(node_id="north-1", cpu=32, memory=64, price_per_hour=3)
SCENARIO = small(EAST, WEST, NORTH)
DECISION = decide(SCENARIO, scored("-node.price"))
CLAIMS = [
    ValueClaim("east-1", FEASIBLE, 3.0),
    ComparisonClaim("east-1", "node.price", "lowest", ""),
    ComparisonClaim("east-1", "node.price", "lower", "west-1"),
    CauseClaim("west-1", ("node.price",)),
    FlipClaim("west-1", "node.price", 1.0, True),
    ComparisonClaim("east-1", "node.cpu_free", "lower", "west-1"),
]
KNOWN = known_of_decision(CLAIMS, DECISION, SCENARIO)

TWIN = EAST.model_copy(update={"node_id": "twin-1"})
LEVEL = small(EAST, TWIN)
DRAWN = decide(LEVEL, scored("1"))
DRAW = known_of_decision([ComparisonClaim("east-1", SCORE, "equal", "twin-1")], DRAWN, LEVEL)

GONE = NodeRemoved(node_id="east-1")
RUN_CLAIMS = [
    OutcomeClaim(None, "completed", 20.0),
    OutcomeClaim(None, "sla_violations", 0.0),
    OutcomeClaim(None, "latency_mean", 8.79),
    OutcomeClaim(None, "cost", 0.049),
    OutcomeClaim(None, "energy", 50948.0),
    OutcomeClaim(GONE, "energy", 66388.0),
    OutcomeClaim(GONE, "completed", 19.0),
    OutcomeClaim(NodeFails(node_id="west-1", start=100.0, duration=600.0), "latency_mean", 12.5),
    OutcomeClaim(LoadChanges(factor=1.3), "cost", 0.07),
    OutcomeClaim(PriceChanges(factor=2.0, node_id="west-1"), "cost", 0.08),
]
RUN = known_of_run(
    RUN_CLAIMS,
    SCENARIO,
    "fgd",
    21,
    {frozenset({"fit.energy"}): 12, frozenset({"fit.cost", "node.speed"}): 5, "a draw": 4},
)
