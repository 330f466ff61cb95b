"""Print how many requests the baked app answers, and how many FastAPI does without the rest.

Run it by `uv run --directory tests python -m tools.benchmark_requests`.

Each app is served by one process of uvicorn, and one client keeps it busy, in turns. Both log each
request: FastAPI alone by uvicorn's access log, the baked app by its own. What counts is
the processor time of the server, so that a busy machine changes little: a process that does nothing
else answers that many requests in a second.
"""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import httpx
from support.project import NOT_OURS, bake, uv_path
from test_baked_suite import load_embedded, wait_until
from test_many_processes import is_up

ROUNDS = 5
REQUESTS = 1600
CONNECTIONS = 8
SECRET_KEY = "the key of a benchmark, which is no secret"

# The same answers by FastAPI and asyncpg alone: no ORM, settings, layers, or problem details.
PLAIN = '''
import os
from contextlib import asynccontextmanager
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
import jwt
from fastapi import Depends, FastAPI, Request
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel

from app.users.schemas import UserOut

SELECT = """SELECT users.id, users.email, users.password_hash, users.full_name, users.is_active,
users.created_at, users.version, users.token_version, users.email_verified FROM users
WHERE users.id = $1 AND users.token_version = $2
AND EXISTS (SELECT * FROM logins WHERE logins.id = $3)"""


class Health(BaseModel):
    status: Literal["ok"] = "ok"


@asynccontextmanager
async def lifespan(app):
    url = os.environ["DATABASE_URL"].replace("+asyncpg", "")
    async with asyncpg.create_pool(url) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/health")
async def health() -> Health:
    return Health()


@app.get("/users/me")
async def me(
    request: Request, token: Annotated[str, Depends(OAuth2PasswordBearer("login"))]
) -> UserOut:
    claims = jwt.decode(
        token, os.environ["SECRET_KEY"], ["HS256"], options={"verify_aud": False}
    )
    keys = UUID(claims["sub"]), claims["ver"], UUID(claims["sid"])
    row = await request.app.state.pool.fetchrow(SELECT, *keys)
    return UserOut(**row)
'''

USER = {"email": "ada@example.com", "password": "correct horse battery staple"}
FORM = {"username": USER["email"], "password": USER["password"]}


def main() -> None:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        # With a port, which asyncpg alone can connect to.
        server = stack.enter_context(load_embedded().running_server(over_tcp=True))
        environment = {name: text for name, text in os.environ.items() if name not in NOT_OURS}
        environment |= {"DATABASE_URL": server.url(), "SECRET_KEY": SECRET_KEY}
        project = bake(Path(folder)).path
        (project / "plain.py").write_text(PLAIN, encoding="utf-8")
        run(uv_path(), "sync", "--quiet", "--frozen", cwd=project, environment=environment)
        python = str(project / ".venv/bin/python")
        run(python, "-m", "alembic", "upgrade", "head", cwd=project, environment=environment)
        ports = {"plain:app": 8701, "app.main:app": 8702}
        servers = {
            app: stack.enter_context(served(python, app, port, project, environment))
            for app, port in ports.items()
        }
        url = f"http://127.0.0.1:{ports['app.main:app']}"
        httpx.post(f"{url}/auth/register", json=USER).raise_for_status()
        login = httpx.post(f"{url}/auth/login", data=FORM).raise_for_status()
        token = login.json()["access_token"]
        for path, headers in {
            "/health": "",
            "/users/me": f"Authorization: Bearer {token}\r\n",
        }.items():
            request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode()
            rates: dict[str, list[float]] = {app: [] for app in servers}
            for number in range(ROUNDS + 1):
                for app, pid in servers.items():
                    before = processor_seconds(pid)
                    asyncio.run(send(request, ports[app]))
                    if number:
                        rates[app].append(REQUESTS / (processor_seconds(pid) - before))
            plain, baked = (median(of_app) for of_app in rates.values())
            print(f"{path:10} FastAPI {plain:6.0f}/s, baked {baked:6.0f}/s: {baked / plain:.2f}")


def run(*command: str, cwd: Path, environment: dict[str, str]) -> None:
    subprocess.run(command, cwd=cwd, env=environment, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def served(
    python: str, app: str, port: int, project: Path, environment: dict[str, str]
) -> Iterator[int]:
    """Serve an app, and yield the process id."""
    command = [python, "-m", "uvicorn", app, "--port", str(port)]
    with (
        (project / f"{port}.log").open("w", encoding="utf-8") as log,
        subprocess.Popen(command, cwd=project, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            assert wait_until(lambda: is_up(f"http://127.0.0.1:{port}"), 30)
            yield process.pid
        finally:
            process.terminate()


def processor_seconds(pid: int) -> float:
    """Return how long the threads of a process have had a processor (proc(5), schedstat)."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


async def send(request: bytes, port: int) -> None:
    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(REQUESTS // CONNECTIONS):
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert head.startswith(b"http/1.1 200"), head
            length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))


if __name__ == "__main__":
    main()
