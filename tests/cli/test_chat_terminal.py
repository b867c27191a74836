"""`aurora chat` on a terminal: a sign of life at once, Ctrl-C stops an answer and no conversation, Ctrl-D leaves."""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time

import pytest

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
PATIENCE = 120.0


class Terminal:
    """A process on a terminal of some width."""

    def __init__(self, folder, columns) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ |= {"TERM": "xterm", "AURORA_MODEL": "", "PROMPT_TOOLKIT_NO_CPR": "1"}
            os.environ.pop("COLUMNS", None)
            os.execv(sys.executable, [sys.executable, "-c", SLOW])
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
    terminal.type("\x04")
    terminal.until(r"to go on: aurora chat --resume \w{8}")
    assert terminal.end() == 0
