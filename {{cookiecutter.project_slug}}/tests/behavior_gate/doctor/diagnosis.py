"""What the doctor has found out about a suite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from .. import rules
from ..hangs import TIMEOUT
from ..settings import FLAGS
from .checks import CHECKS
from .checks.settings import telling_filter
from .probes import Way
from .problems import Problem, Suite
from .settings import Filter
from .sources import Place
from .versions import Version, release, versions
from .ways import ini

#: Settings that decide on which loop a test runs, and what is made of it.
_SHOWN = (
    "asyncio_mode",
    "asyncio_default_fixture_loop_scope",
    "asyncio_default_test_loop_scope",
    "anyio_mode",
    "timeout",
    TIMEOUT.setting,
    *FLAGS,
)


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    value: str
    where: Place | None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All of it, in the order in which it is told."""

    versions: Sequence[Version]
    settings: Sequence[Setting]
    ways: Sequence[Way]
    blind_spots: Sequence[Problem]
    #: Filters that ignore single warnings of the kinds that the gate goes by.
    narrow_filters: Sequence[Filter]
    problems: Sequence[Problem]

    @property
    def count(self) -> int:
        return len(self.problems) + len(self.blind_spots)


def examine(
    suite: Suite, failed: Sequence[pytest.CollectReport], *, was_off: bool = False
) -> Diagnosis:
    """Judge a suite whose planted tests have run."""
    for way in suite.ways:
        _excuse_ignored(suite, way)
    installed = list(versions())
    problems = [*_too_old(installed), *_not_collected(failed)]
    if was_off:
        problems.append(
            Problem(
                "gate-off", "the gate is off", suite.settings.place("addopts"), "remove --gate=off"
            )
        )
    for check in CHECKS:
        problems += check.problems(suite)
    ignoring = [one for one in suite.filters if one.is_narrow and one.action == "ignore"]
    return Diagnosis(
        versions=installed,
        settings=list(_settings(suite)),
        ways=suite.ways,
        blind_spots=list(_blind_spots(suite)),
        narrow_filters=[one for one in ignoring if issubclass(one.category, _KINDS)],
        problems=list(dict.fromkeys(problems)),
    )


_KINDS = (
    RuntimeWarning,
    ResourceWarning,
    pytest.PytestUnraisableExceptionWarning,
    pytest.PytestUnhandledThreadExceptionWarning,
)


def _settings(suite: Suite) -> Iterator[Setting]:
    for name in _SHOWN:
        given = suite.config.getoption(name, None) or suite.settings.get(name)
        is_known = given or ini(suite.config, name) is not None
        if is_known or (name.startswith("asyncio_") and release("pytest-asyncio")):
            yield Setting(name, str(given or "unset"), suite.settings.place(name))


def _blind_spots(suite: Suite) -> Iterator[Problem]:
    for text, rule in suite.gate.blind_spots.items():
        if rule is not None:
            # It comes of how the suite is written: a check tells it.
            continue
        yield Problem(
            "blind-spot", text, None, "refresh the gate, or install another version of that library"
        )
    if not suite.items:
        yield Problem(
            "blind-spot", "no test was collected", None, "run it where `pytest` finds tests"
        )
    for way in suite.ways:
        where = suite.place_of(way.items[0])
        tests = f"{len(way.items)} test{'s' * (len(way.items) != 1)}"
        if way.problem:
            what = f"no defect could be planted beside {tests} ({way.name}): {way.problem}"
            yield Problem("blind-spot", what, where, "make this test pass here, then ask again")
        elif way.seen.ran and not way.seen.is_watched:
            if not _runs_elsewhere(suite, way):
                loop = way.seen.loop
                run = "runs" if len(way.items) == 1 else "run"
                what = f"{tests} ({way.name}) {run} on a loop that the gate can't watch ({loop})"
                chosen = _chosen_at(suite, loop) if way.kind == "async" else None
                yield Problem("blind-spot", what, chosen or where, _closes(loop))
        elif way.missed:
            what = f"defects are missed in {tests} ({way.name}): {', '.join(way.missed)}"
            yield Problem("blind-spot", what, where, "report it; the gate should see them")


def _runs_elsewhere(suite: Suite, way: Way) -> bool:
    """Whether all its tests run on a watched loop as well, as parameters of a backend do."""
    watched = {one.function for other in suite.ways if other.seen.is_watched for one in other.items}
    return all(item.function in watched for item in way.items)


def _closes(loop: str) -> str:
    if loop == "trio":
        return "run these tests on asyncio as well: params=['asyncio', 'trio'] of `anyio_backend`"
    if loop.startswith("asyncio."):
        return "start the loop in a test or fixture: what the app starts itself is left alone"
    return (
        "run the tests on the loop of the standard library, at least in one run with the gate;"
        " for the others, pytest-timeout ends what hangs"
    )


def _chosen_at(suite: Suite, loop: str) -> Place | None:
    """The line that asks for a loop of a library."""
    package = loop.partition(".")[0]
    for source in suite.tests:
        for node in source.nodes:
            if source.name(node).startswith(f"{package}.") and source.function_of(node):
                return source.place(node)
    return None


def _too_old(installed: Sequence[Version]) -> Iterator[Problem]:
    for one in installed:
        if one.needed:
            what = f"{one.name} {one.found} is older than {one.needed}, which the gate needs"
            yield Problem("version", what, None, f"install {one.name}>={one.needed}")


def _not_collected(failed: Sequence[pytest.CollectReport]) -> Iterator[Problem]:
    for report in failed:
        lines = str(report.longrepr).strip().splitlines() or ["no message"]
        cause = lines[-1].removeprefix("E").strip()
        what = f"{report.nodeid or 'a module'} can't be collected: {cause}"
        yield Problem("not-collected", what, None, "run pytest on it, and repair what it says")


def _excuse_ignored(suite: Suite, way: Way) -> None:
    """Call off what an explicit filter of the suite hides."""
    for rule, category in (
        (rules.NEVER_AWAITED, RuntimeWarning),
        (rules.UNCLOSED, ResourceWarning),
    ):
        if way.verdicts.get(rule.id) == "MISSED" and telling_filter(suite, category) is not None:
            way.verdicts[rule.id] = "off"
