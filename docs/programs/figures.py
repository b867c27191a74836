"""Draw the pictures of the documentation: `python -m docs.programs.figures`.

The diagrams are text, and a test compares them. The allocation chart of the README needs a simulation and matplotlib;
it is drawn anew only with `--chart`.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping
from pathlib import Path

from docs.programs.drawing import Drawing, row

IMAGES = Path(__file__).parents[1] / "images"


def kernel() -> str:
    """Return the diagram of a simulation."""
    d = Drawing(860, 430, "How the kernel simulates a policy on a scenario")
    scenario = d.box(105, 60, "Scenario\ntasks, nodes, links,\nfailures, prices", width=160, kind="data")
    encode = d.box(105, 175, "Encode\narrays, candidates", width=160)
    policy = d.box(755, 60, "Policy\norder, admit, rules", width=160, kind="data")
    program = d.box(755, 175, "Compile\nbytecode of expressions", width=170)
    d.frame(210, 105, 440, 215, "Event loop: one compiled function")
    event = d.box(315, 170, "Next event\ncompletion, arrival, failure, …", width=190)
    apply = d.box(315, 265, "Apply it\nfree or take resources", width=190)
    choose = d.box(545, 265, "Choose a task\nlowest order", width=180)
    place = d.box(545, 170, "Choose a candidate\nfeasible, admitted,\nhighest score", width=180)
    outcome = d.box(430, 385, "Outcome\ntasks, sums, trace of decisions", width=230, kind="result")
    d.arrow(scenario.edge("bottom"), encode.edge("top"))
    d.arrow(policy.edge("bottom"), program.edge("top"))
    d.arrow(encode.edge("right"), (210, 175))
    d.arrow(program.edge("left"), (650, 175))
    d.arrow(event.edge("bottom"), apply.edge("top"))
    d.arrow(apply.edge("right"), choose.edge("left"))
    d.arrow(choose.edge("top"), place.edge("bottom"))
    d.arrow(place.edge("left"), event.edge("right"))
    d.arrow((430, 320), outcome.edge("top"))
    d.label(445, 340, "no event is left", anchor="start")
    return d.svg()


def selfplay() -> str:
    """Return the diagram of an iteration of self-play."""
    d = Drawing(860, 400, "An iteration of self-play")
    first = row(
        d,
        70,
        [
            "Curriculum\nlevel of difficulty",
            "Attack\nproposes scenarios",
            "Validate\na plan must exist",
            "Retrieve\nsimilar archive entries",
        ],
        start=105,
        step=217,
        width=165,
    )
    second = [
        d.box(756, 215, "Defend\nproposes policies", width=165),
        d.box(539, 215, "Simulate\nevery pair", width=165),
        d.box(322, 215, "Score\nreward, success", width=165),
        d.box(105, 215, "Rate\nElo, champion", width=165),
    ]
    archive = d.box(
        430,
        345,
        "Archive: scenarios, policies, outcomes, ratings\none transaction an iteration; it is the checkpoint",
        width=420,
        kind="kept",
    )
    d.arrow(first[3].edge("bottom"), second[0].edge("top"))
    for right, left in itertools.pairwise(second):
        d.arrow(right.edge("left"), left.edge("right"))
    d.arrow(first[2].edge("top"), (539, 20), (322, 20), first[1].edge("top"), dashed=True)
    d.label(430, 15, "too few valid scenarios")
    d.arrow(second[3].edge("bottom"), (105, 345), archive.edge("left"))
    d.label(112, 300, "advance, commit", anchor="start")
    d.arrow((640, 345), (848, 345), (848, 70), first[3].edge("right"), dashed=True)
    d.label(745, 338, "search index")
    d.arrow((85, 185), (85, 96))
    d.label(92, 145, "next iteration", anchor="start")
    return d.svg()


def futures() -> str:
    """Return the diagram of `aurora futures`."""
    d = Drawing(860, 400, "From measured demand to the best capacity plan")
    top = row(
        d,
        70,
        [
            "Measured series\nrepaired, in cores",
            "Forecast\n17 quantiles a step",
            "Paths\ncopula over series\nand steps",
            "Recalibrate\nfrom back-tests",
        ],
        start=105,
        step=217,
        width=165,
    )
    tiers = d.box(756, 190, "Tiers\ncores by confidence", width=165, kind="result")
    plans = d.box(756, 310, "Plans\nreserved and on demand", width=175, kind="data")
    jobs = d.box(539, 190, "What-ifs\nspike, node loss, price, …", width=175, kind="data")
    run = d.box(539, 310, "Kernel\nall futures in one call", width=165)
    loss = d.box(322, 310, "Loss\ncost, SLA, latency,\nenergy", width=165)
    best = d.box(105, 310, "Best plan\npaired differences", width=165, kind="result")
    d.box(205, 190, "State file\nwhat was promised", width=165, kind="kept")
    d.arrow(top[3].edge("bottom"), tiers.edge("top"))
    d.arrow(tiers.edge("bottom"), plans.edge("top"))
    d.arrow(plans.edge("left"), run.edge("right"))
    d.arrow(top[2].edge("bottom"), jobs.edge("top"))
    d.arrow(jobs.edge("bottom"), run.edge("top"))
    d.arrow(run.edge("left"), loss.edge("right"))
    d.arrow(loss.edge("left"), best.edge("right"))
    d.arrow((170, 284), (170, 216), dashed=True)
    d.arrow((205, 164), (205, 130), (275, 130), (275, 95), dashed=True)
    d.label(285, 135, "continuous mode: compare, adapt", anchor="start")
    return d.svg()


def tool_call() -> str:
    """Return the diagram of an agent's tool call."""
    d = Drawing(860, 380, "What happens between a model's tool call and its result")
    d.box(90, 190, "Model\nasks for a tool", width=140, kind="data")
    d.frame(190, 40, 470, 300, "Harness: a fault becomes a result, never an exception")
    check = d.box(290, 110, "Check\nname, arguments,\nlimits, effect", width=150)
    known = d.box(290, 260, "Look up\nin the recording", width=150)
    run = d.box(535, 260, "Run the tool\nwith a time limit", width=160)
    evidence = d.box(535, 110, "Number and cut\nE1, E2, …", width=160)
    d.box(765, 260, "Library function\nsim, learning, memory", width=165)
    kept = d.box(765, 110, "calls.jsonl\nrecording", width=140, kind="kept")
    d.arrow((90, 163), (90, 110), check.edge("left"))
    d.arrow(check.edge("bottom"), known.edge("top"))
    d.arrow(known.edge("right"), run.edge("left"))
    d.label(410, 252, "new")
    d.arrow((330, 234), (480, 137), dashed=True)
    d.label(392, 182, "known", anchor="end")
    d.arrow((615, 252), (682, 252))
    d.arrow((682, 272), (615, 272))
    d.arrow(run.edge("top"), evidence.edge("bottom"))
    d.arrow(evidence.edge("right"), kept.edge("left"))
    d.arrow((535, 83), (535, 22), (50, 22), (50, 163))
    d.label(300, 17, "evidence that the model can act on")
    return d.svg()


DIAGRAMS = {"kernel": kernel, "selfplay": selfplay, "futures": futures, "tool-call": tool_call}


def diagrams() -> Mapping[Path, str]:
    """Return every diagram by its file."""
    return {IMAGES / f"{name}.svg": draw() for name, draw in DIAGRAMS.items()}


def main() -> None:
    """Write the diagrams, and with `--chart` the allocation chart."""
    IMAGES.mkdir(exist_ok=True)
    for path, text in diagrams().items():
        path.write_text(text, encoding="utf-8")
    if "--chart" in sys.argv:
        from docs.programs import chart  # noqa: PLC0415  # matplotlib and the simulator, only where they are used

        chart.draw(IMAGES / "allocation.png")


if __name__ == "__main__":
    main()
