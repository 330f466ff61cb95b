"""Plain functions of the application block when a test, a fixture or a fake calls them."""

import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, FastAPI

from app.security import password_context

router = APIRouter()


class Config:
    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def from_file(cls, path: str) -> "Config":
        return cls(Path(path).read_text())


def hash_password(password: str) -> str:
    return str(password_context.hash(password))


def wait() -> None:
    time.sleep(0.15)


def connect() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE notes (id INTEGER)")
    connection.close()


def run() -> None:
    subprocess.run([sys.executable, "-c", ""], check=True)


def look_up() -> None:
    socket.getaddrinfo("localhost", 80)


def work_in_a_pool() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(time.sleep, 0.05).result()


def load(url: str) -> None:
    urllib.request.urlopen(url).close()


def build_app() -> FastAPI:
    wait()
    app = FastAPI(title=Config.from_file(__file__).text.partition("\n")[0])
    app.include_router(router)
    return app


HELPERS: list[Callable[[], object]] = [wait, connect, run, look_up, work_in_a_pool, build_app]


class Users(Protocol):
    async def find(self) -> str: ...

    def load(self) -> str: ...


async def describe(users: Users) -> str:
    return f"{await users.find()} {users.load()}"


def get_users() -> Users:
    raise NotImplementedError


@router.post("/trap")
async def trap(users: Annotated[Users, Depends(get_users)]) -> str:
    return await describe(users)
