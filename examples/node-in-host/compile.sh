# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Compiles Node.js without V8; sourced by ./build. Nothing of ours goes in here, so that the result
# depends on Node's source, the flags and this file only, and is kept for every relink.
#
# compile_node SOURCE SCRIPTS DIRECTORY: afterwards DIRECTORY holds the tree that was compiled and
#   link.inputs  the objects and archives of libnode, in the order in which Node links them
#   link.flags   what Node passes to the linker
#   link.libs    the libraries it links to
#   c.command, cxx.command   how one file is compiled; to be followed by -c FILE -o FILE,
#                and run in out/Release
# What differs between versions of Node is set before: recipe_files, whose text decides about the
# objects, and prepare_libraries TREE, which sets library_options.

node_dev_packages=(dpkg-dev ninja-build python3 libuv1-dev libc-ares-dev libnghttp2-dev libbrotli-dev
    libicu-dev zlib1g-dev libssl-dev)
node_dev_modules=(libuv libcares libnghttp2 libbrotlienc icu-i18n zlib openssl)

# Node's own flags and no others: Debian's rules export CFLAGS and CXXFLAGS with -fPIC -g alone, so that
# what dpkg-buildflags would add (-O2, FORTIFY, the stack protector) is not in its libnode108. Measured:
# with these, all 35 functions of node_buffer.cc have the size that they have there; with -O2 20, with
# dpkg-buildflags 9. -g is left out: it changes no code.
own_flags='-fPIC -fno-gnu-unique'

# No variable of the caller, and no python of his, gets into what is compiled.
plainly() { # COMMAND...
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/nonexistent LC_ALL=C CC="$CC" CXX="$CXX" \
        PYTHONDONTWRITEBYTECODE=1 "$@"
}

compile_requirements() { # -> nothing, or the reason why it cannot be done here
    local package missing=()
    for package in "${node_dev_packages[@]}"; do
        [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = 'ii ' ] ||
            missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] || printf 'not installed: %s (./dev setup)' "${missing[*]}"
}

# All that decides about the objects, as text.
compile_inputs() { # SOURCE SCRIPTS
    cat "${recipe_files[@]}" | sha256sum
    cat "$1/.world" "$2/.world"
    printf '%s\n' "${1##*/}" "${2##*/}"
    "$CC" --version && "$CXX" --version
    pkg-config --modversion "${node_dev_modules[@]}"
}

# ---- the tree

# Of V8 only its headers and the scripts in tools/ that Node builds into itself (the profiler's log
# reader). A source file of V8 that is not there cannot be compiled.
copy_tree() { # SOURCE TREE
    tar -C "$1" -cf - --exclude=./deps/v8 --exclude=./test --exclude=./doc --exclude=./benchmark \
        --exclude=./.pc --exclude=./debian . | tar -C "$2" -xf -
    tar -C "$1" -cf - ./deps/v8/include ./deps/v8/tools | tar -C "$2" -xf -
    [ ! -e "$2/deps/v8/src" ] || fail "V8's source is in the tree that is compiled"
}

# FROM in the package, TO in Node's tree, and the header that tells its version.
node_scripts='
acorn/dist/acorn.js              deps/acorn/acorn/dist/acorn.js
acorn-walk/dist/walk.js          deps/acorn/acorn-walk/dist/walk.js
cjs-module-lexer/lexer.js        deps/cjs-module-lexer/lexer.js
cjs-module-lexer/dist/lexer.js   deps/cjs-module-lexer/dist/lexer.js
undici/undici-fetch.js           deps/undici/undici.js
minimatch/dist/cjs/index.bundle.js   deps/minimatch/index.js
'

# Debian's libnode reads these at start-up, in a static constructor that aborts the process when one
# is missing. A plugin must not do that to its host: they are built in, as upstream does it.
copy_scripts() { # SCRIPTS TREE
    local from to package version
    while read -r from to; do
        [ -n "$from" ] && grep -q "'$to'" "$2/configure.py" || continue
        mkdir -p "$2/${to%/*}"
        cp -L "$1/usr/share/nodejs/$from" "$2/$to" || fail "no $from in Debian's packages"
    done <<<"$node_scripts"
    while read -r package version _; do
        package=${package#node-}
        to=$2/src/${package//-/_}_version.h
        [ ! -e "$to" ] || sed -i -E "s/[0-9]+\.[0-9]+\.[0-9]+/${version%%[+~-]*}/" "$to"
    done <"$1/.world"
}

# ---- configure

destination_cpu() {
    case $(dpkg --print-architecture) in
    amd64) echo x64 ;;
    arm64) echo arm64 ;;
    *) fail "no recipe for $(dpkg --print-architecture)" ;;
    esac
}

