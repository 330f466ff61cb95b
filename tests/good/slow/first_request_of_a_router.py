"""With the first request, FastAPI makes what it needs of each route that a router brings."""

from fastapi import APIRouter
from fastapi.routing import APIRoute

from trap_library import compute


def name_of(route: APIRoute) -> str:
    # In the place of the work of many routes.
    compute()
    return route.name


router = APIRouter(generate_unique_id_function=name_of)


@router.post("/trap")
async def trap() -> None:
    pass
