"""The wire, sans I/O: the realtime connection, its types and dialects, the chat and responses codecs.

Bytes and events in, bytes and events out; sockets, clocks and timeouts belong to the shells in `server` and `client`.
Imports no torch, no anyio, no web framework.
"""
