"""Gaussian process regression with two kinds of inputs, for tens to hundreds of observations.

The kernel is `a Matern52(distance) + b <x, x'> + c <m, m'>`, where `x` are dense features, `m` are shares of membership
and `distance^2 = |x - x'|^2 / l_x^2 + |m - m'|^2 / l_m^2`. So what holds for every member adds up, and what depends on
who works together is learned by likeness. After Rasmussen & Williams, Gaussian Processes for Machine Learning (2006),
chapters 2, 4.2 and 5.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

JITTER = 1e-8
"""Added to the diagonal, relative to the signal, so that the factorisation exists."""

SEARCHES, STEPS = 2, 30
"""Random starts, and steps of the coordinate search, for the kernel's parameters."""


class Inputs(NamedTuple):
    """Inputs of n observations.

    Attributes:
        dense: Features of mean 0 and variance about 1, of shape (n, features).
        members: Shares of membership, of shape (n, groups).
    """

    dense: Floats
    members: Floats

    def rows(self, rows: NDArray[np.int64] | slice) -> Inputs:
        """Return some of the observations."""
        return Inputs(self.dense[rows], self.members[rows])


class Likeness(NamedTuple):
    """What a kernel matrix is made of: squared distances and inner products, all of shape (n, m)."""

    dense_distance: Floats
    member_distance: Floats
    dense_product: Floats
    member_product: Floats


class Kernel(NamedTuple):
    """Logarithms of the kernel's parameters; targets have variance 1.

    Attributes:
        smooth: Variance a of the smooth part.
        dense: Variance b of the part that is linear in dense features.
        members: Variance c of the part that is linear in membership.
        dense_scale: Length l_x.
        member_scale: Length l_m.
        noise: Variance of the noise.
    """

    smooth: float = -0.7
    dense: float = -3.0
    members: float = -1.5
    dense_scale: float = 1.0
    member_scale: float = 0.0
    noise: float = -6.0


LOW = Kernel(-4.0, -7.0, -6.0, -0.7, -1.6, -9.0)
HIGH = Kernel(2.0, 0.5, 2.0, 2.5, 2.0, -1.0)
"""Bounds of the kernel's parameters."""


@dataclass(frozen=True, eq=False)
class GaussianProcess:
    """A fitted process.

    Attributes:
        inputs: Inputs of the observations.
        kernel: Its parameters.
        mean: Mean of the targets.
        spread: Standard deviation of the targets.
        factor: Inverse of the lower Cholesky factor of the kernel matrix, of shape (n, n).
        solved: Kernel matrix's inverse times the targets, of shape (n,).
    """

    inputs: Inputs
    kernel: Kernel
    mean: float
    spread: float
    factor: Floats
    solved: Floats

    def predict(self, inputs: Inputs, likeness: Likeness) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of the noiseless target at m inputs, each of shape (m,).

        Args:
            inputs: Inputs of which targets are wanted.
            likeness: Their likeness to the observations; processes over the same observations share it.
        """
        across = _matrix(self.kernel, likeness)
        mean = across @ self.solved
        explained = np.square(across @ self.factor.T).sum(1)
        prior = _diagonal(self.kernel, inputs)
        deviation = np.sqrt(np.maximum(prior - explained, 1e-12))
        return self.mean + self.spread * mean, self.spread * deviation


def fit(inputs: Inputs, targets: Floats, *, seed: int, start: Kernel | None = None) -> GaussianProcess:
    """Fit a process; parameters maximise the marginal likelihood with a weak prior around their defaults.

    Args:
        inputs: Inputs of n observations, at least one.
        targets: Targets, of shape (n,).
        seed: Seed of the search for parameters.
        start: Parameters to keep; None: they are searched for.
    """
    mean = float(targets.mean())
    spread = float(targets.std()) or 1.0
    scaled = (targets - mean) / spread
    parts = compare(inputs, inputs)
    kernel = _best_kernel(parts, scaled, np.random.default_rng(seed)) if start is None else start
    lower = np.linalg.cholesky(_noisy(kernel, parts))
    factor = np.linalg.solve(lower, np.eye(len(scaled)))
    return GaussianProcess(inputs, kernel, mean, spread, factor, factor.T @ (factor @ scaled))


def compare(first: Inputs, second: Inputs) -> Likeness:
    """Return what kernel matrices between n and m inputs are made of."""
    products, distances = [], []
    for one, other in zip(first, second, strict=True):
        product = one @ other.T
        squares = np.square(one).sum(1)[:, None] + np.square(other).sum(1)[None]
        products.append(product)
        distances.append(np.maximum(squares - 2 * product, 0.0))
    width = max(1, first.dense.shape[1])
    return Likeness(distances[0] / width, distances[1], products[0] / width, products[1])


def _matrix(kernel: Kernel, parts: Likeness) -> Floats:
    smooth, dense, members, dense_scale, member_scale, _ = np.exp(kernel)
    squared = parts.dense_distance / dense_scale**2 + parts.member_distance / member_scale**2
    distance = np.sqrt(5 * squared)
    matern = (1 + distance + 5 / 3 * squared) * np.exp(-distance)
    result: Floats = smooth * matern + dense * parts.dense_product + members * parts.member_product
    return result


def _diagonal(kernel: Kernel, inputs: Inputs) -> Floats:
    smooth, dense, members = np.exp(kernel[:3])
    width = max(1, inputs.dense.shape[1])
    result: Floats = (
        smooth + dense * np.square(inputs.dense).sum(1) / width + members * np.square(inputs.members).sum(1)
    )
    return result


def _noisy(kernel: Kernel, parts: Likeness) -> Floats:
    matrix = _matrix(kernel, parts)
    noise = float(np.exp(kernel.noise)) + JITTER * float(matrix.diagonal().mean())
    noisy: Floats = matrix + noise * np.eye(len(matrix))
    return noisy


def _loss(kernel: Kernel, parts: Likeness, targets: Floats) -> float:
    """Return the negative log marginal likelihood (eq. 5.8) plus a Gaussian prior of deviation 2 on each parameter."""
    try:
        lower = np.linalg.cholesky(_noisy(kernel, parts))
    except np.linalg.LinAlgError:
        return float("inf")
    half = np.linalg.solve(lower, targets)
    prior = float(np.square(np.subtract(kernel, Kernel())).sum()) / 8
    return 0.5 * float(half @ half) + float(np.log(lower.diagonal()).sum()) + prior


def _best_kernel(parts: Likeness, targets: Floats, rng: np.random.Generator) -> Kernel:
    """Search coordinate by coordinate with falling steps, from the defaults and the best of some random starts."""
    if len(targets) < len(Kernel._fields):
        return Kernel()
    low, high = np.array(LOW), np.array(HIGH)
    starts = [np.array(Kernel()), *rng.uniform(low, high, (SEARCHES, len(low)))]
    losses = [_loss(Kernel(*one), parts, targets) for one in starts]
    best = starts[int(np.argmin(losses))]
    loss = min(losses)
    step = np.full(len(low), 1.0)
    for k in range(STEPS):
        axis = k % len(low)
        for sign in (1, -1):
            tried = best.copy()
            tried[axis] = np.clip(tried[axis] + sign * step[axis], low[axis], high[axis])
            if (tried_loss := _loss(Kernel(*tried), parts, targets)) < loss:
                best, loss = tried, tried_loss
                break
        else:
            step[axis] /= 2
    return Kernel(*best.tolist())
