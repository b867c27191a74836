"""Collects the defects of a series."""

from __future__ import annotations

import numpy as np

from aurora.learning.series.series import Defect, Finding


class Findings:
    """Findings of one series, in the order in which they were added."""

    def __init__(self, unique_id: str) -> None:
        self.unique_id = unique_id
        self.found: list[Finding] = []

    def add(self, defect: Defect, count: int, first: float, message: str) -> None:
        """Add a defect; see `Finding`."""
        self.found.append(Finding(self.unique_id, defect, int(count), int(np.rint(first)), message))
