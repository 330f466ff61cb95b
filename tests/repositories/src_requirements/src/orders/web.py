from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI, Request
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from orders.models import Order
from orders.settings import Settings

router = APIRouter()


async def get_db(request: Request):
    async with request.app.state.sessions() as db:
        yield db


@router.get("/health")
async def health():
    return "well"


@router.post("/orders/{sku}", status_code=201)
async def order(sku: str, db=Depends(get_db)):
    db.add(Order(sku=sku))
    await db.commit()


@router.get("/orders")
async def count(db=Depends(get_db)):
    return await db.scalar(select(func.count()).select_from(Order))


@asynccontextmanager
async def lifespan(app):
    engine = create_async_engine(Settings().database_url)
    app.state.sessions = async_sessionmaker(engine)
    yield
    await engine.dispose()


def create_app():
    app = FastAPI(title=Settings().title, lifespan=lifespan)
    app.include_router(router)
    return app
