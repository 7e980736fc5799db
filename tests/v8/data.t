#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# abi-adapters/v8/data says of each version of V8 what its headers and its binary say.
. "${abs_top_srcdir:?}/tests/tap.sh"
extract=$srcdir/abi-adapters/v8/extract

[ -x /usr/bin/python3 ] || tap_skip_all "no /usr/bin/python3"
/usr/bin/python3 -c 'import clang.cindex' 2>/dev/null ||
    tap_skip_all "no python3-clang (./dev setup installs it)"

cp -r "$srcdir/abi-adapters/v8/data" "$work/changed"
chmod -R u+w "$work/changed"
sed -i 's/^\(CONSTANT(kIsolateRootsOffset, [0-9]*, \)288/\1280/' "$work/changed/constants.def"

# One reading serves both: what differs from the tree is nothing, from the copy one line.
"$extract" -o "$work/read" >"$work/out" 2>"$work/err"
status=$?
[ "$status" != 77 ] || tap_skip_all "$(tail -n 1 "$work/err")"

read_all() { [ "$status" = 0 ] || { cat "$work/err"; return 1; }; }
it "the headers of all versions can be read" read_all
it "the data are what the headers say" diff -r "$srcdir/abi-adapters/v8/data" "$work/read"
one_line() { [ "$(diff -r "$work/changed" "$work/read" | grep -c '^<')" = 1 ]; }
it "a constant that is not the header's is noticed" one_line
tap_end
