"""Do the baked project's migration tests say what is wrong, and nothing else?"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from textwrap import indent
from typing import Any

import asyncpg
import pytest
from support.project import HEAD, MIGRATIONS, Project
from test_baked_suite import load_embedded, passed

PREAMBLE = """
import enum
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ForeignKey, Index, Table
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base
from uuid import UUID
"""

MIGRATION = '''"""{revision}"""

from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy import text
from sqlalchemy.dialects import postgresql as pg

revision = "{revision}"
down_revision = "{down_revision}"
{head}


def upgrade() -> None:
{upgrade}


def downgrade() -> None:
{downgrade}
'''


def migration(
    revision: str,
    upgrade: str = "pass",
    downgrade: str = "pass",
    down_revision: str = HEAD,
    head: str = "",
) -> str:
    return MIGRATION.format(
        revision=revision,
        down_revision=down_revision,
        head=head,
        upgrade=indent(upgrade.strip(), "    "),
        downgrade=indent(downgrade.strip(), "    "),
    )


def sql(*statements: str) -> str:
    return "\n".join(f'op.execute("""{statement}""")' for statement in statements)


@dataclass(frozen=True)
class Step:
    """Models and the migration that creates their tables, as a user would write them."""

    name: str
    upgrade: str
    downgrade: str = "pass"
    models: str = ""
    head: str = ""


def write(project: Project, name: str, text: str) -> None:
    path = project.path / name
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def plant(project: Project, steps: list[Step]) -> None:
    """Add the steps, one migration after the other."""
    last = HEAD
    for step in steps:
        if step.models:
            write(project, f"app/{step.name}/__init__.py", "")
            write(project, f"app/{step.name}/models.py", PREAMBLE + step.models)
        text = migration(step.name, step.upgrade, step.downgrade, last, step.head)
        write(project, f"migrations/versions/{step.name}.py", text)
        last = step.name


@pytest.fixture
def project(installed: Project, tmp_path: Path) -> Project:
    return installed.copy(tmp_path / "project")


# What is natural, and has to pass

NATURAL = [
    Step(
        "integer_key",
        """
op.create_table(
    "notes",
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("body", sa.Text(), nullable=False),
    sa.Column("done", sa.Boolean(), nullable=False),
    sa.CheckConstraint("title <> ''", name=op.f("ck_notes_title")),
    sa.UniqueConstraint("title", "done", name="notes_once"),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
)
op.create_index(op.f("ix_notes_body"), "notes", ["body"])
op.create_index("ix_notes_open", "notes", ["title"], postgresql_where=text("NOT done"))
words = [text("lower(title)"), text("coalesce(body, '-')")]
op.create_index("uq_notes_words", "notes", words, unique=True)
op.create_index("ix_notes_with", "notes", ["title"], postgresql_include=["done"])
""",
        'op.drop_table("notes")',
        models="""
class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(200))
    body: Mapped[str] = mapped_column(sa.Text, index=True)
    done: Mapped[bool]

    __table_args__ = (
        Index("ix_notes_open", "title", postgresql_where=sa.text("NOT done")),
        Index("uq_notes_words", sa.func.lower(title), sa.func.coalesce(body, "-"), unique=True),
        Index("ix_notes_with", "title", postgresql_include=["done"]),
        sa.CheckConstraint("title <> ''", name="title"),
        sa.UniqueConstraint("title", "done", name="notes_once"),
    )
""",
    ),
    Step(
        "other_schema",
        """
