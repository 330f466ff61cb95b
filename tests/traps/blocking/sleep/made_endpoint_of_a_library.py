"""An endpoint sleeps that a library makes in a function."""

from fastapi import APIRouter


def make_router() -> APIRouter:
    from trap_accounts import get_router

    router = APIRouter()
    router.include_router(get_router(), tags=["accounts"])  # <-
    return router


router = make_router()
