#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# examples/game-server: a host that runs V8 for itself, 64 times a second, and plugins that use the
# same V8 through engraft. ENGRAFT_NODE names what examples/node-in-host/build made.

. "${abs_top_srcdir:?}/tests/tap.sh"

[ -z "${ENGRAFT_SANITIZERS-}" ] || tap_skip_all "a sanitizer's run-time is not part of the server"
command -v "${CXX:-c++}" >/dev/null || tap_skip_all "no C++ compiler"
for name in node-18.20.8 libnode108; do
    "$srcdir/tests/world" get "$name" >/dev/null 2>"$work/world.err" ||
        tap_skip_all "$name: $(tail -n 1 "$work/world.err")"
done

game=${abs_top_builddir:?}/game-server
ticks=200
checksum=

build() { exits 0 env ENGRAFT_BUILD="$abs_top_builddir" "$srcdir/examples/game-server/build" "$@"; }

# server ENGINE WORD...: as fast as it can, the summary as JSON.
server() {
    local engine=$1
    shift
    env LD_LIBRARY_PATH="$libraries" "$game/server" --engine "$game/$engine/libgame.so" \
        --ticks "$ticks" --rate 0 --json "$@"
}

engraft_server() {
    local engine=$1
    shift
    env LD_LIBRARY_PATH="$libraries" "$engraft" run -- "$game/server" \
        --engine "$game/$engine/libgame.so" --ticks "$ticks" --rate 0 --json "$@"
}

# Of the last run: the game went as it goes without plugins, and WHAT.
summary() { # EXPRESSION
    tail -n 1 "$work/out" >"$work/summary"
    json "$work/summary" "j['ticks'] == $ticks and j['checksum'] == '$checksum' and
        j['modules_asked_for'] == j['modules_compiled'] > 0 and j['signals_kept'] and ($1)" || shown
}

# Every binding of the V8 plugin leads to ENGINE's libv8.so, but for those that have an adapter.
bound_to() { # ENGINE
    json "$work/report" "[p for p in (j if isinstance(j, list) else j['plugins'])
        if p['verdict'] in ('exact', 'adapted') and p['counts']['direct'] >= 25 and
        {b['module'] for b in p['bindings'] if b['kind'] == 'direct'} == {'$game/$1/libv8.so'} and
        not any(p['counts'][kind] for kind in ('fallback', 'trap', 'null', 'native'))]"
}

# ---- without plugins

# What the game's script computes, in npm's node.
known() {
    "$1/bin/node" -e "$(cat "$srcdir/examples/game-server/game.js")
        for (let i = 0; i < $ticks; i++) tick(i);
        console.log(checksum.toString(16).padStart(8, '0'));"
}

plain_game() { # ENGINE OPTION...
    exits 0 server "$@" && summary "j['plugins'] == 0"
}

second_isolate() { # ENGINE OPTION...
    exits 0 server "$@" --isolates 2 &&
        summary "j['second_rounds'] > 1 and j['second_wrong'] == 0"
}

keeps_time() {
    local before after
    before=$(date +%s%N)
    ticks=65
    exits 0 server local --rate 64 || return
    after=$(date +%s%N)
    [ $((after - before)) -ge 1000000000 ] || { echo "65 ticks in $((after - before)) ns"; return 1; }
}

# ---- with a plugin that uses V8

v8_plugin() { # ENGINE OPTION...
    rm -f "$work/report"
    exits 0 env ENGRAFT_REPORT="$work/report" LD_LIBRARY_PATH="$libraries" "$game/server" \
        --engine "$game/$1/libgame.so" --plugins "$game/plugins/v8" \
        --ticks "$ticks" --rate 0 --json "${@:2}" &&
        summary "j['plugins'] == 1 and j['second_wrong'] == 0" &&
        out_has "v8.so: $ticks ticks, 0 wrong, asked 13 times" &&
        bound_to "$1"
}

entered() {
    v8_plugin "$@" --entered && out_has "isolate entered: yes"
}

