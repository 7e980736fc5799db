# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Node 18 takes libuv and c-ares from Debian 12, as Debian's own does.

prepare_libraries() { # TREE -> $library_options
    # shellcheck disable=SC2034
    library_options=(--shared-libuv --shared-cares)
}
