"""Writes app_under_test.py from what is found in the code of an app, with each guess marked."""

from __future__ import annotations

import re
import sys
import textwrap

from .app_settings import Setting
from .changes import Changes, Refusal
from .code import Code, Found, look_at_code, on_sqlite
from .imports import sorted_imports
from .target import Target

FILE = "app_under_test.py"
# Of a line in a function, so that formatters leave it alone.
WIDTH = 80
USUAL = ("app", "client", "engine", "session")


def plan(changes: Changes, target: Target) -> list[str]:
    """Plan the file, where there is none, and say what is left to check.

    Raises:
        Refusal: The repository has nothing that the fixtures are for.
    """
    path = target.tests / FILE
    left = theirs_that_win(changes.read(target.conftest) or "", target)
    if path.is_file():
        return [*to_check(changes.read(path) or "", target.name(path)), *left]
    code = look_at_code(target)
    if not code.uses_sqlalchemy:
        raise Refusal(f"{target.root} does not use SQLAlchemy: copy the gate alone by --gate-only.")
    text = text_of(code, target)
    changes.write(path, text)
    version = ".".join(map(str, sys.version_info[:2]))
    unread = [f"Python {version} can't read {place}: look there" for place in code.unread]
    return [*to_check(text, target.name(path)), *unread, *on_sqlite(code), *left]


def to_check(text: str, name: str) -> list[str]:
    lines = [str(n) for n, line in enumerate(text.splitlines(), 1) if "# GUESS" in line]
    if not lines:
        return []
    return [f"Check the guesses in {name}, and remove their marks: line {', '.join(lines)}"]


def theirs_that_win(conftest: str, target: Target) -> list[str]:
    """Their fixtures that have the names of ours."""
    names = [name for name in USUAL if re.search(rf"(?m)^(async )?def {name}\(", conftest)]
    if not names:
        return []
    ours = ", ".join(f"`isolated_{name}`" for name in names)
    theirs = ", ".join(f"`{name}`" for name in names)
    where = target.name(target.conftest)
    return [f"{where} has its own {theirs}, which win: ours are {ours}. Remove yours to use ours"]


def text_of(code: Code, target: Target) -> str:
    """The whole file."""
    imports = {
        "from collections.abc import AsyncGenerator",
        "from contextlib import asynccontextmanager",
    }
    migrate = migrate_of(code, target, imports)
    running = running_of(code, imports)
    helpers = [
        name for name in ("rebound", "running", "url_for") if f"{name}(" in migrate + running
    ]
    package = "." if target.prefix else ""
    own = {one.module.partition(".")[0] for one in (*code.apps, *code.engines, *code.metadata)}
    own -= {"sqlmodel"}
    if helpers and not package:
        imports.add(f"from isolation import {', '.join(helpers)}")
        own.add("isolation")
    early = early_of(code)
    if early:
        imports.add("import os")
    groups = sorted_imports(imports, own)
    late = [f"from .isolation import {', '.join(helpers)}"] if helpers and package else []
    if early:
        lines = groups.pop().splitlines()
        late += [early, "\n".join(f"{line}  # noqa: E402" for line in lines)]
    head = '"""What the fixtures need to know about this app. Check each GUESS."""'
    parts = [head, *groups, *late, *options_of(code)]
    return "\n\n".join(parts) + f"\n\n\n{migrate}\n\n\n{running}\n"


def early_of(code: Code) -> str:
    """What the import of the app needs."""
    one = next((one for one in code.settings if one.is_url and one.is_required), None)
    if one is None or not code.apps:
        return ""
    return (
        f"# GUESS: {one.place} may read this when the app is imported.\n"
        f'os.environ.setdefault("{one.name}", "postgresql+asyncpg://none@localhost/none")'
    )


