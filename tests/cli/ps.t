#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# engraft ps on real processes. As root it runs in a PID namespace of its own, so that what it counts
# is what it started; else beside everything else, and what needs root is skipped.
. "${abs_top_srcdir:?}/tests/tap.sh"

"${PYTHON:=python3}" -c 'import jsonschema' 2>/dev/null || tap_skip_all "no Python with jsonschema"
export PYTHON

# Kernel threads are in the first PID namespace only: that look is taken before this one is left.
# Nobody may read the others there, and they are left alone.
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --)
if [ -z "${ENGRAFT_PS_OUTSIDE-}" ] && [ "$(id -u)" = 0 ] &&
    unshare --pid --fork --mount-proc --kill-child true 2>/dev/null; then
    export ENGRAFT_PS_OUTSIDE=$work/outside
    if "${nobody[@]}" "$engraft" --version >/dev/null 2>&1; then
        "${nobody[@]}" "$engraft" ps --json >"$work/outside" 2>"$work/outside.err"
        echo $? >"$work/outside.status"
    fi
    unshare --pid --fork --mount-proc --kill-child "${BASH:-bash}" "$0" "$@"
    exit
fi
cd "$work" || exit 99
is_root() { [ -n "${ENGRAFT_PS_OUTSIDE-}" ]; }

# ---- processes that wait

mkfifo ready hold
# Each opens `hold` for itself: what one does to the open file (O_NONBLOCK, node) is not the others.
exec 8<>ready 9<>hold
started=()
trap 'exec 2>/dev/null; kill -KILL "${started[@]}"; wait; rm -rf -- "$work"' EXIT

# start COMMAND...: waits for the line that it prints, which is $said; $pid is its process.
start() {
    said=
    "$@" <hold >&8 2>"$work/start.err" 8>&- 9>&- &
    pid=$!
    started+=("$pid")
    read -r -t 120 said <&8
}
stop() { # PID
    kill -KILL "$1"
    wait "$1" 2>/dev/null
}

ps_json() { # OPTION...: into `out`, valid
    exits 0 "$engraft" ps --json "$@" && valid ps out
}
has() { # PID ENGINE VERSION [EXPRESSION over p, the process, and e, the engine]
    json out "[1 for p in j['processes'] for e in p['engines'] if p['pid'] == $1 and
        e['engine'] == '$2' and e['version'] == $3 and (${4:-True})]"
}
plain_table() { # nothing in it but lines of text, 80 columns at most
    ! grep -q "$(printf '[\001-\011\013-\037\177]')" out || shown
    [ "$(wc -L <out)" -le 80 ] || shown
}

# ---- what must be noticed is noticed

echo '{"processes": [{"pid": 1}], "summary": {}}' >bad.json
rejects() { ! valid "$@"; }
it "a bad document is noticed" rejects ps bad.json

# ---- engines

world() { "$srcdir/tests/world" get "$1" 2>>world.log; }

# shown_by NAME ID COMMAND...: starts it; it prints the version that is expected.
engines=()
shown_by() {
    local name=$1 id=$2
    shift 2
    if ! command -v "$1" >/dev/null; then
        skip "$name" "$1 is not installed"
        return
    fi
    start "$@"
    if [ -z "$said" ]; then
        it "$name starts: $(tail -n 1 start.err)" false
        return
    fi
    engines+=("$name|$pid|$id|$said")
}
# the same with files of tests/world; %D in COMMAND is their directory
shown_by_world() { # NAME ID WORLD COMMAND...
    local name=$1 id=$2 directory
    directory=$(world "$3") || {
        skip "$name" "$(tail -n 1 world.log)"
        return
    }
    shift 3
    shown_by "$name" "$id" env "LD_LIBRARY_PATH=$directory/usr/lib/$(uname -m)-linux-gnu" \
        "${@//%D/$directory}"
}

node='console.log(process.versions.v8); process.stdin.resume()'
for version in 18.20.8 20.20.2 22.23.3 24.21.0 26.10.0; do
    shown_by_world "node $version" v8 "node-$version" %D/bin/node -e "$node"
