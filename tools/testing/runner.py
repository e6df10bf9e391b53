"""runner.py -- Builds izar in several ways, runs its suites in each, and says how many tests did what.

Called by tools/test. The plan below is the whole of it: which suites run in which build.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import time

from counts import Counts, count_junit, count_meson

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTEST = ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-q"]

MESON_SUITES = ["unit", "threads", "fuzz-replay"]
PYTEST_SUITES = ["style", "testing", "wire", "perf", "lab", "e2e"]  # folders under tests/
LONG_SUITES = ["long"]

# Sanitizers slow a program down; a test's own time limit is multiplied by this.
TIME_FACTOR = {"release": 1, "asan": 4, "tsan": 8}


# After Ctrl-C, a suite has this long to end its programs and remove its namespaces.
SECONDS_TO_CLEAN_UP = 60


class BuildFailed(Exception):
    pass


def run_to_end(command: list[str], **options) -> int:
    """Runs a child in our process group and returns its exit code; on Ctrl-C, which it got too, lets it clean up."""
    child = subprocess.Popen(command, cwd=ROOT, **options)
    try:
        return child.wait()
    except KeyboardInterrupt:
        try:
            child.wait(SECONDS_TO_CLEAN_UP)
        except subprocess.TimeoutExpired:
            child.kill()
        raise


class Runner:
    def __init__(self, only: list[str], full: bool):
        self.only = only
        self.full = full
        self.total = Counts()
        self.failures: list[str] = []

    def wants(self, suite: str) -> bool:
        suite = "unit" if suite == "memory" else suite  # the part of unit that asan takes each time
        return suite in self.only if self.only else True

    def add(self, what: str, counts: Counts) -> None:
        self.total += counts
        print(f"{what}: {counts}", flush=True)
        if counts.failed:
            self.failures.append(what)

    def logged(self, command: list[str], log: pathlib.Path) -> int:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w") as out:
            return run_to_end(command, stdout=out, stderr=subprocess.STDOUT)

    @staticmethod
    def share_compiler_cache() -> None:
        """Makes ccache recognise a file compiled in another checkout of the same sources."""
        os.environ.setdefault("CCACHE_BASEDIR", str(ROOT))
        os.environ.setdefault("CCACHE_NOHASHDIR", "1")

    def build(self, preset: str, targets: list[str]) -> pathlib.Path:
        """Configures once, builds `targets` (none: everything). Raises BuildFailed after showing the log's end."""
        directory = ROOT / f"build-{preset}"
        commands = [["ninja", "-C", str(directory), *targets]]
        if not (directory / "build.ninja").exists():
            native = ["--native-file", f"tools/presets/{preset}.ini"]
            commands.insert(0, ["meson", "setup", str(directory), *native])
        started = time.monotonic()
        for command in commands:
            log = directory / "logs" / f"{command[0]}.log"
            if self.logged(command, log) != 0:
                print("".join(log.read_text(errors="replace").splitlines(keepends=True)[-60:]))
                raise BuildFailed(f"build {preset} ({' '.join(command)}; log: {log})")
        print(f"built {preset} in {time.monotonic() - started:.0f} s", flush=True)
        return directory

    def run_meson(self, preset: str, suites: list[str]) -> None:
        """Runs meson suites in a build that exists; meson builds what those tests still lack."""
        suites = [suite for suite in suites if self.wants(suite)]
        if not suites:
            return
        directory = ROOT / f"build-{preset}"
        selected = [word for suite in suites for word in ("--suite", suite)]
        command = ["meson", "test", "-C", str(directory), "--print-errorlogs", *selected]
        command += ["--timeout-multiplier", str(TIME_FACTOR[preset])]
        listing = subprocess.run([*command, "--list"], cwd=ROOT, capture_output=True, text=True, check=False)
        if not any(" / " in line for line in listing.stdout.splitlines()):
            return
        (directory / "meson-logs" / "testlog.json").unlink(missing_ok=True)
        log = directory / "logs" / "meson-test.log"
        code = self.logged(command, log)
        if code != 0:
            print(log.read_text(errors="replace"))
        counts = count_meson(directory / "meson-logs")
        if code != 0 and counts.failed == 0:
            counts += Counts(failed=1)
        self.add(f"{preset}: {' '.join(suites)}", counts)

    def run_pytest(self, preset: str, suite: str, marks: str) -> None:
        folder = ROOT / "tests" / suite
        if not self.wants(suite) or not any(folder.glob("test_*.py")):
            return
        directory = ROOT / f"build-{preset}"
        report = directory / "logs" / f"{suite}.xml"
        report.parent.mkdir(parents=True, exist_ok=True)
        report.unlink(missing_ok=True)
        command = [*PYTEST, str(folder), f"--junitxml={report}", f"--build={directory}"]
        command += ["-m", marks] if marks else []
        # Programs that a test starts find the build under test by IZAR_BUILD.
        code = run_to_end(command, env={**os.environ, "IZAR_BUILD": str(directory)})
        self.add(f"{preset}: {suite}", count_junit(report, code))

    def run(self) -> None:
        """The plan."""
        self.share_compiler_cache()
        not_long = "" if self.full else "not long"
        long_suites = LONG_SUITES if self.full or self.only else []

        self.build("release", [])
        self.run_meson("release", MESON_SUITES + long_suites)
        for suite in PYTEST_SUITES:
            self.run_pytest("release", suite, not_long)

        if any(self.wants(suite) for suite in ["unit", "threads", "fuzz-replay", "e2e"]):
            self.build("asan", ["tools/edge/izar-edge", "tools/controller/izar-controller", "tools/wan_emulator/izar-wan",
                                "tools/probe/izar-udp-probe"])
            self.run_meson("asan", ["unit" if self.full else "memory", "threads", "fuzz-replay"])
            self.run_pytest("asan", "e2e", "asan")

        if self.wants("threads"):
            self.build("tsan", ["--quiet", "build.ninja"])  # meson test builds what suite threads needs
            self.run_meson("tsan", ["threads"])


def main() -> int:
    suites = MESON_SUITES + PYTEST_SUITES + LONG_SUITES
    parser = argparse.ArgumentParser(prog="tools/test", description="builds izar and runs its tests")
    parser.add_argument("--full", action="store_true", help="also run the tests marked as long")
    parser.add_argument("--only", action="append", default=[], choices=suites, metavar="SUITE",
                        help=f"run one suite (repeatable): {', '.join(suites)}")
    options = parser.parse_args()
    runner = Runner(options.only, options.full)
    started = time.monotonic()
    try:
        runner.run()
    except BuildFailed as failure:
        runner.add(str(failure), Counts(failed=1))
    except KeyboardInterrupt:
        runner.add("interrupted", Counts(failed=1))
    print(f"{time.monotonic() - started:.0f} s; logs: build-*/logs", flush=True)
    if runner.failures:
        print("failed: " + "; ".join(runner.failures))
    print(runner.total)
    return 1 if runner.total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
