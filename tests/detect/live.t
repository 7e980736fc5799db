#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# engraft inspect of running processes: an editor with five engines, a game server, a container,
# files that are gone or replaced.
. "${abs_top_srcdir:?}/tests/tap.sh"

"${PYTHON:=python3}" -c 'import jsonschema' 2>/dev/null || tap_skip_all "no Python with jsonschema"
export PYTHON
cd "$work" || exit 99

# world NAME: its directory in $world; false with the reason in world.err when it cannot be had.
world() { world=$("$srcdir/tests/world" get "$1" 2>world.err); }
why() { tail -n 1 world.err; }

# ---- processes that wait: each says a line when it is ready, and ends with its standard input

mkfifo hold
exec 9<>hold
started=()
trap 'exec 2>/dev/null; kill -KILL "${started[@]}"; wait; rm -rf -- "$work"' EXIT

# start COMMAND...: $pid is its process (COMMAND execs), $line what it said.
start() {
    line=
    rm -f said # what the last one may yet have had to say
    mkfifo said
    exec 8<>said
    "$@" <hold >&8 2>start.err 8>&- 9>&- &
    pid=$!
    started+=("$pid")
    read -r -t 120 line <&8
}
stop() {
    kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
}

# looked_at PID: engraft inspect says something of the promised form, which is in `out`.
looked_at() { exits 0 "$engraft" inspect --json "$1" && valid inspect out; }

# engines ENGINE VERSION...: all that `out` has, of any order.
engines() {
    local wanted=
    while [ $# -gt 0 ]; do
        wanted+="('$1', '$2'), "
        shift 2
    done
    json out "sorted((e['engine'], e['version']) for e in j['engines']) == sorted([$wanted])"
}

# tells PID ENGINE VERSION...
tells() {
    looked_at "$1" && shift && engines "$@" && json out "not j['missing']"
}

# ---- five engines in one process

vim_nox() {
    local libraries=$world/usr/lib/$triplet:$world/lib/$triplet
    exec env -u RUBYLIB -u PERL5LIB -u PYTHONPATH LD_LIBRARY_PATH="$libraries" \
        PYTHONHOME="$world/usr" TCL_LIBRARY="$world/usr/share/tcltk/tcl8.6" \
        RUBYOPT=--disable=gems "$world/usr/bin/vim.nox" -N -u NONE -i NONE -es -S vimrc
}
# Of Lua's version, _VERSION has the first two numbers.
cat >vimrc <<'END'
call writefile(["up"], "said")
call readfile("go")
lua vim.command("let g:lua = '" .. _VERSION:sub(5) .. "'")
python3 import vim, sys; vim.vars["python"] = "%d.%d.%d" % sys.version_info[:3]
perl VIM::DoCommand(sprintf("let g:perl = '%vd'", $^V))
ruby VIM.command("let g:ruby = '#{RUBY_VERSION}'")
tcl ::vim::command "let g:tcl = '[info patchlevel]'"
call writefile([join([g:lua, g:python, g:perl, g:ruby, g:tcl])], "said")
call readfile("go")
END
ready() { # VALUE, of those that tell
    json out "[e['engine'] for e in j['engines'] if e['ready'] is not $1 and
        e['engine'] in ('cpython', 'perl', 'ruby')] == []"
}
triplet=$(uname -m)-linux-gnu
if ! world vim-nox-live; then
    skip "five engines in vim.nox" "$(why)"
