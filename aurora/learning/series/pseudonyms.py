"""Replaces names of accounts by keyed hashes, so that series can be shared without revealing their owners.

The key matters: names of accounts are few and guessable, so whoever has a plain hash (SHA-256 of the name) only has to
hash a list of likely names to undo it. A keyed one (HMAC) can be undone only by who has the key. The same key gives the
same pseudonym on every machine and day, so histories still join; another key gives others, so data sets do not.
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
"""Environment variable from which commands take the key: a command line is seen by all on the machine."""
PSEUDONYM_DIGITS = 16
"""Hexadecimal digits of a pseudonym: 64 bits, by which among a million accounts two meet with a chance of 3e-8."""
MIN_KEY_CHARACTERS = 16
"""Fewest characters of a key."""


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
    """Hash the account labels of samples, also where they are part of the `unique_id`.

    A part of an id between slashes that is an account's name is replaced; an id that contains it otherwise is hashed
    whole. No other label is read: a name that is hidden in a host's name or a tag stays.

    Raises:
        DataError: No series has a label that names an account.
        InputError: The key is too short.
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