op.execute("CREATE SCHEMA billing")
op.create_table(
    "invoices",
    sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column("note_id", sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(["note_id"], ["notes.id"]),
    sa.PrimaryKeyConstraint("id"),
    schema="billing",
)
""",
        'op.drop_table("invoices", schema="billing")\nop.execute("DROP SCHEMA billing")',
        models="""
import app.integer_key.models


class Invoice(Base):
    __tablename__ = "invoices"
    __table_args__ = {"schema": "billing"}

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    note_id: Mapped[int] = mapped_column(ForeignKey("notes.id"))
""",
    ),
    Step(
        "indexes_by_sql",
        sql(
            "CREATE EXTENSION IF NOT EXISTS pg_trgm",
            "CREATE INDEX ix_users_trgm ON users USING gin (full_name gin_trgm_ops)",
            "CREATE INDEX ix_users_active ON users (email) INCLUDE (full_name) WHERE is_active",
            "CREATE INDEX ix_users_name ON users (full_name)",
        )
        + """
op.create_index("ix_users_old", "users", ["created_at"], postgresql_where=text("NOT is_active"))
""",
        # An extension stays.
        sql(*(f"DROP INDEX ix_users_{name}" for name in ("old", "name", "active", "trgm"))),
    ),
    Step(
        "things_by_sql",
        sql(
            "CREATE TABLE audit (id bigserial PRIMARY KEY, what text)",
            "CREATE FUNCTION logged() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "CREATE TRIGGER log AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION logged()",
            "CREATE VIEW active AS SELECT id, email FROM users WHERE is_active",
            "CREATE MATERIALIZED VIEW counts AS SELECT count(*) FROM users",
            "ALTER TABLE users ADD CONSTRAINT ck_users_version CHECK (version > 0)",
            "CREATE TABLE slots (during tstzrange, CONSTRAINT no_overlap"
            " EXCLUDE USING gist (during WITH &&))",
            "CREATE SCHEMA jobs",
            "CREATE TABLE jobs.job (id serial PRIMARY KEY)",
        ),
        sql(
            "DROP SCHEMA jobs CASCADE",
            "DROP TABLE slots",
            "ALTER TABLE users DROP CONSTRAINT ck_users_version",
            "DROP MATERIALIZED VIEW counts",
            "DROP VIEW active",
            "DROP TRIGGER log ON users",
            "DROP FUNCTION logged",
            "DROP TABLE audit",
        ),
        models="""
class Active(Base):
    __tablename__ = "active"

    id: Mapped[UUID] = mapped_column(primary_key=True)
""",
    ),
    Step(
        "partitions",
        """
op.execute(
    "CREATE TABLE events (id serial, at timestamptz NOT NULL, CONSTRAINT pk_events "
    "PRIMARY KEY (id, at)) PARTITION BY RANGE (at)"
)
for year in (2026, 2027):
    op.execute(
        f"CREATE TABLE events_{year} PARTITION OF events "
        f"FOR VALUES FROM ('{year}-01-01') TO ('{year + 1}-01-01')"
    )
""",
        'op.drop_table("events")',
        models="""
class Event(Base):
    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
""",
    ),
    Step(
        "enum",
        """
op.create_table(
    "moods",
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("mood", sa.Enum("glad", name="mood"), nullable=False),
    sa.PrimaryKeyConstraint("id"),
)
""",
        'op.drop_table("moods")\nop.execute("DROP TYPE mood")',
        models="""
class Mood(enum.Enum):
    sad = "sad"
    glad = "glad"


class Moods(Base):
    __tablename__ = "moods"

    id: Mapped[int] = mapped_column(primary_key=True)
    mood: Mapped[Mood] = mapped_column(server_default="sad")
    level: Mapped[str] = mapped_column(sa.Enum("a", "b", name="level"), server_default="a")
    moods: Mapped[list[Mood]] = mapped_column(pg.ARRAY(sa.Enum(Mood)), server_default="{}")
""",
    ),
    Step(
        "value",
        sql("ALTER TYPE mood ADD VALUE 'sad'"),
        head='irreversible = "PostgreSQL can\'t remove a value from an enum"',
    ),
    Step(
        "value_used",
        """
sa.Enum("a", "b", "gone", name="level").create(op.get_bind())
op.alter_column("moods", "mood", server_default="sad")
level = pg.ENUM(name="level", create_type=False)
op.add_column("moods", sa.Column("level", level, server_default="a", nullable=False))
moods = pg.ARRAY(pg.ENUM(name="mood", create_type=False))
op.add_column("moods", sa.Column("moods", moods, server_default="{}", nullable=False))
""",
        """
op.drop_column("moods", "moods")
op.drop_column("moods", "level")
op.alter_column("moods", "mood", server_default=None)
op.execute("DROP TYPE level")
""",
    ),
    Step(
        "concurrently",
        """
with op.get_context().autocommit_block():
    op.create_index("ix_users_at", "users", ["created_at"], postgresql_concurrently=True)
    op.execute("CREATE INDEX CONCURRENTLY ix_notes_done ON notes (done)")
""",
        """
with op.get_context().autocommit_block():
    op.execute("DROP INDEX CONCURRENTLY ix_notes_done")
    op.drop_index("ix_users_at", "users", postgresql_concurrently=True)
""",
    ),
    Step(
        "data",
        """
users = sa.table("users", sa.column("id"), sa.column("email"), sa.column("password_hash"))
op.bulk_insert(users, [{"id": UUID(int=1), "email": "admin@example.com", "password_hash": "!"}])
op.execute("UPDATE users SET full_name = 'Admin' WHERE full_name IS NULL")
batch = text(
    "UPDATE users SET version = 2 WHERE id IN (SELECT id FROM users WHERE version = 1 LIMIT 9)"
)
while op.get_bind().execute(batch).rowcount:
    pass
""",
    ),
    Step(
        "defaults",
        """
level = sa.Enum("a", "b", name="k", native_enum=False, create_constraint=True)
op.create_table(
    "kinds",
    sa.Column("id", sa.Uuid(), server_default=text("gen_random_uuid()"), nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), server_default=text("now()"), nullable=False),
    sa.Column("data", pg.JSONB(), server_default=text("'{}'::jsonb"), nullable=False),
    sa.Column("tags", pg.ARRAY(sa.Text()), server_default="{}", nullable=False),
    sa.Column("price", sa.Numeric(10, 2), server_default=text("0"), nullable=False),
    sa.Column("double", sa.Numeric(), sa.Computed("price * 2"), nullable=False),
    sa.Column("order", sa.String(20), server_default="50%: a", nullable=False, comment="it's"),
    sa.Column("level", level, nullable=False),
    sa.Column("money", sa.Numeric(12, 2), nullable=False),
    sa.PrimaryKeyConstraint("id"),
)
""",
        'op.drop_table("kinds")',
        models="""
