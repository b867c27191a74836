"""Replaces names of accounts by keyed hashes, so that series can be shared without revealing their owners.

A plain hash (SHA-256 of the name) is not enough. Names of accounts are few and guessable, so hashing a list of likely
names reveals them. A keyed hash (HMAC) can be undone only with the key. One key gives the same pseudonyms on every
machine and day, so histories can be joined; data sets with different keys can't.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace

from aurora.errors import DataError, InputError
from aurora.learning.series.samples import Samples

ACCOUNT_LABELS = ("account", "account_id", "account_name", "tenant", "customer", "owner", "user", "user_id", "project")
"""Labels whose values name an account."""
KEY_VARIABLE = "AURORA_ACCOUNT_KEY"
"""Environment variable with the key; a command line is visible to everyone on the machine."""
PSEUDONYM_DIGITS = 16
"""Hexadecimal digits of a pseudonym: 64 bits, so that a million accounts collide with a probability of 3e-8."""
MIN_KEY_CHARACTERS = 16
"""Smallest number of characters of a key."""


def pseudonym(name: str, key: str) -> str:
    """Return the pseudonym of a name: the first 16 hexadecimal digits of HMAC-SHA256.

    Raises:
        InputError: The key is shorter than 16 characters.

    Example:
        >>> pseudonym("acme", "a key of 16 chars or more")
        '440498a77e1cff9e'
    """
    if len(key) < MIN_KEY_CHARACTERS:
        raise InputError(
            f"the key for hashing accounts has {len(key)} characters; give {MIN_KEY_CHARACTERS} or more, at random"
        )
    return hmac.new(key.encode(), name.encode(), hashlib.sha256).hexdigest()[:PSEUDONYM_DIGITS]


def with_pseudonyms(samples: Sequence[Samples], key: str) -> list[Samples]:
    """Hash the account labels of samples, and the names of accounts within each `unique_id`.

    If a part of an id between slashes is an account's name, the part is replaced. An id that contains the name
    otherwise is hashed whole. Other labels stay: a name within a host's name or a tag is not hidden.

    Raises:
        DataError: No series has a label that names an account.
        InputError: The key is shorter than 16 characters.
    """
    hidden = [_hidden(sample, key) for sample in samples]
    if not any(label in sample.labels for sample in samples for label in ACCOUNT_LABELS):
        raise DataError(
            f"no series names an account, so nothing can be hashed; label them with one of {', '.join(ACCOUNT_LABELS)}"
        )
    return hidden


def _hidden(sample: Samples, key: str) -> Samples:
    names = {sample.labels[label] for label in ACCOUNT_LABELS if label in sample.labels}
    if not names:
        return sample
    labels = {k: pseudonym(v, key) if k in ACCOUNT_LABELS else v for k, v in sample.labels.items()}
    parts = sample.unique_id.split("/")
    if any(name in part and name != part for name in names for part in parts):
        unique_id = pseudonym(sample.unique_id, key)
    else:
        unique_id = "/".join(pseudonym(part, key) if part in names else part for part in parts)
    return replace(sample, unique_id=unique_id, labels=labels)
