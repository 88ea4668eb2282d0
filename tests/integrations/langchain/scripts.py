"""What the scripted engine says to LangChain's tests: rules, the kind of answers that any capable model gives."""

import json

from autoglm_agent.engine.messages import ToolCall
from autoglm_agent.engine.scripted import Script, ScriptedReply
from autoglm_agent.engine.spec import EngineSpec


def call(name, *, when=None, reasoning="", **arguments):
    """A reply that calls a function."""
    made = ToolCall(call_id=f"call_{name}", name=name, arguments=json.dumps(arguments, ensure_ascii=False))
    return ScriptedReply(when=when, reasoning=reasoning, tool_calls=(made,))


JOKE = json.dumps({"setup": "What do cats read?", "punchline": "Mewspapers."})

STANDARD = Script(
    utterances=("",),
    replies=(
        ScriptedReply(reasoning="The user wants an answer.", text="Hello, how are you today?"),
        call("magic_function", when="magic_function(3)", input=3),
        call("magic_function_no_args", when="magic_function_no_args"),
        call("greeting_generator", when="Pirate", answer_style="Pirate"),
        call("get_weather", when="San Francisco", location="San Francisco, CA"),
        call("my_adder_tool", when="3 + 4", a=3, b=4),
        call("unicode_customer", when="你好啊集团", customer_name="你好啊集团", description="A technology company"),
        call(
            "unicode_customer", when="こんにちは株式会社", customer_name="こんにちは株式会社", description="A company"
        ),
        call("magic_function", input=1),
        ScriptedReply(text=JOKE, json=True),
    ),
)


def engine(*replies, **script):
    """The spec of an engine that gives `replies`."""
    return EngineSpec(script=Script(replies=replies, **script))
