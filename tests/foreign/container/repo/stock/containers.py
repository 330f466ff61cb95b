from dependency_injector import containers, providers

from stock.database import Database
from stock.services import ProductService


class Container(containers.DeclarativeContainer):
    wiring_config = containers.WiringConfiguration(modules=["stock.endpoints"])

    config = providers.Configuration()
    database = providers.Singleton(Database, url=config.database.url)
    products = providers.Factory(ProductService, database=database)
