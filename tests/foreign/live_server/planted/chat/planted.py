from fastapi import APIRouter

from chat.main import app

router = APIRouter(prefix="/planted")


@router.get("/broken")
async def broken() -> int:
    return [1, 2][2]  # <- requests.5xx


app.include_router(router)
