"""An uploaded file is not closed. While it was read, Python had lost the frame of the endpoint."""

from fastapi import APIRouter, FastAPI, Request

import trap_library

SAYS = "Unclosed file <tempfile.SpooledTemporaryFile"

router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> None:  # <-
    await request.form()


def make_app() -> FastAPI:
    app = FastAPI()
    app.include_router(router)
    app.add_middleware(trap_library.Impatient)
    return app
