#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Constants of V8's heap in plugins' code: what headers of one version inlined is compiled, repaired for
# another, and called with a heap of that one. Then the places in real addons. With ENGRAFT_TEST_ALL:
# every version, compiler and level of optimization.

# shellcheck source=tests/tap.sh
. "${abs_top_srcdir:?run this by make check, or set abs_top_srcdir}/tests/tap.sh"

here=$srcdir/tests/v8/fixups
program=$abs_top_builddir/tests/v8/fixups_run
deep=$abs_top_builddir/.libs/engraft-deep.so
lines="10.2 11.3 12.4 12.9 13.6 14.1 14.6"
cxx=${CXX:-g++}

[ "${ENGRAFT_ARCH:-}" = x86_64 ] || tap_skip_all "code is repaired on x86-64 only"
[ -z "${ENGRAFT_SANITIZERS:-}" ] || tap_skip_all "what is loaded has no run-time of a sanitizer"
command -v "${cxx%% *}" >/dev/null || tap_skip_all "no C++ compiler"
grep -q '^#define HAVE_CAPSTONE 1' "$abs_top_builddir/config.h" ||
    tap_skip_all "built without capstone"

release_of() { # LINE: its name in tests/world.lock
    sed -n "s/^V8_VERSION(${1%.*}, ${1#*.}, \"\\(.*\\)\")/\\1/p" \
        "$srcdir/abi-adapters/v8/versions.def"
}

# compile LINE COMPILER LEVEL: prints the object's path; fails where the headers are not for it.
compile() {
    local line=$1 directory standard=gnu++17 object
    object=$work/$line-${2##*/}-$3.so
    directory=$("$srcdir/tests/world" get "$(release_of "$line")" 2>"$work/world") || return 77
    case $line in 12.9 | 13.* | 14.*) standard=gnu++20 ;; esac
    # shellcheck disable=SC2086
    $2 -std=$standard "-$3" -shared -fPIC -fno-rtti -fno-exceptions -w \
        -I"$directory/include/node" "$here/sites.cc" -o "$object" 2>"$work/compiler" || return 1
    echo "$object"
}

# Which pairs have something inlined that differs.
differs() { # PLUGIN HOST
    case $1-$2 in
        10.2-* | *-10.2 | 11.3-* | *-11.3)
            case $1-$2 in
                11.3-10.2) return 1 ;;
                *) return 0 ;;
            esac
            ;;
        12.4-* | *-12.4) return 0 ;;
        *) return 1 ;;
    esac
}

# Wrong before where something differs, right before where nothing does; right after in any case.
answers() { # OBJECT PLUGIN HOST
    local before
    "$program" "$1" "$2" "$3" "$deep" >"$work/answers" || {
        cat "$work/answers"
        return 1
    }
    before=$(sed -n 's/^before: \([0-9]*\) wrong$/\1/p' "$work/answers")
    if differs "$2" "$3"; then
        [ "$before" -gt 0 ] && ! grep -q ' 0 sites' "$work/answers"
    else
        [ "$before" -eq 0 ] && grep -q '^after: 0 wrong, 0 sites' "$work/answers"
    fi || {
        cat "$work/answers"
        return 1
    }
}

answers_everywhere() { # OBJECT PLUGIN
    local line
    for line in $lines; do
        [ "$line" = "$2" ] || answers "$1" "$2" "$line" || {
            echo "on $line"
            return 1
        }
    done
}

sites() { # LINE COMPILER LEVEL
    local object name="code for $1 of ${2##*/} -$3 answers right on every other V8"
    if ! command -v "${2%% *}" >/dev/null; then
        skip "$name" "no such compiler"
        return
    fi
    object=$(compile "$@")
    case $? in
        0) it "$name" answers_everywhere "$object" "$1" ;;
        77) skip "$name" "$(tail -n 1 "$work/world")" ;;
        *) it "$name" sed p "$work/compiler" /nonexistent ;;
    esac
}

for level in O1 O2 O3 Os; do
    sites 10.2 "$cxx" $level
    sites 12.4 "$cxx" $level
    sites 10.2 clang++-14 $level
done
if [ -n "${ENGRAFT_TEST_ALL:-}" ]; then
    for level in O1 O2 O3 Os; do
        for line in 11.3 12.9 13.6 14.1 14.6; do
            sites $line "$cxx" $level
        done
        for line in 11.3 12.4 12.9 13.6; do # clang 14 has no std::source_location for newer headers
            sites $line clang++-14 $level
        done
    done
else
    sites 13.6 "$cxx" O2
fi

