"""A transformers model with random weights and its own tokenizer; it can memorise a few answers."""

import json
from pathlib import Path

from aurora.sim.policies.features import FEATURES

TEXT = [
    "the scenario has nodes and tasks with cores and memory",
    json.dumps({"order": "task.submit_time", "admit": "1", "rules": [{"when": "1", "score": "node.cpu_free"}]}),
    " ".join(f.name for f in FEATURES),
]
CHAT = (
    "{% for m in messages %}<s>{{ m['role'] }}\n{{ m['content'] }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant\n{% endif %}"
)


def save_tiny_model(folder: Path, by_heart: list[tuple[str, str]] | None = None) -> str:
    """Save a model with random weights, or one that has memorised these answers to these prompts."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    bpe = ByteLevelBPETokenizer()
    answers = [answer for _, answer in by_heart or []]
    bpe.train_from_iterator((TEXT + answers) * 20, vocab_size=600, special_tokens=["<s>", "</s>"], show_progress=False)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe._tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>", chat_template=CHAT
    )
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=16384,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    if by_heart:
        _learn(model, tokenizer, by_heart)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def _learn(model, tokenizer, by_heart: list[tuple[str, str]]) -> None:
    import torch

    pairs = [(tokenizer(p)["input_ids"], tokenizer(a + "</s>")["input_ids"]) for p, a in by_heart]
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(1000):
        loss = sum(
            model(
                input_ids=torch.tensor([prompt + answer]),
                labels=torch.tensor([[-100] * len(prompt) + answer]),
            ).loss
            for prompt, answer in pairs
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if float(loss.detach()) < 0.01 * len(pairs):
            return
    raise AssertionError(f"the tiny model did not learn its answers (loss {float(loss)})")
