import pytest
from pydantic import ValidationError

from app.config import DatabaseSettings
from app.database_url import FORM, for_engine, for_libpq

URL = "postgresql+asyncpg://user:p%40ss@host:5432/db"

TAKEN = {
    "none": ("", {}),
    "application_name": (
        "?application_name=shop",
        {"server_settings": {"application_name": "shop"}},
    ),
    "channel_binding": ("?channel_binding=prefer", {}),
    "channel_binding where TLS protects from the same attack": (
        "?channel_binding=require&sslmode=verify-full&sslrootcert=/dev/null",
        {"dsn": "postgresql:///?sslrootcert=%2Fdev%2Fnull&sslmode=verify-full"},
    ),
    "connect_timeout": ("?connect_timeout=15", {"timeout": 15.0}),
    "connect_timeout of zero": ("?connect_timeout=0", {}),
    "fallback_application_name": (
        "?fallback_application_name=shop",
        {"server_settings": {"application_name": "shop"}},
    ),
    "keepalives": ("?keepalives=1&keepalives_idle=30&tcp_user_timeout=9", {}),
    "options": (
        "?options=-c%20search_path%3Dshop",
        {"server_settings": {"options": "-c search_path=shop"}},
    ),
    "pgbouncer": ("?pgbouncer=true&statement_cache_size=0", {}),
    "several options": (
        "?sslmode=require&connect_timeout=9&target_session_attrs=read-write",
        {"dsn": "postgresql:///?sslmode=require&target_session_attrs=read-write", "timeout": 9.0},
    ),
    "ssl of other drivers": ("?ssl=true", {"dsn": "postgresql:///?sslmode=require"}),
    "sslmode": ("?sslmode=disable", {"dsn": "postgresql:///?sslmode=disable"}),
    "sslnegotiation": (
        "?sslmode=require&sslnegotiation=direct",
        {"dsn": "postgresql:///?sslmode=require&sslnegotiation=direct"},
    ),
}

REFUSED = {
    "a demand that the driver can't meet": (
        "?sslmode=require&channel_binding=require",
        "channel_binding=require is not supported by the driver. Replace it with "
        "sslmode=verify-full&sslrootcert=system, which protects from the same attack",
    ),
    "an authority that is not named": (
        "?sslmode=verify-full",
        "With sslmode=verify-full, sslrootcert has to name the file of the certificate authority, "
        "or be `system`",
    ),
    "a file that is not there": (
        "?sslcert=/nowhere",
        "The option sslcert names a file that can't be read",
    ),
    "a limit that is no number": (
        "?connect_timeout=soon",
        "The option connect_timeout should be a number",
    ),
    "a list of ports that is too short": ("?host=one,two,three&port=1,2", FORM),
    "an option of another driver": (
        "?connection_limit=1",
        "The option 'connection_limit' is not supported",
    ),
    "a setting of the server": (
        "?statement_timeout=9",
        "The option 'statement_timeout' is not supported",
    ),
    "direct TLS that is not required": (
        "?sslnegotiation=direct",
        "sslnegotiation=direct needs sslmode=require or a stricter one",
    ),
    "a value that is not known": (
        "?sslnegotiation=later",
        "The option sslnegotiation is not supported with this value, only direct, postgres",
    ),
}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DatabaseSettings.model_config, "env_file", None)
    monkeypatch.delenv("PGSSLROOTCERT", raising=False)
    monkeypatch.setenv("HOME", "/nowhere")


@pytest.mark.parametrize(("options", "arguments"), TAKEN.values(), ids=TAKEN)
def test_options_of_providers_reach_the_driver(options: str, arguments: dict[str, object]) -> None:
    settings = DatabaseSettings(database_url=URL.replace("+asyncpg", "") + options)

    url, given = for_engine(settings.database_url)

    assert url.render_as_string(hide_password=False) == URL
    assert given == arguments


@pytest.mark.parametrize(("options", "reason"), REFUSED.values(), ids=REFUSED)
def test_an_option_that_cannot_be_respected_is_refused(options: str, reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        DatabaseSettings(database_url=URL + options)

    assert [error["msg"] for error in caught.value.errors()] == [reason]


@pytest.mark.parametrize(
    "hosts",
    [
        "user@one:1,two,[::1]:3/db",
        "user@/db?host=one,two,::1&port=1,5432,3",
        "user@/db?host=one:1&host=two&host=[::1]:3",
    ],
)
def test_several_hosts_are_tried(hosts: str) -> None:
    settings = DatabaseSettings(database_url=f"postgresql://{hosts}")

    url, arguments = for_engine(settings.database_url)

    assert str(url) == "postgresql+asyncpg://user@/db"
    assert arguments == {"host": ["one", "two", "::1"], "port": ["1", "5432", "3"]}


def test_a_socket_is_a_host() -> None:
    settings = DatabaseSettings(database_url="postgresql://user@/db?host=/run/postgresql")

    url, arguments = for_engine(settings.database_url)

    assert url.query == {"host": "/run/postgresql"}
    assert arguments == {}


@pytest.mark.parametrize("option", ["sslmode=verify-full", "channel_binding=require"])
def test_the_authorities_of_the_system_are_trusted_if_the_url_says_so(option: str) -> None:
    url, arguments = for_engine(f"{URL}?{option}&sslrootcert=system")

    assert url.render_as_string(hide_password=False) == URL
    assert arguments["ssl"].check_hostname is True


def test_the_environment_may_name_the_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", "/dev/null")

    _, arguments = for_engine(f"{URL}?sslmode=verify-full")

    assert arguments == {"dsn": "postgresql:///?sslmode=verify-full"}


def test_other_programs_get_the_url_as_libpq_reads_it() -> None:
    database_url = f"{URL}?pgbouncer=true&ssl=true&options=-c%20search_path%3Dshop"

    assert for_libpq(database_url) == (
        "postgresql://user:p%40ss@host:5432/db?options=-c%20search_path%3Dshop&sslmode=require"
    )
