"""What pytest sees of the gate: options, the marker, and a judgement after each phase of a test."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from . import render as output
from . import rules
from .core import (
    Case,
    Detector,
    Finding,
    Gate,
    Option,
    Phase,
    When,
    current_case,
    in_wide_fixture,
)
from .errors import BlockingError
from .explain import explain, overview
from .hangs import TIMEOUT, Hangs
from .loops import Loops
from .once import Once, Prospects, Report, is_of_application, mistake_of, without_libraries
from .registry import DETECTORS, detectors_of
from .selftest import TIMEOUT_S, run_selftests
from .watchdog import Watchdog

_LOOP_SCOPES = {
    "asyncio_default_fixture_loop_scope": "loop scope of async fixtures",
    "asyncio_default_test_loop_scope": "loop scope of async tests",
}
_MARKER = (
    "gate_allow(*rules, reason): the behavior gate lets this test break the named rules, or all of"
    " a family"
)
_FLAGS = {
    "gate_strict": "fail the run where the gate can't watch something",
    "gate_allow_unused": "let a test pass whose gate_allow allowed nothing",
}

_found_key = pytest.StashKey[dict[str, list[output.Data]]]()
_passed_key = pytest.StashKey[bool]()

#: Whether these are broken depends on the machine.
_BY_TIME = {name for rule in rules.RULES if rule.by_time for name in (rule.id, rule.family)}

Wrapper = Generator[None, Any, Any]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("behavior gate")
    group.addoption(
        "--gate", choices=("on", "off"), default="on", help="switch the behavior gate on or off"
    )
    group.addoption(
        "--gate-report", metavar="FILE", type=Path, help="write the findings to FILE as JSON"
    )
    group.addoption(
        "--gate-selftest",
        action="store_true",
        help="run no tests; plant one defect for each rule and show that it is caught",
    )
    group.addoption(
        "--gate-explain",
        metavar="RULE",
        nargs="*",
        help="run no tests; explain the rules of the gate, or list all of them",
    )
    for option in _options():
        kind = "float" if isinstance(option.default, float) else "int"
        help_text = f"behavior gate: {option.help} (default: {option.default:g})"
        parser.addini(option.setting, help_text, type=cast(Any, kind), default=option.default)
    for name, help_text in _FLAGS.items():
        parser.addini(name, f"behavior gate: {help_text} (default: false)", "bool", default=False)
    for name, help_text in _LOOP_SCOPES.items():
        parser.addini(name, f"{help_text} (default: session)", default="session")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)
    if config.getoption("gate", "on") == "off":
        return
    config.option.asyncio_debug = True
    config.pluginmanager.register(BehaviorGate(config), "behavior gate")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    names: list[str] | None = config.getoption("gate_explain", None)
    if names is None:
        return None
    for name in names:
        if name not in (*rules.FAMILIES, *rules.BY_ID):
            raise pytest.UsageError(f"--gate-explain: {rules.unknown(name)}")
    chosen = [rule for rule in rules.RULES if {rule.id, rule.family} & set(names)]
    texts = [explain(rule, _options()) for rule in chosen] or [overview()]
    pytest.TerminalReporter(config).write_line("\n\n\n".join(texts))
    return 0


def _options() -> list[Option]:
    return [TIMEOUT, *(option for detector in DETECTORS for option in detector.options)]


class BehaviorGate:
    """Runs the detectors around each phase, and turns their findings into failures."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.gate = Gate(
            config.rootpath,
            {
                option.name: _setting(config, option.setting, default=option.default)
                for option in _options()
            },
        )
        self.detectors: list[Detector] = detectors_of(self.gate)
        self.found: list[output.Data] = []
        self.tests = 0
        self._case = Case()
        self._once = Once()
        self._prospects = Prospects()
        config.pluginmanager.register(self._once)
        self._loops = Loops(self.gate)
        #: Tests that ran on what can't be watched, by its name; in workers, too.
        self._unwatched: Counter[str] = Counter()
        self._watchdog = Watchdog(self.gate)
        self._installed = False
        # With pytest-xdist the tests run in workers; this process only collects what they report.
        self._is_worker = hasattr(config, "workerinput")
        self._is_controller = not self._is_worker and config.getoption("dist", "no") != "no"
        if not self._is_controller:
            self.install()

    def install(self) -> None:
        """Patch what the detectors watch, and start the watchdog."""
        self._installed = True
        self._loops.install()
        for detector in self.detectors:
            detector.install()
            self._watchdog.subscribe(detector.sample)
        self._watchdog.subscribe(Hangs(self.gate, self.detectors).check)
        self._watchdog.start()

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        if self._installed:
            self._installed = False
            self._watchdog.stop()
            for detector in reversed(self.detectors):
                detector.uninstall()
            self._loops.uninstall()

    def begin(self, nodeid: str, when: When, allowed: frozenset[str] = frozenset()) -> Phase:
        """Watch a phase from here to `end`."""
        gate = self.gate
        gate.thread = threading.get_ident()
        loop = gate.loop if gate.loop is not None and not gate.loop.is_closed() else None
        if when == "setup":
            self._case = Case()
        phase = Phase(nodeid, when, allowed, self._case.used, loop, debugged=_has_debugger())
        gate.phase = phase
        current_case.set(self._case)
        for detector in self.detectors:
            detector.begin(phase)
        return phase

    def end(self, phase: Phase) -> list[Finding]:
        """Have every detector judge a phase, and return what was found."""
        if phase.stopped:
            self._case.stopped = True
        try:
            for detector in self.detectors:
                if phase.loop is not None and phase.loop.is_closed():
                    phase.loop = None
                detector.end(phase)
        finally:
            self.gate.phase = None
            if phase.when == "teardown":
                current_case.set(None)
        return phase.findings

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Wrapper:
        return (yield from self._watch(item, "setup"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Wrapper:
        return (yield from self._watch(item, "call"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Wrapper:
        return (yield from self._watch(item, "teardown"))

    def _watch(self, item: pytest.Item, when: When) -> Wrapper:
        phase = self.begin(item.nodeid, when, frozenset(_allowed(item.iter_markers("gate_allow"))))
        try:
            result = yield
        except (KeyboardInterrupt, pytest.exit.Exception):
            self._conclude(item, phase)
            raise
        except BaseException as error:
            # A fixture of many tests raises for each what the gate has raised in it for the first.
            earlier: list[Finding] = vars(error).get("behavior_gate", [])
            phase.findings += [one for one in earlier if not self.gate.allows(one.rule)]
            by_gate = isinstance(error, BlockingError) or phase.stopped or bool(earlier)
            findings = self._conclude(item, phase)
            if findings and by_gate:
                vars(error)["behavior_gate"] = findings
            if findings and (by_gate or isinstance(error, pytest.skip.Exception)):
                raise _failure(findings) from None
            if findings:
                item.add_report_section(when, output.NAME, output.as_text(findings))
            raise
        findings = self._conclude(item, phase)
        if findings:
            raise _failure(findings)
        if when == "teardown":
            self._judge_allowances(item)
        return result

    def _judge_allowances(self, item: pytest.Item) -> None:
        """Fail a test that has passed and has not done what it alone is allowed to do."""
        marks = [mark for mark in item.own_markers if mark.name == "gate_allow"]
        names = _allowed(marks) - self._case.used - _BY_TIME
        is_blind = self.gate.blind_spots or self._loops.foreign.counts()
        if not names or not item.stash.get(_passed_key, False) or is_blind:
            return
        if not self._flag("gate_allow_unused"):
            listed = ", ".join(f'"{name}"' for name in sorted(names))
            pytest.fail(
                f"@pytest.mark.gate_allow({listed}) allowed nothing: the test does not break"
                f" {'this rule' if len(names) == 1 else 'these rules'}.\nFix: remove what is not"
                " needed; on some parameters only, mark these with pytest.param(..., marks=...);"
                " gate_allow_unused = true permits it everywhere.",
                pytrace=False,
            )

    def _flag(self, name: str) -> bool:
        return bool(_setting(self.config, name, default=False))

    def _conclude(self, item: pytest.Item, phase: Phase) -> list[Finding]:
        findings = self.end(phase)
        if findings:
            data = [output.to_data(finding, item.nodeid, phase.when) for finding in findings]
            item.stash.setdefault(_found_key, {})[phase.when] = data
            for finding in findings:
                item.user_properties.append(("behavior_gate", output.summary(finding)))
        return findings

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Wrapper:
        wide, phase = fixturedef.scope != "function", self.gate.phase
        token = in_wide_fixture.set(wide)
        of_case = current_case.set(None if wide else self._case)
        if phase is not None:
            phase.in_wide_fixture = wide
        try:
            with self._prospects.watch(fixturedef):
                return (yield)
        finally:
            current_case.reset(of_case)
            in_wide_fixture.reset(token)
            if phase is not None:
                phase.in_wide_fixture = in_wide_fixture.get()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        raised = call.excinfo
        report = yield
        if raised is not None and call.excinfo is not None and call.excinfo is not raised:
            # unittest keeps the error of a test, and pytest puts it in the place of the findings.
            error = call.excinfo.value
            is_skip = isinstance(error, pytest.skip.Exception)
            if is_skip or isinstance(error, BlockingError) or self._case.stopped:
                call.excinfo, report.outcome = raised, "failed"
                report.longrepr = item.repr_failure(raised)
            else:
                report.sections.append((output.NAME, str(raised.value)))
        # A plain attribute of JSON types: pytest-xdist carries it to the controller.
        report.behavior_gate = item.stash.get(_found_key, {}).get(call.when, [])  # type: ignore[attr-defined]
        if report.when == "call":
            item.stash[_passed_key] = report.passed
        alone = call.excinfo is not None and hasattr(call.excinfo.value, "by_gate")
        report.behavior_gate_alone = alone  # type: ignore[attr-defined]
        if call.excinfo is not None and report.failed:
            if not alone:
                self._abridge(report, call.excinfo.value)
            if call.when == "setup" and (self._case.stopped or not alone):
                self._prospects.judge(item)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        call = getattr(report, "call", None)
        if call is not None and call.excinfo is not None and report.failed:
            error = call.excinfo.value
            # pytest wraps an ImportError.
            wrapped = error.__cause__ if isinstance(error, pytest.Collector.CollectError) else None
            self._abridge(report, wrapped or error)
        return report

    def _abridge(self, report: Report, error: BaseException) -> None:
        """Show of an error that is not the test's own only what the user has written."""
        in_call = report.when == "call"
        if in_call and not is_of_application(self.gate, error):
            return
        cast(Any, report).behavior_gate_mistake = mistake_of(self.gate, error, in_call=in_call)
        option = self.config.option
        if option.tbstyle != "auto" or option.fulltrace or option.showlocals:
            return
        text = without_libraries(self.gate, error)
        if text is not None:
            # pytest-xdist tells the same text of all workers once.
            of_worker = self._is_worker and report.when == "collect"
            report.longrepr = str(text) if of_worker else text

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = getattr(report, "behavior_gate", [])
        self.found.extend(data)
        self.tests += report.when == "setup"
        if report.failed and not self._is_worker:
            self._once.shorten(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self._is_worker:
            self._once.shorten(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            _check_markers(item)

    def pytest_enter_pdb(self) -> None:
        if self.gate.phase is not None:
            self.gate.phase.debugged = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> bool | None:
        return True if self.config.getoption("gate_selftest", False) else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if not self.config.getoption("gate_selftest", False):
            return None
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        self.gate.options[TIMEOUT.name] = TIMEOUT_S
        for rule, verdict in run_selftests(self.begin, self.end):
            session.testscollected += 1
            session.testsfailed += verdict == "MISSED"
            if terminal is not None:
                colours = {"red": verdict == "MISSED", "green": verdict == "caught"}
                terminal.write_line(f"{rule.id:<28} {verdict}", **colours)
        session.testsfailed += len(self.gate.blind_spots)
        return True

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        strays = [output.to_data(finding, None, None) for finding in self.gate.strays]
        if self._is_worker:
            output_of_worker = cast(Any, self.config).workeroutput
            output_of_worker["behavior_gate"] = strays
            output_of_worker["behavior_gate_blind"] = self.gate.blind_spots
            output_of_worker["behavior_gate_unwatched"] = self._loops.foreign.counts()
            return
        self._unwatched.update(self._loops.foreign.counts())
        for name, count in self._unwatched.items():
            self.gate.blind(
                f"{_plural(count, 'test')} ran on a loop that the gate can't watch ({name})"
            )
        self.found.extend(strays)
        is_bad = any(data["test"] is None for data in self.found) or (
            bool(self.gate.blind_spots) and self._flag("gate_strict")
        )
        if is_bad and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        path = self.config.getoption("gate_report", None)
        if path is not None:
            names = [detector.name for detector in self.detectors]
            output.write_json(
                path,
                tests=self.tests,
                detectors=names,
                blind_spots=self.gate.blind_spots,
                findings=self.found,
            )

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        output_of_worker = getattr(node, "workeroutput", {})
        self.found.extend(output_of_worker.get("behavior_gate", []))
        for text in output_of_worker.get("behavior_gate_blind", []):
            self.gate.blind(text)
        self._unwatched.update(output_of_worker.get("behavior_gate_unwatched", {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        strays = [output.from_data(data) for data in self.found if data["test"] is None]
        if strays:
            terminalreporter.section("behavior gate: outside any test", red=True)
            output.write(terminalreporter, strays)
        if self.tests:
            count = len(self.found)
            result = "nothing found" if not count else _plural(count, "finding")
            terminalreporter.write_line(
                f"behavior gate: {_plural(self.tests, 'test')} watched by"
                f" {_plural(len(self.detectors), 'detector')}, {result}"
            )
        for text in self.gate.blind_spots:
            terminalreporter.write_line(f"behavior gate: blind spot: {text}", red=True)


def _setting(config: pytest.Config, name: str, *, default: Any) -> Any:
    try:
        return config.getini(name)
    except ValueError:
        # Loaded after the command line was parsed: there are only defaults.
        return default


def _allowed(marks: Iterable[pytest.Mark]) -> set[str]:
    return {name for mark in marks for name in mark.args}


def _check_markers(item: pytest.Item) -> None:
    for mark in item.iter_markers("gate_allow"):
        reason = mark.kwargs.get("reason")
        unknown = [name for name in mark.args if name not in (*rules.FAMILIES, *rules.BY_ID)]
        if unknown:
            problem = rules.unknown(unknown[0])
        elif not mark.args:
            problem = f"name a rule or a family: {', '.join(rules.FAMILIES)}"
        elif set(mark.kwargs) - {"reason"}:
            problem = "it takes names of rules and reason=..."
        elif not isinstance(reason, str) or not reason.strip():
            problem = 'say why: reason="..."'
        else:
            continue
        raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.gate_allow: {problem}")


def _failure(findings: Sequence[Finding]) -> BaseException:
    failure = pytest.fail.Exception(output.as_text(findings), pytrace=False)
    vars(failure)["by_gate"] = True
    return failure


def _has_debugger() -> bool:
    return "pydevd" in sys.modules or "debugpy" in sys.modules


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
