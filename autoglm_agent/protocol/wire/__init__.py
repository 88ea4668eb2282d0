"""Pydantic models of the Realtime wire (GA names): what is parsed from clients and what is serialised to them.

Input is tolerant: unknown fields inside sessions, items and responses are ignored; only unknown event types and unknown
top-level fields of an event are refused. Output is strict: a `Maybe` field that is None leaves no key behind, a plain
`| None` field is sent as null. No rules about order or state live here.
"""
