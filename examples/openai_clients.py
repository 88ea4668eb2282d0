"""Chat models made for others, against our server (`autoglm serve`): `python examples/openai_clients.py [URL]`.

The server thinks for both and tells its reasoning to both, as `reasoning_content`. LangChain's `ChatOpenAI` leaves that
field out by design, `ChatDeepSeek` keeps it; so with the latter the trace callbacks work as with `ChatAutoGLM`.
"""

import sys

from langchain_core.language_models import BaseChatModel
from langchain_deepseek import ChatDeepSeek
from langchain_openai import ChatOpenAI

from langchain_autoglm import ReasoningRecorder

QUESTION = "你是谁？"


def ask(model: BaseChatModel) -> None:
    """Stream an answer; say whether the reasoning was seen on the way."""
    recorder = ReasoningRecorder()
    answer = "".join(chunk.text for chunk in model.stream(QUESTION, {"callbacks": [recorder]}))
    shown = recorder.last.text or "(does not show its reasoning)"
    print(f"{type(model).__name__}\n  thinks {shown}\n  says   {answer}")


def main(url: str) -> None:
    """Ask the same with both."""
    thinking = {"enable_thinking": True, "return_reasoning": True}
    base_url = f"{url}/v1"
    ask(ChatOpenAI(model="autoglm-phone-9b", base_url=base_url, api_key="EMPTY", temperature=0, extra_body=thinking))
    ask(ChatDeepSeek(model="autoglm-phone-9b", base_url=base_url, api_key="EMPTY", temperature=0, extra_body=thinking))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
