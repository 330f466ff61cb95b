"""A new template environment loads its template at each request."""

from pathlib import Path

from fastapi import APIRouter

TEST = "twice"

router = APIRouter()
DATA = Path(__file__)


@router.post("/trap")
async def trap() -> None:
    import jinja2

    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(DATA.parent))
    environment.get_template("__init__.py")  # <-