# What cannot be known is refused: constants of another version than the plugin is said to be for, and
# code in which nothing is recognised.
unknown_is_told() { # OBJECT PLUGIN HOST PATTERN
    engraft check --json --plugin-abi "v8:$2" --host-abi "v8:$3" "$1" >"$work/check"
    [ $? = 12 ] && grep -q "$4" "$work/check" || {
        cat "$work/check"
        return 1
    }
}

if object=$(compile 10.2 "$cxx" O2); then
    it "code that has other constants than its version is refused" \
        unknown_is_told "$object" 12.4 11.3 "cannot be repaired for this host"
    object=$(compile 10.2 "$cxx" O0)
    it "code without optimization is refused" \
        unknown_is_told "$object" 10.2 12.4 "compiled without optimization"
fi
if object=$(compile 12.4 "$cxx" O0); then
    it "fields in code without optimization are refused" \
        unknown_is_told "$object" 12.4 13.6 "compiled without optimization"
fi

# ---- real addons -------------------------------------------------------------------------------------

# Every place in every build is known; how many: as counted when this was written.
addon() { # FILE PLUGIN HOST COUNT
    engraft check --json --plugin-abi "v8:$2" --host-abi "v8:$3" "$1" >"$work/json" ||
        [ $? -lt 12 ] || return 1
    "${PYTHON:-python3}" - "$work/json" "$4" <<'END'
import json, sys
fixups = json.load(open(sys.argv[1]))['fixups']
unknown = [f for f in fixups if not f['before']]
print(len(fixups), unknown)
sys.exit(bool(unknown) or len(fixups) != int(sys.argv[2]))
END
}

addons() { # NAME FORMAT-OF-PATH, then MODULE PLUGIN HOST COUNT ...
    local directory name=$1 format=$2 file
    shift 2
    directory=$("$srcdir/tests/world" get "$name" 2>"$work/world") || {
        skip "$name" "$(tail -n 1 "$work/world")"
        return
    }
    while [ $# -ge 4 ]; do
        # shellcheck disable=SC2059
        printf -v file "$format" "$1"
        it "$name for module version $1 (V8 $2) on $3: $4 places" \
            addon "$directory/prebuilds/$file" "$2" "$3" "$4"
        shift 4
    done
}

addons dd-pprof-5.20.0 linux-x64/dd_pprof.node.abi%s.node \
    108 10.2 11.3 1  108 10.2 12.4 10  108 10.2 14.6 10 \
    115 11.3 12.4 9  115 11.3 13.6 93 \
    127 12.4 11.3 10  127 12.4 13.6 90  131 12.9 12.4 92  137 13.6 11.3 102 \
    137 13.6 14.6 0  141 14.1 10.2 98  147 14.6 11.3 90
addons iast-4.2.0 linuxglibc-x64/node-%s.node \
    108 10.2 12.4 5  115 11.3 14.6 5  127 12.4 10.2 5  137 13.6 12.4 0  147 14.6 11.3 5

# Loaded: the code of the process is what the plan says, its pages are as they were, and the report tells.
live() {
    local node addon
    node=$("$srcdir/tests/world" get node-22.23.3)/bin/node || return 1
    addon=$("$srcdir/tests/world" get iast-4.2.0)/prebuilds/linuxglibc-x64/node-108.node || return 1
    cat >"$work/live.js" <<'END'
const fs = require('fs');
const addon = process.argv[2];
try { process.dlopen({exports: {}}, addon); } catch (error) { console.log(error.message); }
const maps = fs.readFileSync('/proc/self/maps', 'utf8').split('\n').filter(l => l.endsWith(addon));
console.log('writable and executable:', maps.filter(l => / .wx. /.test(l) || / rw.x /.test(l)).length);
console.log('executable:', maps.filter(l => / r-x. /.test(l)).length);
END
    engraft run --report "$work/report" -- "$node" "$work/live.js" "$addon" >"$work/out" 2>&1
    cat "$work/out"
    "${PYTHON:-python3}" - "$work/report" <<'END'
import json, sys
report = json.load(open(sys.argv[1]))
fixups = [f for plugin in report['plugins'] for f in plugin['fixups']]
print(report['refused'], fixups)
assert len(fixups) == 5 and all((f['before'], f['after']) == ('05', '04') for f in fixups)
END
}

if "$srcdir/tests/world" get node-22.23.3 >"$work/world" 2>&1 &&
    "$srcdir/tests/world" get iast-4.2.0 >"$work/world" 2>&1; then
    it "an addon for module version 108 in Node 22 runs repaired, and the report lists it" live
else
    skip "an addon for module version 108 in Node 22" "$(tail -n 1 "$work/world")"
fi
tap_end