class Money(sa.TypeDecorator[Decimal]):
    impl = sa.Numeric(12, 2)
    cache_ok = True


class Kind(Base):
    __tablename__ = "kinds"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=sa.func.gen_random_uuid())
    at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    data: Mapped[dict[str, Any]] = mapped_column(pg.JSONB, server_default="{}")
    tags: Mapped[list[str]] = mapped_column(pg.ARRAY(sa.Text), server_default="{}")
    price: Mapped[Decimal] = mapped_column(sa.Numeric(10, 2), server_default="0")
    double: Mapped[Decimal] = mapped_column(sa.Numeric, sa.Computed("price * 2"))
    order: Mapped[str] = mapped_column(sa.String(20), server_default="50%: a", comment="it's")
    level: Mapped[str] = mapped_column(
        sa.Enum("a", "b", name="k", native_enum=False, create_constraint=True)
    )
    money: Mapped[Decimal] = mapped_column(Money)
""",
    ),
    Step(
        "long_names",
        """
op.create_table(
    "a_table_with_quite_a_long_name_for_a_table",
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("a_column_with_quite_a_long_name", sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(["a_column_with_quite_a_long_name"], ["users.id"]),
    sa.PrimaryKeyConstraint("id"),
)
op.create_index(
    None, "a_table_with_quite_a_long_name_for_a_table", ["a_column_with_quite_a_long_name"]
)
""",
        'op.drop_table("a_table_with_quite_a_long_name_for_a_table")',
        models="""
class Long(Base):
    __tablename__ = "a_table_with_quite_a_long_name_for_a_table"

    id: Mapped[int] = mapped_column(primary_key=True)
    a_column_with_quite_a_long_name: Mapped[UUID] = mapped_column(
        ForeignKey("users.id"), index=True
    )
""",
    ),
]
# Alembic compares text here, and would write a migration.
BY_SQL = Step(
    "table_by_sql",
    sql(
        "CREATE TABLE tasks (id bigint GENERATED ALWAYS AS IDENTITY, title text NOT NULL,"
        " price numeric NOT NULL DEFAULT 0, state text NOT NULL DEFAULT 'isn''t',"
        " CONSTRAINT pk_tasks PRIMARY KEY (id))",
        "COMMENT ON TABLE tasks IS 'what there is to do'",
    )
    + """
op.rename_table("tasks", "jobs")
op.execute("ALTER INDEX pk_tasks RENAME TO pk_jobs")
""",
    'op.drop_table("jobs")',
    models="""
class Job(Base):
    __tablename__ = "jobs"

    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    title: Mapped[str]
    price: Mapped[Decimal] = mapped_column(server_default="0")
    state: Mapped[str] = mapped_column(server_default="isn't")
""",
)


def test_natural_migrations_pass(project: Project) -> None:
    plant(project, [*NATURAL, BY_SQL])

    done = project.uv("run", "--frozen", "pytest", "tests/test_migrations.py")

    assert done.returncode == 0, done.stdout
    skipped = re.findall(r"^SKIPPED \[1\] \S+: (.*)", done.stdout, re.MULTILINE)
    assert skipped == ["value is not undone: PostgreSQL can't remove a value from an enum"]


def test_alembic_leaves_alone_what_migrations_create_with_sql(project: Project) -> None:
    plant(project, NATURAL)
    with load_embedded().running_server() as server:
        url = server.url("postgres")
        project.succeed("run", "--frozen", "alembic", "upgrade", "head", DATABASE_URL=url)

        output = project.succeed("run", "--frozen", "alembic", "check", DATABASE_URL=url)

    assert "No new upgrade operations detected." in output


FEATURE = """
class State(enum.Enum):
    open = "open"
    paid = "paid"


class Invoice(Base):
    __tablename__ = "invoices"
    __table_args__ = {"schema": "billing"}

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[State] = mapped_column(index=True)
"""
# It gives a column to a table that is there.
FIELD = """
    plan: Mapped[str | None] = mapped_column(Enum("free", "it's paid", name="plan"))
"""


def test_alembic_writes_migrations_that_the_tests_and_ruff_accept(project: Project) -> None:
    models = next(step.models for step in NATURAL if step.name == "defaults")
    users = project.read("app/users/models.py").replace("import Index", "import Enum, Index")
    field = "    full_name: "
    (project.path / "app/users/models.py").write_text(
        users.replace(field, FIELD.lstrip("\n") + field), encoding="utf-8"
    )
    write(project, "app/feature/__init__.py", "")
    write(project, "app/feature/models.py", PREAMBLE + models + FEATURE)
    with load_embedded().running_server() as server:
        alembic = partial(
            project.succeed, "run", "--frozen", "alembic", DATABASE_URL=server.url("postgres")
        )
        alembic("upgrade", "head")
        alembic("revision", "--autogenerate", "-m", "add a feature")
        alembic("upgrade", "head")
        write(project, "app/feature/models.py", "\n\nState")
        text = project.read("app/feature/models.py")
        (project.path / "app/feature/models.py").write_text(
            text.replace('paid = "paid"', 'sent = "sent"\n    paid = "paid"'), encoding="utf-8"
        )
        alembic("revision", "--autogenerate", "-m", "send invoices")

    (path,) = (project.path / "migrations/versions").glob("*add_a_feature.py")
    written = path.read_text(encoding="utf-8")
    assert "# ###" not in written
    assert 'sa.Column("money", sa.Numeric(precision=12, scale=2), nullable=False),' in written
    project.succeed("run", "--frozen", "ruff", "check", "migrations")
    project.succeed("run", "--frozen", "ruff", "format", "--check", "migrations")
    output = project.succeed("run", "--frozen", "pytest", "tests/test_migrations.py")
    assert " is not undone: PostgreSQL can't remove a value from an enum" in output


# What has drifted

DRIFTED = Step(
    "drifted",
    """
op.create_table(
    "notes",
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("body", sa.Text(), nullable=True),
    sa.Column("old", sa.Integer(), nullable=True),
    sa.Column("n", sa.Integer(), server_default="1", nullable=False),
    sa.Column("due", sa.Date(), nullable=True),
    sa.Column("twice", sa.Integer(), sa.Computed("n * 3", persisted=True), nullable=False),
    sa.Column("mood", sa.Enum("glad", name="mood"), nullable=False),
    sa.Column("user_id", sa.Uuid(), nullable=False),
    sa.Column("owner_id", sa.Uuid(), nullable=False),
    sa.CheckConstraint("n > 0", name=op.f("ck_notes_n")),
    sa.CheckConstraint("n < 99", name=op.f("ck_notes_gone")),
    sa.ForeignKeyConstraint(["owner_id"], ["users.id"]),
    sa.UniqueConstraint("title"),
    sa.PrimaryKeyConstraint("id"),
)
op.create_index(op.f("ix_notes_old"), "notes", ["old"], unique=False)
op.create_index("ix_notes_due", "notes", ["due"], unique=False)
op.create_index("ix_notes_by_body", "notes", ["body"], unique=False)
op.create_table("gone", sa.Column("id", sa.Integer(), primary_key=True))
""",
    'op.drop_table("gone")\nop.drop_table("notes")\nop.execute("DROP TYPE mood")',
    models="""
class Mood(enum.Enum):
    glad = "glad"
    sad = "sad"


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(100), comment="what it is about")
    body: Mapped[str] = mapped_column(sa.Text, index=True)
    n: Mapped[int] = mapped_column(server_default="2", unique=True)
    due: Mapped[datetime | None]
    twice: Mapped[int] = mapped_column(sa.Computed("n * 2", persisted=True))
    mood: Mapped[Mood]
    nickname: Mapped[str | None]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))

    __table_args__ = (
        Index("ix_notes_due", "due", postgresql_where=sa.text("n > 1")),
        Index("ix_notes_new", "title"),
        sa.CheckConstraint("n > 1", name="n"),
        sa.CheckConstraint("title <> ''", name="title"),
    )


