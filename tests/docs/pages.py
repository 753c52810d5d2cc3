"""What stands on the pages of README.md and docs/: blocks of code, headings, links."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINKING: Final = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]

BLOCK: Final = re.compile(
    r"^(?:<!-- tried by (?P<tried_by>\S+) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
LINK: Final = re.compile(r"\[[^]]+\]\((?!https?:)([^)#]*)#?([^)]*)\)")


class Block(NamedTuple):
    """A block of code, and the file that tries it where the page by itself cannot."""

    kind: str
    text: str
    line: int
    tried_by: str | None = None


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).with_suffix("").as_posix()


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(found["kind"], found["text"], text.count("\n", 0, found.start("text")) + 1, found["tried_by"])
        for found in BLOCK.finditer(text)
    ]


def of_kind(kind: str, page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.kind == kind]


def section(page: Path, title: str) -> str:
    """What stands below a heading of the second level, up to the next one."""
    return page.read_text(encoding="utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text: str) -> Iterator[list[str]]:
    """The cells of the tables in a text, without their heads; a pipe in code is written with a backslash."""
    for line in re.findall(r"^\| (.+) \|$", text, re.MULTILINE):
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)]
        if set("".join(cells)) != {"-"}:
            yield cells


def anchors(page: Path) -> list[str]:
    """The anchors of a page, as forges make them of its headings."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles]