done
shown_by "the machine's perl" perl perl -e '$| = 1; printf "%vd\n", $^V; <STDIN>'
python='import platform; print(platform.python_version(), flush=True); input()'
shown_by "the machine's python3" cpython "$PYTHON" -c "$python"
shown_by_world "Python 3.11" cpython python3.11-bookworm %D/usr/bin/python3.11 -S -c \
    'import sys; print("%d.%d.%d" % sys.version_info[:3], flush=True); sys.stdin.readline()'
shown_by "gdb" cpython gdb -nx -q -batch -ex "python $python"
shown_by "Tcl" tcl tclsh <(echo 'puts [info patchlevel]; flush stdout; gets stdin')
shown_by "R" r R --vanilla -s -e \
    'cat(paste0(R.version$major, ".", R.version$minor, "\n")); readLines(file("stdin"), 1)'
shown_by_world "Lua" lua lua5.4-bookworm %D/usr/bin/lua5.4 -e \
    'print("5.4.4"); io.stdout:flush(); io.read()'
shown_by_world "LuaJIT" luajit luajit-bookworm %D/usr/bin/luajit -e \
    'print((jit.version:gsub("LuaJIT ", ""))); io.stdout:flush(); io.read()'
shown_by_world "Ruby" ruby ruby-bookworm %D/usr/bin/ruby3.1 --disable=gems -e \
    'puts RUBY_VERSION; $stdout.flush; gets'
shown_by_world "PHP" php php-bookworm %D/usr/bin/php8.2 -n -r \
    'echo PHP_VERSION, "\n"; fgets(STDIN);'
cat >Wait.java <<'END'
class Wait {
    public static void main(String[] arguments) throws Exception {
        System.out.println(System.getProperty("java.vm.version").replaceAll("[+-].*", ""));
        System.in.read();
    }
}
END
if command -v javac >/dev/null && javac Wait.java 2>/dev/null; then
    shown_by "Java" hotspot java -Xint -Xshare:auto -cp . Wait
else
    skip "Java" "no Java compiler"
fi

it "all of them at once" ps_json
if [ "${#engines[@]}" -ge 10 ]; then
    it "ten engines at least" true
else
    skip "ten engines at least" "only ${#engines[@]} can be had here"
fi
for engine in "${engines[@]}"; do
    IFS='|' read -r name number id version <<<"$engine"
    case $id in
    r) it "$name is $id" has "$number" r "(e['version'] and '$version')" ;; # or null: it is not in libR.so
    *) it "$name is $id $version" has "$number" "$id" "'$version'" "e['confidence'] == 'certain'" ;;
    esac
done
cp out all.json
if is_root; then
    it "whoever has an engine is one of them" json out \
        "{p['pid'] for p in j['processes']} <= {$(printf '%s,' "${started[@]}")}"
    it "nothing could not be read" json out "j['summary']['forbidden'] == 0 and
        j['summary']['failed'] == 0 and j['summary']['files_failed'] == 0"
fi
it "the summary adds up" json out "(lambda s: s['seen'] == s['read'] + s['kernel_threads'] +
    s['zombies'] + s['gone'] + s['forbidden'] + s['failed'] and
    s['with_engine'] == len(j['processes']) and s['files_read'] > 10)(j['summary'])"
it "every path is absolute" json out "all(e['path'].startswith('/') for p in j['processes']
    for e in p['engines'])"
it "the same container for all" json out "len({p['container'] for p in j['processes'] if p['pid'] in
    [$(printf '%s,' "${started[@]}")]}) == 1"

it "for people" exits 0 "$engraft" ps
it "in 80 columns" plain_table
it "with headings" grep -qE '^ *PID +USER +COMMAND +ENGINE +VERSION +LINKAGE +SYMBOLS$' out
it "and a summary" grep -qE '^[0-9]+ processes, [0-9]+ with an engine' err
IFS='|' read -r _ number id version <<<"${engines[0]-}"
it "with a row" grep -qE "^ *$number +[^ ]+ +[^ ]+ +$id +${version//./\\.} " out

# ---- selection and order

pids=$(IFS=,; echo "${started[*]}")
it "only one process" ps_json --pid "$number"
it "is the one" json out "[p['pid'] for p in j['processes']] == [$number]"
it "only V8 and Perl" ps_json --engine=v8,perl
it "nothing else is told" json out "{e['engine'] for p in j['processes'] for e in p['engines']} <=
    {'v8', 'perl'}"
