"""Documentation: links lead somewhere, lines fit a screen."""

import pathlib
import re

from sources import FILES, ROOT, report, text

PAGES = [path for path in FILES if path.suffix == ".md"]


def test_relative_links_lead_somewhere():
    wrong = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text(page)):
            if not target.startswith(("http://", "https://", "mailto:")) and not (ROOT / page.parent / target).exists():
                wrong.append(f"{page}: {target} does not exist")
    assert not wrong, report(wrong)


def test_decisions_are_listed():
    index = text(next(page for page in PAGES if str(page) == "docs/decisions/README.md"))
    records = [page.name for page in PAGES if str(page.parent) == "docs/decisions" and page.name != "README.md"]
    assert not [name for name in records if name not in index], f"docs/decisions/README.md lacks a line: {records}"


def test_verdicts_page_lists_what_the_source_lists():
    source = text(pathlib.Path("dataplane/lcore/verdict.def"))
    listed = re.findall(r'^VERDICT\((\w+), (\w+), "([^"]+)"\)', source, re.MULTILINE)
    page = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \|$", text(pathlib.Path("docs/verdicts.md")), re.MULTILINE)
    assert listed and page == listed
