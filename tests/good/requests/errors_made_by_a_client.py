"""The client of an API makes an error of its own of a status, each time in another way."""

from collections.abc import Callable
from typing import Any, NoReturn, Self

import httpx
from fastapi import APIRouter
from fastapi.responses import JSONResponse

router = APIRouter()


@router.get("/prices/{name}")
async def price(name: str) -> Any:
    return JSONResponse({"detail": "closed"}, status_code=503)


@router.get("/broken")
async def broken() -> str:
    return dict[str, str]()["missing"]


class PriceError(Exception):
    pass


class PriceStatusError(httpx.HTTPStatusError):
    @classmethod
    def of(cls, error: httpx.HTTPStatusError) -> Self:
        return cls(f"{error}: closed", request=error.request, response=error.response)


class PriceResponseError(Exception):
    def __init__(self, response: httpx.Response) -> None:
        super().__init__("closed")
        self.response = response


class Prices:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, way: str) -> httpx.Response:
        ways: dict[str, Callable[[httpx.Response], Any]] = {
            "from": raise_from_it,
            "from none": raise_from_none,
            "from its cause": raise_from_its_cause,
            "in a helper": raise_in_a_helper,
            "after it": raise_after_it,
            "by its status": raise_by_its_status,
            "by a part": raise_by_a_part,
            "of an error of its own": raise_of_its_own,
        }
        response = await self.client.get(f"/prices/{way}")
        ways[way](response)
        return response

    async def get_broken(self) -> None:
        try:
            await self.client.get("/broken")
        except Exception as error:
            raise PriceError("not reached") from error


def raise_from_it(response: httpx.Response) -> None:
    try:
        response.raise_for_status()
    except httpx.HTTPStatusError as error:
        raise PriceError("closed") from error


def raise_from_none(response: httpx.Response) -> None:
    try:
        response.raise_for_status()
    except httpx.HTTPStatusError:
        raise PriceError("closed") from None


def raise_from_its_cause(response: httpx.Response) -> None:
    try:
        response.raise_for_status()
    except httpx.HTTPStatusError as error:
        raise PriceStatusError.of(error) from error.__cause__


def raise_in_a_helper(response: httpx.Response) -> None:
    try:
        response.raise_for_status()
    except httpx.HTTPStatusError:
        fail("closed")


def fail(why: str) -> NoReturn:
    raise PriceError(why)


def raise_after_it(response: httpx.Response) -> None:
    problem = None
    try:
        response.raise_for_status()
    except httpx.HTTPStatusError as error:
        problem = PriceResponseError(error.response)
    if problem is not None:
        raise_it(problem)


def raise_it(problem: Exception) -> NoReturn:
    raise problem


def raise_by_its_status(response: httpx.Response) -> None:
    if response.is_error:
        raise PriceError("closed")


def raise_by_a_part(response: httpx.Response) -> None:
    if not response.is_success:
        raise_for(response.status_code, response.text)


def raise_for(status: int, text: str) -> NoReturn:
    raise PriceError(f"{status}: {text}")


def raise_of_its_own(response: httpx.Response) -> None:
    try:
        raise_by_its_status(response)
    except PriceError as error:
        raise RuntimeError("no price") from error
