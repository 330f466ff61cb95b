"""The pure functions of the gate: whose code it is, where a task waits, how a finding is shown."""

import asyncio
import importlib
import sys
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
from support.gate import load

where, core, rules, render, errors, awaiting, clocks, mounts = (
    load(name)
    for name in ("where", "core", "rules", "render", "errors", "awaiting", "clocks", "mounts")
)
greenlet: Any = importlib.import_module("greenlet")
ROOT = Path("/srv/project")
LIBRARIES = "/srv/project/.venv/lib/python3.12/site-packages"


@pytest.mark.parametrize(
    ("filename", "origin"),
    [
        ("/srv/project/app/main.py", "application"),
        ("/srv/project/src/shop/testing.py", "application"),
        ("/srv/project/contest.py", "application"),
        ("/srv/project/tests/test_main.py", "test"),
        ("/srv/project/tests/helpers.py", "test"),
        ("/srv/project/app/test/factories.py", "test"),
        ("/srv/project/src/shop/testing/clients.py", "test"),
        ("/srv/project/integration_tests/clients.py", "test"),
        ("/srv/project/app/contests/main.py", "application"),
        ("/srv/project/app/test_main.py", "test"),
        ("/srv/project/app/main_test.py", "test"),
        ("/srv/project/conftest.py", "test"),
        (f"{LIBRARIES}/fastapi/routing.py", "library"),
        ("/usr/lib/python3/dist-packages/fastapi/routing.py", "library"),
        ("/srv/other/app/main.py", "library"),
        (asyncio.__file__, "library"),
        ("<frozen importlib._bootstrap>", "library"),
        (str(where.__file__), "gate"),
    ],
)
def test_a_file_is_of_the_application_of_a_test_of_a_library_or_of_the_gate(
    filename: str, origin: str
) -> None:
    assert where.Origins(ROOT)[filename] == origin


@pytest.mark.parametrize(
    ("filename", "origin"),
    [
        ("/srv/project/app/test_plans.py", "application"),
        ("/srv/project/test_app/main.py", "application"),
        ("/srv/project/app/users/test_login.py", "test"),
        ("/srv/project/app/users/login.py", "application"),
        ("/srv/project/e2e_tests/support/clients.py", "application"),
        ("/srv/project/unit_tests/clients.py", "test"),
        ("/srv/project/tests/helpers.py", "test"),
        ("/srv/project/app/_vendor/six.py", "library"),
        ("/srv/project/.tools/plugin.py", "library"),
    ],
)
def test_once_the_tests_are_known_a_name_alone_makes_no_test(filename: str, origin: str) -> None:
    origins = where.Origins(ROOT)
    assert origins["/srv/project/app/test_plans.py"] == "test"

    origins.set_tests([ROOT / "app/users/test_login.py", ROOT / "unit_tests/api/test_main.py"])

    assert origins[filename] == origin


def test_what_lies_beside_a_project_in_its_repository_is_the_users(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    root, shared = tmp_path / "packages/api", tmp_path / "packages/core/core/rates.py"
    sources = where.Sources(root)

    assert sources.origins[str(shared)] == "application"
    assert sources.origins[str(tmp_path / "packages/core/tests/fakes.py")] == "test"
    assert sources.origins[str(tmp_path / ".cache/tool/main.py")] == "library"
    location = sources.locate_line(str(shared), 3, "rate")
    assert str(location) == "../core/core/rates.py:3 in rate"
    assert sources.origin_of(location) == "application"
    assert where.Sources(shared.parent).origins[str(root / "main.py")] == "application"


def test_what_is_installed_from_the_project_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, libraries = tmp_path / "repo", tmp_path / "venv/lib/python3.12/site-packages"
    for name, url in (("shop", root.as_uri()), ("other", "file:///srv/other")):
        folder = libraries / f"{name}-1.0.dist-info"
        folder.mkdir(parents=True)
        (folder / "direct_url.json").write_text(f'{{"url": "{url}", "dir_info": {{}}}}')
        (folder / "RECORD").write_text(f"{name}/main.py,sha256=x,1\n{name}/tests/a.py,,\n")
    (root / "src/shop").mkdir(parents=True)
    (root / "src/shop/main.py").touch()
    monkeypatch.setattr("sys.path", [str(libraries)])

    sources = where.Sources(root)

    assert sources.origins[f"{libraries}/shop/main.py"] == "application"
    assert sources.origins[f"{libraries}/shop/tests/a.py"] == "test"
    assert sources.origins[f"{libraries}/other/main.py"] == "library"
    location = sources.locate_line(f"{libraries}/shop/main.py", 3, "run")
    assert str(location) == "src/shop/main.py:3 in run"


def test_what_the_selftest_plants_stands_for_an_application() -> None:
    planted = Path(where.__file__).parent / "planted/tasks.py"

    assert where.Origins(ROOT)[str(planted)] == "application"


APP, TEST, LIBRARY = (
    ("/srv/project/app/main.py", 3, "endpoint"),
    ("/srv/project/tests/test_main.py", 7, "test_endpoint"),
    (f"{LIBRARIES}/fastapi/routing.py", 9, "app"),
)


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ([APP], "app/main.py:3 in endpoint"),
        ([LIBRARY, APP, LIBRARY, TEST], "app/main.py:3 in endpoint"),
        ([TEST, LIBRARY, APP], "app/main.py:3 in endpoint"),
        ([LIBRARY, TEST], "tests/test_main.py:7 in test_endpoint"),
        ([("/srv/project/app/a.py", 1, "inner"), APP], "app/a.py:1 in inner"),
        ([LIBRARY], "None"),
        ([], "None"),
    ],
)
def test_the_innermost_line_of_the_application_is_named_else_that_of_a_test(
    lines: list[Any], named: str
) -> None:
    assert str(where.Sources(ROOT).innermost(lines)) == named


