"""A clone from histories to fine-tuned policy, in a folder, in steps that each survive an interruption."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy

from aurora.errors import DataError
from aurora.learning.accounts import Account, Catalogue, generate, load_catalogue, read_accounts, synthetic_catalogue
from aurora.learning.experts.account_env import Case, twin_cases
from aurora.learning.experts.clone_course import CLONE, course_of
from aurora.learning.experts.cloning import CloneSettings, Epoch, clone, load_policy, save_policy
from aurora.learning.experts.experts import Judgement, judge
from aurora.learning.experts.fine_tuning import TuneSettings, Update, tune
from aurora.learning.series.series import Finding

POLICY = "policy.pt"
EVERY = 5
"""Every fifth account is held out: neither cloned nor trained on."""
LEAST_ACCOUNTS = 30
JUDGED_CASES = 60
"""Episodes on accounts held out by which clone and fine-tuned policy are compared."""


class Progress(NamedTuple):
    """How far it is.

    Attributes:
        what: "clone" or "tune".
        done: Epochs or steps.
        of: At most.
        detail: The epoch or update itself.
    """

    what: str
    done: int
    of: int
    detail: Epoch | Update


class Trained(NamedTuple):
    """What came of it.

    Attributes:
        judgement: Of the accounts that were learnt from.
        findings: What was wrong with the histories, and repaired.
        clone: The network after cloning.
        policy: After fine-tuning.
        cases: On held-out accounts, the same for every policy.
        curve: Updates of fine-tuning in this process.
        catalogue: That the histories name things from.
    """

    judgement: Judgement
    findings: tuple[Finding, ...]
    clone: MaskableActorCriticPolicy
    policy: MaskableActorCriticPolicy
    cases: tuple[Case, ...]
    curve: tuple[Update, ...]
    catalogue: Catalogue


def train(
    folder: Path,
    *,
    key: str | None = None,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Trained:
    """Do what is left to do of the training in a folder: judge, clone, fine-tune.

    Args:
        folder: In which `begin` was called; holds the clone, checkpoints and the policy.
        key: With which names of accounts are hashed.
        tell: Is told of every epoch and update.

    Raises:
        DataError: Histories are malformed or too few (with the count), or experts can't be told from others.
        RunError: The folder holds no training, or a checkpoint of another.
    """
    course = course_of(folder)
    if course.hashed and key is None:
        raise DataError(f"the training in {folder} hashes names of accounts; give the key")
    catalogue = load_catalogue(Path(course.catalogue)) if course.catalogue else synthetic_catalogue()
    findings: tuple[Finding, ...] = ()
    if course.generated:
        accounts: Sequence[Account] = generate(course.seed, course.generated, 0.25, catalogue=catalogue).accounts
    else:
        read = read_accounts(
            [Path(p) for p in course.histories], catalogue, hash_accounts_with=key if course.hashed else None
        )
        accounts, findings = read.accounts, read.findings
    if len(accounts) < LEAST_ACCOUNTS:
        raise DataError(f"{len(accounts)} accounts; at least {LEAST_ACCOUNTS} are needed to learn from and to check on")
    held_out = accounts[::EVERY]
    known = [a for k, a in enumerate(accounts) if k % EVERY]
    judgement = judge(known, catalogue, share=course.share, seed=course.seed)
    settings = CloneSettings(seed=course.seed)
    copied = _cloned(folder, known, judgement, catalogue, settings, tell)
    curve: list[Update] = []

    def follow(update: Update) -> None:
        curve.append(update)
        tell(Progress("tune", min(update.steps, course.steps), course.steps, update))

    tuning = TuneSettings(seed=course.seed)
    policy = tune(copied, twin_cases(known, catalogue), catalogue, course.steps, tuning, folder=folder, tell=follow)
    save_policy(policy, folder / POLICY, settings, {"kind": "fine-tuned", "steps": course.steps, "seed": course.seed})
    draw, rng = twin_cases(held_out, catalogue, disturb=0.0), np.random.default_rng([course.seed, 81])
    cases = tuple(draw(rng) for _ in range(JUDGED_CASES))
    return Trained(judgement, findings, copied, policy, cases, tuple(curve), catalogue)


def _cloned(
    folder: Path,
    known: Sequence[Account],
    judgement: Judgement,
    catalogue: Catalogue,
    settings: CloneSettings,
    tell: Callable[[Progress], None],
) -> MaskableActorCriticPolicy:
    if (folder / CLONE).exists():
        return load_policy(folder / CLONE)[0]
    found = {s.account_id for s in judgement.scores if s.is_expert}
    teachers = [a for a in known if a.account_id in found]
    policy = clone(
        teachers,
        catalogue,
        settings,
        tell=lambda epoch: tell(Progress("clone", epoch.epoch, settings.epochs, epoch)),
    )
    about: dict[str, Any] = {"kind": "clone", "experts": len(teachers), "seed": settings.seed}
    save_policy(policy, folder / CLONE, settings, about)
    return policy