class Invoice(Base):
    __tablename__ = "invoices"
    __table_args__ = {"schema": "billing"}

    id: Mapped[int] = mapped_column(primary_key=True)
""",
)
DIFFERENCES = """\
  billing.invoices: the table is in the models, but no migration creates it
  billing: the schema is in the models, but no migration creates it
  gone: a migration creates the table, but no model has it
  mood: the value 'sad' of the enum is in the models, but no migration adds it: op.execute("ALTER TYPE mood ADD VALUE 'sad'")
  notes.body: the column is text in the migrations, but text NOT NULL in the models
  notes.ck_notes_gone: a migration creates the check constraint, but no model has it
  notes.ck_notes_n: the check constraint is CHECK ((n > 0)) in the migrations, but CHECK ((n > 1)) in the models
  notes.ck_notes_title: the check constraint is in the models, but no migration creates it
  notes.due: the column is date in the migrations, but timestamp with time zone in the models
  notes.fk_notes_owner_id_users: the foreign key constraint is FOREIGN KEY (owner_id) REFERENCES users(id) in the migrations, but FOREIGN KEY (owner_id) REFERENCES users(id) ON DELETE CASCADE in the models
  notes.fk_notes_user_id_users: the foreign key constraint is in the models, but no migration creates it
  notes.ix_notes_by_body: the index is named ix_notes_body in the models: op.execute("ALTER INDEX ix_notes_by_body RENAME TO ix_notes_body")
  notes.ix_notes_due: the index is USING btree (due) in the migrations, but USING btree (due) WHERE (n > 1) in the models
  notes.ix_notes_new: the index is in the models, but no migration creates it
  notes.ix_notes_old: a migration creates the index, but no model has it
  notes.n: the column is integer DEFAULT 1 NOT NULL in the migrations, but integer DEFAULT 2 NOT NULL in the models
  notes.nickname: the column is in the models, but no migration creates it
  notes.old: a migration creates the column, but no model has it
  notes.title: the column is character varying(200) NOT NULL in the migrations, but character varying(100) NOT NULL in the models
  notes.title: the comment is in the models, but no migration creates it
  notes.twice: the column is integer GENERATED ALWAYS AS ((n * 3)) STORED NOT NULL in the migrations, but integer GENERATED ALWAYS AS ((n * 2)) STORED NOT NULL in the models
  notes.uq_notes_n: the unique constraint is in the models, but no migration creates it
  notes.uq_notes_title: a migration creates the unique constraint, but no model has it
