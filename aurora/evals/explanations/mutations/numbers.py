"""Falsehoods about numbers and units."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np

from aurora.evals.explanations.mutations.sentence import Said

NUMBER = re.compile(r"(?<![\w-])(?<!\w[.:/])\d(?:[\d,]*\d)?(?:\.\d+)?(?![\w-])(?!\.\d)")
"""Pattern of a number that is not part of a name."""
TOLERATED = 0.06
"""Least relative error of a false number, so that it is no rounding of the true one."""
_UNITS: Mapping[str, tuple[str, ...]] = {
    "J": ("kJ", "kWh", "W", "s"),
    "kJ": ("J", "MJ", "kWh", "kW"),
    "kWh": ("J", "Wh", "MWh", "kW"),
    "ms": ("s", "min", "µs", "MB"),
    "s": ("ms", "h", "min", "J"),
    "min": ("s", "h", "days"),
    "h": ("s", "min", "days"),
    "%": ("percentage points", "times", "ms", "‰"),
    "W": ("kW", "J", "Wh"),
    "GiB": ("MiB", "TiB", "GB", "cores"),
    "Gbit/s": ("Mbit/s", "GiB/s", "s"),
    "core": ("GiB", "devices", "nodes"),
    "cores": ("GiB", "devices", "nodes"),
    "devices": ("cores", "nodes"),
    "tasks": ("nodes", "SLAs", "users"),
}
_RATIOS = (
    "{a} has ten times less {f} than {b}",
    "{a} has a 9 % lower {f} than {b}",
    "{a} has half the {f} of {b}",
    "{a}'s {f} is twice that of {b}",
    "{a} saves 40 % of {f} against {b}",
    "the {f} of {a} is 3.7 times that of {b}",
    "{a} has only a third of the {f} of {b}",
    "{a} has a slightly lower {f} than {b}",
)
_WORDS = (
    "two hundred and ten",
    "about a thousand",
    "half a million",
    "a dozen",
    "countless",
    "nearly zero",
    "a few",
    "seven hundred",
    "one and a half",
    "forty-two",
)
_FOREIGN = ("zweihundert", "deux cents", "двести", "二百", "مئتان", "doscientos", "CCLXXXVI", "kaksisataa")
_DIGITS = ("٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９", "०१२३४५६७८९", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗")


def unit(said: Said, rng: np.random.Generator) -> Iterator[str]:
    """Replace a unit, or the currency."""
    if re.search(r"(?<![\d.,])0 ", said.text):
        return  # zero is zero in every unit
    for found in re.finditer(r"(?<=\d) (J|kJ|kWh|ms|s|min|h|%|W|GiB|Gbit/s|cores?|devices|tasks)(?![\w/])", said.text):
        for other in _UNITS[found.group(1)]:
            yield f"{said.text[: found.start(1)]}{other}{said.text[found.end(1) :]}"
    if "$" in said.text:
        yield said.text.replace("$", "€")
        yield said.text.replace("/h", "/min") if "/h" in said.text else re.sub(r"\$([\d.,]*\d)", r"\1 J", said.text)
        yield re.sub(r"\$([\d.,]*\d)", r"\1 cents", said.text)


def _numbers(text: str) -> list[re.Match[str]]:
    return list(NUMBER.finditer(text))


def put(text: str, found: re.Match[str], number: str) -> str:
    """Replace a number of a text."""
    return text[: found.start()] + number + text[found.end() :]


def digit(said: Said, rng: np.random.Generator) -> Iterator[str]:
    """Change a digit of each number."""
    for found in _numbers(said.text):
        places = [k for k, c in enumerate(found.group()) if c.isdigit()]
        place = places[int(rng.integers(len(places)))]
        digit = str((int(found.group()[place]) + int(rng.integers(1, 10))) % 10)
        changed = found.group()[:place] + digit + found.group()[place + 1 :]
        yield put(said.text, found, changed)


def rounding(said: Said, rng: np.random.Generator) -> Iterator[str]:
    """Round numbers further than is tolerated."""
    for found in _numbers(said.text):
        value = float(found.group().replace(",", ""))
        if not value:
            continue
        for factor in (1.06, 0.93, 1.2):
            yield put(said.text, found, f"{value * factor:.4g}")
        rough = f"{value:.0e}"
        if abs(float(rough) - value) > TOLERATED * value:
            yield put(said.text, found, f"{float(rough):g}")
            yield put(said.text, found, f"about {float(rough):g}")


def in_words(said: Said, rng: np.random.Generator) -> Iterator[str]:
    """Replace numbers by words for another amount."""
    for found in _numbers(said.text):
        yield put(said.text, found, _WORDS[int(rng.integers(len(_WORDS)))])


def foreign(said: Said, rng: np.random.Generator) -> Iterator[str]:
    """Replace numbers by other amounts in other languages and digits."""
    for found in _numbers(said.text):
        yield put(said.text, found, _FOREIGN[int(rng.integers(len(_FOREIGN)))])
        digits = _DIGITS[int(rng.integers(len(_DIGITS)))]
        wrong = "".join(digits[(int(c) + 3) % 10] if c.isdigit() else c for c in found.group())
        yield put(said.text, found, wrong)


def ratio(said: Said, rng: np.random.Generator) -> Iterator[str]:
    """State a ratio or a percentage of two values."""
    if said.kind in ("pair", "top", "cause", "flip") and said.features and said.names:
        a = said.names[0]
        b = said.names[1] if len(said.names) > 1 else (said.others or ("the others",))[0]
        for each in _RATIOS:
            yield f"{each.format(a=a, b=b, f=said.features[0])}."


def borrowed(said: Said, rng: np.random.Generator) -> Iterator[str]:
    """Replace a number by one of another claim."""
    for text, _ in said.neighbours:
        for other in _numbers(text):
            for found in _numbers(said.text):
                mine, theirs = (float(m.group().replace(",", "")) for m in (found, other))
                if abs(mine - theirs) > TOLERATED * mine:
                    yield put(said.text, found, other.group())
