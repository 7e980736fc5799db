#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the command says about itself, and what it does not accept.
. "${abs_top_srcdir:?}/tests/tap.sh"

verbs="run check inspect ps stub explain"

it "engraft --help succeeds" exits 0 "$engraft" --help
for verb in $verbs; do
    it "engraft --help names $verb" grep -q "^  $verb " "$work/out"
done
for verb in $verbs; do
    it "engraft $verb --help succeeds" exits 0 "$engraft" "$verb" --help
    it "engraft $verb --help names itself" out_has "Usage: engraft $verb"
    it "engraft $verb --version succeeds" exits 0 "$engraft" "$verb" --version
done
it "engraft --version succeeds" exits 0 "$engraft" --version
it "engraft --version is the version of the package" \
    grep -qx "engraft ${ENGRAFT_VERSION:?}" "$work/out"

usage_error() { # ARGUMENT...
    exits 2 "$engraft" "$@" && out_empty && err_has "engraft"
}
it "no verb is a usage error" usage_error
it "an unknown verb is a usage error" usage_error frobnicate
it "the message names it" err_has frobnicate
it "an unknown option is a usage error" usage_error check --frobnicate
it "run without a command" usage_error run
it "run with a trap that is none" usage_error run --trap=explode true
it "run with a trap that is none, for one plugin" usage_error run --trap=a.so=return,b.so=x true
it "run with an allowance that is none" usage_error run --allow=everything true
it "check without a plugin" usage_error check
it "check with two plugins" usage_error check a.so b.so
it "check with --host and --host-abi" usage_error check a.so --host 1 --host-abi v8:10.2
it "check with --host and --all" usage_error check a.so --host 1 --all
it "check of an engine that does not exist" usage_error check a.so --host-abi frobnicate:1
it "inspect without a target" usage_error inspect
it "ps with an argument" usage_error ps 1
it "ps with an engine that does not exist" usage_error ps --engine v8,frobnicate
it "the message names it" err_has "\`frobnicate'"
it "and lists the others" grep -qE ': (.*, )?v8(,|$)' "$work/err"
it "ps with a user who does not exist" usage_error ps --user no-such-user-here
it "ps with a process that is none" usage_error ps --pid 1x
it "ps with no process at all" usage_error ps --pid ,
it "ps sorted by what it has not" usage_error ps --sort size
it "ps watching for no time" usage_error ps --watch=soon
it "ps in two formats" usage_error ps --json --prometheus
it "ps into a file as a table" usage_error ps -o "$work/file"
it "stub without a directory" usage_error stub libx.so
it "stub without symbols" usage_error stub -o "$work"
it "stub with two engines" usage_error stub a.so b.so -o "$work"
it "stub --from without a plugin" usage_error stub --from -o "$work"
it "explain without versions" usage_error explain Symbol
it "explain without a host" usage_error explain Symbol --plugin-abi v8:10.2

# Options of a verb, from its help.
options_of() { "$engraft" "$1" --help | grep -oE -- '--[a-z][a-z-]+' | sort -u; }
manual() { # DASHES-UNESCAPED text of a page
    sed 's/\\-/-/g' "$srcdir/docs/$1"
}
documented() { # VERB
    local option missing=0
    for option in $(options_of "$1"); do
        case $option in --usage) continue ;; esac
        manual engraft.1 | grep -qF -- "$option" || { echo "$option"; missing=1; }
    done
    return $missing
}
for verb in $verbs; do
    it "engraft(1) has every option of $verb" documented "$verb"
done

# The names of variables as the sources spell them.
variables_documented() {
    local name missing=0
    for name in $(grep -rhoE '"ENGRAFT_[A-Z_]+"' "$srcdir/relinker" "$srcdir/cli" --include='*.c' |
        tr -d '"' | sort -u); do
        manual engraft.1 | cat - <(manual engraft.7) | grep -qw -- "$name" ||
            { echo "$name"; missing=1; }
    done
    return $missing
}
it "the manual has every variable" variables_documented

public_functions() { grep -oE '\bengraft_[a-z_]+\(' "$srcdir/relinker/engraft.h" | sort -u; }
functions_documented() {
    local name missing=0
    for name in $(public_functions); do
        grep -qF -- "${name%(}" "$srcdir/docs/libengraft.3" || { echo "$name"; missing=1; }
    done
    return $missing
}
it "engraft.h has functions" test "$(public_functions | wc -l)" -gt 20
it "libengraft(3) has every function" functions_documented

clean_manual() { ! groff -man -ww -z -Tutf8 "$1" 2>&1 | grep .; }
if command -v groff >/dev/null; then
    printf '.TH X 1\n.undefined\n' >"$work/bad.1"
    it "groff notices a bad page" test -n "$(groff -man -ww -z -Tutf8 "$work/bad.1" 2>&1)"
    for page in "$srcdir"/docs/*.[1-8]; do
        it "groff has nothing to say about ${page##*/}" clean_manual "$page"
    done
else
    skip "groff reads the manual" "groff is not installed"
fi

only_public_headers() {
    ! grep -hE '^#include "' "$srcdir"/cli/*.[ch] |
        grep -vE '"(bound|engraft|cli|hosts|json|metrics|output|program|request|rows|snapshot)\.h"'
}
it "cli/ includes of our headers only engraft.h" only_public_headers

full_disk() { "$engraft" --help >/dev/full; [ $? = 1 ]; }
if [ -c /dev/full ]; then
    it "an output that cannot be written is an error" full_disk
else
    skip "an output that cannot be written is an error" "no /dev/full"
fi
tap_end