it "the summary is about all" json out "j['summary']['with_engine'] > len(j['processes'])"
it "only a user without processes" ps_json --user 54321
it "has none" json out "j['processes'] == []"
it "the user by name" ps_json --user "$(id -un)" --pid "$number"
it "has it" json out "[p['pid'] for p in j['processes']] == [$number]"
it "no engine at all" exits 0 "$engraft" ps --user 54321
it "prints no table" out_empty
sorted() { # KEY, EXPRESSION: what has to rise, of p and e
    ps_json --sort "$1" --pid "$pids" && json out "(lambda l: l == sorted(l) and len(l) > 3)(
        [$2 for p in j['processes'] for e in p['engines'][:1]])"
}
it "by pid" sorted pid "p['pid']"
it "by user" sorted user "(p['user'], p['pid'])"
it "by command" sorted command "(p['command'], p['pid'])"
it "by engine" sorted engine "(e['engine'], p['pid'])"
it "versions of one engine" ps_json --sort version --engine v8
it "rise as numbers, not as letters" json out "(lambda l: l == sorted(l) and len(set(l)) > 1 or
    len(l) < 2)([int(e['version'].split('.')[0]) for p in j['processes'] for e in p['engines']])"
it "the ids of all engines" exits 0 "$engraft" ps --engine=list
it "are ids" grep -qxE '[a-z][a-z0-9-]*' out
it "v8 is one" grep -qx v8 out

# ---- again and again

snapshots() { # SIGNAL OPTION...: two snapshots, then the signal; its status is the command's
    local signal=$1 pid status line
    shift
    rm -f stream
    mkfifo stream
    "$engraft" ps --watch=0.1 --pid "$number" "$@" >stream 2>err </dev/null &
    pid=$!
    exec 7<stream
    : >out
    while read -r -t 120 line <&7; do
        printf '%s\n' "$line" >>out
        case $line in '' | '{'*) [ "$(grep -cE '^$|^\{' out)" -lt 2 ] || break ;; esac
    done
    kill "-$signal" "$pid"
    cat <&7 >/dev/null
    exec 7<&-
    wait "$pid"
    status=$?
    echo "$status" >status
    [ "$status" = 0 ] || shown
}
it "watching, until Ctrl-C" snapshots INT
it "an empty line follows each snapshot" sh -c '[ "$(grep -c "^ *PID" out)" = 2 ] &&
    [ "$(grep -c "^$" out)" = 2 ]'
it "watching, until it is told to end" snapshots TERM --json
each_line_valid() {
    local line count=0
    while read -r line; do
        printf '%s\n' "$line" >line.json
        valid ps line.json || return 1
        count=$((count + 1))
    done <out
    [ "$count" = 2 ]
}
it "each line is a document" each_line_valid
it "no file is read twice" json line.json "j['summary']['files_read'] <= 1 and
    j['summary']['files_known'] > 2"

# On a terminal, of eight lines, it is drawn in place and cut.
cat >terminal.py <<'END'
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 8, 80, 0, 0))
seen = b""
while seen.count(b"\x1b[H") < 3:
    seen += os.read(fd, 65536)
os.write(fd, b"\x03")
try:
    while True:
        more = os.read(fd, 65536)
        if not more:
            break
        seen += more
except OSError:
    pass
sys.stdout.buffer.write(seen)
status = os.waitpid(pid, 0)[1]
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 99)
END
it "watching on a terminal, until Ctrl-C" exits 0 env TERM=xterm \
    timeout 120 "$PYTHON" terminal.py "$engraft" ps --watch=0.2 --pid "$pids"
it "draws in place" grep -q "$(printf '\033\\[H\033\\[2J')" out
it "and cuts" grep -qE '^\.\.\. and [0-9]+ more' out

# ---- Prometheus

