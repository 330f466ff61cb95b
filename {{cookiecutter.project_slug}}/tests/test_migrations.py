"""The migrations make the schema that the models describe, and each can be undone."""

import asyncio
import importlib
import io
import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import sysconfig
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

import app
from app.database import Base
from tests.postgres import Databases

ROOT = Path(__file__).parent.parent
SCRIPTS = ScriptDirectory.from_config(Config(ROOT / "alembic.ini"))
CHANGES = [script for script in SCRIPTS.walk_revisions() if not script.is_merge_point]
SCRIPTS_FOLDERS = (sysconfig.get_path("scripts"), os.environ["PATH"])
SQUAWK = shutil.which("squawk", path=os.pathsep.join(SCRIPTS_FOLDERS))

# Each object of the schema in a line of its own, so that a difference names it.
CATALOGUE = text("""
    WITH schemas AS (
        SELECT oid, nspname FROM pg_namespace
        WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    )
    SELECT format('schema %s', nspname) FROM schemas
    UNION ALL
    SELECT format('relation %s of kind %s %s', oid::regclass, relkind,
                  CASE WHEN relkind IN ('v', 'm') THEN md5(pg_get_viewdef(oid)) END)
    FROM pg_class WHERE relnamespace IN (SELECT oid FROM schemas)
    UNION ALL
    SELECT format('column %s.%s %s%s %s%s', attrelid::regclass, attname,
                  format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN ' NOT NULL' END,
                  pg_get_expr(adbin, adrelid), attidentity)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace IN (SELECT oid FROM schemas) AND relkind IN ('r', 'p', 'c') AND attnum > 0
      AND NOT attisdropped
    UNION ALL
    SELECT format('constraint %s of %s %s', conname, conrelid::regclass, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace IN (SELECT oid FROM schemas)
    UNION ALL
    SELECT pg_get_indexdef(indexrelid)
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
    WHERE relnamespace IN (SELECT oid FROM schemas)
    UNION ALL
    SELECT format('sequence %s %s', seqrelid::regclass, concat_ws(
        ' ', seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax, seqcycle))
    FROM pg_sequence
    UNION ALL
    SELECT format('type %s %s', pg_type.oid::regtype, enum_range)
    FROM pg_type LEFT JOIN LATERAL (
        SELECT string_agg(enumlabel, ', ' ORDER BY enumsortorder) AS enum_range
        FROM pg_enum WHERE enumtypid = pg_type.oid
    ) AS labels ON true
    WHERE typnamespace IN (SELECT oid FROM schemas) AND typcategory <> 'A'
      AND typrelid NOT IN (SELECT oid FROM pg_class WHERE relkind <> 'c')
    UNION ALL
    SELECT format('function %s %s', oid::regprocedure, md5(prosrc))
    FROM pg_proc WHERE pronamespace IN (SELECT oid FROM schemas)
    UNION ALL
    SELECT format('trigger %s', pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT format('policy %s', pg_policies) FROM pg_policies
    UNION ALL
    SELECT format('comment on %s: %s', pg_describe_object(classoid, objoid, objsubid), description)
    FROM pg_description WHERE objoid >= 16384 -- what is not PostgreSQL's own
    UNION ALL
    SELECT format('extension %s', extname) FROM pg_extension
""")


@pytest.fixture
async def empty(databases: Databases) -> AsyncIterator[str]:
    """The URL of a database without tables."""
    url = await databases.create()
    yield url
    await databases.drop(url)


async def migrate(direction: str, database_url: str, revision: str) -> None:
    config = Config(ROOT / "alembic.ini")
    config.attributes["database_url"] = database_url
    try:
        # The migrations run an event loop of their own.
        await asyncio.to_thread(getattr(command, direction), config, revision)
    except (SQLAlchemyError, CommandError) as error:
        pytest.fail(f"the {direction} to {revision} fails: {error}", pytrace=False)


async def catalogue(database_url: str) -> set[str]:
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        lines = set(await connection.scalars(CATALOGUE))
    await engine.dispose()
    return {line for line in lines if "alembic_version" not in line}


def test_no_model_has_drifted_from_the_migrations(engine: AsyncEngine) -> None:
    # In a process of its own, which has imported nothing that the tests have.
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "check"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": engine.url.render_as_string(hide_password=False)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    differences = re.findall("Detected .*", done.stdout)
    assert not differences, "write a migration for this"
    assert done.returncode == 0, done.stdout


async def test_no_model_is_hidden_from_the_migrations(engine: AsyncEngine) -> None:
    for module in pkgutil.walk_packages(app.__path__, "app."):
        importlib.import_module(module.name)
    async with engine.connect() as connection:
        tables = set(await connection.scalars(text("SELECT relname FROM pg_class")))

    hidden = {
        f"{mapper.class_.__module__}.{mapper.class_.__name__}"
        for mapper in Base.registry.mappers
        if mapper.class_.__module__.startswith("app.")
        and not tables.issuperset(table.name for table in mapper.tables)
    }
    assert hidden == set(), "no migration makes their tables; move models to a models.py"


def test_the_migrations_have_one_head() -> None:
    assert len(SCRIPTS.get_heads()) == 1, f"merge them: {SCRIPTS.get_heads()}"


async def test_each_migration_can_be_undone_and_done_again(empty: str) -> None:
    for script in reversed(list(SCRIPTS.walk_revisions())):
        revision = script.revision
        before = await catalogue(empty)
        await migrate("upgrade", empty, revision)
        if script.is_merge_point:
            continue
        done = await catalogue(empty)
        await migrate("downgrade", empty, f"{revision}@-1")
        undone = await catalogue(empty)
        assert undone == before, f"the downgrade of {revision} is not complete"
        await migrate("upgrade", empty, revision)
        assert await catalogue(empty) == done, f"the second upgrade to {revision} differs"


def as_sql(script: Script) -> str:
    """Write a migration as SQL, as `alembic upgrade --sql` does."""
    output = io.StringIO()
    config = Config(ROOT / "alembic.ini", output_buffer=output)
    command.upgrade(config, f"{script.down_revision or 'base'}:{script.revision}", sql=True)
    return output.getvalue()


@pytest.mark.skipif(SQUAWK is None, reason="squawk is not installed")
@pytest.mark.parametrize("script", CHANGES, ids=lambda script: script.revision)
def test_squawk_warns_of_what_locks_or_destroys(script: Script) -> None:
    try:
        sql = as_sql(script)
    except Exception as error:
        # One that reads rows, for example.
        warn(script, f"not looked at, as it is no SQL without a database: {error!r}")
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


async def test_constraints_and_indexes_are_named_by_the_convention(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        names = await connection.scalars(
            text("""
                SELECT conname FROM pg_constraint
                WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
                UNION
                SELECT indexname FROM pg_indexes WHERE schemaname = 'public'
            """)
        )

    unconventional = {
        name
        for name in names
        if not name.startswith(("pk_", "fk_", "uq_", "ck_", "ix_"))
        and name != "alembic_version_pkc"
    }
    assert unconventional == set()
