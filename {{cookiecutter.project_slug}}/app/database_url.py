"""A database URL as hosting providers write it, for SQLAlchemy and asyncpg.

Its options are those of libpq:
https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
"""

import os
import re
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

FORM = (
    "Input should be a valid database URL, postgresql://USER:PASSWORD@HOST:PORT/NAME, "
    "with any @ in the password written as %40"
)
# A path, an IPv6 address with or without brackets, or a name.
HOST_AND_PORT = re.compile(r"(?P<host>/.*|\[[^]]*\]|[^:]*(?::[^:]*){2,}|[^:]+)(?::(?P<port>\d+))?")
DEFAULT_PORT = "5432"

FILES = ("passfile", "sslcert", "sslcrl", "sslkey", "sslrootcert")
ANY = None
TLS_VERSIONS = {"TLSv1.2", "TLSv1.3"}

# The values that an option may have. asyncpg reads these options only from a URL of its own.
READ_BY_ASYNCPG: dict[str, set[str] | None] = {
    **dict.fromkeys(FILES, ANY),
    "gsslib": {"gssapi", "sspi"},
    "krbsrvname": ANY,
    "ssl_max_protocol_version": TLS_VERSIONS,
    "ssl_min_protocol_version": TLS_VERSIONS,
    "sslmode": {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"},
    "sslnegotiation": {"postgres", "direct"},
    "sslpassword": ANY,
    "target_session_attrs": {
        *("any", "primary", "standby", "prefer-standby", "read-write", "read-only")
    },
}
ADDRESS = dict.fromkeys(("host", "port", "connect_timeout"), ANY)
SETTINGS = dict.fromkeys(("application_name", "options"), ANY)
# What is so anyway, what is left to the operating system, and what is for other drivers.
NEEDLESS: dict[str, set[str] | None] = {
    "channel_binding": {"disable", "prefer"},
    "client_encoding": {"auto", "utf8", "utf-8", "UTF8", "UTF-8"},
    "gssencmode": {"disable", "prefer"},
    "keepalives": ANY,
    "keepalives_count": ANY,
    "keepalives_idle": ANY,
    "keepalives_interval": ANY,
    "load_balance_hosts": {"disable"},
    "pgbouncer": {"true", "false"},
    "prepared_statement_cache_size": ANY,
    "sslcertmode": {"allow", "disable"},
    "sslcompression": {"0"},
    "sslsni": {"1"},
    "statement_cache_size": ANY,
    "tcp_user_timeout": ANY,
}
KNOWN = READ_BY_ASYNCPG | ADDRESS | SETTINGS | NEEDLESS
# How other drivers write an sslmode.
SSL_MODES = {"true": "require", "1": "require", "no-verify": "require", "false": "disable"}


def normalize(text: str) -> str:
    """Return the URL with the driver's name, and with the options that make a difference.

    Raises:
        ValueError: It is not the URL of a database, or has an option that can't be respected. The
            message is one line, without the user's values.
    """
    url, options = _parse(text)
    _check(options)
    query = {name: value for name, value in options.items() if name not in NEEDLESS}
    text = url.set(query=query).render_as_string(hide_password=False)
    address, mark, query_string = text.partition("?")
    # libpq does not take a plus sign for a blank, and a path needs no escapes.
    return address + mark + query_string.replace("+", "%20").replace("%2F", "/")


def for_libpq(database_url: str) -> str:
    """Return the URL for psql and other programs."""
    return normalize(database_url).replace("+asyncpg", "", 1)


def for_engine(database_url: str) -> tuple[URL, dict[str, Any]]:
    """Return the URL for an engine, and its `connect_args`.

    Raises:
        ValueError: See `normalize`.
    """
    url = make_url(normalize(database_url))
    options = {name: str(value) for name, value in url.query.items()}
    arguments: dict[str, Any] = {}
    if "," in options.get("host", ""):
        arguments["host"] = options.pop("host").split(",")
        arguments["port"] = options.pop("port").split(",")
    # Zero stands for no limit, in which case ours applies.
    if seconds := int(options.pop("connect_timeout", "0")):
        arguments["timeout"] = float(seconds)
    if settings := {name: options.pop(name) for name in SETTINGS if name in options}:
        arguments["server_settings"] = settings
    if options.get("sslrootcert") == "system":
        del options["sslrootcert"]
        arguments["ssl"] = ssl.create_default_context()
    if others := {name: options.pop(name) for name in READ_BY_ASYNCPG if name in options}:
        arguments["dsn"] = f"postgresql:///?{urlencode(others)}"
    return url.set(query=options), arguments


def _parse(text: str) -> tuple[URL, dict[str, str]]:
    """Split a URL into what comes before its options, and those, by their names in libpq."""
    scheme, _, rest = text.partition("://")
    authority, _, _ = re.split(r"([/?])", rest + "/", maxsplit=1)
    user, at, hosts = authority.rpartition("@")
    # SQLAlchemy reads one host there, and takes all that follows the first @ for it.
    several = [hosts] if "," in hosts else []
    if several:
        rest = user + at + rest[len(authority) :]
    try:
        url = make_url(f"{scheme}://{rest}")
    except (ArgumentError, ValueError):
        raise ValueError(FORM) from None
    if "@" in (url.host or ""):
        raise ValueError(FORM)
    query = {name: [v] if isinstance(v, str) else list(v) for name, v in url.query.items()}
    several += query.pop("host", [])
    options = {name: values[-1] for name, values in query.items()}
    options = dict(parse_qsl(urlsplit(options.pop("dsn", "")).query)) | options
    if several:
        options |= _hosts(",".join(several).split(","), options.get("port", ""))
    if ssl_mode := options.pop("ssl", None):
        options.setdefault("sslmode", SSL_MODES.get(ssl_mode, ssl_mode))
    if name := options.pop("fallback_application_name", None):
        options.setdefault("application_name", name)
    return url.set(drivername="postgresql+asyncpg"), options


def _hosts(hosts: list[str], port: str) -> dict[str, str]:
    """Return the options that name hosts, each of which may be followed by its port."""
    matches = [HOST_AND_PORT.fullmatch(host) for host in hosts]
    ports = port.split(",") * (1 if "," in port else len(hosts))
    if not all(matches) or len(ports) != len(hosts):
        raise ValueError(FORM)
    found = [match for match in matches if match]
    if len(found) == 1 and not found[0]["port"]:
        return {"host": found[0]["host"]}
    ports = [
        match["port"] or port or DEFAULT_PORT for match, port in zip(found, ports, strict=True)
    ]
    return {
        "host": ",".join(match["host"].strip("[]") for match in found),
        "port": ",".join(ports),
    }


def _check(options: dict[str, str]) -> None:
    for name, value in options.items():
        if name == "channel_binding" and value == "require":
            if options.get("sslmode") != "verify-full" and options.get("sslrootcert") != "system":
                raise ValueError(
                    "channel_binding=require is not supported by the driver. Replace it with "
                    "sslmode=verify-full&sslrootcert=system, which protects from the same attack"
                )
        elif name not in KNOWN:
            raise ValueError(f"The option {name!r} is not supported")
        elif (allowed := KNOWN[name]) and value not in allowed:
            expected = ", ".join(sorted(allowed))
            raise ValueError(f"The option {name} is not supported with this value, only {expected}")
    for name in FILES:
        path = options.get(name)
        if path and path != "system" and not os.access(path, os.R_OK):
            raise ValueError(f"The option {name} names a file that can't be read")
    for name in ("connect_timeout", "port"):
        if not re.fullmatch(r"\d+(,\d+)*", options.get(name, "0")):
            raise ValueError(f"The option {name} should be a number")
    ssl_mode = options.get("sslmode", "")
    if ssl_mode.startswith("verify") and "sslrootcert" not in options:
        default = Path.home() / ".postgresql" / "root.crt"
        if not default.exists() and "PGSSLROOTCERT" not in os.environ:
            raise ValueError(
                f"With sslmode={ssl_mode}, sslrootcert has to name the file of the certificate "
                "authority, or be `system`"
            )
    if options.get("sslnegotiation") == "direct" and not re.match("require|verify", ssl_mode):
        raise ValueError("sslnegotiation=direct needs sslmode=require or a stricter one")
