"""LangGraph state machines that wire agents and memory: self-play.

May import from everything but `aurora.evals` and the command line.
"""

import os

# LangGraph would run code that it finds in a stored checkpoint; it reads this when it is first imported.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
