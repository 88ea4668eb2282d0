"""The measurements behind every number in the README.

Each prints a table, and one JSON line on demand. Nothing that serves a user imports this package.
"""
