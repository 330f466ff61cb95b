"""The app answers as its OpenAPI document says, whatever it is sent.

Schemathesis makes up the requests from the document. By default each endpoint gets a few, always
the same ones. FUZZ_EXAMPLES=100 sends that many to each, then boundary values and unknown methods.
"""

import asyncio
import os
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
# The names are those of https://schemathesis.readthedocs.io/en/stable/reference/configuration/
SETTINGS: dict[str, Any] = {
    "seed": 1,
    "continue-on-failure": True,
    "analysis": {"constants": {"enabled": False}},
    "generation": {
        "max-examples": EXAMPLES or 5,
        "deterministic": not EXAMPLES,
        "database": "none",
        "allow-x00": True,
    },
    "phases": {"coverage": {"enabled": EXAMPLES > 0}},
}


@pytest.mark.gate_allow("requests.hang", reason="with FUZZ_EXAMPLES it takes minutes")
async def test_every_answer_is_as_documented(
    app: FastAPI, client: httpx.AsyncClient, token: dict[str, str]
) -> None:
    document = app.openapi()

    tested, failures = await asyncio.to_thread(fuzz, document, through(client), token)

    assert not failures, "\n\n".join(failures)
    assert tested >= {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations
    }


def through(client: httpx.AsyncClient) -> ASGIApp:
    """Return an app for another event loop, which sends each request by this client."""
    loop = asyncio.get_running_loop()

    async def forward(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError  # The app runs already.
        body = (await receive())["body"]
        target = scope["raw_path"] + b"?" * bool(scope["query_string"]) + scope["query_string"]
        url = client.base_url.copy_with(raw_path=target)
        request = client.request(scope["method"], url, content=body, headers=scope["headers"])
        response = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(request, loop))
        headers = response.headers.raw
        await send(
            {"type": "http.response.start", "status": response.status_code, "headers": headers}
        )
        await send({"type": "http.response.body", "body": response.content})

    return forward


def fuzz(
    document: dict[str, Any], app: ASGIApp, headers: dict[str, str]
) -> tuple[set[str], list[str]]:
    """Return the operations that were tested, and what was wrong, each with its request."""
    # Takes most of a second, which runs of other tests do not pay.
    import schemathesis
    from hypothesis.strategies import emails, sampled_from
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine import events, from_schema

    # The format in JSON Schema has addresses that can't receive mail, such as those at `.test`.
    domains = sampled_from(["example.com", "b\u00fccher.example"])
    schemathesis.openapi.format("email", emails(domains=domains))
    config = SchemathesisConfig.from_dict({**SETTINGS, "headers": headers})
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.app = app
    tested: set[str] = set()
    failures: list[str] = []
    for event in from_schema(schema).execute():
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.NonFatalError):
            failures.append(f"{event.label}: {event.info}")
        if isinstance(event, events.ScenarioFinished):
            if event.recorder.interactions:
                tested.add(event.recorder.label)
            failures += [
                f"{event.recorder.label}: {check.failure_info.failure.title}\n"
                f"{check.failure_info.failure.message}\n{check.failure_info.code_sample}"
                for checks in event.recorder.checks.values()
                for check in checks
                if check.failure_info
            ]
    return tested, list(dict.fromkeys(failures))
