"""Layout is clang-format 14's, of .clang-format."""

import subprocess

from sources import CPP, ROOT, report


def test_clang_format_has_nothing_to_change():
    command = ["clang-format-14", "--dry-run", *map(str, CPP)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    complaints = [line for line in result.stderr.splitlines() if "warning:" in line]
    files = sorted({line.split(":")[0] for line in complaints})
    assert not files, report(files) + "\nrun: clang-format-14 -i " + " ".join(files)
