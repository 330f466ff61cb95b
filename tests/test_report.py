"""The page of `--gate-report=FILE.html`: what it tells, what it keeps to itself, how it is used."""

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
from functools import partial
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Any
from urllib.parse import quote

import pytest
from support.gate import load
from support.project import Project
from support.shop import LINES, Plant, plant_shop, run_pytest, write

PAGE = "--gate-report=out/report.html"
ALONE_AND_WORKERS = pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "workers"])
ATTACK = "</script><script>document.title='taken over'</script><!--<script>"
TESTS = f"""
    import asyncio
    import time

    @pytest.mark.parametrize("n", range(4))
    async def test_sleep(n):
        await shop.sleep()

    async def test_waits():
        time.sleep(0)
        await asyncio.sleep(0.1)
        await asyncio.to_thread(time.sleep, 0.1)

    @pytest.mark.parametrize("text", [{ATTACK!r}])
    async def test_attack(text):
        await shop.lock()  # {ATTACK}

    def test_fails():
        assert shop.fired == ["secret"]

    async def test_passes():
        pass
    """


@pytest.fixture
def plant(installed: Project, tmp_path: Path) -> Plant:
    return partial(plant_shop, tmp_path / "project", installed.environment)


class Scripts(HTMLParser):
    """The scripts of a page, and all that it could load, as a browser reads it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.links: list[str | None] = []
        self.policy = ""
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self._inside = tag == "script"
        if self._inside:
            self.scripts.append((named, ""))
        if named.get("http-equiv") == "Content-Security-Policy":
            self.policy = named["content"] or ""
        self.links += [named[name] for name in ("src", "href", "action") if name in named]

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            named, text = self.scripts[-1]
            self.scripts[-1] = named, text + data


def data_of(page: str) -> dict[str, Any]:
    (named, text), _ = Scripts(page).scripts
    assert named == {"type": "application/json", "id": "data"}
    data: dict[str, Any] = json.loads(text)
    return data


def run_page(project: Project, *options: str) -> str:
    done = run_pytest(project, PAGE, *options)
    assert done.returncode == 1, done.stdout + done.stderr
    return project.read("out/report.html")


# What it tells


@ALONE_AND_WORKERS
def test_the_page_has_each_finding_with_its_stack_and_source(
    plant: Plant, workers: tuple[str, ...]
) -> None:
    data = data_of(run_page(plant(TESTS), *workers))

    lock, sleep = data["findings"]
    assert (lock["rule"], sleep["rule"]) == ("blocking.lock", "blocking.sleep")
    assert f"{sleep['path']}:{sleep['line']}" == LINES["sleep"]
    assert [sleep["line"], "    time.sleep(0.01)  # sleep"] in sleep["source"]
    assert len(sleep["source"]) == 7
    assert [frame["function"] for frame in sleep["stack"]] == ["sleep", "test_sleep"]
    assert [frame["text"] for frame in sleep["stack"]] == [
        "time.sleep(0.01)  # sleep",
        "await shop.sleep()",
    ]
    assert sorted(data["tests"][n]["id"] for n in sleep["tests"]) == [
        f"test_shop.py::test_sleep[{n}]" for n in range(4)
    ]
    assert sleep["why"] == "every other request waits until it returns"
    assert sleep["outcome"] == "failed"
    assert re.fullmatch("[0-9a-f]{12}", sleep["id"])


@ALONE_AND_WORKERS
def test_the_time_of_each_test_is_split_by_what_its_loop_did(
    plant: Plant, workers: tuple[str, ...]
) -> None:
    data = data_of(run_page(plant(TESTS), *workers))

    tests = {test["id"].partition("::")[2]: test for test in data["tests"]}
    assert len(tests) == 8
    assert {name for name, test in tests.items() if test["outcome"] == "failed"} == {
        *(f"test_sleep[{n}]" for n in range(4)),
        "test_fails",
        f"test_attack[{ATTACK}]",
    }
    assert tests["test_sleep[0]"]["held"] >= 10_000
    assert tests["test_waits"]["idle"] > 0
    assert tests["test_waits"]["thread"] > 0
    assert tests["test_waits"]["database"] == 0
    number = data["tests"].index(tests["test_waits"])
    (stretches,) = data["details"][str(number)]["loops"]
    assert {kind for kind, *_ in stretches} == {"held", "idle", "thread"}
    for (_, start, took), (_, following, _) in pairwise(stretches):
        assert following >= start + took - 2  # Each is rounded to a microsecond.
    assert data["totals"]["held"] == sum(test["held"] for test in data["tests"])
    holds = [hold for hold in data["holds"] if hold["stack"]]
    assert any(hold["stack"][0]["function"] == "lock" for hold in holds)


def test_queries_are_told_by_request_and_connections_by_their_line(
    installed: Project, tmp_path: Path
) -> None:
    project = installed.copy(tmp_path / "project")
    write(project, "tests/test_planted.py", WITH_DATABASE)

    done = run_pytest(project, PAGE, "-p", "no:randomly", "tests/test_planted.py")

    assert done.returncode == 1, done.stdout + done.stderr
    page = project.read("out/report.html")
    data = data_of(page)
    (finding,) = data["findings"]
    assert [35, '    body = {"email": "ada@example.com", "password": "•••"}'] in finding["source"]
    requests = {one["label"]: one for one in data["requests"]}
    assert set(requests) == {
        *("POST /auth/register", "GET /memos/{memo_id}", "GET /{…}", "GET /rows"),
    }
    assert requests["POST /auth/register"]["queries"] > 0
    assert requests["POST /auth/register"]["sql"] > 0
    statements = {text: times for text, times, _ in data["statements"]}
    assert statements["SELECT pg_sleep(?), ?"] == 1
    numbers = {test["id"].partition("::")[2]: n for n, test in enumerate(data["tests"])}
    slow = data["tests"][numbers["test_statement"]]
    assert slow["database"] > 0
    assert slow["queries"] >= 1
    details = data["details"][str(numbers["test_statement"])]
    assert [name for name, _ in details["phases"]] == ["setup", "call", "teardown"]
    assert any(where.startswith("tests/isolation/") for where, *_ in details["connections"])
    of_request = data["details"][str(numbers["test_register"])]
    (label, status, _, took, queries, _), *_ = of_request["requests"]
    assert (label, status) == ("POST /auth/register", 201)
    assert took > 0
    assert queries == requests[label]["queries"]
    assert 0 in {request for _, request, *_ in of_request["statements"]}
    # What FastAPI makes of an answer is said of its endpoint, not of the middleware around it.
    holds = [hold for hold in data["holds"] if hold["test"] == numbers["test_answer"]]
    held_by = [(line["function"], line["text"]) for hold in holds for line in hold["stack"][:1]]
    assert ("rows, in fastapi.encoders.jsonable_encoder()", "async def rows():") in held_by
    assert "never-in-the-page" not in page
    assert PASSWORD not in page
    assert PASSWORD in project.read("tests/test_planted.py")


PASSWORD = "correct-horse-7"
HASH = "$2b$12$wvOcY2/hT4u.Ee3rVq1Iu.Zb7lQkKp0sXn5mJd8gFhLtRyWcAaB6e"
WITH_DATABASE = f"""
import time

