"""Registration of an experiment before its first day, so that nobody can choose the answer afterwards."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from aurora.errors import DataError, FileError, InputError
from aurora.files import writing
from aurora.journal import is_there
from aurora.learning.experiments.sequential import MIN_BLOCK
from aurora.reading import read_json

Direction = Literal["lower", "higher"]
FILE, JOURNAL = "registration.json", "measurements.jsonl"
FORMAT = 1
MIN_ACCOUNTS = 16
"""Fewest accounts; with fewer, the blocks have too few possible assignments to separate chance from effect."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An account of the experiment.

    Attributes:
        account: Name of the account.
        stratum: Stratum, which its whole block shares.
        block: Number of the block within which it was randomised.
        treated: Whether it is assigned to the change.
        before: Means of the metric and the guardrail before the start.
    """

    account: str
    stratum: str
    block: int
    treated: bool
    before: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules by which an experiment is judged.

    Attributes:
        metric: Name of the one metric that decides.
        direction: Direction in which it is better.
        guardrail: Name of the metric that must not get worse.
        guardrail_direction: Direction in which the guardrail is better.
        margin: Amount by which the guardrail may get worse, in its unit.
        alpha: Probability of any false stop for benefit or harm, over all days together.
        guardrail_alpha: The guardrail's part of `alpha`; the metric's interval has the rest.
        effect: Smallest change of the metric worth having, in its unit, without sign.
        days: Longest duration.
        earliest: First day, from 1, on which it may stop for benefit or futility; the guardrail may always stop it.
        resamples: Number of assignments, the actual one among them, that form the reference distribution.
        block_size: Number of accounts that are randomised among each other.

    Raises:
        InputError: The rules are not possible.
    """

    metric: str
    direction: Direction
    guardrail: str
    guardrail_direction: Direction
    margin: float
    alpha: float
    guardrail_alpha: float
    effect: float
    days: int
    earliest: int
    resamples: int = 2000
    block_size: int = 8

    def __post_init__(self) -> None:
        if self.metric == self.guardrail:
            raise InputError(f"metric and guardrail are both {self.metric!r}; the guardrail must be another quantity")
        if not 0 < self.guardrail_alpha < self.alpha < 1:
            raise InputError(f"needs 0 < guardrail alpha ({self.guardrail_alpha}) < alpha ({self.alpha}) < 1")
        if not (self.effect > 0 and self.margin >= 0):
            raise InputError(f"effect ({self.effect}) must be above 0 and margin ({self.margin}) not below 0")
        if not 1 <= self.earliest <= self.days:
            raise InputError(f"earliest ({self.earliest}) must lie between 1 and days ({self.days})")
        if self.resamples * min(self.guardrail_alpha, self.alpha - self.guardrail_alpha) < 1:
            raise InputError(f"{self.resamples} resamples are too few for alpha {self.guardrail_alpha}")


@dataclass(frozen=True, slots=True)
class Registration:
    """An experiment as it was registered.

    Attributes:
        experiment_id: Id of the experiment.
        created: Day of registration.
        start: First day that counts.
        seed: Random seed of the assignment and of the test's resamples.
        rules: Rules by which it is judged.
        subjects: All accounts.
        expected: Power at `rules.effect` and days until the stop, by simulation.
        sha256: Hash of all of the above; "" before it is registered.
    """

    experiment_id: str
    created: date
    start: date
    seed: int
    rules: Rules
    subjects: tuple[Subject, ...]
    expected: Mapping[str, float]
    sha256: str = ""

    @property
    def accounts(self) -> tuple[str, ...]:
        """Names of the accounts, in the order of all arrays."""
        return tuple(s.account for s in self.subjects)

    @property
    def treated(self) -> NDArray[np.bool_]:
        """Whether each account is treated, bool [accounts]."""
        return np.array([s.treated for s in self.subjects])

    @property
    def before(self) -> NDArray[np.float64]:
        """Means before the start, see `Subject.before`, float64 [accounts, 2]."""
        return np.array([s.before for s in self.subjects])

    @property
    def blocks(self) -> tuple[NDArray[np.intp], ...]:
        """Positions of each block's accounts."""
        return block_members(self.subjects)


def block_members(subjects: Sequence[Subject]) -> tuple[NDArray[np.intp], ...]:
    """Return the positions of each block's accounts."""
    numbers = np.array([s.block for s in subjects])
    return tuple(np.flatnonzero(numbers == b) for b in np.unique(numbers))


