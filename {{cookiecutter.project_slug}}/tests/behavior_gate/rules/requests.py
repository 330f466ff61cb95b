"""Requests that go wrong for the client."""

from __future__ import annotations

from .rule import Rule

SERVER_ERROR = Rule(
    "requests.5xx",
    "a response with status 500 or higher that the test did not expect",
    why="the client gets a server error that nothing in the test expected",
    fix="fix the cause, or map the error to a status below 500; a test that expects it"
    " asserts that status, or catches the error with pytest.raises",
    bad="await session.flush()  # raises IntegrityError for a taken name",
    good="try:\n    await session.flush()\n"
    "except IntegrityError:\n    raise HTTPException(409) from None",
)
NO_ANSWER = Rule(
    "requests.no-answer",
    "an exception that leaves the application before it has responded",
    why="the client's connection is closed without a response",
    fix="fix the cause, or answer the error with a status; a test that expects it catches"
    " the error with pytest.raises",
    bad="raise LookupError  # in an ASGI middleware",
    good="await PlainTextResponse('not found', 404)(scope, receive, send)",
)
LATE_ERROR = Rule(
    "requests.late-error",
    "an exception after the response was sent",
    why="the client was told of success, and nobody is told of the failure",
    fix="do what can fail before the response, or catch and log the error in the background task,"
    " stream or dependency that raises it; a test that expects it catches it with pytest.raises",
    bad="background.add_task(send_mail, user)  # which raises",
    good="try:\n    await send_mail(user)\n"
    "except MailError:\n    log.exception('no mail for %s', user.id)",
)
LATE_COMMIT = Rule(
    "requests.late-commit",
    "a commit after the response was sent",
    why="the client is told of success before the data is safe, even if the commit then fails",
    fix="commit in the endpoint, before it returns, and never after `yield` in a dependency",
    bad="async with sessions() as session:\n    yield session\n    await session.commit()",
    good="session.add(note)\nawait session.commit()  # in the endpoint",
)
SHARED_SESSION = Rule(
    "requests.shared-session",
    "two tasks that use one session or connection at the same time",
    why="it went well by luck of timing; SQLAlchemy raises or mixes up their transactions",
    fix="await one after the other, or open a session for each task",
    bad="await asyncio.gather(session.execute(first), session.execute(second))",
    good="await session.execute(first)\nawait session.execute(second)",
)
HANG = Rule(
    "requests.hang",
    "a test or a request that never ends",
    why="what never ends hangs the client in production, and the whole run in CI",
    fix="make sure that what it waits for always comes, or wait with asyncio.timeout(); run what"
    " holds the loop in a thread or process; a test that is long by design says so:"
    ' @pytest.mark.gate_allow("requests.hang", reason="...")',
    bad="await answered.wait()  # and nobody sets it",
    good="async with asyncio.timeout(5):\n    await answered.wait()",
    settings=("gate_timeout",),
    by_time=True,
)
