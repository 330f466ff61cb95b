"""What a name in the tests holds: a session, a connection or an engine of SQLAlchemy."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Literal

from .sources import Function, Source

Kind = Literal["session", "maker", "engine", "connection"]

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(
        (
            "sqlalchemy.ext.asyncio.AsyncSession",
            "sqlalchemy.ext.asyncio.session.AsyncSession",
            "sqlalchemy.orm.Session",
            "sqlalchemy.orm.session.Session",
            "sqlmodel.Session",
            "sqlmodel.ext.asyncio.session.AsyncSession",
        ),
        "session",
    ),
    **dict.fromkeys(
        (
            "sqlalchemy.orm.sessionmaker",
            "sqlalchemy.ext.asyncio.async_sessionmaker",
            "sqlalchemy.ext.asyncio.session.async_sessionmaker",
        ),
        "maker",
    ),
    **dict.fromkeys(
        (
            "sqlalchemy.create_engine",
            "sqlalchemy.engine.create_engine",
            "sqlalchemy.ext.asyncio.create_async_engine",
            "sqlalchemy.ext.asyncio.AsyncEngine",
            "sqlalchemy.Engine",
            "sqlalchemy.engine.Engine",
            "sqlmodel.create_engine",
        ),
        "engine",
    ),
    **dict.fromkeys(
        (
            "sqlalchemy.ext.asyncio.AsyncConnection",
            "sqlalchemy.Connection",
            "sqlalchemy.engine.Connection",
        ),
        "connection",
    ),
}
#: What a method of one gives.
_METHODS: dict[tuple[Kind, str], Kind] = {
    ("engine", "connect"): "connection",
    ("engine", "begin"): "connection",
    ("maker", "begin"): "session",
    ("connection", "execution_options"): "connection",
}
_WRAPPERS = ("Iterator", "AsyncIterator", "Generator", "AsyncGenerator", "Annotated", "Iterable")
#: How many steps from a name to where its value is made.
_STEPS = 8


class Kinds:
    """Follows names to where their values are made, in the modules of a project."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._fixtures: dict[str, list[tuple[Source, Function]]] = {}
        for source in sources:
            for function in source.functions():
                name = source.fixture_name(function)
                if name is not None:
                    self._fixtures.setdefault(name, []).append((source, function))

    def constructs(self, source: Source, call: ast.Call) -> Kind | None:
        """What a call makes by the class or function that it names."""
        return _KINDS.get(source.name(call.func))

    def of(self, source: Source, node: ast.AST | None, steps: int = _STEPS) -> Kind | None:
        """What an expression holds, as far as that can be told."""
        if node is None or not steps:
            return None
        match node:
            case ast.Await(value=value) | ast.NamedExpr(value=value):
                return self.of(source, value, steps)
            case ast.Call(func=function):
                made = _KINDS.get(source.name(function))
                if made is not None:
                    return made
                if isinstance(function, ast.Attribute):
                    owner = self.of(source, function.value, steps - 1)
                    return _METHODS.get((owner, function.attr)) if owner else None
                if self.of(source, function, steps - 1) == "maker":
                    return "session"
                return self._of_call(source, function, steps - 1)
            case ast.Name(id=name):
                return self._of_name(source, node, name, steps - 1)
            case ast.Attribute(value=ast.Name(id="self"), attr=attribute):
                kinds = (self.of(source, v, steps - 1) for v in _kept(source, node, attribute))
                return next((kind for kind in kinds if kind), None)
            case ast.Attribute():
                return self._of_import(source, source.name(node), steps - 1)
        return None

    def bindings(self, source: Source, node: ast.AST, name: str) -> tuple[ast.AST, list[ast.AST]]:
        """The function or module that gives a name its value, and the expressions that do."""
        for scope in source.outward(node):
            if isinstance(scope, Function | ast.Lambda) and name in _parameters(scope):
                return scope, []
            if isinstance(scope, Function | ast.Module):
                values = list(_values(source, scope, name))
                if values:
                    return scope, values
        return source.tree, []

    def fixtures(self, name: str) -> list[tuple[Source, Function]]:
        return self._fixtures.get(name, [])

    def module(self, name: str) -> Source | None:
        """The module of the project that an absolute or relative import means."""
        parts = [part for part in name.split(".") if part]
        if not parts:
            return None
        suffixes = ("/".join(parts) + ".py", "/".join(parts) + "/__init__.py")
        fitting = [
            source
            for source in self._sources
            if f"/{source.path.as_posix()}".endswith(tuple(f"/{suffix}" for suffix in suffixes))
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _of_name(self, source: Source, node: ast.AST, name: str, steps: int) -> Kind | None:
        scope, values = self.bindings(source, node, name)
        for value in values:
            kind = self.of(source, value, steps)
            if kind is not None:
                return kind
        if values:
            return None
        if isinstance(scope, Function):
            annotation = _parameters(scope).get(name)
            kind = _annotated(source, annotation)
            return kind or self._of_fixture(name, steps)
        return self._of_import(source, source.imported.get(name, ""), steps)

    def _of_import(self, source: Source, imported: str, steps: int) -> Kind | None:
        """What another module of the project has under a name."""
        module, _, name = imported.rpartition(".")
        other = self.module(module)
        if other is None or other is source:
            return None
        kinds = (self.of(other, value, steps) for value in _values(other, other.tree, name))
        return next((kind for kind in kinds if kind), None)

    def _of_call(self, source: Source, called: ast.expr, steps: int) -> Kind | None:
        """What a function of the project returns."""
        module, _, name = source.name(called).rpartition(".")
        owner: Source | None = source
        if module:
            owner = self.module(module)
        elif isinstance(called, ast.Name):
            name = called.id
        if owner is None or not steps:
            return None
        functions = (one for one in owner.functions() if one.name == name)
        return next(
            (kind for kind in (self._gives(owner, f, steps) for f in functions) if kind), None
        )

    def _of_fixture(self, name: str, steps: int) -> Kind | None:
        for source, function in self.fixtures(name):
            kind = self._gives(source, function, steps)
            if kind is not None:
                return kind
        return None

    def _gives(self, source: Source, function: Function, steps: int) -> Kind | None:
        """What a function returns, or yields, by its annotation or its statements."""
        kinds = (self.of(source, value, steps) for value in yielded(source, function))
        return _annotated(source, function.returns) or next((kind for kind in kinds if kind), None)


def yielded(source: Source, function: Function | ast.Lambda) -> Iterator[ast.expr]:
    """What a function gives its caller, but for those within it."""
    if isinstance(function, ast.Lambda):
        yield function.body
        return
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Return | ast.Yield)
            and node.value is not None
            and source.function_of(node) is function
        ):
            yield node.value


