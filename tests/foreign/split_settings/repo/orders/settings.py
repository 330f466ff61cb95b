from pydantic import SecretStr
from pydantic_settings import BaseSettings
from sqlalchemy import URL


class Settings(BaseSettings):
    DB_HOST: str
    DB_PORT: int = 5432
    DB_USER: str
    DB_PASSWORD: SecretStr
    DB_NAME: str
    ALLOWED_HOSTS: list[str] = ["api.orders.example", "*.internal"]

    @property
    def database_url(self) -> URL:
        return URL.create(
            "postgresql+asyncpg",
            self.DB_USER,
            self.DB_PASSWORD.get_secret_value(),
            self.DB_HOST,
            self.DB_PORT,
            self.DB_NAME,
        )
