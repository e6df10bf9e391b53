"""report.py -- perf/report: results of perf/run as one HTML page that loads nothing from anywhere."""

import argparse
import html
import json
import pathlib
import sys

from izar_perf import environment, figures
from izar_perf.cli import load_suites
from izar_perf.suite import Column
from izar_perf.table import cell

STYLE = """
:root { color-scheme: light; --ink: #1c2430; --dim: #5c6675; --line: #dfe3e9; --paper: #fff; }
body { margin: 0; background: #f4f6f8; color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
header, section { max-width: 1080px; margin: 1.5rem auto; padding: 1.2rem 1.8rem; background: var(--paper);
  border: 1px solid var(--line); border-radius: 8px; }
h1 { margin: 0; font-size: 1.6rem; } h2 { margin: 0 0 .2rem; font-size: 1.25rem; }
p { margin: .2rem 0 .8rem; color: var(--dim); }
nav a { margin-right: 1rem; color: #1f5fa8; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(460px, 1fr)); gap: 1rem; }
.plots svg { width: 100%; height: auto; }
details { margin-top: .8rem; } summary { cursor: pointer; color: #1f5fa8; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th.word, td.word { text-align: left; }
.quick { color: #a33; font-weight: 600; }
"""


def read_result(file: pathlib.Path) -> dict:
    result = json.loads(file.read_text())
    if not isinstance(result, dict) or set(result) != {"suite", "system", "env", "rows"}:
        raise ValueError("is no result of perf/run --json")
    return result


def table_of(rows: list[dict], columns: tuple[Column, ...]) -> str:
    numeric = [any(isinstance(row.get(column.key), (int, float)) for row in rows) for column in columns]
    kind = ['' if number else ' class="word"' for number in numeric]
    head = "".join(f"<th{each}>{html.escape(column.title)}</th>" for each, column in zip(kind, columns))
    body = ("".join(f"<td{each}>{html.escape(cell(row, column))}</td>" for each, column in zip(kind, columns)) for row in rows)
    return f"<table><tr>{head}</tr>" + "".join(f"<tr>{line}</tr>" for line in body) + "</table>"


def section_of(name: str, results: list[dict]) -> str:
    """One suite: what it measures, the plots and rows of all its results together, and the conditions of each."""
    suite = load_suites()[name]
    rows = [row for result in results for row in result["rows"]]
    quick = any(result["env"].get("quick") for result in results)
    warning = '<p class="quick">A quick run: it shows that the suite works, its figures mean nothing.</p>' if quick else ""
    plots = "".join(figures.of(name, rows))
    details = f'<details><summary>{len(rows)} rows</summary><div class="wide">{table_of(rows, suite.COLUMNS)}</div></details>'
    conditions = "".join(f"<p>{html.escape(environment.sentence(result['env']))}</p>" for result in results)
    return (f'<section id="{name}"><h2>{name}</h2><p>{html.escape(suite.SUMMARY)}</p>{warning}'
            f'<div class="plots">{plots}</div>{details}{conditions}</section>')


def page_of(results: list[dict]) -> str:
    of_suite: dict[str, list[dict]] = {}
    for result in results:
        of_suite.setdefault(result["suite"], []).append(result)
    links = " ".join(f'<a href="#{name}">{name}</a>' for name in of_suite)
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><title>izar: performance</title><style>{STYLE}</style>'
            f"<header><h1>izar: performance</h1><p>Figures of perf/run, each with its conditions; perf/README.md says how they "
            f"are measured.</p><nav>{links}</nav></header>{''.join(section_of(*each) for each in of_suite.items())}</html>\n")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="perf/report", description="one HTML page of results that perf/run --json wrote")
    parser.add_argument("results", nargs="+", type=pathlib.Path, metavar="RESULT.json")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("report.html"), metavar="FILE")
    options = parser.parse_args(arguments)
    results = []
    for file in options.results:
        try:
            results.append(read_result(file))
        except (OSError, ValueError) as error:
            print(f"perf/report: {file}: {error}", file=sys.stderr)
            return 1
    options.output.write_text(page_of(results))
    print(f"{options.output}: {len(results)} results")
    return 0
