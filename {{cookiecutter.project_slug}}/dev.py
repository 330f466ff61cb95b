"""Commands for development. They share an embedded PostgreSQL with its data in .postgres/, or use
the server of DATABASE_URL if that is set."""

# Each command imports what it needs, so that --help is fast and works whatever is broken.
import argparse
import asyncio
import logging
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import partial
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from alembic.config import Config

    from app.config import DatabaseSettings

ROOT = Path(__file__).resolve().parent
DATA = ROOT / ".postgres"
# What proves that the work is done, in this order. CI runs the same.
CHECKS = ("ruff check", "ruff format --check", "mypy", "pytest")


def serve(arguments: argparse.Namespace) -> None:
    """serve the app with reload (default); takes uvicorn options"""
    import click
    import uvicorn

    from app.config import Settings
    from app.logs import logging_config

    if not (ROOT / ".env").exists():
        os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(32))
    os.environ.setdefault("EMAIL_TO_LOG", "true")
    # A reload ends the server in the same way.
    os.environ.setdefault("SHUTDOWN_DELAY_SECONDS", "0")
    given_url(Settings)
    uvicorn.config.LOGGING_CONFIG.update(logging_config())
    options = ["--reload", "--reload-dir", str(ROOT / "app"), *arguments.rest]
    try:
        command = uvicorn.main.make_context("dev.py serve", ["app.main:app", *options])
    except click.exceptions.Exit:
        return  # For example, it was called with --version.
    except click.ClickException as error:
        sys.exit(f"dev.py serve: {error.format_message()}")
    with only_server(command.params), database(migrated=True) as address, command:
        os.environ["DATABASE_URL"] = address
        try:
            uvicorn.main.invoke(command)
        finally:
            # uv passes Ctrl-C on, which has come from the terminal as well and ended uvicorn.
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def check(arguments: argparse.Namespace) -> None:
    """run ruff, mypy, pytest until one fails; takes pytest options"""
    # Leave Ctrl-C to the tool, which ends what it has started.
    signal.signal(signal.SIGINT, lambda *_: None)
    for words in map(str.split, CHECKS):
        if words == ["pytest"]:
            words += arguments.rest
        tell(f"$ uv run {shlex.join(words)}")
        if code := subprocess.call([sys.executable, "-m", *words], cwd=ROOT):
            # A tool that a signal ended has a negative code.
            sys.exit(code if code > 0 else 128 - code)


def revision(arguments: argparse.Namespace) -> None:
    """write a migration: what differs between models and database"""
    from alembic import command

    def drop_if_empty(_: object, __: object, scripts: list[Any]) -> None:
        if scripts[0].upgrade_ops.is_empty():
            scripts.clear()

    # Only the path goes to standard output.
    with database(migrated=True) as address, redirect_stdout(sys.stderr):
        if not arguments.empty:
            tell("Comparing the models with the database ...")
        script: Any = command.revision(
            alembic_config(address),
            arguments.message,
            autogenerate=not arguments.empty,
            process_revision_directives=drop_if_empty,
        )
    print(script.path if script else "No changes: no migration was written.")


def upgrade(arguments: argparse.Namespace) -> None:
    """apply the migrations, all or up to the given one"""
    migrate("upgrade", arguments.revision)


def downgrade(arguments: argparse.Namespace) -> None:
    """undo the last migration, or all after the given one"""
    migrate("downgrade", arguments.revision)


def migrate(direction: str, revision: str) -> None:
    from alembic import command

    with database() as address:
        getattr(command, direction)(alembic_config(address), revision)
        command.current(alembic_config(address))


def history(_: argparse.Namespace) -> None:
    """list the migrations, and mark the current one"""
    from alembic import command

    with database() as address:
        command.history(alembic_config(address), indicate_current=True)


