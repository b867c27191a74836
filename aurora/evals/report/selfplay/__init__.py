"""The report of a self-play run: one self-contained page."""

from aurora.evals.report.selfplay.page import Report, write_report

__all__ = ["Report", "write_report"]
