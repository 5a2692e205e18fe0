"""Who may import whom (CONTRIBUTING.md), as rules on paths: read from the source, so that a breach fails before it becomes a habit.

    storage_backends, bridge     import nothing of `app`
    app/kernel, app/http, app/db import no feature
    app/<feature>/               imports of other features only what SHAPES names, and features stand in an order: no two need each other
    app/main.py, app/cli/        import everything but a feature's queries

Inside functions too. No module imports one that imports it back.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
APART = [name for name in ("storage_backends", "bridge") if (ROOT / name).is_dir()]
KERNEL = {"db", "http", "kernel"}
TOP = {"main", "cli"}
SHAPES = {"service", "wire", "entry", "doors"}
BANNED = {"utils", "helpers", "common", "manager", "base"}


def modules(package: str) -> Iterator[tuple[tuple[str, ...], Path]]:
    """(dotted name, file) of every module of a package; a package's own name for its `__init__`."""
    for file in sorted((ROOT / package).rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        yield (parts[:-1] if parts[-1] == "__init__" else parts), file


def imports(name: tuple[str, ...], file: Path, *, types: bool = True) -> Iterator[tuple[str, ...]]:
    """Absolute dotted names of what a module imports; of `from x import y`, x.y. `types`: also what only the type checker imports."""
    package = name if file.name == "__init__.py" else name[:-1]
    tree = ast.parse(file.read_text(encoding="utf-8"))
    if not types:
        tree.body = [node for node in tree.body if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")]
    for node in ast.walk(tree):
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
    targets = set(imports(("app", "authenticator", "service"), ROOT / "app/authenticator/service.py"))
    assert {("app", "kernel", "access", "Session"), ("app", "authenticator", "queries")} <= targets


def test_what_stands_apart_knows_nothing_of_the_application() -> None:
    found = [f"{'.'.join(name)}: {'.'.join(t)}" for package in APART for name, file in modules(package) for t in imports(name, file) if t[0] == "app"]
    assert found == []


Name = tuple[str, ...]


def module_graph() -> dict[Name, set[Name]]:
    """Module → the modules it imports when it runs, anywhere in it. `from package import name` is the module of that name, if it is one."""
    known = {name: file for package in ("app", *APART) for name, file in modules(package)}
    graph: dict[Name, set[Name]] = {}
    for name, file in known.items():
        targets = ({t[:n] for n in range(len(t), 0, -1) if t[:n] in known} for t in imports(name, file, types=False))
        graph[name] = {max(found, key=len) for found in targets if found} - {name}
    return graph


def feature_graph() -> dict[str, set[str]]:
    """Feature → the features it imports anything of."""
    theirs = features()
    graph: dict[str, set[str]] = {f: set() for f in theirs}
    for name, targets in module_graph().items():
        if name[0] == "app" and len(name) > 1 and name[1] in theirs:
            graph[name[1]] |= {t[1] for t in targets if len(t) > 1 and t[0] == "app" and t[1] in theirs - {name[1]}}
    return graph


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """One circle in the graph, if there is any."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as e:
        return list(e.args[1])[::-1]
    return []


def test_no_modules_import_each_other() -> None:
    assert circle({".".join(name): {".".join(t) for t in targets} for name, targets in module_graph().items()}) == []


def test_no_features_need_each_other() -> None:
    assert circle(feature_graph()) == []


def test_the_search_for_circles_sees_what_it_is_to_see() -> None:
    graph = module_graph()
    assert ("app", "kernel", "access") in graph["app", "authenticator", "service"]
    assert graph["app", "cli", "serve"] >= {("app", "main"), ("app", "cli", "build")}  # one is imported in a function
    assert "objects" in feature_graph()["files"]
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) != []


def test_no_module_is_a_drawer_for_everything() -> None:
    names = [".".join(name) for package in ("app", *APART) for name, _ in modules(package) if name[-1] in BANNED]
    assert names == []


def test_files_stay_readable() -> None:
    long = [f"{f.relative_to(ROOT)}: {n}" for p in ("app", *APART) for _, f in modules(p) if (n := len(f.read_text().splitlines())) > 600]
    assert long == []


def test_every_module_says_what_it_is() -> None:
    silent = [".".join(n) for p in ("app", *APART) for n, f in modules(p) if not ast.get_docstring(ast.parse(f.read_text()))]
    assert silent == []
