"""What is true of ChatAutoGLM, as the standard suites ask for it."""

import base64
from pathlib import Path

from langchain_core.messages import HumanMessage

from langchain_autoglm import ChatAutoGLM

ROOT = Path(__file__).parents[3]


class TrueOfUs:
    """The flags. Not ours: PDF, Anthropic's own message format, and tests against recorded network traffic."""

    @property
    def chat_model_class(self):
        return ChatAutoGLM

    supports_json_mode = True
    supports_image_inputs = True
    supports_image_urls = True
    supports_audio_inputs = True
    supports_video_inputs = True
    supports_image_tool_message = True
    supports_model_override = True
    returns_usage_metadata = True

    @property
    def supported_usage_metadata_details(self):
        told = ["audio_input", "reasoning_output", "cache_read_input"]
        return {"invoke": told, "stream": told}


class ToldUsage:
    """The calls by which the suite looks at what usage tells."""

    audio = "autoglm_agent/media/who.flac"

    def invoke_with_audio_input(self, *, stream=False):
        recording = base64.b64encode((ROOT / self.audio).read_bytes()).decode()
        block = {"type": "audio", "base64": recording, "mime_type": "audio/flac"}
        return self._answer([HumanMessage([block])], stream)

    def invoke_with_reasoning_output(self, *, stream=False):
        return self._answer("How do you do?", stream, reasoning=True)

    def invoke_with_cache_read_input(self, *, stream=False):
        self._answer("Tell me a long story about the sea.", stream)
        return self._answer("Tell me a long story about the sea.", stream)

    def _answer(self, question, stream, **keywords):
        model = self.chat_model_class(**self.chat_model_params)
        if not stream:
            return model.invoke(question, **keywords)
        chunks = list(model.stream(question, **keywords))
        return sum(chunks[1:], chunks[0])
