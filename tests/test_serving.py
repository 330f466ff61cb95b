"""What a server of the baked app logs, how it ends, and what it sends to monitoring."""

import asyncio
import gzip
import json
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.project import Project
from test_baked_suite import load_embedded, wait_until

PASSWORD = "correct horse battery Zebra"
SECRET_KEY = "a secret key for Zebras, which no line holds"
EMAIL = "ada@example.com"
PARALLEL = 200
SECONDS_UNTIL_KILLED = 10
CUT_OFF = "Task cancelled, timeout graceful shutdown exceeded"


@pytest.fixture(scope="module")
def database_url(installed: Project) -> Iterator[str]:
    with load_embedded().running_server() as server:
        url = server.url()
        installed.succeed("run", "--frozen", "alembic", "upgrade", "head", DATABASE_URL=url)
        yield url


class Server:
    """The command of the image, without the image."""

    def __init__(self, project: Project, **variables: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        text = project.read("Dockerfile")
        command = json.loads(text[text.rindex("CMD [") + 4 :].replace("8000", str(self.port)))
        environment = Path(project.environment["UV_PROJECT_ENVIRONMENT"])
        self.process = subprocess.Popen(
            [environment / "bin" / command[0], *command[1:]],
            cwd=project.path,
            env=project.environment | {"SECRET_KEY": SECRET_KEY} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        # A pipe that nobody reads would fill up.
        self.log: list[str] = []
        self._reader = threading.Thread(target=lambda: self.log.extend(self.process.stdout or ()))
        self._reader.start()
        # Uvicorn closes a connection after a crash, perhaps only when the next request is sent.
        limits = httpx.Limits(max_keepalive_connections=0)
        url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=url, limits=limits, timeout=30)
        if not wait_until(self.accepts, seconds=60):
            self.end()
            pytest.fail("".join(self.log))

    def accepts(self) -> bool:
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0

    def end(self) -> None:
        self.client.close()
        self.process.terminate()
        try:
            self.process.wait(SECONDS_UNTIL_KILLED)
        finally:
            self.process.kill()
            self._reader.join()
            if self.process.stdout:
                self.process.stdout.close()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log]


def log_in(client: httpx.Client, password: str = PASSWORD) -> httpx.Response:
    return client.post("/auth/login", data={"username": EMAIL, "password": password})


def test_each_line_is_json_and_none_holds_a_secret(installed: Project, database_url: str) -> None:
    server = Server(installed, DATABASE_URL=database_url, LOG_LEVEL="DEBUG")
    try:
        client = server.client
        user = {"email": EMAIL, "password": PASSWORD, "full_name": "Ada"}
        assert client.post("/auth/register", json=user).status_code == 201
        token = log_in(client).json()["access_token"]
        log_in(client, f"wrong {PASSWORD}")
        bearer = {"Authorization": f"Bearer {token}", "X-Forwarded-For": "203.0.113.7"}
        answered = client.get(f"/users/me?token={token}", headers=bearer)
        client.get("/users/me", auth=(EMAIL, PASSWORD), headers={"Cookie": f"sid={token}"})
        client.patch("/users/me", headers=bearer, json={"full_name": "\0"})
        client.post("/auth/register", json=user | {"email": "b@example.com", "full_name": "\0"})
        head = client.head("/health")
    finally:
        server.end()

    lines = server.lines
    assert all({"time", "level", "event", "logger"} <= line.keys() for line in lines)
    [line] = [line for line in lines if line.get("request_id") == answered.headers["X-Request-ID"]]
    line = {name: line[name] for name in ("method", "path", "status", "client")}
    assert line == {"method": "GET", "path": "/users/me", "status": 200, "client": "203.0.113.7"}
    assert (head.status_code, head.content) == (200, b"")
    assert {"Started server process", "Finished server process"} <= {
        line["event"].partition(" [")[0] for line in lines
    }
    log = "".join(server.log)
    for secret in ("Zebra", "$argon2", token, token.rpartition(".")[2]):
        assert secret not in log


def test_a_server_that_is_told_to_stop_is_not_ready_and_finishes_its_requests(
    installed: Project, database_url: str
) -> None:
    server = Server(installed, DATABASE_URL=database_url, SHUTDOWN_DELAY_SECONDS="1")
    request = b"POST /auth/login HTTP/1.1\r\nHost: test\r\nContent-Length: 20\r\n"
    request += b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as running:
            running.sendall(request)
            assert server.client.get("/health/ready").status_code == 200
            server.process.send_signal(signal.SIGTERM)
            assert wait_until(lambda: server.client.get("/health/ready").status_code == 503, 1)
            assert server.client.get("/health/ready").json()["title"] == "Shutting down"
            assert server.client.get("/health").status_code == 200
            assert wait_until(lambda: not server.accepts(), 5)
            running.sendall(b"username=a&password=")
            answer = running.recv(1000)
        assert server.process.wait(SECONDS_UNTIL_KILLED) == -signal.SIGTERM
    finally:
        server.end()

    assert re.match(rb"HTTP/1.1 4\d\d ", answer)
    assert server.lines[-1]["event"].startswith("Finished server process")