"""  # noqa: E501


def test_each_difference_is_reported_in_one_line(project: Project) -> None:
    plant(project, [DRIFTED])

    done = project.uv("run", "--frozen", "pytest", "tests/test_migrations.py", "-k", "drifted")

    assert done.returncode == 1, done.stdout
    found = re.search(
        "^the models and the migrations differ:\n((?:  .*\n)*)Fix: ", done.stdout, re.M
    )
    assert found, done.stdout
    assert found[1] == DIFFERENCES


# What fails in another way

HIDDEN = """

class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
"""


@dataclass(frozen=True)
class Defect:
    """Files, the test that fails, and what it says."""

    name: str
    files: dict[str, str]
    test: str
    message: str


def undo(name: str, message: str, upgrade: str = "pass", downgrade: str = "pass") -> Defect:
    files = {"migrations/versions/0102_a.py": migration("0102a", upgrade, downgrade)}
    return Defect(name, files, "test_each_migration_can_be_undone_and_done_again", message)


DEFECTS = [
    Defect(
        "model that the migrations do not import",
        {"app/notes.py": PREAMBLE + HIDDEN},
        "test_no_model_is_hidden_from_the_migrations",
        "no migration creates the tables of\n  app.notes.Note\nFix: move them to a models.py",
    ),
    Defect(
        "type that no migration creates",
        {
            "app/notes/__init__.py": "",
            "app/notes/models.py": PREAMBLE
            + HIDDEN
            + "    email: Mapped[str] = mapped_column(pg.CITEXT)",
        },
        "test_no_model_has_drifted_from_the_migrations",
        '  the models need what no migration creates: type "citext" does not exist, '
        "in CREATE TABLE notes",
    ),
    Defect(
        "two heads",
        {
            "migrations/versions/0102_a.py": migration("0102a"),
            "migrations/versions/0102_b.py": migration("0102b"),
        },
        "test_the_migrations_have_one_head",
        ".*merge them: .*0102[ab].*0102[ab]",
    ),
    undo(
        "downgrade that fails",
        'the downgrade to 0102a@-1 fails: table "never_made" does not exist\n'
        "\nDROP TABLE never_made\nFix: undo .* or, if that is impossible, add to the migration\n"
        'irreversible = "PostgreSQL',
        downgrade='op.drop_table("never_made")',
    ),
    undo(
        "downgrade that is not written",
        r"the downgrade to 0102a@-1 fails: NotImplementedError\(\)\nFix: .*\nirreversible = ",
        downgrade="raise NotImplementedError",
    ),
    undo(
        "downgrade that does nothing",
        "the downgrade of 0102a is incomplete:\n  unexpected: table left_over\nFix: ",
        sql("CREATE TABLE left_over ()"),
    ),
    undo(
        "leftover type",
        "the downgrade of 0102a is incomplete:\n  unexpected: enum mood 'glad'\nFix: ",
        sql("CREATE TYPE mood AS ENUM ('glad')"),
    ),
    undo(
        "downgrade that drops too much",
        "the downgrade of 0102a is incomplete:\n  missing: index users.uq_users_email_lower ",
        downgrade=sql("DROP INDEX uq_users_email_lower"),
    ),
    undo(
        "extension that is there already",
        'the second upgrade to 0102a fails: extension "citext" already exists\n',
        sql("CREATE EXTENSION citext"),
    ),
    Defect(
        "irreversible without a reason",
        {"migrations/versions/0102_a.py": migration("0102a", head='irreversible = ""')},
        "test_a_migration_that_is_not_undone_says_why",
        "0102a gives no reason: irreversible = \"PostgreSQL can't remove",
    ),
    Defect(
        "misnamed",
        {
            "migrations/versions/0102_a.py": migration(
                "0102a",
                sql(
                    "CREATE INDEX users_name_idx ON users (full_name, email DESC)",
                    "CREATE UNIQUE INDEX users_lower ON users (lower(full_name))",
                    "ALTER TABLE users ADD UNIQUE (full_name)",
                    "ALTER TABLE users RENAME CONSTRAINT pk_users TO users_pkey",
                    "ALTER TABLE users ADD friend_id uuid REFERENCES users",
                ),
                head='irreversible = "it is only a test"',
            )
        },
        "test_constraints_and_indexes_are_named_by_the_convention",
        """not named by the convention:
  users.users_friend_id_fkey: the foreign key constraint should be named fk_users_friend_id_users: op.execute\\("ALTER TABLE users RENAME CONSTRAINT users_friend_id_fkey TO fk_users_friend_id_users"\\)
  users.users_lower: the index should be named uq_users_...: op.execute\\("ALTER INDEX users_lower RENAME TO uq_users_..."\\)
  users.users_name_idx: the index should be named ix_users_full_name_email: op.execute\\("ALTER INDEX users_name_idx RENAME TO ix_users_full_name_email"\\)
  users.users_pkey: the primary key should be named pk_users: op.execute\\("ALTER TABLE users RENAME CONSTRAINT users_pkey TO pk_users"\\)
  users.users_full_name_key: the unique constraint should be named uq_users_full_name: op.execute\\("ALTER TABLE users RENAME CONSTRAINT users_full_name_key TO uq_users_full_name"\\)
