"""A session as a task tree: listening, watching, fusing, turn-taking, responding; and the compute bridge.

One task group owns a session's state and outlives its socket. Start reading at `session`; `bridge` is the one place
that crosses to the engine's process or thread. Wire formats (`protocol`), sockets (`server`) and computation (`engine`)
are not here. For programs that answer in process: `ChatEngine.shared(EngineSpec(...))`, or in an event loop of their
own `ComputeBridge.thread(EngineSpec(...))` and `complete`.
"""

from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.chat import complete
from autoglm_agent.runtime.chat_engine import ChatEngine

__all__ = ["ChatEngine", "ComputeBridge", "EngineSpec", "complete"]
