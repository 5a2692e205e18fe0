"""Words that lead somewhere: every document and every chapter that code, tests and documents name exists."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLACES = ("app", "storage_backends", "bridge", "tests", "bench", "docs", "deploy")
CHAPTER = re.compile(r"\b([a-z][a-z_-]*\.md),? §(\d+(?:\.\d+)*)")
DOCUMENT = re.compile(r"(?<![\w/.-])((?:[\w.-]+/)*[A-Za-z][\w-]*\.md)\b")
HEADING = re.compile(r"^#+ +(?:§ *)?(\d+(?:\.\d+)*)", re.MULTILINE)


def sources() -> list[Path]:
    files = [f for place in PLACES for kind in ("*.py", "*.md", "*.sql", "*.toml") for f in (ROOT / place).rglob(kind)]
    return sorted([*files, *ROOT.glob("*.md"), ROOT / "schema.sql"])


@cache
def documents() -> dict[str, tuple[Path, ...]]:
    found: dict[str, tuple[Path, ...]] = {}
    for file in [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "deploy").glob("*.md"), *(ROOT / "bench").glob("*.md")]:
        found[file.name] = (*found.get(file.name, ()), file)
    return found


@cache
def chapters(name: str) -> frozenset[str]:
    return frozenset(n for file in documents().get(name, ()) for n in HEADING.findall(file.read_text(encoding="utf-8")))


def test_every_chapter_that_is_named_exists() -> None:
    lost = {
        f"{file.relative_to(ROOT)}: {name} §{number}"
        for file in sources()
        for name, number in CHAPTER.findall(file.read_text(encoding="utf-8"))
        if number not in chapters(name)
    }
    assert sorted(lost) == []


def test_every_document_that_code_names_exists() -> None:
    lost = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in sources()
        if file.suffix in (".py", ".sql") and file != Path(__file__)
        for name in DOCUMENT.findall(file.read_text(encoding="utf-8"))
        if Path(name).name not in documents()
    }
    assert sorted(lost) == []


def test_the_check_sees_what_it_is_to_see() -> None:
    assert "2.2" in chapters("files.md")
    assert "4" in chapters("design.md")
    assert CHAPTER.findall("see files.md §2.2, and design.md §4") == [("files.md", "2.2"), ("design.md", "4")]
