"""izar_perf -- The harness behind perf/run: suites measure, this package builds, repeats, reports."""
