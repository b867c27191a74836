"""Training of a clone, from histories to the fine-tuned policy, in a folder, in steps that can each be resumed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy

from aurora.errors import DataError, InputError
from aurora.learning.accounts import Account, Catalogue, generate, load_catalogue, read_accounts, synthetic_catalogue
from aurora.learning.experts.account_env import Case, twin_cases
from aurora.learning.experts.clone_course import CLONE, course_of
from aurora.learning.experts.cloning import CloneSettings, clone, load_policy, save_policy
from aurora.learning.experts.experts import Identification, identify_experts
from aurora.learning.experts.fine_tuning import TuneSettings, Update, tune
from aurora.learning.series.series import Finding
from aurora.types import Progress, no_progress

POLICY = "policy.pt"
HOLD_OUT_EVERY = 5
"""Every fifth account is held out: neither cloned nor trained on."""
MIN_ACCOUNTS = 30
"""Fewest accounts to learn from and to hold out."""
HELD_OUT_CASES = 60
"""Episodes on held-out accounts by which clone and fine-tuned policy are compared."""


class Trained(NamedTuple):
    """Trained clone, with what is needed to judge it.

    Attributes:
        identification: Scores of the accounts that were learnt from.
        findings: Defects of the histories that were repaired.
        clone: Network after cloning.
        policy: Network after fine-tuning.
        cases: Episodes on held-out accounts, the same for every policy.
        curve: Updates of fine-tuning in this process.
        catalogue: Catalogue that the histories name things from.
    """

    identification: Identification
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
    progress: Progress = no_progress,
) -> Trained:
    """Do what is left to do of the training in a folder: find experts, clone them, fine-tune.

    Args:
        folder: Folder in which `begin` was called; it holds the clone, checkpoints and the policy.
        key: Secret key with which names of accounts are hashed.
        progress: Receives every epoch and update.

    Raises:
        InputError: The training hashes names of accounts, and there is no key.
        DataError: Histories are malformed or too few, or the scores of accounts form no groups.
        FileError: A file can't be read.
        RunError: The folder holds no training, or a checkpoint of another.
    """
    course = course_of(folder)
    if course.hashed and key is None:
        raise InputError(f"the training in {folder} hashes names of accounts; give the key", parameter="key")
    catalogue = load_catalogue(Path(course.catalogue)) if course.catalogue else synthetic_catalogue()
    findings: tuple[Finding, ...] = ()
    if course.generated:
        accounts: Sequence[Account] = generate(course.seed, course.generated, 0.25, catalogue=catalogue).accounts
    else:
        read = read_accounts(
            [Path(p) for p in course.histories], catalogue, hash_accounts_with=key if course.hashed else None
        )
        accounts, findings = read.accounts, read.findings
    if len(accounts) < MIN_ACCOUNTS:
        raise DataError(f"{len(accounts)} accounts; at least {MIN_ACCOUNTS} are needed to learn from and to check on")
    held_out = accounts[::HOLD_OUT_EVERY]
    known = [a for k, a in enumerate(accounts) if k % HOLD_OUT_EVERY]
    identification = identify_experts(known, catalogue, share=course.share, seed=course.seed)
    settings = CloneSettings(seed=course.seed)
    copied = _cloned(folder, known, identification, catalogue, settings, progress)
    curve: list[Update] = []

    def follow(update: Update) -> None:
        curve.append(update)
        progress("fine-tuning, steps", min(update.steps, course.steps), course.steps)

    tuning = TuneSettings(seed=course.seed)
    policy = tune(copied, twin_cases(known, catalogue), catalogue, course.steps, tuning, folder=folder, tell=follow)
    save_policy(policy, folder / POLICY, settings, {"kind": "fine-tuned", "steps": course.steps, "seed": course.seed})
    draw, rng = twin_cases(held_out, catalogue, disturb=0.0), np.random.default_rng([course.seed, 81])
    cases = tuple(draw(rng) for _ in range(HELD_OUT_CASES))
    return Trained(identification, findings, copied, policy, cases, tuple(curve), catalogue)


def _cloned(
    folder: Path,
    known: Sequence[Account],
    identification: Identification,
    catalogue: Catalogue,
    settings: CloneSettings,
    progress: Progress,
) -> MaskableActorCriticPolicy:
    if (folder / CLONE).exists():
        return load_policy(folder / CLONE)[0]
    experts = {s.account_id for s in identification.scores if s.is_expert}
    teachers = [a for a in known if a.account_id in experts]
    policy = clone(
        teachers,
        catalogue,
        settings,
        tell=lambda epoch: progress("cloning, epochs", epoch.epoch, settings.epochs),
    )
    about: dict[str, Any] = {"kind": "clone", "experts": len(teachers), "seed": settings.seed}
    save_policy(policy, folder / CLONE, settings, about)
    return policy
