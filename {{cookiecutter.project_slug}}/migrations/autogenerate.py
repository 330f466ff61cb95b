"""How `alembic revision --autogenerate` compares, and how it writes what it finds."""

from collections.abc import Iterator
from typing import Literal, TypeGuard

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import _repr_type
from alembic.operations.ops import ExecuteSQLOp, MigrationScript
from sqlalchemy import ARRAY, Enum, Interval, Table, TypeDecorator, inspect
from sqlalchemy.dialects.postgresql.base import PGInspector

from app.database import Base
from migrations.operations import is_for_models


def include_object(
    item: object, name: str | None, kind: str, reflected: bool, compare_to: object
) -> bool:
    """Ignore what the migrations create with SQL, and create no table for the model of a view."""
    if compare_to is not None:
        return True
    if reflected:
        return is_for_models(kind, str(name))
    if isinstance(item, Table):
        return not inspect(context.get_bind()).has_table(item.name, item.schema)
    return True


def render_item(kind: str, item: object, autogen: AutogenContext) -> str | Literal[False]:
    """Write types of the database, since those of the app may change."""
    if kind != "type":
        return False
    if is_type(item):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        schema = f", schema={item.schema!r}" if item.schema else ""
        return f"postgresql.ENUM(name={item.name!r}{schema}, create_type=False)"
    if isinstance(item, TypeDecorator) and not isinstance(item, Interval):
        return _repr_type(item.load_dialect_impl(autogen.dialect), autogen)
    return False


def complete(_context: object, _revision: object, directives: list[MigrationScript]) -> None:
    """Create schemas, enums and new enum values, which Alembic leaves out."""
    inspector = inspect(context.get_bind())
    assert isinstance(inspector, PGInspector)
    quote = inspector.dialect.identifier_preparer.quote
    upgrade: list[str] = []
    downgrade: list[str] = []
    tables = Base.metadata.sorted_tables
    schemas = {table.schema for table in tables if table.schema}
    for schema in sorted(schemas.difference(inspector.get_schema_names())):
        upgrade.append(f"CREATE SCHEMA {quote(schema)}")
        downgrade.insert(0, f"DROP SCHEMA {quote(schema)}")
    there = {(enum["schema"], enum["name"]): enum["labels"] for enum in inspector.get_enums("*")}
    enums = {str(enum.name): enum for table in tables for enum in enums_of(table)}
    for name, enum in enums.items():
        labels = there.get((str(enum.schema or inspector.default_schema_name), name))
        full_name = ".".join(quote(part) for part in (enum.schema, name) if part)
        values = [quoted(value) for value in enum.enums if value not in (labels or ())]
        if labels is None:
            upgrade.append(f"CREATE TYPE {full_name} AS ENUM ({', '.join(values)})")
            downgrade.insert(0, f"DROP TYPE {full_name}")
        else:
            upgrade += [f"ALTER TYPE {full_name} ADD VALUE {value}" for value in values]
    for script in directives:
        if script.upgrade_ops and script.downgrade_ops:
            script.upgrade_ops.ops[:0] = [ExecuteSQLOp(statement) for statement in upgrade]
            script.downgrade_ops.ops += [ExecuteSQLOp(statement) for statement in downgrade]


def enums_of(table: Table) -> Iterator[Enum]:
    for column in table.columns:
        type_ = column.type.item_type if isinstance(column.type, ARRAY) else column.type
        if is_type(type_):
            yield type_


def is_type(type_: object) -> TypeGuard[Enum]:
    """Return whether it is an enum with its own type in the database."""
    return isinstance(type_, Enum) and type_.native_enum and type_.name is not None


def quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
