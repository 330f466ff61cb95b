"""The first administrator, and the audit log."""

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.models import AuditEntry
from app.jobs.models import Job, Status
from app.users.models import User
from app.users.service import find_user
from tests.app_under_test import bearer
from tests.product_factories import JobFactory
from tests.product_fixtures import ADMIN_EMAIL, ADMIN_PASSWORD


@pytest.fixture
async def admin(client: httpx.AsyncClient, session: AsyncSession) -> dict[str, str]:
    """The header that authenticates the first administrator."""
    user = await find_user(session, email=ADMIN_EMAIL)
    assert user is not None
    return bearer(user)


async def test_the_first_admin_is_there_when_the_app_has_started(
    client: httpx.AsyncClient,
) -> None:
    response = await client.post(
        "/auth/login", data={"username": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    )

    assert response.status_code == 200


async def test_an_admin_may_count_users(
    client: httpx.AsyncClient, user: User, admin: dict[str, str]
) -> None:
    response = await client.get("/admin/users/count", headers=admin)

    assert response.status_code == 200
    assert response.json() == 2


async def test_a_refused_request_is_in_the_audit_log(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    response = await client.get("/admin/users/count", headers=token)

    assert response.status_code == 403
    entry = (await session.scalars(select(AuditEntry))).one()
    assert (entry.actor_id, entry.action, entry.outcome) == (
        user.id,
        "GET /admin/users/count",
        "refused",
    )


async def test_an_admin_does_what_the_worker_has_not_come_to(
    client: httpx.AsyncClient, session: AsyncSession, user: User, admin: dict[str, str]
) -> None:
    for _ in range(8):
        await JobFactory.add(session, owner_id=user.id)

    response = await client.post("/admin/jobs/drain", headers=admin)

    assert response.status_code == 200
    assert response.json() == 8
    assert (await session.scalars(select(Job.status).distinct())).all() == [Status.DONE]


async def test_an_admin_disables_a_user(
    client: httpx.AsyncClient, session: AsyncSession, user: User, admin: dict[str, str]
) -> None:
    response = await client.post(f"/admin/users/{user.id}/disable", headers=admin)

    assert response.status_code == 204
    await session.refresh(user)
    assert not user.is_active
    outcomes = (await session.scalars(select(AuditEntry.outcome))).all()
    assert outcomes == ["allowed"]


async def test_an_admin_can_not_disable_the_own_account(
    client: httpx.AsyncClient, session: AsyncSession, admin: dict[str, str]
) -> None:
    own = await find_user(session, email=ADMIN_EMAIL)
    assert own is not None

    response = await client.post(f"/admin/users/{own.id}/disable", headers=admin)

    assert response.status_code == 409
