#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What Node must be able to do (features.js), in each kind of host that runs V8 already: in an
# RTLD_LOCAL library, in the global scope, in three libraries; in node executables; in the host's own
# isolate; two Nodes at once; beside another plugin that uses V8. ENGRAFT_NODE names what
# examples/node-in-host/build made. With ENGRAFT_TEST_LONG=1 Node is started a thousand times instead
# of fifty.

. "${abs_top_srcdir:?}/tests/tap.sh"

[ -z "${ENGRAFT_SANITIZERS-}" ] || tap_skip_all "a sanitizer's run-time is not in the hosts"
[ -n "${ENGRAFT_NODE-}" ] || tap_skip_all "ENGRAFT_NODE is not set (examples/node-in-host/build)"
command -v "${CXX:-c++}" >/dev/null || tap_skip_all "no C++ compiler"
world() { "$srcdir/tests/world" get "$1" 2>"$work/world.err"; }
for name in node-18.20.8 libnode108; do
    world "$name" >/dev/null || tap_skip_all "$name: $(tail -n 1 "$work/world.err")"
done

tests=$srcdir/tests/node
game=$srcdir/examples/game-server
npm_node=$(world node-18.20.8)
headers=$npm_node/include/node
libnode=$(printf '%s\n' "$(world libnode108)"/usr/lib/*/libnode.so.108)
libraries=${libnode%/*}
library=$ENGRAFT_NODE/lib/libengraft-node.so.108
starts=50 patience=180 # seconds for one host
# What is run beside JavaScript that never rests: all that V8's platform is asked for.
beside=run:http+fetch+workerThreads+workerErrors+outOfMemory+atomicsWaitAsync+wasm+timers+v8
if [ -n "${ENGRAFT_TEST_LONG-}" ]; then
    starts=1000 patience=900 beside=run
fi

# ---- what is compiled

c=("${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -fvisibility=hidden
    -I"$srcdir/engraft-node")
cxx=("${CXX:-c++}" -std=gnu++17 -fno-rtti -O1 -g -fPIC -pthread -fvisibility=hidden
    -isystem "$headers")

link_engine() { # DIRECTORY LIBRARY...
    local directory=$1
    shift
    "${cxx[@]}" -shared "-Wl,-rpath,\$ORIGIN" "-Wl,-rpath-link,$directory:$libraries" \
        -o "$directory/engine.so" "$work/engine.o" -L"$directory" "$@"
}

make_plain() {
    mkdir -p "$work/plain"
    "$game/v8-library" "$libnode" "$work/plain/libv8.so" && link_engine "$work/plain" -lv8
}

make_component() {
    local parts directory=$work/component
    mkdir -p "$directory"
    parts=$(CXX=${CXX:-g++} "$game/v8-components") || return
    cp "$parts"/*.so "$directory"
    "$game/v8-library" "$libnode" "$directory/libv8.so" --runpath "\$ORIGIN" \
        --without "$directory/libv8_libplatform.so" --without "$directory/libv8_libbase.so" &&
        link_engine "$directory" -lv8 -lv8_libplatform
}

make_programs() {
    "${c[@]}" -fPIC -shared -o "$work/driver.so" "$tests/features-driver.c" &&
        "${c[@]}" -o "$work/host" "$tests/features-host.c" -ldl &&
        "${c[@]}" -fPIC -shared -isystem "$headers" -o "$work/addon.node" \
            "$tests/features-addon.c" "$tests/features-driver.c" -pthread &&
        "${cxx[@]}" -shared -w -o "$work/embedder.node" "$srcdir/tests/hosts/embedder.cc" -ldl &&
        "${cxx[@]}" -Wall -Wextra -c "$tests/features-v8.cc" -o "$work/engine.o"
}

# A stub binds one plugin, so a second one has a stub and a name of its own.
make_second() {
    local patchelf directory=$work/second stub=libsecond-libengraft-second.engraft.so abi
    mkdir -p "$directory"
    second=$directory/libengraft-second.so.108
    patchelf=$(world patchelf)/usr/bin/patchelf
    abi=$(awk '$1 == "reference" { print $2 }' "$ENGRAFT_NODE/build.txt")
    cp "$library" "$second"
    "$patchelf" --replace-needed libv8-108-libengraft-node.engraft.so "$stub" "$second" &&
        "$patchelf" --set-soname "${second##*/}" "$second" &&
        "$engraft" stub --from="$second" --plugin-abi "$abi" --name second --for "${second##*/}" \
            -o "$directory" >"$work/stub.log" || { cat "$work/stub.log"; return 1; }
}

# ---- hosts

