"""Does the baked app bound what it reads, and does its own test find a broken contract?"""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.project import Project
from test_baked_suite import wait_until
from test_dev import free_port, status

MB = 1_000_000
TOO_LARGE = {
    "type": "/problems/body-too-large",
    "title": "Body too large",
    "status": 413,
    "detail": "The body of the request is larger than this server accepts.",
}


class Server:
    """The app under uvicorn. No request of these tests gets to a database."""

    def __init__(self, project: Project) -> None:
        self.port = free_port()
        python = Path(project.environment["UV_PROJECT_ENVIRONMENT"]) / "bin" / "python"
        self.process = subprocess.Popen(
            [python, "-m", "uvicorn", "app.main:app", f"--port={self.port}"],
            cwd=project.path,
            env=project.environment
            | {"DATABASE_URL": "postgresql://127.0.0.1:1/none", "SECRET_KEY": os.urandom(32).hex()},
        )

    def is_up(self) -> bool:
        return status(self.port, "/health") == 200

    def peak(self) -> int:
        """Return the most memory that the process has used, in bytes."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8").splitlines()
        [peak] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
        return int(peak) * 1024

    def send(self, method: str, path: str, parts: list[bytes], *, chunked: bool) -> tuple[int, Any]:
        """Send JSON in parts. The connection has to serve another request afterwards."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Content-Type": "application/json"}
        if not chunked:
            headers["Content-Length"] = str(sum(map(len, parts)))
        connection.request(method, path, iter(parts), headers, encode_chunked=chunked)
        response = connection.getresponse()
        answer = response.status, json.loads(response.read())
        socket = connection.sock
        connection.request("GET", "/health")
        assert connection.getresponse().read() == b'{"status":"ok"}'
        assert connection.sock is socket
        connection.close()
        return answer


@pytest.fixture
def server(installed: Project) -> Iterator[Server]:
    server = Server(installed)
    try:
        assert wait_until(server.is_up, seconds=60)
        yield server
    finally:
        server.process.terminate()
        server.process.wait(timeout=30)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the memory of a process")
def test_bodies_of_100_mb_do_not_get_into_memory(server: Server) -> None:
    before = server.peak()
    parts = [b'{"email": "', *[b"x" * MB] * 100]

    def register(chunked: bool) -> tuple[int, Any]:
        return server.send("POST", "/auth/register", parts, chunked=chunked)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(register, [False, True] * 4))

    assert answers == [(413, TOO_LARGE)] * 8
    assert server.peak() - before <= 20 * MB


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_deep_nesting_is_refused_before_the_token_is_looked_at(
    server: Server, chunked: bool
) -> None:
    answer = server.send("PATCH", "/users/me", [b"[" * MB] * 51, chunked=chunked)

    assert answer == (413, TOO_LARGE)


IMPORTS = """
from typing import Annotated
from fastapi import Body, HTTPException
from fastapi.responses import JSONResponse
from app.errors import InvalidInput
"""
PLANTED = """

@app.get("/planted/crash")
async def crash() -> None:
    raise RuntimeError


@app.get("/planted/status")
async def undeclared_status() -> None:
    raise HTTPException(409)


@app.get("/planted/body")
async def undeclared_body() -> int:
    return JSONResponse("one")


@app.post("/planted/null")
async def undeclared_refusal(word: Annotated[str | None, Body(embed=True)]) -> None:
    if not word:
        raise InvalidInput
"""


def test_the_test_of_the_contract_finds_what_is_planted(installed: Project, tmp_path: Path) -> None:
    project = installed.copy(tmp_path / "my_backend")
    main = project.path / "app" / "main.py"
    main.write_text(main.read_text(encoding="utf-8") + IMPORTS + PLANTED, encoding="utf-8")

    done = project.uv("run", "--frozen", "pytest", "tests/test_contract.py")

    assert done.returncode == 1, done.stdout + done.stderr
    for finding in (
        "GET /planted/crash returned 500: RuntimeError",
        "GET /planted/status: Undocumented status code",
        "GET /planted/body: Response violates schema",
        "POST /planted/null: Schema-valid request rejected",
    ):
        assert finding in done.stdout
