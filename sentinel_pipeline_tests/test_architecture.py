"""The walls of the house: who may import whom, what may not be named, and what must not be loaded early."""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = "sentinel_pipeline"
WRITTEN = (PACKAGE, f"{PACKAGE}_tests", "benchmarks")
MOST_LINES = 300

EVERYTHING = frozenset({"*"})
MAY_IMPORT = {
    "domain": frozenset[str](),
    "energy": frozenset({"domain"}),
    "sources": frozenset({"domain", "energy"}),
    "statistics": frozenset({"domain", "energy"}),
    "sections": frozenset({"domain", "energy", "statistics"}),
    "lake": frozenset({"domain", "sources"}),
    "rendering": frozenset({"domain", "sections"}),
    "publishing": frozenset({"domain", "lake", "sections", "statistics", "rendering"}),
    "exports": frozenset({"domain", "lake", "sources", "rendering", "settings", "strict"}),
    "delivery": frozenset(
        {"delivery_entries", "domain", "lake", "ledger", "publishing", "rendering", "sections", "settings"}
        | {"sources.kinds", "yaml_document"}
    ),
    "ledger": frozenset({"domain", "lake.store"}),
    "portal": frozenset(
        {"delivery", "delivery_entries", "domain", "exports", "lake", "ledger", "publishing", "rendering", "requests"}
        | {"retention", "sections", "settings", "sources.kinds", "statistics", "strict"}
    ),
    "requests": frozenset(
        {"delivery_entries", "domain", "exports.privacy", "lake", "ledger", "publishing", "settings", "sources.kinds"}
        | {"strict", "yaml_document"}
    ),
    "retention": frozenset(
        {"delivery.directory", "domain", "lake", "ledger", "publishing", "retention_entries", "settings", "statistics"}
        | {"yaml_document"}
    ),
    "configuration": frozenset(
        {"correction_entries", "delivery_entries", "domain", "retention_entries", "schedule_entries", "strict"}
        | {"yaml_document"}
    ),
    "yaml_document": frozenset({"domain"}),
    "delivery_entries": frozenset({"schedule_entries", "strict"}),
    "schedule_entries": frozenset({"domain", "strict"}),
    "correction_entries": frozenset({"domain", "strict"}),
    "retention_entries": frozenset({"delivery_entries", "domain", "strict"}),
    "strict": frozenset({"domain"}),
    "settings": frozenset(
        {"configuration", "correction_entries", "delivery_entries", "domain", "retention_entries", "schedule_entries"}
        | {"yaml_document"}
    ),
    "demo": frozenset({"domain", "lake.whole_files"}),
    "orchestration": EVERYTHING,
    "cli": EVERYTHING,
    "access_command": frozenset({"domain", "ledger", "settings", "terminal"}),
    "audit_command": frozenset({"domain", "lake.whole_files", "ledger", "rendering", "settings", "terminal"}),
    "migrate_command": frozenset({"domain", "ledger", "orchestration", "publishing", "settings"}),
    "serve_command": frozenset({"portal", "terminal"}),
    "delivery_command": frozenset(
        {"delivery", "domain", "ledger", "orchestration", "requests", "settings", "terminal"}
    ),
    "subscription_command": frozenset({"delivery", "domain", "ledger", "settings", "terminal"}),
    "retention_command": frozenset({"domain", "orchestration", "retention", "settings", "terminal"}),
    "verify_command": frozenset({"domain", "orchestration", "publishing", "requests", "settings"}),
    "worker_command": frozenset({"domain", "orchestration", "settings", "terminal"}),
    "export_command": frozenset({"domain", "exports", "rendering", "settings", "terminal"}),
    "request_command": frozenset({"domain", "ledger", "requests", "settings", "terminal"}),
    "terminal": frozenset({"domain", "settings"}),
    "definitions": frozenset({"orchestration", "settings"}),
    "__main__": frozenset({"cli"}),
}
MAY_IMPORT_INSIDE_FUNCTIONS = {"settings": frozenset({"demo"}), "lake": frozenset({"ledger.locks"})}
IMPORT_DAGSTER = {"orchestration", "definitions"}
READS_ENVIRONMENT = {"settings"}

LATE = (
    "adbc_driver_postgresql",
    "celery",
    "dagster_celery",
    "matplotlib",
    "obstore",
    "pikepdf",
    "reportlab",
    "sendgrid",
    "sqlalchemy",
    "xlsxwriter",
)
SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "base", "manager", "handler"}
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv", "expandvars"}
ENVIRONMENT_OF_LIBRARIES = {"envvar", "auto_envvar_prefix"}