def options_of(code: Code) -> list[str]:
    """The optional names of the file."""
    options = []
    if code.hosts:
        guess = "# GUESS: the app answers to this host."
        options.append(f'{guess}\nbase_url = "http://{code.hosts[0]}"')
    parts = [one for one in code.settings if not one.is_url]
    if len(parts) == len(code.settings) and parts and not code.engines:
        guess = f"# GUESS: {parts[0].place} has the host of the database apart from the port."
        options.append(f"{guess}\nover_tcp = True")
    return options


def environment_of(code: Code, driver: str, imports: set[str]) -> list[str]:
    """Statements that name the test database to the app's settings."""
    urls = [one for one in code.settings if one.is_url]
    parts = [one for one in code.settings if not one.is_url]
    if urls:
        lines = []
        for one in urls:
            lines.append(f"# GUESS: {one.place} reads the address of the database.")
            lines += told(code, one, name_of_url(driver), imports)
        return lines
    if not parts:
        return []
    imports.add("from sqlalchemy import make_url")
    lines = ["# GUESS: these are the settings of the database.", "url = make_url(database_url)"]
    for one in parts:
        part = next(part for part, words in PARTS.items() if re.search(words, one.name.lower()))
        lines += told(code, one, f'str(url.{part} or "")', imports)
    return lines


def driver_of(code: Code) -> str:
    return "asyncpg" if "asyncpg" in code.drivers else min(code.drivers, default="asyncpg")


def name_of_url(driver: str) -> str:
    return "database_url" if driver == "asyncpg" else "driver_url"


def told(code: Code, one: Setting, value: str, imports: set[str]) -> list[str]:
    """Set a variable of the environment, and the setting that was read from it at import."""
    lines = [f'environment.setenv("{one.name}", {value})']
    for held in code.instances:
        # The class may have its fields from several others.
        if one.holder and held.kind in {one.holder, "Settings"}:
            imports.add(f"from {held.module} import {held.name}")
            number = f"int({value})" if value.startswith("str(url.port") else value
            lines.append(f'environment.setattr({held.name}, "{one.attribute}", {number})')
    return lines


# In this order: POSTGRES_USER names no database, although it has "postgres" in it.
PARTS = {
    "host": "host|server",
    "port": "port",
    "username": "user",
    "password": "pass",
    "database": "name|db|database",
}


def under(lines: list[str], code: Code, driver: str, imports: set[str], *, ends: bool) -> list[str]:
    """Statements that run with the settings of the test database."""
    environment = environment_of(code, driver, imports)
    first: list[str] = []
    if any("driver_url" in line for line in [*environment, *lines]):
        made = f'url_for("{driver}", database_url).render_as_string(hide_password=False)'
        first = [f"# GUESS: this connects by {driver}.", f"driver_url = {made}"]
    if not environment:
        return [*first, *lines]
    imports.add("import pytest")
    forgets = []
    for one in code.cached:
        imports.add(f"from {one.module} import {one.name}")
        forgets.append(f"{one.name}.cache_clear()")
    if forgets:
        places = ", ".join(one.place for one in code.cached)
        environment += [f"# GUESS: what is kept depends on the settings: {places}.", *forgets]
        if ends:
            engines = [one.name for one in code.cached if one.kind == "engine"]
            lines = [*lines, *(f"await {name}().dispose()" for name in engines)]
    inner = textwrap.indent("\n".join([*environment, *lines]), "    ")
    head = "with pytest.MonkeyPatch.context() as environment:"
    return [*first, head, *inner.splitlines(), *forgets]


def function(head: str, docstring: str, lines: list[str]) -> str:
    body = textwrap.indent("\n".join([f'"""{docstring}"""', *lines]), "    ")
    return f"{head}\n{body}"


