"""Lets hypothesis-jsonschema 0.23.1, by which schemathesis draws, work with hypothesis 6.170, which changed `many`."""

from hypothesis.internal.conjecture import utils


def _more(self) -> bool:
    """Decide about another element, as `many.more` did before it became an iterator."""
    if self._depth is None:
        self._depth = self.data.depth
    self._finish_element()
    if not self._decide():
        return False
    self.count += 1
    self._in_element = True
    self._rejected = False
    return True


if not hasattr(utils.many, "more"):
    utils.many.more = _more
