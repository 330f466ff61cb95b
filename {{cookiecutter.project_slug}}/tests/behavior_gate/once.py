"""What many tests share is told once: by the first in full, by each other one in a line."""

from __future__ import annotations

import traceback
from collections.abc import Generator, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from . import render as output
from .core import Finding, Gate
from .errors import chain

#: A fixture that has never worked ends the run if so many tests need it, and such a share of all.
_MANY = 10
_SHARE = 0.25
_MAX_LENGTH = 120

#: An error, by what makes it the same in another test, and in a few words.
Mistake = tuple[str, str]
Report = pytest.TestReport | pytest.CollectReport


class Once:
    """Shortens the reports of what has been told, and lists them below pytest's own summary."""

    def __init__(self) -> None:
        self._first: dict[Hashable, str] = {}
        self._again: list[tuple[Report, str]] = []

    def shorten(self, report: Report) -> None:
        """Leave of the report of a failure what no earlier test has told."""
        findings = [output.from_data(data) for data in getattr(report, "behavior_gate", ())]
        new = [finding for finding in findings if self._is_new(finding, report)]
        line = self._line([finding for finding in findings if finding not in new])
        mistake: Mistake | None = getattr(report, "behavior_gate_mistake", None)
        if getattr(report, "behavior_gate_alone", False):
            if new:
                coloured: Any = output.ColouredFindings(new, line, report.longrepr)
                report.longrepr = coloured
            else:
                self._shorten_to(line, report)
        elif mistake is not None and not self._is_new(mistake[0], report):
            self._shorten_to(f"{mistake[1]}, as in {self._first[mistake[0]]}", report)
        elif line:
            text = output.as_text(new, line) if new else line
            report.sections = [
                (title, text if output.NAME in title else content)
                for title, content in report.sections
            ]

    def _is_new(self, mistake: Hashable, report: Report) -> bool:
        return self._first.setdefault(mistake, report.nodeid) == report.nodeid

    def _line(self, told: list[Finding]) -> str:
        if not told:
            return ""
        mistakes = ", ".join(output.short(finding) for finding in told)
        tests = ", ".join(dict.fromkeys(self._first[finding] for finding in told))
        return f"{output.NAME}: {mistakes}, as in {tests}"

    def _shorten_to(self, line: str, report: Report) -> None:
        report.longrepr = line
        self._again.append((report, line))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, None, None]:
        again = {id(report) for report, _ in self._again}
        stats = terminalreporter.stats
        complete = {str(name): stats[name] for name in ("failed", "error") if name in stats}
        for name, reports in complete.items():
            stats[name] = [report for report in reports if id(report) not in again]
        try:
            yield
        finally:
            stats.update(complete)
        for report, line in self._again:
            terminalreporter.write("FAILED" if report.when == "call" else "ERROR", red=True)
            terminalreporter.write_line(f" {report.nodeid} - {line}")


class Prospects:
    """Ends the run where the rest of it can't be different: what many tests need never works."""

    def __init__(self) -> None:
        self._worked: set[pytest.FixtureDef[Any]] = set()
        self._broken: pytest.FixtureDef[Any] | None = None

    @contextmanager
    def watch(self, fixture: pytest.FixtureDef[Any]) -> Iterator[None]:
        """Take note of how the set-up of a fixture ends."""
        self._broken = None
        try:
            yield
        except BaseException:
            self._broken = fixture
            raise
        self._worked.add(fixture)

    def judge(self, item: pytest.Item) -> None:
        """End the run after a set-up that has failed, if the others can't but fail so too."""
        fixture, self._broken = self._broken, None
        if fixture is None or fixture in self._worked or item.session.shouldstop:
            return
        tests = item.session.items
        count = sum(fixture.argname in getattr(test, "fixturenames", ()) for test in tests)
        if count < max(_MANY, _SHARE * len(tests)):
            return
        need = f"{count} of {len(tests)} tests need it"
        item.session.shouldstop = f"the fixture {fixture.argname!r} does not work, and {need}"


def abridge(gate: Gate, report: Report, error: BaseException, config: pytest.Config) -> None:
    """Show of an error that is not the test's own only what the user has written."""
    in_call = report.when == "call"
    if in_call and not is_of_application(gate, error):
        return
    cast(Any, report).behavior_gate_mistake = mistake_of(gate, error, in_call=in_call)
    option = config.option
    if option.tbstyle != "auto" or option.fulltrace or option.showlocals:
        return
    text = without_libraries(gate, error)
    if text is not None:
        # pytest-xdist tells the same text of all workers once.
        of_worker = hasattr(config, "workerinput") and report.when == "collect"
        report.longrepr = str(text) if of_worker else text


def mistake_of(gate: Gate, error: BaseException, *, in_call: bool) -> Mistake:
    """Name an error. In a fixture it is the same by its type and line, whatever it says."""
    error = next(chain(error), error)
    message = str(error).strip().partition("\n")[0]
    if len(message) > _MAX_LENGTH:
        message = f"{message[:_MAX_LENGTH]}…"
    text = f"{type(error).__name__}: {message}".removesuffix(": ")
    where = gate.locate_traceback(error.__traceback__)
    if where is None:
        return text, text
    key = text if in_call else type(error).__name__
    return f"{key} at {where}", f"{text} at {where}"


def is_of_application(gate: Gate, error: BaseException) -> bool:
    """Whether it has passed through the application."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(gate.origin(frame.f_code) == "application" for frame, _ in frames)


def without_libraries(gate: Gate, error: BaseException) -> Any:
    """Show an error as pytest does, but only the lines of the user; None if there are none."""

    def of_user(error: pytest.ExceptionInfo[BaseException]) -> Any:
        return error.traceback.filter(
            lambda entry: (
                gate.origin(entry.frame.code.raw) in ("application", "test")
                and not entry.ishidden(error)
            )
        )

    info = pytest.ExceptionInfo.from_exception(next(chain(error), error))
    if not getattr(error, "pytrace", True) or not of_user(info):
        return None
    return info.getrepr(style="short", tbfilter=of_user, chain=False)
