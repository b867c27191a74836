"""Checks models in LightGBM's text format before LightGBM reads them: it trusts every number and size in a file."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence

MAX_FEATURES = 100_000
MAX_TREES = 10_000
MAX_LEAVES = 10_000
_MUST_BE_ONE = ("num_class", "num_tree_per_iteration")
_NODE_FIELDS = ("split_feature", "threshold", "decision_type", "left_child", "right_child")
_TREE_FIELDS = ("num_leaves", "num_cat", *_NODE_FIELDS, "leaf_value", "is_linear", "shrinkage")
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,40})?(e[-+]?[0-9]{1,3})?")


def plain_trees(text: str) -> str:
    """Return the text of a regression model with its trees and nothing else, every number checked.

    Args:
        text: Model in LightGBM's text format.

    Raises:
        ValueError: The text is not such a model; the message says why.
    """
    sections = list(_sections(text))
    if not sections or sections[0][0] != "tree":
        raise ValueError("it does not begin with the word tree")
    head = sections[0][1]
    if any(head.get(name) != "1" for name in _MUST_BE_ONE):
        raise ValueError("num_class and num_tree_per_iteration must be 1")
    features = _whole(head, "max_feature_idx", MAX_FEATURES) + 1
    trees = sections[1:]
    if len(trees) > MAX_TREES or [name for name, _ in trees] != [f"Tree={k}" for k in range(len(trees))]:
        raise ValueError("its trees are not numbered from 0")
    kept = [
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0",
        f"max_feature_idx={features - 1}",
        f"feature_names={' '.join(f'Column_{k}' for k in range(features))}",
        f"feature_infos={' '.join(['none'] * features)}\n",
    ]
    for name, tree in trees:
        try:
            _check_tree(tree, features)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        kept += [name, *(f"{field}={tree[field]}" for field in _TREE_FIELDS if field in tree), "\n"]
    return "\n".join([*kept, "end of trees\n"])


def _sections(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield name and fields of the head and of each tree."""
    lines = text.split("\n")
    name, fields = lines[0].strip(), dict[str, str]()
    for line in lines[1:]:
        if line.startswith("end of trees"):
            yield name, fields
            return
        if line.startswith("Tree="):
            yield name, fields
            name, fields = line.strip(), {}
        elif line:
            key, _, value = line.partition("=")
            if key in fields:
                raise ValueError(f"{name}: {key[:40]} is given twice")
            fields[key] = value
    raise ValueError("it ends before its last tree")


def _check_tree(tree: Mapping[str, str], features: int) -> None:
    leaves = _whole(tree, "num_leaves", MAX_LEAVES)
    if leaves < 1 or tree.get("num_cat") != "0" or tree.get("is_linear", "0") != "0":
        raise ValueError("num_leaves must be at least 1, num_cat and is_linear 0")
    if len(_numbers(tree, "shrinkage")) != 1:
        raise ValueError("shrinkage is not one number")
    if len(_numbers(tree, "leaf_value")) != leaves:
        raise ValueError(f"leaf_value does not hold {leaves} numbers")
    if leaves == 1:
        return
    columns = {name: _numbers(tree, name) for name in _NODE_FIELDS}
    if any(len(c) != leaves - 1 for c in columns.values()):
        raise ValueError(f"a node's field does not hold {leaves - 1} numbers")
    if not all(f == int(f) and 0 <= f < features for f in columns["split_feature"]):
        raise ValueError("split_feature names a feature beyond max_feature_idx")
    if not all(d in (0, 2, 4, 6, 8, 10) for d in columns["decision_type"]):
        raise ValueError("decision_type does not compare numbers")
    if not all(c == int(c) for side in ("left_child", "right_child") for c in columns[side]):
        raise ValueError("a child is not a whole number")
    children = sorted(int(c) for side in ("left_child", "right_child") for c in columns[side])
    if children != [*range(-leaves, 0), *range(1, leaves - 1)]:
        raise ValueError("its nodes and leaves are not a tree")
    if any(0 <= c <= node for side in ("left_child", "right_child") for node, c in enumerate(columns[side])):
        raise ValueError("a node lies above its parent")


def _whole(fields: Mapping[str, str], name: str, most: int) -> int:
    text = fields.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and int(text) <= most):
        raise ValueError(f"{name} is {text[:40]!r}; it must be a whole number up to {most}")
    return int(text)


def _numbers(fields: Mapping[str, str], name: str) -> Sequence[float]:
    if name not in fields:
        raise ValueError(f"{name} is absent")
    words = fields[name].split(" ")
    if not all(map(_NUMBER.fullmatch, words)):
        raise ValueError(f"{name} holds something that is not a number")
    numbers = [float(word) for word in words]
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"{name} holds a number out of range")
    return numbers
