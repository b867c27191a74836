"""`python -m aurora`: the same as `aurora`."""

from aurora.cli.main import main

main()
