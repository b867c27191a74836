"""Grammar-constrained decoding: even an untrained model writes valid answers."""

import pytest
from langchain_core.messages import HumanMessage

from aurora.agents.models.local_model import LocalChatModel
from aurora.agents.models.metered import metered
from aurora.agents.models.model import ModelName
from aurora.agents.models.structured import ask
from aurora.agents.roles.answers import ExplanationAnswer, PolicyAnswer, ScenarioAnswer, to_policy
from aurora.agents.roles.grammar import expression_grammar
from aurora.errors import ModelError
from aurora.sim.policies.compiler import compile_policy
from aurora.sim.policies.expression import DECISION_SCOPES, count_nodes, parse
from aurora.sim.policies.expression import MAX_NODES as MOST

QUESTION = [HumanMessage("Write one.")]


@pytest.fixture(scope="module")
def model(tiny_model: str):
    inner = LocalChatModel(path=tiny_model, temperature=1.0, max_tokens=8000)
    return metered(ModelName("transformers", tiny_model), inner=inner)


@pytest.mark.parametrize("scopes", [None, DECISION_SCOPES])
def test_every_expression_parses(tiny_model: str, scopes) -> None:
    local = LocalChatModel(path=tiny_model, temperature=1.0)
    grammar = expression_grammar() if scopes is None else expression_grammar(scopes)
    bound = local.bind(response_format={"type": "grammar", "grammar": grammar})
    for _ in range(15):
        tree = parse(bound.invoke(QUESTION).text, **({} if scopes is None else {"scopes": scopes}))
        assert count_nodes(tree) <= MOST


@pytest.mark.parametrize("schema", [PolicyAnswer, ScenarioAnswer, ExplanationAnswer])
def test_every_answer_is_valid_at_once(model, schema) -> None:
    for _ in range(2):
        answered = ask(model, QUESTION, schema, lambda answer: answer)
        assert answered.rejected == ()
        if schema is PolicyAnswer:
            compile_policy(to_policy(answered.value))


@pytest.mark.slow
@pytest.mark.parametrize("schema", [PolicyAnswer, ScenarioAnswer, ExplanationAnswer])
def test_two_hundred_of_two_hundred_are_valid(model, schema) -> None:
    for _ in range(200):
        assert ask(model, QUESTION, schema, lambda answer: answer).rejected == ()


@pytest.mark.slow
def test_two_hundred_expressions_parse(tiny_model: str) -> None:
    local = LocalChatModel(path=tiny_model, temperature=1.0)
    bound = local.bind(response_format={"type": "grammar", "grammar": expression_grammar()})
    for _ in range(200):
        parse(bound.invoke(QUESTION).text)


def test_a_prompt_that_is_too_long_is_refused_with_its_token_counts(model) -> None:
    with pytest.raises(ModelError, match=r"longer than .* can read.*tokens, the model reads 16384"):
        ask(model, [HumanMessage("word " * 20_000)], PolicyAnswer, to_policy)
