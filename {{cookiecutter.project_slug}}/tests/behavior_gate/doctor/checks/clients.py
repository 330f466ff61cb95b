"""Mistakes about the clients that call the app in tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..problems import Check, Found, Suite
from ..sources import Source, calls_of
from ..versions import release
from ..ways import CLIENTS

_NO_APP = (0, 28)
_HTTPX = {"httpx.AsyncClient", "httpx.Client"}
_TRANSPORT = {"httpx.ASGITransport", "httpx2.ASGITransport"}
_APPS = {
    "fastapi.FastAPI",
    "fastapi.applications.FastAPI",
    "starlette.applications.Starlette",
}
_AT_START = ("lifespan", "on_startup")


def client_app(suite: Suite) -> Found:
    """Find clients that are given the app in a way that httpx does not know any more."""
    if release("httpx") < _NO_APP:
        return
    for source in suite.tests:
        for call, name in calls_of(source):
            if name in _HTTPX and any(keyword.arg == "app" for keyword in call.keywords):
                short = name.rpartition(".")[2]
                yield source.place(call), f"httpx 0.28 has removed {short}(app=...)"


def lifespan_not_run(suite: Suite) -> Found:
    """Find clients that never start the app, where it has something to start."""
    starts = next((place for one in suite.application for place in _starts(one)), None)
    if starts is None or any(_handles_lifespan(source) for source in suite.tests):
        return
    for source in suite.tests:
        for call, name in calls_of(source):
            if name in _TRANSPORT and not _is_of_test(source, call):
                yield (
                    source.place(call),
                    f"the lifespan of the app ({starts}) never runs: ASGITransport does not run it",
                )
            elif name in CLIENTS and not _is_of_test(source, call):
                yield (
                    source.place(call),
                    f"the lifespan of the app ({starts}) never runs: TestClient runs it only in"
                    " a `with` block",
                )


def _starts(source: Source) -> Iterator[str]:
    """Where an app is told to do something when it starts."""
    for call, name in calls_of(source):
        if name in _APPS:
            for keyword in call.keywords:
                is_none = isinstance(keyword.value, ast.Constant) and keyword.value.value is None
                if keyword.arg in _AT_START and not is_none:
                    yield str(source.place(keyword.value))
        elif isinstance(call.func, ast.Attribute) and call.args:
            first = call.args[0]
            is_event = call.func.attr in ("on_event", "add_event_handler")
            if is_event and isinstance(first, ast.Constant) and first.value == "startup":
                yield str(source.place(call))


def _handles_lifespan(source: Source) -> bool:
    """Whether a module of tests starts an app in any way."""
    for node in source.nodes:
        match node:
            case ast.Name(id=text) | ast.Attribute(attr=text) | ast.alias(name=text):
                if any(word in text.lower() for word in ("lifespan", "startup", "__enter__")):
                    return True
            case ast.Constant(value="lifespan" | "startup" | "lifespan.startup"):
                return True
            case ast.Attribute(attr="enter_context" | "enter_async_context"):
                return True
            case ast.With(items=items) | ast.AsyncWith(items=items):
                if any(_enters_client(source, item.context_expr) for item in items):
                    return True
    return False


def _enters_client(source: Source, entered: ast.expr) -> bool:
    """Whether a `with` block starts an app: by TestClient, or by what is no client of httpx."""
    if isinstance(entered, ast.Call):
        return source.name(entered.func) in CLIENTS
    return isinstance(entered, ast.Name) and "client" in entered.id.lower()


def _is_of_test(source: Source, call: ast.Call) -> bool:
    """Whether the test has made the app, too."""
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "app")]
    return any(
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and source.name(node.value.func) in _APPS
        and any(isinstance(target, ast.Name) and target.id == app.id for target in node.targets)
        for app in given[:1]
        if isinstance(app, ast.Name)
        for node in source.nodes
    )


CHECKS = (
    Check(
        "client-app",
        client_app,
        fix="pass the app through a transport: httpx.AsyncClient(transport=httpx.ASGITransport("
        "app))",
    ),
    Check(
        "lifespan-not-run",
        lifespan_not_run,
        fix="`async with LifespanManager(app):` (asgi-lifespan) around the client, or `with"
        " TestClient(app) as client:`",
    ),
)
