"""Sample snapshots of our own making, with a history of measured use; no real cluster looks exactly like them.

`python -m aurora.cluster.samples.write` makes the files anew; the history is computed when it is asked for.
"""

from aurora.cluster.samples.history import sample_history
from aurora.cluster.samples.load import SAMPLES, load_sample

__all__ = ["SAMPLES", "load_sample", "sample_history"]
