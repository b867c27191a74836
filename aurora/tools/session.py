"""Description of a recorded session: settings and prompts, written first and compared before a replay."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from aurora.errors import ModelError
from aurora.tools.difference import first_difference
from aurora.tools.recording import Exchange, Recording

KEY = "session"
"""Key of the exchange that describes the session."""
OF_THE_PLACE = ("data",)
"""Settings that locate data and don't change the session."""


def note_session(recording: Recording, settings: Mapping[str, Any], prompts: Mapping[str, str]) -> None:
    """Write the description of a session into its recording, or before a replay compare it with the recorded one.

    A recording of an older AURORA without a description is replayed as far as it goes.

    Args:
        recording: Recording of the session, or the one to replay.
        settings: Settings that determine the session, as JSON values.
        prompts: Texts of the prompts by role.

    Raises:
        ModelError: The recorded session was another one; the message names the difference.
    """
    found = recording.find(KEY)
    if not recording.replaying:
        if found is None:
            recording.add(Exchange(KEY, "session", {"settings": dict(settings), "prompts": dict(prompts)}, None, {}))
        return
    if found is None:
        return
    told = [
        *_prompts_that_differ(_part(found, "prompts"), prompts),
        *_settings_that_differ(_part(found, "settings"), settings),
    ]
    if told:
        raise ModelError(f"the recording is of another session: {'; '.join(told)}")


def _part(session: Exchange, name: str) -> dict[str, Any]:
    part = session.request.get(name) if isinstance(session.request, dict) else None
    if not isinstance(part, dict):
        raise ModelError(f"the recording's first line holds no {name} of its session; take it from a copy")
    return part


def _prompts_that_differ(recorded: Mapping[str, Any], now: Mapping[str, str]) -> list[str]:
    return [
        f"the {role}'s prompt differs ({_short_hash(was)} recorded, {_short_hash(text)} now). "
        + first_difference(was, text)
        for role, text in now.items()
        if (was := str(recorded.get(role, ""))) != text
    ]


def _settings_that_differ(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    names = [n for n in sorted({*recorded, *now} - {*OF_THE_PLACE, "prompts"}) if recorded.get(n) != now.get(n)]
    return [f"{name} was {recorded.get(name)!r} and is {now.get(name)!r}" for name in names]


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
