"""The demo: unmodified clients and servers over an overlay of six nodes, and what happens when it is hurt."""