def create_user(arguments: argparse.Namespace) -> None:
    """add a user; asks for the password, or reads it from a pipe"""
    from pydantic import ValidationError
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.auth.schemas import Registration
    from app.database import create_engine
    from app.users import service

    password = arguments.password
    if password is None:
        password = getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    try:
        user = Registration(email=arguments.email, password=password)
    except ValidationError as error:
        sys.exit("; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors()))

    async def add(database_url: str) -> None:
        engine = create_engine(database_url)
        try:
            async with AsyncSession(engine) as session:
                await service.create_user(session, email=user.email, password=user.password)
                await session.commit()
        finally:
            await engine.dispose()

    with database(migrated=True) as address:
        asyncio.run(add(address))
    print(f"Created {user.email}.")


def psql(arguments: argparse.Namespace) -> None:
    """open an SQL prompt; takes psql options: -c "SELECT 1" """
    from app.database_url import for_libpq
    from tests.postgres.embedded import program

    with database() as address:
        # Leave Ctrl-C to psql, which cancels a statement with it.
        signal.signal(signal.SIGINT, lambda *_: None)
        command = shutil.which("psql") or program("psql")
        sys.exit(subprocess.call([command, for_libpq(address), *arguments.rest]))


def url(_: argparse.Namespace) -> None:
    """print the URL of the database, for other programs"""
    from app.config import DatabaseSettings
    from app.database_url import for_libpq
    from tests.postgres.embedded import server_of

    server = server_of(DATA)
    address = given_url(DatabaseSettings) or (server and server.url())
    if not address:
        sys.exit("The embedded PostgreSQL is not running. Start it with `dev.py serve`.")
    print(for_libpq(address))


def reset(arguments: argparse.Namespace) -> None:
    """remove the data of the embedded PostgreSQL"""
    from app.config import DatabaseSettings
    from tests.postgres.embedded import server_of

    if given_url(DatabaseSettings):
        sys.exit("DATABASE_URL is set: reset only removes the embedded PostgreSQL. Unset it first.")
    if server_of(DATA):
        sys.exit(f"A server is using {DATA}. Stop `dev.py serve` and other commands first.")
    if not DATA.exists():
        sys.exit(f"There is no data to remove: {DATA} does not exist.")
    if not arguments.yes:
        if not sys.stdin.isatty():
            sys.exit("There is no terminal to ask on. Pass --yes to remove the data.")
        if input(f"Remove all data in {DATA}? [y/N] ").strip().lower() not in {"y", "yes"}:
            sys.exit("Nothing was removed.")
    shutil.rmtree(DATA)
    print(f"Removed {DATA}. The next command creates it again.")


def given_url(kind: "type[DatabaseSettings]") -> str | None:
    """Return DATABASE_URL from the environment or .env, if it is set. Exit on invalid settings."""
    from pydantic import create_model

    from app.config import load_settings

    unless_given = "postgresql://localhost"
    given = create_model("Given", __base__=kind, database_url=(str, unless_given))
    settings = load_settings(given)
    return settings.database_url if "database_url" in settings.model_fields_set else None


@contextmanager
def database(*, migrated: bool = False) -> Iterator[str]:
    """Yield the URL of the database. An embedded one is started if it is not running."""
    import asyncpg
    from alembic import command
    from sqlalchemy.exc import DBAPIError

    from app.config import DatabaseSettings
    from app.database_errors import sqlstate
    from tests.postgres.embedded import running_server, server_of

    shown = logging.StreamHandler()
    told = ("Running", "Detected", "Waiting")
    shown.addFilter(lambda record: record.getMessage().startswith(told))
    for logger in map(logging.getLogger, ("alembic.runtime", "alembic.autogenerate")):
        logger.addHandler(shown)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    if given := given_url(DatabaseSettings):
        # It may be anyone's server: only `upgrade` and `downgrade` change its schema.
        try:
            yield given
        except DBAPIError as error:
            if sqlstate(error) != asyncpg.CannotConnectNowError.sqlstate:
                raise
            sys.exit(f"DATABASE_URL: could not connect to the server: {error.orig}.")
        return
    if not server_of(DATA):
        tell(f"Starting PostgreSQL in {DATA} ...")
    # It hides PGPORT and its like, also from the processes that a command starts.
    with running_server(data=DATA) as server:
        if migrated:
            command.upgrade(alembic_config(server.url()), "head")
        yield server.url()


def alembic_config(database_url: str) -> "Config":
    from alembic.config import Config

    return Config(ROOT / "alembic.ini", attributes={"database_url": database_url})


@contextmanager
def only_server(options: dict[str, Any]) -> Iterator[None]:
    """Hold the lock of this project's server. Exit if that or the port is in use."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    host, port = options["host"], options["port"]
    with (ROOT / ".serving").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            sys.exit(f"This project is already served {lock.read()}. Stop that server first.")
        if not (options["uds"] or options["fd"]):
            try:
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                socket.create_server((host, port), family=family).close()
            except (OSError, OverflowError) as error:
                reason = str(error).rstrip(".")
                sys.exit(f"Cannot use {host}:{port}: {reason}. Choose another port with --port.")
        lock.truncate(0)
        lock.write(f"on port {port} by process {os.getpid()}")
        lock.flush()
        yield


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def in_one_line(error: Exception) -> str | None:
    """Describe in one line an error that is not a bug. For a bug, which has a traceback: None."""
    from alembic.util import CommandError
    from sqlalchemy.exc import DBAPIError

    from app.errors import DomainError
    from tests.postgres.embedded import PostgresUnavailable

    if not isinstance(error, (CommandError, DBAPIError, DomainError, OSError, PostgresUnavailable)):
        return None
    # The server's own message, without what SQLAlchemy and asyncpg add to it.
    message = error.orig and error.orig.__cause__ if isinstance(error, DBAPIError) else None
    reason = str(message or error).partition("\n")[0]
    folder = ROOT / "migrations" / "versions"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).parent == folder:
            return f"{Path(frame.filename).relative_to(ROOT)}:{frame.lineno}: {reason}"
    return reason


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See {self.prog} --help\n")


COMMANDS = (
    *(serve, check, revision, upgrade, downgrade, history),
    *(create_user, psql, url, reset),
)


def parse(words: list[str]) -> argparse.Namespace:
    compact = partial(argparse.HelpFormatter, max_help_position=18)
    usage = "dev.py [COMMAND] [OPTIONS]"
    parser = Parser(prog="dev.py", usage=usage, description=__doc__, formatter_class=compact)
    # The name of the column makes it so wide that each command has its help beside it.
    commands = parser.add_subparsers(
        title="commands", prog="dev.py", metavar="COMMAND [OPTIONS]", required=True
    )
    add = {}
    for run in COMMANDS:
        name = run.__name__.replace("_", "-")
        command = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        command.set_defaults(run=run)
        add[run] = command.add_argument
    add[revision]("-m", "--message", required=True, help="what it does, such as 'add notes'")
    add[revision](
        "--empty", action="store_true", help="write one without operations, for you to fill in"
    )
    add[upgrade]("revision", nargs="?", default="head", help="default: %(default)s")
    add[downgrade]("revision", nargs="?", default="-1", help="default: %(default)s")
    add[create_user]("email")
    add[create_user]("--password")
    add[reset]("--yes", action="store_true", help="do not ask for confirmation")
    if not words or (words[0].startswith("-") and words[0] not in {"-h", "--help"}):
        words = ["serve", *words]
    arguments, rest = parser.parse_known_args(words)
    if rest and arguments.run not in {serve, check, psql}:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    arguments.rest = rest
    return arguments


def main() -> None:
    arguments = parse(sys.argv[1:])
    try:
        arguments.run(arguments)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        line = in_one_line(error)
        if line is None:
            raise
        sys.exit(line)


def end_with_parent() -> None:
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
elif __name__ == "__mp_main__":
    # This is the app's process, which would outlive a killed reloader.
    threading.Thread(target=end_with_parent, daemon=True).start()
