"""Prints where the models and the schema of the migrations differ, one line for each difference.

It runs in a separate process, which imports what `migrations/env.py` imports and nothing else: a
model that only the tests import is missing in production. It reads the URL of a migrated database,
and has the same server create what the models describe. Only then are both written in the same way:
PostgreSQL rewrites defaults, expressions, conditions and the values of an enum.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, String, Table, Text
from sqlalchemy.exc import DBAPIError

from migrations.operations import is_for_models
from tests.catalogue import Thing, catalogue

INDEXES = {"index", "primary key", "unique constraint", "exclusion constraint"}
CONSTRAINTS = {"check constraint", "foreign key constraint"}
NUMBERED = re.compile(r" (serial|GENERATED (ALWAYS|BY DEFAULT) AS IDENTITY \(.*?\))")


class Attributes(dict[str, Any]):
    """Waits for the URL when env.py asks for it, which is when it has imported the models."""

    def get(self, key: str, default: Any = None) -> Any:
        # Without a URL, the run has ended.
        return sys.stdin.readline().strip() or sys.exit()


def main() -> None:
    config = Config(Path(__file__).parent.parent / "alembic.ini")
    config.attributes = Attributes()
    scripts = ScriptDirectory.from_config(config)

    def compare(revision: object, context: MigrationContext) -> list[Any]:
        sys.stdout.writelines(f"  {difference}\n" for difference in sorted(differences(context)))
        return []

    with EnvironmentContext(config, scripts, fn=compare):
        scripts.run_env()


def differences(context: MigrationContext) -> Iterator[str]:
    """Compare the schema with the models. The database can't be used afterwards."""
    assert context.connection
    # It knows what env.py leaves out.
    scope = AutogenContext(context)
    made = catalogue(context.connection)
    try:
        described = describe(context.connection, models(scope, made), made)
    except DBAPIError as error:
        reason = (error.orig and error.orig.__cause__) or error.orig
        statement = " ".join(str(error.statement).split())
        yield f"the models need what no migration creates: {reason}, in {statement}"
        return

    left = {thing[:3]: thing for thing in made}
    missing = []
    for thing in sorted(described):
        there = left.pop(thing[:3], None)
        if there is None:
            missing.append(thing)
        else:
            yield from changes(there, thing, context.connection)
    tables = {thing.name for thing in described if thing.kind == "table"}
    new_tables = {thing.name for thing in missing if thing.kind == "table"}
    extra = [thing for thing in left.values() if thing.kind == "table" or thing.table in tables]
    for thing in missing:
        twin = next((other for other in extra if is_twin(thing, other)), None)
        if twin:
            extra.remove(twin)
            yield (
                f"{twin.path}: the {twin.kind} is named {thing.name} in the models: "
                f'op.execute("{twin.rename(thing.name)}")'
            )
        elif thing.table not in new_tables and thing.kind != "sequence of a column":
            yield f"{thing.path}: the {thing.kind} is in the models, but no migration creates it"
    for thing in extra:
        if is_for_models(thing.kind.replace(" ", "_"), thing.name.rpartition(".")[2]):
            yield f"{thing.path}: a migration creates the {thing.kind}, but no model has it"


def models(scope: AutogenContext, made: set[Thing]) -> dict[str, Table]:
    """Return the tables that env.py does not leave out, by their names in the catalogue."""
    default = f"{scope.dialect.default_schema_name}."
    tables = {table.fullname.removeprefix(default): table for table in scope.sorted_tables}
    there = {thing.name for thing in made if thing.kind == "table"}
    return {
        name: table
        for name, table in tables.items()
        if scope.run_object_filters(
            table, table.name, "table", False, table if name in there else None
        )
    }


def describe(connection: Connection, tables: dict[str, Table], made: set[Thing]) -> set[Thing]:
    """Create what the models describe, in schemas that replace the migrated ones."""
    default = str(connection.dialect.default_schema_name)
    schemas = {default}
    columns = {(thing.table, thing.name): thing.definition for thing in made}
    for name, table in tables.items():
        schemas.add(table.schema or default)
        for column in table.columns:
            schemas.add(getattr(column.type, "schema", None) or default)
            # For PostgreSQL a text and a varchar without a length are the same.
            type_ = column.type.compile(connection.dialect)
            there = columns.get((name, column.name), "")
            if type_ == "VARCHAR" and re.match(r"text\b", there):
                column.type = Text()
            elif type_ == "TEXT" and re.match(r"character varying(?!\()", there):
                column.type = String()
        for index in table.indexes:
            # CONCURRENTLY needs a connection without a transaction.
            index.dialect_options["postgresql"]["concurrently"] = False
    run, quote = connection.exec_driver_sql, connection.dialect.identifier_preparer.quote
    for schema in schemas:
        if schema in {thing.name for thing in made if thing.kind == "schema"}:
            run(f"ALTER SCHEMA {quote(schema)} RENAME TO {quote('migrated ' + schema)}")
        run(f"CREATE SCHEMA {quote(schema)}")
    # The types and functions that migrations and extensions create stay visible.
    run(f"SET search_path TO {quote(default)}, {quote('migrated ' + default)}")
    for metadata in dict.fromkeys(table.metadata for table in tables.values()):
        own = [table for table in tables.values() if table.metadata is metadata]
        metadata.create_all(connection, own, checkfirst=False)
    return catalogue(connection, sorted(schemas))


def changes(made: Thing, described: Thing, connection: Connection) -> Iterator[str]:
    """Describe how two things of the same name differ."""
    old, new = made.definition.removesuffix(" NOT VALID"), described.definition
    if described.kind == "enum":
        # A value can't be removed, and the position of an added one does not matter.
        there, wanted = (set(re.findall("'(?:[^']|'')*'", values)) for values in (old, new))
        for value in wanted - there:
            yield (
                f"{made.name}: the value {value} of the enum is in the models, but no migration "
                f'adds it: op.execute("ALTER TYPE {made.name} ADD VALUE {value}")'
            )
        return
    if described.kind == "table" and not new:
        # The migrations decide how a table is stored.
        return
    if NUMBERED.search(old) and "IDENTITY" not in new:
        # They also decide how the database numbers rows, if the model does not say it.
        old, new = NUMBERED.sub("", old), new.replace(" serial", "")
    if old != new and not is_same_default(old, new, connection):
        yield (
            f"{made.path}: the {made.kind} is {made.definition or 'plain'} in the migrations, but "
            f"{described.definition} in the models"
        )


def is_same_default(old: str, new: str, connection: Connection) -> bool:
    """Return whether two columns differ only in how their default is written."""
    one, other = (re.fullmatch(r"(.*) DEFAULT (.*?)( NOT NULL)?", text) for text in (old, new))
    if not one or not other or one.group(1, 3) != other.group(1, 3):
        return False
    values = [f"CAST(CAST({column[2]} AS {column[1]}) AS text)" for column in (one, other)]
    try:
        with connection.begin_nested():
            return bool(connection.exec_driver_sql(f"SELECT {' = '.join(values)}").scalar())
    except DBAPIError:
        return False


def is_twin(thing: Thing, other: Thing) -> bool:
    return thing.kind in INDEXES | CONSTRAINTS and thing._replace(name=other.name) == other


if __name__ == "__main__":
    main()
