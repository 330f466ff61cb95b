"""Templates are loaded once."""

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.templating import Jinja2Templates

router = APIRouter()
DATA = Path(__file__)

(DATA.parent / "page.html").write_text("{% include 'part.html' %}")
(DATA.parent / "part.html").write_text("hello")
(DATA.parent / "other.html").write_text("{% include 'part.html' %}")
templates = Jinja2Templates(directory=DATA.parent)
other_templates = Jinja2Templates(directory=DATA.parent)


@router.post("/trap")
async def trap(request: Request) -> Response:
    return templates.TemplateResponse(request, "page.html")


@router.post("/other")
async def other(request: Request) -> Response:
    return other_templates.TemplateResponse(request, "other.html")
