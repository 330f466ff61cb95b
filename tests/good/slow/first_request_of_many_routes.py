"""With the first request, FastAPI makes what it needs of each route that a router brings."""

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel

router = APIRouter()


class Row(BaseModel):
    id: int


async def endpoint() -> dict[str, list[Row]]:
    return {"rows": [Row(id=1)]}


for number in range(2500):
    router.get(f"/rows/{number}")(endpoint)
api = FastAPI()
api.include_router(router)


def mount(app: FastAPI) -> None:
    app.mount("/api", api)
