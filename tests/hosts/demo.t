#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ./dev demo, as a test: it compares real values itself and fails when one is not as it must be.

. "${abs_top_srcdir:?}/tests/tap.sh"

[ -z "${ENGRAFT_SANITIZERS-}" ] || tap_skip_all "a sanitizer's run-time cannot be preloaded into R"
command -v "${CXX:-c++}" >/dev/null || tap_skip_all "no C++ compiler"
command -v R >/dev/null || tap_skip_all "R is not installed (r-base-core)"
for name in node-18.20.8 libnode108 r-cran-v8; do
    "$srcdir/tests/world" get "$name" >/dev/null 2>"$work/world.err" ||
        tap_skip_all "$name: $(tail -n 1 "$work/world.err")"
done
it "one binary, three hosts" exits 0 env ENGRAFT_BUILD="${abs_top_builddir:?}" \
    "$srcdir/examples/v8-hello/demo"
it "says so" out_has "demo: passed: one binary, three hosts, one V8 in each"
it "the hostile copy was reached without engraft, in every host" \
    test "$(grep -c 'HOSTILE COPY REACHED' "$work/out")" -eq 4
it "and V8 was mapped once with it" test "$(grep -c 'V8 is mapped 1 time' "$work/out")" -ge 4
tap_end
