"""LangChain's standard integration tests on the scripted engine, in process and over HTTP.

Skipped by their flags, since they are not ours: PDF (no reader of documents), Anthropic's message format, and the one
test against recorded network traffic.
"""

import pytest
from langchain_tests.integration_tests import ChatModelIntegrationTests

from autoglm_agent.engine.spec import EngineSpec
from tests.integrations.langchain.local_media import local_media  # noqa: F401  # a fixture
from tests.integrations.langchain.scripts import STANDARD
from tests.integrations.langchain.standard import ToldUsage, TrueOfUs

pytestmark = pytest.mark.anyio


class TestInProcess(TrueOfUs, ToldUsage, ChatModelIntegrationTests):
    model_override_value = "another"

    @property
    def chat_model_params(self):
        return {"model": "nano", "engine": EngineSpec(script=STANDARD)}


class TestRemote(TrueOfUs, ToldUsage, ChatModelIntegrationTests):
    model_override_value = "nano"  # the server answers to several names and says which model it is

    @pytest.fixture(autouse=True)
    def _url(self, standard_url):
        self.url = standard_url

    @property
    def chat_model_params(self):
        return {"model": "autoglm-phone-9b", "base_url": self.url}