from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


def secret(number: int) -> str:
    # Not as it stands in the source, of which the page shows lines.
    return "-".join([str(number), "never", "in", "the", "page"])


async def test_paths(client: AsyncClient) -> None:
    assert (await client.get("/memos/7")).status_code == 401
    assert (await client.get("/" + secret(1))).status_code == 404


async def test_statement(session: AsyncSession) -> None:
    await session.execute(text(f"SELECT pg_sleep(0.2), '{{secret(2)}}'"))
    await session.execute(text("SELECT CAST(:value AS text)"), {{"value": secret(3)}})


async def test_answer(app: FastAPI, client: AsyncClient) -> None:
    @app.get("/rows")
    async def rows():
        return [{{"n": n}} for n in range(8_000)]

    assert (await client.get("/rows")).status_code == 200


async def test_register(client: AsyncClient) -> None:
    time.sleep(0.01)
    body = {{"email": "ada@example.com", "password": "{PASSWORD}"}}
    assert (await client.post("/auth/register", json=body)).status_code == 201
"""


def test_the_loop_of_a_client_in_another_thread_is_recorded(plant: Plant) -> None:
    project = plant(
        """
        import asyncio
        import time

        from starlette.applications import Starlette
        from starlette.responses import PlainTextResponse
        from starlette.routing import Route
        from starlette.testclient import TestClient

        async def wait(request):
            await asyncio.sleep(0.1)
            time.sleep(0.01)
            return PlainTextResponse("waited")

        def work(request):
            time.sleep(0.1)
            return PlainTextResponse("worked")

        def test_client():
            app = Starlette(routes=[Route("/wait/{n}", wait), Route("/work", work)])
            with TestClient(app) as client:
                assert [client.get(path).text for path in ("/wait/7", "/work")] == [
                    "waited", "worked"
                ]
        """
    )
    data = data_of(run_page(project))

    (test,) = data["tests"]
    assert test["held"] >= 10_000
    assert test["idle"] > 0
    assert test["thread"] > 0
    assert {one["label"] for one in data["requests"]} == {"GET /wait/{n}", "GET /work"}
    (finding,) = data["findings"]
    assert [frame["function"] for frame in finding["stack"]] == ["wait"]


@ALONE_AND_WORKERS
def test_a_password_that_was_sent_is_masked_in_the_source(
    plant: Plant, workers: tuple[str, ...]
) -> None:
    project = plant(
        f"""
        import time

        from httpx import ASGITransport, AsyncClient
        from starlette.applications import Starlette
        from starlette.responses import PlainTextResponse
        from starlette.routing import Route

        async def login(request):
            await request.json()
            return PlainTextResponse("welcome")

        async def test_login():
            app = Starlette(routes=[Route("/login", login, methods=["POST"])])
            async with AsyncClient(transport=ASGITransport(app), base_url="http://shop") as client:
                time.sleep(0.01)
                body = {{"email": "ada@example.com", "password": "{PASSWORD}"}}
                assert (await client.post("/login", json=body)).text == "welcome"
        """
    )
    page = run_page(project, *workers)

    (finding,) = data_of(page)["findings"]
    assert finding["source"][4] == [
        finding["line"] + 1,
        '        body = {"email": "ada@example.com", "password": "•••"}',
    ]
    assert PASSWORD in project.read("test_shop.py")
    assert PASSWORD not in page


def test_a_token_or_password_that_a_finding_quotes_is_masked() -> None:
    labels = load("page.labels")

    text = "GET /reset/aB3dE5gH7jK9mN1pQ3sT never committed, nor did correct-horse"
    assert labels.without_secrets(text, {"correct-horse", "nor"}) == (
        "GET /reset/••• never committed, nor did •••"
    )
    assert labels.without_secrets(f"is {HASH}, a row") == "is •••, a row"
    plain = "POST /auth/register returned 201 and never committed a new RefreshToken, app/a1.py:3"
    assert labels.without_secrets(plain) == plain


@pytest.mark.parametrize(
    ("statement", "shape"),
    [
        ("SELECT a  FROM b\n WHERE c = 'x''y' AND d = 12", "SELECT a FROM b WHERE c = ? AND d = ?"),
        ("SELECT $1, t1.c2 FROM t1", "SELECT $1, t1.c2 FROM t1"),
        ("SELECT a /* key=abc */ FROM b -- secret", "SELECT a ? FROM b ?"),
        ("CREATE ROLE a PASSWORD $tag$hidden$tag$", "CREATE ROLE a PASSWORD ?"),
        ("INSERT INTO a VALUES ($1, $2, $3, $4)", "INSERT INTO a VALUES (?, …)"),
        ("SELECT 'a', 'never ended", "SELECT ? , "),
        (f"SELECT '{'x' * 20_000}'", "SELECT "),
    ],
)
def test_a_statement_is_shown_without_its_values(statement: str, shape: str) -> None:
    assert load("sql").shape(statement) == shape.rstrip()


def test_only_failures_and_the_slowest_tests_are_told_in_detail(plant: Plant) -> None:
    project = plant(
        """
        @pytest.mark.parametrize("n", range(600))
        async def test_many(n):
            assert n % 3 or n > 500
        """
    )
    page = run_page(project, "--tb=no")

    data = data_of(page)
    failed = {n for n, test in enumerate(data["tests"]) if test["outcome"] == "failed"}
    assert len(data["tests"]) == 600
    assert len(failed) == 167
    assert len(failed & {int(n) for n in data["details"]}) >= 150
    assert len(data["details"]) <= 190
    assert len(page) < 1_000_000


# What it may not do


def test_no_text_of_a_suite_becomes_a_part_of_the_page(plant: Plant) -> None:
    page = run_page(plant(TESTS))

    data = data_of(page)
    assert any(ATTACK in test["id"] for test in data["tests"])
    assert any(ATTACK in text for one in data["findings"] for text in map(str, one["stack"]))
    assert ATTACK not in page
    # Without the escapes, the test's own texts would be scripts.
    as_it_is = page.replace(r"\u003c", "<").replace(r"\u003e", ">")
    assert Scripts(as_it_is).scripts[1] == ({}, "document.title='taken over'")


def test_the_page_is_whole_and_loads_nothing(plant: Plant) -> None:
    page = run_page(plant(TESTS))

    read = Scripts(page)
    assert all(str(link).startswith("#") for link in read.links)
    assert set(re.findall(r"https?://[^\"'\s)]+", page)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|url\(|\bfetch\(|XMLHttpRequest|innerHTML", page)
    _, (_, script) = read.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert read.policy.startswith("default-src 'none';")
    assert read.policy.endswith(f"script-src 'sha256-{digest}'")
    assert str(Path.home()) not in page


def test_without_a_page_nothing_of_it_is_loaded_or_patched(plant: Plant) -> None:
    tests = """
        import selectors
        import sys

        async def test_patches():
            loaded = [name for name in sys.modules if name.startswith("behavior_gate.page")]
            select = selectors.DefaultSelector.select
            assert [bool(loaded), select.__code__.co_filename != selectors.__file__] == [%s, %s]
        """
    project = plant(tests % (False, False))
    assert run_pytest(project, "--gate-report=gate.json").returncode == 0

    write(project, "test_shop.py", dedent(tests % (True, True)))
    done = run_pytest(project, PAGE)
    assert done.returncode == 0, done.stdout


def test_the_recording_hides_no_defect(installed: Project, tmp_path: Path) -> None:
    project = installed.copy(tmp_path / "project")

    done = run_pytest(project, "--gate-selftest", PAGE)

    assert done.returncode == 0, done.stdout
    assert done.stdout.count(" caught\n") == len(load("rules").RULES)


# How it is used: by its own script, in a browser


def find_chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"none of {', '.join(names)} is installed")
    return found


def open_page(path: Path, fragment: str = "") -> str:
    """The page as it is once its script has run, as HTML."""
    done = subprocess.run(
        [
            *(find_chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *(f"--user-data-dir={path.parent}/profile", "--virtual-time-budget=2000"),
            *("--dump-dom", f"{path.as_uri()}#{fragment}"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def texts(dom: str, pattern: str) -> list[str]:
    """What elements say, without the tags within."""
    found = re.findall(pattern, dom, re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]+>", "", text)).strip() for text in found]


@pytest.fixture(scope="module")
def shown(installed: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    find_chromium()
    project = plant_shop(tmp_path_factory.mktemp("page") / "project", installed.environment, TESTS)
    run_page(project)
    return project.path / "out/report.html"


def rows(dom: str) -> list[str]:
    return texts(dom, r'<tr id="test-\d+".*?<th scope="row".*?>(.*?)</th>')


def test_the_browser_shows_all_and_runs_no_text(shown: Path) -> None:
    dom = open_page(shown)

    assert texts(dom, "<title>(.*?)</title>") == ["Behavior gate: project"]
    (verdict,) = texts(dom, '<p id="verdict">(.*?)</p>')
    assert verdict.startswith("2 findings to fix · 8 tests, 6 failed · ")
    assert texts(dom, "<h3.*?>(.*?)</h3>") == ["blocking.lock", "blocking.sleep"]
    assert texts(dom, '<p id="count".*?>(.*?)</p>') == ["2 findings, 8 tests"]
    (others,) = re.findall(r"In the other ([\d.]+) ms of the tests, no event loop ran", dom)
    totals = data_of(shown.read_text(encoding="utf-8"))["totals"]
    known = sum(totals[kind] for kind in ("held", "database", "thread", "idle"))
    assert float(others) == pytest.approx((totals["took"] - known) / 1000, abs=1)
    assert len(rows(dom)) == 8
    assert f"test_shop.py::test_attack[{ATTACK}]" in rows(dom)
    assert texts(dom, '<span class="hit".*?>(.*?)</span>')[1].endswith("time.sleep(0.01)  # sleep")


@pytest.mark.parametrize(
    ("fragment", "findings", "tests"),
    [
        ("q=SLEEP%20shop", ["blocking.sleep"], 4),
        ("show=failed&q=test_fails", [], 1),
        ("show=findings", ["blocking.lock", "blocking.sleep"], 5),
        ("family=blocking", ["blocking.lock", "blocking.sleep"], 5),
        ("family=database", [], 0),
        ("q=nothing-like-it", [], 0),
    ],
)
def test_search_and_filters_are_part_of_the_link(
    shown: Path, fragment: str, findings: list[str], tests: int
) -> None:
    dom = open_page(shown, fragment)

    assert texts(dom, "<h3.*?>(.*?)</h3>") == findings
    assert len(rows(dom)) == tests
    counted = f"{len(findings)} finding{'s' * (len(findings) != 1)}, {tests} test"
    assert texts(dom, '<p id="count".*?>(.*?)</p>') == [counted + "s" * (tests != 1)]


def test_a_link_to_a_test_opens_its_timeline(shown: Path) -> None:
    dom = open_page(shown, f"test={quote('test_shop.py::test_waits', safe='')}")

    assert len(re.findall('aria-expanded="true"', dom)) == 1
    (timeline,) = re.findall('<div class="timeline">.*?</svg></div>|<div class="timeline">.*', dom)
    loops = re.findall(r'class="(\w+)"><title>(.*?)</title>', timeline)
    assert {kind for kind, _ in loops} == {"phase", "held", "idle", "thread"}
    assert any(title.startswith("waiting for a thread, ") for _, title in loops)
    assert re.search(r'role="img" aria-label="held [\d.]+ ms, database 0.0 ms, thread ', timeline)


def test_the_parts_have_names_for_a_screen_reader(shown: Path) -> None:
    dom = open_page(shown, f"test={quote('test_shop.py::test_waits', safe='')}")

    assert '<html lang="en">' in dom
    for field in re.findall("<(?:input|select) [^>]*>", dom):
        assert re.search(f"<label>[^<]*{re.escape(field)}", dom), field
    for image in re.findall('<[^>]* role="img"[^>]*>', dom):
        assert re.search('aria-label="[^"]+"', image), image
    for table in re.findall(r"<table>.{40}", dom):
        assert table.startswith("<table><caption>"), table
    numbers = [int(number) for number in re.findall(r"<h(\d)", dom)]
    assert all(b <= a + 1 for a, b in pairwise(numbers))
    identifiers = re.findall(r' id="([^"]+)"', dom)
    assert len(identifiers) == len(set(identifiers))
    assert not re.search(r"<(?:div|span|td|tr)[^>]* onclick", dom)
