"""The migrations create the schema that the models describe, and each can be undone."""

import asyncio
import importlib
import io
import json
import os
import pkgutil
import re
import shutil
import subprocess
import sysconfig
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

import app
from app.database import Base, import_models
from migrations.locks import TRY_LOCK
from tests.catalogue import Thing, catalogue
from tests.postgres import Databases

pytest_plugins = ["tests.drift"]

ROOT = Path(__file__).parent.parent
SCRIPTS = ScriptDirectory.from_config(Config(ROOT / "alembic.ini"))
REASON = """irreversible = "PostgreSQL can't remove a value from an enum", for example."""
UNDO = f"Fix: undo what the upgrade does or, if that is impossible, add to the migration\n{REASON}"
PREFIXES = {
    "primary key": "pk_",
    "foreign key constraint": "fk_",
    "unique constraint": "uq_",
    "check constraint": "ck_",
    "index": "ix_",
}
CHANGES = [script for script in SCRIPTS.walk_revisions() if not script.is_merge_point]
SCRIPTS_FOLDERS = (sysconfig.get_path("scripts"), os.environ["PATH"])
SQUAWK = shutil.which("squawk", path=os.pathsep.join(SCRIPTS_FOLDERS))


@pytest.fixture
async def empty(databases: Databases) -> AsyncIterator[str]:
    """The URL of a database without tables."""
    url = await databases.create()
    yield url
    await databases.drop(url)


@pytest.fixture
async def migrated(databases: Databases) -> AsyncIterator[str]:
    """The URL of a database with the tables of the migrations."""
    url = await databases.clone()
    yield url
    await databases.drop(url)


@pytest.fixture
async def schema(engine: AsyncEngine) -> set[Thing]:
    """What the migrations create."""
    async with engine.connect() as connection:
        return await connection.run_sync(catalogue)


