#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# examples/crash-two-v8/run: the crash is the one that it says it is, what engraft says before, and
# the plugin relinked. A crash that no longer happens fails here too: then the example shows nothing.

. "${abs_top_srcdir:?}/tests/tap.sh"

[ -z "${ENGRAFT_SANITIZERS-}" ] || tap_skip_all "a sanitizer's run-time is not in the hosts"
for tool in gdb "${CXX:-c++}" python3 c++filt; do
    command -v "$tool" >/dev/null || tap_skip_all "$tool is not installed"
done
for name in node-18.20.8 node-20.20.2 libnode108; do
    "$srcdir/tests/world" get "$name" >/dev/null 2>"$work/world.err" ||
        tap_skip_all "$name: $(tail -n 1 "$work/world.err")"
done
mkdir "$work/build"
ln -s "${abs_top_builddir:?}/engraft" "$abs_top_builddir/.libs" "$work/build/"
made=$work/build/crash-two-v8

part() { ENGRAFT_BUILD=$work/build "$srcdir/examples/crash-two-v8/run" "$@"; }
# Frame 0 is code of libnode, and what called it is the dynamic linker on behalf of dlopen().
in_constructor() { # FILE FRAME
    grep -qE "^#$2 .*libnode\.so\.108" "$1" && grep -qE '^#[0-9]+ .*call_init' "$1" &&
        grep -qE '^#[0-9]+ .*dl_?open' "$1" || { cat "$1"; return 1; }
}

# What is told in 80 columns, as one line for each word of the first column.
unwrapped() { sed -E ':a; N; s/\n {10}/ /; ta; P; D' "$1"; }

it "builds, and dies" exits 0 part crash
if [ -s "$made/crash.gdb" ]; then
    it "of SIGSEGV" grep -q 'received signal SIGSEGV' "$made/crash.gdb"
    it "in a static initialiser of libnode.so.108" in_constructor "$made/crash.gdb" 0
    it "by a write to the host's token_flags" grep -qE \
        'v8::internal::Token::token_flags in section .rodata of .*/clang/libv8.so' "$made/crash.gdb"
    it "before the plugin's first line, after the host's script" \
        grep -qxF 'host: V8 runs, 6 * 7 = 42' "$made/crash.out"
    it "which is not there" sh -c "! grep -q 'plugin:' '$made/crash.out'"
else
    for what in "of SIGSEGV" "in a static initialiser" "by a write"; do
        skip "$what" "gdb showed nothing"
    done
fi

it "npm's node 20 dies of the same library" exits 0 part node
it "in a static initialiser of it" sh -c \
    "grep -qE '^#[0-9]+ .*libnode\\.so\\.108' '$made/node.gdb' &&
     grep -qE '^#[0-9]+ .*call_init' '$made/node.gdb' || { cat '$made/node.gdb'; exit 1; }"
it "with the executable's code on the stack above it" sh -c \
    "sed '/libnode\\.so\\.108/,\$d' '$made/node.gdb' | grep -q 'node::UnionBytes'"

it "with one compiler for both, the plugin's code is reached and V8 refuses" exits 0 part late
it "so constant tables are what differs" out_has "plugin: my first line of code runs"

it "a diagnosis is had before" exits 0 part diagnosis
it "engraft inspect names the host's V8" sh -c "grep -A 6 '^    engine ' '$work/out' |
    grep -qE 'modules .*clang/libv8.so'"
it "one table, and no other, would be written in read-only memory" \
    test "$(cat "$made/collisions")" = v8::internal::Token::token_flags
it "engraft check calls the plugin neither exact nor compatible" \
    sh -c "cat '$made/check.out'; [ \"\$(cat '$made/check.status')\" -ge 11 ]"
it "and says that its libnode brings a V8 of its own" \
    grep -qE 'needs libnode\.so\.108, which contains a second v8' <(unwrapped "$made/check.out")
it "it refuses that libnode" grep -qx 'verdict   refused' "$made/check-libnode.out"
it "and names the table that its constructors would write to" grep -qE \
    'writes and the host has read-only, as _ZN2v88internal5Token11token_flagsE' \
    <(unwrapped "$made/check-libnode.out")

if [ -z "${ENGRAFT_NODE-}" ]; then
    skip "the relinked build works in the same host" "ENGRAFT_NODE is not set"
else
    it "the relinked build works in the same host" exits 0 part relinked
    it "on its V8" out_has "Node v18.20.4 on V8 10.2.154.26-node.37, Linux"
    it "the plugin's own code ran" out_has "plugin: my first line of code runs"
    it "and the host's context lives" out_has "host: its context still has: set before the plugin"
fi
tap_end
