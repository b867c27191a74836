"""The report of a self-play run: one self-contained page."""

from aurora.evals.report.selfplay.page import write_report

__all__ = ["write_report"]
