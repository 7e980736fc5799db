#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# No engine where there is none: everything in /usr/bin and /usr/lib, by owner. See scan.py.

export PYTHONDONTWRITEBYTECODE=1
exec "${PYTHON:-python3}" "$(dirname -- "${BASH_SOURCE[0]}")/scan.py"
