"""An agent for `autoglm serve --agent examples.car_agent:agent`: the car's tools, answered aloud to every session.

Its model is the server's own, over HTTP, so that one engine hears and thinks; AUTOGLM_URL names another address.
"""

import json
import os

from langchain.agents import create_agent
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver

from langchain_autoglm import ChatAutoGLM


@tool("set_ac_temperature", description="设置空调温度")
async def set_ac_temperature(temperature: float) -> str:
    """Set the air conditioner, in °C."""
    return json.dumps({"ok": True, "temperature": temperature})


@tool("open_window", description="打开车窗")
async def open_window() -> str:
    """Open the driver's window."""
    return json.dumps({"ok": True})


agent = create_agent(
    ChatAutoGLM(base_url=os.environ.get("AUTOGLM_URL", "http://127.0.0.1:8000")),
    [set_ac_temperature, open_window],
    checkpointer=InMemorySaver(),
)
