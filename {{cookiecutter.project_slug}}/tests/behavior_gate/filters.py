"""Which warnings the filters of the suite itself leave out."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterable
from typing import Any

import pytest

from . import rules
from .rules import Rule

#: Python leaves these out unless it is told otherwise.
_DEFAULT = ("ignore", None, ResourceWarning, None, 0)
#: What the gate makes a finding of, by a warning of that kind.
_SAMPLES: tuple[tuple[Rule, type[Warning], str], ...] = (
    (rules.NEVER_AWAITED, RuntimeWarning, "coroutine 'f' was never awaited"),
    (rules.UNCLOSED, ResourceWarning, "unclosed file <_io.TextIOWrapper name='f'>"),
)

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

    def ignores(
        self,
        category: type[Warning],
        text: str,
        module: str,
        line: int,
        *,
        by_default: bool = False,
    ) -> bool:
        """Whether the suite leaves a warning out; `by_default`, also where only Python does."""
        filters = [one for one in _filters() if one is not self._ours]
        found = _first(filters, category, text, module, line)
        if found is None or found[0] != "ignore":
            return False
        # A filter that is set again is moved to the front.
        return by_default or found != _DEFAULT or found is not filters[-1]


def hidden(config: pytest.Config) -> list[tuple[Rule, str]]:
    """The rules that a filter of the settings hides, each with the line of that filter."""
    given = getattr(config.known_args_namespace, "pythonwarnings", None)
    lines = [*sys.warnoptions, *config.getini("filterwarnings"), *(given or ())]
    found = []
    for rule, category, text in _SAMPLES:
        # The last one decides.
        line = next((line for line in reversed(lines) if _concerns(line, category, text)), "")
        if line.partition(":")[0].strip() == "ignore":
            found.append((rule, line))
    return found


def _concerns(line: str, category: type[Warning], text: str) -> bool:
    """Whether a line such as `ignore:message:category:module` decides on a warning anywhere."""
    _, message, kind, module, *_ = (part.strip() for part in f"{line}::::".split(":"))
    kinds = {"", *(cls.__name__ for cls in category.__mro__)}
    return (
        not module
        and kind.rpartition(".")[2] in kinds
        and re.match(message, text, re.IGNORECASE) is not None
    )


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
            (message is None or message.match(text))
            and issubclass(category, kind)
            and (where is None or where.match(module))
            and number in (0, line)
        ):
            return one
    return None
