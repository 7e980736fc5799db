# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the shell tests of the command share. Source it, use `it` and `skip`, end with `tap_end`.
# $work is a directory of the test's own, $engraft the command under test.

set -u

engraft=${ENGRAFT:-engraft}
srcdir=${abs_top_srcdir:?run this by make check, or set abs_top_srcdir}
tap_count=0
tap_failed=0
work=$(mktemp -d) || exit 99
trap 'rm -rf -- "$work"' EXIT
chmod 755 "$work"
unset ENGRAFT_HOST ENGRAFT_PLUGIN_ABI ENGRAFT_TRAP ENGRAFT_ALLOW ENGRAFT_REPORT ENGRAFT_DEBUG \
    ENGRAFT_LOG ENGRAFT_DISABLE ENGRAFT_PRELOAD NO_COLOR

# it NAME COMMAND...: one test; it passes when COMMAND succeeds. What it printed follows a failure.
it() {
    local name=$1 output
    shift
    tap_count=$((tap_count + 1))
    if output=$("$@" 2>&1); then
        printf 'ok %d - %s\n' "$tap_count" "$name"
    else
        tap_failed=1
        printf 'not ok %d - %s\n' "$tap_count" "$name"
        printf '# %s\n' "failed: $*"
        printf '%s\n' "$output" | sed 's/^/#   /' | head -n 40
    fi
}

skip() { # NAME REASON
    tap_count=$((tap_count + 1))
    printf 'ok %d - %s # SKIP %s\n' "$tap_count" "$1" "$2"
}

tap_end() {
    printf '1..%d\n' "$tap_count"
    exit "$tap_failed"
}

tap_skip_all() { # REASON
    printf '1..0 # SKIP %s\n' "$1"
    exit 0
}

# run COMMAND...: its outputs in $work/out and $work/err, its exit status in $work/status.
run() {
    "$@" >"$work/out" 2>"$work/err" </dev/null
    echo $? >"$work/status"
}

shown() {
    printf -- '-- status %s, stdout:\n%s\n-- stderr:\n%s\n' "$(cat "$work/status")" \
        "$(cat "$work/out")" "$(cat "$work/err")"
    return 1
}

# exits STATUS COMMAND...
exits() {
    local expected=$1
    shift
    run "$@"
    [ "$(cat "$work/status")" = "$expected" ] || shown
}

# Of the last `run` or `exits`:
out_has() { grep -qF -- "$1" "$work/out" || shown; }
err_has() { grep -qF -- "$1" "$work/err" || shown; }
err_empty() { [ ! -s "$work/err" ] || shown; }
out_empty() { [ ! -s "$work/out" ] || shown; }

# valid SCHEMA FILE
valid() { "$PYTHON" "$srcdir/tests/cli/validate.py" "$srcdir/docs/schema/$1.json" "$2"; }

# json FILE EXPRESSION: a Python expression over `j`, the parsed file, is true.
json() {
    "$PYTHON" -c 'import json, sys
j = json.load(open(sys.argv[1]))
value = eval("(" + sys.argv[2] + ")")
if not value:
    print(sys.argv[2], "is", value, "in", json.dumps(j)[:2000])
sys.exit(not value)' "$1" "$2"
}
