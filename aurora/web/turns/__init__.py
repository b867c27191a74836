"""Live conversations: turns that run on without a reader, and tell whoever comes back what happened.

`Turns` is what pages and the API use. A turn runs in a thread; `log` keeps its events; `register` knows across a kill
which turns were at work and whose a conversation is.
"""

from aurora.web.turns.events import StartedEvent, TurnEvent
from aurora.web.turns.turns import Turns

__all__ = ["StartedEvent", "TurnEvent", "Turns"]