def traceback_of(code: str, filename: str) -> BaseException:
    namespace: dict[str, Any] = {}
    exec(compile(code, filename, "exec"), namespace)
    try:
        namespace["run"]()
    except LookupError as error:
        return error
    raise AssertionError


def test_a_traceback_is_named_by_the_line_that_raised() -> None:
    error = traceback_of("def run():\n    pass\n    raise LookupError", "/srv/project/app/main.py")

    location = where.Sources(ROOT).locate_traceback(error.__traceback__)

    assert str(location) == "app/main.py:3 in run"


@pytest.mark.parametrize(
    ("filename", "path"),
    [
        (f"{LIBRARIES}/starlette/routing.py", "starlette/routing.py"),
        ("C:\\Python\\Lib\\site-packages\\starlette\\routing.py", "starlette/routing.py"),
        (asyncio.events.__file__, "asyncio/events.py"),
        ("/opt/pydevd/pydevd.py", "debugger"),
        ("/srv/project/app/main.py", "/srv/project/app/main.py"),
    ],
)
def test_a_file_of_a_library_is_named_as_it_is_imported(filename: str, path: str) -> None:
    assert where.library_path(filename) == path


def location(line: int = 3) -> Any:
    return where.Location("app/main.py", line, "endpoint")


def finding(what: str = "GET / failed", place: Any = None) -> Any:
    return core.Finding(rules.SERVER_ERROR, what, place)


def test_a_finding_is_shown_with_its_rule_place_reason_and_fix() -> None:
    assert render.as_text([finding("GET / failed\n  twice", location())]).splitlines() == [
        "behavior gate: requests.5xx",
        "  GET / failed",
        "    twice",
        "  at app/main.py:3 in endpoint",
        f"  Why: {rules.SERVER_ERROR.why}.",
        f"  Fix: {rules.SERVER_ERROR.fix}.",
        "",
        "Explain: pytest --gate-explain requests.5xx",
    ]


def test_several_findings_are_explained_by_one_command() -> None:
    leak = core.Finding(rules.LEAKED_TASK, "task work() was still running", None)

    text = render.as_text([finding(), leak, finding("GET /2 failed")], "more")

    assert text.split("\n\n")[-2:] == [
        "more",
        "Explain: pytest --gate-explain requests.5xx tasks.leaked",
    ]
    assert text.count("behavior gate: ") == 3


def test_what_has_no_line_is_the_same_in_another_test_whatever_numbers_it_has() -> None:
    first, second, other = (
        finding(f"unclosed <{thing}>")
        for thing in ("File at 0x7fa", "File at 0x12", "Pipe at 0x12")
    )
    assert first.cause == second.cause != other.cause


def test_a_finding_survives_the_way_through_json() -> None:
    for each in (finding(), finding("GET / failed", location())):
        data = render.to_data(each, "failed", "tests/test_main.py::test", "call")
        assert render.from_data(data) == each


@pytest.mark.parametrize(
    ("place", "summary", "short"),
    [
        (None, "requests.5xx: GET / failed", "requests.5xx: GET / failed"),
        (
            where.Location("app/main.py", 3, "endpoint"),
            "requests.5xx: GET / failed at app/main.py:3 in endpoint",
            "requests.5xx at app/main.py:3 in endpoint",
        ),
    ],
)
def test_a_finding_is_named_in_one_line(place: Any, summary: str, short: str) -> None:
    each = finding("GET / failed\nand more", place)

    assert render.summary(each) == summary
    assert render.short(each) == short


def request(*passwords: str) -> Any:
    return core.Request("POST", "/", passwords=set(passwords))


def test_an_error_is_described_in_one_line_without_passwords() -> None:
    error = ValueError("no hunter2-hunter2 here\nand a second line")

    assert errors.describe(error, request("hunter2-hunter2")) == "ValueError: no *** here"
    assert errors.describe(LookupError(), request()) == "LookupError"
    assert errors.describe(ValueError("x" * 300), request()) == f"ValueError: {'x' * 200}..."


