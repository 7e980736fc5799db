# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # sourced by run, which sets what is used here
#
# What a run takes: the source with the tests, a node to compare with, the relinked Node, and a host
# for it. Each is made in a directory of $suite.

world() { # NAME: its directory; the whole test is skipped without it
    "$top/tests/world" get "$1" 2>"$suite/world.log" ||
        { sed 's/^/# /' "$suite/world.log" >&2; skip_all "$1 cannot be had here"; }
}

# Debian's libnode has their places compiled in, and reads them when it starts.
needs_scripts() {
    local file
    for file in acorn/dist/acorn.js undici/undici-fetch.js cjs-module-lexer/lexer.js; do
        [ -e "/usr/share/nodejs/$file" ] ||
            skip_all "/usr/share/nodejs/$file is missing (node-acorn, node-undici, node-cjs-module-lexer)"
    done
}

find_relinked() {
    local status=0
    case $node in
    18) relinked=${ENGRAFT_NODE:-} ;;
    20) relinked=${ENGRAFT_NODE_20:-} ;;
    esac
    [ -n "$relinked" ] ||
        relinked=$("$top/examples/node-in-host/build" "$node" 2>"$suite/recipe.log") || status=$?
    [ "$status" != 77 ] || skip_all "$(tail -n 1 "$suite/recipe.log")"
    [ -f "$relinked/lib/$relinked_name" ] || {
        [ ! -e "$suite/recipe.log" ] || sed 's/^/# /' "$suite/recipe.log"
        printf '# no relinked Node %s\n' "$node"
        exit 1
    }
}

# A copy that the tests may write to. Of V8's source they read its tools and one header; what a build
# has left is not read by any.
make_tree() {
    local source
    source=${NODE_SUITE_SOURCE:-$(world "nodejs-source-$node")}
    [ ! -e "$tree/.complete" ] || [ "$(<"$tree/.complete")" != "$source" ] || return 0
    rm -rf "$tree"
    mkdir -p "$tree"
    tar -C "$source" -cf - --exclude=./out --exclude=./deps/v8 . | tar -C "$tree" -xf -
    tar -C "$source" -cf - deps/v8/tools deps/v8/src/objects/intl-objects.h | tar -C "$tree" -xf -
    printf '%s\n' "$source" >"$tree/.complete"
}

# As it would be shipped: the library, its stub, and engraft's core, side by side. A copy, so that
# nobody builds anew what is being tested.
make_relinked() {
    rm -rf "$suite/relinked"
    mkdir -p "$suite/relinked"
    cp -L "$relinked"/lib/*.so.* "$relinked"/lib/*.engraft.so "$build/.libs/libengraft.so.0" \
        "$suite/relinked/"
}

# ---- the node to compare with

# Debian's own file, with the directory of its libraries written into it: the tests clear the
# environment of their children.
baseline_18() {
    local nodejs patchelf
    nodejs=$(world nodejs-18)
    patchelf=$(world patchelf)
    needs_scripts
    cp "$nodejs/usr/bin/node" "$suite/baseline/node"
    "$patchelf/usr/bin/patchelf" --force-rpath --set-rpath "$libraries" "$suite/baseline/node"
}

# Debian's Node 20 needs another libc than Debian 12 has. npm's is one file, of the same source.
baseline_20() {
    local nodejs
    nodejs=$(world node-20.19.2)
    cp "$nodejs/bin/node" "$suite/baseline/node"
}

# ---- the host

compile() { # OPTION...
    "$CXX" -std=gnu++17 -O2 -g -Wall -Wextra "$@"
}

host_names() { # NODE_LIBRARY NODE_MAIN -> the options that tell host.cc
    names=(-DHOST_LOG="\"$suite/damaged.log\"" -DHOST_SCRIPT="\"$suite/host/libhost-script.so\""
        -DNODE_LIBRARY="\"$1\"" -DNODE_MAIN="\"$2\"")
}

# The host's V8 in a library of its own.
script_in_library() {
    "$top/examples/game-server/v8-library" "$libraries/libnode.so.108" \
        "$suite/host/libhost-v8.so" --soname libhost-v8.so >/dev/null
    compile -fno-rtti -fPIC -fvisibility=hidden -shared -isystem "$executable/include/node" \
        -o "$suite/host/libhost-script.so" "$here/script.cc" -L"$suite/host" -lhost-v8 \
        -Wl,--allow-shlib-undefined -Wl,-z,defs -Wl,-soname,libhost-script.so -Wl,-rpath,"\$ORIGIN"
}

host_in_library() { # DIRECTORY NODE_LIBRARY NODE_MAIN
    host_names "$2" "$3"
    compile -o "$1/node" "$here/host.cc" "${names[@]}" -ldl -Wl,--disable-new-dtags \
        -Wl,-rpath,"$libraries"
}

# The host's V8 in npm's executable.
script_in_executable() {
    compile -fno-rtti -fPIC -fvisibility=hidden -shared -isystem "$executable/include/node" \
        -o "$suite/host/libhost-script.so" "$here/script.cc"
}

host_in_executable() { # DIRECTORY NODE_LIBRARY NODE_MAIN
    host_names "$2" "$3"
    compile -fPIC -fvisibility=hidden -shared -o "$1/libhost-main.so" "$here/host.cc" \
        -DHOST_IN_NODE -DHOST_LIBRARY="\"$1/libhost-main.so\"" "${names[@]}" -ldl
    "$PYTHON" "$here/needs.py" "$executable/bin/node" "$1/node" "$1/libhost-main.so"
    chmod +x "$1/node"
}

make_host() {
    rm -rf "$suite/host" "$suite/vandal"
    mkdir -p "$suite/host" "$suite/vandal"
    "script_in_$host"
    "$CC" -O2 -Wall -Wextra -fPIC -fvisibility=hidden -shared -o "$suite/vandal/vandal.so" \
        -DHOST_SCRIPT="\"$suite/host/libhost-script.so\"" "$here/vandal.c"
    "host_in_$host" "$suite/vandal" "$suite/vandal/vandal.so" vandal_main
    "host_in_$host" "$suite/host" "$suite/relinked/$relinked_name" engraft_node_main
}

gather() {
    mkdir -p "$suite/baseline"
    executable=$(world "$executable_world")
    [ "$node" != 18 ] || libraries=$(world libnode108)/usr/lib/x86_64-linux-gnu
    find_relinked
    make_tree
    make_relinked
    "baseline_$node"
    make_host
}
