#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# engraft-node, the C API. Natively: its sources with Debian's own libnode, whose V8 is its own. And,
# when ENGRAFT_NODE names what examples/node-in-host/build made, that library in a host that has
# initialised a V8 of its own. With ENGRAFT_TEST_LONG=1 the starts are a thousand.

. "${abs_top_srcdir:?}/tests/tap.sh"

[ -z "${ENGRAFT_SANITIZERS-}" ] || tap_skip_all "Node's libraries have no sanitizer"
command -v "${CC:=cc}" >/dev/null && command -v "${CXX:=c++}" >/dev/null ||
    tap_skip_all "no C and C++ compiler"
[ -e /usr/include/uv.h ] || tap_skip_all "no header of libuv (libuv1-dev)"
for name in libnode108 node-18.20.8; do
    directory=$("$srcdir/tests/world" get "$name" 2>"$work/world.err") ||
        tap_skip_all "$name: $(tail -n 1 "$work/world.err")"
    case $name in
    libnode108) engine=$(dirname -- "$directory"/usr/lib/*/libnode.so.108) ;;
    *) headers=$directory/include/node ;;
    esac
done

cat >"$work/Makefile" <<'END'
own = $(patsubst $(srcdir)/engraft-node/%,own-%.o,$(wildcard $(srcdir)/engraft-node/*.cc))
checks = $(patsubst $(srcdir)/tests/node/%,check-%.o,$(wildcard $(srcdir)/tests/node/enode-*.c*))
cxx = $(CXX) -std=gnu++17 -O1 -g -fPIC -fno-exceptions -fno-rtti -fvisibility=hidden -Wall -Wextra \
	-Werror -Wno-unused-parameter -I$(srcdir) -isystem $(headers)
host = -L$(engine) -l:libnode.so.108 -luv -lstdc++ -pthread -Wl,-rpath,$(engine) \
	-Wl,-rpath-link,$(engine)

native: libnative.so $(checks)
	$(CXX) -o $@ $(checks) ./libnative.so -Wl,-rpath,$(CURDIR) $(host)
libnative.so: $(own)
	$(CXX) -shared -Wl,-soname,$@ -o $@ $(own) $(host)
# The host's engine is Debian's libnode, a whole Node: it comes first, or its own references to
# node:: would be bound to the plugin's.
grafted: $(checks)
	$(CXX) -o $@ $(checks) -Wl,--no-as-needed $(host) -L$(library) -l:libengraft-node.so.108 \
		-Wl,-rpath,$(library) -Wl,--allow-shlib-undefined
own-%.cc.o: $(srcdir)/engraft-node/%.cc
	$(cxx) -c $< -o $@
check-%.cc.o: $(srcdir)/tests/node/%.cc
	$(cxx) -c $< -o $@
check-%.c.o: $(srcdir)/tests/node/%.c
	$(CC) -std=gnu11 -D_GNU_SOURCE -g -Wall -Wextra -Wconversion -Werror -I$(srcdir) -c $< -o $@
END

build() { # TARGET: not with the flags of a make that runs this test
    MAKEFLAGS='' make -s -j2 -C "$work" srcdir="$srcdir" headers="$headers" engine="$engine" \
        library="${ENGRAFT_NODE-}/lib" CC="$CC" CXX="$CXX" "$1"
}

check() { # PROGRAM NAME: nothing of the process but its memory outlives it
    timeout "${ENGRAFT_TEST_LONG:+3}600" "$work/$1" "$2" </dev/null
}

run_checks() { # PROGRAM WHERE
    local name
    "$work/$1" list >"$work/names" || return
    while IFS= read -r name; do
        it "$2: $name" check "$1" "$name"
    done <"$work/names"
}

only_own_names() {
    ! nm -D --defined-only "$work/libnative.so" | awk '$2 == "T" { print $3 }' | grep -v '^engraft_node_'
}

it "engraft-node and its checks compile, without a warning" build native
it "its header is C, alone" "$CC" -std=c11 -Wall -Wextra -Werror -pedantic -fsyntax-only -x c \
    "$srcdir/engraft-node/engraft-node.h"
it "its header is C++, alone" "$CXX" -std=c++11 -Wall -Wextra -Werror -fsyntax-only -x c++ \
    "$srcdir/engraft-node/engraft-node.h"
it "every function it exports is engraft_node_*" only_own_names
it "there are checks" sh -c '[ "$("$1" list | wc -l)" -gt 40 ]' sh "$work/native"
run_checks native natively

if [ -n "${ENGRAFT_NODE-}" ]; then
    LD_LIBRARY_PATH=${abs_top_builddir:?}/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    export LD_LIBRARY_PATH ENODE_OWN_V8=1
    it "the checks link to the library without V8" build grafted
    run_checks grafted "in a host's V8"
else
    skip "in a host's V8" "ENGRAFT_NODE is not set (examples/node-in-host/build)"
fi
tap_end