def test_a_server_under_200_logins_is_gone_before_it_is_killed(
    installed: Project, database_url: str
) -> None:
    async def stop_under_load() -> tuple[str, float]:
        # A pool that keeps 200 connections looks at all of them for each request: it would take
        # this process longer than the server accepts requests after SIGTERM.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        url = f"http://127.0.0.1:{server.port}"
        form = {"username": EMAIL, "password": PASSWORD}
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=30) as client:
            busy = asyncio.Event()

            async def keep_logging_in() -> None:
                with suppress(httpx.TransportError):  # The server has stopped.
                    while True:
                        await client.post("/auth/login", data=form)
                        busy.set()
                        await asyncio.sleep(0.5)

            logins = [asyncio.create_task(keep_logging_in()) for _ in range(PARALLEL)]
            await busy.wait()
            start = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            ready = await client.get("/health/ready")
            await asyncio.to_thread(server.process.wait, SECONDS_UNTIL_KILLED)
            seconds = time.monotonic() - start
            await asyncio.gather(*logins)
        return ready.json()["title"], seconds

    server = Server(installed, DATABASE_URL=database_url, PASSWORD_HASHES_WAITING="10")
    try:
        title, seconds = asyncio.run(stop_under_load())
    finally:
        server.end()

    assert title == "Shutting down"
    assert seconds < SECONDS_UNTIL_KILLED
    # A slow machine may not check all passwords in time.
    errors = {line["exception"].splitlines()[-1] for line in server.lines if "exception" in line}
    assert errors <= {f"asyncio.exceptions.CancelledError: {CUT_OFF}"}


# Monitoring, by the commands of docs/production.md


class Collector(ThreadingHTTPServer):
    """Takes what is sent to an OpenTelemetry collector, or to Prometheus."""

    def __init__(self) -> None:
        self.received: dict[str, bytes] = {}
        super().__init__(("127.0.0.1", 0), CollectorHandler)


class CollectorHandler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.received[self.path] = self.server.received.get(self.path, b"") + body
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


def test_traces_and_metrics_are_sent_as_the_documents_say(
    installed: Project, database_url: str, tmp_path: Path
) -> None:
    blocks = re.findall(r"```sh\n(.+?)```", installed.read("docs/production.md"), re.DOTALL)
    add, variables = [block for block in blocks if re.search("opentelemetry|OTEL", block)]
    # The shared environment stays as it is.
    environment = installed.environment | {"UV_PROJECT_ENVIRONMENT": str(tmp_path / "venv")}
    copy = installed.copy(tmp_path / "my_backend")
    project = Project(copy.path, environment)
    added = project.run("bash", "-ec", f'uv() {{ "$UV" "$@"; }}; {add}')
    assert added.returncode == 0, added.stderr
    shown = project.run("bash", "-ec", f"{variables}\nenv")
    assert shown.returncode == 0, shown.stderr

    with Collector() as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{collector.server_port}"
        given = dict(line.split("=", 1) for line in shown.stdout.splitlines() if "OTEL_" in line)
        given = {name: re.sub(r"http://[\w.-]+:\d+", here, text) for name, text in given.items()}
        server = Server(project, DATABASE_URL=database_url, **given)
        try:
            log_in(server.client, "wrong Zebra")
            server.client.get("/users/me", headers={"Authorization": "Bearer Zebra"})
        finally:
            server.end()
            collector.shutdown()

    assert set(collector.received) == {"/v1/traces", "/api/v1/otlp/v1/metrics"}
    assert b"/users/me" in collector.received["/v1/traces"]
    assert b"http.server.request.duration" in collector.received["/api/v1/otlp/v1/metrics"]
    assert b"my-backend" in collector.received["/v1/traces"]
    assert b"Zebra" not in b"".join(collector.received.values())


TRACED = """
from httpx import AsyncClient
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.main import app

exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)


async def test_a_request_is_traced(client: AsyncClient) -> None:
    response = await client.get("/users/me")

    assert response.status_code == 401
    assert "X-Request-ID" in response.headers
    assert "GET /users/me" in [span.name for span in exporter.get_finished_spans()]
"""


def test_opentelemetry_can_instrument_the_app_itself(installed: Project, tmp_path: Path) -> None:
    project = installed.copy(tmp_path / "my_backend")
    (project.path / "tests/test_traced.py").write_text(TRACED, encoding="utf-8")
    packages = ("opentelemetry-instrumentation-fastapi", "opentelemetry-sdk")
    added = [part for name in packages for part in ("--with", name)]

    done = project.uv("run", "--frozen", *added, "pytest", "-q", "tests/test_traced.py")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
