"""Password hashes."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from passlib.context import CryptContext

from app.errors import Busy

T = TypeVar("T")

password_context = CryptContext(schemes=["argon2"])


class HashingThreads:
    """Threads for password hashes, which are slow on purpose and would block the event loop.

    A request that is cancelled leaves the queue. A hash that has begun keeps its thread until it is
    done, so that there are never more at once.
    """

    def __init__(self) -> None:
        self._attempts = self._hashes = self._at_once = 0
        self.limit(at_once=2, waiting=50)

    def limit(self, *, at_once: int, waiting: int) -> None:
        """Set how many hashes this process makes at once, and how many more may wait."""
        if at_once != self._at_once:
            self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="password")
        self._at_once, self._places = at_once, at_once + waiting

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Surround what reads from the database before it hashes, so that the queue limits that.

        Raises:
            Busy: The queue is full.
        """
        if self._attempts >= self._places:
            raise Busy
        self._attempts += 1
        try:
            yield
        finally:
            self._attempts -= 1

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """Call a function in one of the threads.

        Raises:
            Busy: The queue is full.
        """
        if self._hashes >= self._places:
            raise Busy
        self._hashes += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)
        finally:
            self._hashes -= 1


hashing_threads = HashingThreads()


async def hash_password(password: str) -> str:
    """Hash a password, in a thread.

    Hold no database connection meanwhile: it may have to wait for its turn.

    Raises:
        Busy: Too many hashes are waiting.
    """
    return await hashing_threads.run(password_context.hash, password)


async def verify_password(password: str, password_hash: str | None) -> bool:
    """Check a password, in a thread. Without a hash, return False after the same work.

    Hold no database connection meanwhile: it may have to wait for its turn.

    Raises:
        Busy: Too many hashes are waiting.
    """
    return await hashing_threads.run(password_context.verify, password, password_hash)


def needs_rehash(password_hash: str) -> bool:
    """Return whether a hash was made with weaker parameters than the current ones."""
    return bool(password_context.needs_update(password_hash))
