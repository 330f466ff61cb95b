"""Whether the database has the migrations of this version of the app."""

from functools import cache
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import column, select, table
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import ROOT
from app.database_errors import is_about_schema

VERSIONS: Any = select(column("version_num")).select_from(table("alembic_version"))


class Migrations:
    """The migrations in the code. Reads their files when it is created."""

    def __init__(self) -> None:
        scripts = ScriptDirectory.from_config(Config(ROOT / "alembic.ini"))
        self.heads = set(scripts.get_heads())
        self.known = {script.revision for script in scripts.walk_revisions()}

    async def are_applied(self, session: AsyncSession) -> bool:
        """Return whether a database has all of them, in one query.

        A revision that is unknown here is one of a later version, whose migrations are applied
        before that version replaces this one.
        """
        try:
            applied = set(await session.scalars(VERSIONS))
        except ProgrammingError as error:
            if not is_about_schema(error):
                raise
            applied = set()
        return self.heads <= applied or not applied <= self.known


@cache
def migrations_of_this_version() -> Migrations:
    """Return the migrations in the code, whose files are read once."""
    return Migrations()
