"""A session as a task tree: listening, watching, fusing, turn-taking, responding; and the compute bridge.

One task group owns a session's state and outlives its socket. Start reading at `session`; `bridge` is the one place
that crosses to the engine's process or thread. Wire formats (`protocol`), sockets (`server`) and computation (`engine`)
are not here. For programs that answer in process: `ChatEngine.shared(EngineSpec(...))`, or in an event loop of their
own `ComputeBridge.thread(EngineSpec(...))` and `complete`. For those that bring their own `Brain`: `open_host` in
`host`, which has sessions without a server.
"""

from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.runtime.brain import Brain, BrainMaker, Question, Thought
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.chat import complete
from autoglm_agent.runtime.chat_engine import ChatEngine
from autoglm_agent.runtime.history import Pending

__all__ = [
    "Brain",
    "BrainMaker",
    "ChatEngine",
    "ComputeBridge",
    "EngineSpec",
    "Pending",
    "Question",
    "Thought",
    "complete",
]