configure_options() {
    printf '%s\n' --ninja --shared --without-bundled-v8 \
        --shared-zlib --shared-nghttp2 --shared-brotli --shared-openssl \
        --openssl-use-def-ca-store --with-intl=system-icu \
        --without-npm --without-corepack --without-node-snapshot --without-node-code-cache \
        --prefix=/usr --dest-os=linux --dest-cpu="$(destination_cpu)" \
        --arch-triplet="$(dpkg-architecture -qDEB_HOST_MULTIARCH)" \
        --node-relative-path="lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)/nodejs:share/nodejs"
}

# V8's own target is what brings the directory of its headers along.
add_v8_headers() { # TREE
    local ninja=$1/out/Release/obj/libnode.ninja
    sed -i 's|^includes = |&-I../../deps/v8/include |' "$ninja"
    grep -q '^includes = -I../../deps/v8/include ' "$ninja" ||
        fail "no list of include directories in $ninja"
}

configure_node() { # SCRIPTS TREE
    local options
    mapfile -t options < <(configure_options)
    prepare_libraries "$2"
    logged "$2/../configure.log" plainly env -C "$2" CFLAGS="$own_flags" CXXFLAGS="$own_flags" \
        PYTHONPATH="$1/usr/lib/python3/dist-packages" \
        /usr/bin/python3 configure.py "${options[@]}" "${library_options[@]}"
    add_v8_headers "$2"
}

# ---- compile

# name = value, the value going on where a line ends in $
ninja_variable() { # NAME FILE
    awk -v name="$1" '
        !on && $1 == name && $2 == "=" { on = 1; sub(/^[^=]*= */, "") }
        on { more = sub(/ *\$$/, ""); sub(/^ +/, ""); printf "%s ", $0; if (!more) { print ""; exit } }
    ' "$2"
}

link_target() { # TREE
    sed -n 's/^build libnode: phony //p' "$1/out/Release/build.ninja"
}

# Explicit inputs only: "|" and "||" mark those that are not linked.
link_inputs() { # TREE
    ninja -C "$1/out/Release" -t query "$(link_target "$1")" |
        awk '/^  input:/ { on = 1; next } /^  outputs:/ { exit } on && !/\|/ { print $1 }'
}

compile_command() { # TREE OBJECT
    ninja -C "$1/out/Release" -t commands "$2" | tail -n 1 |
        sed 's/ -MMD -MF [^ ]*//; s/ -c [^ ]* -o [^ ]*$//'
}

# Nothing of libnode itself is C, so that its command is made of the other.
c_command_of() { # FILE
    sed "s|^[^ ]*|$CC|; s/ -fno-rtti -fno-exceptions -std=[^ ]*/ -std=gnu11/" "$1"
}

compile_tree() { # TREE JOBS
    local ninja=$1/out/Release/obj/libnode.ninja inputs
    link_inputs "$1" >"$1/../link.inputs"
    ninja_variable ldflags "$ninja" >"$1/../link.flags"
    ninja_variable libs "$ninja" >"$1/../link.libs"
    mapfile -t inputs <"$1/../link.inputs"
    [ ${#inputs[@]} -gt 100 ] || fail "only ${#inputs[@]} inputs of libnode were found"
    compile_command "$1" obj/src/libnode.node.o >"$1/../cxx.command"
    c_command_of "$1/../cxx.command" >"$1/../c.command"
    logged "$1/../compile.log" plainly ninja -C "$1/out/Release" -j"$2" "${inputs[@]}"
}

# Every source that was compiled, one a line: what the proof is made of.
compiled_sources() { # TREE
    local inputs
    mapfile -t inputs <"$1/../link.inputs"
    ninja -C "$1/out/Release" -t commands "${inputs[@]}" |
        sed -n 's/.* -c \([^ ]*\) -o \([^ ]*\)$/\1/p'
}

# Interrupted, it goes on where it was: what is in the way carries a mark when it is complete.
compile_node() { # SOURCE SCRIPTS DIRECTORY JOBS
    local tree=$3/tree
    if [ ! -e "$3/configured" ]; then
        rm -rf -- "$tree"
        mkdir -p "$tree"
        copy_tree "$1" "$tree"
        copy_scripts "$2" "$tree"
        configure_node "$2" "$tree"
        touch "$3/configured"
    fi
    compile_tree "$tree" "$4"
    compiled_sources "$tree" >"$3/compiled"
}
