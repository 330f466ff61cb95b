"""A template calls what reads a file, at each request."""

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.templating import Jinja2Templates

import trap_library

TEST = "twice"

router = APIRouter()
DATA = Path(__file__)

(DATA.parent / "reads.html").write_text("{{ read('pyproject.toml') }}")
TEMPLATES = Jinja2Templates(directory=DATA.parent)
TEMPLATES.env.globals["read"] = trap_library.read


@router.post("/trap")
async def trap(request: Request) -> Response:
    return TEMPLATES.TemplateResponse(request, "reads.html")  # <-
