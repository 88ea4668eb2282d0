"""A session as a task tree: listening, watching, fusing, turn-taking, responding; and the compute bridge.

The only asynchronous room between the wire and the engine. Start reading at `session`; `bridge` is where the event loop
meets the engine. For programs that answer in process: `ComputeBridge.thread(EngineSpec(...))` and `complete`.
"""

from autoglm_agent.engine.spec import EngineSpec
from autoglm_agent.runtime.bridge import ComputeBridge
from autoglm_agent.runtime.chat import complete

__all__ = ["ComputeBridge", "EngineSpec", "complete"]