without_engraft() {
    run server local --plugins "$game/plugins/plain"
    [ "$(cat "$work/status")" != 0 ] || { echo "a second V8 worked, this test proves nothing"; shown; }
}

unmodified() { # ENGINE OPTION...
    exits 0 engraft_server "$@" --plugins "$game/plugins/plain" &&
        summary "j['plugins'] == 1" && out_has "v8.so: $ticks ticks, 0 wrong"
}

# ---- V8 in three libraries

crossings() { # FROM TO -> how many symbols of FROM are bound to TO
    grep -c "binding file [^ ]*/$1 \[0\] to [^ ]*/$2 " "$work/bindings"
}

divided() {
    exits 0 env LD_DEBUG=bindings LD_DEBUG_OUTPUT="$work/ld" LD_LIBRARY_PATH="$libraries" \
        "$game/server" --engine "$game/component/libgame.so" --ticks 1 --rate 0 --json || return
    cat "$work"/ld.* >"$work/bindings"
    [ "$(crossings libv8.so libv8_libbase.so)" -gt 200 ] &&
        [ "$(crossings libv8.so libv8_libplatform.so)" -gt 100 ] &&
        [ "$(crossings libv8_libplatform.so libv8_libbase.so)" -gt 20 ] &&
        [ "$(crossings libgame.so libv8_libplatform.so)" -ge 2 ] &&
        [ "$(crossings libv8_libbase.so libv8.so)" = 0 ] || grep -m 20 libv8 "$work/bindings"
}

# The server runs until it is told to end; its line on stderr says when V8 is there.
inspected() { # ENGINE EXPRESSION
    local pid line status
    mkfifo "$work/fifo"
    env LD_LIBRARY_PATH="$libraries" "$game/server" --engine "$game/$1/libgame.so" \
        --ticks 1000000 --json >"$work/out" 2>"$work/fifo" &
    pid=$!
    read -r line <"$work/fifo"
    rm "$work/fifo"
    run "$engraft" inspect --json "$pid"
    cp "$work/out" "$work/inspect"
    kill -TERM "$pid" && wait "$pid"
    status=$?
    [ "$status" = 0 ] && [[ $line = *"V8 10.2."*" is running" ]] &&
        json "$work/inspect" "$2"
}

# ---- plugins that cannot be used

bad_plugins() {
    local folder=$work/bad lib
    mkdir -p "$folder"
    lib=("${CC:-cc}" -shared -fPIC -I"$srcdir/examples/game-server" -x c -)
    echo "this is no shared object" >"$folder/a-text.so"
    echo "int nothing;" | "${lib[@]}" -o "$folder/b-empty.so"
    echo "int nobody(void); int game_plugin_load(const void *api) { return nobody() + !api; }" |
        "${lib[@]}" -Wl,-z,now -o "$folder/c-undefined.so"
    echo "int game_plugin_load(const void *api) { return api != 0; }
        void game_plugin_tick(void) {} void game_plugin_unload(void) {}" |
        "${lib[@]}" -o "$folder/d-refuses.so"
    ln -s /nonexistent "$folder/e-missing.so"
    cp -r "$game/plugins/v8/." "$folder"
    exits 0 server local --plugins "$folder" && summary "j['plugins'] == 1" &&
        err_has "a-text.so left out: " && err_has "b-empty.so left out: it is no plugin" &&
        err_has "c-undefined.so: undefined symbol: nobody" &&
        err_has "d-refuses.so left out: game_plugin_load() failed" &&
        err_has "e-missing.so left out: " && out_has "v8.so: $ticks ticks, 0 wrong"
}

other_version() { # ENGINE
    exits 0 env ENGRAFT_PLUGIN_ABI="v8.so=v8:10.8.168.25-node.12" LD_LIBRARY_PATH="$libraries" \
        "$game/server" --engine "$game/$1/libgame.so" --plugins "$game/plugins/v8" \
        --ticks "$ticks" --rate 0 --json && summary "j['plugins'] == 0" &&
        err_has "v8.so left out: " && err_has "the plugin was compiled for V8 10.8.168.25-node.12"
}

