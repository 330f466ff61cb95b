"""What was read is kept, without a decorator."""

from pathlib import Path

from fastapi import APIRouter, FastAPI, Request

TEST = "twice"

router = APIRouter()
FOLDER = Path(__file__).parent
TEXTS: dict[str, str] = {}
_terms: str | None = None


def read(name: str) -> str:
    return (FOLDER / name).read_text()


def text_of(name: str) -> str:
    if name not in TEXTS:
        parts = [read(part) for part in (name, "__init__.py")]
        TEXTS[name] = "".join(parts)
    return TEXTS[name]


def terms() -> str:
    global _terms
    if _terms is not None:
        return _terms
    _terms = (FOLDER / "__init__.py").read_text()
    return _terms


class Templates:
    def __init__(self) -> None:
        self.footer: str | None = None
        self.texts: dict[str, str] = {}

    async def load_footer(self) -> str:
        if self.footer is None:
            self.footer = read(Path(__file__).name)
        return self.footer

    async def load(self, name: str) -> str:
        try:
            return self.texts[name]
        except KeyError:
            text = (FOLDER / name).read_text()
        self.texts[name] = text
        return text

    async def find(self, name: str) -> str:
        text = self.texts.get(f"found {name}")
        if text is None:
            text = self.texts[f"found {name}"] = read(name)
        return text


TEMPLATES = Templates()


def imprint() -> str:
    from trap_library import KEPT

    if "imprint" not in KEPT:
        KEPT["imprint"] = read(Path(__file__).name)
    return KEPT["imprint"]


def licence(app: FastAPI) -> str:
    if not hasattr(app.state, "licence"):
        app.state.licence = read(Path(__file__).name)
    return str(app.state.licence)


@router.post("/trap")
async def trap(request: Request) -> int:
    name = Path(__file__).name
    texts = [text_of(name), terms(), imprint(), licence(request.app), await TEMPLATES.load_footer()]
    texts += [await TEMPLATES.load(name), await TEMPLATES.find(name)]
    return len("".join(texts))
