"""summary.py -- What feed summaries cost and lose on the published RTT sets, beside their rivals (summary_suite.cc)."""

from izar_perf import summary_program
from izar_perf.suite import Column, Context, Row

SUMMARY = "bytes and stretch of feed summaries on published RTT matrices, and of their rivals"
KEYS = ("kind", "matrix", "nodes", "eps", "bytes_raw", "bytes_sent", "reduction", "stretch_mean", "stretch_p99",
        "stretch_max", "first_bytes_sent", "summaries", "encode_ms", "decode_ms", "lost_pairs", "resident_mib")
COLUMNS = (
    Column("matrix", "matrix"),
    Column("kind", "kind"),
    Column("nodes", "nodes"),
    Column("bytes_sent", "bytes", "{:.0f}"),
    Column("reduction", "saved", "{:.2%}"),
    Column("stretch_mean", "stretch", "{:.4f}"),
    Column("stretch_p99", "p99", "{:.4f}"),
    Column("encode_ms", "encode ms", "{:.2f}"),
    Column("decode_ms", "decode ms", "{:.2f}"),
)
TARGETS = (summary_program.PROGRAM,)


def measure(context: Context) -> list[Row]:
    return summary_program.rows(context, "summary", KEYS)
