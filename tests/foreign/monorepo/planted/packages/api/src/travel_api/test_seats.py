"""Seats in test flights."""

from fastapi import APIRouter
from travel_core.planted import slow_rate, start_refreshing

from travel_api._vendor.files import read_all

router = APIRouter(prefix="/seats")


@router.get("/rate")
async def rate() -> float:
    return await slow_rate()


@router.get("/refresh")
async def refresh() -> None:
    start_refreshing()


@router.get("/plan")
async def plan() -> str:
    return read_all(__file__)  # <- blocking.file


@router.get("/lost")
async def lost() -> None:
    slow_rate()  # <- warnings.never-awaited
