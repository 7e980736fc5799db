# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the tests of the stub generator share: source it first.
. "${abs_top_srcdir:?}/tests/tap.sh"
mkdir "$work/here" && cd "$work/here" || exit 99 # tap.sh has files of its own in $work
cc=${CC:-cc}
here=$srcdir/tests/stub

manifest() { "${PYTHON:-python3}" "$here/manifest.py" "$1"; }

# lint FILE: eu-elflint has nothing to say.
lint() { [ "$(eu-elflint --gnu-ld "$1" 2>&1)" = "No errors" ] || { eu-elflint --gnu-ld "$1"; return 1; }; }

# reads FILE: readelf reads all of it without a warning.
reads() { readelf -aW "$1" 2>&1 >/dev/null | cut -c1-200 >read.out; [ ! -s read.out ] || { cat read.out; return 1; }; }

# entry FILE SYMBOL: the columns of readelf --dyn-syms after the number; NAME may carry a version, but
# not the one that import libraries give to symbols without one.
entry() {
    readelf -W --dyn-syms "$1" |
        awk -v name="$2" '{ sub(/@@?ENGRAFT_ONE_PLUGIN_PER_STUB/, "", $8) }
            $8 == name { $1 = ""; print }'
}

# is FILE SYMBOL PATTERN: its entry matches "value size type binding visibility section name"
is() {
    local line
    line=$(entry "$1" "$2")
    grep -Eq -- "$3" <<<"$line" || { echo "$2: '$line' does not match '$3'"; return 1; }
}
absent() { [ -s "$1" ] && [ -z "$(readelf -W --dyn-syms "$1" | grep -F -- "$2")" ]; }
value() { entry "$1" "$2" | awk '{ print $1 }'; }

# No word of what follows is on stdout, or is.
has() { grep -Eq -- "$1" || { echo "not there: $1"; return 1; }; }
dynamic() { readelf -dW "$1" | has "$2"; }

have() { command -v "$1" >/dev/null; }
linkers() { for linker in bfd gold lld; do have "ld.$linker" && echo "$linker"; done; }
