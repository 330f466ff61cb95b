"""The table of foreign shapes: what the gate costs and finds in each.

uv run --directory tests python -m tools.shapes [SHAPE ...]
"""

import sys
import tempfile
from pathlib import Path

from support.shapes import SHAPES, WITH_GATE, Environment, Shape, lay_out, make_environment

#: Of so many runs, the fastest counts.
RUNS = 3
HEAD = (
    *("shape", "lines", "tests", "s without", "s off", "s with", "ratio"),
    *("true", "argued", "false", "caught", "planted"),
)


def fastest(environment: Environment, shape: Shape, path: Path, *arguments: str) -> float:
    return min(environment.pytest(shape, path, *arguments).seconds for _ in range(RUNS))


def row(environment: Environment, shape: Shape, folder: Path) -> list[str]:
    """Try a shape without the gate, with it, and with what is planted."""
    alone = float("nan")
    if shape.alone:
        path = lay_out(shape, folder / "alone", gate=False)
        alone = fastest(environment, shape, path)
    path = lay_out(shape, folder / "gate")
    off = fastest(environment, shape, path, "--gate=off")
    on = fastest(environment, shape, path)
    path = lay_out(shape, folder / "planted", planted=True)
    run = environment.pytest(shape, path, *WITH_GATE)
    argued = sum(truth.argued for truth in shape.true)
    found = [
        *(shape.title, str(shape.adapted()), str(shape.passed)),
        *(f"{alone:.2f}", f"{off:.2f}", f"{on:.2f}", f"{on / (alone if shape.alone else off):.2f}"),
        *(str(len(run.found & shape.expected) - argued), str(argued)),
        str(len(run.found - shape.expected - shape.planted)),
        *(str(len(run.found & shape.planted)), str(len(shape.planted))),
    ]
    return [*found, *shape.blind_spots]


def main() -> None:
    chosen = [shape for shape in SHAPES if not sys.argv[1:] or shape.name in sys.argv[1:]]
    print("|", " | ".join(HEAD), "|")
    print("|", " | ".join("---" for _ in HEAD), "|")
    with tempfile.TemporaryDirectory() as name:
        environment = make_environment(Path(name), chosen)
        for shape in chosen:
            cells = row(environment, shape, Path(name) / "runs" / shape.name)
            print("|", " | ".join(cells[: len(HEAD)]), "|", *cells[len(HEAD) :], flush=True)


if __name__ == "__main__":
    main()
