import secrets
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import make_url, text
from starlette.types import Message

from app import config
from app.config import (
    CommonSettings,
    DatabaseSettings,
    InvalidSettings,
    LogSettings,
    Settings,
    load_settings,
)
from app.database import create_engine
from app.main import create_app
from tests.app_under_test import SECRET_KEY
from tests.isolation import Isolation
from tests.postgres import Databases

URL = "postgresql+asyncpg://user:password@localhost/db"
OLD_KEY = "Vb2HhBqZ3n8sYw0LxT5kRc9GmJ7fPdQe"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for settings in (CommonSettings, LogSettings, DatabaseSettings, Settings):
        monkeypatch.setitem(settings.model_config, "env_file", None)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("PREVIOUS_SECRET_KEYS", f"{OLD_KEY}, {OLD_KEY[::-1]}")
    monkeypatch.setenv("ACCESS_TOKEN_MINUTES", "5")

    settings = load_settings(Settings)

    assert settings.database_url == URL
    assert settings.secret_key.get_secret_value() == SECRET_KEY
    previous = [key.get_secret_value() for key in settings.previous_secret_keys]
    assert previous == [OLD_KEY, OLD_KEY[::-1]]
    assert settings.access_token_minutes == 5


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_the_driver_is_asyncpg_however_the_url_is_written(scheme: str) -> None:
    settings = DatabaseSettings(database_url=f"{scheme}://user:password@localhost/db")

    assert settings.database_url == URL


def test_the_names_of_options_are_those_of_psql() -> None:
    settings = DatabaseSettings(database_url=f"{URL}?application_name=app&ssl=true")

    assert settings.database_url == f"{URL}?application_name=app&sslmode=require"


@pytest.mark.parametrize(
    ("value", "size"), [("500", 500), ("500kB", 500_000), ("1MB", 1_000_000), ("1MiB", 2**20)]
)
def test_the_limit_of_a_body_has_a_unit(
    monkeypatch: pytest.MonkeyPatch, value: str, size: int
) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("MAX_BODY_SIZE", value)

    assert load_settings(Settings).max_body_size == size


@pytest.mark.parametrize("value", ["0", "-1MB", "much", ""])
def test_a_limit_of_a_body_that_is_not_a_size_is_refused(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("MAX_BODY_SIZE", value)

    with pytest.raises(InvalidSettings, match=r"MAX_BODY_SIZE: \w"):
        load_settings(Settings)


def test_all_invalid_settings_are_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCESS_TOKEN_MINUTES", "0")

    with pytest.raises(InvalidSettings) as caught:
        load_settings(Settings)

    assert caught.value.code == (
        "Invalid settings: DATABASE_URL: Field required; SECRET_KEY: Field required; "
        "ACCESS_TOKEN_MINUTES: Input should be greater than 0. "
        "Set them in the environment or in .env (.env.example shows how)."
    )


def test_an_invalid_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("SECRET_KEY", "too short")

    with pytest.raises(InvalidSettings) as caught:
        load_settings(Settings)

    assert caught.value.code == (
        "Invalid settings: SECRET_KEY: String should have at least 32 characters. "
        "Set them in the environment or in .env (.env.example shows how)."
    )


@pytest.mark.parametrize(
    "key",
    [
        "a" * 32,
        "aaaaaaaabbbbbbbbccccccccdddddddd",
        "secret" * 6,
        "0123456789abcdef" * 2,
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "00000000-0000-0000-0000-000000000000",
        "please change this key before you deploy",
    ],
)
@pytest.mark.parametrize("name", ["SECRET_KEY", "PREVIOUS_SECRET_KEYS"])
def test_a_key_that_can_be_guessed_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, key: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv(name, key)

    with pytest.raises(InvalidSettings) as caught:
        load_settings(Settings)

    where = {"SECRET_KEY": "SECRET_KEY", "PREVIOUS_SECRET_KEYS": "PREVIOUS_SECRET_KEYS.0"}[name]
    assert caught.value.code == (
        f"Invalid settings: {where}: Input can be guessed, and should be random. "
        "Set them in the environment or in .env (.env.example shows how)."
    )


def test_a_random_key_is_accepted() -> None:
    for key in (secrets.token_hex(16), secrets.token_urlsafe(24)):
        settings = Settings(database_url=URL, secret_key=key)
        assert settings.secret_key.get_secret_value() == key


def test_a_list_is_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {
        "DATABASE_URL": URL,
        "SECRET_KEY": SECRET_KEY,
        "LOG_LEVEL": "warning",
        "TRUSTED_HOSTS": "example.com, *.example.com,[::1]",
        "CORS_ORIGINS": "",
        "FORWARDED_ALLOW_IPS": "10.0.0.0/8,::1,*",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    read = load_settings(Settings)

    assert read.log_level == "WARNING"
    assert read.trusted_hosts == ("example.com", "*.example.com", "[::1]")
    assert read.cors_origins == ()
    assert read.forwarded_allow_ips == ("10.0.0.0/8", "::1", "*")


def assert_refused(monkeypatch: pytest.MonkeyPatch, name: str, text: str, problem: str) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv(name, text)

    with pytest.raises(InvalidSettings) as caught:
        load_settings(Settings)

    assert caught.value.code == (
        f"Invalid settings: {problem}. "
        "Set them in the environment or in .env (.env.example shows how)."
    )


HOST = "Input should be a host without a port, *.example.com or *"
ORIGIN = "Input should be https://app.example.com, in lower case and without a path, or *"
ADDRESS = "Input should be an address, a network or *"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("LOG_LEVEL", "loud", "Input should be 'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL'"),
        ("TRUSTED_HOSTS", "example.com:80", HOST),
        ("TRUSTED_HOSTS", "a.*.com", HOST),
        ("CORS_ORIGINS", "https://a.com/", ORIGIN),
        ("CORS_ORIGINS", "a.com", ORIGIN),
        ("CORS_ORIGINS", "https://App.com", ORIGIN),
        ("FORWARDED_ALLOW_IPS", "10.0.0.1/33", ADDRESS),
        ("FORWARDED_ALLOW_IPS", "proxy", ADDRESS),
        ("SHUTDOWN_DELAY_SECONDS", "-1", "Input should be greater than or equal to 0"),
    ],
)
def test_a_setting_that_would_have_no_effect_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, problem: str
) -> None:
    listed = name in {"TRUSTED_HOSTS", "CORS_ORIGINS", "FORWARDED_ALLOW_IPS"}
    place = f"{name}.0" if listed else name
    assert_refused(monkeypatch, name, text, f"{place}: {problem}")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("DATABASE_STATEMENT_TIMEOUT", "inf", "Input should be less than or equal to 86400"),
        ("DATABASE_LOCK_TIMEOUT", "3000000", "Input should be less than or equal to 86400"),
        ("SHUTDOWN_DELAY_SECONDS", "inf", "Input should be less than or equal to 86400"),
        ("FAILED_LOGIN_MINUTES", "1" * 13, "Input should be less than or equal to 10080"),
        ("TRUSTED_HOSTS", "", "Input should name a host, or be * for all"),
    ],
)
def test_a_setting_that_would_break_each_request_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, problem: str
) -> None:
    assert_refused(monkeypatch, name, text, f"{name}: {problem}")


