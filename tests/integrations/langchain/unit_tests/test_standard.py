"""LangChain's standard unit tests. One is skipped by the suite itself: only classes of LangChain's own can be serialised."""

from langchain_tests.unit_tests import ChatModelUnitTests

from autoglm_agent.engine.spec import EngineSpec
from tests.integrations.langchain.scripts import STANDARD
from tests.integrations.langchain.standard import TrueOfUs


class TestChatAutoGLM(TrueOfUs, ChatModelUnitTests):
    @property
    def chat_model_params(self):
        return {"model": "nano", "engine": EngineSpec(script=STANDARD)}

    @property
    def init_from_env_params(self):
        return {"AUTOGLM_API_KEY": "from the environment"}, {"model": "nano"}, {"api_key": "from the environment"}
