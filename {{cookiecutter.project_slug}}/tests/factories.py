"""Rows for tests: `await UserFactory.add(session, email="ada@example.com")`.

A test sets the columns that it is about. The others get plain values that fit their types.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from string import ascii_lowercase, digits
from typing import Any, TypeVar
from uuid import uuid4

import sqlalchemy as sa
from polyfactory import Use
from polyfactory.factories.sqlalchemy_factory import SQLAlchemyFactory
from polyfactory.field_meta import FieldMeta
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import ColumnProperty, Mapper, MapperProperty

from app.security import password_context
from app.users.models import User
from tests.app_under_test import PASSWORD

Row = TypeVar("Row")
#: Each column counts its own values.
numbers: defaultdict[object, Iterator[int]] = defaultdict(lambda: count(1))


class RowFactory(SQLAlchemyFactory[Row]):
    """Fills required columns, but none that is optional or that has a default or a generated key.

    The test passes the rows that a row refers to, or the factory declares them.
    """

    __is_base_factory__ = True
    __random_seed__ = 1

    @classmethod
    async def add(cls, session: AsyncSession, **columns: Any) -> Row:
        """Commit a row with these columns or relationships, and return it.

        Raises:
            TypeError: A row that it refers to is missing.
        """
        row = cls.build(**columns)
        cls._check_related(row)
        session.add(row)
        await session.commit()
        return row

    @classmethod
    def _check_related(cls, row: Row) -> None:
        mapper = cls._mapper()
        given = {name for name, value in vars(row).items() if value is not None}
        missing = []
        for prop in mapper.column_attrs:
            if prop.key in given or not is_required(prop) or not is_reference(prop):
                continue
            related = {
                relationship.key: relationship.mapper.class_.__name__
                for relationship in mapper.relationships
                if relationship.local_columns.intersection(prop.columns)
            }
            if not given.intersection(related):
                ways = [
                    f"{name}=await {model}Factory.add(session)" for name, model in related.items()
                ]
                missing.append(" or ".join([*ways, f"{prop.key}=..."]))
        if missing:
            raise TypeError(
                f"{cls.__name__}.add() creates no rows of other models. Pass {', '.join(missing)}"
            )

    @classmethod
    def _mapper(cls) -> Mapper[Row]:
        mapper: Mapper[Row] = sa.inspect(cls.__model__)
        return mapper

    @classmethod
    def get_model_fields(cls) -> list[FieldMeta]:
        return [
            FieldMeta.from_type(object, name=prop.key)
            for prop in cls._mapper().attrs
            if (hasattr(cls, prop.key) and not hasattr(SQLAlchemyFactory, prop.key))
            or (is_required(prop) and not is_reference(prop))
        ]

    @classmethod
    def get_field_value(cls, field_meta: FieldMeta, *args: Any, **kwargs: Any) -> Any:
        column = cls._mapper().columns[field_meta.name]
        try:
            return plain_value(column)
        except LookupError:
            field = FieldMeta.from_type(cls.get_type_from_column(column), name=field_meta.name)
            return super().get_field_value(field, *args, **kwargs)


def is_required(prop: MapperProperty[Any]) -> bool:
    """Return whether it is a column that neither SQLAlchemy nor the database fills."""
    columns = prop.columns if isinstance(prop, ColumnProperty) else []
    return bool(columns) and not any(
        not isinstance(column, sa.Column)
        or column.nullable
        or column.default is not None
        or column.server_default is not None
        or column in {prop.parent.polymorphic_on, prop.parent.version_id_col}
        or (isinstance(column.table, sa.Table) and column is column.table.autoincrement_column)
        for column in columns
    )


def is_reference(prop: MapperProperty[Any]) -> bool:
    columns = prop.columns if isinstance(prop, ColumnProperty) else []
    return all(column.foreign_keys for column in columns)


def plain_value(column: sa.ColumnElement[Any]) -> Any:
    """Return a value that no other row has, if the type has enough of them.

    Raises:
        LookupError: The type is unknown.
    """
    number = next(numbers[column])
    type_ = column.type
    if isinstance(type_, sa.TypeDecorator) and not isinstance(type_, sa.Interval):
        type_ = type_.impl_instance
    match type_:
        case sa.Enum():
            return next(iter(type_.enum_class or type_.enums))
        case sa.String():
            return plain_text(f"{column.key} {number}", number, type_.length)
        case sa.SmallInteger():
            return number % 2**15
        case sa.Integer():
            return number
        case sa.Float():
            return float(number)
        case sa.Numeric():
            number %= 10 ** (type_.precision or 15)
            return Decimal(number).scaleb(-(type_.scale or 0))
        case sa.Boolean():
            return False
        case sa.Uuid():
            return uuid4() if type_.as_uuid else str(uuid4())
        case sa.DateTime():
            return datetime.now(UTC if type_.timezone else None)
        case sa.Date():
            return date(2026, 1, 1) + timedelta(days=number)
        case sa.Time():
            return time(number // 3600 % 24, number // 60 % 60, number % 60)
        case sa.Interval() | postgresql.INTERVAL():
            return timedelta(seconds=number)
        case sa.LargeBinary():
            return str(number).encode()
        case sa.JSON():
            return {}
        case sa.ARRAY():
            return []
        case _:
            raise LookupError(type_)


def plain_text(text: str, number: int, length: int | None) -> str:
    if length is None or len(text) <= length:
        return text
    short = ""
    while number:
        number, digit = divmod(number, 36)
        short = (digits + ascii_lowercase)[digit] + short
    return short[-length:]


class UserFactory(RowFactory[User]):
    """Users whose password is PASSWORD."""

    email = Use(lambda: f"user{next(numbers['email'])}@example.com")
    password_hash = Use(password_context.hash, PASSWORD)