def test_a_settings_file_that_is_not_text_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # This is what PowerShell writes with `>`.
    (tmp_path / ".env").write_text("SECRET_KEY=x", encoding="utf-16")
    monkeypatch.setitem(DatabaseSettings.model_config, "env_file", tmp_path / ".env")

    with pytest.raises(InvalidSettings) as caught:
        load_settings(DatabaseSettings)

    assert str(caught.value.code).startswith(
        "Invalid settings: .env cannot be read: 'utf-8' codec can't decode byte 0xff "
    )
    assert "\n" not in str(caught.value.code)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:p@ssword@localhost/db",
        "postgresql://user:password@localhost:/db",
        " postgresql://user:password@localhost/db",
    ],
)
def test_a_url_that_the_driver_would_misread_is_refused(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    with pytest.raises(InvalidSettings) as caught:
        load_settings(DatabaseSettings)

    assert caught.value.code == (
        "Invalid settings: DATABASE_URL: Input should be a valid database URL, "
        "postgresql://USER:PASSWORD@HOST:PORT/NAME, with any @ in the password written as %40. "
        "Set them in the environment or in .env (.env.example shows how)."
    )


async def test_the_app_reads_its_settings_when_it_starts(
    app: FastAPI, isolation: Isolation
) -> None:
    given = Settings(database_url=isolation.database_url, secret_key=SECRET_KEY)
    assert app.state.settings == given


async def test_an_app_that_cannot_start_reports_the_reason_in_one_line() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        sent.append(message)

    with pytest.raises(InvalidSettings) as caught:
        await create_app()({"type": "lifespan"}, receive, send)

    assert sent == [{"type": "lifespan.startup.failed", "message": caught.value.code}]


def test_every_setting_is_in_the_example(monkeypatch: pytest.MonkeyPatch) -> None:
    example = Path(config.ROOT / ".env.example").read_text(encoding="utf-8")

    for name in Settings.model_fields:
        assert f"{name.upper()}=" in example


async def test_variables_of_another_server_do_not_reach_the_app(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await databases.clone()
    elsewhere = {"PORT": "1", "HOST": "/nowhere", "USER": "nobody", "DATABASE": "other"}
    for name, value in (elsewhere | {"TARGETSESSIONATTRS": "standby"}).items():
        monkeypatch.setenv(f"PG{name}", value)

    engine = create_engine(url)
    async with engine.connect() as connection:
        name = await connection.scalar(text("SELECT current_database()"))
    await engine.dispose()
    await databases.drop(url)

    assert name == make_url(url).database
    assert create_engine("postgresql+asyncpg://user:password@host/db").url.port == 5432
