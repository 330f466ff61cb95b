"""Twenty-five thousand rows without a response model are made into JSON."""

from fastapi import APIRouter

SAYS = "in fastapi.encoders.jsonable_encoder()"

router = APIRouter()

ROWS = [{"id": 1, "name": "ada", "tags": ["new"]}] * 25_000


@router.post("/trap")
async def trap():  # type: ignore[no-untyped-def]  # <-
    return ROWS
