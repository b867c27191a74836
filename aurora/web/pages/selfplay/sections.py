"""The sections of a run's page that change after an iteration."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from nicegui import ui

from aurora.errors import AuroraError
from aurora.evals.report.selfplay.front import Front
from aurora.evals.report.selfplay.gallery import ScenarioCard
from aurora.evals.report.selfplay.tables import COMPARISON, comparison_rows
from aurora.evals.report.selfplay.words import GLOSSARY
from aurora.graphs.run_list import RunRow
from aurora.web.design.components import badge, button, card, command, element, facts, link, metric, search_field, text
from aurora.web.design.figures import figure
from aurora.web.design.tables import small_table
from aurora.web.design.working import compute
from aurora.web.views.selfplay import decisions_of, unit_of, use_commands
from aurora.web.views.selfplay_charts import (
    attacker_chart,
    elo_chart,
    front_chart,
    learnable_chart,
    level_chart,
    reward_chart,
)
from aurora.web.views.selfplay_standing import EliteRow, Standing, Verdicts, elite_rows, scenario_front

CARDS_SHOWN = 12
"""Scenarios that are shown at once; more on request."""
_MARKS = {"+": "added", "-": "removed", " ": ""}


class Sections:
    """The sections for one standing.

    Args:
        name: Name of the run.
        row: The run.
        stands: How it stands.
        verdicts: Figures of its last report; None: there is none.
    """

    def __init__(self, name: str, row: RunRow, stands: Standing, verdicts: Verdicts | None) -> None:
        self.name = name
        self.row = row
        self.stands = stands
        self.verdicts = verdicts
        self.unit = unit_of(row)
        self.most = CARDS_SHOWN
        self.kind = "all"
        self.wanted = ""

    def build(self) -> None:
        """Show all of them."""
        with element("div", "grid run-metrics"):
            for label, value in self.stands.facts:
                with element("div", "card tight"):
                    metric(label, value, self._note(label))
        self._champion()
        self._fresh()
        self._reward()
        self._elo()
        self._search()
        self._gallery()
        self._front_card()
        self._forgotten()
        with card("Terms"), element("details"):
            text("summary", f"{len(GLOSSARY)} terms of this page")
            facts(GLOSSARY)

    def _note(self, label: str) -> str:
        if label != "validation advantage":
            return ""
        found = self.stands.champion.validation
        ends = f"[{found.low:+.4f}, {found.high:+.4f}], 95 %, " if isfinite(found.low) else ""
        return f"{ends}{self.unit} over the best reference of each scenario"

    def _champion(self) -> None:
        champion = self.stands.champion
        with card("The champion"):
            with element("div", "line"):
                text("span", champion.name, "mono break")
                if path := decisions_of(self.name, self._latest()):
                    link("Why it places where", path, is_button=True)
            text("p", champion.words, "break")
            if champion.origin:
                text("p", champion.origin, "muted break")
            with element("div", "program-text").props('tabindex=0 role=region aria-label="Program of the champion"'):
                text("pre", champion.program)
            if champion.changes:
                with element("details"):
                    text("summary", f"What changed since the champion before it, {champion.before}")
                    with element("div", "program-text").props('tabindex=0 role=region aria-label="Changes"'):
                        for line in champion.changes:
                            shown = text("div", f"{line.mark} {line.text}", f"program-line {_MARKS[line.mark]}".strip())
                            if line.mark != " ":
                                shown.props["aria-label"] = f"{_MARKS[line.mark]}: {line.text}"
            if len(self.stands.reigns) > 1:
                with element("details"):
                    text("summary", f"All {len(self.stands.reigns)} champions of the run")
                    small_table(
                        ("champion", "iterations", f"validation, {self.unit}", "Elo"),
                        [
                            (r.name, f"{r.first + 1}–{r.last + 1}", f"{r.validation_advantage:+.4f}", f"{r.elo:.0f}")
                            for r in reversed(self.stands.reigns)
                        ],
                        label="Champions, latest first",
                        numbers=(2, 3),
                    )
            with element("details"):
                text("summary", "Use it on the command line")
                for meaning, words in use_commands(self.row.directory):
                    text("p", meaning, "muted small")
                    command(words)

    def _latest(self) -> str:
        return self.stands.cards[0].scenario_id if self.stands.cards else ""

    def _fresh(self) -> None:
        if self.verdicts is None:
            return
        with card("On fresh scenarios, as in the report"):
            if not self.verdicts.is_current:
                text("p", "The run went on after this report: the figures may be of an earlier champion.", "warn")
            small_table(
                COMPARISON,
                comparison_rows(self.verdicts.verdicts),
                label="The champion on fresh scenarios of each level",
                numbers=(2, 3, 4, 5),
            )
            text("p", f"Values are in {self.unit}; intervals are 95 %.", "muted small")

    def _reward(self) -> None:
        steps = self.stands.steps
        with card("Value and curriculum"):
            figure(
                reward_chart(steps, self.unit),
                summary="Zero is the best reference of each single scenario, chosen with hindsight. The band is the "
                "95 % interval over the attacker's scenarios of an iteration, played by today's champion.",
            )
            with element("div", "grid run-charts"):
                figure(attacker_chart(steps), summary="Mean over the scenarios of an iteration, with its 95 % band.")
                figure(learnable_chart(steps), summary="Share that 30 to 70 % of the candidates solve.")
                figure(level_chart(steps), summary="Level of the generated scenarios, 1 to 5.")

    def _elo(self) -> None:
        ratings = self.stands.ratings
        with card("Elo"):
            figure(
                elo_chart(ratings),
                summary="Ratings on the attacker's scenarios. The champion is chosen on validation scenarios, so "
                "another policy may lead here. The band is the 95 % interval over the scenarios of an iteration.",
            )
            rows = []
            for c in ratings:
                last = c.points[-1] if c.points else None
                is_open = last is None or not isfinite(last.low)
                ends = "–" if last is None or is_open else f"[{last.low:.0f}, {last.high:.0f}]"
                rows.append((c.name, c.role, f"{c.elo:.0f}", ends, str(c.games)))
            small_table(
                ("policy", "role", "Elo", "95 %", "rounds"), rows, label="Best policies by Elo", numbers=(2, 3, 4)
            )

    def _search(self) -> None:
        stands = self.stands
        with card("Islands and map of elites"):
            text(
                "p",
                "Each island is a structure whose weights are tuned. A challenger that is clearly ahead takes over.",
                "muted",
            )
            small_table(
                ("island", "policy", "iterations", "weights", "step", "must lead within"),
                [
                    (
                        row.role,
                        row.policy_id,
                        str(row.age),
                        str(row.weights),
                        f"{row.step:.3g}",
                        f"{row.left} iterations" if row.role == "challenger" else "–",
                    )
                    for row in stands.lineages
                ],
                label="Islands",
                numbers=(2, 3, 4),
            )
            families, rows = elite_rows(stands.elites)
            if not rows:
                return
            text(
                "p",
                f"The best policy of each of {len(stands.elites)} kinds of behaviour (MAP-Elites): what it uses and "
                "where it is lowest, by the family on which it is strongest. Numbers are "
                f"{self.unit} over the best reference; orange is highest, pale is lowest.",
                "muted",
            )
            _map(families, rows)

    def _gallery(self) -> None:
        cards = self.stands.cards
        with card("What the attacker found"):
            with element("div", "line"):
                search_field("Search scenarios", self._search_cards)
                kinds = {
                    "all": "All",
                    "learnable": "Between easy and hopeless",
                    "hard": "Champion behind",
                    "new": "Last iteration",
                }
                ui.select(kinds, value=self.kind, label="Show", on_change=lambda e: self._choose(str(e.value))).props(
                    "outlined dense"
                ).classes("run-choice")
                text("span", f"The latest {len(cards)} scenarios", "muted small")
            self.gallery = element("div", "stack")
            self._show_cards()

    def _search_cards(self, wanted: str) -> None:
        self.wanted, self.most = wanted.casefold(), CARDS_SHOWN
        self._show_cards()

    def _choose(self, kind: str) -> None:
        self.kind, self.most = kind, CARDS_SHOWN
        self._show_cards()

    def _more(self) -> None:
        self.most += 2 * CARDS_SHOWN
        self._show_cards()

    def _show_cards(self) -> None:
        found = [c for c in self.stands.cards if self._is_wanted(c)]
        self.gallery.clear()
        with self.gallery:
            if not found:
                text("p", "No scenario fits; change the search or the choice.", "muted")
            with element("div", "grid run-cards"):
                for shown in found[: self.most]:
                    self._card(shown)
            if len(found) > self.most:
                button(f"Show more of {len(found)}", self._more)

    def _is_wanted(self, shown: ScenarioCard) -> bool:
        is_kind = {
            "all": True,
            "learnable": shown.is_learnable,
            "hard": shown.lead is not None and shown.lead < 0,
            "new": shown.iteration == self.stands.iterations - 1,
        }[self.kind]
        return is_kind and self.wanted in f"{shown.family} {shown.scenario_id} {shown.text}".casefold()

    def _card(self, shown: ScenarioCard) -> None:
        with element("article", "card tight"):
            with element("div", "line"):
                text("h3", shown.family)
                badge(f"level {shown.level}")
                badge(f"iteration {shown.iteration + 1}")
            text("p", shown.text, "small break")
            with element("div", "line small"):
                with element("div", "bar run-solved").props("aria-hidden=true"):
                    element("div").style(f"width:{100 * shown.success_rate:.0f}%")
                share = f"{100 * shown.success_rate:.0f} %"
                text("span", f"{share} solve it; attacker's reward {shown.attacker_reward:.2f}")
            text("p", shown.why, "small")
            if shown.best:
                text(
                    "p", f"Best of {shown.players} policies: {shown.best}, {shown.best_value:.4f}.", "muted small break"
                )
            with element("div", "line"):
                if path := decisions_of(self.name, shown.scenario_id):
                    link("Decisions", path)
                button("Pareto front", lambda: self._ask_front(shown.scenario_id), kind="quiet")

    def _front_card(self) -> None:
        front = self.stands.front
        if front is None:
            return
        with card("Pareto front") as made:
            made.props('id="front"')
            self.front = element("div", "stack")
        self._show_front(front)

    def _show_front(self, front: Front) -> None:
        self.front.clear()
        with self.front:
            text("p", f"Scenario {front.scenario_id}. {front.meaning}", "break")
            if not front.points:
                return
            figure(front_chart(front), summary=f"{len(front.points)} policies; left and low is better.")
            small_table(
                ("policy", "cost, $", "mean latency, s", "energy, kWh"),
                [(p.name, f"{p.cost:.4g}", f"{p.latency:.4g}", f"{p.energy:.4g}") for p in front.points],
                label="Policies on the front",
                numbers=(1, 2, 3),
            )

    async def _ask_front(self, scenario_id: str) -> None:
        try:
            front = await compute(scenario_front, self.row.directory, scenario_id)
        except AuroraError as error:
            ui.notify(str(error), type="negative")
            return
        self._show_front(front)
        ui.run_javascript("document.getElementById('front')?.scrollIntoView({block: 'start'})")

    def _forgotten(self) -> None:
        if not self.stands.forgotten:
            return
        with card("What was forgotten"):
            small_table(
                ("moved up to level", "iteration", "champion's success on earlier levels"),
                [
                    (str(level), str(iteration), ", ".join(f"level {k}: {100 * v:.0f} %" for k, v in success.items()))
                    for level, iteration, success in self.stands.forgotten
                ],
                label="Success on earlier levels after each advance",
            )


def _map(families: Sequence[str], rows: Sequence[EliteRow]) -> None:
    """Show the map of elites as a table, shaded by rank."""
    with element("div", "table-scroll") as scroll, element("table"):
        scroll.props('tabindex=0 role=region aria-label="Map of elites"')
        with element("thead"), element("tr"):
            for title in ("uses", "lowest in", *families):
                text("th", title).props("scope=col")
        with element("tbody"):
            for row in rows:
                with element("tr"):
                    text("th", row.use).props("scope=row")
                    text("td", row.style)
                    for cell in row.cells:
                        text("td", cell.text, f"number {cell.shade}".strip())