@dataclass(frozen=True)
class Import:
    """`module` is dotted and whole; what is imported from a module of ours is part of it when it is a module too."""

    module: str
    line: int
    is_inside_function: bool


@cache
def modules() -> tuple[Path, ...]:
    return tuple(sorted((PROJECT / PACKAGE).rglob("*.py")))


def written() -> list[Path]:
    return sorted(path for name in WRITTEN for path in (PROJECT / name).rglob("*.py"))


def room_of(path: Path) -> str:
    """The folder in the package that a module lies in, the module itself where it lies beside them."""
    parts = path.relative_to(PROJECT / PACKAGE).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def is_module(name: str) -> bool:
    place = PROJECT.joinpath(*name.split("."))
    return place.is_dir() or place.with_suffix(".py").is_file()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def nodes(node: ast.AST, *, is_inside_function: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Every node below one, and whether it is run only when a function is called."""
    for child in ast.iter_child_nodes(node):
        yield child, is_inside_function
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from nodes(child, is_inside_function=is_inside_function or is_function)


def imports(path: Path) -> Iterator[Import]:
    for node, inside in nodes(tree(path)):
        for name in _imported(node, path):
            yield Import(name, getattr(node, "lineno", 0), inside)


def _imported(node: ast.AST, path: Path) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        above = path.relative_to(PROJECT).parts[: -node.level] if node.level else ()
        module = ".".join([*above, *([node.module] if node.module else [])])
        members = [f"{module}.{alias.name}" for alias in node.names]
        return [member if is_module(member) else module for member in members] if is_ours(module) else [module]
    if isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__") and node.args:
        name = node.args[0]
        return [name.value] if isinstance(name, ast.Constant) and isinstance(name.value, str) else []
    return []


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def is_ours(module: str) -> bool:
    return module == PACKAGE or module.startswith(f"{PACKAGE}.")


def is_allowed(room: str, one: Import) -> bool:
    target = one.module.removeprefix(PACKAGE).lstrip(".")
    if not target or target.split(".")[0] == room:  # the package itself holds nothing but its version
        return True
    may = MAY_IMPORT[room]
    if one.is_inside_function:
        may = may | MAY_IMPORT_INSIDE_FUNCTIONS.get(room, frozenset())
    return "*" in may or any(target == name or target.startswith(f"{name}.") for name in may)


def said(path: Path, line: int, what: str) -> str:
    return f"{path.relative_to(PROJECT)}:{line}: {what}"


def test_every_room_has_its_rule() -> None:
    assert {room_of(path) for path in modules()} - {""} == set(MAY_IMPORT)


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_imports_only_what_it_may_know(room: str) -> None:
    wrong = [
        said(path, one.line, f"{room} may not import {one.module}")
        for path in modules()
        if room_of(path) == room
        for one in imports(path)
        if is_ours(one.module) and not is_allowed(room, one)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("room", "module", "is_inside_function"),
    [
        ("domain", "sentinel_pipeline.settings", True),
        ("sources", "sentinel_pipeline.lake.whole_files", False),
        ("settings", "sentinel_pipeline.sources.zeek", True),
        ("settings", "sentinel_pipeline.sources.sources", False),
        ("settings", "sentinel_pipeline.demo", False),
        ("demo", "sentinel_pipeline.lake.whole_files_keeping", False),
        ("publishing", "sentinel_pipeline.orchestration.runs", True),
        ("portal", "sentinel_pipeline.orchestration.webserver", True),
        ("ledger", "sentinel_pipeline.portal.site", False),
    ],
)
def test_a_breach_is_seen(room: str, module: str, is_inside_function: bool) -> None:
    assert not is_allowed(room, Import(module, 1, is_inside_function))


def test_nobody_imports_the_command_line() -> None:
    wrong = [
        said(path, one.line, one.module)
        for path in modules()
        if room_of(path) not in ("cli", "__main__")
        for one in imports(path)
        if one.module in (f"{PACKAGE}.cli", f"{PACKAGE}.definitions")
    ]
    assert not wrong, "\n".join(wrong)


def test_only_orchestration_knows_dagster() -> None:
    wrong = [
        said(path, one.line, one.module)
        for path in modules()
        if room_of(path) not in IMPORT_DAGSTER
        for one in imports(path)
        if re.match(r"(dagster(_\w+)?|celery|kombu)(\.|$)", one.module)
    ]
    assert not wrong, "\n".join(wrong)


def test_only_settings_reads_the_environment() -> None:
    wrong = [
        said(path, line, what)
        for path in modules()
        if room_of(path) not in READS_ENVIRONMENT
        for line, what in environment_reads(tree(path))
    ]
    assert not wrong, "\n".join(wrong)


def environment_reads(module: ast.Module) -> Iterator[tuple[int, str]]:
    for node, _ in nodes(module):
        if isinstance(node, ast.Attribute) and node.attr in ENVIRONMENT:
            yield node.lineno, node.attr
        if isinstance(node, ast.ImportFrom) and node.module in ("os", "posix"):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name in ENVIRONMENT)
        if isinstance(node, ast.keyword) and node.arg in ENVIRONMENT_OF_LIBRARIES:
            yield node.lineno, node.arg
        if isinstance(node, ast.Attribute | ast.Name) and _ends_with(node) == "EnvVar":
            yield node.lineno, "EnvVar"


def _ends_with(node: ast.Attribute | ast.Name) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id


def test_every_way_to_the_environment_is_seen() -> None:
    ways = (
        "import os\nos.environ['A']",
        "import os\nos.getenv('A')",
        "from os import environ",
        "import os.path\nos.path.expandvars('$A')",
        "click.option('--a', envvar='A')",
        "dg.EnvVar('A')",
    )
    assert [way for way in ways if not list(environment_reads(ast.parse(way)))] == []


def test_the_code_location_loads_without_what_only_runs_need(tmp_path: Path) -> None:
    program = f"""
        import dagster, sys
        before = set(sys.modules)
        import {PACKAGE}.definitions
        print("loaded", *sorted({set(LATE)!r} & (set(sys.modules) - before)))
    """
    assert _run(program, tmp_path) == "loaded"
    assert list(tmp_path.iterdir()) == [], "loading the code location wrote something"


def test_the_command_starts_without_dagster_and_renderers(tmp_path: Path) -> None:
    program = f"""
        import sys
        import {PACKAGE}.cli
        print("loaded", *sorted({{"dagster", "fastapi", "polars", "pyarrow", *{LATE!r}}} & set(sys.modules)))
    """
    assert _run(program, tmp_path) == "loaded"
    assert list(tmp_path.iterdir()) == [], "importing the command wrote something"


def _run(program: str, data: Path) -> str:
    lines = "\n".join(line.strip() for line in program.strip().splitlines())
    environment = {**os.environ, "SENTINEL_DATA": str(data), "DAGSTER_DISABLE_TELEMETRY": "yes"}
    done = subprocess.run(
        [sys.executable, "-c", lines], env=environment, cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_modules_stay_short() -> None:
    long = {str(path.relative_to(PROJECT)): _lines(path) for path in modules() if _lines(path) > MOST_LINES}
    assert not long


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_names_say_something() -> None:
    names = [
        *(said(path, 1, part) for path in written() for part in path.relative_to(PROJECT).with_suffix("").parts),
        *(
            said(path, node.lineno, node.name)
            for path in written()
            for node, _ in nodes(tree(path))
            if isinstance(node, ast.ClassDef)
        ),
    ]
    assert [name for name in names if SAY_NOTHING & _words(name.split(": ")[1])] == []


def _words(name: str) -> set[str]:
    """`BaseManager` and `base_manager` are both the words base and manager; DatabaseSource is database and source."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)}


def test_no_error_is_caught_without_saying_which() -> None:
    wrong = [
        said(path, node.lineno, "bare except")
        for path in written()
        for node, _ in nodes(tree(path))
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_is_left_to_do() -> None:
    wrong = [
        said(path, token.start[0], token.string)
        for path in written()
        for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
        if token.type == tokenize.COMMENT and re.search(r"\b(TODO|FIXME|XXX|HACK)\b", token.string)
    ]
    assert not wrong, "\n".join(wrong)


def test_both_ways_to_load_the_code_location_name_the_same_module() -> None:
    workspace = yaml.safe_load((PROJECT / "workspace.yaml").read_text(encoding="utf-8"))
    named = [entry["python_module"]["module_name"] for entry in workspace["load_from"]]
    pyproject = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    project = pyproject["tool"]["dg"]["project"]
    assert named == [project["code_location_target_module"]]
    assert project["root_module"] == PACKAGE
    assert is_module(named[0])


def test_the_code_location_is_assembled_in_a_few_lines() -> None:
    assert _lines(PROJECT / PACKAGE / "definitions.py") < 60
