"""A library with endpoints, which traps mount."""

import hashlib
import time

from fastapi import APIRouter

router = APIRouter()


def hash_password(password: str) -> str:
    return hashlib.scrypt(password.encode(), salt=b"salt", n=2, r=1, p=1).hex()


@router.post("/trap")
async def login() -> str:
    return hash_password("a")


async def current_user() -> str:
    return hash_password("a")


def get_router() -> APIRouter:
    made = APIRouter()

    @made.post("/trap")
    async def register() -> None:
        time.sleep(0.01)

    return made


def get_terms_router() -> APIRouter:
    made = APIRouter()

    @made.post("/trap")
    async def terms() -> str:
        with open(__file__) as file:
            return file.read()

    return made
