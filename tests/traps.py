"""The defects that the behavior gate has to catch, and the good code that it must not flag.

Each is one entry: code of an application, and a test of it that knows nothing of the defect. The
comment `# <-` marks the line that the gate has to name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import dedent
from typing import Any

CLIENTS = ("client", "concurrent_client")
MARK = "# <-"

APP_PRELUDE = """\
import asyncio
import ctypes
import enum
import functools
import importlib.metadata
import importlib.resources
import io
import itertools
import logging
import logging.config
import logging.handlers
import mimetypes
import multiprocessing
import os
import pkgutil
import queue
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import tomllib
import urllib.request
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import anyio
import certifi
import httpx
from alembic.config import Config
from alembic.script import ScriptDirectory
from dotenv import dotenv_values
from fastapi import (
    APIRouter, BackgroundTasks, Body, Depends, FastAPI, Form, Request, Response, UploadFile,
    WebSocket,
)
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import (
    DateTime, ForeignKey, String, any_, delete, func, insert, select, text, update,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import (
    DeclarativeBase, Mapped, mapped_column, relationship, selectinload,
)

from app.database import SessionDep, get_session
from app.security import hash_password, password_context
from app.users.models import User

router = APIRouter()
DATA = Path(__file__)
KEPT: list[Any] = []


def new_user(name: str = "ada") -> User:
    return User(email=f"{name}@example.com", password_hash="not a hash")


def cpu(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(1000))


"""

TEST_PRELUDE = """\
import asyncio
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.users.models import User
from tests.app_under_test import PASSWORD
from app.traps.{module} import *
from app.traps.{module} import router


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{{server.server_port}}"
        server.shutdown()
        thread.join()


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


"""

DEFAULT_TEST = """\
async def test_{client}({app}: FastAPI, {client}: httpx.AsyncClient) -> None:
    {app}.include_router(router)
    response = await {client}.post("/trap", json={{"password": "correct horse battery"}})
    assert response.status_code == 200
"""


@dataclass(frozen=True)
class Case:
    """Application code and a test of it."""

    name: str
    code: str
    test: str = DEFAULT_TEST
    clients: tuple[str, ...] = ("client",)

    @property
    def module(self) -> str:
        return self.name.replace("-", "_")

    def tests(self) -> list[str]:
        return [f"tests/traps/test_{self.module}.py::test_{client}" for client in self.clients]

    def write(self, project: Path) -> None:
        test = TEST_PRELUDE.format(module=self.module)
        for client in self.clients:
            text = dedent(self.test)
            test += (
                text.format(client=client, app="app")
                if self.test is DEFAULT_TEST
                else (text.replace("CLIENT", client).replace("APP", "app"))
            )
            test += "\n\n"
        for folder, name, content in (
            ("app/traps", f"{self.module}.py", APP_PRELUDE + dedent(self.code)),
            ("tests/traps", f"test_{self.module}.py", test),
        ):
            (project / folder).mkdir(exist_ok=True)
            (project / folder / "__init__.py").touch()
            (project / folder / name).write_text(content, encoding="utf-8")


@dataclass(frozen=True)
class Trap(Case):
    """A defect, the detector that has to catch it, and others that may speak too."""

    detector: str = ""
    also: frozenset[str] = frozenset()
    #: A part of what the gate says happened.
    says: str = ""

    def location(self) -> str:
        """Where the gate has to point: `path:line`."""
        source = APP_PRELUDE + dedent(self.code)
        (line,) = (n for n, text in enumerate(source.splitlines(), 1) if MARK in text)
        return f"app/traps/{self.module}.py:{line}"


def trap(
    name: str, detector: str, code: str, *, also: set[str] | None = None, **options: Any
) -> Trap:
    return replace(Trap(name, code, detector=detector, also=frozenset(also or ())), **options)


def endpoint(body: str, parameters: str = "") -> str:
    """An endpoint `POST /trap` with this body."""
    lines = dedent(body).strip("\n").splitlines()
    return (
        "\n".join(
            ['@router.post("/trap")', f"async def trap({parameters}) -> Any:"]
            + [f"    {line}" for line in lines]
        )
        + "\n"
    )


def blocking(name: str, body: str, **options: Any) -> Trap:
    return trap(name, "blocking", endpoint(body), **options)


def database(name: str, body: str, detector: str = "database", **options: Any) -> Trap:
    return trap(
        name,
        detector,
        endpoint(body, "session: SessionDep, request: Request"),
        **{"clients": CLIENTS, **options},
    )


WITH_SERVER = """\
async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient, url: str) -> None:
    APP.include_router(router)
    response = await CLIENT.post("/trap", params={"url": url})
    assert response.status_code == 200
"""

WITH_USERS = """\
async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
    async with APP.state.sessionmaker() as session:
        session.add_all([new_user(f"user{n}") for n in range(8)])
        await session.commit()
    APP.include_router(router)
    response = await CLIENT.post("/trap")
    assert response.status_code == 200
"""

OWN_APP = """\
async def test_client() -> None:
    app = make_app()
    async with LifespanManager(app), client_of(app) as client:
        response = await client.post("/trap")
    assert response.status_code == 200
"""

TWICE = """\
async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
    APP.include_router(router)
    for _ in range(2):
        assert (await CLIENT.post("/trap")).status_code == 200
"""

IN_A_FIXTURE = """\
@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = make_app()
    async with LifespanManager(app), client_of(app) as client:
        yield client


async def test_client(client: httpx.AsyncClient) -> None:
    assert (await client.post("/trap")).status_code == 200
"""

IN_LIFESPAN = """\
@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    {body}
    yield


def make_app() -> FastAPI:
    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    return app


@router.post("/trap")
async def trap() -> None:
    pass
"""

LIBRARY = """\
CODE = '''
import asyncio, importlib.metadata

class Client:
    async def start(self):
        self.task = asyncio.get_running_loop().create_task(work())

    async def close(self):
        self.task.cancel()

class Counter:
    task = None

    async def count(self):
        if self.task is None:
            self.task = asyncio.get_running_loop().create_task(work())

class Middleware(Client):
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.start()
        open("pyproject.toml").close()
        await self.app(scope, receive, send)

async def work():
    while True:
        await asyncio.sleep(0.01)

async def load(path):
    with open(path) as file:
        return file.read()

def read(path):
    with open(path) as file:
        return file.read()

def version():
    return importlib.metadata.version("httpx")
'''
LIBRARY: dict[str, Any] = {"__name__": "library"}
exec(compile(CODE, "/opt/library.py", "exec"), LIBRARY)


"""

POSTS = """\
class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    posts: Mapped[list["Post"]] = relationship(back_populates="author")


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    author: Mapped[Author] = relationship(back_populates="posts")


async def create_tables(session: AsyncSession) -> None:
    connection = await session.connection()
    await connection.run_sync(Base.metadata.create_all)
    await session.commit()


