"""The report of evaluations: one self-contained page and a Markdown with the same content.

Builders turn results into a `Document`, a description by data; `markup` and `markdown` render it.
"""

from aurora.evals.report.evaluations.contents import evaluation_report
from aurora.evals.report.evaluations.reading import Evaluation, read_evaluations
from aurora.evals.report.evaluations.writing import write_evaluation_report

__all__ = ["Evaluation", "evaluation_report", "read_evaluations", "write_evaluation_report"]
