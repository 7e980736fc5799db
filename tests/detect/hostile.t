#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Files that somebody made to cost time or memory. See hostile.py.

export PYTHONDONTWRITEBYTECODE=1
exec "${PYTHON:-python3}" "$(dirname -- "${BASH_SOURCE[0]}")/hostile.py" "$@"
