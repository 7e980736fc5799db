#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The #include lines of the tree against the table in tests/arch/includes.
. "${abs_top_srcdir:?}/tests/tap.sh"
table=$srcdir/tests/arch/includes

# arrows DIRECTORY: "from to" for every #include in it; a name in quotes is looked for as the
# compiler does: beside the file, at the top, in relinker/.
arrows() {
    (
        cd "$1" || exit
        find relinker probes abi-adapters engine-stub cli -name '*.[chS]' 2>/dev/null | sort |
            while read -r file; do
                sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*\(<[^>]*>\|"[^"]*"\).*/\1/p' \
                    "$file" | while read -r name; do
                    resolve "$file" "$name"
                done
            done
    )
}

resolve() {
    local file=$1 name=$2 place
    case $name in
    '<'*) echo "$file $name"; return ;;
    esac
    name=${name//\"/}
    for place in "$(dirname "$file")" . relinker; do
        [ -e "$place/$name" ] || continue
        echo "$file $(realpath --relative-to=. "$place/$name")"
        return
    done
    echo "$file config:$name" # made by configure
}

rules() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$table"; }

# The arrows that no rule allows.
violations() {
    local from to rule_from rule_to verdict
    mapfile -t lines < <(rules)
    arrows "$1" | while read -r from to; do
        verdict=forbidden
        for line in "${lines[@]}"; do
            read -r rule_from rule_to <<<"$line"
            # shellcheck disable=SC2254 # patterns
            case $from in ${rule_from#!}) ;; *) continue ;; esac
            # shellcheck disable=SC2254
            case $to in $rule_to) ;; *) continue ;; esac
            case $rule_from in !*) ;; *) verdict=allowed ;; esac
            break
        done
        [ "$verdict" = allowed ] || echo "$from -> $to"
    done
}

bad() { # FILE LINE: a tree with only this file is found out
    rm -rf "$work/bad"
    mkdir -p "$work/bad"/{relinker/arch,probes,abi-adapters/v8,engine-stub,cli}
    touch "$work/bad"/{relinker/{engraft,image,relinker,error}.h,probes/readers.h,engine-stub/stub.h,cli/cli.h,abi-adapters/abi_adapter.h}
    echo "$2" >"$work/bad/$1"
    [ -n "$(violations "$work/bad")" ]
}
good() { ! bad "$@"; }
none() { local found; found=$(violations "$srcdir"); [ -z "$found" ] || { echo "$found"; return 1; }; }
many() { [ "$(arrows "$srcdir" | wc -l)" -gt 200 ]; }

# First: what must be noticed is noticed, and what is allowed is not.
it 'bad: the mechanism includes the command' bad relinker/shim.c '#include "cli/cli.h"'
it 'bad: an image includes the mechanism' bad relinker/image.c '#include "relinker.h"'
it 'bad: the public header includes another' bad relinker/engraft.h '#include "image.h"'
it 'bad: a part of the mechanism includes a reader' bad relinker/plan.c '# include "probes/readers.h"'
it 'bad: adapters include probes' bad abi-adapters/v8/x.c '#include "../../probes/readers.h"'
it 'bad: probes include adapters' bad probes/x.c '#include "abi-adapters/abi_adapter.h"'
it 'bad: the stub generator includes probes' bad engine-stub/x.c '#include "probes/readers.h"'
it 'bad: the command includes the mechanism' bad cli/x.c '#include "image.h"'
it 'bad: libelf in a second reader' bad probes/pid.c '#include <libelf.h>'
it 'bad: capstone in the mechanism' bad relinker/trap.c '#include <capstone/capstone.h>'
it 'bad: JSON outside of the command' bad relinker/report.c '#include <jansson.h>'
it 'good: the mechanism includes itself' good relinker/shim.c '#include "relinker.h"'
it 'good: the command includes the public header' good cli/x.c '#include "engraft.h"'
it 'good: the C library' good probes/x.c '#include <string.h>'

it 'arrows are found at all' many
it 'no arrow of the tree is forbidden' none
tap_end
