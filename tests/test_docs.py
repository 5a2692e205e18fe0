"""The documents say what is so: options, commands, schema, links."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import shlex
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils

from app.cli import main
from app.cli.config_text import example
from app.cli.main import COMMANDS
from app.db import dialect, migrate
from app.kernel.config_sources import options
from tests import compatibility

ROOT = Path(__file__).parent.parent
RUN = "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/darkroom serve"
TEST = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest"
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def documents() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("[!.]*/*.md")])


def fenced(text: str) -> list[str]:
    return [line for block in re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE) for line in block.splitlines()]


def test_the_example_configuration_is_the_one_the_options_make() -> None:
    text = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    assert text == example(), "run: darkroom config example > config.example.toml"
    assert [o.name for o in options() if not re.search(rf"^# {o.path[-1]} = ", text, re.MULTILINE)] == []


def test_the_readme_has_the_two_commands_as_lines_of_their_own() -> None:
    lines = fenced((ROOT / "README.md").read_text(encoding="utf-8"))
    assert RUN in lines
    assert [line for line in lines if line.endswith("pytest")] == [TEST]


def test_ci_runs_the_test_command_of_the_readme() -> None:
    """The same awk program, run: what it finds is what .ci/run executes."""
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    program = re.search(r"\$\(awk '(.*?)' README\.md\)", script)
    assert program
    found = subprocess.run(["awk", program[1], "README.md"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert found.strip() == TEST
    assert 'bash -euo pipefail -c "$command"' in script
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


def test_every_command_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [c for c in COMMANDS if not re.search(rf"`(?:darkroom )?{c}\b", text)] == []


def test_every_link_to_a_file_leads_somewhere() -> None:
    assert len(documents()) >= 5
    lost = []
    for document in documents():
        for target in LINK.findall(document.read_text(encoding="utf-8")):
            path, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            file = document.parent / path if path else document
            if not file.exists() or (anchor and anchor not in anchors(file)):
                lost.append(f"{document.relative_to(ROOT)}: {target}")
    assert lost == []


def anchors(file: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", h).strip().lower().replace(" ", "-") for h in heads}


def commands() -> list[tuple[str, str]]:
    """(document, command line) of every `darkroom …` that somebody is told to type, in blocks and in running text."""
    found = []
    for document in documents():
        if document.name in ("CHANGELOG.md", "CONTRIBUTING.md") or document.parent.name == "bench":
            continue
        text = document.read_text(encoding="utf-8")
        lines = [*fenced(text), *re.findall(r"`(darkroom [a-z-]+ [^`]*)`", text)]
        for line in lines:
            for part in re.split(r"&&|[|>]", line.partition(" #")[0]):
                if match := re.match(r"(?:\S*/)?darkroom (.*)", part.strip()):
                    found.append((str(document.relative_to(ROOT)), match[1].strip()))
    return found


def test_every_command_that_is_told_can_be_typed() -> None:
    """Placeholders in capitals and `…` stand for anything; the bridge is a program of its own."""
    wrong, tried = [], 0
    for document, line in commands():
        words = shlex.split(line)
        if words[0] not in COMMANDS or re.search(r"…|\b[A-Z]{2,}\b|[\[·]", line):
            continue
        tried += 1
        module = importlib.import_module(f"app.cli.{main.MODULES.get(words[0], words[0]).replace('-', '_')}")
        try:
            with contextlib.redirect_stderr(io.StringIO()) as said:
                main._parser(words[0], module).parse_args(words)
        except SystemExit:
            if "arguments are required" not in said.getvalue():  # only named in running text
                wrong.append(f"{document}: darkroom {line}: {said.getvalue().splitlines()[-1]}")
    assert wrong == []
    assert tried > 40


def test_the_table_of_clients_is_made_from_its_data() -> None:
    assert (ROOT / "docs/compatibility.md").read_text(encoding="utf-8") == compatibility.table(), "run: python -m tests.compatibility"


def test_every_document_is_in_the_index() -> None:
    text = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    assert [f.name for f in (ROOT / "docs").glob("*.md") if f.name != "index.md" and f"({f.name})" not in text] == []


# --- schema.sql
def described(sql: str) -> dict[str, Any]:
    """What SQLite makes of a schema: per table its columns, keys and indexes."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(dialect.sqlite_ddl(sql))
        db = sqlite_utils.Database(connection)
        return {
            table.name: {
                "columns": [tuple(c) for c in table.columns],
                "foreign": sorted(map(str, table.foreign_keys)),
                "indexes": sorted((i.name, i.unique, tuple(i.columns)) for i in table.indexes),
                "partial": sorted(
                    row[0] or "" for row in db.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ?", [table.name])
                ),
                "strict": table.strict,
                "made": re.sub(r"--[^\n]*|\s+", "", table.schema),
            }
            for table in db.tables
        }
    finally:
        connection.close()


def test_the_schema_is_the_sum_of_the_migrations() -> None:
    told = (ROOT / "schema.sql").read_text(encoding="utf-8")
    summed = "\n".join(sql for _, _, sql in migrate.migrations())
    wanted, found = described(summed), described(told)
    assert found.keys() == wanted.keys()
    for name, table in wanted.items():
        assert found[name] == table, name
    assert dialect.identities(told) == dialect.identities(summed)


@pytest.mark.parametrize("table", sorted(described("\n".join(sql for _, _, sql in migrate.migrations()))))
def test_every_table_is_explained(table: str) -> None:
    if table.startswith("sqlite_"):
        return
    lines = (ROOT / "schema.sql").read_text(encoding="utf-8").splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(f"CREATE TABLE {table} "))
    assert lines[at - 1].startswith("-- ")
