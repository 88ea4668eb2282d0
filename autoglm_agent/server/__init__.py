"""ASGI shells for WebSocket and REST, the playground page, authorisation, limits, metrics.

Shells only: they own sockets and HTTP, and hand everything else to `runtime` and `protocol`. No model code.
"""
