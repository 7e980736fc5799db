# SPDX-License-Identifier: MIT
"""The builds as a table for docs/DETECTION.md."""


def write(matrix, wanted, cases):
    raise SystemExit("not yet")
