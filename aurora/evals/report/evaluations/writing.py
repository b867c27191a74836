"""Writes a report of evaluations as a page and as Markdown."""

from __future__ import annotations

from pathlib import Path

from aurora.errors import InputError
from aurora.evals.report.evaluations.document import Document
from aurora.evals.report.evaluations.markdown import markdown_of
from aurora.evals.report.evaluations.markup import page_of
from aurora.files import write_atomically


def write_evaluation_report(document: Document, *, page: Path | None, markdown: Path | None) -> list[Path]:
    """Write a report to the files that are named, each whole or not at all.

    Args:
        document: The report.
        page: File of the page, one self-contained HTML; None: none.
        markdown: File of the Markdown; None: none.

    Returns:
        The files.

    Raises:
        InputError: Both are the same file.
        FileError: A file can't be written.
    """
    if page is not None and markdown is not None and page.resolve() == markdown.resolve():
        raise InputError("page and Markdown need a file each", parameter="markdown", value=markdown)
    for path, render in ((page, page_of), (markdown, markdown_of)):
        if path is not None:
            write_atomically(path, render(document))
    return [path for path in (page, markdown) if path is not None]
