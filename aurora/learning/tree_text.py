"""Checks LightGBM's text format before LightGBM reads it: it trusts every number, and takes memory or ends by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

MOST_FEATURES = 100_000
MOST_TREES = 10_000
MOST_LEAVES = 10_000
_ONCE = ("num_class", "num_tree_per_iteration")
_NODES = ("split_feature", "threshold", "decision_type", "left_child", "right_child")
_OPTIONAL = ("split_gain", "internal_value", "internal_weight", "internal_count")
_LEAVES = ("leaf_weight", "leaf_count")


def check_trees(text: str) -> None:
    """Refuse a text that is not one regression model of plain trees.

    Raises:
        ValueError: What is wrong, in words.
    """
    sections = list(_sections(text))
    if not sections or sections[0][0] != "tree":
        raise ValueError("it does not begin with the word tree")
    head = sections[0][1]
    if any(head.get(name) != "1" for name in _ONCE):
        raise ValueError("num_class and num_tree_per_iteration must be 1")
    features = _whole(head, "max_feature_idx", MOST_FEATURES) + 1
    trees = sections[1:]
    if len(trees) > MOST_TREES or [name for name, _ in trees] != [f"Tree={k}" for k in range(len(trees))]:
        raise ValueError("its trees are not numbered from 0")
    if "tree_sizes" in head and len(head["tree_sizes"].split()) != len(trees):
        raise ValueError(f"tree_sizes names {len(head['tree_sizes'].split())} trees, and there are {len(trees)}")
    for name, tree in trees:
        try:
            _check_tree(tree, features)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None


def _sections(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The head and each tree, up to the end of the trees."""
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
                raise ValueError(f"{name}: {key[:40]} stands there twice")
            fields[key] = value
    raise ValueError("it ends before its trees do")


def _check_tree(tree: Mapping[str, str], features: int) -> None:
    leaves = _whole(tree, "num_leaves", MOST_LEAVES)
    if leaves < 1 or tree.get("num_cat") != "0" or tree.get("is_linear", "0") != "0":
        raise ValueError("num_leaves must be at least 1, num_cat and is_linear 0")
    if len(_numbers(tree, "leaf_value")) != leaves:
        raise ValueError(f"leaf_value does not hold {leaves} numbers")
    if leaves == 1:
        return
    columns = {name: _numbers(tree, name) for name in _NODES}
    extra = {name: _numbers(tree, name) for name in _OPTIONAL if name in tree}
    if any(len(c) != leaves - 1 for c in (*columns.values(), *extra.values())):
        raise ValueError(f"a node's field does not hold {leaves - 1} numbers")
    if any(len(_numbers(tree, name)) not in (0, leaves) for name in _LEAVES if name in tree):
        raise ValueError(f"a leaf's field does not hold {leaves} numbers")
    if not all(f == int(f) and 0 <= f < features for f in columns["split_feature"]):
        raise ValueError("split_feature names a feature that there is not")
    if not all(d in (0, 2, 4, 6, 8, 10) for d in columns["decision_type"]):
        raise ValueError("decision_type is none of numbers")
    children = sorted(int(c) for side in ("left_child", "right_child") for c in columns[side])
    if children != [*range(-leaves, 0), *range(1, leaves - 1)]:
        raise ValueError("its nodes and leaves do not form a tree")
    if any(0 <= c <= node for side in ("left_child", "right_child") for node, c in enumerate(columns[side])):
        raise ValueError("a node lies above its parent")


def _whole(fields: Mapping[str, str], name: str, most: int) -> int:
    text = fields.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and int(text) <= most):
        raise ValueError(f"{name} is {text[:40]!r}; it must be a whole number up to {most}")
    return int(text)


def _numbers(fields: Mapping[str, str], name: str) -> Sequence[float]:
    try:
        return [float(word) for word in fields[name].split()]
    except KeyError:
        raise ValueError(f"{name} is absent") from None
    except ValueError:
        raise ValueError(f"{name} holds what is no number") from None
