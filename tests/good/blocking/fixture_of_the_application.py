"""A fixture that lies in the application hashes a password."""

import time

import pytest

from app.security import password_context


class Account:
    async def create(self) -> "Account":
        time.sleep(0.01)
        self.password_hash = password_context.hash("a")
        return self


@pytest.fixture
async def account() -> Account:
    time.sleep(0.01)
    return await Account().create()
