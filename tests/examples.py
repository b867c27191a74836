"""Number of examples that hypothesis generates for a test."""

import os

SHARE = float(os.environ.get("AURORA_TEST_EXAMPLES", "0.2"))
"""Share of a test's examples: a fifth, unless the environment states another (`make test-slow` takes all)."""
FEWEST = 10


def examples(count: int) -> int:
    """Return the share of a number of examples that this run generates, at least `FEWEST` of them.

    Args:
        count: Number of examples with a share of 1.
    """
    return max(min(count, FEWEST), round(SHARE * count))
