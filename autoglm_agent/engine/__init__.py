"""Synchronous inference: speech streams, frames, the text scheduler, cache reuse, placement, lazy loading.

Requests and results are serialisable messages with a session's key, so the engine may be a thread, a process or another
machine. It knows nothing of sockets, turns or the wire's events, and contains no `async`.
"""
