"""A small made-up problem that is wholly enumerated, with its exact measurements."""

from functools import cache

from aurora.learning.composition.environment.problem import Problem
from aurora.learning.composition.scores.objective import Weights
from benchmarks.composition_made_up import ExactEvaluator, make_up, whole_space


class TableMoves:
    """Pipelines of a list are neighbours where they differ in one chain or threshold; the edit's number is the row."""

    def __init__(self, space):
        self.space = list(space)
        self.size = len(self.space)
        self.operations = ("swap model",) * self.size
        self._tokens = [
            {(k - len(p.stages), b) for k, s in enumerate(p.stages) for b in s.branches}
            | {s.threshold for s in p.stages}
            for p in self.space
        ]
        self._rows = {p: k for k, p in enumerate(self.space)}

    @cache  # noqa: B019  # lives as long as the tests
    def neighbours(self, pipeline):
        own = self._tokens[self._rows[pipeline]]
        return [(k, self.space[k]) for k, other in enumerate(self._tokens) if 0 < len(own ^ other) <= 2]


@cache
def made_up_problem(seed=0, accuracy=1.0, latency=0.2, cost=0.1):
    """Return a problem of some hundred pipelines, and the measurement of each."""
    task = make_up(seed, models=3, items=200)
    space = whole_space(list(task.chains), branches=2)
    table = {
        pipeline: one for evaluator in [ExactEvaluator(task)] for pipeline in space for one in [evaluator(pipeline)]
    }
    singles = [
        one for pipeline, one in table.items() if len(pipeline.components) == 1 or len(str(pipeline).split()) <= 3
    ]
    scales = max(one.latency for one in singles), max(one.cost for one in singles)
    weights = Weights(accuracy, latency, cost, *scales)
    problem = Problem(weights, TableMoves(space), tuple(sorted(task.chains)), space=tuple(space), most_stages=2)
    return problem, table