it "metrics" exits 0 "$engraft" ps --prometheus
cat >metrics.py <<'END'
# Text format 0.0.4, as strict as a reader may be.
import re, sys
label = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
series = re.compile(r'([a-z_]+)(?:\{(%s(?:,%s)*)\})? [0-9]+' % (label, label))
seen, helped, typed, current = set(), set(), set(), None
for line in open(sys.argv[1], encoding="utf-8").read().splitlines():
    if line.startswith("# HELP "):
        current = line.split()[2]
        assert current not in helped, line
        helped.add(current)
    elif line.startswith("# TYPE "):
        name, kind = line.split()[2:]
        assert name == current and name not in typed and kind == "gauge", line
        typed.add(name)
    else:
        match = series.fullmatch(line)
        assert match and match.group(1) == current and current in typed, line
        assert line.rsplit(" ", 1)[0] not in seen, line
        seen.add(line.rsplit(" ", 1)[0])
assert len(seen) > 4
END
strict() { "$PYTHON" metrics.py "$1"; }
it "are well-formed" strict out
not_strict() { ! strict "$1" 2>/dev/null; }
{ cat out; grep '^engraft_processes{' out | head -n 1; } >bad.prom
it "a series twice is noticed" not_strict bad.prom
IFS='|' read -r _ _ id version <<<"${engines[0]-}"
it "an engine is there" grep -qE \
    "^engraft_processes\{engine=\"$id\",version=\"${version//./\\.}\",linkage=\"[a-z]+\"\} [0-9]+\$" out
counted() { # the metrics against the JSON of the same processes
    "$engraft" ps --prometheus --pid "$pids" >metrics && ps_json --pid "$pids" &&
        "$PYTHON" - <<'END'
import collections, json
count = collections.Counter()
for process in json.load(open("out"))["processes"]:
    for key in {(e["engine"], e["version"] or "unknown", e["linkage"]) for e in process["engines"]}:
        count['engraft_processes{engine="%s",version="%s",linkage="%s"}' % key] += 1
expected = {"%s %d" % item for item in count.items()}
told = {line for line in open("metrics").read().splitlines() if line.startswith("engraft_processes{")}
assert told == expected and expected, told ^ expected
END
}
it "each series counts processes" counted

mkdir textfile
(umask 077; "$engraft" ps --prometheus -o textfile/engraft.prom >out 2>err)
it "a file" strict textfile/engraft.prom
it "everybody may read it" test "$(stat -c %a textfile/engraft.prom)" = 644
it "nothing is left beside it" test "$(ls -A textfile)" = engraft.prom
it "nothing is printed" out_empty
before=$(stat -c %i textfile/engraft.prom)
exec 6<textfile/engraft.prom # keeps the inode
it "once more" exits 0 "$engraft" ps --prometheus -o textfile/engraft.prom
it "is another file under the same name" test "$(stat -c %i textfile/engraft.prom)" != "$before"
exec 6<&-
ln -s textfile/engraft.prom link.prom
it "through a symbolic link" exits 0 "$engraft" ps --prometheus --output=link.prom
it "which stays one" test -L link.prom
it "a directory that is not there" exits 1 "$engraft" ps --prometheus -o nowhere/engraft.prom
it "is named" err_has "nowhere/engraft.prom: "
it "a directory" exits 1 "$engraft" ps --prometheus -o textfile
mkfifo pipe
it "what is no file" exits 1 "$engraft" ps --prometheus -o pipe
it "stays what it is" test -p pipe
it "a full disk" exits 1 sh -c "\"\$1\" ps --prometheus >/dev/full" sh "$engraft"

# The real reader.
scrape() { # into `scraped`
    "$PYTHON" -c 'import sys, urllib.request
url = "http://127.0.0.1:%s/metrics" % sys.argv[1]
sys.stdout.write(urllib.request.urlopen(url, timeout=60).read().decode())' "$port" >scraped
}
scrape_error() { # 0 or 1
    scrape && grep -qx "node_textfile_scrape_error $1" scraped && return
    grep textfile scraped
    return 1
}
exporter=
if directory=$(world node-exporter); then
    exporter=$directory/usr/bin/prometheus-node-exporter
