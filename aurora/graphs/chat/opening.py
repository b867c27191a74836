"""Opens what a conversation is held in: a snapshot, its history, plans, and who answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from aurora.agents.operator.answer import Operator
from aurora.cluster.opening import SAMPLE, live_context, open_snapshot
from aurora.cluster.plans.folder import PLANS
from aurora.errors import InputError
from aurora.tools.desk import Desk

if TYPE_CHECKING:  # heavy at run time
    from aurora.agents.models.model import CallLimits
    from aurora.cluster.plans.targets.target import Target
    from aurora.learning.series.series import Series

DEFAULT_SNAPSHOT = "sample:web-shop"
SAMPLE_WITH_HISTORY = "web-shop"


def open_desk(
    snapshot: str = DEFAULT_SNAPSHOT,
    *,
    history: Path | None = None,
    plans: Path = PLANS,
    applies_live: bool = False,
) -> Desk:
    """Return a desk with a snapshot, its history and a folder of plans.

    Args:
        snapshot: Path of a snapshot, a sample such as `sample:web-shop`, or `kubernetes[:CONTEXT]`, which is read live.
        history: File of measured series; None: that of the sample, where it has one.
        plans: Folder of plans.
        applies_live: True: approved plans change the live cluster; False: files or scripts are written.

    Raises:
        InputError: There is no such sample, or plans are to change a cluster that is not live.
        FileError: A file can't be read.
        DataError: A file is none of a snapshot, or of series.
    """
    context = live_context(snapshot)
    if applies_live and context is None:
        raise InputError(
            "plans can change a live cluster only: --snapshot kubernetes[:CONTEXT]", parameter="target", value=snapshot
        )
    return Desk(
        [],
        snapshot=open_snapshot(snapshot),
        reopen=lambda: open_snapshot(snapshot),
        is_live=context is not None,
        target=partial(_live_target, context or None) if applies_live else None,
        series=_series(snapshot, history),
        plans=plans,
        container_series=_container_series if history is None and snapshot == SAMPLE + SAMPLE_WITH_HISTORY else None,
    )


def _live_target(context: str | None) -> Target:
    from aurora.cluster.plans.targets.api import connect  # noqa: PLC0415  # an extra
    from aurora.cluster.plans.targets.kubernetes import KubernetesTarget  # noqa: PLC0415  # used here only

    return KubernetesTarget(connect(context))


def _container_series() -> tuple[Series, ...]:
    from aurora.cluster.samples.history import sample_history  # noqa: PLC0415  # used here only

    return tuple(sample_history(SAMPLE_WITH_HISTORY, by="container").series)


def _series(snapshot: str, history: Path | None) -> tuple[Series, ...]:
    if history is not None:
        from aurora.learning.series.read import read_panel  # noqa: PLC0415  # heavy, used here only

        return tuple(read_panel([history], detect=False).series)
    if snapshot == SAMPLE + SAMPLE_WITH_HISTORY:
        from aurora.cluster.samples.history import sample_history  # noqa: PLC0415  # used here only

        return tuple(sample_history(SAMPLE_WITH_HISTORY).series)
    return ()


def open_operator(
    model: str = "", *, limits: CallLimits | None = None, tell: Callable[[str], None] | None = None
) -> Operator:
    """Return who answers: a model, or without one the rules.

    Args:
        model: `PROVIDER:MODEL`; "": rules.
        limits: Limits of a call; None: those of the environment.
        tell: Receives notes about the model's calls.

    Raises:
        ModelError: The name is none, there is no key, or the model can't call tools.
    """
    if not model:
        from aurora.agents.operator.rules import RulesOperator  # noqa: PLC0415  # used here only

        return RulesOperator()
    from aurora.agents.models.metered import metered  # noqa: PLC0415  # heavy, used here only
    from aurora.agents.models.model import model_name  # noqa: PLC0415  # likewise
    from aurora.agents.roles.operator import ModelOperator  # noqa: PLC0415  # likewise
    from aurora.prompts.loader import load_prompt  # noqa: PLC0415  # likewise
    from aurora.tools.recording import Recording  # noqa: PLC0415  # likewise

    name, forgetful = model_name(model), Recording(keeps=False)  # a conversation, or a server, may go on for months
    asked = metered(name, recording=forgetful, limits=limits, tell=tell, in_prose=True)
    return ModelOperator(asked, load_prompt("operator"))