else
    mkfifo go
    start vim_nox
    it "vim.nox starts" test "$line" = up
    it "five engines in it" looked_at "$pid"
    it "all are known" json out "len(j['engines']) == 5"
    it "none is initialised yet" ready False
    echo >go
    read -r -t 120 lua python perl ruby tcl <&8
    it "vim.nox uses all five: $lua $python $perl $ruby $tcl" test -n "$tcl"
    it "five engines in it, used" looked_at "$pid"
    it "each of the version that it says" json out "{e['engine']: e['version']
        for e in j['engines'] if e['engine'] != 'lua'} == {'cpython': '$python', 'perl': '$perl',
        'ruby': '$ruby', 'tcl': '$tcl'}"
    it "and Lua's, in full" json out "[e for e in j['engines']
        if e['engine'] == 'lua' and e['version'].startswith('$lua.')]"
    it "all are initialised" ready True
    it "each is a library of its own" json out "len({m['path'] for e in j['engines']
        for m in e['modules']}) == 5 and {e['linkage'] for e in j['engines']} == {'shared'}"
    it "with an address and a build-id" json out "all(m['address'] and m['build_id']
        for e in j['engines'] for m in e['modules'])"
    stop
fi

# ---- a game server

server() {
    local outside=()
    # It does not run as root: as somebody else in a user namespace of its own.
    [ "$(id -u)" != 0 ] || outside=(unshare --user --map-user=1000 --map-group=1000)
    exec env LD_LIBRARY_PATH="$world/usr/lib/$triplet" \
        FREECIV_DATA_PATH="$world/usr/share/games/freeciv" "${outside[@]}" \
        "$world/usr/games/freeciv-server" --bind localhost --Announce none --saves "$work"
}
until_it_says() { # TEXT
    local words
    while read -r -t 120 words <&8; do
        case $words in *"$1"*) return ;; esac
    done
    cat start.err
    return 1
}
if ! world freeciv-live; then
    skip "a game server" "$(why)"
elif ! ldd "$world/usr/games/freeciv-server" | awk '/not found/ && !/liblua5.3/ { exit 1 }'; then
    skip "a game server" "libraries that freeciv-server needs are not on this machine"
elif [ "$(id -u)" = 0 ] && ! unshare --user --map-user=1000 true 2>/dev/null; then
    skip "a game server" "it does not run as root, and there are no user namespaces here"
else
    start server
    echo 'lua cmd log.normal("lua says %s", _VERSION)' >&9
    it "freeciv-server runs Lua" until_it_says "lua says Lua 5.3"
    version=$(awk '$1 == "liblua5.3-0" { sub(/-.*/, "", $2); print $2 }' "$world/.world")
    it "its engine is Lua $version" tells "$pid" lua "$version"
    stop
fi

# ---- a container: other names for other files

own_namespace=(unshare --mount)
[ "$(id -u)" = 0 ] || own_namespace=(unshare --mount --map-root-user)

# copied_root DIRECTORY NODE: Node there, as /bin/sh, and its libraries.
copied_root() {
    local library
    mkdir -p "$1/bin" "$1/old" "$1/lib64"
    cp -- "$2" "$1/bin/sh"
    ldd "$2" | awk '{ for (i = 1; i <= NF; i++) if ($i ~ /^\//) print $i }' |
        while read -r library; do
            mkdir -p "$1${library%/*}"
            cp -L -- "$library" "$1$library"
        done
}
node_says='console.log(process.versions.v8, process.versions.node); process.stdin.resume()'
in_pivoted_root() {
    # shellcheck disable=SC2016
    exec "${own_namespace[@]}" bash -c 'mount --bind "$1" "$1" && cd "$1" && pivot_root . old &&
        exec /bin/sh -e "$2"' bash "$work/root" "$node_says"
}
in_chroot() { exec chroot "$work/root" /bin/sh -e "$node_says"; }
tells_node() {
    # shellcheck disable=SC2086
    set -- $line none none
    tells "$pid" v8 "$1" node "$2"
}
if ! world node-18.20.8; then
    skip "a Node in a container" "$(why)"
elif ! "${own_namespace[@]}" mount --bind "$work" "$work" 2>unshare.err; then
    skip "a Node in a container" "no mount namespace for us: $(cat unshare.err)"