fi
if [ -n "$exporter" ] && "$exporter" --version >/dev/null 2>&1; then
    port=$("$PYTHON" -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
    mkfifo log
    "$exporter" --web.listen-address="127.0.0.1:$port" --collector.disable-defaults \
        --collector.textfile --collector.textfile.directory="$work/textfile" \
        >/dev/null 2>log </dev/null 8>&- 9>&- &
    started+=($!)
    exec 5<log
    while read -r -t 60 line <&5; do
        case $line in *'Listening on'*) break ;; esac
    done
    cat <&5 >log.txt &
    started+=($!)
    doubled() { scrape && grep -q 'was collected before' log.txt; }
    single() { ! doubled; }
    printf '# TYPE x info\nx 1\n' >textfile/bad.prom # a type of OpenMetrics
    it "node_exporter notices a broken file" scrape_error 1
    rm textfile/bad.prom
    it "node_exporter takes ours" scrape_error 0
    # Labels come in another order, so words are compared.
    words_of() { grep '^engraft_' "$1" | sed 's/[{},]/\n/g' | sort; }
    scraped_as_written() { diff <(words_of textfile/engraft.prom) <(words_of scraped); }
    it "all of it" scraped_as_written
    it "nothing in it was there before" single
    cp textfile/engraft.prom textfile/twice.prom
    it "which it would have said" doubled
else
    skip "node_exporter" "$(tail -n 1 world.log)"
fi

for number in "${started[@]}"; do
    stop "$number"
done
started=()

# ---- names that nobody expects

if command -v perl >/dev/null; then
    # perl's $0 is the name of the process, too.
    start perl -e '$0 = "a\nb \e[31mc\"\\"; $| = 1; print "up\n"; <STDIN>'
    it "a process that calls itself strange things" ps_json --pid "$pid"
    it "is told as it is" json out 'j["processes"][0]["command"] == "a\nb \x1b[31mc\"\\"'
    it "for people" exits 0 "$engraft" ps --pid "$pid"
    it "harmless" plain_table
    it "in one line" sh -c '[ "$(wc -l <out)" = 2 ]'
    stop "$pid"
    start perl -e '$0 = "\xff\xfe"; $| = 1; print "up\n"; <STDIN>'
    it "a name that is no UTF-8" ps_json --pid "$pid"
    it "has U+FFFD" json out 'j["processes"][0]["command"] == "\ufffd\ufffd"'
    stop "$pid"

    # A copy of perl that can lie anywhere.
    perl=$(readlink -f "$(command -v perl)")
    version=$(perl -e 'printf "%vd", $^V')
    wait_for_stdin='$| = 1; print "up\n"; <STDIN>'
    directory=$'new\nline \\012 (deleted)'
    mkdir "$directory"
    for file in "$directory/x y" "$directory/perl (deleted)" $'tab\tquote"\e'; do
        cp "$perl" "$file"
        start "./$file" -e "$wait_for_stdin"
        printf '%s' "$PWD/$file" >path
        it "a path that nobody expects" ps_json --pid "$pid"
        it "has the engine" has "$pid" perl "'$version'"
        if [[ $file != *\\* ]]; then
            it "and the path" json out 'j["processes"][0]["engines"][0]["path"] ==
                open("path", encoding="utf-8", errors="replace").read()'
        fi
        stop "$pid"
    done
    cp "$perl" "perl (deleted)"
    start "./perl (deleted)" -e "$wait_for_stdin"
    it "a file that is called deleted" ps_json --pid "$pid"
    it "keeps its name" json out 'j["processes"][0]["engines"][0]["path"].endswith("/perl (deleted)")'
    stop "$pid"
    cp "$perl" gone
    start ./gone -e "$wait_for_stdin"
    rm gone
    it "a file that is deleted" ps_json --pid "$pid"
    it "has the engine" has "$pid" perl "'$version'"
    it "under its old name" json out 'j["processes"][0]["engines"][0]["path"].endswith("/gone")'
    echo "not an ELF file" >gone
    it "a file that was replaced" ps_json --pid "$pid"
    it "is told by what runs" has "$pid" perl "'$version'"
    stop "$pid"
else
    skip "strange names" "no perl"
fi

# A file that is only read is not loaded.
start "$PYTHON" -c '
import mmap, sys
file = open(sys.argv[1], "rb")
mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
private = mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)
print("up", flush=True)
sys.stdin.read()' "$(readlink -f "$(command -v perl || command -v tclsh)")"
it "a process that maps an engine's file to read it" ps_json --pid "$pid"
it "does not have the engine" json out "[e['engine'] for p in j['processes'] for e in p['engines']] ==
    ['cpython']"
