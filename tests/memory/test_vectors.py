import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.memory.vectors import Near, Vectors
from tests.examples import examples


def _unit(seed: int, count: int, size: int) -> np.ndarray:
    # Few distinct values, so that ties are common.
    rows = np.random.default_rng(seed).integers(-2, 3, (count, size)).astype(np.float32) + np.float32(0.125)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 80), st.integers(1, 20), st.integers(1, 12))
def test_nearest_neighbours_equal_a_full_sort_in_any_insertion_order(
    seed: int, count: int, limit: int, size: int
) -> None:
    rows, asked = _unit(seed, count, size), _unit(seed + 1, 1, size)[0]
    keys = [f"k{i:03}" for i in range(count)]
    expected = sorted(
        (
            Near(k, float((r.astype(np.float64) * asked.astype(np.float64)).sum()))
            for k, r in zip(keys, rows, strict=True)
        ),
        key=lambda n: (-n.similarity, n.key),
    )[:limit]
    shuffled = np.random.default_rng(seed).permutation(count)
    together, one_by_one = Vectors(), Vectors()
    together.add(keys, rows)
    for place in shuffled:
        one_by_one.add([keys[place]], rows[place : place + 1])
    assert together.nearest(asked, limit) == expected
    assert one_by_one.nearest(asked, limit) == expected


def test_an_empty_collection_has_no_neighbours() -> None:
    assert Vectors().nearest(np.ones(3, np.float32), 5) == []


def test_a_vector_is_nearest_to_itself() -> None:
    rows = _unit(4, 50, 16)
    vectors = Vectors()
    vectors.add([str(i) for i in range(50)], rows)
    for i, row in enumerate(rows):
        (near,) = vectors.nearest(row, 1)
        assert near.similarity > 1 - 1e-6
        assert np.array_equal(rows[int(near.key)], row), i
