"""Stands for the trap, where the shared tests lie."""

from fastapi import APIRouter, FastAPI

router = APIRouter()


def make_app() -> FastAPI:
    raise NotImplementedError
