"""The migrations make the schema that the models describe."""

import asyncio
import os
import sys

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncEngine

from app.config import ROOT


async def alembic(database_url: str, *arguments: str) -> str:
    """Run alembic in a process of its own, which has imported nothing that the tests have."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "alembic",
        *arguments,
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def test_no_model_has_drifted_from_the_migrations(engine: AsyncEngine) -> None:
    output = await alembic(engine.url.render_as_string(hide_password=False), "check")

    assert "No new upgrade operations detected." in output


def test_the_migrations_have_one_head() -> None:
    scripts = ScriptDirectory.from_config(Config(ROOT / "alembic.ini"))

    assert len(scripts.get_heads()) == 1
