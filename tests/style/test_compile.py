"""Misuse that must not compile, and parts that must compile without DPDK."""

import pathlib
import re
import subprocess

import pytest

from sources import CPP, ROOT, text

COMPILE = ["g++", "-std=c++20", "-fsyntax-only", "-march=x86-64-v3", "-Wall", "-Wextra", "-Werror", "-I."]
COMPILE += ["-Wno-missing-field-initializers"]  # as in meson.build
CASES = sorted(path for path in CPP if "compile_fail" in path.parts)

# Folders whose headers every layer may use; the compiler gets no DPDK include path here.
WITHOUT_DPDK = ("dataplane/base", "dataplane/wire", "dataplane/tables", "dataplane/config", "probes", "sched", "ctrl")


def compiles(source: str, *options: str) -> subprocess.CompletedProcess:
    command = [*COMPILE, *options, "-x", "c++", "-"]
    return subprocess.run(command, input=source, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_misuse_does_not_compile(path: pathlib.Path):
    """Each case compiles as it stands, and fails with the expected complaint once its MISUSE line is in."""
    expected = re.match(r"// expect: (.+)", text(path)).group(1)
    control = compiles(text(path))
    assert control.returncode == 0, f"the control of {path} does not compile:\n{control.stderr}"
    misuse = compiles(text(path), "-DMISUSE")
    assert misuse.returncode != 0, f"{path}: the misuse compiles"
    errors = [line for line in misuse.stderr.splitlines() if "error:" in line]
    assert any(re.search(expected, line) for line in errors), "\n".join(errors)


@pytest.mark.parametrize("folder", WITHOUT_DPDK)
def test_headers_compile_without_dpdk(folder: str):
    # An _impl.h is a text that its .cc files include with parameters defined before it.
    headers = [path for path in CPP if str(path).startswith(folder + "/") and path.suffix == ".h"]
    headers = [path for path in headers if not path.stem.endswith("_impl")]
    result = compiles("".join(f'#include "{path}"\n' for path in headers))
    assert result.returncode == 0, result.stderr
    dpdk = compiles("#include <rte_mbuf.h>\n")
    assert dpdk.returncode != 0, "DPDK's headers are on the default include path: this test proves nothing"
