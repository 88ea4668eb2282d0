"""A session as a task tree: listening, watching, fusing, turn-taking, responding, speaking; the compute bridge.

One task group owns a session's state and outlives its socket. The bridge is the one place that crosses to the engine's
process or thread. This is not the place for wire formats (`protocol`), sockets (`server`) or computation (`engine`).
"""
