"""Which warnings the filters of the suite itself leave out."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from typing import Any

#: The action on a warning that no filter of the suite is about.
UNSET = "unset"
#: Python leaves these out unless it is told otherwise.
_DEFAULT = ("ignore", None, ResourceWarning, None, 0)
#: The first of Python's own filters. No other can be equal: it holds a plain text.
_FIRST = ("default", None, DeprecationWarning, "__main__", 0)

Filter = tuple[Any, Any, type[Warning], Any, int]


class Shown:
    """Has Python show every ResourceWarning, and knows what it would do otherwise."""

    def __init__(self) -> None:
        self._ours: Filter | None = None

    def begin(self) -> None:
        warnings.filterwarnings("always", category=ResourceWarning)
        self._ours = _filters()[0]

    def end(self) -> None:
        filters = _filters()
        filters[:] = [one for one in filters if one is not self._ours]

    def action(self, category: type[Warning], text: str, module: str, line: int) -> str:
        """What the suite does with a warning: an action of a filter of its own, or `UNSET`."""
        filters = [one for one in _filters() if one is not self._ours]
        found = _first(filters, category, text, module, line)
        if found is None:
            return UNSET
        # A filter that is set again is moved to the front, and a library may append some.
        is_pythons = found == _DEFAULT and _FIRST in filters[: filters.index(found)]
        return UNSET if is_pythons else str(found[0])


def module_of(filename: str) -> str:
    """Name the module that lies in a file, as a filter does."""
    for name, module in list(sys.modules.items()):
        if getattr(module, "__file__", None) == filename:
            return name
    return filename.removesuffix(".py")


def _filters() -> list[Filter]:
    # From Python 3.14 on, they may belong to a context.
    get = getattr(warnings, "_get_filters", None)
    return get() if get is not None else warnings.filters  # type: ignore[return-value]


def _first(
    filters: Iterable[Filter], category: type[Warning], text: str, module: str, line: int
) -> Filter | None:
    """The filter that decides on a warning, as in `warnings.warn_explicit`."""
    for one in filters:
        _, message, kind, where, number = one
        if (
            issubclass(category, kind)
            and _is_for(message, text)
            and _is_for(where, module)
            and number in (0, line)
        ):
            return one
    return None


def _is_for(pattern: Any, text: str) -> bool:
    # Python's own filters hold plain texts.
    if pattern is None or isinstance(pattern, str):
        return pattern in (None, text)
    return pattern.match(text) is not None
