"""The exit of `aurora`: errors and interrupts become a line and an exit code."""

from __future__ import annotations

import sys

from aurora.cli.terminal import interrupts


def main() -> None:
    """Run the command line; docs/reference/command-line.md lists the exit codes."""
    said = interrupts.USUAL
    try:
        code = _run()
    except (KeyboardInterrupt, interrupts.Interrupted) as stop:
        said, code = str(stop), interrupts.INTERRUPTED
    if code == interrupts.INTERRUPTED:
        interrupts.tell(said)
    sys.exit(code)


def _run() -> int:
    """Return the exit code of the command; the commands are loaded here, where an interrupt is caught."""
    import typer

    from aurora.cli.app import app
    from aurora.cli.options import options_of
    from aurora.cli.terminal import streams
    from aurora.cli.terminal.failures import failure_of, report_failure
    from aurora.cli.terminal.output import note
    from aurora.errors import AuroraError, InputError

    streams.prepare()
    debug = "--debug" in sys.argv  # wherever it stands
    sys.argv = [a for a in sys.argv if a != "--debug"]
    try:
        code: int = app(prog_name="aurora", standalone_mode=False)
        sys.stdout.flush()
        return code
    except interrupts.Interrupted:
        raise
    except streams.OutputError as error:
        streams.abandon()
        if not error.is_closed_pipe:
            note(f"aurora: {error}")
        return streams.BROKEN_PIPE if error.is_closed_pipe else 1
    except Exception as error:  # an error that no command expects is reported as a fault of AURORA
        if interrupts.is_interrupt(error) and not isinstance(error, AuroraError):
            return interrupts.INTERRUPTED
        options = options_of(typer.main.get_command(app), sys.argv[1:]) if isinstance(error, InputError) else None
        failure = failure_of(error, options)
        if debug and not failure.is_usage:
            raise
        report_failure(failure, as_json="--json" in sys.argv)
        return failure.exit_code