def migrate_of(code: Code, target: Target, imports: set[str]) -> str:
    head = "def migrate(database_url: str) -> None:"
    docstring = "Build the schema in an empty database."
    if code.alembic is not None:
        imports |= {
            "from pathlib import Path",
            "from alembic import command",
            "from alembic.config import Config",
        }
        up = ".".join(["parent"] * (len(target.tests.relative_to(target.root).parts) + 1))
        ini = code.alembic.relative_to(target.root).as_posix()
        driver = code.sync_driver or driver_of(code)
        lines = [
            f"# GUESS: `alembic upgrade head` with {ini} builds the whole schema.",
            f'config = Config(Path(__file__).{up} / "{ini}")',
            f'config.set_main_option("sqlalchemy.url", {name_of_url(driver)}.replace("%", "%%"))',
            'command.upgrade(config, "head")',
        ]
        return function(head, docstring, under(lines, code, driver, imports, ends=False))
    if not code.metadata:
        missing = 'raise NotImplementedError("create the tables in the database at this URL")'
        found = "# GUESS: neither an alembic.ini nor a declarative base was found."
        return function(head, docstring, [found, missing])
    base = code.metadata[0]
    metadata = base.name if base.kind == "MetaData" else f"{base.name}.metadata"
    imports |= {
        "import asyncio",
        "from sqlalchemy.ext.asyncio import create_async_engine",
        f"from {base.module} import {base.name}",
    }
    models = sorted({one.module for one in code.models} - {base.module})
    body = [f"# GUESS: {others(base, code.metadata)} has all tables."]
    if models:
        imports.add("from importlib import import_module")
        body = [
            f"{body[0][:-1]}, and these modules define them.",
            f"for module in ({', '.join(map(repr, models))},):".replace("'", '"'),
            "    import_module(module)",
        ]
    body += [
        "temporary = create_async_engine(database_url)",
        "async with temporary.begin() as connection:",
        f"    await connection.run_sync({metadata}.create_all)",
        "await temporary.dispose()",
    ]
    create = "async def create_tables(database_url: str) -> None:\n"
    create += textwrap.indent("\n".join(body), "    ")
    first = function(head, docstring, ["asyncio.run(create_tables(database_url))"])
    return f"{first}\n\n\n{create}"


def others(chosen: Found, found: list[Found]) -> str:
    """A thing and its place, with the places of those that were not chosen."""
    rest = [one.place for one in found if one is not chosen]
    return chosen.place + (f" (not {', '.join(rest)})" if rest else "")


def running_of(code: Code, imports: set[str]) -> str:
    head = "async def running_app(database_url: str) -> AsyncGenerator[{}, None]:"
    head = f"@asynccontextmanager\n{head}"
    docstring = "Start the app on a database, and stop it."
    if not code.apps:
        lines = [
            "# GUESS: no app was found: yield it here, started on this database.",
            'raise NotImplementedError("start the app")',
            "yield",
        ]
        return function(head.format("None"), docstring, lines)
    app = code.apps[0]
    imports |= {
        f"from {app.module} import {app.name}",
        f"from {CLASSES[app.kind]} import {app.kind}",
    }
    chosen, name = others(app, code.apps), app.name
    lines = [f"# GUESS: {chosen} is the app that your tests call."]
    if app.is_factory:
        name = "app"
        guess = f"# GUESS: {chosen} makes the app, and needs no arguments."
        lines = [guess, f"app = {app.name}()"]
    entered = []
    for engine in code.engines:
        imports.add(f"from {engine.module} import {engine.name}")
        lines.append(f"# GUESS: {engine.place} is an engine of the app, made at import.")
        bound = f'{engine.name}.kw["bind"]' if "session" in engine.kind else engine.name
        entered.append(f"rebound({bound}, database_url)")
    entered.append(f"running({name})")
    opening = f"async with {', '.join(entered)}:"
    if len(opening) > WIDTH:
        opening = "async with (\n" + "".join(f"    {one},\n" for one in entered) + "):"
    lines += [opening, f"    yield {name}"]
    if not code.engines:
        lines = under(lines, code, driver_of(code), imports, ends=True)
    return function(head.format(app.kind), docstring, lines)


CLASSES = {
    "FastAPI": "fastapi",
    "Starlette": "starlette.applications",
    "Litestar": "litestar",
    "Quart": "quart",
}
