import subprocess
import sys

ASK = """
import sys
sys.argv = ["aurora", "ask", "how full is the cluster?", "--snapshot", "sample:web-shop"]
from aurora.cli.main import main
try:
    main()
except SystemExit:
    pass
print(*sorted({"numba", "torch", "pandas", "chromadb", "anthropic", "openai"} & set(sys.modules)))
"""


def test_a_question_that_simulates_nothing_loads_no_simulator() -> None:
    """The simulator takes a second to load; the first answer of a fresh process must not wait for it."""
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    assert "cores" in done.stdout
    assert done.stdout.splitlines()[-1] == ""