"""

TRAPS: list[Trap] = [
    # --- blocking
    blocking("sleep", "time.sleep(0.06)  # <-"),
    blocking("sleep-short", "time.sleep(0.005)  # <-"),
    trap(
        "http-urllib",
        "blocking",
        endpoint("urllib.request.urlopen(url).close()  # <-", "url: str"),
        test=WITH_SERVER,
    ),
    trap("http-httpx", "blocking", endpoint("httpx.get(url)  # <-", "url: str"), test=WITH_SERVER),
    trap(
        "http-requests",
        "blocking",
        "import requests\n\n" + endpoint("requests.get(url)  # <-", "url: str"),
        test=WITH_SERVER,
    ),
    blocking("dns-getaddrinfo", 'socket.getaddrinfo("localhost", 80)  # <-'),
    blocking("dns-gethostbyname", 'socket.gethostbyname("localhost")  # <-'),
    blocking("file-open", "open(DATA).close()  # <-"),
    trap(
        "file-read",
        "blocking",
        endpoint("""
            file = await asyncio.to_thread(open, DATA, "rb", 0)
            file.read(10)  # <-
            await asyncio.to_thread(file.close)
        """),
    ),
    trap(
        "file-lines",
        "blocking",
        endpoint("""
            file = await asyncio.to_thread(open, DATA)
            lines = [line for line in file]  # <-
            await asyncio.to_thread(file.close)
        """),
    ),
    trap(
        "file-write",
        "blocking",
        endpoint("""
            file = await asyncio.to_thread(tempfile.TemporaryFile, "wb", 0)
            file.write(b"text")  # <-
            await asyncio.to_thread(file.close)
        """),
    ),
    blocking("file-read-text", "DATA.read_text()  # <-"),
    blocking("file-exists", "os.path.exists(DATA)  # <-"),
    blocking("file-path-exists", "DATA.exists()  # <-"),
    blocking("file-listdir", 'os.listdir(".")  # <-'),
    blocking("file-glob", 'import glob\nglob.glob("*.toml")  # <-'),
    blocking(
        "file-walk",
        'list(os.walk("app"))  # <-',
        says="os.walk() blocks the event loop in os.scandir()",
    ),
    blocking("file-copy", 'shutil.copy(DATA, DATA.with_suffix(".bak"))  # <-'),
    blocking("sqlite", 'sqlite3.connect(":memory:").close()  # <-'),
    trap(
        "psycopg",
        "blocking",
        "import psycopg\n\n"
        + endpoint(
            """
            url = request.app.state.settings.database_url.replace("+asyncpg", "")
            psycopg.connect(url).close()  # <-
            """,
            "request: Request",
        ),
    ),
    trap(
        "psycopg2",
        "blocking",
        "import psycopg2\n\n"
        + endpoint(
            """
            url = request.app.state.settings.database_url.replace("+asyncpg", "")
            psycopg2.connect(url).close()  # <-
            """,
            "request: Request",
        ),
    ),
    blocking("subprocess-run", 'subprocess.run(["true"], check=True)  # <-'),
    blocking("subprocess-system", 'os.system("true")  # <-'),
    blocking(
        "lock",
        """
        lock = threading.Lock()
        lock.acquire()
        threading.Timer(0.01, lock.release).start()
        with lock:  # <-
            pass
        """,
    ),
    blocking(
        "lock-future",
        """
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(time.sleep, 0.02)
            try:
                future.result()  # <-
            finally:
                await asyncio.sleep(0.05)
        """,
    ),
    blocking(
        "lock-event",
        """
        event = threading.Event()
        threading.Timer(0.01, event.set).start()
        event.wait()  # <-
        """,
    ),
    blocking(
        "lock-simple-queue",
        """
        waiting = queue.SimpleQueue()
        threading.Timer(0.01, waiting.put, [1]).start()
        waiting.get()  # <-
        """,
    ),
    blocking(
        "lock-join",
        """
        thread = threading.Thread(target=time.sleep, args=[0.05])
        thread.start()
        try:
            thread.join()  # <-
        finally:
            await asyncio.sleep(0.06)
        """,
        says="threading.Thread.join() blocks the event loop",
    ),
    blocking(
        "lock-pool",
        """
        with ThreadPoolExecutor(1) as pool:  # <-
            pool.submit(time.sleep, 0.05)
        """,
        says="concurrent.futures.Executor.__exit__() blocks the event loop in",
    ),
    blocking("hash-heavy", 'password_context.using(argon2__time_cost=3).hash("x")  # <-'),
    blocking("hash-light", 'password_context.hash("x")  # <-'),
    trap(
        "hash-verify",
        "blocking",
        'HASH = password_context.hash("x")\n\n\n'
        + endpoint('password_context.verify("x", HASH)  # <-'),
    ),
    trap(
        "hash-argon2",
        "blocking",
        "from argon2 import PasswordHasher\n\n"
        + endpoint('PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x")  # <-'),
    ),
    trap(
        "hash-bcrypt",
        "blocking",
        "import bcrypt\n\n" + endpoint('bcrypt.hashpw(b"x", bcrypt.gensalt(4))  # <-'),
    ),
    trap(
        "dep-blocking",
        "blocking",
        """
        async def dependency() -> None:
            time.sleep(0.01)  # <-


        @router.post("/trap", dependencies=[Depends(dependency)])
        async def trap() -> None:
            pass
        """,
    ),
    trap(
        "dep-generator-blocking",
        "blocking",
        """
        async def dependency() -> AsyncIterator[None]:
            yield
            time.sleep(0.01)  # <-


        @router.post("/trap", dependencies=[Depends(dependency)])
        async def trap() -> None:
            pass
        """,
    ),
    blocking(
        "swallowed",
        """
        try:
            time.sleep(0.01)  # <-
        except Exception:
            pass
        """,
    ),
    # --- blocking: what is read anew at each request
    blocking(
        "settings-in-endpoint",
        """
        class Settings(BaseSettings):
            model_config = SettingsConfigDict(env_file=DATA, extra="ignore")

        Settings()  # <-
        """,
    ),
    blocking(
        "settings-without-file-in-endpoint",
        """
        class Settings(BaseSettings):
            model_config = SettingsConfigDict(env_file="nowhere.env")

        Settings()  # <-
        """,
    ),
    trap(
        "settings-in-dependency",
        "blocking",
        """
        class Settings(BaseSettings):
            model_config = SettingsConfigDict(env_file=".env", extra="ignore")


        async def get_settings() -> Settings:
            return Settings()  # <-


        @router.post("/trap", dependencies=[Depends(get_settings)])
        async def trap() -> None: ...
        """,
    ),
    blocking("dotenv-in-endpoint", 'dotenv_values(".env")  # <-'),
    blocking("version-in-endpoint", 'importlib.metadata.version("fastapi")  # <-'),
    blocking("toml-in-endpoint", 'tomllib.loads(Path("pyproject.toml").read_text())  # <-'),
    blocking("package-data-in-endpoint", 'pkgutil.get_data("app", "main.py")  # <-'),
    blocking(
        "resource-in-endpoint", '(importlib.resources.files("app") / "main.py").read_text()  # <-'
    ),
    blocking("system-file-in-endpoint", 'Path("/etc/hostname").exists()  # <-'),
    blocking("alembic-in-endpoint", 'ScriptDirectory.from_config(Config("alembic.ini"))  # <-'),
    blocking("static-files-in-endpoint", 'StaticFiles(directory="app")  # <-'),
    trap(
        "library-in-endpoint",
        "blocking",
        LIBRARY + endpoint('LIBRARY["read"]("pyproject.toml")  # <-'),
    ),
    blocking("file-of-a-library-each-time", "certifi.contents()  # <-", test=TWICE),
    blocking(
        "template-each-time",
        """
        import jinja2

        environment = jinja2.Environment(loader=jinja2.FileSystemLoader(DATA.parent))
        environment.get_template("__init__.py")  # <-
        """,
        test=TWICE,
    ),
    trap(
        "template-that-reads-each-time",
        "blocking",
        "from fastapi.templating import Jinja2Templates\n\n"
        + LIBRARY
        + """
(DATA.parent / "reads.html").write_text("{{ read('pyproject.toml') }}")
TEMPLATES = Jinja2Templates(directory=DATA.parent)
TEMPLATES.env.globals["read"] = LIBRARY["read"]


@router.post("/trap")
async def trap(request: Request) -> Response:
    return TEMPLATES.TemplateResponse(request, "reads.html")  # <-
