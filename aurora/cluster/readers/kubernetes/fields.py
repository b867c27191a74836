"""Typed access to the fields of objects in JSON; null counts as absent, as it does for Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aurora.errors import DataError

Object = Mapping[str, Any]
"""A JSON object."""

MAX_KEY, MAX_NAME, MAX_SHORT_NAME = 317, 253, 63
"""Most characters of a label's key with its prefix, of a name, and of a namespace or a kind."""

_NONE: Object = {}


def mapping(parent: Object, key: str) -> Object:
    """Return an object; empty where it is absent.

    Raises:
        DataError: The field is something else.
    """
    value = parent.get(key)
    if value is None:
        return _NONE
    if not isinstance(value, dict):
        raise DataError(f"{key}: expected an object, found {_kind(value)}")
    return value


def nested(parent: Object, *keys: str) -> Object:
    """Return an object within objects; empty where any is absent.

    Raises:
        DataError: A field on the way is something else.
    """
    for key in keys:
        parent = mapping(parent, key)
    return parent


def objects(parent: Object, key: str) -> list[Object]:
    """Return a list of objects; empty where it is absent.

    Raises:
        DataError: The field is something else.
    """
    value = parent.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise DataError(f"{key}: expected a list of objects")
    return value


def texts(parent: Object, key: str) -> tuple[str, ...]:
    """Return a list of texts; empty where it is absent.

    Raises:
        DataError: The field is something else.
    """
    value = parent.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise DataError(f"{key}: expected a list of texts")
    return tuple(value)


def text(parent: Object, key: str, default: str = "") -> str:
    """Return a text, or the default where it is absent.

    Raises:
        DataError: The field is something else.
    """
    value = parent.get(key)
    if value is None:
        return default
    if not isinstance(value, str):
        raise DataError(f"{key}: expected a text, found {_kind(value)}")
    return value


def named(parent: Object, key: str = "name", *, most: int = MAX_KEY) -> str:
    """Return a name that must be there.

    Args:
        parent: The object.
        key: Name of the field.
        most: Most characters.

    Raises:
        DataError: The field is absent, empty, too long or something else.
    """
    value = text(parent, key)
    if not value:
        raise DataError(f"{key} is missing")
    if len(value) > most:
        raise DataError(f"{key}: {value[:40]!r}… has {len(value)} characters; at most {most} are allowed")
    return value


def text_map(parent: Object, key: str) -> dict[str, str]:
    """Return an object of texts, such as labels; empty where it is absent.

    Raises:
        DataError: The field, or a value in it, is something else.
    """
    value = mapping(parent, key)
    for name, label in value.items():
        if label is not None and not isinstance(label, str):
            raise DataError(f"{key}.{name}: expected a text, found {_kind(label)}")
    return {name: label or "" for name, label in value.items()}


def flag(parent: Object, key: str) -> bool:
    """Return true or false; false where it is absent.

    Raises:
        DataError: The field is something else.
    """
    value = parent.get(key)
    if value is not None and not isinstance(value, bool):
        raise DataError(f"{key}: expected true or false, found {_kind(value)}")
    return bool(value)


def whole(parent: Object, key: str, *, least: int | None = None) -> int | None:
    """Return a whole number, None where it is absent.

    Raises:
        DataError: The field is something else, or below the least.
    """
    value = parent.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise DataError(f"{key}: expected a whole number, found {_kind(value)}")
    if least is not None and value < least:
        raise DataError(f"{key}: {value} is less than {least}")
    return value


def time(parent: Object, key: str) -> datetime | None:
    """Return a time in UTC, None where it is absent.

    Raises:
        DataError: The field is not a time of RFC 3339.
    """
    value = text(parent, key)
    if not value:
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise DataError(f"{key}: {value[:40]!r} is not a time; write it as 2026-01-31T12:00:00Z") from None


def annotations_of(item: Object) -> dict[str, str]:
    """Return the annotations of an object; those that `kept` names, as texts."""
    return text_map(mapping(item, "metadata"), "annotations")


def labels_of(item: Object) -> dict[str, str]:
    """Return the labels of an object."""
    return text_map(mapping(item, "metadata"), "labels")


def name_of(item: Object) -> str:
    """Return the name of an object as people write it: NAMESPACE/NAME, or NAME."""
    metadata = mapping(item, "metadata")
    namespace = text(metadata, "namespace")
    return f"{namespace}/{text(metadata, 'name')}" if namespace else text(metadata, "name")


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, int | float):
        return f"the number {value}"
    return {"list": "a list", "dict": "an object"}.get(type(value).__name__, "null")