def _parameters(function: Function | ast.Lambda) -> dict[str, ast.expr | None]:
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return {argument.arg: argument.annotation for argument in every}


def _values(source: Source, scope: ast.AST, name: str) -> Iterator[ast.AST]:
    """What a name is set to in a function or module, by assignments and `with`."""
    for node in ast.walk(scope):
        for target, given in _bound(node):
            if isinstance(target, ast.Name) and target.id == name and given is not None:
                inner = source.function_of(node)
                if inner is scope or (inner is None and isinstance(scope, ast.Module)):
                    yield given


def _kept(source: Source, node: ast.AST, attribute: str) -> Iterator[ast.expr]:
    """What the methods of a class set an attribute to."""
    for cls in source.outward(node):
        if isinstance(cls, ast.ClassDef):
            for inner in ast.walk(cls):
                for target, given in _bound(inner):
                    if isinstance(target, ast.Attribute) and target.attr == attribute and given:
                        yield given


def _bound(node: ast.AST) -> list[tuple[ast.expr | None, ast.expr | None]]:
    """The targets of a statement, and what each of them gets."""
    match node:
        case ast.Assign():
            return [(target, node.value) for target in node.targets]
        case ast.AnnAssign() | ast.NamedExpr():
            return [(node.target, node.value)]
        case ast.With() | ast.AsyncWith():
            return [(item.optional_vars, item.context_expr) for item in node.items]
    return []


def _annotated(source: Source, annotation: ast.AST | None) -> Kind | None:
    """What an annotation promises; of an iterator or generator, each value."""
    match annotation:
        case None:
            return None
        case ast.Constant(value=str(text)):
            try:
                return _annotated(source, ast.parse(text, mode="eval").body)
            except SyntaxError:
                return None
        case ast.Subscript(value=value, slice=inner):
            if source.name(value).rpartition(".")[2] in _WRAPPERS:
                first = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
                return _annotated(source, first)
    return _KINDS.get(source.name(annotation))
