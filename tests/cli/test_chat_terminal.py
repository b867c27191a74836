"""`aurora chat` on a terminal: a sign of life at once, Ctrl-C stops an answer and no conversation, Ctrl-D leaves."""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import threading
import time

import pytest

from tests.agents.streaming_server import Streamed, streaming

SLOW = """
import sys, time
from aurora.agents.operator.rules import RulesOperator

whole = RulesOperator.answer

def answer(self, question, harness, history, mode, audience=None):
    if "slow" in question:
        time.sleep(120)
    return whole(self, question, harness, history, mode)

RulesOperator.answer = answer
sys.argv = ["aurora", "chat", "--snapshot", "sample:web-shop"]
from aurora.cli.main import main
main()
"""
WITH_MODEL = """
import sys

sys.argv = ["aurora", *sys.argv[1:], "--snapshot", "sample:web-shop", "--model", "openai:gpt-4o"]
from aurora.cli.main import main
main()
"""
PATIENCE = 120.0


class Terminal:
    """A process on a terminal of some width."""

    def __init__(self, folder, columns, script=SLOW, arguments=(), **environment) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ |= {"TERM": "xterm", "AURORA_MODEL": "", "PROMPT_TOOLKIT_NO_CPR": "1", **environment}
            os.environ.pop("COLUMNS", None)
            os.execv(sys.executable, [sys.executable, "-c", script, *arguments])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.shown = ""

    def until(self, pattern) -> float:
        """Read until a pattern is shown after what was waited for before; return the seconds that it took."""
        began = time.monotonic()
        while (match := re.search(pattern, self.shown)) is None:
            assert time.monotonic() - began < PATIENCE, self.shown
            if select.select([self.fd], [], [], 1.0)[0]:
                try:
                    self.shown += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:  # it has ended
                    pytest.fail(f"ended without {pattern}: {self.shown}")
        self.shown = self.shown[match.end() :]
        return time.monotonic() - began

    def type(self, text) -> None:
        os.write(self.fd, text.encode())

    def end(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.mark.slow
def test_an_answer_shows_life_is_stopped_and_the_conversation_goes_on(tmp_path) -> None:
    terminal = Terminal(tmp_path, 60)
    terminal.until("aurora read>")
    terminal.type("a slow question\r")
    assert terminal.until(r"working, 0\.\d s") < 5  # 0.1 s on a quiet machine
    terminal.until(r"working, [1-9]\.\d s")
    terminal.type("\x03")
    terminal.until("stopped; the conversation goes on")
    terminal.until("aurora read>")
    terminal.type("how full is the cluster?\r")
    terminal.until(r"\[E1\] cluster_overview\(\)")
    terminal.until("12 nodes")
    terminal.until("aurora read>")
    terminal.type("\x03")
    terminal.until("to leave: /quit")
    terminal.until("aurora read>")  # else the key comes before the terminal is read again
    terminal.type("\x04")
    terminal.until(r"to go on: aurora chat --resume \w{8}")
    assert terminal.end() == 0


@pytest.mark.slow
def test_sentences_are_shown_while_a_model_writes_and_stay_where_it_is_stopped(tmp_path) -> None:
    gate = threading.Event()
    lookup = Streamed(["Let me look."], [("cluster_overview", {})])
    with streaming(lookup, Streamed(["12 nodes are there [E1]. 14 no", "des are [E1]. And ", gate])) as served:
        access = {"OPENAI_BASE_URL": f"{served.url}/v1", "OPENAI_API_KEY": "x"}
        terminal = Terminal(tmp_path, 60, WITH_MODEL, ["chat"], **access)
        terminal.until("aurora read>")
        terminal.type("how full is it?\r")
        terminal.until(r"\[E1\] cluster_overview\(\)")
        terminal.until(r"12 nodes are there\. \[E1\]")
        terminal.until(r"struck out \(")
        assert not gate.is_set()
        terminal.type("\x03")
        terminal.until("stopped; the conversation goes on")
        terminal.until("aurora read>")
        terminal.type("/evidence\r")
        terminal.until(r"E1 +cluster_overview\(\) +ok")
        terminal.until("aurora read>")
        terminal.type("/save told.md\r")
        terminal.until("wrote told.md")
        terminal.until("aurora read>")
        terminal.type("\x04")
        terminal.until(r"to go on: aurora chat --resume \w{8}")
        assert terminal.end() == 0
        gate.set()
    told = (tmp_path / "told.md").read_text()
    assert "12 nodes are there. [E1] Stopped; nothing was changed." in told
    assert "14 nodes" not in told.partition("# Evidence")[0]


@pytest.mark.slow
def test_one_question_on_a_terminal_is_answered_sentence_by_sentence(tmp_path) -> None:
    gate = threading.Event()
    lookup = Streamed(["Let me look."], [("cluster_overview", {})])
    with streaming(lookup, Streamed(["12 nodes are there [E1]. An", gate, "d 82 pods run [E1]."])) as served:
        access = {"OPENAI_BASE_URL": f"{served.url}/v1", "OPENAI_API_KEY": "x"}
        terminal = Terminal(tmp_path, 80, WITH_MODEL, ["ask", "how full is it?"], **access)
        terminal.until(r"12 nodes are there\. \[E1\]")
        assert not gate.is_set()
        gate.set()
        terminal.until(r"And 82 pods run\. \[E1\]")
        assert "12 nodes" not in terminal.shown
        assert terminal.end() == 0


def test_an_answer_says_how_many_sentences_were_struck(capsys) -> None:
    from aurora.agents.operator.answer import Answer, Sentence
    from aurora.cli.chat.rendering import print_answer

    held = Sentence(text="82 tasks run.", cites=("E1",))
    struck = Sentence(text="They run well.", cites=("E1",), struck="no evidence says so")
    print_answer(Answer(question="How are things?", by="openai:model", sentences=(held, struck, held)))
    assert "1 of 3 sentences was not supported and struck" in capsys.readouterr().err


def test_the_question_about_a_rollback_offers_no_edit(capsys) -> None:
    from aurora.cli.chat.rendering import print_request

    action = {"action_requests": [{"description": "Undo it?"}]}
    print_request({**action, "review_configs": [{"allowed_decisions": ["approve", "reject"]}]})
    assert "/edit" not in capsys.readouterr().out
    print_request({**action, "review_configs": [{"allowed_decisions": ["approve", "edit", "reject"]}]})
    assert "/edit N,M" in capsys.readouterr().out