# Each line that a host has printed as a test; reasons stand behind a failure.
transcribe() { # HOST FILE
    local line verdict='' why=''
    while IFS= read -r line; do
        case $line in
        "#   "*) why+=${line#\#   }$'\n' ;;
        "ok "* | "not ok "* | "# the end")
            [ -z "$verdict" ] || it "$1: ${verdict#not ok }" sh -c 'printf %s "$1"; exit 1' sh "$why"
            verdict='' why=''
            case $line in
            "ok "*) it "$1: ${line#ok }" true ;;
            "not ok "*) verdict=$line ;;
            esac
            ;;
        "#"*) printf '%s\n' "$line" ;;
        esac
    done < <(cat "$2"; printf '\n# the end\n')
}

came_to_its_end() { # FILES
    [ "$(cat "$1.status")" = 0 ] && grep -qx '# the end' "$1.out" || {
        echo "status $(cat "$1.status"); the end of what it printed:"
        tail -n 8 "$1.out" "$1.err"
        return 1
    }
}

# Two at once, since they wait most of the time; `report` tells what they have printed.
hosts=()
in_host() { # NAME COMMAND...
    local files=$work/host.${#hosts[@]}
    hosts+=("$1")
    shift
    while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
    {
        LD_LIBRARY_PATH="${abs_top_builddir:?}/.libs:$libraries" timeout -k 1 "$patience" "$@" \
            >"$files.out" 2>"$files.err" </dev/null
        echo $? >"$files.status"
    } &
}

report() {
    local i
    wait
    for i in "${!hosts[@]}"; do
        it "${hosts[i]}: it came to its end" came_to_its_end "$work/host.$i"
        transcribe "${hosts[i]}" "$work/host.$i.out"
    done
}

c_host() { # NAME ENGINE[:--global] LIBRARY,... WORD...
    local name=$1 engine=$work/${2%:*}/engine.so global=() used=()
    [ "${2%:--global}" = "$2" ] || global=(--global)
    IFS=, read -ra used <<<"$3"
    shift 3
    in_host "$name" "$work/host" "${global[@]}" "$engine" "$work/driver.so" "$tests/features.js" \
        "${used[@]}" -- "$@"
}

node_host() { # NAME NODE EMBEDDER WORDS...
    local name=$1 command=("$2")
    [ "$3" = - ] || command=("$engraft" run -- "$2") # a plugin as it is, without a stub
    shift 2
    in_host "$name" "${command[@]}" "$tests/features-host.js" "$work/addon.node" \
        "$tests/features.js" "$library" "$@"
}

# ---- all of it

it "the hosts and the plugin are compiled" make_programs
it "V8 in one library" make_plain

c_host "V8 local" plain "$library" \
    check own signals "restarts:$starts" adapted run signals check ends signals check shutdown own \
    check stop
c_host "V8 local, JavaScript on a second isolate" plain "$library" \
    check second "$beside" ends rest check shutdown own stop
c_host "V8 global, JavaScript on a second isolate" plain:--global "$library" \
    check signals second run ends rest signals check shutdown own check stop
if world nodejs-source-18 >/dev/null; then
    it "V8 in three libraries" make_component
    c_host "V8 in three libraries" component "$library" \
        check signals restarts:5 run signals check ends signals check shutdown own check stop
else
    skip "V8 in three libraries" "$(tail -n 1 "$work/world.err")"
fi
c_host "in the host's isolate" plain "$library" \
    refused inside check handed:http+wasm check shutdown own check stop

cp -r "$ENGRAFT_NODE/lib" "$work/copy"
refused_twice() {
    run env LD_LIBRARY_PATH="$abs_top_builddir/.libs:$libraries" "$work/host" \
        "$work/plain/engine.so" "$work/driver.so" "$tests/features.js" "$library" "$work/copy/${library##*/}" -- check
    [ "$(cat "$work/status")" = 1 ] && out_has ENGRAFT_ONE_PLUGIN_PER_STUB
}
it "the same library from two places: the second one is refused" refused_twice
if world patchelf >/dev/null; then
    it "a second Node with a stub of its own" make_second
    c_host "two Nodes" plain "$library,$work/second/libengraft-second.so.108" \
        begin 2:begin use 2:use check end adapted 2:use check shutdown adapted 2:use 2:end \
        2:shutdown own check stop
else
    skip "two Nodes" "$(tail -n 1 "$work/world.err")"
fi

node_host "npm's node" "$npm_node/bin/node" - \
    now:signals quiet:restarts:5 run ends now:signals now:shutdown
node_host "npm's node, with a plugin that brings a platform" \
    "$npm_node/bin/node" "$work/embedder.node" \
    "embedder:begin use" embedder:use "use end" now:shutdown
if directory=$(world nodejs-18); then
    node_host "Debian's node" "$directory/usr/bin/node" - \
        now:signals quiet:restarts:5 run ends now:signals now:shutdown
else
    skip "Debian's node" "$(tail -n 1 "$work/world.err")"
fi
report
tap_end
