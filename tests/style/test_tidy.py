"""clang-tidy 14 with .clang-tidy's checks over everything that is no test; test code has only to compile.

A file takes seconds, most of them for standard headers, and all of them minutes: it runs with tools/test --full. A clean
result is remembered in the build directory under a hash of all that could change it.
"""

import concurrent.futures
import hashlib
import os
import pathlib
import subprocess

import pytest

from sources import CPP, FILES, ROOT, includes, report

CHECKED = [path for path in CPP if path.suffix == ".cc" and path.parts[0] != "tests" and "_test" not in path.stem]
KNOWN = set(FILES)


def own_headers(path: pathlib.Path, seen: set[pathlib.Path]) -> set[pathlib.Path]:
    """The file and every file of the project that it includes, directly or not."""
    seen.add(path)
    for name in includes(path):
        header = pathlib.Path(name)
        if header in KNOWN and header not in seen:
            own_headers(header, seen)
    return seen


def state_of(path: pathlib.Path) -> str:
    """A hash of all that decides what clang-tidy says about the file."""
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for each in sorted(own_headers(path, set())):
        digest.update(str(each).encode() + b"\0" + (ROOT / each).read_bytes())
    return digest.hexdigest()


def compiled_text(build: pathlib.Path) -> str:
    """Names every file that is compiled, with a quote behind: by itself, or as a part of a unity source."""
    database = build / "compile_commands.json"
    assert database.exists(), f"no build in {build}; run tools/test, or meson setup"
    parts = "".join(path.read_text() for path in build.glob("**/*-unity*.cpp"))
    return database.read_text() + parts.replace(">", '"')


def complaints(path: pathlib.Path, build: pathlib.Path, remembered: pathlib.Path) -> str:
    """What clang-tidy says about the file; nothing if it is clean, which is then remembered."""
    command = ["nice", "clang-tidy-14", "--quiet", "-p", str(build), str(ROOT / path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        remembered.touch()
        return ""
    return result.stdout + ("" if result.stdout else result.stderr)


@pytest.mark.long
def test_clang_tidy_has_no_complaint(build):
    memory = build / "tidy-cache"
    memory.mkdir(exist_ok=True)
    compiled = compiled_text(build)
    files = [path for path in CHECKED if f"{path}\"" in compiled]
    states = {path: memory / state_of(path) for path in files}
    fresh = [path for path in files if not states[path].exists()]

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [text for text in pool.map(lambda path: complaints(path, build, states[path]), fresh) if text]
    assert not found, report(found)


def test_every_program_file_is_compiled(build):
    """A .cc that no target builds would escape the compiler and clang-tidy alike."""
    compiled = compiled_text(build)
    forgotten = [str(path) for path in CPP if path.suffix == ".cc" and "compile_fail" not in path.parts]
    forgotten = [path for path in forgotten if f"{path}\"" not in compiled]
    assert not forgotten, report(forgotten)
