"""Tells a model's answer sentence by sentence while it is written: each is complete and checked before it is shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice, takewhile

from aurora.agents.models.masking import masked
from aurora.agents.models.thoughts import answer_so_far, without_thoughts
from aurora.agents.operator.answer import Audience, Sentence
from aurora.agents.operator.checking.splitting import split_sentences

MAX_ANSWER = 12_000
"""Most characters of an answer that are read."""
MAX_SENTENCES = 60
STRIDE = 64
"""A text is looked at again when it has grown by a character for each of these: long ones are looked at more rarely."""
_SENTENCE_END = re.compile(r"[.!?][^\n]*?\s\S|\n")
"""What a text has if a sentence may have ended in it."""
_BREAK = re.compile(r"[.!?\])]\s+\S{1,9}|\n")
"""Where a text is read that came at once."""
_GOES_ON = (
    " And so on [E999].",
    "x",
    *(f"{start}{end}." for start in ("", "998", "E998", ", E998", "-E999") for end in ("]", ")")),
    *(f"{start}And so on.\n[E999]\n" for start in ("", " ", ". ", ") ", "\n", "\n- ")),
    *(f"{start} b |\n[E999]\n" for start in ("", "|", "\n| a |")),
    *(
        "[E999]\n",
        "*[E999]\n",
        "_[E999]\n",
        "\n[E999]",
        "\n| a | b |\n|---|---|\n| and | so on [E999] |\n",
        "\n| and | so on [E999] |\n",
    ),
    *("\n- And so on [E999].\n", "**\nAnd so on.\n", "*\nAnd so on.\n", "And", "."),
)
"""Ways in which a text may go on; what is the same in all of them is settled."""


def sentences_in(text: str) -> tuple[Sentence, ...]:
    """Return the sentences of a model's text; what is beyond the limits is one struck sentence."""
    sentences = list(islice(dict.fromkeys(split_sentences(text[:MAX_ANSWER])), MAX_SENTENCES + 1))
    if len(text) > MAX_ANSWER or len(sentences) > MAX_SENTENCES:
        why = f"could not be checked: of an answer, {MAX_SENTENCES} sentences and {MAX_ANSWER} characters are read"
        sentences[MAX_SENTENCES:] = [Sentence(text=f"(the rest of {len(text)} characters)", struck=why)]
    return tuple(sentences)


def settled(text: str, known: int = 0) -> tuple[Sentence, ...]:
    """Return the first sentences of an unfinished text: those that stay as they are, however it goes on.

    A citation may still follow the full stop, and bullets or rows may get theirs from a line after them.

    Args:
        text: The text so far.
        known: Number of sentences that are known to be settled: it is not looked for fewer.
    """
    text = text[:MAX_ANSWER]
    common = list(dict.fromkeys(split_sentences(text)))
    for more in _GOES_ON:
        if len(common) <= known:
            break
        other = dict.fromkeys(split_sentences(text + more))
        common = [one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(common, other, strict=False))]
    return tuple(common[:MAX_SENTENCES])


class Telling:
    """Shows the sentences of a turn's answer; see `aurora.agents.models.listening.Listener`.

    Sentences without evidence wait for the next one with evidence, or for the end of the answer: a model that is about
    to look something up says what it does, and that is no part of the answer.

    Args:
        audience: Who reads the answer.
        check: Returns a sentence, struck where it does not hold.

    Attributes:
        shown: Sentences that were shown, in order, struck ones included.
    """

    def __init__(self, audience: Audience, check: Callable[[Sentence], Sentence]) -> None:
        self.shown: list[Sentence] = []
        self._audience = audience
        self._check = check
        self._failure: Exception | None = None
        self.begin()

    @property
    def has_passed_on(self) -> bool:
        """Whether a sentence of the present message was shown."""
        return self._has_passed_on

    @property
    def has_left(self) -> bool:
        """Whether nobody reads any more."""
        return self._audience.has_left

    @property
    def _is_full(self) -> bool:
        """Whether no more sentences of the message are read."""
        return len(self._taken) >= MAX_SENTENCES

    def begin(self) -> None:
        """Begin a message, or begin it anew."""
        self._text = ""
        self._seen = ""
        self._looked_at = 0
        self._taken: dict[Sentence, None] = {}
        self._waiting: list[Sentence] = []
        self._has_passed_on = False

    def add(self, text: str) -> None:
        """Take the next part of the message, and show what is complete."""
        self._text += text
        is_over = self._is_full or len(self._text) > MAX_ANSWER
        if self._failure is not None or is_over or len(self._text) - self._looked_at < len(self._text) // STRIDE:
            return
        self._looked_at = len(self._text)
        if not _SENTENCE_END.search(self._text):
            return
        try:
            self._look(masked(answer_so_far(self._text)))
        except Exception as failure:  # clients of models would take it for a broken answer; `end` raises it
            self._failure = failure

    def end(self, text: str, *, goes_on: bool = False, broken: str = "") -> None:
        """End the message.

        Args:
            text: Its whole text; what did not arrive part by part is read now.
            goes_on: True: it calls tools, so that its unfinished sentences are no part of the answer.
            broken: Why it broke off; "": it did not.
        """
        if self._failure is not None:
            raise self._failure
        whole = without_thoughts(text)
        if not self._text:  # it came at once, such as from a recording, and is read as if it had come bit by bit
            for place in _BREAK.finditer(whole[:MAX_ANSWER]):
                if self._is_full:
                    break
                self._look(whole[: place.end()])
        self._look(whole)
        if not goes_on:
            if not broken:
                self._take(sentences_in(whole))
            self._pass_on()
        if broken:
            self._show(Sentence(text="(the rest of the answer)", struck=f"it did not come: {broken}"))
        self.begin()

    def _look(self, text: str) -> None:
        """Take the sentences of a text that are settled."""
        if not text.startswith(self._seen):  # what was read turned out to be thoughts
            self._taken, self._waiting = {}, []
        self._seen = text
        self._take(settled(text, len(self._taken)))

    def _take(self, sentences: tuple[Sentence, ...]) -> None:
        for sentence in sentences:
            if sentence in self._taken:
                continue
            self._taken[sentence] = None
            self._waiting.append(sentence)
            if sentence.cites:
                self._pass_on()

    def _pass_on(self) -> None:
        for sentence in self._waiting:
            self._show(sentence if sentence.struck else self._check(sentence))
        self._waiting = []

    def _show(self, sentence: Sentence) -> None:
        if any((s.text, s.cites) == (sentence.text, sentence.cites) for s in self.shown):
            return
        self.shown.append(sentence)
        self._has_passed_on = True
        self._audience.show(sentence)