stop "$pid"

# ---- processes without memory

start "$PYTHON" -c '
import os, sys
child = os.fork()
if child == 0:
    os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT) # it has ended, and nobody was told
print("up", flush=True)
sys.stdin.read()'
it "with a zombie" ps_json
it "it is counted" json out "j['summary']['zombies'] >= 1 and j['summary']['failed'] == 0"
stop "$pid"

# The first thread ends, another goes on.
start "$PYTHON" -c '
import ctypes, os, threading, time, sys
def run():
    while open("/proc/self/stat").read().rsplit(")", 1)[1].split()[0] != "Z":
        time.sleep(0.01)
    print("up", flush=True)
    sys.stdin.read()
threading.Thread(target=run).start()
ctypes.CDLL(None).syscall({"x86_64": 60}.get(os.uname().machine, 93), 0)'
it "a process whose first thread has ended" ps_json --pid "$pid"
it "still has its engine" json out "[e['engine'] for p in j['processes'] for e in p['engines']] ==
    ['cpython']"
stop "$pid"

if [ -s "${ENGRAFT_PS_OUTSIDE:-/dev/null}" ]; then
    it "nobody may look" test "$(cat "$ENGRAFT_PS_OUTSIDE.status")" = 0
    it "nobody's JSON is valid" valid ps "$ENGRAFT_PS_OUTSIDE"
    it "others' processes are counted" json "$ENGRAFT_PS_OUTSIDE" "j['summary']['forbidden'] > 0"
    if [ "$(readlink /proc/self/ns/user)" = 'user:[4026531837]' ] &&
        json "$ENGRAFT_PS_OUTSIDE" "j['summary']['kernel_threads']" >/dev/null; then
        it "kernel threads are not among them" json "$ENGRAFT_PS_OUTSIDE" \
            "j['summary']['kernel_threads'] > 5"
    else
        skip "kernel threads are not among them" "none to be seen here"
    fi
else
    skip "kernel threads and processes of others" "not root, or nobody cannot read the build"
fi

# ---- other users

if is_root && "${nobody[@]}" "$engraft" --version >/dev/null 2>&1; then
    start "${nobody[@]}" perl -e '$| = 1; print "up\n"; <STDIN>'
    it "a process of nobody" ps_json --pid "$pid"
    it "is nobody's" json out "[(p['uid'], p['user']) for p in j['processes']] ==
        [(65534, '$(id -un 65534)')]"
    it "nobody looks" exits 0 "${nobody[@]}" "$engraft" ps --json
    it "valid" valid ps out
    it "sees the own process only" json out "[p['pid'] for p in j['processes']] == [$pid]"
    it "and counts the others" json out "j['summary']['forbidden'] > 1 and
        j['summary']['failed'] == 0"
    it "nobody looks for people" exits 0 "${nobody[@]}" "$engraft" ps
    it "is told why" grep -qE '; [0-9]+ of other users not readable \(run as root\)$' err
    stop "$pid"
    mkdir -m 755 own
    cp "$(readlink -f "$(command -v perl)")" own/perl
    start "${nobody[@]}" own/perl -e '$| = 1; print "up\n"; <STDIN>'
    rm own/perl
    it "a deleted executable, without rights" exits 0 "${nobody[@]}" "$engraft" ps --json --pid "$pid"
    it "is found" json out "[e['engine'] for p in j['processes'] for e in p['engines']] == ['perl']"
    stop "$pid"
    # A library is not the executable: what is left of it without rights is the process's memory.
    library=$(ldd "$(command -v tclsh)" 2>/dev/null | sed -n 's/.* \(\/[^ ]*libtcl[^ ]*\) .*/\1/p')
    if [ -n "$library" ] && [ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)" = 0 ]
    then
        cp -L "$library" own/
        echo 'puts [info patchlevel]; flush stdout; gets stdin' >own/wait.tcl
        start "${nobody[@]}" env LD_LIBRARY_PATH="$work/own" tclsh own/wait.tcl
        rm "own/${library##*/}"
        it "a deleted library, without rights" exits 0 "${nobody[@]}" "$engraft" ps --json --pid "$pid"
        it "is found" has "$pid" tcl "'$said'" "'/own/' in e['path'] and
            j['summary']['files_failed'] == 0"
        stop "$pid"
    else
        skip "a deleted library, without rights" "no shared libtcl, or Yama keeps memory from others"
    fi
