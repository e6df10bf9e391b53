"""build.py -- The release build that is measured."""

import pathlib
import subprocess
import sys

from izar_perf.suite import ROOT, SuiteFailed


def release(targets: tuple[str, ...], source: pathlib.Path = ROOT) -> pathlib.Path:
    """Configures build-release of a source tree if it is not there and brings `targets` up to date in it."""
    directory = source / "build-release"
    commands = []
    if not (directory / "build.ninja").exists():
        commands.append(["meson", "setup", str(directory), "--native-file", "tools/presets/release.ini"])
    if targets:
        commands.append(["ninja", "-C", str(directory), *targets])
    for command in commands:
        try:
            result = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            raise SuiteFailed(f"{command[0]} is not installed; run tools/install") from error
        if result.returncode != 0:
            print(result.stdout[-4000:], file=sys.stderr)
            raise SuiteFailed(f"{' '.join(command)} failed")
    return directory