def assign(
    before: Mapping[str, tuple[float, float]],
    strata: Mapping[str, str],
    *,
    experiment_id: str,
    seed: int,
    block_size: int = 8,
) -> tuple[Subject, ...]:
    """Assign half of each block of similar accounts to the change.

    Accounts are sorted by stratum and the metric's mean before the start, cut into blocks, and within a block treated
    in the order of a hash of experiment, seed and account: anyone can repeat it, nobody can choose it.

    Args:
        before: Account -> means before the start, see `Subject.before`.
        strata: Account -> stratum; blocks never span two strata.
        experiment_id: Part of the hash.
        seed: Likewise.
        block_size: Accounts; the last block of a stratum takes the rest as well.

    Raises:
        InputError: There are too few accounts, or a stratum has fewer than a block needs.
    """
    if len(before) < MIN_ACCOUNTS:
        raise InputError(f"{len(before)} accounts; an experiment needs at least {MIN_ACCOUNTS}")
    if block_size < MIN_BLOCK:
        raise InputError(f"block size {block_size}; at least {MIN_BLOCK} are needed, two on each arm")
    groups: dict[str, list[str]] = {}
    for account in sorted(before, key=lambda a: (strata[a], before[a], a)):
        groups.setdefault(strata[account], []).append(account)
    subjects: list[Subject] = []
    block = 0
    for stratum, accounts in groups.items():
        if len(accounts) < MIN_BLOCK:
            raise InputError(
                f"stratum {stratum[:60]!r} has {len(accounts)} accounts, a block needs {MIN_BLOCK}; use fewer strata"
            )
        count = max(1, len(accounts) // block_size)
        for k in range(count):
            last = len(accounts) if k == count - 1 else (k + 1) * block_size
            members = accounts[k * block_size : last]
            order = sorted(members, key=lambda a: _digest(experiment_id, seed, a))
            extra = _digest(experiment_id, seed, f"block {block}")[0] % 2  # whether the odd one is treated
            chosen = set(order[: (len(members) + extra) // 2])
            subjects += [Subject(a, stratum, block, a in chosen, before[a]) for a in members]
            block += 1
    return tuple(subjects)


def _digest(experiment_id: str, seed: int, name: str) -> bytes:
    return hashlib.sha256(json.dumps([experiment_id, seed, name]).encode()).digest()


def register(directory: Path, draft: Registration) -> Registration:
    """Write an experiment down, once.

    Args:
        directory: Where; it is made.
        draft: All but its hash.

    Returns:
        The experiment with its hash.

    Raises:
        FileError: The directory holds one already, or can't be written.
    """
    done = replace(draft, sha256=_sha256(_payload(draft)))
    text = json.dumps({**_payload(done), "sha256": done.sha256}, indent=1, sort_keys=True) + "\n"
    with writing(directory / FILE):
        directory.mkdir(parents=True, exist_ok=True)
        partial = directory / f".{FILE}.{os.getpid()}"
        try:
            with partial.open("w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            partial.chmod(0o444)
            os.link(partial, directory / FILE)  # unlike a rename it never replaces an earlier registration
        except FileExistsError:
            raise FileError(f"{directory} holds an experiment already; give another folder") from None
        finally:
            partial.unlink(missing_ok=True)
    return done


def check_free(directory: Path) -> None:
    """Refuse a folder that holds an experiment already, before anything is computed for another.

    Raises:
        FileError: It does, or it is a file.
    """
    if is_there(directory / FILE):
        raise FileError(f"{directory} holds an experiment already; give another folder")
    if is_there(directory) and not directory.is_dir():
        raise FileError(f"{directory} is a file; give the name of a folder")


def load_registration(directory: Path) -> Registration:
    """Read a registered experiment.

    Raises:
        FileError: There is none.
        DataError: Its file is not valid, or was altered since.
    """
    path = directory / FILE
    if not is_there(path):
        raise FileError(f"{directory} holds no experiment (no {FILE}); make one with `aurora experiment new`")
    data = read_json(path)
    if not isinstance(data, dict) or not isinstance(data.get("sha256"), str):
        raise DataError(f"{path} is not a registration")
    payload = {k: v for k, v in data.items() if k != "sha256"}
    if _sha256(payload) != data["sha256"]:
        raise DataError(
            f"{path} was altered after registration (its content no longer has the hash {data['sha256'][:12]}…); "
            "restore it, or register a new experiment"
        )
    if payload.get("format") != FORMAT:
        raise DataError(f"{path} has format {payload.get('format')!r}; this AURORA knows {FORMAT}")
    try:
        registration = _registration(payload, data["sha256"])
        again = assign(
            {s.account: s.before for s in registration.subjects},
            {s.account: s.stratum for s in registration.subjects},
            experiment_id=registration.experiment_id,
            seed=registration.seed,
            block_size=registration.rules.block_size,
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise DataError(f"{path} is not a registration: {type(error).__name__} {error}") from None
    if again != registration.subjects:
        raise DataError(f"{path} was altered after registration: its assignment is not the one that its seed gives")
    return registration


def _registration(payload: Mapping[str, Any], sha256: str) -> Registration:
    """Read a file's content; any wrong shape raises a KeyError, IndexError, TypeError or ValueError."""
    return Registration(
        str(payload["experiment_id"]),
        date.fromisoformat(payload["created"]),
        date.fromisoformat(payload["start"]),
        int(payload["seed"]),
        _rules(payload["rules"]),
        tuple(
            Subject(str(s[0]), str(s[1]), int(s[2]), bool(s[3]), (float(s[4]), float(s[5])))
            for s in payload["subjects"]
        ),
        {name: float(payload["expected"][name]) for name in ("power", "days")},
        sha256,
    )


def _rules(data: Any) -> Rules:
    kinds: Mapping[str, Any] = {"str": str, "Direction": str, "int": int, "float": (int, float)}
    for rule in fields(Rules):
        value = data[rule.name]
        if isinstance(value, bool) or not isinstance(value, kinds[str(rule.type)]):
            raise TypeError(f"rule {rule.name!r} is {str(value)[:40]!r}")
    return Rules(**data)


def _payload(registration: Registration) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "experiment_id": registration.experiment_id,
        "created": registration.created.isoformat(),
        "start": registration.start.isoformat(),
        "seed": registration.seed,
        "rules": asdict(registration.rules),
        "subjects": [[s.account, s.stratum, s.block, s.treated, *s.before] for s in registration.subjects],
        "expected": dict(registration.expected),
    }


def _sha256(payload: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