Fix: """,  # noqa: E501
    ),
]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_defect_of_the_migrations_fails_a_test_that_names_it(
    project: Project, defect: Defect
) -> None:
    for name, text in defect.files.items():
        write(project, name, text)

    test = ("tests/test_migrations.py", "-k", defect.test)
    done = project.uv("run", "--frozen", "pytest", *test)

    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(rf"^FAILED \S*::{defect.test}\b", done.stdout, re.MULTILINE), done.stdout
    assert re.search(rf"^{defect.message}", done.stdout, re.MULTILINE), done.stdout


CATALOGUED = """
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.test_migrations import empty, schema_of

STATEMENTS = [
    ("CREATE SCHEMA other", "schema other"),
    ("CREATE TABLE other.notes (id int)", "column other.notes.id integer"),
    ("ALTER TABLE other.notes ALTER id SET NOT NULL", "column other.notes.id integer NOT NULL"),
    (
        "ALTER TABLE other.notes ADD n int GENERATED ALWAYS AS IDENTITY",
        "column other.notes.n integer GENERATED ALWAYS AS IDENTITY (START 1 INCREMENT 1) NOT NULL",
    ),
    ("ALTER TABLE other.notes ADD s serial", "column other.notes.s integer serial NOT NULL"),
    ("ALTER TABLE other.notes ADD t name COLLATE ucs_basic", "column other.notes.t name COLLATE"),
    ("ALTER TABLE other.notes ADD CHECK (n > 0)", "check constraint other.notes.notes_n_check CH"),
    ("ALTER TABLE other.notes ENABLE ROW LEVEL SECURITY", "table other.notes ROW LEVEL SECURITY"),
    ("CREATE INDEX ON other.notes (id)", "index other.notes.notes_id_idx USING btree (id)"),
    ("CREATE UNIQUE INDEX u ON other.notes (id)", "index other.notes.u UNIQUE USING btree (id)"),
    ("COMMENT ON COLUMN other.notes.n IS 'x'", "comment other.notes.n 'x'"),
    ("COMMENT ON SCHEMA other IS 'x'", "comment schema other 'x'"),
    ("CREATE VIEW seen AS SELECT n FROM other.notes", "view seen"),
    ("CREATE OR REPLACE VIEW seen AS SELECT n FROM other.notes LIMIT 1", "view seen"),
    ("CREATE MATERIALIZED VIEW held AS SELECT n FROM other.notes", "materialized view held"),
    ("CREATE SEQUENCE numbers", "sequence numbers bigint 1 1"),
    ("ALTER SEQUENCE numbers INCREMENT 2", "sequence numbers bigint 1 2"),
    ("CREATE TYPE mood AS ENUM ('glad')", "enum mood 'glad'"),
    ("ALTER TYPE mood ADD VALUE 'sad'", "enum mood 'glad', 'sad'"),
    ("CREATE TYPE pair AS (a int)", "column pair.a integer"),
    ("CREATE DOMAIN short AS text CHECK (length(VALUE) < 9)", "type short text CHECK"),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "function f()"),
    ("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'", "function f()"),
    ("CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int)", "function total(integer)"),
    ("CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'", "function g()"),
    ("CREATE TRIGGER t AFTER INSERT ON other.notes EXECUTE FUNCTION g()", "trigger other.notes.t"),
    ("CREATE POLICY own ON other.notes USING (n > 0)", "policy other.notes.own * t"),
    ("CREATE TABLE parts (n int) PARTITION BY LIST (n)", "table parts PARTITION BY LIST (n)"),
    ("CREATE TABLE one PARTITION OF parts FOR VALUES IN (1)", "table one FOR VALUES IN (1)"),
    ("CREATE EXTENSION citext", "extension citext"),
]