""",
        test=TWICE,
    ),
    trap(
        "template-to-file",
        "blocking",
        "import jinja2\n\nTEMPLATE = jinja2.Template('hello')\n\n\n"
        + endpoint('TEMPLATE.stream().dump("hello.txt")  # <-'),
    ),
    trap(
        "upload-copied",
        "blocking",
        """
        @router.post("/trap")
        async def trap(file: UploadFile) -> int:
            return len(file.file.read())  # <-
        """,
        test="""\
        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            APP.include_router(router)
            response = await CLIENT.post("/trap", files={"file": b"x" * 5_000_000})
            assert response.json() == 5_000_000
        """,
    ),
    trap(
        "log-handler-that-waits",
        "blocking",
        """
        class Mail(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                time.sleep(0.01)  # <-


        LOGGER = logging.getLogger("mail")
        LOGGER.addHandler(Mail())

        @router.post("/trap")
        async def trap() -> None:
            LOGGER.warning("a line")
        """,
    ),
    # --- slow
    trap("cpu", "slow", endpoint("sum(n * n for n in range(3_000_000))  # <-\nreturn None")),
    trap("block-c", "slow", endpoint("ctypes.CDLL(None).usleep(150_000)  # <-")),
    # --- warnings
    trap(
        "unawaited",
        "warnings",
        "async def save() -> None: ...\n\n\n" + endpoint("save()  # <-\nreturn None"),
    ),
    database(
        "unawaited-commit",
        """
        session.add(new_user())
        session.commit()  # <-
        return None
        """,
        "warnings",
        also={"database"},
    ),
    trap(
        "thread-loop",
        "warnings",
        endpoint("""
            loop = asyncio.get_running_loop()

            def tell() -> None:
                try:
                    loop.call_soon(print)  # <-
                except RuntimeError:
                    pass

            await asyncio.to_thread(tell)
        """),
    ),
    trap(
        "unclosed-socket",
        "warnings",
        endpoint("kept = socket.socket()  # <-\nreturn None"),
    ),
    trap(
        "unclosed-file",
        "warnings",
        endpoint("""
            def leave_open() -> None:
                open(DATA)  # <-

            await asyncio.to_thread(leave_open)
        """),
    ),
    trap(
        "unclosed-client",
        "warnings",
        endpoint("""
            client = httpx.AsyncClient(transport=httpx.MockTransport(  # <-
                lambda request: httpx.Response(200)))
            await client.get("http://test")
        """),
    ),
    trap(
        "unawaited-close",
        "warnings",
        "CLIENT = httpx.AsyncClient()\n\n\n" + endpoint("CLIENT.aclose()  # <-\nreturn None"),
        says="coroutine 'AsyncClient.aclose' was never awaited",
    ),
    trap(
        "unclosed-stream",
        "warnings",
        endpoint(
            """
            address = url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(*address)  # <-
            return None
            """,
            "url: str",
        ),
        test=WITH_SERVER,
        says="unclosed <StreamWriter",
    ),
    # --- tasks
    trap(
        "task-raises",
        "tasks",
        """
        async def work() -> None:
            raise ValueError("lost")  # <-


        @router.post("/trap")
        async def trap() -> None:
            asyncio.create_task(work())
        """,
    ),
    trap(
        "task-raises-kept",
        "tasks",
        """
        async def work() -> None:
            raise ValueError("lost")  # <-


        @router.post("/trap")
        async def trap() -> None:
            KEPT.append(asyncio.create_task(work()))
        """,
    ),
    trap(
        "task-leak",
        "tasks",
        endpoint("asyncio.create_task(asyncio.sleep(60))  # <-\nreturn None"),
    ),
    trap(
        "task-leak-kept",
        "tasks",
        endpoint("KEPT.append(asyncio.create_task(asyncio.sleep(60)))  # <-"),
    ),
    trap(
        "task-of-a-client",
        "tasks",
        LIBRARY + endpoint("KEPT.append(LIBRARY['Client']())\nawait KEPT[-1].start()  # <-"),
    ),
    trap(
        "swallow-cancel",
        "tasks",
        """
        async def work() -> None:
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    pass


        @router.post("/trap")
        async def trap() -> None:
            KEPT.append(asyncio.create_task(work()))  # <-
        """,
    ),
    trap(
        "swallow-everything",
        "tasks",
        """
        async def work() -> None:
            while True:
                try:
                    await asyncio.sleep(60)
                except:
                    pass


        @router.post("/trap")
        async def trap() -> None:
            KEPT.append(asyncio.create_task(work()))  # <-
            await asyncio.sleep(0)
        """,
        says="task work() was still running when the test was over, and swallowed its cancellation",
    ),
    trap(
        "swallow-everything-in-a-helper",
        "tasks",
        """
        async def work() -> None:
            while True:
                try:
                    await asyncio.sleep(60)
                except BaseException:
                    logging.getLogger("work").warning("again")


        async def run() -> None:
            await work()


        @router.post("/trap")
        async def trap() -> None:
            asyncio.create_task(run())  # <-
            await asyncio.sleep(0)
        """,
    ),
    trap(
        "swallowed-timeout",
        "tasks",
        endpoint("""
            async with asyncio.timeout(0.01):  # <-
                try:
                    await asyncio.sleep(60)
                except BaseException:
                    logging.getLogger("trap").warning("failed")
        """),
        says="a timeout expired without a TimeoutError: its cancellation was swallowed",
    ),
    trap(
        "swallowed-timeout-in-a-task",
        "tasks",
        """
        async def poll() -> list[int]:
            try:
                await asyncio.sleep(60)
            except:
                return []


        @router.post("/trap")
        async def trap() -> list[int]:
            async with asyncio.timeout(0.01):  # <-
                return await asyncio.create_task(poll())
        """,
    ),
    trap(
        "swallowed-wait-for",
        "tasks",
        """
        async def poll() -> None:
            for _ in range(2):
                try:
                    await asyncio.sleep(60 if not KEPT else 0)
                except asyncio.CancelledError as error:
                    KEPT.append(error)


        @router.post("/trap")
        async def trap() -> None:
            await asyncio.wait_for(poll(), 0.01)  # <-
        """,
    ),
    trap(
        "swallowed-timeout-then-an-error",
        "tasks",
        endpoint("""
            try:
                async with asyncio.timeout(0.01):  # <-
                    try:
                        await asyncio.sleep(60)
                    except BaseException:
                        pass
                    raise LookupError
            except LookupError:
                pass
        """),
    ),
    trap(
        "left-thread",
        "tasks",
        """
        def poll() -> None:
            time.sleep(3)


        @router.post("/trap")
        async def trap() -> None:
            threading.Thread(target=poll).start()  # <-
        """,
        says="thread poll() was still running when the test was over",
    ),
    trap(
        "left-thread-of-a-class",
        "tasks",
        """
        class Poller(threading.Thread):
            def run(self) -> None:
                time.sleep(3)


        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            app.state.poller = Poller()
            app.state.poller.start()  # <-
            yield


        def make_app() -> FastAPI:
            app = FastAPI(lifespan=lifespan)
            app.include_router(router)
            return app


        @router.post("/trap")
        async def trap() -> None:
            pass
        """,
        says="thread Poller was still running when the test was over",
        test=IN_A_FIXTURE,
    ),
    trap(
        "left-timer-of-a-thread",
        "tasks",
        """
        @router.post("/trap")
        def trap() -> None:
            threading.Timer(60, print).start()  # <-
        """,
        says="timer print() was still running when the test was over",
    ),
    trap(
        "left-multiprocess",
        "tasks",
        """
        def work() -> None:
            time.sleep(60)


        def start() -> None:
            process = multiprocessing.get_context("fork").Process(target=work)
            process.start()  # <-
            KEPT.append(process)


        @router.post("/trap")
        async def trap() -> None:
            await asyncio.to_thread(start)
        """,
        says="process work() was still running when the test was over",
    ),
    trap(
        "left-subprocess",
        "tasks",
        endpoint("""
            process = await asyncio.create_subprocess_exec(  # <-
                "sleep", "60", stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            KEPT.append(process)
        """),
        says="process 'sleep' had not been waited for when the test was over",
    ),
    trap(
        "left-subprocess-dropped",
        "tasks",
        endpoint('await asyncio.create_subprocess_exec("sleep", "60")  # <-'),
    ),
    trap(
        "left-subprocess-of-a-thread",
        "tasks",
        endpoint("""
            KEPT.append(await asyncio.to_thread(subprocess.Popen, ["sleep", "60"]))  # <-
        """),
    ),
    trap(
        "left-subprocess-that-has-ended",
        "tasks",
        endpoint("""
            KEPT.append(await anyio.to_thread.run_sync(subprocess.Popen, ["true"]))  # <-
        """),
    ),
    trap(
        "left-subprocess-of-anyio",
        "tasks",
        endpoint('KEPT.append(await anyio.open_process(["sleep", "60"]))  # <-'),
    ),
    trap(
        "left-timer",
        "tasks",
        """
        def expire(key: str) -> None:
            KEPT.remove(key)


        @router.post("/trap")
        async def trap() -> None:
            KEPT.append("key")
            asyncio.get_running_loop().call_later(300, expire, "key")  # <-
        """,
        says="timer expire() was still scheduled when the test was over",
    ),
    trap(
        "left-timer-that-sets-itself-anew",
        "tasks",
        """
        def poll() -> None:
            loop = asyncio.get_running_loop()
            loop.call_at(loop.time() + max(len(KEPT) - 1, 0) * 60, poll)  # <-
            KEPT.append(loop)


        @router.post("/trap")
        async def trap() -> None:
            asyncio.get_running_loop().call_soon(poll)
            await asyncio.sleep(0.05)
        """,
    ),
    trap(
        "left-signal-handler",
        "tasks",
        endpoint("signal.signal(signal.SIGUSR1, lambda *_: None)  # <-"),
        says="the handler of SIGUSR1 was still installed when the test was over",
    ),
    trap(
        "left-signal-handler-of-the-loop",
        "tasks",
        endpoint("""
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, print)  # <-
        """),
        says="the handler of SIGTERM was still installed when the test was over",
    ),
    # --- requests
    trap("hang", "requests", endpoint("await asyncio.Event().wait()  # <-")),
    trap(
        "hang-semaphore",
        "requests",
        """
        SEMAPHORE = asyncio.Semaphore(0)


        @router.post("/trap")
        async def trap() -> None:
            async with SEMAPHORE:  # <-
                pass
        """,
    ),
    trap(
        "hang-row-lock",
        "requests",
        endpoint(
            """
            await session.execute(update(User).values(full_name="Ada"))  # <-
            await session.commit()
            """,
            "session: SessionDep",
        ),
        test="""
        async def test_CLIENT(
            APP: FastAPI, CLIENT: httpx.AsyncClient, concurrent_session: AsyncSession
        ) -> None:
            APP.include_router(router)
            concurrent_session.add(new_user())
            await concurrent_session.commit()
            await concurrent_session.execute(select(User.id).with_for_update())  # holds
            response = await CLIENT.post("/trap")
            assert response.status_code == 200
        """,
        clients=("concurrent_client",),
    ),
    trap(
        "hang-advisory-lock",
        "requests",
        """
        LOCK = text("SELECT pg_advisory_xact_lock(1)")


        async def wait_for_it(sessions: Any) -> None:
            async with sessions() as session:
                await session.execute(LOCK)  # waits


        @router.post("/trap")
        async def trap(session: SessionDep, request: Request) -> None:
            await session.execute(LOCK)  # holds
            async with asyncio.TaskGroup() as tasks:
                for _ in range(2):
                    tasks.create_task(wait_for_it(request.app.state.sessionmaker))
                await asyncio.sleep(0)
                await asyncio.Event().wait()  # <-
        """,
        clients=("concurrent_client",),
    ),
    trap(
        "asyncio-run",
        "requests",
        "async def work() -> None: ...\n\n\n"
        + endpoint("""
            work_ = work()
            try:
                asyncio.run(work_)  # <-
            finally:
                work_.close()
        """),
    ),
    trap(
        "background-raises",
        "requests",
        """
        async def work() -> None:
            raise ValueError("lost")  # <-


        @router.post("/trap")
        async def trap(tasks: BackgroundTasks) -> None:
            tasks.add_task(work)
        """,
    ),
    trap(
        "commit-late",
        "requests",
        """
        async def get_session_that_commits(request: Request) -> AsyncIterator[AsyncSession]:
            async with request.app.state.sessionmaker() as session:
                yield session
                await session.commit()  # <-


        @router.post("/trap")
        async def trap(
            session: Annotated[AsyncSession, Depends(get_session_that_commits)]
        ) -> None:
            session.add(new_user())
            await session.flush()
        """,
        clients=CLIENTS,
    ),
    trap(
        "commit-late-unflushed",
        "requests",
        """
        async def get_session_that_commits(request: Request) -> AsyncIterator[AsyncSession]:
            async with request.app.state.sessionmaker() as session:
                yield session
                await session.commit()  # <-


        @router.post("/trap")
        async def trap(
            session: Annotated[AsyncSession, Depends(get_session_that_commits)]
        ) -> None:
            session.add(new_user())
        """,
        clients=CLIENTS,
    ),
    database(
        "duplicate-500",
        """
        session.add(new_user("user1"))
        await session.commit()  # <-
        """,
        "requests",
        test=WITH_USERS,
    ),
    database(
        "race-500",
        """
        if await session.scalar(select(User).where(User.email == "ada@example.com")):
            return JSONResponse({}, status_code=409)
        await asyncio.sleep(0.05)
        session.add(new_user())
        await session.commit()  # <-
        return None
        """,
        "requests",
        clients=("concurrent_client",),
        test="""\
        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            APP.include_router(router)
            responses = await asyncio.gather(
                *(CLIENT.post("/trap") for _ in range(2)), return_exceptions=True
            )
            assert 200 in [getattr(response, "status_code", None) for response in responses]
        """,
    ),
    database(
        "session-reuse",
        """
        session.add(new_user("user1"))
        try:
            await session.flush()
        except IntegrityError:
            pass
        await session.scalar(select(User))  # <-
        """,
        "requests",
        test=WITH_USERS,
    ),
    trap(
        "lazy-load",
        "requests",
        POSTS
        + """
@router.post("/trap")
async def trap(session: SessionDep) -> Any:
    post = (await session.scalars(select(Post))).one()
    return {"author": post.author.id}  # <-
""",
        clients=CLIENTS,
        test="""\
        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            async with APP.state.sessionmaker() as session:
                await create_tables(session)
                post = Post(author=Author())
                session.add(post)
                await session.commit()
                APP.include_router(router)
                response = await CLIENT.post("/trap")
                assert post.author.posts == [post]
            assert response.status_code == 200
        """,
    ),
    database(
        "session-gather",
        """
        await asyncio.gather(  # <-
            *(session.execute(text("SELECT pg_sleep(0.01)")) for _ in range(2)))
        """,
        "requests",
        clients=("concurrent_client",),
        also={"database", "tasks"},
    ),
    # --- database
    database(
        "commit-forgotten-insert",
        """
        session.add(new_user())  # <-
        await session.flush()
        """,
    ),
    database(
        "commit-forgotten-update",
        """
        user = (await session.scalars(select(User).limit(1))).one()
        user.full_name = "Ada"  # <-
        await session.flush()
        """,
        test=WITH_USERS,
    ),
    database(
        "commit-forgotten-delete",
        """
        user = (await session.scalars(select(User).limit(1))).one()
        await session.delete(user)  # <-
        await session.flush()
        """,
        test=WITH_USERS,
    ),
    database("commit-forgotten-add", "session.add(new_user())  # <-"),
    database(
        "commit-forgotten-core",
        """
        values = {"id": uuid.uuid4(), "email": "ada@example.com", "password_hash": "x"}
        await session.execute(insert(User).values(values))  # <-
        """,
    ),
    database(
        "commit-forgotten-core-update",
        'await session.execute(update(User).values(full_name="x"))  # <-',
        test=WITH_USERS,
    ),
    database(
        "commit-forgotten-text",
        """
        await session.execute(text("DELETE FROM users"))  # <-
        """,
        test=WITH_USERS,
    ),
    database(
        "commit-forgotten-async-for",
        """
        async for own in get_session(request):
            await own.execute(update(User).values(full_name="x"))  # <-
            break
        """,
        test=WITH_USERS,
    ),
    database(
        "commit-forgotten-only",
        """
        await session.execute(text("UPDATE ONLY users SET full_name = 'x'"))  # <-
        """,
        test=WITH_USERS,
        says="POST /trap answered 200, and never committed an UPDATE of users",
    ),
    database(
        "commit-forgotten-beside-temporary",
        """
        await session.execute(text("CREATE TEMP TABLE staging (id uuid)"))
        await session.execute(text("INSERT INTO staging SELECT id FROM users"))
        await session.execute(text("DELETE FROM users USING staging"))  # <-
        """,
        test=WITH_USERS,
        says="never committed a DELETE of users",
    ),
    database(
        "commit-forgotten-unlogged",
        """
        await session.execute(text("CREATE UNLOGGED TABLE cache (id int)"))
        await session.execute(text("INSERT INTO cache VALUES (1)"))  # <-
        """,
        says="never committed an INSERT of cache",
    ),
    database(
        "commit-after-error",
        """
        await session.execute(update(User).values(full_name="x"))  # <-
        try:
            await session.execute(update(User).values(email="same@example.com"))
        except IntegrityError:
            pass
        await session.commit()
        """,
        test=WITH_USERS,
        clients=("concurrent_client",),
        says="POST /trap committed after a statement had failed, which has taken back an UPDATE of"
        " users",
    ),
    database(
        "session-leak",
        """
        other = request.app.state.sessionmaker()  # <-
        KEPT.append(other)
        await other.execute(text("SELECT 1"))
        """,
    ),
    database(
        "session-leak-dropped",
        """
        other = request.app.state.sessionmaker()  # <-
        await other.execute(text("SELECT 1"))
        """,
    ),
    database(
        "session-leak-generator",
        """
        sessions = get_session(request)
        KEPT.append(sessions)
        own = await anext(sessions)  # <-
        await own.execute(text("SELECT 1"))
        """,
    ),
    trap(
        "session-leak-dependency",
        "database",
        """
        async def get_other(request: Request) -> AsyncSession:
            return request.app.state.sessionmaker()  # <-


        @router.post("/trap")
        async def trap(session: Annotated[AsyncSession, Depends(get_other)]) -> None:
            await session.execute(text("SELECT 1"))
        """,
        clients=CLIENTS,
    ),
    trap(
        "background-session",
        "database",
        """
        async def work(session: AsyncSession) -> None:
            await asyncio.sleep(0.01)
            session.add(new_user())  # <-
            await session.commit()


        @router.post("/trap")
        async def trap(request: Request, tasks: BackgroundTasks) -> None:
            async with request.app.state.sessionmaker() as session:
                await session.execute(text("SELECT 1"))
                tasks.add_task(work, session)
        """,
        clients=CLIENTS,
    ),
    database(
        "n-plus-1",
        """
        for id_ in (await session.scalars(select(User.id))).all():
            await session.scalar(select(User).where(User.id == id_))  # <-
        """,
        test=WITH_USERS,
    ),
    database(
        "n-plus-1-refresh",
        """
        for user in (await session.scalars(select(User))).all():
            await session.refresh(user)  # <-
        """,
        test=WITH_USERS,
    ),
    database(
        "n-plus-1-literals",
        """
        for email in (await session.scalars(select(User.email))).all():
            await session.execute(text(f"SELECT * FROM users WHERE email = '{email}'"))  # <-
        """,
        test=WITH_USERS,
        says="POST /trap sent the same SELECT 8 times: SELECT * FROM users WHERE email = 'user",
    ),
    database(
        "n-plus-1-limit",
        """
        for id_ in (await session.scalars(select(User.id))).all():
            await session.scalar(select(User).where(User.id == id_).limit(1))  # <-
        """,
        test=WITH_USERS,
    ),
    database(
        "n-plus-1-exists",
        """
        for id_ in (await session.scalars(select(User.id))).all():
            await session.scalar(select(select(User).where(User.id == id_).exists()))  # <-
        """,
        test=WITH_USERS,
    ),
    database(
        "n-plus-1-retried",
        """
        for id_ in (await session.scalars(select(User.id))).all():
            while True:
                if await session.scalar(select(User.email).where(User.id == id_)):  # <-
                    break
        """,
        test=WITH_USERS,
    ),
    trap(
        "n-plus-1-kinds",
        "database",
        """
        KINDS = ("guest", "admin")


        @router.post("/trap")
        async def trap(session: SessionDep) -> Any:
            for user in (await session.scalars(select(User))).all():
                for kind in KINDS:
                    await session.scalar(  # <-
                        select(User.id).where(User.full_name == kind, User.id == user.id))
        """,
        test=WITH_USERS,
        clients=CLIENTS,
        says="POST /trap sent the same SELECT 16 times: SELECT users.id FROM users",
    ),
    trap(
        "n-plus-1-helper",
        "database",
        """
        async def name_of(session: AsyncSession, user: User) -> str | None:
            return await session.scalar(  # <-
                select(User.full_name).where(User.password_hash == user.password_hash).limit(1))


        @router.post("/trap")
        async def trap(session: SessionDep) -> Any:
            # All have the same key, as with the one author of all posts.
            return [await name_of(session, user) for user in await session.scalars(select(User))]
        """,
        test=WITH_USERS,
        clients=CLIENTS,
        says="POST /trap sent the same SELECT 8 times: SELECT users.full_name FROM users",
    ),
    trap(
        "n-plus-1-stream",
        "database",
        """
        async def lines(session: AsyncSession) -> AsyncIterator[str]:
            for id_ in (await session.scalars(select(User.id))).all():
                user = await session.get_one(User, id_)  # <-
                yield f"{user.email}\\n"


        @router.post("/trap")
        async def trap(session: SessionDep) -> StreamingResponse:
            return StreamingResponse(lines(session), media_type="text/csv")
        """,
        test=WITH_USERS,
        clients=CLIENTS,
    ),
    trap(
        "n-plus-1-lazy",
        "database",
        POSTS
        + """
@router.post("/trap")
async def trap(session: SessionDep) -> Any:
    def count(session: Any) -> list[int]:
        return [len(author.posts) for author in session.scalars(select(Author))]  # <-

    return await session.run_sync(count)
""",
        clients=CLIENTS,
        test="""\
        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            async with APP.state.sessionmaker() as session:
                await create_tables(session)
                session.add_all([Author(posts=[Post()]) for _ in range(8)])
                await session.commit()
            APP.include_router(router)
            assert (await CLIENT.post("/trap")).json() == [1] * 8
        """,
    ),
    database(
        "naive-datetime",
        """
        user = (await session.scalars(select(User).limit(1))).one()
        user.created_at = datetime.now()
        await session.commit()  # <-
        """,
        test=WITH_USERS,
    ),
    database(
        "naive-datetime-where",
        "await session.scalar(select(User).where(User.created_at < datetime.now()))  # <-",
    ),
    # --- secrets
    trap(
        "password-plain",
        "secrets",
        endpoint(
            """
            session.add(User(email="ada@example.com", password_hash=password))
            await session.commit()  # <-
            """,
            "password: Annotated[str, Body(embed=True)], session: SessionDep",
        ),
        clients=CLIENTS,
    ),
    trap(
        "password-named-pass",
        "secrets",
        endpoint("return login", "login: dict[str, str]").replace(") -> Any:", ") -> Any:  # <-"),
        test="""\
        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            APP.include_router(router)
            response = await CLIENT.post("/trap", json={"user": "ada", "pass": PASSWORD})
            assert response.status_code == 200
        """,
        says="POST /trap answered 200 with the submitted password in `pass`",
    ),
    trap(
        "password-named-pass-beside-email",
        "secrets",
        endpoint("return {'pass': login['pass']}", "login: dict[str, str]").replace(
            ") -> Any:", ") -> Any:  # <-"
        ),
        test="""\
        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            APP.include_router(router)
            login = {"email": "ada@example.com", "pass": PASSWORD}
            response = await CLIENT.post("/trap", json=login)
            assert response.status_code == 200
        """,
    ),
    trap(
        "hash-leak",
        "secrets",
        endpoint(
            "return {'hash': await hash_password(password)}",
            "password: Annotated[str, Body(embed=True)]",
        ).replace(") -> Any:", ") -> Any:  # <-"),
    ),
    trap(
        "hash-leak-header",
        "secrets",
        endpoint(
            "response.headers['X-Hash'] = await hash_password(password)",
            "response: Response, password: Annotated[str, Body(embed=True)]",
        ).replace(") -> Any:", ") -> Any:  # <-"),
    ),
    trap(
        "password-echo",
        "secrets",
        endpoint(
            "return {'password': password}", "password: Annotated[str, Body(embed=True)]"
        ).replace(") -> Any:", ") -> Any:  # <-"),
    ),
    trap(
        "password-echo-422",
        "secrets",
        """
        class Registration(BaseModel):
            password: int


        def make_app() -> FastAPI:
            app = FastAPI()
            app.include_router(router)
            return app


        @router.post("/trap")
        async def trap(registration: Registration) -> None:  # <-
            pass
        """,
        test="""\
        async def test_client() -> None:
            async with client_of(make_app()) as client:
                response = await client.post("/trap", json={"password": "correct horse"})
            assert response.status_code == 422
        """,
    ),
    trap(
        "password-log",
        "secrets",
        endpoint(
            'logging.getLogger("app").warning("login with %s", password)  # <-',
            "password: Annotated[str, Body(embed=True)]",
        ),
    ),
    trap(
        "password-log-below-the-level",
        "secrets",
        "LOGGER = logging.getLogger('app.login')\nLOGGER.setLevel(logging.WARNING)\n\n\n"
        + endpoint(
            'LOGGER.info(f"login with {password}")  # <-',
            "password: Annotated[str, Body(embed=True)]",
        ),
        says="POST /trap logged the submitted password (logger `app.login`, INFO)",
    ),
    trap(
        "password-log-extra-below-the-level",
        "secrets",
        "LOGGER = logging.getLogger('app.login')\nLOGGER.setLevel(logging.WARNING)\n\n\n"
        + endpoint(
            'LOGGER.debug("login", extra={"form": {"password": password}})  # <-',
            "password: Annotated[str, Body(embed=True)]",
        ),
        says="POST /trap logged the submitted password (logger `app.login`, DEBUG)",
    ),
    trap(
        "password-log-in-a-thread",
        "secrets",
        endpoint(
            'await asyncio.to_thread(logging.getLogger("app").warning, "with %s", password)  # <-',
            "password: Annotated[str, Body(embed=True)]",
        ),
    ),
    trap(
        "password-log-url",
        "secrets",
        endpoint(
            'logging.getLogger("app").warning("%s", request.url)  # <-',
            "request: Request, password: str",
        ),
        test="""\
        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            APP.include_router(router)
            response = await CLIENT.post("/trap", params={"password": PASSWORD})
            assert response.status_code == 200
        """,
    ),
    trap(
        "password-log-basic",
        "secrets",
        "from fastapi.security import HTTPBasic, HTTPBasicCredentials\n\n\n"
        + endpoint(
            'logging.getLogger("app").warning("%s", login)  # <-',
            "login: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]",
        ),
        test="""\
        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            APP.include_router(router)
            response = await CLIENT.post("/trap", auth=("ada", PASSWORD))
            assert response.status_code == 200
        """,
    ),
    trap(
        "password-print",
        "secrets",
        endpoint(
            'print("login with", password)  # <-', "password: Annotated[str, Body(embed=True)]"
        ),
        says="POST /trap printed the submitted password",
    ),
    trap(
        "password-in-a-redirect",
        "secrets",
        "from urllib.parse import urlencode\n\n\n"
        + endpoint(
            "response.headers['Location'] = '/login?' + urlencode({'password': password})",
            "response: Response, password: Annotated[str, Body(embed=True)]",
        ).replace(") -> Any:", ") -> Any:  # <-"),
        says="POST /trap answered 200 with the submitted password in the header `location`",
    ),
    trap(
        "password-in-the-statement",
        "secrets",
        endpoint(
            """
            await session.execute(text(  # <-
                "INSERT INTO users (id, email, password_hash)"
                f" VALUES (gen_random_uuid(), 'ada@example.com', '{password}')"))
            await session.commit()
            """,
            "password: Annotated[str, Body(embed=True)], session: SessionDep",
        ),
        clients=CLIENTS,
        says="POST /trap stored the submitted password as it is in table users",
    ),
    trap(
        "password-by-sha256",
        "secrets",
        "import hashlib\n\n\n"
        + endpoint(
            """
            digest = hashlib.sha256(password.encode()).hexdigest()
            session.add(User(email="ada@example.com", password_hash=digest))
            await session.commit()  # <-
            """,
            "password: Annotated[str, Body(embed=True)], session: SessionDep",
        ),
        clients=CLIENTS,
        says="POST /trap stored the submitted password as its SHA256 in `password_hash` of table",
    ),
    # --- lifespan and middleware
    trap(
        "lifespan-blocking",
        "blocking",
        IN_LIFESPAN.format(body="time.sleep(0.01)  # <-"),
        test=OWN_APP,
    ),
    trap(
        "lifespan-subprocess",
        "blocking",
        IN_LIFESPAN.format(body='subprocess.run(["true"], check=True)  # <-'),
        test=OWN_APP,
    ),
    trap(
        "lifespan-dns",
        "blocking",
        IN_LIFESPAN.format(body='socket.getaddrinfo("localhost", 80)  # <-'),
        test=IN_A_FIXTURE,
    ),
    trap(
        "lifespan-sqlite",
        "blocking",
        IN_LIFESPAN.format(body='sqlite3.connect(":memory:").close()  # <-'),
        test=OWN_APP,
    ),
    trap(
        "lifespan-shutdown-file",
        "blocking",
        IN_LIFESPAN.format(body="...").replace("yield\n", "yield\n    DATA.read_text()  # <-\n"),
        test=OWN_APP,
    ),
    trap(
        "lifespan-shutdown-join",
        "blocking",
        """
        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            stopping = threading.Event()
            thread = threading.Thread(target=lambda: stopping.wait() and time.sleep(0.2))
            thread.start()
            yield
            stopping.set()
            thread.join()  # <-


        def make_app() -> FastAPI:
            app = FastAPI(lifespan=lifespan)
            app.include_router(router)
            return app


        @router.post("/trap")
        async def trap() -> None:
            pass
        """,
        also={"slow", "warnings"},
        test=OWN_APP,
    ),
    trap(
        "lifespan-entered-shutdown-file",
        "blocking",
        IN_LIFESPAN.format(body="...").replace("yield\n", "yield\n    DATA.read_text()  # <-\n"),
        test="""\
        async def test_client() -> None:
            app = make_app()
            async with app.router.lifespan_context(app), client_of(app) as client:
                assert (await client.post("/trap")).status_code == 200
        """,
    ),
    trap(
        "lifespan-task-file",
        "blocking",
        """
        async def work() -> None:
            DATA.read_text()  # <-
            while True:
                await asyncio.sleep(0.01)


        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(work)
                await asyncio.sleep(0.02)
                yield
                tasks.cancel_scope.cancel()


        def make_app() -> FastAPI:
            app = FastAPI(lifespan=lifespan)
            app.include_router(router)
            return app


        @router.post("/trap")
        async def trap() -> None: ...
        """,
        test=OWN_APP,
    ),
    trap(
        "factory-sleep",
        "blocking",
        """
        def make_app() -> FastAPI:
            app = FastAPI()
            app.include_router(router)
            time.sleep(0.005)  # <-
            return app


        @router.post("/trap")
        async def trap() -> None: ...
        """,
        test=IN_A_FIXTURE,
    ),
    trap(
        "factory-http",
        "blocking",
        """
        def make_app(url: str) -> FastAPI:
            app = FastAPI()
            urllib.request.urlopen(url).close()  # <-
            return app
        """,
        test="""\
        async def test_client(url: str) -> None:
            make_app(url)
        """,
    ),
    trap(
        "import-sleep",
        "blocking",
        "time.sleep(0.001)  # <-\n",
        test="""\
        import importlib
        import sys


        async def test_client() -> None:
            importlib.reload(sys.modules[new_user.__module__])
        """,
    ),
    trap(
        "endpoint-of-a-test",
        "blocking",
        """
        def load() -> str:
            return DATA.read_text()  # <-
        """,
        test="""\
        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            @APP.post("/trap")
            async def trap() -> str:
                return load()

            assert (await CLIENT.post("/trap")).status_code == 200
        """,
    ),
    trap(
        "service-awaited-by-itself",
        "blocking",
        """
        async def load() -> str:
            return DATA.read_text()  # <-
        """,
        test="""\
        async def test_client() -> None:
            assert await load()
        """,
    ),
    trap(
        "lifespan-task-raises",
        "tasks",
        """
        async def work() -> None:
            raise ValueError("lost")  # <-


        """
        + IN_LIFESPAN.format(body="KEPT.append(asyncio.create_task(work()))").replace(
            "\n", "\n        "
        ),
        test=OWN_APP,
    ),
    trap(
        "middleware-blocking",
        "blocking",
        """
        def make_app() -> FastAPI:
            app = FastAPI()
            app.include_router(router)

            @app.middleware("http")
            async def slow_down(request: Request, call_next: Any) -> Response:
                time.sleep(0.01)  # <-
                return await call_next(request)

            return app


        @router.post("/trap")
        async def trap() -> None:
            pass
        """,
        test=OWN_APP,
    ),
]

STREAM = """\
async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
    APP.include_router(router)
    response = await CLIENT.post("/trap")
    assert response.status_code == 200
    assert len(response.content) > 100
"""


def good(name: str, code: str, **options: Any) -> Case:
    return replace(Case(name, code), **options)


def good_database(name: str, body: str, before: str = "", **options: Any) -> Case:
    code = dedent(before) + endpoint(body, "session: SessionDep, request: Request")
    return good(name, code, **{"clients": CLIENTS, "test": WITH_USERS, **options})


def good_websocket(name: str, body: str, messages: int) -> Case:
    """A WebSocket that answers each of the messages `user0`, `user1`, ..., and ends by `bye`."""
    code = "".join(f"            {line}\n" for line in dedent(body).strip("\n").splitlines())
    return good(
        name,
        f"""\
@router.websocket("/socket")
async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    async with websocket.app.state.sessionmaker() as session:
        while (name := await websocket.receive_text()) != "bye":
{code}    await websocket.close()
""",
        clients=CLIENTS,
        test=f"""\
        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            APP.include_router(router)
            incoming = asyncio.Queue()
            incoming.put_nowait({{"type": "websocket.connect"}})
            for text in [*(f"user{{n}}" for n in range({messages})), "bye"]:
                incoming.put_nowait({{"type": "websocket.receive", "text": text}})
            sent = []

            async def send(message):
                sent.append(message.get("text"))

            scope = {{"type": "websocket", "path": "/socket", "raw_path": b"/socket", "headers": [],
                     "query_string": b"", "root_path": "", "scheme": "ws", "subprotocols": []}}
            await APP(scope, incoming.get, send)
            assert sent == [None, *["answer"] * {messages}, None]
        """,
    )


#: Good code: the gate has nothing to say.
GOOD: list[Case] = [
    good(
        "sync-endpoint",
        """
        def dependency() -> None:
            time.sleep(0.02)


        @router.post("/trap", dependencies=[Depends(dependency)])
        def trap() -> str:
            time.sleep(0.02)
            subprocess.run(["true"], check=True)
            return DATA.read_text()[:10]
        """,
    ),
    good(
        "threads",
        endpoint("""
            await asyncio.to_thread(time.sleep, 0.02)
            await anyio.to_thread.run_sync(DATA.read_text)
            await asyncio.to_thread(password_context.hash, "x")
            await asyncio.to_thread(socket.getaddrinfo, "localhost", 80)
            await asyncio.to_thread(cpu, 0.1)
        """),
    ),
    good(
        "process-pool",
        """
        @router.post("/trap")
        async def trap(request: Request) -> int:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(request.app.state.pool, sum, range(1_000_000))
        """,
        test="""\
        @pytest.fixture
        def pool() -> Iterator[ProcessPoolExecutor]:
            import multiprocessing

            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                pool.submit(int).result()
                yield pool


        async def test_CLIENT(
            APP: FastAPI, CLIENT: httpx.AsyncClient, pool: ProcessPoolExecutor
        ) -> None:
            APP.state.pool = pool
            APP.include_router(router)
            assert (await CLIENT.post("/trap")).status_code == 200
        """,
    ),
    good(
        "password-redacted-by-a-filter",
        """
        class Redact(logging.Filter):
            def filter(self, record: logging.LogRecord) -> bool:
                record.args = ("***",)
                return True


        LOGGER = logging.getLogger("app.redacted")
        LOGGER.setLevel(logging.WARNING)
        HANDLER = logging.StreamHandler(io.StringIO())
        HANDLER.addFilter(Redact())
        LOGGER.addHandler(HANDLER)


        @router.post("/trap")
        async def trap(password: Annotated[str, Body(embed=True)]) -> None:
            LOGGER.info("login with %s", password)
            LOGGER.warning("login with %s", password)
            print("a login")
        """,
    ),
    good("async-sleep", endpoint("await asyncio.sleep(0.3)")),
    good(
        "background-task",
        """
        async def work(request: Request) -> None:
            await asyncio.sleep(0.02)
            async with request.app.state.sessionmaker() as session:
                session.add(new_user())
                await session.commit()


        @router.post("/trap")
        async def trap(request: Request, tasks: BackgroundTasks, session: SessionDep) -> None:
            await session.execute(text("SELECT 1"))
            tasks.add_task(work, request)
        """,
        clients=CLIENTS,
    ),
    good(
        "task-that-ends",
        """
        async def work() -> None:
            await asyncio.sleep(0.01)


        @router.post("/trap")
        async def trap() -> None:
            KEPT.append(asyncio.create_task(work()))
        """,
        test="""\
        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            APP.include_router(router)
            assert (await CLIENT.post("/trap")).status_code == 200
            await asyncio.sleep(0.05)
        """,
    ),
    good(
        "task-group",
        endpoint("""
            async with asyncio.TaskGroup() as group:
                for _ in range(5):
                    group.create_task(asyncio.sleep(0.01))
            async with anyio.create_task_group() as other:
                other.start_soon(asyncio.sleep, 0.01)
        """),
    ),
    good(
        "lifespan-log-listener",
        """
        class SlowHandler(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                time.sleep(0.05)


        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            records: queue.Queue[Any] = queue.Queue()
            listener = logging.handlers.QueueListener(records, SlowHandler())
            listener.start()
            yield
            logging.handlers.QueueHandler(records).handle(logging.makeLogRecord({"msg": "bye"}))
            listener.stop()


        def make_app() -> FastAPI:
            app = FastAPI(lifespan=lifespan)
            app.include_router(router)
            return app


        @router.post("/trap")
        async def trap() -> None:
            pass
        """,
        test=OWN_APP,
    ),
    good(
        "lifespan-task",
        """
        async def tick() -> None:
            while True:
                await asyncio.sleep(0.01)


        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            task = asyncio.create_task(tick())
            yield
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass


        def make_app() -> FastAPI:
            app = FastAPI(lifespan=lifespan)
            app.include_router(router)
            return app


        @router.post("/trap")
        async def trap() -> None:
            await asyncio.sleep(0.02)
        """,
        test=OWN_APP,
    ),
    good(
        "factory",
        """
        import sentry_sdk
        import slowapi
        from fastapi.templating import Jinja2Templates

        (DATA.parent / "static").mkdir(exist_ok=True)
        (DATA.parent / "static" / "hello.txt").write_text("hello")


        def make_app() -> FastAPI:
            sentry_sdk.init(default_integrations=False)
            app = FastAPI(version=importlib.metadata.version("fastapi"))
            app.state.toml = tomllib.loads(Path("pyproject.toml").read_text())
            app.state.limiter = slowapi.Limiter(key_func=lambda: "all", config_filename=str(DATA))
            app.state.templates = Jinja2Templates(directory=DATA.parent)
            app.state.hash = password_context.hash("x")
            app.state.dotenv = dotenv_values(".env")
            app.mount("/static", StaticFiles(directory=DATA.parent / "static"))
            app.include_router(router)
            return app


        @router.post("/trap")
        async def trap(request: Request) -> dict[str, Any]:
            return request.app.state.toml
        """,
        test="""\
        import importlib
        import sys


        @pytest.fixture
        async def app() -> FastAPI:
            return make_app()


        async def test_client(app: FastAPI) -> None:
            importlib.reload(sys.modules[make_app.__module__])
            for each in (app, make_app()):
                async with client_of(each) as client:
                    assert (await client.post("/trap")).json()["project"]["name"] == "my_backend"
                    assert (await client.get("/static/hello.txt")).text == "hello"
        """,
    ),
    good(
        "lifespan-files",
        """
        class Lifespan:
            def __init__(self, app: FastAPI) -> None:
                self.text = DATA.read_text()

            async def __aenter__(self) -> None:
                await self.load()

            async def load(self) -> None:
                self.text = DATA.read_text()
                self.hash = password_context.hash(self.text[:10])

            async def __aexit__(self, *error: object) -> None: ...


        @asynccontextmanager
        async def of_router(app: FastAPI) -> AsyncIterator[None]:
            password_context.using(argon2__time_cost=4, argon2__memory_cost=65536).hash("x")
            DATA.read_text()
            yield


        @asynccontextmanager
        async def of_app(app: FastAPI) -> AsyncIterator[None]:
            async def load() -> None:
                await asyncio.sleep(0)
                DATA.read_text()

            async with AsyncExitStack() as stack:
                await stack.enter_async_context(Lifespan(app))
                sub = app.state.sub
                await stack.enter_async_context(sub.router.lifespan_context(sub))
                await asyncio.gather(load(), asyncio.wait_for(load(), 5))
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(load())
                cpu(0.1)
                yield


        def make_app() -> FastAPI:
            app = FastAPI(lifespan=of_app)
            app.state.sub = FastAPI(lifespan=Lifespan)
            app.mount("/sub", app.state.sub)
            other = APIRouter(lifespan=of_router)
            app.include_router(other)
            app.include_router(router)
            return app


        @router.post("/trap")
        async def trap() -> None: ...
        """,
        test="""\
        @pytest.fixture
        async def client() -> AsyncIterator[httpx.AsyncClient]:
            app = make_app()
            async with LifespanManager(app), client_of(app) as client:
                yield client


        async def test_client(client: httpx.AsyncClient) -> None:
            assert (await client.post("/trap")).status_code == 200
            app = FastAPI(lifespan=of_router)
            async with app.router.lifespan_context(app), Lifespan(app):
                assert app.version
        """,
    ),
    good(
        "lifespan-events",
        """
        def make_app() -> FastAPI:
            app = FastAPI()
            app.include_router(router)
            app.router.on_startup.append(read)
            app.router.on_startup.append(read_async)
            return app


        def read() -> None:
            DATA.read_text()


        async def read_async() -> None:
            DATA.read_text()


        @router.post("/trap")
        async def trap() -> None: ...
        """,
        test=OWN_APP,
    ),
    good(
        "files-of-libraries",
        """
        import sys

        # Its C code takes `open` when it is imported.
        for name in ("zoneinfo", "_zoneinfo"):
            sys.modules.pop(name, None)
        from zoneinfo import ZoneInfo


        @router.post("/trap")
        async def trap() -> Any:
            mimetypes.init()
            certifi.contents()
            datetime.now(ZoneInfo("Pacific/Chatham"))
            return mimetypes.guess_type("a.png")
        """,
    ),
    good(
        "files-of-a-stand-in",
        """
        @router.post("/trap")
        async def trap(request: Request) -> int:
            return (await request.app.state.http.get("http://elsewhere")).json()
        """,
        test="""\
        def answer(request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, json=len(DATA.read_text()))


        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            APP.include_router(router)
            async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
                APP.state.http = http
                assert (await CLIENT.post("/trap")).json() == len(DATA.read_text())
        """,
    ),
    good(
        "files-kept",
        """
        class Settings(BaseSettings):
            model_config = SettingsConfigDict(env_file=DATA, extra="ignore")


        @functools.cache
        def settings() -> Settings:
            return Settings()


        class Store:
            @functools.cached_property
            def text(self) -> str:
                return read()


        def read() -> str:
            return DATA.read_text()


        STORE = Store()


        @router.post("/trap")
        async def trap() -> int:
            return len(STORE.text) if settings() else 0
        """,
        test=TWICE,
    ),
    good(
        "templates",
        """
        from fastapi.templating import Jinja2Templates

        (DATA.parent / "page.html").write_text("{% include 'part.html' %}")
        (DATA.parent / "part.html").write_text("hello")
        (DATA.parent / "other.html").write_text("{% include 'part.html' %}")
        templates = Jinja2Templates(directory=DATA.parent)
        other_templates = Jinja2Templates(directory=DATA.parent)


        @router.post("/trap")
        async def trap(request: Request) -> Response:
            return templates.TemplateResponse(request, "page.html")


        @router.post("/other")
        async def other(request: Request) -> Response:
            return other_templates.TemplateResponse(request, "other.html")
        """,
        test="""\
        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            APP.include_router(router)
            for _ in range(2):
                assert (await CLIENT.post("/trap")).text == "hello"
                assert (await CLIENT.post("/other")).text == "hello"
        """,
    ),
    good(
        "library",
        LIBRARY
        + """
async def middleware(scope: Any, receive: Any, send: Any) -> None:
    await LIBRARY["Middleware"](FRAMEWORK)(scope, receive, send)


COUNTER = LIBRARY["Counter"]()
FRAMEWORK = FastAPI()


@router.post("/trap")
async def trap() -> str:
    await COUNTER.count()
    await LIBRARY["load"]("pyproject.toml")
    return LIBRARY["version"]()
""",
        test="""\
        async def test_client() -> None:
            FRAMEWORK.include_router(router)
            async with client_of(middleware) as client:
                assert (await client.post("/trap")).json() == httpx.__version__
        """,
    ),
    good(
        "metrics",
        """
        import prometheus_client


        @router.post("/trap")
        async def trap() -> Response:
            return Response(prometheus_client.generate_latest())
        """,
        test=TWICE,
    ),
    good(
        "task-of-a-library",
        """
        from sse_starlette import EventSourceResponse


        async def numbers() -> AsyncIterator[str]:
            for number in range(3):
                yield str(number)
                await asyncio.sleep(0)


        @router.post("/trap")
        async def trap() -> EventSourceResponse:
            return EventSourceResponse(numbers())
        """,
        test=TWICE,
    ),
    good(
        "file-response",
        """
        @router.post("/trap")
        async def trap() -> FileResponse:
            return FileResponse(DATA)
        """,
        test=STREAM,
    ),
    good(
        "streaming-rows",
        """
        async def emails(session: AsyncSession) -> AsyncIterator[str]:
            async for email in await session.stream_scalars(select(User.email)):
                await asyncio.sleep(0.001)
                yield email * 10


        @router.post("/trap")
        async def trap(session: SessionDep) -> StreamingResponse:
            return StreamingResponse(emails(session))
        """,
        test=WITH_USERS,
        clients=CLIENTS,
    ),
    good(
        "websocket",
        """
        @router.websocket("/echo")
        async def echo(websocket: WebSocket) -> None:
            await websocket.accept()
            await websocket.send_text(await websocket.receive_text())
            await websocket.close()
        """,
        test="""\
        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            APP.include_router(router)
            incoming = asyncio.Queue()
            for message in ({"type": "websocket.connect"},
                            {"type": "websocket.receive", "text": "hello"}):
                incoming.put_nowait(message)
            sent = []

            async def send(message):
                sent.append(message)

            scope = {"type": "websocket", "path": "/echo", "raw_path": b"/echo", "headers": [],
                     "query_string": b"", "root_path": "", "scheme": "ws", "subprotocols": []}
            await APP(scope, incoming.get, send)
            assert [m["type"] for m in sent] == [
                "websocket.accept", "websocket.send", "websocket.close"]
            assert sent[1]["text"] == "hello"
        """,
    ),
    good(
        "concurrent-reads-and-writes",
        """
        @router.post("/trap")
        async def trap(session: SessionDep, n: int) -> int:
            session.add(new_user(f"user{n}"))
            await session.commit()
            return await session.scalar(select(func.count()).select_from(User)) or 0
        """,
        clients=("concurrent_client",),
        test="""\
        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            APP.include_router(router)
            responses = await asyncio.gather(
                *(CLIENT.post("/trap", params={"n": n}) for n in range(20))
            )
            assert [r.status_code for r in responses] == [200] * 20
        """,
    ),
    good(
        "rollback-on-error",
        """
        @router.post("/trap")
        async def trap(session: SessionDep) -> JSONResponse:
            session.add(new_user())
            await session.flush()
            return JSONResponse({"detail": "no"}, status_code=400)
        """,
        clients=CLIENTS,
        test="""\
        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            APP.include_router(router)
            assert (await CLIENT.post("/trap")).status_code == 400
        """,
    ),
    good(
        "rollback-on-purpose",
        endpoint(
            """
            session.add(new_user())
            await session.flush()
            await session.rollback()
            """,
            "session: SessionDep",
        ),
        clients=CLIENTS,
    ),
    good_database(
        "rollback-by-exception",
        """
        try:
            async with request.app.state.sessionmaker() as own:
                own.add(new_user())
                await own.flush()
                raise ValueError("no")
        except ValueError as error:
            return {"errors": [str(error)]}
        """,
    ),
    good_database(
        "rollback-by-failed-statement",
        """
        await session.execute(update(User).values(full_name="x"))
        try:
            await session.execute(update(User).values(email="same@example.com"))
        except IntegrityError:
            return {"errors": ["email"]}
        """,
    ),
    good_database(
        "rollback-of-core",
        """
        try:
            async with request.app.state.sessionmaker.kw["bind"].connect() as connection:
                await connection.execute(update(User).values(full_name="x"))
                raise ValueError("no")
        except ValueError as error:
            return {"errors": [str(error)]}
        """,
        clients=("concurrent_client",),
    ),
    good_websocket(
        "rollback-in-a-websocket",
        """
        try:
            async with websocket.app.state.sessionmaker() as own:
                own.add(new_user(name))
                await own.flush()
                raise ValueError("no")
        except ValueError:
            await websocket.send_text("answer")
        """,
        messages=2,
    ),
    good_database(
        "temporary-table",
        """
        await session.execute(text('CREATE TEMP TABLE "Staging" (id uuid) ON COMMIT DROP'))
        await session.execute(text('INSERT INTO "Staging" SELECT id FROM users'))
        await session.execute(text('WITH one AS (SELECT 1) UPDATE ONLY "Staging" SET id = NULL'))
        await session.execute(text("SELECT id INTO TEMPORARY picked FROM users"))
        await session.execute(text("DELETE FROM picked"))
        await session.execute(text("CREATE TABLE pg_temp.other (id int)"))
        await session.execute(text("INSERT INTO pg_temp.other VALUES (1)"))
        """,
    ),
    good_database(
        "temporary-table-mapped",
        """
        await (await session.connection()).run_sync(Base.metadata.create_all)
        session.add_all([Row(id=n) for n in range(3)])
        await session.flush()
        await session.execute(insert(Row), [{"id": n} for n in range(3, 6)])
        return await session.scalar(select(func.count()).select_from(Row))
        """,
        before="""
        class Base(DeclarativeBase):
            pass


        class Row(Base):
            __tablename__ = "staging"
            __table_args__ = {"prefixes": ["TEMPORARY"]}
            id: Mapped[int] = mapped_column(primary_key=True)


        """,
    ),
    good(
        "nested",
        endpoint(
            """
            async with session.begin_nested():
                session.add(new_user("user90"))
            try:
                async with session.begin_nested():
                    session.add(new_user("user90"))
            except IntegrityError:
                pass
            await session.commit()
            """,
            "session: SessionDep",
        ),
        clients=CLIENTS,
    ),
    good(
        "begin",
        endpoint(
            """
            async with request.app.state.sessionmaker.begin() as session:
                session.add(new_user())
            """,
            "request: Request",
        ),
        clients=CLIENTS,
    ),
    good(
        "read-only",
        endpoint(
            "return [u.email for u in await session.scalars(select(User))]", "session: SessionDep"
        ),
        clients=CLIENTS,
        test=WITH_USERS,
    ),
    good_database(
        "pages",
        """
        last, offset = uuid.UUID(int=0), 0
        query = select(User).where(User.password_hash == "not a hash").order_by(User.id)
        while users := (await session.scalars(query.where(User.id > last).limit(1))).all():
            last = users[-1].id
        while (await session.scalars(query.limit(1).offset(offset))).all():
            offset += 1
        return offset
        """,
    ),
    good_database(
        "chunks",
        """
        ids = (await session.scalars(select(User.id))).all() * 2
        for n in range(0, 16, 2):
            await session.scalars(select(User).where(User.id.in_(ids[n : n + 2])))
            await session.scalars(
                select(User).where(User.is_active == True, User.id.in_(ids[n : n + 2])))
            await session.execute(
                text("SELECT * FROM users WHERE id = ANY(:ids)"), {"ids": ids[n : n + 2]})
        while ids := (await session.scalars(select(User.id).limit(1))).all():
            await session.execute(delete(User).where(User.id.in_(ids)))
        await session.commit()
        """,
    ),
    good_database(
        "parts-of-one-key",
        """
        same = User.password_hash == "not a hash"
        all_ = (await session.scalars(select(User.email).order_by(User.email))).all() * 2
        for n in range(0, 16, 2):
            few = all_[n : n + 2]
            await session.scalars(select(User).where(same, User.email.between(all_[n], few[-1])))
            await session.scalars(
                select(User).where(same, User.email == any_(array(all_[n : n + 2]))))
        for day in range(1, 9):
            await session.scalar(
                select(func.count(User.id))
                .where(same, User.created_at < datetime(2026, 1, day, tzinfo=UTC)))
        """,
    ),
    good_database(
        "queue",
        """
        query = select(User).where(User.full_name.is_(None)).limit(1)
        while user := await session.scalar(query.with_for_update(skip_locked=True)):
            user.full_name = "done"
            await session.commit()
        for id_ in (await session.scalars(select(User.id))).all():
            await session.scalar(select(User).where(User.id == id_).with_for_update())
        """,
    ),
    good_database(
        "transactions-of-their-own",
        """
        for id_ in (await session.scalars(select(User.id))).all():
            (await session.get_one(User, id_)).full_name = "x"
            await session.commit()
            session.expunge_all()
        for attempt in range(8):
            user = await session.scalar(select(User).where(User.email == "user1@example.com"))
            user.full_name = str(attempt)
            await (session.commit() if attempt == 7 else session.rollback())
        """,
    ),
    good_database(
        "poll",
        """
        query = select(User).where(User.email == "user1@example.com")
        for delay in [0, 0, 0, 0, 0, 0, 0.001, 0.001]:
            user = await session.scalar(query)
            await session.refresh(user)
            await asyncio.sleep(delay)
        for user in (await session.scalars(select(User).limit(3))).all():
            delays = [0.001, 0, 0]
            while delays and not await session.scalar(
                select(User.full_name).where(User.id == user.id)
            ):
                await asyncio.sleep(delays.pop())
        """,
    ),
    good_database(
        "as-often-as-it-takes",
        """
        email, number = "user0@example.com", 0
        while await session.scalar(select(User.id).where(User.email == email)):
            number += 1
            email = f"user{number}@example.com"
        for number in itertools.count():
            email = f"user{number}@example.com"
            if not await is_taken(session, email):
                break
        return {
            role: await session.scalar(
                select(func.count(User.id)).where(User.full_name == role.value))
            for role in Role
        }
        """,
        before="""
        class Role(enum.Enum):
            GUEST, READER, WRITER, EDITOR, ADMIN, OWNER = "guest", "reader", "writer", "e", "a", "o"


        async def is_taken(session: AsyncSession, email: str) -> bool:
            return await session.scalar(select(User).where(User.email == email)) is not None


        """,
    ),
    good_database(
        "look-ups-without-a-loop",
        """
        return [
            await name_of(session, "user1"),
            await name_of(session, "user2"),
            await name_of(session, "user3"),
            await name_of(session, "user4"),
            await name_of(session, "user5"),
            await name_of(session, "user6"),
        ]
        """,
        before="""
        async def name_of(session: AsyncSession, name: str) -> str | None:
            return await session.scalar(
                select(User.full_name).where(User.email == f"{name}@example.com"))


        """,
    ),
    good(
        "tree",
        """
        class Base(DeclarativeBase):
            pass


        class Node(Base):
            __tablename__ = "nodes"
            id: Mapped[int] = mapped_column(primary_key=True)
            parent_id: Mapped[int | None] = mapped_column(ForeignKey("nodes.id"))
            children: Mapped[list["Node"]] = relationship()


        @router.post("/trap")
        async def trap(session: SessionDep) -> list[int]:
            eager = selectinload(Node.children, recursion_depth=-1)
            root = await session.scalar(select(Node).where(Node.id == 1).options(eager))
            session.expunge_all()
            path = [await session.get_one(Node, 8)]
            while path[-1].parent_id:
                path.append(await session.get_one(Node, path[-1].parent_id))
            return [node.id for node in path]
        """,
        clients=CLIENTS,
        test="""\
        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            async with APP.state.sessionmaker() as session:
                await (await session.connection()).run_sync(Base.metadata.create_all)
                session.add_all([Node(id=n, parent_id=n - 1 or None) for n in range(1, 9)])
                await session.commit()
            APP.include_router(router)
            assert (await CLIENT.post("/trap")).json() == [8, 7, 6, 5, 4, 3, 2, 1]
        """,
    ),
    good(
        "event-stream",
        """
        async def events(session: AsyncSession) -> AsyncIterator[str]:
            for name in range(8):
                user = await session.scalar(select(User).where(User.full_name == str(name)))
                yield f"data: {name} {user}\\n\\n"


        @router.post("/trap")
        async def trap(session: SessionDep) -> StreamingResponse:
            return StreamingResponse(events(session), media_type="text/event-stream")
        """,
        test=STREAM,
        clients=CLIENTS,
    ),
    good_websocket(
        "look-ups-of-a-websocket",
        """
        await session.scalar(select(User).where(User.full_name == name))
        await websocket.send_text("answer")
        """,
        messages=8,
    ),
    good(
        "bulk-insert",
        endpoint(
            """
            rows = [{"id": uuid.uuid4(), "email": f"u{n}@example.com", "password_hash": "x"}
                    for n in range(1000)]
            await session.execute(insert(User), rows)
            session.add_all([new_user(f"orm{n}") for n in range(1000)])
            await session.commit()
            """,
            "session: SessionDep",
        ),
        clients=CLIENTS,
    ),
    good(
        "upload",
        """
        @router.post("/trap")
        async def trap(file: UploadFile) -> int:
            return len(await file.read())
        """,
        test="""\
        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            APP.include_router(router)
            response = await CLIENT.post("/trap", files={"file": b"x" * 5_000_000})
            assert response.json() == 5_000_000
        """,
    ),
    good(
        "logging",
        endpoint("""
            logging.getLogger("app").warning("a line")
            logging.getLogger("app").info("another %s", "line")
            print("to stdout")
            try:
                raise ValueError("x")
            except ValueError:
                logging.getLogger("app").exception("with a traceback")
        """),
    ),
    good(
        "logging-to-files",
        """
        import loguru
        import structlog


        class Lines(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                with open(LOGS / "lines.log", "a") as file:
                    file.write(self.format(record) + "\\n")


        LOGS = Path(tempfile.mkdtemp())
        RECORDS = queue.Queue()


        def make_app() -> FastAPI:
            handlers = {
                "file": {
                    "class": "logging.FileHandler", "filename": LOGS / "file.log", "delay": True,
                },
                "rotating": {
                    "class": "logging.handlers.RotatingFileHandler",
                    "filename": LOGS / "rotating.log", "maxBytes": 20, "backupCount": 2,
                },
                "timed": {
                    "class": "logging.handlers.TimedRotatingFileHandler",
                    "filename": LOGS / "timed.log", "when": "S", "backupCount": 1,
                },
                "watched": {
                    "class": "logging.handlers.WatchedFileHandler",
                    "filename": LOGS / "watched.log",
                },
            }
            logging.config.dictConfig({
                "version": 1,
                "disable_existing_loggers": False,
                "handlers": handlers,
                "loggers": {"files": {"handlers": list(handlers)}},
            })
            files = logging.getLogger("files")
            files.addHandler(Lines())
            files.addHandler(logging.handlers.QueueHandler(RECORDS))
            loguru.logger.add(LOGS / "loguru.log", rotation="20 B", retention=2, watch=True)
            app = FastAPI()
            app.state.structured = structlog.PrintLogger(open(LOGS / "structured.log", "a"))
            app.include_router(router)
            return app


        @router.post("/trap")
        async def trap(request: Request) -> None:
            for _ in range(3):
                logging.getLogger("files").warning("a line of some length")
                loguru.logger.info("a line of some length")
                request.app.state.structured.info("a line")
        """,
        test="""\
        async def test_client() -> None:
            app = make_app()
            async with client_of(app) as client:
                assert (await client.post("/trap")).status_code == 200
                (LOGS / "watched.log").rename(LOGS / "rotated.log")
                assert (await client.post("/trap")).status_code == 200
            assert {"file.log", "lines.log", "rotating.log.1", "structured.log", "watched.log"} <= {
                path.name for path in LOGS.iterdir()
            }
            app.state.structured._file.close()
            loguru.logger.remove()
            logging.shutdown()
        """,
    ),
    good("first-import", endpoint("import xmlrpc.server\nimport mailbox\nimport turtledemo")),
    good(
        "errors",
        """
        @router.post("/trap")
        async def trap(number: int) -> None:
            from app.errors import EmailTaken

            raise EmailTaken
        """,
        test="""\
        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            APP.include_router(router)
            assert (await CLIENT.post("/nowhere")).status_code == 404
            assert (await CLIENT.post("/trap")).status_code == 422
            assert (await CLIENT.post("/trap?number=1")).status_code == 409
        """,
    ),
    good(
        "values",
        endpoint("""
            return {"now": datetime.now(UTC), "id": uuid.uuid4(), "price": Decimal("1.10")}
        """),
    ),
    good(
        "aware-datetime",
        endpoint(
            """
            user = (await session.scalars(select(User).limit(1))).one()
            user.created_at = datetime.now(UTC)
            await session.commit()
            """,
            "session: SessionDep",
        ),
        clients=CLIENTS,
        test=WITH_USERS,
    ),
    good(
        "factories",
        POSTS
        + """
class Comment(Base):
    __tablename__ = "comments"
    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    post: Mapped[Post] = relationship()
    title: Mapped[str] = mapped_column(String(5))
    remark: Mapped[str | None]
    due: Mapped[datetime] = mapped_column(DateTime(timezone=True))
""",
        test="""\
        async def test_CLIENT(session: AsyncSession) -> None:
            from tests.factories import RowFactory, UserFactory

            class CommentFactory(RowFactory[Comment]): ...

            await create_tables(session)
            post = Post(author=Author())
            comment = await CommentFactory.add(session, post=post)
            assert comment.post_id == post.id
            assert 0 < len(comment.title) <= 5
            assert comment.remark is None
            assert comment.due.tzinfo is UTC
            users = [await UserFactory.add(session, full_name="Ada") for _ in range(2)]
            assert {user.full_name for user in users} == {"Ada"}
            assert password_context.verify(PASSWORD, users[1].password_hash)
        """,
    ),
    good(
        "no-passwords",
        endpoint("return order", "order: dict[str, Any]"),
        test="""\
        ORDERS = [
            {"pass": "three-day ski pass", "days": 3},
            {"email": "ada@example.com", "pass": "three-day ski pass"},
            {"email": "ada@example.com", "pass": "three-day", "phone": "+43 1 234"},
            {"guest": {"email": "ada@example.com"}, "items": [{"pass": "adult, one season"}]},
            {"boarding_pass": "LH 400, seat 12A", "passport": "C01X00T47", "pass_type": "adult-3d"},
            {"user": "deploy", "command": "ls", "pwd": "/srv/app/current"},
            {"door": "north entrance", "passcode": "49302177x"},
            {"password_hint": "the name of my first cat"},
        ]


        async def test_CLIENT(APP: FastAPI, CLIENT: httpx.AsyncClient) -> None:
            APP.include_router(router)
            for order in ORDERS:
                assert (await CLIENT.post("/trap", json=order)).json() == order
        """,
    ),
    good(
        "free-lock",
        """
        LOCK = threading.Lock()


        @router.post("/trap")
        async def trap() -> None:
            with LOCK:
                KEPT.append(1)
        """,
    ),
    good(
        "async-http",
        """
        @router.post("/trap")
        async def trap(url: str) -> int:
            async with httpx.AsyncClient() as client:
                return (await client.get(url)).status_code
        """,
        test=WITH_SERVER,
    ),
    good(
        "async-subprocess",
        endpoint("""
            process = await asyncio.create_subprocess_exec("true")
            await process.wait()
        """),
    ),
    good(
        "expired-timeouts",
        """
        async def clean_up() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(0)


        async def translate() -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                raise LookupError from None


        async def fail_to_clean_up() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                raise LookupError


        async def group() -> None:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(asyncio.sleep(60))


        async def nested() -> None:
            async with asyncio.timeout(0.01):
                async with asyncio.timeout(0.01):
                    await asyncio.sleep(60)


        async def retry() -> None:
            for _ in range(3):
                try:
                    async with asyncio.timeout(0.01):
                        await asyncio.sleep(60)
                except TimeoutError:
                    await asyncio.sleep(0)
            raise TimeoutError


        WORK = (clean_up, translate, fail_to_clean_up, group, nested, retry)


        @router.post("/trap")
        async def trap() -> None:
            for work in WORK:
                try:
                    async with asyncio.timeout(0.1):
                        await work()
                except (TimeoutError, LookupError) as error:
                    KEPT.append(error)
                try:
                    await asyncio.wait_for(work(), 0.1)
                except (TimeoutError, LookupError) as error:
                    KEPT.append(error)
            assert len(KEPT) == 2 * len(WORK)
            async with asyncio.timeout(5):
                task = asyncio.create_task(asyncio.sleep(60))
                task.cancel()
                try:
                    await task
                except asyncio.CancelledError:
                    pass
        """,
    ),
    good(
        "nothing-left-behind",
        """
        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            loop, stopping = asyncio.get_running_loop(), threading.Event()
            thread = threading.Thread(target=stopping.wait)
            thread.start()
            timer = loop.call_later(300, print)
            before = signal.signal(signal.SIGUSR1, lambda *_: None)
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stopping.set)
            process = await asyncio.create_subprocess_exec("sleep", "60")
            yield
            process.kill()
            await process.wait()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
            signal.signal(signal.SIGUSR1, before)
            timer.cancel()
            stopping.set()
            await asyncio.to_thread(thread.join)


        def make_app() -> FastAPI:
            app = FastAPI(lifespan=lifespan)
            app.include_router(router)
            return app


        @router.post("/trap")
        async def trap() -> None:
            asyncio.get_running_loop().call_later(0.02, print)
            threading.Thread(target=time.sleep, args=[0.02]).start()
            threading.Thread(target=time.sleep, args=[1], daemon=True).start()
            KEPT.append(ThreadPoolExecutor(1).submit(time.sleep, 0.5))
            await asyncio.to_thread(subprocess.run, ["true"], check=True)
            with await asyncio.to_thread(subprocess.Popen, ["true"]) as process:
                await asyncio.to_thread(process.wait)
        """,
        test=IN_A_FIXTURE,
    ),
    good(
        "what-outlives-a-test",
        """
        def start() -> threading.Event:
            stopping = threading.Event()
            threading.Thread(target=stopping.wait).start()
            return stopping


        @router.post("/trap")
        async def trap() -> None:
            pass
        """,
        test="""\
        @pytest.fixture(scope="module", autouse=True)
        async def service() -> AsyncIterator[None]:
            stopping = start()
            timer = asyncio.get_running_loop().call_later(300, print)
            process = await asyncio.create_subprocess_exec("sleep", "60")
            before = signal.signal(signal.SIGUSR2, lambda *_: None)
            yield
            signal.signal(signal.SIGUSR2, before)
            process.kill()
            await process.wait()
            timer.cancel()
            stopping.set()


        async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
            app.include_router(router)
            assert (await client.post("/trap")).status_code == 200
        """,
    ),
]
