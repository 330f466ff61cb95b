"""What many tests share is told once: by the first in full, by each other one in a line."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Generator, Hashable, Iterator
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
#: So many tests that share a cause are named.
_SHOWN = 3

#: An error, by what makes it the same in another test, and in a few words.
Mistake = tuple[str, str]
Report = pytest.TestReport | pytest.CollectReport


class Once:
    """Tells each cause once: by the first test that meets it, which names the others.

    What the reports carry is shortened at once, for whoever reads them. How they look in the
    terminal is known at the end, when all tests have run.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._verbose = config.getoption("verbose", 0) > 0
        #: The tests that have met a cause, in the order in which they ran.
        self._tests: dict[Hashable, list[str]] = {}
        #: How the reports are to look in the terminal.
        self._looks: list[Callable[[], None]] = []
        self._again: set[int] = set()
        self._complete: dict[str, list[Any]] = {}

    def shorten(self, report: Report) -> None:
        """Leave of the report of a failure what no earlier test has told."""
        findings = failing(report)
        new = [finding for finding in findings if self._is_new(finding.cause, report)]
        told = [finding for finding in findings if finding not in new]
        line = self._line(told)
        mistake: Mistake | None = getattr(report, "behavior_gate_mistake", None)
        if getattr(report, "behavior_gate_alone", False):
            brief = ", ".join(output.brief(finding) for finding in findings)
            if new:
                self._show(report, new, line, brief)
            else:
                self._shorten_to(line, brief, report)
        elif mistake is not None and not self._is_new(mistake[0], report):
            line = f"{mistake[1]}, as in {self._tests[mistake[0]][0]}"
            self._shorten_to(line, mistake[1], report)
        else:
            if mistake is not None:
                cause = mistake[0]
                self._looks.append(lambda: self._name_others(report, cause))
            if findings:
                self._show_beside(report, new, line)

    def _is_new(self, cause: Hashable, report: Report) -> bool:
        tests = self._tests.setdefault(cause, [])
        if report.nodeid not in tests:
            tests.append(report.nodeid)
        return tests[0] == report.nodeid

    def _line(self, told: list[Finding]) -> str:
        if not told:
            return ""
        mistakes = ", ".join(output.short(finding) for finding in told)
        tests = ", ".join(dict.fromkeys(self._tests[finding.cause][0] for finding in told))
        return f"{output.NAME}: {mistakes}, as in {tests}"

    def _others(self, cause: Hashable) -> list[str]:
        """Name the tests that have met a cause, unless it is one."""
        tests = self._tests[cause]
        if len(tests) == 1:
            return []
        shown = tests if self._verbose else tests[:_SHOWN]
        rest = len(tests) - len(shown)
        more = [f"  and {rest} more (-v names all)"] if rest else []
        return [f"Met by {len(tests)} tests:", *(f"  {test}" for test in shown), *more]

    def _show(self, report: Report, new: list[Finding], line: str, brief: str) -> None:
        """Show of a failure by findings alone what is new."""

        def others(finding: Finding) -> list[str]:
            return self._others(finding.cause)

        def write(writer: Any) -> None:
            output.write(writer, new, line, others)

        text = output.as_text(new, line)
        report.longrepr = text

        def show() -> None:
            cast(Any, report).longrepr = output.Shown(text, brief, write)

        self._looks.append(show)

    def _show_beside(self, report: Report, new: list[Finding], line: str) -> None:
        """Show what was found beside the error of the test."""

        def show() -> None:
            text = line
            if new:
                text = output.as_text(new, line, lambda finding: self._others(finding.cause))
            report.sections = [
                (title, text if output.NAME in title else content)
                for title, content in report.sections
            ]

        show()
        self._looks.append(show)

    def _name_others(self, report: Report, cause: Hashable) -> None:
        original: Any = report.longrepr
        others = self._others(cause)

        def write(writer: Any) -> None:
            if hasattr(original, "toterminal"):
                original.toterminal(writer)
            else:
                writer.line(str(original))
            for line in ("", *others):
                writer.line(line)

        if others:
            message = getattr(getattr(original, "reprcrash", None), "message", str(original))
            cast(Any, report).longrepr = output.Shown(str(original), message, write)

    def _shorten_to(self, line: str, brief: str, report: Report) -> None:
        report.longrepr = line
        self._again.add(id(report))

        def show() -> None:
            cast(Any, report).longrepr = output.Shown(line, brief)

        self._looks.append(show)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, None, None]:
        for show in self._looks:
            show()
        stats = terminalreporter.stats
        self._complete = {str(name): stats[name] for name in ("failed", "error") if name in stats}
        for name, reports in self._complete.items():
            stats[name] = [report for report in reports if id(report) not in self._again]
        try:
            yield
        finally:
            self.restore(terminalreporter)

    def restore(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Have pytest's own summary, which comes last, list the others as well."""
        terminalreporter.stats.update(self._complete)


def failing(report: Report) -> list[Finding]:
    """The findings that a test fails by."""
    found = getattr(report, "behavior_gate", ())
    return [output.from_data(data) for data in found if data["outcome"] == "failed"]


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
        message = f"{message[:_MAX_LENGTH]}..."
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
