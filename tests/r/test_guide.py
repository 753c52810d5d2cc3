"""docs/r.md, run as printed: its blocks from top to bottom in one session, each with what it prints."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.docs.pages import ROOT, blocks
from tests.docs.running import says
from tests.r.session import PACKAGE, as_text

if TYPE_CHECKING:
    from tests.r.session import R

PAGE = ROOT / "docs" / "r.md"
BORDER = "--- the next block ---"


def test_the_guide_runs_as_printed(r: R) -> None:
    found = blocks(PAGE)
    code = [block for block in found if block.kind == "r"]
    printed_below = {block: text for block, text in pairwise(found) if text.kind == "text"}
    script = f"\ncat('{BORDER}\\n')\n".join(block.text for block in code)

    ran = r.run(as_text({'"/path/to/jobmon/bin/python"': repr(sys.executable)}, script))

    assert ran.returncode == 0, ran.stderr
    printed = ran.stdout.split(f"{BORDER}\n")
    assert len(printed) == len(code) == 5
    for block, said in zip(code, printed, strict=True):
        expected = printed_below[block].text if block in printed_below else ""
        assert says(expected, said), said


def test_the_guide_installs_from_where_the_package_is() -> None:
    [install] = [block.text for block in blocks(PAGE) if block.kind == "sh"]

    assert f"R CMD INSTALL {PACKAGE.relative_to(ROOT)} " in install


def test_the_guide_names_every_function_that_there_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    exported = [
        line.removeprefix("export(").removesuffix(")")
        for line in (PACKAGE / "NAMESPACE").read_text(encoding="utf-8").splitlines()
        if line.startswith("export(")
    ]
    shortened = page.replace("`…_", "`set_default_")

    assert [name for name in exported if f"`{name}`" not in shortened] == []
