"""suites -- One module per suite; see izar_perf/suite.py for the names it has."""
