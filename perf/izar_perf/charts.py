"""charts.py -- Plots as SVG text, all in one manner: a system has one colour in all of them."""

import io
from collections.abc import Mapping, Sequence

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "izar", "font.size": 10, "axes.grid": True, "grid.color": "#e6e9ee",
                            "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": "#8a93a0",
                            "axes.axisbelow": True,
                            "legend.frameon": False, "legend.fontsize": 9, "lines.linewidth": 1.8})

from matplotlib import pyplot, ticker  # noqa: E402

SIZE_INCHES = (6.4, 3.9)
BAR_INCHES = 0.24
COLORS = {"izar": "#1f5fa8", "null": "#9aa3ae", "generator": "#c9ced6", "testpmd": "#6b7480", "haproxy": "#c0563b",
          "nginx": "#4d9a5f", "nftables": "#b08a2e", "l3fwd": "#7d5ba6", "ovs-dpdk": "#b5651d"}
OTHER_COLORS = ("#2a9d8f", "#e08e45", "#8e6bbf", "#d1495b", "#5b8c5a", "#3d5a80")

Series = Mapping[str, Sequence[tuple[float, float]]]


def system_of(name: str) -> str:
    """What the name of a series or bar begins with."""
    return name.split()[0].rstrip(",")


def color_of(name: str, at: int) -> str:
    """The system's; of what is no system, the next of a row."""
    return COLORS.get(system_of(name), OTHER_COLORS[at % len(OTHER_COLORS)])


def figure_of(value: float | None) -> str:
    """Four digits, and thousands in full."""
    if value is None:
        return "not measured"
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.4g}"


def svg(figure) -> str:
    """The picture alone, without XML prologue, date or other trace of when it was drawn."""
    out = io.StringIO()
    figure.tight_layout()
    figure.savefig(out, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    text = out.getvalue()
    return text[text.index("<svg"):]


def axes_of(title: str, x: str, y: str, bars: int = 0):
    """So high that every bar has room for its name."""
    figure, axes = pyplot.subplots(figsize=(SIZE_INCHES[0], max(SIZE_INCHES[1], 1.0 + BAR_INCHES * bars)))
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    return figure, axes


def lines(title: str, x: str, y: str, series: Series, log_x: bool = False) -> str:
    """Points joined by lines, from 0 upwards."""
    figure, axes = axes_of(title, x, y)
    colors: dict[str, int] = {}
    for at, (name, points) in enumerate(series.items()):
        # Of two series of one system the second is dashed.
        color = color_of(name, at)
        style = ("-", "--", ":")[min(colors.setdefault(color, 0), 2)]
        colors[color] += 1
        axes.plot(*zip(*sorted(points)), style, marker="o", markersize=4, color=color, label=name)
    if log_x:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:,.0f}"))
    else:
        axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    axes.legend()
    return svg(figure)


def percentiles(title: str, series: Series) -> str:
    """Microseconds over percentile, both logarithmic: 90 %, 99 %, 99.9 % lie at even distances."""
    figure, axes = axes_of(title, "percentile of packets", "microseconds")
    styles: dict[str, int] = {}
    for name, points in series.items():
        color = color_of(name, len(styles))
        style = ("-", "--", ":", "-.")[styles.setdefault(color, 0) % 4]
        styles[color] += 1
        axes.plot([1 / (1 - percent / 100) for percent, _ in points], [us for _, us in points], style, color=color, label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{100 * (1 - 1 / value):.5g} %" if value >= 1 else ""))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:,.5g}"))
    axes.legend(fontsize=8)
    return svg(figure)


def bars(title: str, x: str, values: Mapping[str, float | None], goal: float | None = None) -> str:
    """One bar a name, its figure at the end; None is no bar."""
    figure, axes = axes_of(title, x, "", len(values))
    names = list(values)[::-1]
    drawn = axes.barh(names, [values[name] or 0 for name in names], height=0.62,
                      color=[COLORS.get(system_of(name), COLORS["izar"]) for name in names])
    axes.bar_label(drawn, [figure_of(values[name]) for name in names], padding=4)
    axes.xaxis.set_major_locator(ticker.MaxNLocator(6))
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.margins(x=0.15)
    axes.grid(axis="y", visible=False)
    if goal is not None:
        axes.axvline(goal, color="#a33", linestyle="--", linewidth=1.2)
    return svg(figure)


def stacks(title: str, x: str, parts: Mapping[str, Mapping[str, float]]) -> str:
    """One bar a name, made of named parts."""
    figure, axes = axes_of(title, x, "")
    names = list(parts)[::-1]
    kinds = list(dict.fromkeys(kind for each in parts.values() for kind in each))
    left = [0.0] * len(names)
    for at, kind in enumerate(kinds):
        widths = [parts[name].get(kind, 0.0) for name in names]
        axes.barh(names, widths, left=left, height=0.62, label=kind, color=pyplot.get_cmap("tab20")(at % 20))
        left = [a + b for a, b in zip(left, widths)]
    axes.grid(axis="y", visible=False)
    axes.legend(fontsize=7, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.16))
    return svg(figure)
