import asyncio
import logging
from decimal import Decimal

from fastapi import APIRouter, FastAPI
from starlette.middleware.base import BaseHTTPMiddleware

from pricing import rules

log = logging.getLogger(__name__)
router = APIRouter()


@router.get("/price/{sku}")
async def price(sku: str, quantity: int = 1) -> dict[str, Decimal]:
    base, discount = await asyncio.gather(rules.base_price(sku), rules.discount(quantity))
    return {"total": base * quantity * (1 - discount)}


class Headers(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        response = await call_next(request)
        response.headers["server"] = "pricing"
        return response


def create_app() -> FastAPI:
    app = FastAPI()
    app.add_middleware(Headers)
    app.include_router(router)

    @app.exception_handler(rules.UnknownSku)
    async def unknown(request, error):
        from fastapi.responses import JSONResponse

        return JSONResponse({"detail": f"unknown: {error}"}, 404)

    return app
