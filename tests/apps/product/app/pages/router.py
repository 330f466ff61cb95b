from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, PlainTextResponse
from fastapi.templating import Jinja2Templates

from app.auth.dependencies import CurrentUser
from app.database import SessionDep
from app.errors import AccountDisabled, NotAuthenticated, problems
from app.todos.service import lists_of

HERE = Path(__file__).parent

router = APIRouter(prefix="/pages", tags=["pages"])
templates = Jinja2Templates(HERE / "templates")


@router.get("/robots.txt", response_class=PlainTextResponse, include_in_schema=False)
def robots() -> str:
    # Not `async`, and so in a thread: it may read a file.
    return (HERE / "robots.txt").read_text(encoding="utf-8")


@router.get(
    "/lists", response_class=HTMLResponse, responses=problems(NotAuthenticated, AccountDisabled)
)
async def lists(request: Request, user: CurrentUser, session: SessionDep) -> HTMLResponse:
    return templates.TemplateResponse(
        request, "lists.html", {"user": user, "lists": await lists_of(session, user)}
    )
