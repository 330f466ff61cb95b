"""Rows for tests: `await UserFactory.add(session, email="ada@example.com")`.

A test names the columns that it is about. The others get values that fit their types.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any, TypeVar

from polyfactory import Use
from polyfactory.factories.sqlalchemy_factory import SQLAlchemyFactory
from sqlalchemy.ext.asyncio import AsyncSession

from app.security import password_context
from app.users.models import User
from tests.app_under_test import PASSWORD

Row = TypeVar("Row")
numbers = count(1)


class RowFactory(SQLAlchemyFactory[Row]):
    """Fills what has to be given: no defaults, no optional columns, and no related rows."""

    __is_base_factory__ = True
    __set_relationships__ = False
    __set_foreign_keys__ = False
    __random_seed__ = 1

    @classmethod
    async def add(cls, session: AsyncSession, **columns: Any) -> Row:
        """Commit a row with these columns or relationships, and return it."""
        row = cls.build(**columns)
        session.add(row)
        await session.commit()
        return row

    @classmethod
    def should_column_be_set(cls, column: Any) -> bool:
        filled = column.nullable or column.default or column.server_default or column.identity
        return not filled and super().should_column_be_set(column)

    @classmethod
    def get_provider_map(cls) -> dict[Any, Callable[[], Any]]:
        return super().get_provider_map() | {datetime: lambda: datetime.now(UTC)}


class UserFactory(RowFactory[User]):
    """Users whose password is PASSWORD."""

    email = Use(lambda: f"user{next(numbers)}@example.com")
    password_hash = Use(password_context.hash, PASSWORD)