no_folder() {
    exits 1 server local --plugins "$work/nowhere" && err_has "nowhere: No such file"
}

# ---- Node.js as a plugin

node_plugin() { # WORDS ENGINE OPTION...
    exits 0 env GAME_NODE="$1" GAME_NODE_FEATURES="$srcdir/tests/node/features.js" \
        LD_LIBRARY_PATH="$libraries" timeout 120 "$game/server" --engine "$game/$2/libgame.so" \
        --plugins "$game/plugins/node" --ticks "$ticks" --rate 64 --json "${@:3}" &&
        summary "j['plugins'] == 1 and j['second_wrong'] == 0" &&
        out_has "node.so: $ticks ticks, 0 wrong"
}

node_serves() {
    node_plugin serving,calls "$@" || return
    sed -n 's/^node.so: finished: //p' "$work/out" >"$work/served"
    json "$work/served" "j['served'] == j['asked'] == j['answered'] > 200 and j['wrong'] == 0"
}

node_features() {
    node_plugin features "$@" || return
    sed -n 's/^node.so: features: //p' "$work/out" >"$work/features"
    json "$work/features" "j['passed'] > 20 and j['failed'] == []"
}

node_restarts() {
    ticks=20
    checksum=$(known "$npm_node")
    node_plugin restarts "$@"
}

node_variant() { # NAME ENGINE OPTION...
    local name=$1
    shift
    it "$name: Node is idle" node_plugin idle "$@"
    it "$name: Node serves http, and is called in each tick" node_serves "$@"
    it "$name: the same, with a second isolate" node_serves "$@" --isolates 2
    it "$name: the parts of Node" node_features "$@"
    it "$name: Node ends and starts again" node_restarts "$@"
}

# ---- all of it

variant() { # NAME ENGINE OPTION...
    local name=$1
    shift
    it "$name: the game runs" plain_game "$@"
    it "$name: with a second isolate" second_isolate "$@"
    it "$name: with a plugin on the same V8" v8_plugin "$@"
    it "$name: the same, its isolate entered, and a second one" entered "$@" --isolates 2
    it "$name: an unmodified plugin, by engraft run" unmodified "$@"
}

npm_node=$("$srcdir/tests/world" get node-18.20.8 2>/dev/null)
checksum=$(known "$npm_node")
components=()
"$srcdir/tests/world" get nodejs-source-18 >/dev/null 2>"$work/world.err" ||
    components=(--without-components)
it "everything is built" build --without-node "${components[@]}"
libraries=$(sed -n 's/^LD_LIBRARY_PATH=//p' "$game/environment")

it "an unmodified plugin without engraft ends the server" without_engraft
variant "V8 local" local
variant "V8 global" local --global
if [ ${#components[@]} = 0 ]; then
    variant "V8 in three libraries" component
    it "V8 in three libraries: calls go from one to the other" divided
    it "V8 in three libraries: engraft sees one V8" inspected component \
        "[[m['path'].split('/')[-1] for m in e['modules']] for e in j['engines'] if e['engine'] == 'v8'] ==
         [['libv8.so', 'libv8_libbase.so', 'libv8_libplatform.so']] and j['engines'][0]['ready']"
else
    skip "V8 in three libraries" "$(tail -n 1 "$work/world.err")"
fi
it "V8 local: engraft sees one V8" inspected local \
    "[len(e['modules']) for e in j['engines'] if e['engine'] == 'v8'] == [1]"
it "64 ticks a second" keeps_time
it "plugins that cannot be used are left out" bad_plugins
it "a plugin for another V8 is left out" other_version local
it "a folder that is not there" no_folder
if [ -n "${ENGRAFT_NODE-}" ]; then
    it "the plugin with Node is built" build "${components[@]}"
    node_variant "V8 local" local
    node_variant "V8 global" local --global
    [ ${#components[@]} != 0 ] || node_variant "V8 in three libraries" component
else
    skip "Node as a plugin" "ENGRAFT_NODE is not set (examples/node-in-host/build)"
fi
tap_end
