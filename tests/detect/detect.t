#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Every build of tests/detect/builds, builds-other and builds-foreign, and what becomes of builds
# (renamed, stripped, linked statically...): exactly the engines that are in it. See detect.py for
# its options.

here=$(dirname -- "${BASH_SOURCE[0]}")
export PYTHONDONTWRITEBYTECODE=1
"${PYTHON:-python3}" -c 'import jsonschema' 2>/dev/null || {
    echo '1..0 # SKIP python has no jsonschema (./dev setup installs it)'
    exit 0
}
exec "${PYTHON:-python3}" "$here/detect.py" "$@"
