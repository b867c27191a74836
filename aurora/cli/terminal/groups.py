"""Groups of commands with a default: it runs where a file is named instead of a command."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


def with_default(command: str) -> type[TyperGroup]:
    """Return a group in which `GROUP FILE` means `GROUP COMMAND FILE`; its help shows that command's options too."""

    class WithDefault(TyperGroup):
        default_command = command

        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            if not args and not self.no_args_is_help:
                args = [command]
            elif args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
                args = [command, *args]
            return super().parse_args(ctx, args)

        def format_help(self, ctx: Any, formatter: Any) -> None:
            super().format_help(ctx, formatter)
            default = self.commands[command]
            default.format_help(default.make_context("FILE...", [], parent=ctx, resilient_parsing=True), formatter)

    return WithDefault
