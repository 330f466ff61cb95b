from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="orders_")

    title: str = "Orders"
    database_url: str = "postgresql+asyncpg://localhost/orders"