def test_the_first_error_of_a_group_is_what_failed() -> None:
    inner = LookupError("inner")
    group = ExceptionGroup("group", [ExceptionGroup("nested", [inner]), ValueError("other")])

    assert [type(link).__name__ for link in errors.chain(group)] == ["LookupError", "ValueError"]


def test_a_chain_of_errors_is_walked_once_from_the_last_to_the_first() -> None:
    first, last = LookupError("first"), ValueError("last")
    last.__cause__ = last.__context__ = first
    first.__context__ = last

    assert list(errors.chain(last)) == [last, first]


def test_a_task_waits_where_its_innermost_line_of_the_user_stands() -> None:
    gate = core.Gate(Path(__file__).parent)

    async def inner() -> None:
        await asyncio.sleep(60)

    async def waits() -> tuple[Any, str]:
        task = asyncio.create_task(inner())
        await asyncio.sleep(0)
        found: tuple[Any, str] = awaiting.waits_at(gate, task)
        task.cancel()
        return found

    place, inside = asyncio.run(waits())

    code: CodeType = inner.__code__
    assert str(place) == f"test_units.py:{code.co_firstlineno + 1} in inner"
    assert inside == ", in asyncio.tasks.sleep()"


def test_what_is_no_frame_ends_a_stack() -> None:
    assert list(where.stack(True)) == []


def test_a_stack_is_walked_from_a_frame_outwards() -> None:
    frame: FrameType = sys._getframe()

    frames = list(where.stack(frame))

    assert frames[0] is frame
    assert frames[1] is frame.f_back
    assert frames[-1].f_back is None


def test_the_nearest_rule_is_suggested() -> None:
    assert rules.unknown("request.5xx") == (
        "unknown rule 'request.5xx': did you mean 'requests.5xx'? (pytest --gate-explain lists all)"
    )
    assert rules.unknown("nothing-like-it").startswith(
        "unknown rule 'nothing-like-it': the families are blocking, slow, "
    )


def test_what_is_kept_of_a_thread_ends_with_it() -> None:
    accounts, greenlets = [], []

    def run() -> None:
        loop = asyncio.new_event_loop()
        accounts.append(load("detectors.slow.accounts").Account(loop))
        greenlets.append(weakref.ref(greenlet.getcurrent()))
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    # The garbage collector would crash at a greenlet whose thread has ended. Another thread frees
    # it, in its own time.
    for _ in range(500):
        greenlet.getcurrent()
        if greenlets[0]() is None:
            break
        time.sleep(0.01)

    assert greenlets[0]() is None
    accounts[0].clocks.schedule.close()


def test_the_line_that_mounts_an_endpoint_is_found_once_and_on_nobodys_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    burnt_s, found = 0.03, where.Location("app/main.py", 3, "create_app")
    searched = []

    def search(gate: object, endpoint: object, path: str) -> object:
        searched.append(path)
        end = time.thread_time() + burnt_s
        while time.thread_time() < end:
            pass
        return found

    def endpoint() -> None: ...

    monkeypatch.setattr(mounts, "_find", search)
    gate, own = core.Gate(tmp_path), clocks.Clocks()
    before = own.read()

    for path in ("/docs", "/docs", "/redoc"):
        assert mounts.where_mounted(gate, endpoint, path) == found

    after = own.read()
    own.schedule.close()
    assert searched == ["/docs", "/redoc"]
    assert after.collecting - before.collecting >= 2 * burnt_s


@pytest.mark.parametrize(
    ("module", "search"),
    [
        ("kept", lambda kept, code: kept._fills(code, code.co_firstlineno)),
        ("detectors.database.swallowed", lambda it, code: it._handlers(code.co_filename, 2)),
        ("detectors.database.n_plus_one", lambda it, code: it._loop(code.co_filename, 2)),
    ],
)
def test_reading_the_source_of_the_app_is_on_nobodys_account(
    tmp_path: Path, module: str, search: Callable[[Any, CodeType], object]
) -> None:
    source = tmp_path / "app.py"
    source.write_text("def f():\n    return 1\n\n\n" * 500, encoding="utf-8")
    *_, code = (
        constant
        for constant in compile(source.read_text("utf-8"), str(source), "exec").co_consts
        if isinstance(constant, CodeType)
    )
    loaded, own = load(module), clocks.Clocks()
    before = own.read()

    search(loaded, code)

    after = own.read()
    own.schedule.close()
    assert after.collecting - before.collecting > (after.cpu - before.cpu) / 2


def test_an_endpoint_that_can_be_no_key_is_searched_for_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []
    monkeypatch.setattr(mounts, "_find", lambda gate, endpoint, path: searched.append(path))

    for _ in range(2):
        assert mounts.where_mounted(core.Gate(tmp_path), {}, "/docs") is None

    assert searched == ["/docs", "/docs"]
