"""Sizes, include directions and what a header owes its reader."""

import ast
import re

from sources import CPP, FILES, LIBRARY, PYTHON, ROOT, code_only, essay, functions, includes, report, text

MOST_LINES_OF_A_FILE = 800
MOST_LINES_OF_A_FUNCTION = 70

# A layer may include itself and these. The data plane's parts without DPDK are listed below.
MAY_INCLUDE = {
    "dataplane": ("dataplane/", "probes/"),
    "probes": ("dataplane/base/", "dataplane/wire/", "probes/"),
    "sched": ("dataplane/", "probes/", "sched/"),
    "ctrl": ("dataplane/", "probes/", "sched/", "ctrl/"),
}
OWN_FOLDERS = ("dataplane/", "probes/", "sched/", "ctrl/", "tools/", "perf/", "tests/")
WITHOUT_DPDK = ("dataplane/base", "dataplane/wire", "dataplane/tables", "dataplane/config", "sched", "ctrl")


def test_files_are_short():
    checked = [path for path in FILES if path.suffix in (".h", ".cc", ".py", ".sh", ".def")]
    lengths = {path: text(path).count("\n") for path in checked}
    too_long = [f"{path}: {lines} lines" for path, lines in lengths.items() if lines > MOST_LINES_OF_A_FILE]
    assert not too_long, report(too_long)


def test_functions_are_short():
    too_long = [
        f"{function.path}:{function.first_line}: {function.length} lines"
        for path in CPP
        for function in functions(path)
        if function.length > MOST_LINES_OF_A_FUNCTION
    ]
    for path in PYTHON:
        for node in ast.walk(ast.parse(text(path))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                length = node.end_lineno - node.lineno + 1
                if length > MOST_LINES_OF_A_FUNCTION:
                    too_long.append(f"{path}:{node.lineno}: {length} lines")
    assert not too_long, report(too_long)


def test_the_function_finder_finds_functions():
    """Guards the check above: it would pass in silence if it saw no function."""
    found = {path: functions(path) for path in CPP if path.suffix == ".cc"}
    assert sum(len(each) for each in found.values()) >= 2 * len(found)


def test_includes_point_one_way():
    wrong = []
    for path in LIBRARY:
        for name in includes(path):
            if name.startswith(OWN_FOLDERS) and not name.startswith(MAY_INCLUDE[path.parts[0]]):
                wrong.append(f"{path} includes {name}")
    assert not wrong, report(wrong)


def test_own_includes_name_files_by_their_path_from_the_root():
    quoted = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
    wrong = [
        f"{path} includes \"{name}\", which is no path from the root"
        for path in CPP
        for name in quoted.findall(text(path))
        if not (ROOT / name).is_file()
    ]
    assert not wrong, report(wrong)


def test_formats_tables_and_scheduler_include_no_dpdk():
    # The publisher's contract is DPDK-free; the one .cc behind it is where QSBR comes in.
    wrong = [
        f"{path} includes {name}"
        for path in LIBRARY
        if str(path).startswith(WITHOUT_DPDK) and path.name != "publisher.cc"
        for name in includes(path)
        if name.startswith("rte_")
    ]
    assert not wrong, report(wrong)


def test_headers_open_with_an_essay_that_names_them():
    wrong = [
        f"{path} does not start with '// {path.name} -- what it is for'"
        for path in CPP
        if path.suffix == ".h" and not essay(path).startswith(f"// {path.name} -- ")
    ]
    assert not wrong, report(wrong)


def test_headers_with_classes_say_which_thread_they_belong_to():
    defines_class = re.compile(r"^(?:template <.*>\n)?class \w+[^;]*{", re.MULTILINE)
    wrong = [
        f"{path} defines a class, but its opening comment has no line 'Thread: ...'"
        for path in LIBRARY
        if path.suffix == ".h" and defines_class.search(code_only(text(path))) and "Thread:" not in essay(path)
    ]
    assert not wrong, report(wrong)


def test_headers_are_guarded():
    wrong = [str(path) for path in CPP if path.suffix == ".h" and "#pragma once" not in text(path)]
    assert not wrong, report(wrong)
