"""The rules: what the gate looks for, why it matters, and how to fix it.

Findings, `--gate-explain`, the reports and the self-test all take their words from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of defect."""

    #: `family.name`. The marker takes the whole, or the family for all its rules.
    id: str
    #: What is wrong, as a noun phrase.
    summary: str
    #: Why it matters, in a clause.
    why: str
    fix: str
    #: The shortest code that breaks the rule, and the same code without the defect.
    bad: str
    good: str
    #: The settings of pytest that change what is found.
    settings: tuple[str, ...] = ()
    #: What is found depends on how fast the machine is.
    by_time: bool = False

    @property
    def family(self) -> str:
        return self.id.partition(".")[0]


BLOCKING_SLEEP = Rule(
    "blocking.sleep",
    "a sleep that blocks the event loop",
    why="every other request waits until it returns",
    fix="await asyncio.sleep(...), or run it in a thread: await asyncio.to_thread(...)",
    bad="time.sleep(0.1)",
    good="await asyncio.sleep(0.1)",
)
BLOCKING_FILE = Rule(
    "blocking.file",
    "a file that is read, written or looked at on the event loop",
    why="every other request waits until it returns",
    fix="move the file work into one function and run it in a thread: await asyncio.to_thread(...);"
    " what is only read can be read once, when the application starts",
    bad='text = Path("terms.txt").read_text()',
    good='text = await asyncio.to_thread(Path("terms.txt").read_text)',
)
BLOCKING_NETWORK = Rule(
    "blocking.network",
    "a socket or a client without async that waits on the event loop",
    why="every other request waits until it returns",
    fix="use an async client, such as httpx.AsyncClient, or run it in a thread:"
    " await asyncio.to_thread(...)",
    bad="response = requests.get(url)",
    good="async with httpx.AsyncClient() as client:\n    response = await client.get(url)",
)
BLOCKING_DNS = Rule(
    "blocking.dns",
    "a host name that is looked up on the event loop",
    why="every other request waits until it returns",
    fix="await asyncio.get_running_loop().getaddrinfo(...), or leave it to an async client",
    bad='address = socket.gethostbyname("example.com")',
    good='address = await asyncio.get_running_loop().getaddrinfo("example.com", 443)',
)
BLOCKING_SUBPROCESS = Rule(
    "blocking.subprocess",
    "a process that is started or waited for on the event loop",
    why="every other request waits until it returns",
    fix="await asyncio.create_subprocess_exec(...) and its communicate(), or run it in a thread:"
    " await asyncio.to_thread(...)",
    bad='subprocess.run(["convert", path])',
    good='process = await asyncio.create_subprocess_exec("convert", path)\nawait process.wait()',
)
BLOCKING_DATABASE = Rule(
    "blocking.database",
    "a driver without async that waits for a database on the event loop",
    why="every other request waits until it returns",
    fix="use an async driver (asyncpg, psycopg's AsyncConnection, aiosqlite), or run it in a"
    " thread: await asyncio.to_thread(...)",
    bad="connection = psycopg.connect(url)",
    good="connection = await psycopg.AsyncConnection.connect(url)",
)
BLOCKING_LOCK = Rule(
    "blocking.lock",
    "a lock, event, queue or future of threads that is waited for on the event loop",
    why="every other request waits until it returns",
    fix="use the lock, event or queue of asyncio; await a concurrent future by"
    " asyncio.wrap_future(...)",
    bad="result = executor.submit(work).result()",
    good="result = await asyncio.wrap_future(executor.submit(work))",
)
BLOCKING_HASH = Rule(
    "blocking.hash",
    "a password that is hashed or checked on the event loop",
    why="every other request waits until it returns",
    fix="hashing a password costs CPU time on purpose: await asyncio.to_thread(...)",
    bad="password_hash = context.hash(password)",
    good="password_hash = await asyncio.to_thread(context.hash, password)",
)
BLOCKING_INPUT = Rule(
    "blocking.input",
    "a question at the terminal on the event loop",
    why="every other request waits until it returns",
    fix="do not ask for input on the event loop",
    bad='answer = input("Go on?")',
    good='answer = await asyncio.to_thread(input, "Go on?")',
)
SLOW_CPU = Rule(
    "slow.cpu",
    "a callback that computes for too long on the event loop",
    why="no other request is served until it returns",
    fix="do less at once, or move it off the loop: await asyncio.to_thread(...), or a process pool"
    " for pure Python",
    bad="thumbnails = [shrink(image) for image in images]",
    good="thumbnails = await asyncio.to_thread(shrink_all, images)",
    settings=("gate_cpu_ms",),
    by_time=True,
)
SLOW_BLOCKED = Rule(
    "slow.blocked",
    "a callback that holds the event loop without using the CPU",
    why="no other request is served until it returns",
    fix="use the async form of the call, or run it in a thread: await asyncio.to_thread(...)",
    bad="rows = c_library.query(handle)",
    good="rows = await asyncio.to_thread(c_library.query, handle)",
    settings=("gate_blocked_ms",),
    by_time=True,
)
LEAKED_TASK = Rule(
    "tasks.leaked",
    "a task that is still running when its test is over",
    why="it works on against what is already torn down, and nobody waits for it",
    fix="await it, start it in an asyncio.TaskGroup, or cancel and await it when its owner ends",
    bad="asyncio.create_task(send_mail(user))",
    good="async with asyncio.TaskGroup() as tasks:\n    tasks.create_task(send_mail(user))",
)
UNSEEN_EXCEPTION = Rule(
    "tasks.unseen-exception",
    "a task or callback that fails and nobody sees it",
    why="the work was not done, and in production only a line in the log tells so",
    fix="await the task, start it in an asyncio.TaskGroup, or catch and handle the error inside it",
    bad="task = asyncio.create_task(send_mail(user))  # and never awaited",
    good="task = asyncio.create_task(send_mail(user))\n...\nawait task",
)
SWALLOWED_CANCELLATION = Rule(
    "tasks.swallowed-cancellation",
    "a task that goes on although it was cancelled",
    why="nobody can stop it: the server does not shut down before it is killed",
    fix="re-raise CancelledError after cleaning up, and await the task before its owner ends",
    bad="while True:\n    try:\n        await poll()\n"
    "    except BaseException:\n        log.exception('poll failed')",
    good="while True:\n    try:\n        await poll()\n"
    "    except Exception:\n        log.exception('poll failed')",
)
SWALLOWED_TIMEOUT = Rule(
    "tasks.swallowed-timeout",
    "a timeout that expires without a TimeoutError",
    why="the caller takes work that was broken off for done, and what follows has no time limit",
    fix="catch Exception and not BaseException inside the timeout, re-raise CancelledError after"
    " cleaning up, and catch TimeoutError around it",
    bad="async with asyncio.timeout(5):\n    try:\n        await fetch()\n"
    "    except BaseException:\n        log.exception('fetch failed')",
    good="async with asyncio.timeout(5):\n    try:\n        await fetch()\n"
    "    except Exception:\n        log.exception('fetch failed')",
)
LEFT_BEHIND = Rule(
    "tasks.left-behind",
    "a thread, process, timer or signal handler that outlives its test",
    why="it goes on in the next test, and in production when its application has shut down",
    fix="end it where its owner ends, in `finally` or after the `yield` of the lifespan: join the"
    " thread, wait for the process, cancel the timer, remove the handler",
    bad="thread = threading.Thread(target=poll)\nthread.start()",
    good="thread = threading.Thread(target=poll)\nthread.start()\ntry:\n    ...\n"
    "finally:\n    stopping.set()\n    await asyncio.to_thread(thread.join)",
)
NEVER_AWAITED = Rule(
    "warnings.never-awaited",
    "a coroutine that is called and never awaited",
    why="its code has not run at all",
    fix="await it, or start it by asyncio.create_task(...) and keep the task",
    bad="session.commit()",
    good="await session.commit()",
)
UNCLOSED = Rule(
    "warnings.unclosed",
    "a file, socket, connection or client that is dropped without being closed",
    why="it stays open until the garbage collector finds it, and the process runs out of them"
    " under load",
    fix="open it by `with` or `async with`, or close it in `finally`; keep one HTTP client for the"
    " application, closed by its lifespan",
    bad="client = httpx.AsyncClient()\nawait client.get(url)",
    good="async with httpx.AsyncClient() as client:\n    await client.get(url)",
)
FOREIGN_THREAD = Rule(
    "warnings.foreign-thread",
    "the event loop is used from another thread",
    why="it is not thread-safe: outside debug mode the call is lost, or found much later",
    fix="loop.call_soon_threadsafe(...), or asyncio.run_coroutine_threadsafe(...)",
    bad="loop.call_soon(callback)  # in a thread",
    good="loop.call_soon_threadsafe(callback)",
)
SERVER_ERROR = Rule(
    "requests.5xx",
    "an answer of 500 or more that the test did not expect",
    why="the client gets a server error that nothing in the test expected",
    fix="fix the cause, or map the error to a status below 500; a test that expects it says"
    ' so: @pytest.mark.gate_allow("requests.5xx", reason="...")',
    bad="await session.flush()  # raises IntegrityError for a taken name",
    good="try:\n    await session.flush()\n"
    "except IntegrityError:\n    raise HTTPException(409) from None",
)
NO_ANSWER = Rule(
    "requests.no-answer",
    "an error that leaves the application before it has answered",
    why="the connection of the client ends without an answer",
    fix="fix the cause, or answer the error with a status",
    bad="raise LookupError  # in an ASGI middleware",
    good="await PlainTextResponse('not found', 404)(scope, receive, send)",
)
LATE_ERROR = Rule(
    "requests.late-error",
    "an error after the answer went out",
    why="the client was told of success, and nobody is told of the failure",
    fix="do what can fail before the response, or catch and log the error in the background task,"
    " stream or dependency that raises it",
    bad="background.add_task(send_mail, user)  # which raises",
    good="try:\n    await send_mail(user)\n"
    "except MailError:\n    log.exception('no mail for %s', user.id)",
)
LATE_COMMIT = Rule(
    "requests.late-commit",
    "a commit after the answer went out",
    why="the client has its answer before the data is safe, so that a commit that fails is answered"
    " with success",
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
    " holds the loop in a thread or process; a test that needs longer sets gate_timeout",
    bad="await answered.wait()  # and nobody sets it",
    good="async with asyncio.timeout(5):\n    await answered.wait()",
    settings=("gate_timeout",),
    by_time=True,
)
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
CLOSED_SESSION = Rule(
    "database.closed-session",
    "a session that is used again after its request",
    why="it opens a connection that nobody closes any more",
    fix="open a session of its own in the background task, and pass ids instead of the session",
    bad="background.add_task(send_mail, session, user)",
    good="background.add_task(send_mail, user.id)  # which opens its own session",
)
SESSION_LEAK = Rule(
    "database.session-leak",
    "a session or connection that is not given back",
    why="each such request takes one connection from the pool forever, until the application"
    " stands still",
    fix="open it by `async with`, or in a dependency that closes it after `yield`",
    bad="session = sessions()\nreturn await session.scalar(query)",
    good="async with sessions() as session:\n    return await session.scalar(query)",
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
NAIVE_DATETIME = Rule(
    "database.naive-datetime",
    "a datetime without a time zone for a column with one",
    why="the server or driver guesses the zone, so that the moment shifts with the machine",
    fix="use datetime.now(UTC), or give the value its tzinfo",
    bad="note.due = datetime.now()",
    good="note.due = datetime.now(UTC)",
)
PASSWORD_IN_RESPONSE = Rule(
    "secrets.response",
    "the submitted password in a response",
    why="responses end up in logs, caches and bug reports",
    fix="leave it out of the response model; for a 422, handle RequestValidationError and drop"
    " `input`",
    bad="return {'email': form.email, 'password': form.password}",
    good="return {'email': form.email}",
)
HASH_IN_RESPONSE = Rule(
    "secrets.hash",
    "a password hash in a response",
    why="whoever has the hash can guess the password offline",
    fix="declare a response model that leaves the hash out",
    bad="@router.get('/me')\nasync def me(user: CurrentUser):\n    return user",
    good="@router.get('/me', response_model=UserOut)\n"
    "async def me(user: CurrentUser):\n    return user",
)
SECRET_IN_LOG = Rule(
    "secrets.log",
    "a password or its hash in the log",
    why="logs are kept and read by far more people than the database",
    fix="log an id instead; for a database error in the log, create the engine with"
    " hide_parameters=True",
    bad='log.info("login %s %s", form.email, form.password)',
    good='log.info("login of user %s", user.id)',
)
PASSWORD_STORED = Rule(
    "secrets.stored",
    "the submitted password in the database as it is",
    why="whoever reads the table or a backup of it has every password",
    fix="store a hash from argon2 or bcrypt, made off the event loop",
    bad="User(email=email, password=password)",
    good="User(email=email, password_hash=await hash_password(password))",
)

#: Every rule, in the order in which they are listed.
RULES = tuple(value for value in list(globals().values()) if isinstance(value, Rule))
BY_ID = {rule.id: rule for rule in RULES}
FAMILIES = tuple(dict.fromkeys(rule.family for rule in RULES))


def unknown(name: str) -> str:
    """Say that there is no such rule or family, and which one may be meant."""
    near = get_close_matches(name, [*FAMILIES, *BY_ID], n=1, cutoff=0.5)
    meant = f"did you mean {near[0]!r}?" if near else f"the families are {', '.join(FAMILIES)}"
    return f"unknown rule {name!r}: {meant} (pytest --gate-explain lists all)"
