"""The report of a self-play run: one self-contained page. May import graphs and everything below it."""

from aurora.evals.report.page import write_report

__all__ = ["write_report"]
