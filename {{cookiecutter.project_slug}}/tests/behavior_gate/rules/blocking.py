"""Calls that block the event loop."""

from __future__ import annotations

from .rule import Rule

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
    "a file that is read, written or examined on the event loop",
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
    fix="use an async client, or run the call in a thread: await asyncio.to_thread(...); for a name"
    " alone: await asyncio.get_running_loop().getaddrinfo(...)",
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
