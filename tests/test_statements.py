"""What the gate reads in SQL. The module stands alone, so nothing is baked for it."""

import importlib.util
import sys
from types import ModuleType

import pytest
from conftest import TEMPLATE

GATE = TEMPLATE / "{{cookiecutter.project_slug}}/tests/behavior_gate"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"behavior_gate_{name}", GATE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    # Dataclasses look up the module of their class.
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


statements = load("statements")


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("SELECT id FROM users", "select"),
        ("(SELECT id FROM users) UNION SELECT 1", "select"),
        ("-- a remark\n SELECT id FROM users", "select"),
        ("SELECT 1", None),
        ("SELECT pg_advisory_xact_lock(1)", None),
        ("SELECT id FROM users FOR UPDATE OF users SKIP LOCKED", "select"),
        ("SELECT 'delete from users' AS text FROM users", "select"),
        ("WITH ids AS (SELECT id FROM users FOR UPDATE) SELECT id FROM ids", "select"),
        ("WITH a AS (SELECT 'insert into b' FROM c) SELECT * FROM a", "select"),
        ("WITH gone AS (DELETE FROM users RETURNING id) SELECT id FROM gone", "write"),
        ("WITH a AS (SELECT 1) UPDATE ONLY users AS u SET name = 'x'", "write"),
        ("WITH a AS (SELECT 1) UPDATE users u SET name = 'x'", "write"),
        ("/* who */ INSERT INTO users VALUES (1)", "write"),
        ("TRUNCATE users", "write"),
        ("CREATE TEMP TABLE staging (id int)", "temporary"),
        ("SELECT id INTO TEMP picked FROM users", "temporary"),
        ("CREATE UNLOGGED TABLE cache (id int)", None),
        ("CREATE TABLE users (id int)", None),
        ("SET LOCAL statement_timeout = 1", None),
        ("EXPLAIN DELETE FROM users", None),
    ],
)
def test_a_statement_writes_reads_or_makes_a_temporary_table(
    statement: str, kind: str | None
) -> None:
    assert statements.classify(statement) == kind


@pytest.mark.parametrize(
    ("statement", "written"),
    [
        ("INSERT INTO users (id) VALUES (1)", ["an INSERT of users"]),
        ('insert into "My Schema"."My Table" values (1)', ['an INSERT of "My Schema"."My Table"']),
        ("INSERT OR REPLACE INTO users VALUES (1)", ["an INSERT of users"]),
        ("INSERT INTO a SELECT id FROM b", ["an INSERT of a"]),
        ("INSERT INTO a VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 2", ["an INSERT of a"]),
        ("UPDATE users SET name = 'update b set'", ["an UPDATE of users"]),
        ("UPDATE ONLY users SET name = 'x'", ["an UPDATE of users"]),
        ("UPDATE ONLY public.users * AS u SET name = 'x'", ["an UPDATE of public.users"]),
        ("UPDATE users u SET name = 'x' FROM staging", ["an UPDATE of users"]),
        ("DELETE FROM ONLY users USING staging", ["a DELETE of users"]),
        ("DELETE /* from a */ FROM b", ["a DELETE of b"]),
        ("TRUNCATE TABLE ONLY users", ["a TRUNCATE of users"]),
        (
            "MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN UPDATE SET n = 1"
            " WHEN NOT MATCHED THEN INSERT (id) VALUES (b.id)",
            ["a MERGE of a"],
        ),
        ("WITH ids AS (SELECT id FROM a) INSERT INTO b SELECT id FROM ids", ["an INSERT of b"]),
        (
            "WITH gone AS (DELETE FROM a RETURNING id) INSERT INTO b SELECT id FROM gone",
            ["a DELETE of a", "an INSERT of b"],
        ),
    ],
)
def test_a_write_is_named_with_its_table(statement: str, written: list[str]) -> None:
    assert [str(target) for target in statements.targets(statement)] == written


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("CREATE TEMP TABLE staging (id int)", "staging"),
        ("CREATE TEMPORARY TABLE IF NOT EXISTS Staging AS SELECT 1", "staging"),
        ('CREATE LOCAL TEMP TABLE "My Table" (id int) ON COMMIT DROP', "My Table"),
        ("CREATE TABLE pg_temp.staging (id int)", "staging"),
        ("SELECT id INTO TEMPORARY TABLE staging FROM users", "staging"),
    ],
)
def test_a_temporary_table_is_known_by_its_name(statement: str, table: str) -> None:
    assert statements.temporary_tables(statement) == {table}


@pytest.mark.parametrize(
    ("table", "temporary"),
    [
        ("staging", True),
        ('"staging"', True),
        ("STAGING", True),
        ('"STAGING"', False),
        ("pg_temp.anything", True),
        ("public.staging", False),
        ("users", False),
    ],
)
def test_only_a_name_without_another_schema_is_a_temporary_table(
    table: str, temporary: bool
) -> None:
    assert statements.is_temporary(table, {"staging"}) is temporary
