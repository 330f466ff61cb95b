from typing import Annotated

from dependency_injector.wiring import Provide, inject
from fastapi import APIRouter, Depends, HTTPException
from sqlalchemy.exc import IntegrityError

from stock.containers import Container
from stock.services import ProductService

router = APIRouter()
Products = Annotated[ProductService, Depends(Provide[Container.products])]


@router.post("/products/{sku}", status_code=201)
@inject
async def add(sku: str, products: Products, amount: int = 0) -> int:
    try:
        return await products.add(sku, amount)
    except IntegrityError:
        raise HTTPException(409) from None


@router.get("/products")
@inject
async def amounts(products: Products) -> dict[str, int]:
    return await products.amounts()
