"""Let an agent of another framework answer an operator's question over MCP.

    pip install openai-agents            # in an environment of its own
    aurora mcp --http --snapshot sample:web-shop &
    OPENAI_API_KEY=... python examples/mcp/agent.py "Which pods wait, and why?"

The agent is the OpenAI Agents SDK's; it finds the tools by itself, and knows nothing of AURORA but what they say. A
server of your own that speaks chat completions is named by `OPENAI_BASE_URL`, its model by `MODEL`. The last line is
JSON: the question, the calls with their arguments, and the answer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os

from agents import Agent, OpenAIChatCompletionsModel, Runner, set_tracing_disabled
from agents.items import ToolCallItem
from agents.mcp import MCPServerStreamableHttp
from openai import AsyncOpenAI

INSTRUCTIONS = (
    "Answer the operator's question about the cluster. Look things up with the tools; say what you don't know."
)
MOST_TURNS = 15


async def answer(question: str, url: str, model: str) -> dict[str, object]:
    """Return the agent's answer with the calls that it made.

    Args:
        question: The operator's question.
        url: Address of the MCP server.
        model: Name of the model.
    """
    set_tracing_disabled(disabled=True)  # else the SDK sends what it does to its maker
    async with MCPServerStreamableHttp(params={"url": url}, name="aurora", client_session_timeout_seconds=60) as server:
        client = OpenAIChatCompletionsModel(model=model, openai_client=AsyncOpenAI(max_retries=0, timeout=900))
        agent = Agent(name="operator's agent", instructions=INSTRUCTIONS, mcp_servers=[server], model=client)
        result = await Runner.run(agent, question, max_turns=MOST_TURNS)
    calls = [
        {"tool": item.raw_item.name, "arguments": json.loads(item.raw_item.arguments or "{}")}
        for item in result.new_items
        if isinstance(item, ToolCallItem)
    ]
    return {"question": question, "calls": calls, "answer": result.final_output}


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("question")
    parser.add_argument("--url", default="http://127.0.0.1:8761/mcp")
    parser.add_argument("--model", default=os.environ.get("MODEL", "gpt-4o"))
    given = parser.parse_args()
    print(json.dumps(asyncio.run(answer(given.question, given.url, given.model)), ensure_ascii=False))


if __name__ == "__main__":
    main()
