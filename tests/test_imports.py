"""Who may import whom (CONTRIBUTING.md): read from the source, so that a breach fails before it becomes a habit."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
KERNEL = {"db", "http", "kernel"}
TOP = {"main", "cli"}
SHAPES = {"service", "wire", "entry", "doors"}
BANNED = {"utils", "helpers", "common", "manager", "base"}


def modules(package: str) -> Iterator[tuple[tuple[str, ...], Path]]:
    """(dotted name, file) of every module of a package; a package's own name for its `__init__`."""
    for file in sorted((ROOT / package).rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        yield (parts[:-1] if parts[-1] == "__init__" else parts), file


def imports(name: tuple[str, ...], file: Path) -> Iterator[tuple[str, ...]]:
    """Absolute dotted names of what a module imports; of `from x import y`, x.y."""
    package = name if file.name == "__init__.py" else name[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            head = package[: len(package) - node.level + 1] if node.level else ()
            target = (*head, *(node.module or "").split(".")) if node.module else head
            yield from ((*target, alias.name) for alias in node.names)


def features() -> set[str]:
    found = {p.name for p in (ROOT / "app").iterdir() if p.is_dir() and (p / "__init__.py").exists()}
    found |= {p.stem for p in (ROOT / "app").glob("*.py") if p.stem != "__init__"}
    return found - KERNEL - TOP


def breaches() -> Iterator[str]:
    theirs = features()
    for name, file in modules("app"):
        unit = name[1] if len(name) > 1 else ""
        for target in imports(name, file):
            if len(target) < 2 or target[0] != "app" or target[1] == unit:
                continue
            said = f"{'.'.join(name)} imports {'.'.join(target)}"
            if unit in KERNEL and target[1] in theirs | TOP:
                yield f"{said}: the kernel imports no feature"
            elif unit in theirs and target[1] in TOP:
                yield f"{said}: a feature knows nothing above it"
            elif unit in theirs and target[1] in theirs and not SHAPES & set(target[2:3]):
                yield f"{said}: of another feature only {sorted(SHAPES)}"
            elif unit in TOP and target[1] in theirs and any("queries" in part for part in target[2:]):
                yield f"{said}: nobody imports a feature's queries"


def test_the_kernel_imports_no_feature_and_features_only_each_others_services() -> None:
    assert sorted(breaches()) == []


def test_the_check_sees_what_it_is_to_see() -> None:
    assert {"authenticator", "accounts", "ops"} <= features()
    targets = set(imports(("app", "authenticator", "routes"), ROOT / "app/authenticator/routes.py"))
    assert {("app", "kernel", "access", "Session"), ("app", "authenticator", "service")} <= targets


def test_stores_know_nothing_of_the_application() -> None:
    found = [f"{'.'.join(name)}: {'.'.join(t)}" for name, file in modules("storage_backends") for t in imports(name, file) if t[0] == "app"]
    assert found == []


def test_no_module_is_a_drawer_for_everything() -> None:
    names = [".".join(name) for package in ("app", "storage_backends") for name, _ in modules(package) if name[-1] in BANNED]
    assert names == []


def test_files_stay_readable() -> None:
    long = [f"{f.relative_to(ROOT)}: {n}" for p in ("app", "storage_backends") for _, f in modules(p) if (n := len(f.read_text().splitlines())) > 600]
    assert long == []


def test_every_module_says_what_it_is() -> None:
    silent = [".".join(n) for p in ("app", "storage_backends") for n, f in modules(p) if not ast.get_docstring(ast.parse(f.read_text()))]
    assert silent == []
