# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What is asked of an object that goes into other people's processes. Each prints what is wrong.

# The highest version of glibc that an object needs, as a number: 2.31 is 2031.
glibc_needed() {
    readelf -W --version-info "$1" | sed -n '/Version needs section/,$p' |
        sed -n 's/.*Name: GLIBC_\([0-9]*\)\.\([0-9]*\).*/\1 \2/p' |
        awk 'BEGIN { highest = 0 } { v = $1 * 1000 + $2; if (v > highest) highest = v }
             END { print highest }'
}
glibc_at_most_2_31() {
    local highest
    highest=$(glibc_needed "$1") && [ "$highest" -le 2031 ] && return
    echo "needs glibc $highest:"
    nm -D "$1" | grep -E 'GLIBC_(2\.3[2-9]|2\.[4-9][0-9]|[3-9])'
    return 1
}

# exports FILE PATTERN: no exported name is another one, and there is one.
exports_only() {
    local names others
    names=$(nm -D --defined-only "$1" | awk '{ print $NF }' | sed 's/@.*//')
    others=$(grep -Evx -- "$2" <<<"$names")
    [ -n "$names" ] && [ -z "$others" ] || { echo "exports: $others"; return 1; }
}
# exports_declared FILE HEADER PATTERN: what the header does not declare is one of these names.
exports_declared() {
    local declared
    declared=$(grep -o 'engraft_[a-z0-9_]* *(' "$2" | tr -d ' (' | sort -u | paste -sd '|')
    [ -n "$declared" ] && exports_only "$1" "$declared|$3"
}
# It can be found by name in the dynamic symbol table alone, and it is data of that many bytes.
exports_data() { # FILE NAME SIZE
    readelf -W --dyn-syms "$1" | awk -v name="$2" -v size="$3" '
        $8 == name && $4 == "OBJECT" && $3 == size && $7 != "UND" { found = 1 } END { exit !found }' ||
        { echo "no such object"; return 1; }
}
needed_only() {
    local others
    others=$(readelf -dW "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -Evx -- "$2")
    [ -z "$others" ] || { echo "needs: $others"; return 1; }
}
no_executable_stack() {
    readelf -lW "$1" | awk '$1 == "GNU_STACK" { found = 1; if ($7 ~ /E/) bad = 1 }
                            END { exit !found || bad }' || { echo "stack is executable"; return 1; }
}
no_writable_code() {
    ! readelf -lW "$1" | awk '$1 == "LOAD"' | grep -q 'RWE' || { echo "a segment is RWE"; return 1; }
}
relro_now() {
    readelf -lW "$1" | grep -q GNU_RELRO && readelf -dW "$1" | grep -Eq 'BIND_NOW|FLAGS_1.*NOW' ||
        { echo "not RELRO and NOW"; return 1; }
}
no_text_relocations() {
    ! readelf -dW "$1" | grep -Eq 'TEXTREL' || { echo "has text relocations"; return 1; }
}
