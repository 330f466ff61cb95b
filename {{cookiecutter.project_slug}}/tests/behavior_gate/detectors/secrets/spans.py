"""The spans of OpenTelemetry, which an exporter takes out of the process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any

from ...core import Gate
from ...on_import import OnImport
from ...patches import Patches
from .forms import strings
from .written import LogJudge

_SDK = "opentelemetry.sdk.trace"


class SpanWatch:
    """Looks at the attributes and events of each span when it ends."""

    def __init__(self, gate: Gate, judge: LogJudge) -> None:
        self._judge = judge
        self._patches = Patches(gate, "the spans of OpenTelemetry")
        self._on_import = OnImport([_SDK], self._watch_spans)

    def install(self) -> None:
        self._on_import.install()

    def uninstall(self) -> None:
        self._on_import.uninstall()
        self._patches.restore()

    def _watch_spans(self, _: str) -> None:
        self._patches.replace(sys.modules[_SDK].Span, "end", self._end)

    def _end(self, original: Callable[..., None]) -> Callable[..., None]:
        @wraps(original)
        def end(span: Any, *args: Any, **kwargs: Any) -> None:
            if span.is_recording():
                self._judge.judge("traced", _texts(span), by=f" (span `{span.name}`)")
            original(span, *args, **kwargs)

        return end


def _texts(span: Any) -> Iterator[str]:
    for attributes in (span.attributes, *(event.attributes for event in span.events)):
        if isinstance(attributes, Mapping):
            yield from strings(dict(attributes))
    yield span.status.description or ""
