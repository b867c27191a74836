"""Lists of names are resolved and encoded as a plain loop over them would."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.cluster.scheduler import names as names_module
from aurora.cluster.scheduler.names import ListCache, NameTable
from aurora.cluster.scheduler.wire import parse_arguments
from aurora.errors import DataError
from tests.examples import examples

KNOWN = [f"node-{k}" for k in range(12)] + ["ü", 'a"b', "x" * 63]
TABLE = NameTable(KNOWN)
asked = st.lists(st.sampled_from([*KNOWN, "new", "neu-ß"]), max_size=30)


@given(names=asked, data=st.data())
@settings(max_examples=examples(200), deadline=None)
def test_answers_are_those_of_a_loop(names: list[str], data: Any) -> None:
    nodes = data.draw(st.sampled_from([TABLE.resolve(names), ListCache().read(json.dumps(names).encode(), TABLE)]))
    known = sorted({KNOWN.index(n) for n in names if n in KNOWN})
    assert nodes.candidates.tolist() == known
    scores = data.draw(st.lists(st.integers(0, 10), min_size=len(known), max_size=len(known)))
    by_name = {KNOWN[k]: s for k, s in zip(known, scores, strict=True)}
    found = json.loads(nodes.encode_scores(np.array(scores, np.int64)))
    assert found == [{"Host": n, "Score": by_name.get(n, 0)} for n in names]
    is_out = np.array([s < 5 for s in scores], bool)
    out = {KNOWN[k] for k, o in zip(known, is_out, strict=True) if o}
    assert json.loads(nodes.encode_names(nodes.passed(is_out))) == [n for n in names if n not in out]
    assert json.loads(b"{" + nodes.encode_texts(is_out, 'no "room"') + b"}") == dict.fromkeys(out, 'no "room"')


BODIES = {
    "Go": b'{"Pod":{"a":1},"Nodes":null,"NodeNames":["node-1","new"]}',
    "a line after it": b'{"Pod":{"a":1},"NodeNames":["node-1","new"]}\n',
    "spaces": b'{ "Pod" : {"a":1}, "NodeNames" : [ "node-1" , "new" ] }',
    "first": b'{"NodeNames":["node-1","new"],"Pod":{"a":1}}',
    "nested, last": b'{"NodeNames":["node-1","new"],"Pod":{"a":1,"NodeNames":["node-2"]}}',
    "nested, deep": b'{"NodeNames":["node-1","new"],"Pod":{"a":1},"x":{"y":{"NodeNames":["node-2"]}}}',
    "in a text": b'{"NodeNames":["node-1","new"],"Pod":{"a":1},"x":"\\"NodeNames\\":[]"}',
    "end of a key": b'{"NodeNames":["node-1","new"],"Pod":{"a":1},"x\\"NodeNames":["node-2"]}',
    "twice": b'{"NodeNames":["node-2"],"Pod":{"a":1},"NodeNames":["node-1","new"]}',
    "other case": b'{"nodenames":["node-1","new"],"pod":{"a":1}}',
}


@pytest.mark.parametrize("case", BODIES)
def test_the_list_is_found_wherever_it_is(case: str) -> None:
    lists = ListCache()
    for _ in range(2):
        arguments = parse_arguments(BODIES[case], TABLE, lists)
        assert arguments.nodes.names == ("node-1", "new")
        assert arguments.pod["a"] == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"Pod":{},"NodeNames":["a",]}',
        b'{"Pod":{},"NodeNames":["a"}',
        b'{"Pod":{},"NodeNames":["a"]}}',
        b'{"Pod":{},"NodeNames":[]]}',
        b'{"Pod":{},"NodeNames":[1]}',
        b'{"Pod":{},"NodeNames":[["a"]]}',
        b'"NodeNames":["a"]}',
        b'["NodeNames":["a"]}',
        b'{"a"NodeNames":["a"]}',
        b'{"Pod":{},"NodeNames":["\xff"]}',
    ],
)
def test_half_a_list_is_none(body: bytes) -> None:
    with pytest.raises(DataError):
        parse_arguments(body, TABLE, ListCache())


def test_lists_are_remembered_for_one_cluster_and_not_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_module, "KEPT_LISTS", 2)
    lists, other = ListCache(), NameTable(["node-2", "node-1"])
    first = lists.read(b'["node-1"]', TABLE)
    assert lists.read(b'["node-1"]', TABLE) is first
    assert lists.read(b'["node-1"]', other).candidates.tolist() == [1]
    for k in range(2, 9):
        lists.read(f'["node-{k}"]'.encode(), TABLE)
    assert lists.find(b'["node-8"]', TABLE) is not None
    assert lists.find(b'["node-1"]', TABLE) is None
    monkeypatch.setattr(names_module, "MAX_KEPT_BYTES", 5)
    assert lists.read(b'["node-9"]', TABLE) is not lists.read(b'["node-9"]', TABLE)
