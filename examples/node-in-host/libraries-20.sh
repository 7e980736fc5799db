# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Node 20.19 uses functions that Debian 12's libuv 1.44 and c-ares 1.18 do not have
# (uv_get_available_memory, uv_pipe_bind2; ares_query_dnsrec, ares_dns_write). libuv 1.46 is part of
# Node's source; c-ares was taken out of it, and comes from Debian 13's source package. Both become part
# of the library, and show nothing: a host's own libuv and c-ares stay apart.

prepare_libraries() { # TREE -> $library_options
    local source built=deps/c-ares
    source=$(world c-ares-source)
    mkdir -p "$1/../c-ares"
    cp -a "$source/." "$1/../c-ares/"
    logged "$1/../c-ares.log" plainly env -C "$1/../c-ares" CFLAGS="-O2 -fPIC" ./configure \
        --quiet --disable-shared --enable-static --disable-tests --prefix="$1/$built"
    logged "$1/../c-ares.log" plainly make -C "$1/../c-ares" -j"$jobs" install
    [ -e "$1/$built/lib/libcares.a" ] || fail "no libcares.a was made"
    rm -rf -- "$1/../c-ares"
    # Relative to the directories where gyp reads them and where Node is linked.
    # shellcheck disable=SC2034
    library_options=(--shared-cares --shared-cares-includes="$built/include"
        --shared-cares-libpath="../../$built/lib")
}
