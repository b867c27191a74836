import hashlib
from typing import get_type_hints

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.agents.arena.files_source import FilesSource
from aurora.agents.arena.generated_source import GeneratedSource
from aurora.agents.arena.openb_source import OpenbSource
from aurora.agents.arena.swf_source import SwfSource
from aurora.agents.arena.trace_source import TraceSource
from aurora.agents.search.variation import vary
from aurora.errors import PolicyError, StoreError
from aurora.memory.texts import (
    MAX_TEXT_LENGTH,
    SPEC_TEXTS,
    TEXTS_VERSION,
    archived_policy_text,
    archived_scenario_text,
    policy_text,
    scenario_text,
)
from aurora.sim.policies.references import REFERENCES
from aurora.sim.scenarios.generators import FAMILIES, mutate_spec, sample_spec
from aurora.sim.scenarios.traces.openb import OpenbSpec
from aurora.sim.scenarios.traces.swf import SwfSpec
from aurora.sim.scenarios.traces.trace_spec import TraceSpec
from tests.examples import examples

SOURCES = (FilesSource, GeneratedSource, OpenbSource, SwfSource, TraceSource)
WORDING = (1, "f2f893c94dc3")
"""Version and digest of what all families and references are called. Another digest asks for another version,
unless only the generators or the references were changed: their documents have digests of their own."""


def test_texts_change_only_with_their_version() -> None:
    specs = [sample_spec(f, level, np.random.default_rng(level)) for f in sorted(FAMILIES) for level in (1, 5)]
    said = [scenario_text(s) for s in specs] + [policy_text(p) for p in REFERENCES.values()]
    assert (TEXTS_VERSION, hashlib.blake2b("\n".join(said).encode(), digest_size=6).hexdigest()) == WORDING


@settings(max_examples=examples(50), deadline=None)
@given(st.sampled_from(sorted(FAMILIES)), st.integers(1, 5), st.integers(0, 10**6))
def test_the_text_of_a_scenario_names_its_family_and_no_seed(family: str, level: int, seed: int) -> None:
    spec = mutate_spec(sample_spec(family, level, np.random.default_rng(seed)), np.random.default_rng(seed))
    text = scenario_text(spec)
    assert len(text) <= MAX_TEXT_LENGTH
    assert f"{spec.domain} scenario: {family}" in text
    assert spec.spec_id not in text
    assert scenario_text(spec.model_copy(update={"seed": spec.seed + 1})) == text
    assert archived_scenario_text(spec.model_dump_json()) == text


@settings(max_examples=examples(50), deadline=None)
@given(st.sampled_from(sorted(REFERENCES)), st.sampled_from(sorted(REFERENCES)), st.integers(0, 10**6))
def test_any_policy_has_a_text(first: str, second: str, seed: int) -> None:
    try:
        policy = vary(REFERENCES[first], REFERENCES[second], np.random.default_rng(seed))
    except PolicyError:
        return
    text = policy_text(policy)
    assert 0 < len(text) <= MAX_TEXT_LENGTH
    assert policy.policy_id not in text
    assert archived_policy_text(policy.model_dump_json()) == text


def test_queues_differ_in_their_texts() -> None:
    assert "small task duration first" in policy_text(REFERENCES["sjf"])
    assert "EASY" in policy_text(REFERENCES["sjf+easy"])
    assert "EASY" not in policy_text(REFERENCES["sjf"])


def test_traces_differ_in_their_texts() -> None:
    openb = OpenbSpec(spec_id="a", seed=1, whole_weight=9)
    swf = SwfSpec(spec_id="b", family="early", seed=1, gap_factor=0.5)
    assert "mostly pods with one whole accelerator" in scenario_text(openb)
    assert "very dense" in scenario_text(swf)
    assert archived_scenario_text(openb.model_dump_json()) == scenario_text(openb)
    assert archived_scenario_text(swf.model_dump_json()) == scenario_text(swf)


@pytest.mark.parametrize("junk", ["", "[]", '{"a": 1}', "{", '{"family": "batch"}'])
def test_invalid_json_in_the_archive_is_an_error(junk: str) -> None:
    with pytest.raises(StoreError, match="can't be read"):
        archived_scenario_text(junk)
    with pytest.raises(StoreError, match="can't be read"):
        archived_policy_text(junk)


@pytest.mark.parametrize("spec", [TraceSpec(spec_id="azure-early-1", family="first_week", load=1.2, seed=3)])
def test_scenarios_of_traces_have_a_text(spec: TraceSpec) -> None:
    text = scenario_text(spec)
    assert text == "scenario of a real trace, part first week. overload."
    assert archived_scenario_text(spec.model_dump_json()) == text


def test_every_source_has_texts_for_its_specs() -> None:
    kinds = {get_type_hints(source.parse)["return"] for source in SOURCES}
    assert kinds <= set(SPEC_TEXTS)
