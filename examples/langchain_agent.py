"""An agent with the tools of a car: `python examples/langchain_agent.py [SENTENCE]…`."""

import sys
from typing import Any, Literal

from langchain.agents import create_agent
from langchain_core.tools import BaseTool, tool

from langchain_autoglm import ChatAutoGLM

Result = dict[str, Any]
SENTENCES = ["把空调调到二十六度", "主驾的车窗开到百分之三十", "导航去人民广场", "还能开多远"]


def tools_of(car: dict[str, Any]) -> list[BaseTool]:
    """What the model may do with `car`; each tool changes or reads the state and reports."""

    @tool(description="设置空调温度")
    def set_ac_temperature(temperature: float) -> Result:
        car["temperature"] = temperature
        return {"status": "ok"}

    @tool(description="设置车窗开度")
    def set_window(window: Literal["driver", "passenger", "rear_left", "rear_right", "all"], position: int) -> Result:
        car["windows"][window] = position
        return {"status": "ok"}

    @tool(description="导航到目的地")
    def navigate(destination: str) -> Result:
        car["destination"] = destination
        return {"status": "ok"}

    @tool(description="查询剩余续航")
    def get_range() -> Result:
        return {"range_km": car["range_km"]}

    return [set_ac_temperature, set_window, navigate, get_range]


def main(sentences: list[str]) -> None:
    """Tell the agent each sentence; show the calls, the answer and what became of the car."""
    car: dict[str, Any] = {"temperature": 20, "windows": {}, "destination": None, "range_km": 312}
    agent = create_agent(ChatAutoGLM(model="nano", temperature=0), tools_of(car))
    for sentence in sentences:
        print(">", sentence)
        for step in agent.stream({"messages": [("user", sentence)]}, stream_mode="updates"):
            for message in step.get("model", {}).get("messages", []):
                for call in message.tool_calls:
                    print("  calls", call["name"], call["args"])
                if message.text:
                    print("  says ", message.text)
    print("car", car)


if __name__ == "__main__":
    main(sys.argv[1:] or SENTENCES)
