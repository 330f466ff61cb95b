"""The sample of the README: an endpoint that forgets to commit, and a test that can't see it."""

from textwrap import dedent

from support.project import Project

SERVICE = """\
    from fastapi import APIRouter, status
    from pydantic import EmailStr
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.database import SessionDep
    from app.users.models import User

    router = APIRouter()


    async def add_member(session: AsyncSession, email: str) -> None:
        session.add(User(email=email, password_hash="x"))


    @router.post("/team", status_code=status.HTTP_201_CREATED)
    async def post_member(session: SessionDep, email: EmailStr) -> None:
        await add_member(session, email)
    """
TEST = """\
    from app.team.service import router
    from fastapi import FastAPI
    from httpx import AsyncClient


    async def test_a_member_is_added(app: FastAPI, client: AsyncClient) -> None:
        app.include_router(router)

        response = await client.post("/team?email=ada@example.com")

        assert response.status_code == 201
    """


def write_sample(project: Project) -> str:
    """Write the sample into a project, and return the path of its test."""
    test = "tests/test_team.py"
    for name, text in (
        ("app/team/__init__.py", ""),
        ("app/team/service.py", SERVICE),
        (test, TEST),
    ):
        path = project.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return test
