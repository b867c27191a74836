"""Colours of the pages, light and dark; the only place where they are written.

Blue and orange carry meaning, because all common kinds of colour vision tell them apart; a word or a shape always says
the same. `PAIRS` lists which text stands on which ground; a test computes their contrast (WCAG 2.2).
"""

from __future__ import annotations

LIGHT: dict[str, str] = {
    "ground": "#f5f6f8",
    "surface": "#ffffff",
    "sunken": "#eceff3",
    "raised": "#ffffff",
    "text": "#161a20",
    "muted": "#525b68",
    "line": "#dbe0e7",
    "edge": "#7a8594",
    "accent": "#0a5fb4",
    "on-accent": "#ffffff",
    "accent-soft": "#e2eefa",
    "on-accent-soft": "#084a8d",
    "focus": "#0a5fb4",
    "good": "#0a6b6e",
    "good-soft": "#ddf1f0",
    "on-good-soft": "#07575a",
    "warn": "#935200",
    "warn-soft": "#fdefd9",
    "on-warn-soft": "#7a4300",
    "bad": "#b3261e",
    "bad-soft": "#fce5e2",
    "on-bad-soft": "#8f1d17",
    "neutral-soft": "#e6eaf0",
    "on-neutral-soft": "#3d4652",
    "load-1": "#e9f2fb",
    "on-load-1": "#17354f",
    "load-2": "#c3ddf4",
    "on-load-2": "#12304a",
    "load-3": "#8fbfe8",
    "on-load-3": "#0c263c",
    "load-4": "#f6b86a",
    "on-load-4": "#3d2200",
    "load-5": "#bb5400",
    "on-load-5": "#ffffff",
    "series-1": "#0a5fb4",
    "series-2": "#c35a00",
    "series-3": "#0a6b6e",
    "series-4": "#7b4bb0",
    "series-5": "#6b7482",
    "series-6": "#9c3a63",
}
"""Colours by name on a light ground."""
DARK: dict[str, str] = {
    "ground": "#101317",
    "surface": "#181c22",
    "sunken": "#0c0f12",
    "raised": "#21262e",
    "text": "#e8ebef",
    "muted": "#a5aebb",
    "line": "#2d343d",
    "edge": "#7d8896",
    "accent": "#6cb1f2",
    "on-accent": "#08203a",
    "accent-soft": "#17324d",
    "on-accent-soft": "#b7d8f8",
    "focus": "#8cc3f7",
    "good": "#58c0bd",
    "good-soft": "#10393a",
    "on-good-soft": "#a6e1df",
    "warn": "#f0a848",
    "warn-soft": "#42290a",
    "on-warn-soft": "#f8cf97",
    "bad": "#ff8e83",
    "bad-soft": "#4a1b17",
    "on-bad-soft": "#ffc4bd",
    "neutral-soft": "#2a3139",
    "on-neutral-soft": "#c9d0d9",
    "load-1": "#1a2a39",
    "on-load-1": "#cfe2f4",
    "load-2": "#214464",
    "on-load-2": "#dcebf9",
    "load-3": "#2f6ca3",
    "on-load-3": "#ffffff",
    "load-4": "#b4711e",
    "on-load-4": "#160c00",
    "load-5": "#f59a3c",
    "on-load-5": "#241200",
    "series-1": "#6cb1f2",
    "series-2": "#f59a3c",
    "series-3": "#58c0bd",
    "series-4": "#b893e6",
    "series-5": "#a5aebb",
    "series-6": "#e58bb0",
}
"""Colours by name on a dark ground."""

TEXT_CONTRAST, SHAPE_CONTRAST = 4.5, 3.0
"""Least ratios of WCAG 2.2 AA: of text (1.4.3), and of shapes and edges that carry meaning (1.4.11)."""
_GROUNDS = ("ground", "surface", "sunken", "raised")
PAIRS: tuple[tuple[str, str, float], ...] = (
    *((ink, ground, TEXT_CONTRAST) for ink in ("text", "muted") for ground in _GROUNDS),
    *((ink, "surface", TEXT_CONTRAST) for ink in ("accent", "good", "warn", "bad")),
    *((ink, "ground", TEXT_CONTRAST) for ink in ("accent", "good", "warn", "bad")),
    *((ink, "sunken", SHAPE_CONTRAST) for ink in ("accent", "good", "warn", "bad")),
    ("on-accent", "accent", TEXT_CONTRAST),
    *((f"on-{tone}-soft", f"{tone}-soft", TEXT_CONTRAST) for tone in ("accent", "good", "warn", "bad", "neutral")),
    *((f"on-load-{k}", f"load-{k}", TEXT_CONTRAST) for k in range(1, 6)),
    *((ink, ground, SHAPE_CONTRAST) for ink in ("edge", "focus") for ground in _GROUNDS),
    *((f"series-{k}", "surface", SHAPE_CONTRAST) for k in range(1, 7)),
)
"""Ink, ground and the least contrast that their use needs."""


def contrast(ink: str, ground: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance).

    Args:
        ink: Colour as `#rrggbb`.
        ground: Colour as `#rrggbb`.

    >>> round(contrast("#000000", "#ffffff"), 1)
    21.0
    """
    high, low = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)  # noqa: PLR2004
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def variables() -> str:
    """Return the colours as CSS: variables named `--NAME`, light, and dark where the system asks for it."""
    dark = _block(DARK)
    return (
        f":root{{color-scheme:light;{_block(LIGHT)}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{color-scheme:dark;{dark}}}}}\n"
    )


def _block(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in colours.items())