else
    skip "other users" "not root, or nobody cannot read the build"
fi

# ---- containers

libraries_of() { ldd "$1" | grep -oE '/[^ ]+'; }
if is_root && command -v perl >/dev/null; then
    perl=$(readlink -f "$(command -v perl)")
    mkdir -p root/bin root/dev
    : >root/dev/null # perl opens it
    cp "$perl" root/bin/perl
    for library in $(libraries_of "$perl"); do
        mkdir -p "root$(dirname "$library")"
        cp -L "$library" "root$library"
    done
    start chroot root /bin/perl -e "$wait_for_stdin"
    it "a process in a chroot" ps_json --pid "$pid"
    it "has its engine" has "$pid" perl "'$version'" "p['container'] == 'chroot'"
    rm root/bin/perl
    it "also when its file is deleted" ps_json --pid "$pid"
    it "has its engine" has "$pid" perl "'$version'" "p['container'] == 'chroot'"
    it "for people" exits 0 "$engraft" ps --pid "$pid"
    it "there is a column" grep -qE 'SYMBOLS +CONTAINER$' out
    it "with the word" grep -qE "^ *$pid .* chroot$" out
    it "in 80 columns" plain_table
    stop "$pid"

    start unshare --mount perl -e "$wait_for_stdin"
    it "a process in another mount namespace" ps_json --pid "$pid"
    it "is told" has "$pid" perl "'$version'" "p['container'] == 'namespace'"
    stop "$pid"

    # In a container's own PID namespace its process is 1; here it has a number of ours.
    start unshare --pid --fork --mount-proc --kill-child perl -e 'print "$$\n"; $| = 1; <STDIN>'
    it "a process in another PID namespace says 1" test "$said" = 1
    child=$(cat "/proc/$pid/task/$pid/children")
    child=${child% }
    it "is found under its number here" ps_json --pid "$child"
    it "is told" has "$child" perl "'$version'" "p['container'] == 'namespace'"
    stop "$pid"

    # What a container's runtime makes of the control group, mounted over that of a process.
    id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    in_cgroup() { # TEXT: engraft sees it as the control group of $pid
        printf '%s\n' "$1" >cgroup
        unshare --mount sh -c 'mount --bind cgroup "/proc/$1/cgroup" && shift && exec "$@"' sh \
            "$pid" "${@:2}"
    }
    start perl -e "$wait_for_stdin"
    if in_cgroup "0::/x" true 2>/dev/null; then
        it "a process of Docker" exits 0 in_cgroup "0::/system.slice/docker-$id.scope" \
            "$engraft" ps --json --pid "$pid"
        it "has the whole id" has "$pid" perl "'$version'" "p['container'] == '$id'"
        it "for people" exits 0 in_cgroup "4:memory:/docker/$id" "$engraft" ps --pid "$pid"
        it "shortened" grep -qE " ${id:0:12}\$" out
        it "in LXC" exits 0 in_cgroup "0::/lxc.payload.web" "$engraft" ps --json --pid "$pid"
        it "has the name" has "$pid" perl "'$version'" "p['container'] == 'web'"
    else
        skip "control groups" "nothing can be mounted over /proc/PID/cgroup"
    fi
    stop "$pid"
else
    skip "containers" "not root, or no perl"
fi

# ---- what comes and goes

# Short-lived processes all the time, while one that stays is looked for.
start "$PYTHON" -c "$python"
stays=$pid
bash -c 'while :; do for i in 1 2 3 4 5 6 7 8; do /bin/true & done; wait; done' &
storm=$!
started+=("$storm")
in_the_storm() {
    local i
    for i in 1 2 3 4 5 6 7 8 9 10; do
        ps_json && json out "[p for p in j['processes'] if p['pid'] == $stays] and
            j['summary']['failed'] == 0" || return 1
    done
}
it "processes that end while they are looked at" in_the_storm
stop "$storm"

tap_end
