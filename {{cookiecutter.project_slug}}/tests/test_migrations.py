"""The migrations make the schema that the models describe, and each can be undone."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.postgres import Databases

ROOT = Path(__file__).parent.parent
SCRIPTS = ScriptDirectory.from_config(Config(ROOT / "alembic.ini"))
REVISIONS = [script.revision for script in SCRIPTS.walk_revisions()][::-1]

# Each object of the schema in a line of its own, so that a difference names it.
CATALOGUE = text("""
    SELECT format('relation %s of kind %s', relname, relkind)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('column %s.%s %s%s %s', relname, attname, format_type(atttypid, atttypmod),
                  CASE WHEN attnotnull THEN ' NOT NULL' END, pg_get_expr(adbin, adrelid))
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0
      AND NOT attisdropped
    UNION ALL
    SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT pg_get_indexdef(indexrelid)
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
    WHERE relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('type %s %s', typname, enum_range)
    FROM pg_type LEFT JOIN LATERAL (
        SELECT string_agg(enumlabel, ', ' ORDER BY enumsortorder) AS enum_range
        FROM pg_enum WHERE enumtypid = pg_type.oid
    ) AS labels ON true
    WHERE typnamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('function %s', oid::regprocedure)
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('trigger %s', pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT format('extension %s', extname) FROM pg_extension
""")


@pytest.fixture
async def migrated(databases: Databases) -> AsyncIterator[str]:
    """The URL of a migrated database that a test may change for good."""
    url = await databases.clone()
    yield url
    await databases.drop(url)


async def migrate(direction: str, database_url: str, revision: str) -> None:
    config = Config(ROOT / "alembic.ini")
    config.attributes["database_url"] = database_url
    # The migrations run an event loop of their own.
    await asyncio.to_thread(getattr(command, direction), config, revision)


async def catalogue(database_url: str) -> set[str]:
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        lines = set(await connection.scalars(CATALOGUE))
    await engine.dispose()
    return lines


async def test_no_model_has_drifted_from_the_migrations(engine: AsyncEngine) -> None:
    # In a process of its own, which has imported nothing that the tests have.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "alembic", "check"),
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": engine.url.render_as_string(hide_password=False)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()

    assert process.returncode == 0, output.decode()
    assert "No new upgrade operations detected." in output.decode()


def test_the_migrations_have_one_head() -> None:
    assert len(SCRIPTS.get_heads()) == 1, f"merge them: {SCRIPTS.get_heads()}"


async def test_each_migration_can_be_undone_and_done_again(migrated: str) -> None:
    await migrate("downgrade", migrated, "base")
    before = await catalogue(migrated)
    left = {x for x in before if "alembic_version" not in x and x != "extension plpgsql"}
    assert left == set(), "the downgrades leave something behind"

    for revision in REVISIONS:
        await migrate("upgrade", migrated, revision)
        done = await catalogue(migrated)
        await migrate("downgrade", migrated, f"{revision}-1")
        assert await catalogue(migrated) == before, f"the downgrade of {revision} is not complete"
        await migrate("upgrade", migrated, revision)
        assert await catalogue(migrated) == done, f"the second upgrade to {revision} differs"
        before = done


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
