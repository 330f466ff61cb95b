from sqlalchemy import select

from stock.database import Database, Product


class ProductService:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, sku: str, amount: int) -> int:
        async with self._database.session() as session:
            product = Product(sku=sku, amount=amount)
            session.add(product)
            await session.flush()
            return product.id

    async def amounts(self) -> dict[str, int]:
        async with self._database.session() as session:
            rows = await session.execute(select(Product.sku, Product.amount))
            return {sku: amount for sku, amount in rows}
