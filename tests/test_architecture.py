"""The house: imports run one way, folders are rooms, functions fit on a screen."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import hpo

ROOT = Path(hpo.__file__).parent
FLOORS = [
    {"errors", "plan", "_version"},
    {"space", "support"},
    {"task"},
    {"plugins", "data"},
    {"scoring", "training", "options"},
    {"study"},
    {"placement"},
    {"samplers", "pruners", "ensembles", "reporting"},
    {"search", "adapters", "predicting"},
    {"exporting"},
    {"cli"},
]
REPORTING = ("html", "reading", "figures", "sections")
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
MAX_FLAT_MODULES = 8
MAX_LINES = 60
MAX_PARAMETERS = 8

MODULES = {
    ".".join(("hpo", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in ROOT.rglob("*.py")
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def imported(name):
    """The modules of hpo that a module imports: at the top, in functions, and for types only."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        if isinstance(node, ast.ImportFrom) and node.module in MODULES:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in MODULES else node.module


IMPORTS = {name: set(imported(name)) - {name} for name in MODULES}


def functions(name):
    return [
        node
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def room(name):
    return (*name.split("."), "")[1]


def test_no_module_imports_itself_by_way_of_others():
    # What hpo itself offers is named for type checkers and loaded by name when it is used.
    graph = {name: IMPORTS[name] for name in MODULES if name != "hpo"}

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_every_room_has_its_floor():
    rooms = {room(name) for name in MODULES} - {"", "__main__"}

    assert rooms <= FLOOR.keys()


def test_no_room_imports_from_a_floor_above():
    against = [
        f"{name} imports {other}"
        for name, others in IMPORTS.items()
        for other in others
        if room(name) in FLOOR and room(other) in FLOOR and FLOOR[room(name)] < FLOOR[room(other)]
    ]

    assert against == []


def test_rooms_on_one_floor_import_one_another_one_way_only():
    graph = {found: set() for found in FLOOR}
    for name, others in IMPORTS.items():
        if room(name) in FLOOR:
            graph[room(name)] |= {room(other) for other in others} & FLOOR.keys() - {room(name)}

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_the_folders_of_the_report_import_one_way_only():
    def folder(name):
        parts = name.split(".")
        return parts[2] if parts[:2] == ["hpo", "reporting"] and len(parts) > 3 else ""

    against = [
        f"{name} imports {other}"
        for name, others in IMPORTS.items()
        for other in others
        if folder(name) in REPORTING
        and folder(other) in REPORTING[REPORTING.index(folder(name)) + 1 :]
    ]

    assert against == []


def test_only_the_command_line_uses_the_package_as_its_users_do():
    users = {room(name) for name in MODULES if "hpo" in IMPORTS[name]}

    assert users <= {"cli"}


def test_only_the_contract_lies_outside_the_rooms():
    flat = sorted(path.name for path in ROOT.glob("*.py"))

    assert len(flat) <= MAX_FLAT_MODULES, flat


def test_every_function_fits_on_a_screen():
    long = [
        f"{name}.{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for name in MODULES
        for node in functions(name)
        if node.end_lineno - node.lineno + 1 > MAX_LINES
    ]

    assert long == []


def test_no_function_takes_more_than_a_handful_of_parameters():
    many = [
        f"{name}.{node.name}: {count}"
        for name in MODULES
        for node in functions(name)
        if (count := parameters(node)) > MAX_PARAMETERS
    ]

    assert many == []


def parameters(node):
    named = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return len([one for one in named if one.arg not in ("self", "cls")])