async def test_the_catalogue_shows_each_change(empty: str) -> None:
    engine = create_async_engine(empty, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement, line in STATEMENTS:
            before = await schema_of(empty)
            await connection.execute(text(statement))
            new = await schema_of(empty) - before
            assert any(str(thing).startswith(line) for thing in new), [statement, new]
    await engine.dispose()
"""


def test_the_catalogue_that_is_compared_shows_each_kind_of_change(project: Project) -> None:
    (project.path / "tests/test_catalogue.py").write_text(CATALOGUED, encoding="utf-8")

    assert passed(project.succeed("run", "--frozen", "pytest", "tests/test_catalogue.py")) == 1


RISKY = """
op.add_column("users", sa.Column("age", sa.Integer, nullable=False))
op.create_index("ix_users_age", "users", ["age"])
op.drop_column("users", "full_name")  # squawk-ignore ban-drop-column
"""
SQUAWKS = {
    "adding-required-field: ALTER TABLE users ADD COLUMN age INTEGER NOT NULL;",
    "require-concurrent-index-creation: CREATE INDEX ix_users_age ON users (age);",
}


def test_a_migration_that_locks_a_table_is_warned_about_unless_it_is_meant(
    project: Project,
) -> None:
    (project.path / "migrations/versions/0102.py").write_text(
        migration("0102", upgrade=RISKY), encoding="utf-8"
    )
    command = ("run", "--frozen", "pytest", "tests/test_migrations.py", "-k", "squawk")

    warned = project.uv(*command)
    failed = project.uv(*command, "-Werror")

    found = r"^  \S+/versions/0102.py:15: UserWarning: squawk: (.*?;)"
    assert set(re.findall(found, warned.stdout, re.MULTILINE)) == SQUAWKS
    summary = rf"^=+ {len(MIGRATIONS) + 1} passed, \d+ deselected, 2 warnings in"
    assert re.search(summary, warned.stdout, re.MULTILINE)
    assert failed.returncode == 1
    assert re.search(r"^E +UserWarning: squawk: adding-required-field: ", failed.stdout, re.M)


def test_a_migration_that_reads_rows_is_not_checked_by_squawk(project: Project) -> None:
    (project.path / "migrations/versions/0102.py").write_text(
        migration("0102", upgrade='op.get_bind().execute(text("SELECT 1")).all()'), encoding="utf-8"
    )

    output = project.succeed("run", "--frozen", "pytest", "tests/test_migrations.py")

    assert output.count("UserWarning: ") == 1
    assert "UserWarning: squawk: not checked, as it can't be written as SQL: " in output


def test_a_statement_that_waits_long_for_a_lock_ends_the_upgrade_in_one_line(
    project: Project,
) -> None:
    statement = "ALTER TABLE users ADD COLUMN age integer"
    write(project, "migrations/versions/0102.py", migration("0102", sql(statement)))

    with load_embedded().running_server() as server:
        url = {"DATABASE_URL": server.url(), "MIGRATION_LOCK_TIMEOUT": "0.05"}
        project.succeed("run", "--frozen", "alembic", "upgrade", HEAD, **url)
        with locked(server, "users"):
            done = project.uv("run", "--frozen", "alembic", "upgrade", "head", **url)

    assert done.returncode == 255
    assert done.stderr.splitlines()[-1].endswith(
        "] migrations/versions/0102.py:16: no lock within 0.05 s, as another transaction "
        f"holds it: {statement}. This migration was rolled back, those before it are done. Run "
        "the command again, or set MIGRATION_LOCK_TIMEOUT to more seconds."
    )


def test_an_upgrade_as_sql_limits_how_long_it_waits_for_locks(project: Project) -> None:
    sql = project.succeed(
        "run", "--frozen", "alembic", "upgrade", "head", "--sql", MIGRATION_LOCK_TIMEOUT="7"
    )

    assert sql.startswith("SET lock_timeout = '7000ms';\n\nBEGIN;\n")


@contextmanager
def locked(server: Any, table: str) -> Iterator[None]:
    """Hold a lock on a table, as a transaction that has read it does."""

    async def lock() -> Any:
        connection = await asyncpg.connect(host=str(server.directory), user="postgres")
        await connection.execute(f"BEGIN; LOCK TABLE {table} IN ACCESS SHARE MODE")
        return connection

    with asyncio.Runner() as runner:
        connection = runner.run(lock())
        yield
        runner.run(connection.close())
