"""LangChain's own standard tests of chat models, on the transformers model.

A few of their questions need a trained model; the tiny model memorises those answers.
"""

import json

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.integration_tests.chat_models import magic_function, unicode_customer
from langchain_tests.unit_tests import ChatModelUnitTests

from aurora.agents.models.local_model import LocalChatModel, _turns
from tests.agents.models.tiny_model import save_tiny_model


def tool(name: str, *fields: str) -> dict:
    properties = {f: {"type": "string"} for f in fields}
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": name,
            "parameters": {"type": "object", "properties": properties, "required": list(fields)},
        },
    }


ASKED = [
    (tool("Joke", "setup", "punchline"), "Tell me a joke about cats.", {"setup": "cats", "punchline": "cats"}),
    (tool("get_weather", "location"), "What is the weather in San Francisco, CA?", {"location": "here"}),
    (tool("greeting_generator", "answer_style"), "Using the tool, generate a Pirate greeting.", {"answer_style": "x"}),
    (magic_function, "What is the value of magic_function(3)? Use the tool.", {"input": 3}),
    (
        unicode_customer,
        "Create a customer named '你好啊集团' (Hello Group) - a Chinese technology company",
        {"customer_name": "你好啊集团", "description": "Hello"},
    ),
    (
        unicode_customer,
        "Create a customer named 'こんにちは株式会社' (Hello Corporation) - a Japanese company",
        {"customer_name": "こんにちは株式会社", "description": "Hello"},
    ),
]


@pytest.fixture(scope="session")
def taught_model(tiny_model: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    blank = LocalChatModel(model=tiny_model)
    by_heart = []
    for asked, question, arguments in ASKED:
        form = convert_to_openai_tool(asked)
        answer = {"name": form["function"]["name"], "arguments": arguments}
        prompt = blank.prompt(_turns([HumanMessage(question)], [form]))
        by_heart.append((prompt, json.dumps(answer, ensure_ascii=False, separators=(",", ":"))))
    return save_tiny_model(tmp_path_factory.mktemp("taught"), by_heart)


class _Chosen:
    """Model settings of both suites."""

    folder = "absent"

    @pytest.fixture(autouse=True)
    def _folder(self, taught_model: str) -> None:
        type(self).folder = taught_model

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return LocalChatModel

    @property
    def chat_model_params(self) -> dict:
        return {"model": self.folder, "temperature": 0}


class TestUnit(_Chosen, ChatModelUnitTests):
    pass


class TestIntegration(_Chosen, ChatModelIntegrationTests):
    pass
