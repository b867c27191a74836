import numpy as np

from aurora.learning.composition.agents.beliefs import Beliefs, first_look
from aurora.learning.composition.agents.cost_model import fit_model
from aurora.learning.composition.agents.encoding import Encoder
from aurora.learning.composition.agents.gaussian_process import Inputs, Kernel, compare, fit
from aurora.learning.composition.pipelines.pipeline import Branch, single
from aurora.learning.composition.scores.objective import Measured
from tests.learning.composition.made_up_search import made_up_problem


def inputs(count, seed):
    rng = np.random.default_rng(seed)
    return Inputs(rng.normal(size=(count, 3)), rng.random((count, 2)))


def test_the_process_meets_its_observations_and_doubts_what_is_far():
    seen = inputs(20, 0)
    targets = seen.dense[:, 0] + seen.members[:, 1]
    process = fit(seen, targets, seed=0, start=Kernel(noise=-9.0))
    mean, error = process.predict(seen, compare(seen, seen))
    assert np.allclose(mean, targets, atol=0.05)
    far = Inputs(seen.dense + 30, seen.members)
    assert process.predict(far, compare(far, seen))[1].min() > 10 * error.max()


def test_the_process_matches_the_formula_of_the_posterior():
    seen, other = inputs(6, 1), inputs(4, 2)
    targets = np.random.default_rng(3).normal(size=6)
    kernel = Kernel()
    process = fit(seen, targets, seed=0, start=kernel)

    def matrix(first, second):
        smooth, dense, members, long, short, _ = np.exp(kernel)
        found = np.empty((len(first.dense), len(second.dense)))
        for i in range(len(found)):
            for j in range(found.shape[1]):
                x = np.square(first.dense[i] - second.dense[j]).sum() / 3 / long**2
                m = np.square(first.members[i] - second.members[j]).sum() / short**2
                d = np.sqrt(5 * (x + m))
                found[i, j] = smooth * (1 + d + d * d / 3) * np.exp(-d) + dense * first.dense[i] @ second.dense[j] / 3
                found[i, j] += members * first.members[i] @ second.members[j]
        return found

    noisy = matrix(seen, seen) + np.exp(kernel.noise) * np.eye(6)
    across = matrix(other, seen)
    expected = targets.mean() + across @ np.linalg.solve(noisy, targets - targets.mean())
    variance = (matrix(other, other) - across @ np.linalg.solve(noisy, across.T)).diagonal()
    mean, error = process.predict(other, compare(other, seen))
    assert np.allclose(mean, expected, atol=1e-5)
    assert np.allclose(error, targets.std() * np.sqrt(variance), atol=1e-4)


def test_the_model_predicts_what_was_not_measured_better_than_the_mean():
    problem, table = made_up_problem()
    pipelines = list(table)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(pipelines))
    seen = {pipelines[k]: table[pipelines[k]] for k in order[:40]} | {p: table[p] for p in problem.singles}
    rest = [pipelines[k] for k in order[40:340]]
    encoder = Encoder(problem.chains, 2, 2)
    predicted = fit_model(encoder, seen, seed=0).predict(encoder.encode(rest))
    for name in ("accuracy", "latency", "cost"):
        true = np.array([getattr(table[p], name) for p in rest])
        error = np.square(getattr(predicted, name) - true).mean()
        assert error < 0.5 * true.var(), name
    mean, deviation = predicted.reward(problem.weights)
    true = np.array([problem.worth(table[p]) for p in rest])
    assert np.mean(np.abs(true - mean) < 2.8 * deviation) > 0.85


def test_a_chain_that_is_not_measured_gets_the_profile_that_its_components_suggest():
    chains = [Branch((), "good"), Branch((), "bad"), Branch(("pca",), "good"), Branch(("pca",), "bad")]
    measured = {
        single("good"): Measured(0.9, 0.01, 1.0, 1e6),
        single("bad"): Measured(0.6, 0.001, 0.1, 1e6),
        single("good", "pca"): Measured(0.9, 0.001, 0.1, 1e6),
    }
    profiles = Encoder(chains, 2, 2).profiles(measured)
    assert list(profiles.is_measured) == [True, True, True, False]
    assert profiles.accuracy[3] < 0.8 and profiles.latency[3] < 0.002
    assert np.allclose(profiles.accuracy[:3], [0.9, 0.6, 0.9])


def test_an_overloaded_composition_can_be_learned_from():
    problem, table = made_up_problem()
    seen = {p: table[p] for p in list(table)[:30]}
    seen[next(iter(seen))] = Measured(0.8, np.inf, 1.0, 1e6)
    encoder = Encoder(problem.chains, 2, 2)
    predicted = fit_model(encoder, seen, seed=0).predict(encoder.encode(list(table)))
    assert all(np.isfinite(part).all() for part in predicted)


def test_the_first_look_shows_every_component_once():
    problem, table = made_up_problem()
    beliefs = Beliefs(problem, 0)
    look = first_look(beliefs)
    asked = [next(look)]
    try:
        while True:
            asked.append(look.send(table[asked[-1]]))
    except StopIteration:
        pass
    shown = {name for pipeline in asked for name in pipeline.components}
    assert shown == {name for chain in problem.chains for name in chain.components}
    assert len(asked) <= len(problem.chains) and list(beliefs.measured) == asked
