"""The choice of a scenario and a policy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from aurora.web.design.components import button, element
from aurora.web.views.decisions.asked import Asked
from aurora.web.views.decisions.sources import (
    MAX_LEVEL,
    MAX_SEED,
    Choice,
    Places,
    families,
    policy_choices,
    scenario_choices,
)

FIELD = "outlined dense"
GENERATED = "generated"


class Choices:
    """A scenario and a policy to choose.

    Args:
        places: Where they are looked for.
        asked: What is chosen at first.
        chosen: Called with the keys of both.
    """

    def __init__(self, places: Places, asked: Asked, chosen: Callable[[str, str], Awaitable[None]]) -> None:
        self.places = places
        self.chosen = chosen
        is_generated = asked.scenario.startswith(f"{GENERATED}:")
        now = GENERATED if is_generated else asked.scenario
        with element("div", "choice-grid"):
            self.scenario = ui.select(
                {now: now}, value=now, label="Scenario", with_input=True, on_change=self._fields
            ).props(FIELD)
            self.policy = ui.select(
                {asked.policy: asked.policy}, value=asked.policy, label="Policy", with_input=True
            ).props(FIELD)
        _, family, level, seed = asked.scenario.split(":", 3) if asked.scenario.count(":") >= 3 else ("", "", "", "")  # noqa: PLR2004
        names = {name: f"{name}: {meaning}" for name, meaning in families()}
        with element("div", "choice-grid") as self.generated:
            self.family = ui.select(
                names, value=family if is_generated and family in names else next(iter(names)), label="Family"
            ).props(FIELD)
            self.level = ui.number("Level", value=_whole(level, 1), min=1, max=MAX_LEVEL, precision=0).props(FIELD)
            self.seed = ui.number("Seed", value=_whole(seed, 0), min=0, max=MAX_SEED - 1, precision=0).props(FIELD)
        self.generated.set_visibility(is_generated)
        with element("div", "line"):
            button("Show", self._go, kind="primary")

    async def load(self) -> None:
        """Look for what is offered."""
        scenarios, policies = await asyncio.gather(
            asyncio.to_thread(scenario_choices, self.places), asyncio.to_thread(policy_choices, self.places)
        )
        extra = [Choice(GENERATED, "by family, level and seed", "Generated")]
        _offer(self.scenario, [*scenarios, *extra])
        _offer(self.policy, policies)

    def _fields(self, _: object = None) -> None:
        self.generated.set_visibility(self.scenario.value == GENERATED)

    async def _go(self) -> None:
        scenario = str(self.scenario.value or "")
        if scenario == GENERATED:
            level, seed = int(self.level.value or 1), int(self.seed.value or 0)
            scenario = f"{GENERATED}:{self.family.value}:{level}:{seed}"
        await self.chosen(scenario, str(self.policy.value or ""))


def _whole(text: str, usual: int) -> int:
    return int(text[:10]) if text.isascii() and text.isdigit() else usual


def _offer(select: ui.select, choices: Sequence[Choice]) -> None:
    """Offer choices, and what is chosen already even if it is none of them."""
    options = {c.key: f"{c.group}: {c.label}" for c in choices}
    now = str(select.value or "")
    select.set_options({**({} if now in options else {now: now}), **options}, value=now)
