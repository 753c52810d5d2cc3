"""What MkDocs is told of the pages besides their Markdown; mkdocs.yml names this file.

The site has pages that docs/ has not: the examples, the changelog, and how to contribute. Links of the repository lead
to these, or to nothing where the site has no such page. Pictures are drawn by a Mermaid that comes with the site, and
that only pages with pictures load: nothing is fetched from elsewhere.
"""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).resolve().parents[1]
EXAMPLES: Final = sorted((ROOT / "dags_examples").glob("*.py"))
#: pages of the site by the files that they show
SHOWN: Final = {
    ROOT / "CHANGELOG.md": "changelog.md",
    ROOT / "CONTRIBUTING.md": "contributing.md",
    ROOT / "dags_examples": "examples/index.md",
    **{file: f"examples/{file.stem}.md" for file in EXAMPLES},
}
MERMAID: Final = ROOT / ".venv" / "mermaid" / "mermaid.min.js"
MERMAID_URI: Final = "javascripts/mermaid.min.js"

# A link, but not code, which is passed over.
_LINK: Final = re.compile(
    r"^```.*?^```$|`[^`\n]+`(?!\])|\[(?P<text>[^]]+)\]\((?P<target>(?!https?:|#)[^)#]+)(?P<anchor>#[^)]*)?\)",
    re.MULTILINE | re.DOTALL,
)
_OVERVIEW: Final = """\
# Examples

DAG files and programs to copy from; tests run all of them.

| File | It shows |
| --- | --- |
"""
_TRIED_BY: Final = re.compile(r"^<!-- tried by \S+ -->\n", re.MULTILINE)


def on_config(config: MkDocsConfig) -> None:
    """Name the examples in the navigation, where it has a place for them."""
    for entry in config.nav or []:
        if isinstance(entry, dict) and entry.get("Examples") == "examples/":
            entry["Examples"] = ["examples/index.md", *(SHOWN[file] for file in EXAMPLES)]


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add what docs/ has not."""
    for uri, text in _pages():
        files.append(File.generated(config, uri, content=text))
    for uri, source in ((MERMAID_URI, MERMAID), ("stylesheets/site.css", ROOT / "scripts" / "site.css")):
        files.append(File.generated(config, uri, abs_src_path=str(source)))


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Let links lead to pages of the site, and leave out which test tries a block."""
    here = _origin(page.file.src_uri)

    def linked(found: re.Match[str]) -> str:
        if found["target"] is None:
            return found[0]
        uri = _uri_of((here.parent / found["target"]).resolve())
        if uri is None:
            return found["text"]
        return f"[{found['text']}]({_relative(uri, page.file.src_uri)}{found['anchor'] or ''})"

    return _LINK.sub(linked, _TRIED_BY.sub("", markdown))


def on_post_page(output: str, page: Page, **_: Any) -> str:
    """Load what draws pictures, where there are some."""
    if 'class="mermaid"' not in output:
        return output
    script = f'<script src="{_relative(MERMAID_URI, page.file.dest_uri)}"></script>'
    return output.replace("</head>", f"{script}</head>", 1)


def _pages() -> Iterator[tuple[str, str]]:
    for name in ("CHANGELOG.md", "CONTRIBUTING.md"):
        yield SHOWN[ROOT / name], (ROOT / name).read_text(encoding="utf-8")
    examples = {file: _parts(file) for file in EXAMPLES}
    yield SHOWN[ROOT / "dags_examples"], _overview({file: about for file, (about, _) in examples.items()})
    for file, (about, code) in examples.items():
        yield SHOWN[file], f"# {file.name}\n\n{about}\n\n```python\n{code}```\n"


def _parts(file: Path) -> tuple[str, str]:
    """What an example says of itself, and its code."""
    source = file.read_text(encoding="utf-8")
    said = ast.parse(source).body[0]
    assert isinstance(said, ast.Expr)
    return ast.literal_eval(said.value).strip(), "".join(
        source.splitlines(keepends=True)[said.end_lineno :]
    ).lstrip()


def _overview(about: dict[Path, str]) -> str:
    return _OVERVIEW + "".join(
        f"| [{file.name}](dags_examples/{file.name}) | {_first_sentence(text)} |\n"
        for file, text in about.items()
    )


def _first_sentence(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())


def _origin(uri: str) -> Path:
    """The file that a page shows."""
    shown = {shown: file for file, shown in SHOWN.items()}
    return shown.get(uri, ROOT / "docs" / uri)


def _uri_of(file: Path) -> str | None:
    """The page of the site that shows a file, if there is one."""
    if file in SHOWN:
        return SHOWN[file]
    return file.relative_to(ROOT / "docs").as_posix() if file.is_relative_to(ROOT / "docs") else None


def _relative(uri: str, seen_from: str) -> str:
    return os.path.relpath(uri, PurePosixPath(seen_from).parent)