else
    copied_root "$work/root" "$world/bin/node"
    start in_pivoted_root
    it "Node is another machine's /bin/sh: $line" test -n "$line"
    it "its engines are told" tells_node
    stop
    if [ "$(id -u)" = 0 ]; then
        start in_chroot
        it "Node in a chroot: $line" test -n "$line"
        it "its engines are told, too" tells_node
        it "by a path that is there" json out "all(__import__('os').path.exists(m['path'])
            for e in j['engines'] for m in e['modules'])"
        stop
    fi
    rm -rf root
fi

# ---- files that are gone, replaced, or named so that one may think so

lua_says='print(_VERSION); io.stdout:flush(); io.read()'
begin() { start "$1" -e "$lua_says"; }
if ! world lua5.4-bookworm || ! "$world/usr/bin/lua5.4" -v >/dev/null 2>&1; then
    skip "a deleted executable" "lua5.4 does not run here: $(why)"
else
    lua=$world/usr/bin/lua5.4
    version=$(awk '$1 == "lua5.4" { sub(/-.*/, "", $2); print $2 }' "$world/.world")
    cp "$lua" program
    begin ./program
    it "Lua $version runs: $line" test "$line" = "Lua 5.4"
    it "it is told" tells "$pid" lua "$version"
    rm program
    it "its file is deleted" tells "$pid" lua "$version"
    if world lua5.3-bookworm; then
        cp "$world/usr/bin/lua5.3" program
        it "another version has its name" tells "$pid" lua "$version"
        it "which is another one" looked_at ./program
        it "as was to be shown" json out "j['engines'][0]['version'].startswith('5.3.')"
    else
        skip "another version has its name" "$(why)"
    fi
    stop
    cp "$lua" "program (deleted)"
    begin "./program (deleted)"
    it "a file that is called deleted" tells "$pid" lua "$version"
    it "keeps its name" json out \
        "j['engines'][0]['modules'][0]['path'].endswith('/program (deleted)')"
    rm "program (deleted)"
    it "and is deleted" tells "$pid" lua "$version"
    stop
    directory=$'new\nline'
    mkdir "$directory"
    cp "$lua" "$directory/a b"
    begin "./$directory/a b"
    it "a directory with a line in its name" tells "$pid" lua "$version"
    it "is named as it is" json out \
        "j['engines'][0]['modules'][0]['path'].endswith('/new\\nline/a b')"
    rm "$directory/a b"
    it "and is empty" tells "$pid" lua "$version"
    stop
fi

# ---- an engine that shows nothing, and what only has its texts

cat >main.c <<'END'
#include <stdio.h>
void *luaL_newstate(void);
int main(void)
{
    printf("%d\n", luaL_newstate() != NULL);
    fflush(stdout);
    return getchar();
}
END
link_static() {
    "${CC:-cc}" -static-pie -s -o hidden main.c "$world"/usr/lib/*/liblua5.4.a -lm 2>link.err
}
if ! world static-lua5.4; then
    skip "a static program" "$(why)"
elif ! link_static; then
    skip "a static program" "static-pie cannot be linked here: $(tail -n 1 link.err)"
else
    version=$(awk '$1 == "liblua5.4-dev" { sub(/-.*/, "", $2); print $2 }' "$world/.world")
    start ./hidden
    it "a stripped static program runs Lua" test "$line" = 1
    it "it is told" tells "$pid" lua "$version"
    it "as what it is" json out "(j['engines'][0]['linkage'], j['engines'][0]['symbols']) ==
        ('static', 'none')"
    stop
fi

talks_about_engines() {
    # shellcheck disable=SC2016
    exec env TEXT='$LuaVersion: Lua 5.4.4  Copyright (C) 1994-2022 Lua.org, PUC-Rio $' \
        bash -c 'texts="'\''__index'\'' chain too long; possible loop
attempt to yield across a C-call boundary
Version mismatch between V8 binary and snapshot. CALL_AND_RETRY_LAST LuaJIT 2.1.0-beta3"
        echo "$TEXT$texts" | wc -l; read -r line'
}
start talks_about_engines
it "a shell that has the texts of engines in its memory" test "$line" = 3
it "has none" tells "$pid"

tap_end
