"""The type of a column encrypts what it is given on its way to the database."""

from itertools import cycle
from typing import Annotated, Any

from fastapi import APIRouter, Body
from sqlalchemy import String, TypeDecorator, bindparam, insert

from app.database import SessionDep
from app.users.models import User

router = APIRouter()
KEY = b"\x9c\xf1\xe3\xa7\xd5"


class Encrypted(TypeDecorator[str]):
    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str:
        pairs = zip((value or "").encode(), cycle(KEY), strict=False)
        return bytes(letter ^ key for letter, key in pairs).hex()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)], session: SessionDep) -> None:
    secret = bindparam("secret", password, type_=Encrypted())
    await session.execute(insert(User).values(email="ada@example.com", password_hash=secret))
    await session.commit()
