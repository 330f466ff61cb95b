"""Files are read in the factory."""

import importlib.metadata
import tomllib
from pathlib import Path
from typing import Any

import sentry_sdk
import slowapi
from dotenv import dotenv_values
from fastapi import APIRouter, FastAPI, Request
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from app.security import password_context

router = APIRouter()
DATA = Path(__file__)

(DATA.parent / "static").mkdir(exist_ok=True)
(DATA.parent / "static" / "hello.txt").write_text("hello")


def make_app() -> FastAPI:
    sentry_sdk.init(default_integrations=False)
    app = FastAPI(version=importlib.metadata.version("fastapi"))
    app.state.toml = tomllib.loads(Path("pyproject.toml").read_text())
    app.state.limiter = slowapi.Limiter(key_func=lambda: "all", config_filename=str(DATA))
    app.state.templates = Jinja2Templates(directory=DATA.parent)
    app.state.hash = password_context.hash("x")
    app.state.dotenv = dotenv_values(".env")
    app.mount("/static", StaticFiles(directory=DATA.parent / "static"))
    app.include_router(router)
    return app


@router.post("/trap")
async def trap(request: Request) -> Any:
    return request.app.state.toml
