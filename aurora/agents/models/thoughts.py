"""Separates reasoning from the answer in a model's text, and recognises refusals."""

from __future__ import annotations

import json
import re

LONGEST_REFUSAL = 600
"""Most characters of a refusal in prose."""
_TAG = re.compile(r"<\s*(/?)\s*(?:think|thinking|thought|thoughts|reasoning)\s*>", re.IGNORECASE)
_CHANNEL = "<|channel|>"
_FINAL = "<|channel|>final<|message|>"
_END = re.compile(r"<\|(?:end|return|eot_id|im_end)\|>\s*$")
_SORRY = r"(?:(?:i'?m|i am|we'?re)?\s*(?:very |so |really )?(?:sorry|afraid)|i apologi[sz]e|apologies|unfortunately)"
_UNABLE = (
    r"(?:i|we)\s*(?:can'?t|cannot|can not|won'?t|will not|'?m (?:not able|unable)|am (?:not able|unable)"
    r"|(?:must |have to )?decline)"
)
_DEED = (
    r"(?:help|assist|comply|provide|fulfil|do (?:that|this)|answer|continue|engage|support|discuss|create|generate"
    r"|write|with)"
)
_REFUSAL = re.compile(rf"^\W*(?:{_SORRY}\b.{{0,40}}?)?\b{_UNABLE}\b.{{0,40}}?\b{_DEED}", re.IGNORECASE | re.DOTALL)


def without_thoughts(text: str) -> str:
    """Return a model's text without its reasoning.

    Reasoning stands between `<think>` and `</think>` or similar tags, nested or not. Text before a closing tag
    without an opening one counts as well (templates open it for the model), and so does text after an opening tag
    that is never closed. A text that is JSON as a whole has no reasoning.
    """
    if _FINAL in text:
        return _END.sub("", text.rsplit(_FINAL, 1)[1]).strip()
    if not _TAG.search(text) or _is_json(text):
        return text
    answer, depth, at = "", 0, 0
    for tag in _TAG.finditer(text):
        if depth == 0:
            answer += text[at : tag.start()]
        if tag.group(1):
            answer, depth = ("", 0) if depth == 0 else (answer, depth - 1)
        else:
            depth += 1
        at = tag.end()
    return (answer + (text[at:] if depth == 0 else "")).strip()


def answer_so_far(text: str) -> str:
    """Return the answer in an unfinished text, without reasoning as far as its tags have come."""
    return "" if _CHANNEL in text and _FINAL not in text else without_thoughts(text)


def is_refusal(text: str) -> bool:
    """Check that a text without JSON is a refusal in the usual words."""
    return (
        len(text) <= LONGEST_REFUSAL and "{" not in text and _REFUSAL.search(text.strip().replace("’", "'")) is not None
    )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
