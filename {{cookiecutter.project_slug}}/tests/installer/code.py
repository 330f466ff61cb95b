"""Finds the app, its engines, models and settings in Python source, without importing it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .changes import Refusal, read
from .target import Target, folders_of

APPS = {"FastAPI", "Starlette", "Litestar", "Quart"}
ENGINES = {"create_async_engine", "create_engine", "async_engine_from_config"}
# Code beside an app that is not the app.
BESIDE = {"alembic", "migrations", "versions", "docs", "examples", "scripts", "benchmarks"}
URL = re.compile(r"(database|db|postgres\w*|pg|sql\w*|async\w*)_?(url|uri|dsn)$", re.IGNORECASE)
PART = re.compile(
    r"(database|db|postgres\w*|pg|sql)_?(host\w*|server|port|user\w*|pass\w*|name|db|database)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Found:
    """A name of the app's code."""

    module: str
    name: str
    #: The file and line, for people.
    place: str
    kind: str = ""
    is_factory: bool = False


@dataclass
class Code:
    """What was found, the likeliest first."""

    apps: list[Found] = field(default_factory=list)
    engines: list[Found] = field(default_factory=list)
    metadata: list[Found] = field(default_factory=list)
    models: list[Found] = field(default_factory=list)
    url_setting: Found | None = None
    host_settings: list[Found] = field(default_factory=list)
    alembic: Path | None = None
    uses_sqlalchemy: bool = False


def look_at_code(target: Target) -> Code:
    code = Code()
    for folder in folders_of(target.root):
        if folder.is_relative_to(target.tests) and target.tests != target.root:
            continue
        if (folder / "alembic.ini").is_file() and code.alembic is None:
            code.alembic = folder / "alembic.ini"
        if BESIDE.isdisjoint(folder.relative_to(target.root).parts):
            for path in sorted(folder.glob("*.py")):
                if not re.match(r"(test_|conftest|setup|noxfile|fabfile)|.*_test\.py", path.name):
                    look_at_module(code, target, path)
    names = {app.name for app in code.apps if app.is_factory}
    objects = [app for app in code.apps if not app.is_factory]
    kinds = {app.name: app.kind for app in code.apps}
    # `app = create_app()`, where the module may have imported the factory.
    objects = [
        Found(app.module, app.name, app.place, kinds.get(app.kind, app.kind))
        for app in objects
        if app.kind in APPS or app.kind in names
    ]
    factories = [app for app in code.apps if app.is_factory]
    code.apps = sorted(objects, key=rank) + sorted(factories, key=rank)
    code.metadata.sort(
        key=lambda one: (one.kind == "MetaData", one.name != "Base", one.module.count("."))
    )
    return code


def rank(app: Found) -> tuple[bool, bool, int]:
    """How likely an app is the one that is served: the lower, the likelier."""
    last = app.module.rpartition(".")[2]
    return (
        app.name not in {"app", "create_app", "make_app", "get_app"},
        last not in {"main", "app", "asgi", "server", "application"},
        app.module.count("."),
    )


def module_of(target: Target, path: Path) -> str:
    """The name by which the tests import a module."""
    bases = [target.root / word for word in target.settings.words("pythonpath")]
    bases += [target.root / "src", target.root]
    base = next(one for one in bases if path.is_relative_to(one))
    if (base / "__init__.py").exists() and base != target.root:
        base = target.root
    parts = path.relative_to(base).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def look_at_module(code: Code, target: Target, path: Path) -> None:
    text = read(path)
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise Refusal(f"{path}:{error.lineno} is not valid Python: {error.msg}.") from None
    if re.search(r"(?m)^\s*(from|import) (sqlalchemy|sqlmodel)\b", text):
        code.uses_sqlalchemy = True
    module = module_of(target, path)
    place = path.relative_to(target.root).as_posix()
    for node in tree.body:
        for name, value in assigned(node):
            called = call_name(value)
            found = Found(module, name, f"{place}:{node.lineno}", called)
            if called in ENGINES:
                code.engines.append(found)
            elif called in {"declarative_base", "automap_base", "MetaData"}:
                code.metadata.append(found)
            elif called in APPS or re.search("app|factory", called, re.IGNORECASE):
                code.apps.append(found)
        if isinstance(node, ast.FunctionDef):
            kind = made_by(node)
            if kind:
                where = f"{place}:{node.lineno}"
                code.apps.append(Found(module, node.name, where, kind, is_factory=True))
        elif isinstance(node, ast.ClassDef):
            look_at_class(code, Found(module, node.name, f"{place}:{node.lineno}"), node, place)
    for name, line in sorted(environment_names(tree), key=lambda one: one[1]):
        setting(code, Found(module, name, f"{place}:{line}"))


def assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        targets = [node.target]
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    for target in targets:
        if isinstance(target, ast.Name) and value is not None:
            yield target.id, value


def call_name(node: ast.expr | None) -> str:
    """The last name of what is called: `FastAPI` of `fastapi.FastAPI(...)`."""
    return last_name(node.func) if isinstance(node, ast.Call) else ""


def last_name(node: ast.expr | None) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return last_name(node.value)
    return node.id if isinstance(node, ast.Name) else ""


def made_by(node: ast.FunctionDef) -> str:
    """The class of the app that a function returns, or nothing."""
    if last_name(node.returns) in APPS:
        return last_name(node.returns)
    if node.name.startswith("_"):
        return ""
    made = {
        name: call_name(value)
        for statement in ast.walk(node)
        if isinstance(statement, ast.stmt)
        for name, value in assigned(statement)
    }
    for statement in ast.walk(node):
        if isinstance(statement, ast.Return):
            kind = call_name(statement.value) or made.get(last_name(statement.value), "")
            if kind in APPS:
                return kind
    return ""


def look_at_class(code: Code, found: Found, node: ast.ClassDef, place: str) -> None:
    bases = {last_name(base) for base in node.bases}
    is_table = any(keyword.arg == "table" for keyword in node.keywords)
    if bases & {"DeclarativeBase", "DeclarativeBaseNoMeta"}:
        code.metadata.append(found)
    elif is_table or any(name == "__tablename__" for one in node.body for name, _ in assigned(one)):
        code.models.append(found)
        if is_table and all(one.module != "sqlmodel" for one in code.metadata):
            code.metadata.append(Found("sqlmodel", "SQLModel", found.place))
    elif bases & {"BaseSettings", "Settings"}:
        for one in node.body:
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                name = prefix_of(node) + one.target.id
                setting(code, Found(found.module, name.upper(), f"{place}:{one.lineno}"))


def prefix_of(node: ast.ClassDef) -> str:
    """The `env_prefix` of pydantic's settings."""
    for one in ast.walk(node):
        value = one.value if isinstance(one, ast.keyword) and one.arg == "env_prefix" else None
        if isinstance(value, ast.Constant):
            return str(value.value)
    return ""


def environment_names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The names in `os.environ["NAME"]`, `os.environ.get("NAME")` and `os.getenv("NAME")`."""
    for node in ast.walk(tree):
        key: ast.expr | None = None
        if isinstance(node, ast.Subscript) and last_name(node.value) == "environ":
            key = node.slice
        elif isinstance(node, ast.Call) and node.args:
            is_get = call_name(node) == "get" and isinstance(node.func, ast.Attribute)
            if is_get and isinstance(node.func, ast.Attribute):
                is_get = last_name(node.func.value) == "environ"
            if is_get or call_name(node) == "getenv":
                key = node.args[0]
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.lineno:
            yield key.value, key.lineno


def setting(code: Code, found: Found) -> None:
    """Remember a setting that says where the database is."""
    if URL.search(found.name):
        code.url_setting = code.url_setting or found
    elif PART.search(found.name) and all(one.name != found.name for one in code.host_settings):
        code.host_settings.append(found)
