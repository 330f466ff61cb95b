"""What the gate reads in SQL. The module stands alone, so nothing is baked for it."""

from typing import Any

import pytest
from support.gate import load

statements = load("sql")
sessions = load("sql_session")


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
        ("EXPLAIN (ANALYZE, COSTS off) DELETE FROM users", "write"),
        ("COPY users (id, name) FROM STDIN WITH (FORMAT csv)", "write"),
        ("COPY users TO STDOUT", None),
        ("WITH a AS (SELECT $$insert into b$$ FROM c) SELECT * FROM a", "select"),
        (r"WITH a AS (SELECT E'\'; insert into b' FROM c) SELECT * FROM a", "select"),
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
        ("TRUNCATE TABLE ONLY (users)", ["a TRUNCATE of users"]),
        ("UPDATE ONLY (users) SET name = 'x'", ["an UPDATE of users"]),
        ("DELETE FROM ONLY (users) AS u WHERE true", ["a DELETE of users"]),
        ("MERGE INTO ONLY a USING b ON true WHEN MATCHED THEN DELETE", ["a MERGE of a"]),
        ("COPY users (id, name) FROM STDIN", ["a COPY of users"]),
        ("COPY users TO STDOUT", []),
        ("DO $$ BEGIN DELETE FROM users; END $$", []),
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


@pytest.mark.parametrize(
    ("statement", "parameters", "key"),
    [
        ("SELECT * FROM users WHERE users.id = $1::UUID", ("a",), ("a",)),
        ("SELECT * FROM posts WHERE $1::INTEGER = posts.author_id", (7,), ("7",)),
        ("SELECT * FROM users WHERE id = %(id_1)s", {"id_1": 7}, ("7",)),
        ("SELECT * FROM users WHERE a = :a AND b = :b", {"a": 1, "b": 2}, ("1", "2")),
        ("SELECT * FROM users WHERE n < ? AND id = ?", (9, 7), ("7",)),
        ("SELECT * FROM users WHERE id = 7", (), ("7",)),
        ("SELECT * FROM users WHERE name = 'Ada''s' -- by hand", (), ("Ada''s",)),
        ("SELECT * FROM users WHERE lower(name) = lower($1::VARCHAR(80))", ("a",), ("a",)),
        ("SELECT * FROM users WHERE id IN ($1::INTEGER)", (7,), ("7",)),
        ("SELECT * FROM users WHERE (a, b) IN (($1, $2))", (1, 2), ("1", "2")),
        ("SELECT * FROM users WHERE id = ANY($1)", ([7],), ("7",)),
        ("SELECT EXISTS (SELECT * FROM users WHERE id = $1) AS anon_1", (7,), ("7",)),
        ("SELECT count(*) FROM users WHERE id = $1 AND at > $2", (7, 8), ("7",)),
        ("SELECT * FROM users WHERE id = $1 LIMIT $2::INTEGER", (7, 1), ("7",)),
        ("SELECT * FROM users WHERE id = $1 AND data -> $2::INTEGER IS NULL", (7, 0), ("7",)),
    ],
)
def test_a_look_up_of_one_row_has_a_key(
    statement: str, parameters: Any, key: tuple[str, ...]
) -> None:
    assert statements.lookup(statement).key(parameters) == key


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        ("SELECT * FROM users WHERE id = ANY($1)", ([7, 8],)),
        ("SELECT * FROM users WHERE org = $1 LIMIT $2", (7, 100)),
    ],
)
def test_many_rows_at_a_time_have_no_key(statement: str, parameters: Any) -> None:
    assert statements.lookup(statement).key(parameters) is None


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM users",
        "SELECT * FROM users WHERE id IN ($1, $2)",
        "SELECT * FROM users WHERE (a, b) IN (($1, $2), ($3, $4))",
        "SELECT * FROM users WHERE id NOT IN ($1)",
        "SELECT * FROM users WHERE id > $1 ORDER BY id",
        "SELECT * FROM users WHERE id >= $1 AND id != $2 AND id <> $3",
        "SELECT * FROM users WHERE id = $1 FOR UPDATE",
        "SELECT * FROM users WHERE id = $1 FOR NO KEY UPDATE OF users SKIP LOCKED",
        "SELECT * FROM users WHERE id = $1 FOR SHARE",
        "SELECT * FROM users WHERE org = $1 AND id > $2 ORDER BY id LIMIT $3",
        "SELECT * FROM users WHERE org = $1 LIMIT ALL OFFSET $2",
        "SELECT * FROM users WHERE org = $1 FETCH FIRST 1 ROW ONLY",
        "SELECT * FROM users JOIN posts ON users.id = posts.author_id",
        f"SELECT * FROM users WHERE org = $1 AND id IN ({', '.join(['$2'] * 5000)})",
    ],
)
def test_what_takes_rows_in_parts_is_no_look_up(statement: str) -> None:
    assert statements.lookup(statement) is None


def test_values_and_remarks_do_not_tell_two_look_ups_apart() -> None:
    first, second = (
        statements.lookup(f"SELECT 1 FROM users /* trace {n} */\n WHERE id = '{n}' AND n < {n}.5")
        for n in range(2)
    )
    assert first.text == second.text == "SELECT ? FROM users WHERE id = ? AND n < ?"


@pytest.mark.parametrize(
    ("statement", "parameters", "states"),
    [
        ("SET search_path TO tenant_a, public", (), {"search_path"}),
        ("set session statement_timeout = 0", (), {"statement_timeout"}),
        ("/* who */ SET ROLE admin; SET \"app.tenant\" = '7'", (), {"ROLE", "app.tenant"}),
        ("SET TIME ZONE 'UTC'", (), {"TimeZone"}),
        ("SET SESSION AUTHORIZATION ada", (), {"session_authorization"}),
        ("SELECT set_config('app.tenant', $1, false)", ("7",), {"app.tenant"}),
        ("SELECT set_config($1::VARCHAR, $2, $3)", ("app.tenant", "7", False), {"app.tenant"}),
        ("SELECT set_config(%(name)s, '7', false)", {"name": "app.tenant"}, {"app.tenant"}),
        ("SELECT pg_try_advisory_lock(1)", (), {"advisory lock"}),
        ("LISTEN jobs", (), {"listen"}),
        ("SET LOCAL search_path TO tenant_a", (), set()),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", (), set()),
        ("SET CONSTRAINTS ALL DEFERRED", (), set()),
        ("SELECT pg_advisory_xact_lock(1)", (), set()),
        ("UPDATE users SET role = 'admin'", (), set()),
    ],
)
def test_a_statement_is_known_by_what_it_may_leave_to_its_session(
    statement: str, parameters: Any, states: set[str]
) -> None:
    assert sessions.session_state(statement, parameters) == states
