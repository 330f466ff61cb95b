"""The module sleeps when it is imported."""

import time

from fastapi import APIRouter

from app.users.models import User

router = APIRouter()


def new_user(name: str = "ada") -> User:
    return User(email=f"{name}@example.com", password_hash="not a hash")


time.sleep(0.001)  # <-
