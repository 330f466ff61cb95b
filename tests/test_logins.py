"""Are logins limited across real server processes, and by the address of the client?"""

import json
from pathlib import Path

import pytest
from support.project import Project

# Serves the app in two processes, of which only the second trusts proxies on this machine. Prints
# the statuses of wrong logins: simultaneous ones at both, then two at each that claim to be others.
SCRIPT = r"""
import asyncio, json, os, socket, subprocess, sys
import httpx
from tests.postgres.embedded import running_server

WRONG = {"username": "ada@example.com", "password": "a wrong guess"}

def serve(trusted):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port)]
    return port, subprocess.Popen(command, env=os.environ | {"FORWARDED_ALLOW_IPS": trusted})

async def log_in(client, port, claimed=None):
    headers = {"X-Forwarded-For": claimed} if claimed else {}
    url = f"http://127.0.0.1:{port}/auth/login"
    return (await client.post(url, data=WRONG, headers=headers)).status_code

async def attack(ports):
    transport = httpx.AsyncHTTPTransport(retries=10)
    async with httpx.AsyncClient(transport=transport, timeout=60) as client:
        at_once = await asyncio.gather(*(log_in(client, ports[n % 2]) for n in range(20)))
        claiming = [
            [await log_in(client, port, f"203.0.113.{n}") for n in range(2)] for port in ports
        ]
        return sorted(at_once), *claiming

with running_server() as server:
    os.environ |= {"DATABASE_URL": server.url(), "SECRET_KEY": "only for this test, 32 characters"}
    os.environ["SHUTDOWN_DELAY_SECONDS"] = "0"
    subprocess.run([sys.executable, "-m", "alembic", "upgrade", "head"], check=True)
    servers = [serve("192.0.2.1"), serve("127.0.0.1")]
    try:
        statuses = asyncio.run(attack([port for port, _ in servers]))
    finally:
        for _, process in servers:
            process.terminate()
            process.wait()
print(json.dumps(statuses))
"""


@pytest.fixture
def project(installed: Project, tmp_path: Path) -> Project:
    copy = installed.copy(tmp_path / "copy")
    (copy.path / "attack.py").write_text(SCRIPT, encoding="utf-8")
    return copy


def test_ten_wrong_passwords_are_answered_by_two_processes_together(project: Project) -> None:
    printed = project.succeed("run", "--frozen", "attack.py", timeout=120).splitlines()[-1]

    at_once, by_a_liar, by_a_proxy = json.loads(printed)
    assert at_once == [401] * 10 + [429] * 10
    assert by_a_liar == [429, 429]
    assert by_a_proxy == [401, 401]
