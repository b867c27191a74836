"""A task of a few items, on which everything is fitted in a moment."""

import numpy as np

from aurora.learning.composition.tasks.machines import CLASSES, INPUT, readings
from aurora.learning.composition.tasks.task import Split, Task


def small_task(items=240, seed=0):
    fit, select, sealed = (readings(n, 100 + 3 * seed + k) for k, n in enumerate((items, 60, 40)))
    return Task("small", "small", INPUT, CLASSES, fit, select, sealed, "made up", "none")


def small_images(items=200):
    """Images of six by six pixels: which half is brighter?"""
    generator = np.random.default_rng(0)

    def split(count):
        labels = generator.integers(0, 2, count)
        images = generator.random((count, 6, 6))
        images[labels == 0, :3] += 0.3
        images[labels == 1, 3:] += 0.3
        return Split(images.reshape(count, -1).astype(np.float32), labels)

    from aurora.learning.composition.pipelines.value_types import ValueType

    given = ValueType("image", 36)
    return Task("halves", "halves", given, ("top", "bottom"), split(items), split(50), split(50), "made up", "none")
