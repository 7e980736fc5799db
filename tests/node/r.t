#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Node inside of R, on the V8 of R's package V8: the transcript of examples/node-in-r/run says what it
# has to, and every feature works there. ENGRAFT_NODE names what examples/node-in-host/build made.
# With ENGRAFT_TEST_LONG=1 Node is started a thousand times instead of twenty.

. "${abs_top_srcdir:?}/tests/tap.sh"

[ -z "${ENGRAFT_SANITIZERS-}" ] || tap_skip_all "a sanitizer's run-time is not in R"
command -v "${CC:-cc}" >/dev/null || tap_skip_all "no C compiler"
command -v Rscript >/dev/null || tap_skip_all "R is not installed (r-base-core)"
for name in libnode108 r-cran-v8; do
    "$srcdir/tests/world" get "$name" >/dev/null 2>"$work/world.err" ||
        tap_skip_all "$name: $(tail -n 1 "$work/world.err")"
done
[ -n "${ENGRAFT_NODE-}" ] || tap_skip_all "ENGRAFT_NODE is not set (examples/node-in-host/build)"
export ENGRAFT_NODE
mkdir "$work/build"
ln -s "${abs_top_builddir:?}/.libs" "$work/build/.libs"
export ENGRAFT_BUILD=$work/build

it "the command ends well" exits 0 "$srcdir/examples/node-in-r/run"
it "which says so" out_has "node-in-r: passed: Node served http from inside of R, on R's V8"
it "the V8 is R's" out_has "ok   the V8 that runs it is R's"
it "and no other is mapped" out_has "ok   no other file of V8 was mapped"
it "http was served" out_has "ok   url() gets an answer"
it "values went R -> V8 -> Node -> V8 -> R" out_has "ok   R -> R's V8 -> Node -> R's V8 -> R"
it "JavaScript called R" out_has "ok   and gets what R's function returns"
it "errors had their stack" out_has "ok   their stack"
it "an isolate that is not entered was refused" \
    out_has "ok   there is none while R calls C, and that is said"
it "R was interrupted" out_has "ok   the wait ends, nothing else"
it "signals are as they were" out_has "ok   the signals' handlers and masks are as they were"
it "R's context is as it was" out_has "R's context says: set by R and still alive"
it "nothing was wrong" sh -c "! grep WRONG '$work/out'"

starts=20
[ -z "${ENGRAFT_TEST_LONG-}" ] || starts=1000
run "$srcdir/examples/node-in-r/run" "$srcdir/tests/node/features.R" "$srcdir/tests/node/features.js" \
    "$starts"
it "the features' script came to its end, and R to its own" sh -c "[ \$(cat '$work/status') -le 1 ] &&
    grep -q '^1\\.\\.' '$work/out' || { tail -n 20 '$work/out' '$work/err'; exit 1; }"
while IFS= read -r line; do
    case $line in
    "ok "*) it "in R: ${line#*- }" true ;;
    "not ok "*) it "in R: ${line#*- }" sh -c "grep -A 12 -F -- '$line' '$work/out'; exit 1" ;;
    "#"*) printf '%s\n' "$line" ;;
    esac
done <"$work/out"
tap_end
