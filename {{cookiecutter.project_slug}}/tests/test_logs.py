"""What a line of the log holds, and what it never holds."""

import json
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import httpx
import pytest
import structlog
from fastapi import BackgroundTasks, FastAPI, WebSocket

from app.logs import Lines, configure_logs, create_formatter, written_in_thread
from app.mail import Email, log_email
from app.redaction import HIDDEN, redacted
from tests.isolation.fixtures import ConnectWebSocket

LoggedLines = Callable[[], list[dict[str, Any]]]

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2g"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[LoggedLines]:
    """The lines that the app has logged so far, and not the client of the test."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(create_formatter("json"))
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.WARNING, "httpx")
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def server_logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], StringIO]]:
    """Set up the logs as a server does that uvicorn has started, and return its output."""
    names = (None, "uvicorn", "uvicorn.error", "uvicorn.access")
    loggers = [logging.getLogger(name) for name in names]
    before = [(each, each.handlers[:], each.level, each.propagate) for each in loggers]

    def configure() -> StringIO:
        written = StringIO()
        monkeypatch.setattr(sys, "stdout", written)
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)
        # `dictConfig` closes all handlers that it finds here, also those of others.
        monkeypatch.setattr(logging, "_handlerList", [])
        logging.getLogger("uvicorn").addHandler(logging.NullHandler())
        configure_logs()
        return written

    yield configure
    logging.captureWarnings(False)
    for each, handlers, level, propagate in before:
        each.handlers = handlers
        each.propagate = propagate
        each.setLevel(level)


async def test_a_request_is_one_line(client: httpx.AsyncClient, lines: LoggedLines) -> None:
    response = await client.get(
        "/users/me?token=secret", headers={"Authorization": "Bearer secret"}
    )

    [line] = lines()
    assert line.pop("time").endswith("Z")
    assert line.pop("duration_ms") > 0
    assert line == {
        "level": "info",
        "event": "request",
        "method": "GET",
        "path": "/users/me",
        "status": 401,
        "client": "127.0.0.1",
        "request_id": response.headers["X-Request-ID"],
        "logger": "app.middleware",
    }


async def test_a_health_check_is_logged_only_if_it_fails(
    client: httpx.AsyncClient, lines: LoggedLines
) -> None:
    await client.get("/health")
    await client.get("/health/ready")
    await client.post("/health")

    assert [(line["path"], line["status"]) for line in lines()] == [("/health", 405)]


async def test_the_path_of_a_request_is_that_of_its_route(
    app: FastAPI, client: httpx.AsyncClient, lines: LoggedLines
) -> None:
    @app.get("/invitations/{token}")
    async def accept(token: str) -> None: ...

    await client.get("/invitations/secret")
    await client.get("/elsewhere/a-secret-of-many-letters")

    assert [line["path"] for line in lines()] == ["/invitations/{token}", "/elsewhere/..."]


async def test_a_websocket_is_one_line(
    app: FastAPI, connect_websocket: ConnectWebSocket, lines: LoggedLines
) -> None:
    @app.websocket("/chat")
    async def chat(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    async with connect_websocket("/chat?token=secret"):
        pass

    [line] = lines()
    assert (line["method"], line["path"], line["status"]) == ("WEBSOCKET", "/chat", 101)


@pytest.mark.parametrize("given", ["a", "0af7651916cd43dd8448eb211c80319c", "A.b_c-1", "x" * 64])
async def test_a_well_formed_request_id_is_kept(client: httpx.AsyncClient, given: str) -> None:
    response = await client.get("/health", headers={"X-Request-ID": given})

    assert response.headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", [[], [""], ["x" * 65], ['a", "level": "b'], ["a b"], ["a", "b"]])
async def test_any_other_request_id_is_replaced(
    client: httpx.AsyncClient, given: list[str]
) -> None:
    headers = [("X-Request-ID", text) for text in given]

    first = await client.get("/health", headers=headers)
    second = await client.get("/health", headers=headers)

    ids = {first.headers["X-Request-ID"], second.headers["X-Request-ID"]}
    assert len(ids) == 2
    assert all(len(each) == 36 for each in ids)


async def test_all_lines_of_a_request_have_its_id(
    app: FastAPI, client: httpx.AsyncClient, lines: LoggedLines
) -> None:
    def in_background() -> None:
        logging.getLogger("a.library").info("sent %d mails", 2, extra={"to": "ada"})

    @app.get("/mails")
    async def send(tasks: BackgroundTasks) -> None:
        structlog.get_logger("app.mails").info("sending", count=2)
        tasks.add_task(in_background)

    await client.get("/mails", headers={"X-Request-ID": "1"})

    assert [(line["event"], line["request_id"]) for line in lines()] == [
        ("sending", "1"),
        ("sent 2 mails", "1"),
        ("request", "1"),
    ]
    assert lines()[0]["count"] == 2
    assert lines()[1]["to"] == "ada"


async def test_a_crash_has_the_id_in_its_response_and_in_the_line_of_the_server(
    app: FastAPI, lines: LoggedLines
) -> None:
    @app.get("/crash")
    async def crash() -> None:
        raise RuntimeError("planted")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get("/crash", headers={"X-Request-ID": "1"})
    # This is what uvicorn does, in the same task.
    logging.getLogger("uvicorn.error").error("Exception\n", exc_info=RuntimeError("planted"))

    assert response.status_code == 500
    assert response.headers["X-Request-ID"] == "1"
    request, error = lines()
    assert (request["status"], request["request_id"]) == (500, "1")
    assert (error["event"], error["request_id"]) == ("Exception", "1")
    assert error["exception"] == "RuntimeError: planted"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"password": "x", "n": 1, "ok": None}, {"password": HIDDEN, "n": 1, "ok": None}),
        ({"headers": [(b"cookie", b"x")]}, {"headers": [["b'cookie'", HIDDEN]]}),
        ({"a": {"new_password": ["x"]}}, {"a": {"new_password": HIDDEN}}),
        (["a", {"Authorization": "x"}], ["a", {"Authorization": HIDDEN}]),
        (f"hash {HASH}.", f"hash {HIDDEN}"),
        (f"token {TOKEN}!", f"token {HIDDEN}!"),
        ("Bearer Ab1", f"Bearer {HIDDEN}"),
        ("basic dXNlcjpwYXNz", f"basic {HIDDEN}"),
        ("Cookie: a=b; c=d\r\nHost: x", f"Cookie: {HIDDEN}\r\nHost: x"),
        ("password=x&a=1", f"password={HIDDEN}&a=1"),
        ("{'password': 'x', 'a': 1}", f"{{'password': {HIDDEN}, 'a': 1}}"),
        (r"{\"password\": \"x\"}", rf"{{\"password\": {HIDDEN}}}"),
        ("User(email='a', password_hash='x')", f"User(email='a', password_hash={HIDDEN})"),
        ("postgresql://ada:x@db/app", f"postgresql://ada:{HIDDEN}@db/app"),
        ("input_value='x', input_type=str", f"input_value={HIDDEN}, input_type=str"),
        ("GET https://a.com/b?key=x HTTP/2", f"GET https://a.com/b?{HIDDEN} HTTP/2"),
        ("[parameters: ('x',)]\nnext", f"[parameters: {HIDDEN}]\nnext"),
    ],
)
def test_a_secret_is_hidden_in_any_form(value: object, shown: object) -> None:
    assert redacted(value) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Invalid settings: SECRET_KEY: String should have at least 32 characters.",
        "Input should be a valid database URL, postgresql://USER:PASSWORD@HOST:PORT/NAME",
        "The email or the password is wrong.",
        "basic authentication is not supported",
        "GET http://127.0.0.1:8000/users/ada@example.com",
    ],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert redacted(text) == text


def test_a_long_text_is_redacted_in_time() -> None:
    for part in ("password:'", "input_value=", "eyJ", "://a:", "bearer ", "tokentoken"):
        assert redacted(part * 10_000)


def test_a_server_logs_everything_in_one_form(server_logs: Callable[[], StringIO]) -> None:
    written = server_logs()

    for name in ("uvicorn.error", "a.library"):
        logging.getLogger(name).info("at %d", 1, extra={"color_message": "at 1"})
    logging.getLogger("uvicorn.access").info("%s", "GET /")
    logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" 403', "a", "/?ticket=1")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("planted", stacklevel=1)
    error = ValueError("planted\nin two lines")
    sys.excepthook(ValueError, error, None)

    first, second, warning, died = map(json.loads, written.getvalue().splitlines())
    assert (first["event"], first["level"], first["logger"]) == ("at 1", "info", "uvicorn.error")
    assert (second["event"], second["level"], second["logger"]) == ("at 1", "info", "a.library")
    assert "color_message" not in first
    assert (warning["level"], warning["logger"]) == ("warning", "py.warnings")
    assert "UserWarning: planted" in warning["event"]
    assert (died["level"], died["event"]) == ("critical", "uncaught error")
    assert died["exception"] == "ValueError: planted\nin two lines"


def test_a_line_that_can_not_be_written_is_named_without_its_values(
    server_logs: Callable[[], StringIO], capsys: pytest.CaptureFixture[str]
) -> None:
    class Detached:
        def __repr__(self) -> str:
            raise RuntimeError("planted")

    written = server_logs()
    [handler] = [each for each in logging.getLogger().handlers if isinstance(each, Lines)]
    place = {"name": "a.library", "pathname": "app/rows.py", "lineno": 7}

    for told in (
        {"msg": {"event": "changed", "row": Detached(), "password": "hunter2"}},
        {"msg": "user %d, password %s", "args": ("ada", "hunter2")},
    ):
        handler.handle(logging.makeLogRecord(place | told))

    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [(line["level"], line["event"], line["logger"]) for line in lines] == [
        ("error", f"app/rows.py:7: a line of the log could not be written ({error})", "a.library")
        for error in ("RuntimeError", "TypeError")
    ]
    assert "hunter2" not in written.getvalue()
    assert capsys.readouterr().err == ""


async def test_an_email_in_the_log_has_its_token(lines: LoggedLines) -> None:
    await log_email(Email("ada@example.com", "Reset your password", f"Your token:\n{TOKEN}"))

    [line] = lines()
    assert (line["to"], line["subject"]) == ("ada@example.com", "Reset your password")
    assert line["text"] == f"Your token:\n{TOKEN}"


def test_a_reader_that_does_not_keep_up_holds_nobody(
    server_logs: Callable[[], StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    server_logs()
    [handler] = [each for each in logging.getLogger().handlers if isinstance(each, Lines)]
    monkeypatch.setattr("app.logs.LONGEST_QUEUE", 3)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    room = os.write(writing, b"\n" * 1_000_000)
    os.set_blocking(writing, True)
    with open(reading, encoding="utf-8") as reader, open(writing, "w", encoding="utf-8") as full:
        handler._output.setStream(full)
        with written_in_thread():
            for number in range(10):
                logging.getLogger().info("line %d", number)
            read = threading.Thread(target=lambda: received.extend(reader))
            received: list[str] = []
            read.start()
        full.close()
        read.join()

    events = [json.loads(line)["event"] for line in received[room:]]
    assert events[:3] == ["line 0", "line 1", "line 2"]
    # As many again, and one, may be in the hands of the thread.
    assert len(events) <= 7


def test_a_person_reads_a_line_without_json() -> None:
    record = logging.makeLogRecord({"name": "app", "levelname": "INFO", "msg": "ready", "port": 1})

    line = create_formatter("console").format(record)

    assert line.split()[1:] == ["[info", "]", "ready", "[app]", "port=1"]
