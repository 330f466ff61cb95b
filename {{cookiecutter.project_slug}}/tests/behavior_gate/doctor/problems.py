"""What the doctor looks at, and what it can say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import pytest

from ..core import Gate
from ..where import line_of_definition
from .kinds import Kinds
from .probes import Way
from .settings import Filter, Settings, filters_of
from .sources import Place, Source


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: what it is, where, and what puts it right."""

    check: str
    what: str
    where: Place | None
    fix: str


@dataclass(frozen=True)
class Suite:
    """The tests that were collected, and how they are run."""

    config: pytest.Config
    gate: Gate
    items: Sequence[pytest.Item]
    sources: Sequence[Source]
    ways: Sequence[Way]

    @cached_property
    def settings(self) -> Settings:
        return Settings(self.config)

    @cached_property
    def filters(self) -> list[Filter]:
        return filters_of(self.settings)

    @cached_property
    def kinds(self) -> Kinds:
        return Kinds(self.sources)

    @property
    def functions(self) -> list[pytest.Function]:
        return [item for item in self.items if isinstance(item, pytest.Function)]

    @property
    def tests(self) -> list[Source]:
        """The modules of tests and fixtures."""
        return [source for source in self.sources if source.origin == "test"]

    @property
    def application(self) -> list[Source]:
        return [source for source in self.sources if source.origin == "application"]

    def place_of(self, item: pytest.Function) -> Place:
        """The line of a test."""
        code = getattr(item.function, "__code__", None)
        line = line_of_definition(code) if code else 1
        path = self.gate.locate_line(str(item.path), line, item.name)
        return Place(path.path, path.line)


#: A mistake in a suite: the line, and what stands there.
Found = Iterator[tuple[Place | None, str]]


@dataclass(frozen=True, slots=True)
class Check:
    """One known mistake, and how to find it."""

    id: str
    find: Callable[[Suite], Found]
    fix: str

    def problems(self, suite: Suite) -> Iterator[Problem]:
        for where, what in self.find(suite):
            yield Problem(self.id, what, where, self.fix)
