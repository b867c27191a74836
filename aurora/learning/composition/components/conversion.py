"""Turns fitted estimators of scikit-learn and LightGBM into ONNX graphs that give one array."""

from __future__ import annotations

import warnings
from typing import Any

from aurora.errors import RunError

OPSET = 18
"""Version of ONNX's operators that graphs use."""
_LIGHTGBM_OPSET = 15
"""The newest that onnxmltools converts LightGBM to."""
_INPUT = "input"
_IR = 9
"""Version of ONNX's file format that opset 18 and the runtime have."""


def to_onnx(estimator: Any, width: int) -> bytes:
    """Return an ONNX model that takes float32 of shape (items, width) and gives what the estimator gives.

    A classifier gives its probabilities, a transformation its values; the answer is the model's only output.

    Raises:
        RunError: The converter has no rule for the estimator.
    """
    import onnx  # noqa: PLC0415  # takes seconds, for fitting only

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the converter reads attributes that scikit-learn is about to rename
        is_vote = type(estimator).__name__ == "KNeighborsClassifier"
        model = vote_of_neighbours(estimator, width) if is_vote else _converted(estimator, width)
    outputs = list(model.graph.output)
    if len(outputs) > 1:  # the label, which is the likeliest class
        del model.graph.output[:-1]
    _drop_unused(model.graph)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def quantised(model: bytes) -> bytes:
    """Return a model whose matrices are int8 and whose values are quantised as they come (dynamic quantisation).

    Its products run on whole numbers; its answers differ a little from the model's.
    """
    import logging  # noqa: PLC0415  # here only
    import tempfile  # noqa: PLC0415  # the quantiser reads and writes files
    from pathlib import Path  # noqa: PLC0415  # likewise

    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415  # takes seconds

    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        before.write_bytes(model)
        root = logging.getLogger()
        level = root.level
        root.setLevel(logging.ERROR)  # it advises a preparation that graphs as small as these don't need
        try:
            quantize_dynamic(before, after, weight_type=QuantType.QInt8)
        finally:
            root.setLevel(level)
        return after.read_bytes()


def _converted(estimator: Any, width: int) -> Any:
    try:
        if type(estimator).__module__.startswith("lightgbm"):
            from onnxmltools.convert import convert_lightgbm  # noqa: PLC0415  # takes seconds
            from onnxmltools.convert.common.data_types import FloatTensorType  # noqa: PLC0415  # likewise

            return convert_lightgbm(
                estimator,
                initial_types=[(_INPUT, FloatTensorType([None, width]))],
                zipmap=False,
                target_opset=_LIGHTGBM_OPSET,
            )
        from skl2onnx import to_onnx as convert  # noqa: PLC0415  # takes seconds
        from skl2onnx.common.data_types import FloatTensorType as Floats  # noqa: PLC0415  # likewise

        options = {id(estimator): {"zipmap": False}} if hasattr(estimator, "classes_") else None
        return convert(estimator, initial_types=[(_INPUT, Floats([None, width]))], options=options, target_opset=OPSET)
    except (RuntimeError, NotImplementedError, ValueError, TypeError) as error:
        raise RunError(f"{type(estimator).__name__} can't be converted to ONNX: {error}") from None


def vote_of_neighbours(estimator: Any, width: int) -> Any:
    """Return the graph of a vote of the nearest neighbours by Euclidean distance.

    The converter's own graph takes 10 ms an item for 4,000 examples of twelve columns; this one multiplies matrices
    instead. The square of a distance is `|x|² - 2 x·e + |e|²`, and `|x|²` is the same for all examples. Doubles, since
    single precision would swap neighbours that are about as near.
    """
    import numpy as np  # noqa: PLC0415  # here only
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415  # takes seconds

    examples = np.asarray(estimator._fit_X, np.float64)
    mean = examples.mean(axis=0)
    centred = examples - mean
    votes = np.eye(len(estimator.classes_))[np.asarray(estimator._y)]
    constants = {
        "mean": mean,
        "minus_twice_examples": -2.0 * centred.T,
        "squares": (centred**2).sum(axis=1),
        "neighbours": np.array([estimator.n_neighbors], np.int64),
        "votes": votes.astype(np.float32),
        "axis": np.array([1], np.int64),
    }
    nodes = [
        helper.make_node("Cast", [_INPUT], ["doubles"], to=TensorProto.DOUBLE),
        helper.make_node("Sub", ["doubles", "mean"], ["centred"]),
        helper.make_node("MatMul", ["centred", "minus_twice_examples"], ["products"]),
        helper.make_node("Add", ["products", "squares"], ["distances"]),
        helper.make_node("TopK", ["distances", "neighbours"], ["nearest", "places"], axis=1, largest=0, sorted=0),
        helper.make_node("Gather", ["votes", "places"], ["cast"], axis=0),
        helper.make_node("ReduceMean", ["cast", "axis"], ["probabilities"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "vote_of_neighbours",
        [helper.make_tensor_value_info(_INPUT, TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, votes.shape[1]])],
        [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR)


def _drop_unused(graph: Any) -> None:
    """Remove nodes whose results nothing uses: those that made the label."""
    while True:
        used = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
        unused = [node for node in graph.node if not used & set(node.output)]
        if not unused:
            return
        for node in unused:
            graph.node.remove(node)
