"""Transactions, sessions and queries that go wrong."""

from __future__ import annotations

from .rule import Rule

LOST_COMMIT = Rule(
    "database.lost-commit",
    "a change that is never committed",
    why="closing the session rolls back, so that the change is silently lost",
    fix="`await session.commit()` before the endpoint returns, as after `yield` in a dependency is"
    " too late; to discard it on purpose, `await session.rollback()`",
    bad="session.add(note)\nreturn note",
    good="session.add(note)\nawait session.commit()\nreturn note",
)
FAILED_COMMIT = Rule(
    "database.failed-commit",
    "a commit after a statement has failed",
    why="PostgreSQL gives up a transaction at its first error, and answers the commit with a"
    " silent rollback",
    fix="put what may fail into `async with session.begin_nested()`, or use ON CONFLICT",
    bad="with suppress(IntegrityError):\n    await connection.execute(insert)\n"
    "await connection.commit()",
    good="with suppress(IntegrityError):\n    async with connection.begin_nested():\n"
    "        await connection.execute(insert)\nawait connection.commit()",
)
SWALLOWED_ERROR = Rule(
    "database.swallowed-error",
    "a write or commit that fails, and whose error is ignored",
    why="the client is told of success, and nothing is stored",
    fix="let the error through, or catch the one that you expect, such as IntegrityError, and"
    " answer with a status that tells it; to go on without the change on purpose, `await"
    " session.rollback()`",
    bad="try:\n    await session.commit()\nexcept Exception:\n    pass",
    good="try:\n    await session.commit()\n"
    "except IntegrityError:\n    raise HTTPException(409) from None",
)
LEAKED_STATE = Rule(
    "database.leaked-state",
    "a connection that goes back to the pool with a lock or setting of its session",
    why="the next request that gets the connection works with it: it sees another tenant's rows, or"
    " waits for a lock that nobody gives back",
    fix="let it end with the transaction: SET LOCAL, set_config(..., true),"
    " pg_advisory_xact_lock(...); or undo it in `finally`; LISTEN in the lifespan, on one"
    " connection for all requests",
    bad='await session.execute(text("SET search_path TO tenant_a"))\nawait session.commit()',
    good='await session.execute(text("SET LOCAL search_path TO tenant_a"))',
)
CLOSED_SESSION = Rule(
    "database.closed-session",
    "a session that is used again after its request",
    why="it opens a connection that nobody closes any more",
    fix="open a session of its own in the background task, and pass ids instead of the session",
    bad="background.add_task(send_mail, session, user)",
    good="background.add_task(send_mail, user.id)  # which opens its own session",
)
GLOBAL_SESSION = Rule(
    "database.global-session",
    "a session or connection that several requests use",
    why="their changes go into one transaction: one request commits or rolls back what another has"
    " begun, and two at once fail",
    fix="keep the engine or the sessionmaker for the application, and open a session for each"
    " request",
    bad="app.state.session = sessions()  # in the lifespan",
    good="async with request.app.state.sessions() as session:\n    yield session",
)
SESSION_LEAK = Rule(
    "database.session-leak",
    "a session or connection that is never returned to the pool",
    why="each such request takes one connection from the pool forever, until the application"
    " stands still",
    fix="open it by `async with`, or in a dependency that closes it after `yield`",
    bad="session = sessions()\nreturn await session.scalar(query)",
    good="async with sessions() as session:\n    return await session.scalar(query)",
)
CONNECTION_HELD = Rule(
    "database.connection-held",
    "a connection that a request holds while it waits for something else",
    why="once as many requests wait as the pool has connections, every other request waits for"
    " them",
    fix="wait before the first query, or end the transaction first, by `await session.commit()` or"
    " by leaving its `async with`; keep what you need of the rows in variables; LISTEN in the"
    " lifespan, on one connection for all requests",
    bad="user = await session.scalar(query)\n"
    "await asyncio.to_thread(verify, password, user.password_hash)",
    good="async with sessions() as session:\n"
    "    user = await session.scalar(query)\n"
    "await asyncio.to_thread(verify, password, user.password_hash)",
)
SQL_INJECTION = Rule(
    "database.sql-injection",
    "text of the client inside the SQL",
    why="a client that sends a quote ends the literal, and reads or changes whatever it likes",
    fix="pass it as a parameter: text('... = :name') with {'name': name}, or build the query of"
    " columns",
    bad="text(f\"SELECT * FROM users WHERE name = '{name}'\")",
    good="text('SELECT * FROM users WHERE name = :name').bindparams(name=name)",
)
N_PLUS_ONE = Rule(
    "database.n-plus-one",
    "one query for each row",
    why="it slows down with every row that is added",
    fix="load the rows with their parents by selectinload() or joinedload(), or all at once by one"
    " query with IN",
    bad="for user in users:\n    await session.refresh(user, ['posts'])",
    good="users = await session.scalars(select(User).options(selectinload(User.posts)))",
    settings=("gate_n_plus_one",),
)
LAZY_LOAD = Rule(
    "database.lazy-load",
    "an attribute that is loaded at first use, where nothing can await it",
    why="SQLAlchemy raises MissingGreenlet, and the client gets a 500, unless the session has the"
    " object already",
    fix="load it with the query, by options(selectinload(...)) for many and by"
    " options(joinedload(...)) for one, or by `await session.refresh(post, ['author'])`; do not"
    " expire what the response needs",
    bad="post = await session.scalar(select(Post))\nreturn post.author.name",
    good="post = await session.scalar(select(Post).options(joinedload(Post.author)))\n"
    "return post.author.name",
)
NAIVE_DATETIME = Rule(
    "database.naive-datetime",
    "a datetime without a time zone for a column with one",
    why="the server or driver guesses the zone, so that the moment shifts with the machine",
    fix="use datetime.now(UTC), or give the value its tzinfo",
    bad="note.due = datetime.now()",
    good="note.due = datetime.now(UTC)",
)
