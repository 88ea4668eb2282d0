"""The settings of a session: asked for once, when it begins, and an error where it does not take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autoglm_agent.client import RealtimeClient
from autoglm_agent.errors import InputError

EVENT_ID = "langchain_autoglm_settings"
"""By which the answer to our `session.update` is known."""


async def ask_for(client: RealtimeClient, settings: Mapping[str, Any]) -> None:
    """Send the settings; whether they are taken is told by `refusal`."""
    await client.send("session.update", event_id=EVENT_ID, session={"type": "realtime", **settings})


def refusal(event: Mapping[str, Any]) -> InputError | None:
    """The error that an event means, if it says that the settings cannot be had: then none of them is in force."""
    if event["type"] != "error" or event["error"].get("event_id") != EVENT_ID:
        return None
    return InputError(f"the session does not take the settings of this RealtimeVoice: {event['error']['message']}")


def wrong_voice(event: Mapping[str, Any], settings: Mapping[str, Any]) -> InputError | None:
    """The error that an event means, if it says that another voice will speak than the one that was asked for.

    A session puts its own voice in the place of one that it does not have, as clients of other servers need it.
    """
    if event["type"] != "session.updated":
        return None
    asked, used = _voice(settings), _voice(event["session"])
    if asked in (None, used) or not used:
        return None
    return InputError(f"there is no voice {asked!r} here; leave it out of the settings, and {used!r} speaks")


def _voice(session: Mapping[str, Any]) -> Any:
    voice = ((session.get("audio") or {}).get("output") or {}).get("voice")
    return voice.get("id") if isinstance(voice, Mapping) else voice
