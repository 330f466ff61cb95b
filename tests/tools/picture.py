"""Draw the picture of the README: `uv run --directory tests python -m tools.picture`.

Bakes a project with an endpoint that forgets to commit, runs its test in a terminal, and writes
what the terminal shows to `tests/pictures`, once for a light page and once for a dark one.
"""

import re
import shlex
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from rich.console import Console
from rich.text import Text
from support.project import TEMPLATE, Project, bake, uv_path
from support.sample import write_sample

PICTURES = TEMPLATE / "tests/pictures"
COLUMNS = 84
FONT_PX, LINE_PX, CELL_PX, MARGIN_PX = 14, 20, 8.4, 20
# GitHub shows no web font. The widths of these differ: each text says how wide it is.
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace"
COLOURS = {None: "text", 1: "red", 2: "green", 3: "yellow", 6: "cyan"}
#: The background, the border, the text, and the colours of pytest. Text has a contrast of 4.5.
THEMES = {
    "light": {
        "background": "#ffffff",
        "border": "#d1d9e0",
        "text": "#1f2328",
        "red": "#c4121f",
        "green": "#116329",
        "yellow": "#7d4e00",
        "cyan": "#0a6c74",
    },
    "dark": {
        "background": "#0d1117",
        "border": "#3d444d",
        "text": "#f0f6fc",
        "red": "#ff8079",
        "green": "#56d364",
        "yellow": "#e3b341",
        "cyan": "#56d4dd",
    },
}
TITLE = "A test that asserts only the status fails, since the endpoint never committed."


def shown(project: Project) -> str:
    """Run the commands of the picture in a project, and return what a terminal shows."""
    test = write_sample(project)
    lines = []
    for command in ("tail -n 7 app/team/service.py", f"uv run pytest -q {test}"):
        arguments = [uv_path() if word == "uv" else word for word in shlex.split(command)]
        done = project.run(*arguments, COLUMNS=str(COLUMNS), PY_COLORS="1")
        lines += [f"\x1b[1m$ {command}\x1b[0m", done.stdout.strip("\n"), ""]
    return re.sub(r"in \d+\.\d+s", "in 0.50s", "\n".join(lines[:-1]))


def draw(output: str, theme: str) -> str:
    """Return an SVG of what a terminal shows."""
    colours = THEMES[theme]
    console = Console(color_system="standard", force_terminal=True)
    texts = []
    lines = Text.from_ansi(output).wrap(console, COLUMNS)
    for number, line in enumerate(lines):
        column, y = 0, MARGIN_PX + number * LINE_PX + FONT_PX
        for part, style, _ in line.render(console):
            name = COLOURS[style.color.number if style and style.color else None]
            weight = ' font-weight="bold"' if style and style.bold else ""
            # An SVG shows several spaces as one.
            for words in re.finditer(r"\S+( \S+)*", part):
                x = MARGIN_PX + (column + words.start()) * CELL_PX
                width = len(words[0]) * CELL_PX
                texts.append(
                    f'<text x="{x:g}" y="{y}" textLength="{width:g}" fill="{colours[name]}"{weight}'
                    f">{escape(words[0])}</text>"
                )
            column += len(part)
    width = 2 * MARGIN_PX + COLUMNS * CELL_PX
    height = 2 * MARGIN_PX + len(lines) * LINE_PX
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}"'
            f' role="img" aria-labelledby="title" font-size="{FONT_PX}" font-family="{FONTS}">',
            f'<title id="title">{escape(TITLE)}</title>',
            f'<rect x="0.5" y="0.5" width="{width - 1:g}" height="{height - 1}" rx="8"'
            f' fill="{colours["background"]}" stroke="{colours["border"]}"/>',
            *texts,
            "</svg>",
            "",
        ]
    )


def path_of(theme: str) -> Path:
    return PICTURES / f"lost-commit-{theme}.svg"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        output = shown(bake(Path(folder)))
    for theme in THEMES:
        path_of(theme).write_text(draw(output, theme), encoding="utf-8")
        print(path_of(theme).relative_to(TEMPLATE))


if __name__ == "__main__":
    main()