async def migrate(direction: str, database_url: str, revision: str) -> None:
    config = Config(ROOT / "alembic.ini")
    config.attributes["database_url"] = database_url
    # The migrations run their own event loop.
    await asyncio.to_thread(getattr(command, direction), config, revision)


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Fail with nothing but the message of an error and the fix."""
    try:
        yield
    except Exception as error:
        reason = repr(error)
        if isinstance(error, DBAPIError) and error.orig:
            # The server's own message, without what SQLAlchemy adds to it.
            reason = f"{error.orig.__cause__ or error.orig}\n{error.statement}"
        raise pytest.fail.Exception(f"{what} fails: {reason}\n{UNDO}", pytrace=False) from None


async def schema_of(database_url: str) -> set[Thing]:
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        things = await connection.run_sync(catalogue)
    await engine.dispose()
    return things


def test_no_model_has_drifted_from_the_migrations(
    drift_check: subprocess.Popen[str], migrated: str
) -> None:
    differences, errors = drift_check.communicate(migrated + "\n")

    assert drift_check.returncode == 0, errors
    if differences:
        pytest.fail(
            f"the models and the migrations differ:\n{differences}"
            "Fix: write a migration (`uv run dev.py revision -m ...` does most of it), "
            "or change the models.",
            pytrace=False,
        )


async def test_no_model_is_hidden_from_the_migrations(engine: AsyncEngine) -> None:
    for module in pkgutil.walk_packages(app.__path__, "app."):
        importlib.import_module(module.name)
    async with engine.connect() as connection:
        tables = set(await connection.scalars(text("SELECT relname FROM pg_class")))

    hidden = [
        f"  {mapper.class_.__module__}.{mapper.class_.__name__}\n"
        for mapper in Base.registry.mappers
        if mapper.class_.__module__.startswith("app.")
        and not tables.issuperset(table.name for table in mapper.tables)
    ]
    if hidden:
        pytest.fail(
            f"no migration creates the tables of\n{''.join(hidden)}"
            "Fix: move them to a models.py, where migrations see them, and write a migration.",
            pytrace=False,
        )


def test_the_migrations_have_one_head() -> None:
    assert len(SCRIPTS.get_heads()) == 1, f"merge them: {SCRIPTS.get_heads()}"


async def test_each_migration_can_be_undone_and_done_again(
    databases: Databases, empty: str
) -> None:
    url = empty
    for script in reversed(list(SCRIPTS.walk_revisions())):
        revision = script.revision
        before = await schema_of(url)
        with explained(f"the upgrade to {revision}"):
            await migrate("upgrade", url, revision)
        if script.is_merge_point or reason_not_to_undo(script) is not None:
            continue
        done = await schema_of(url)
        with explained(f"the downgrade to {revision}@-1"):
            await migrate("downgrade", url, f"{revision}@-1")
        assert_same(await schema_of(url), before, f"the downgrade of {revision} is incomplete")
        with explained(f"the second upgrade to {revision}"):
            try:
                await migrate("upgrade", url, revision)
            except IntegrityError:
                # A downgrade need not delete data. Without the rows of the first upgrade it works.
                url = await databases.create()
                await migrate("upgrade", url, revision)
        assert_same(await schema_of(url), done, f"the second upgrade to {revision} differs")


def assert_same(schema: set[Thing], expected: set[Thing], message: str) -> None:
    lines = [f"  unexpected: {thing}\n" for thing in sorted(schema - expected)]
    lines += [f"  missing: {thing}\n" for thing in sorted(expected - schema)]
    # Others may use an extension, too.
    if any(thing.kind != "extension" for thing in schema ^ expected):
        pytest.fail(f"{message}:\n{''.join(lines)}{UNDO}", pytrace=False)


def reason_not_to_undo(script: Script) -> str | None:
    reason: str | None = getattr(script.module, "irreversible", None)
    return reason


@pytest.mark.parametrize("script", CHANGES, ids=lambda script: script.revision)
def test_a_migration_that_is_not_undone_says_why(script: Script) -> None:
    match reason_not_to_undo(script):
        case None:
            return
        case str() as reason if reason.strip():
            pytest.skip(f"{script.revision} is not undone: {reason}")
        case _:
            pytest.fail(f"{script.revision} gives no reason: {REASON}", pytrace=False)


async def test_a_migration_waits_for_another_process_that_migrates(
    empty: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine = create_async_engine(empty)
    with caplog.at_level("INFO", "alembic.runtime.migration"):
        async with engine.begin() as other_process:
            await other_process.execute(TRY_LOCK)
            upgrade = asyncio.create_task(migrate("upgrade", empty, "head"))
            while "Waiting for another process" not in caplog.text:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            assert "Running upgrade" not in caplog.text
        await upgrade

    assert "Running upgrade" in caplog.text
    await engine.dispose()


async def test_a_migration_does_not_wait_long_for_a_table(
    migrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIGRATION_LOCK_TIMEOUT", "0.05")
    engine = create_async_engine(migrated)
    async with engine.begin() as other_transaction:
        await other_transaction.execute(text("LOCK TABLE alembic_version IN SHARE MODE"))
        with pytest.raises(CommandError) as failure:
            await migrate("stamp", migrated, "base")

    assert str(failure.value).startswith("no lock within 0.05 s, as another transaction holds it: ")
    assert str(failure.value).endswith("or set MIGRATION_LOCK_TIMEOUT to more seconds.")
    await engine.dispose()


def as_sql(script: Script) -> str:
    """Write a migration as SQL, as `alembic upgrade --sql` does."""
    output = io.StringIO()
    config = Config(ROOT / "alembic.ini", output_buffer=output)
    command.upgrade(config, f"{script.down_revision or 'base'}:{script.revision}", sql=True)
    return output.getvalue()


@pytest.mark.skipif(SQUAWK is None, reason="squawk is not installed")
@pytest.mark.parametrize("script", CHANGES, ids=lambda script: script.revision)
def test_squawk_warns_about_what_locks_or_destroys(script: Script) -> None:
    try:
        sql = as_sql(script)
    except Exception as error:
        # One that reads rows, for example.
        warn(script, f"not checked, as it can't be written as SQL: {error!r}")
        return
    done = subprocess.run(
        [str(SQUAWK), "--reporter=json"], input=sql, cwd=ROOT, capture_output=True, text=True
    )
    meant = re.findall(r"# squawk-ignore (\S+)", Path(script.path).read_text(encoding="utf-8"))
    for found in json.loads(done.stdout):
        if found["rule_name"] not in meant:
            statement = sql.splitlines()[found["line"]].strip()
            warn(script, f"{found['rule_name']}: {statement} {found['message']}")


def warn(script: Script, message: str) -> None:
    line = script.module.upgrade.__code__.co_firstlineno
    warnings.warn_explicit(f"squawk: {message}", UserWarning, script.path, line)


def test_constraints_and_indexes_are_named_by_the_convention(schema: set[Thing]) -> None:
    import_models()

    wrong = [
        f"  {thing.path}: the {thing.kind} should be named {name}: "
        f'op.execute("{thing.rename(name)}")\n'
        for thing in sorted(schema)
        if (name := better_name(thing))
    ]
    if wrong:
        pytest.fail(
            f"not named by the convention:\n{''.join(wrong)}"
            "Fix: rename it in its migration or, if that has run already, in a new one as shown.",
            pytrace=False,
        )


def better_name(thing: Thing) -> str | None:
    """Return the name by the convention of `app/database.py`, if this one is different."""
    kind = "unique constraint" if thing.definition.startswith("UNIQUE") else thing.kind
    tables = Base.metadata.tables
    table = tables.get(thing.table, tables.get(f"public.{thing.table}"))
    if table is None or kind not in PREFIXES:
        return None
    # What can be violated may have the name that its model gives: the app looks for that one.
    given = {constraint.name for constraint in table.constraints}
    given |= {index.name for index in table.indexes if index.unique}
    if thing.name in given or thing.name.startswith((PREFIXES[kind], PREFIXES[thing.kind])):
        return None
    found = re.match(r"[^(]*\(([\w, ]+)\)(?: REFERENCES (\w+))?", thing.definition)
    words = [] if kind == "primary key" else ["..."]
    if words and found:
        words = [column.split()[0] for column in found[1].split(",")]
        words += [found[2]] if found[2] else []
    return PREFIXES[kind] + "_".join([table.name, *words])
