from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from travel_core.rates import FileSource, Rates

from travel_api import test_flights
from travel_api._vendor.slugify import slugify

router = APIRouter()


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.rates = Rates(app.state.source)
    await app.state.rates.refresh()
    yield


def create_app(source=None) -> FastAPI:
    app = FastAPI(lifespan=lifespan)
    app.state.source = source or FileSource()
    app.include_router(router)
    return app


def get_rates(request: Request) -> Rates:
    return request.app.state.rates


@router.get("/flights/{number}")
async def flight(number: str, currency: str = "EUR", rates: Rates = Depends(get_rates)):
    try:
        found = await test_flights.find(number)
    except KeyError:
        raise HTTPException(404) from None
    price = found["price"] * await rates.get(currency)
    return {"slug": slugify(found["title"]), "price": round(price, 2)}


@router.post("/rates", status_code=204)
async def refresh(rates: Rates = Depends(get_rates)) -> None:
    await rates.refresh()
