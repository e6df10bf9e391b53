"""cli.py -- perf/run's command line: build, measure, print, write."""

import argparse
import importlib
import json
import pathlib
import pkgutil
import sys
import types

from izar_perf import build, environment, suites, table
from izar_perf.suite import Context, Row, SuiteFailed

DEFAULT_RUNS = 5


def load_suites() -> dict[str, types.ModuleType]:
    """Suite name -> module; a file's underscores are dashes in the name."""
    names = sorted(module.name for module in pkgutil.iter_modules(suites.__path__))
    return {name.replace("_", "-"): importlib.import_module(f"izar_perf.suites.{name}") for name in names}


def check_rows(rows: list[Row], keys: tuple[str, ...]) -> None:
    """Every row has exactly the keys of its suite: whoever reads the JSON may rely on them."""
    for row in rows:
        if set(row) != set(keys):
            lacking, strange = set(keys) - set(row), set(row) - set(keys)
            raise SuiteFailed(f"a row lacks {sorted(lacking)} and has {sorted(strange)} besides: {row}")
    if not rows:
        raise SuiteFailed("the suite measured nothing")


def key_and_value(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"'{text}' is not KEY=VALUE")
    return key, value


def parse(arguments: list[str], names: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="perf/run", description="izar's benchmarks; without a suite, lists them")
    parser.add_argument("suite", nargs="?", choices=names, metavar="SUITE")
    parser.add_argument("base", nargs="?", metavar="BASE", help="of suite diff: the branch or commit to compare with")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="also write the result there ('-': stdout)")
    parser.add_argument("--runs", type=int, help=f"repetitions of each measurement (default {DEFAULT_RUNS})")
    parser.add_argument("--quick", action="store_true", help="small and short: shows that it works, measures nothing")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trial-ms", type=int, default=10, metavar="N", help="length of a trial in a search for NDR and PDR "
                        "(default 10, for machines with other guests; 1000 for a machine of your own)")
    parser.add_argument("--only", action="append", default=[], metavar="KEY=VALUE", type=key_and_value,
                        help="leave out scenarios of the suite in which KEY is something else; several times")
    parser.add_argument("--build", type=pathlib.Path, help="build directory to use as it is (default: build-release, "
                        "built if needed)")
    options = parser.parse_args(arguments)
    if options.base is not None and options.suite != "diff":
        parser.error(f"suite {options.suite} takes no BASE, only diff does")
    return options


def measure(name: str, suite: types.ModuleType, options: argparse.Namespace) -> dict:
    """The envelope with the rows of one suite."""
    directory = options.build.resolve() if options.build else build.release(suite.TARGETS)
    runs = options.runs or (1 if options.quick else DEFAULT_RUNS)
    before = environment.CpuTimes.read()
    context = Context(directory, runs, options.quick, options.seed, options.trial_ms, options.base, dict(options.only))
    rows = suite.measure(context)
    check_rows(rows, suite.KEYS)
    env = environment.describe(options.seed, before)
    env["quick"] = options.quick
    env["trial_ms"] = options.trial_ms
    env["only"] = dict(options.only)
    return {"suite": name, "system": "izar", "env": env, "rows": rows}


def main(arguments: list[str]) -> int:
    known = load_suites()
    options = parse(arguments, list(known))
    if options.suite is None:
        print(table.render([{"name": name, "what": module.SUMMARY} for name, module in known.items()],
                           [table.Column("name", "suite"), table.Column("what", "measures")]))
        return 0
    suite = known[options.suite]
    try:
        result = measure(options.suite, suite, options)
    except SuiteFailed as failure:
        print(f"perf/run {options.suite}: {failure}", file=sys.stderr)
        return 1
    text = json.dumps(result, indent=1)
    if str(options.json) == "-":
        print(text)
        return 0
    print(table.render(result["rows"], suite.COLUMNS))
    print(environment.sentence(result["env"]))
    if options.json:
        options.json.write_text(text + "\n")
    return 0
