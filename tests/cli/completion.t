#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Completion: the function that bash calls, with the words that bash gives it.
. "${abs_top_srcdir:?}/tests/tap.sh"
. "$srcdir/cli/completion/engraft"
cd "$work" || exit 99
unset -f _command_offset # of a bash-completion that was sourced by BASH_ENV

verbs="run check inspect ps stub explain"
mkdir directory
touch file.so "a file.so" file.txt
ln -s "$(command -v "$engraft")" ./other-engraft

# completes EXPECTED WORD...: the last word is the one being completed; words come sorted.
complete_last() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMP_LINE="$*"
    COMP_POINT=${#COMP_LINE}
    COMPREPLY=()
    _engraft "$1" "${!#}" "${@: -2:1}"
    printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort
}
completes() {
    local expected=$1 got
    shift
    got=$(complete_last "$@" | paste -sd ' ')
    [ "$got" = "$expected" ] || { echo "got: $got"; return 1; }
}
offers() { # WORD WORDS...: among others
    local expected=$1
    shift
    complete_last "$@" | grep -qxF -- "$expected" || { complete_last "$@"; return 1; }
}
offers_not() { ! offers "$@" >/dev/null; }

wrong() { ! completes "$@" >/dev/null; }
it "a wrong completion is noticed" wrong "check inspect" engraft ch
it "a missing word is noticed" offers_not nothing engraft ''

it "a verb" completes check engraft ch
for verb in $verbs; do
    it "the verb $verb is offered" offers "$verb" engraft ''
done
it "the command's own options" completes --version engraft --v
it "no such verb: nothing" completes '' engraft frobnicate --

# Each option that --help tells is offered, and "=" where it needs an argument.
for verb in $verbs; do
    it "options of $verb" completes \
        "$("$engraft" "$verb" --help | grep -oE -- '^ +(-., +)?--[a-z][a-z-]*(\[?=)?' |
            sed 's/.* //; s/\[=$//' | LC_ALL=C sort -u | paste -sd ' ')" engraft "$verb" --
done
it "the options are those of the command that is completed" completes "--prometheus" \
    "$(command -v "$engraft")" ps --pr
it "a command that is not there has none" completes '' ./nothing ps --pr

# Values, as bash splits them: "=" is a word of its own.
it "an engine" completes "lua luajit luau" engraft ps --engine = lua
it "an engine of a list" completes "v8,lua v8,luajit v8,luau" engraft ps --engine = v8,lua
it "not one that the list has" completes "lua,luajit lua,luau" engraft ps --engine = lua,lua
it "an engine after an option of its own word" completes "luau" engraft ps --engine luau
it "after a short option" completes "luau" engraft ps -e luau
it "where \"=\" breaks no word" completes "--engine=luau" engraft ps --engine=luau
it "right after \"=\"" offers v8 engraft ps --engine =
it "a key" completes "pid" engraft ps --sort = p
it "all keys" completes "command engine pid user version" engraft ps --sort = ''
it "a user" completes "$(id -un)" engraft ps --user = "$(id -un)"
it "a process" offers "$$" engraft ps --pid = "$$"
it "processes of a list" offers "1,$$" engraft ps --pid = "1,$$"
it "a file" completes "file.so file.txt" engraft ps -o file
it "a directory only" completes "directory" engraft stub -o ''
it "a trap" completes "abort return" engraft run --trap = ''
it "an allowance" completes "mismatch" engraft run --allow = ''
it "an abi is not guessed" completes '' engraft check file.so --plugin-abi = ''

# Arguments.
it "inspect: a process" offers "$$" engraft inspect "$$"
it "inspect: a file" completes "file.so file.txt" engraft inspect file
it "inspect: both" offers "file.txt" engraft inspect ''
it "inspect: both" offers "$$" engraft inspect ''
it "inspect: itself" offers "self" engraft inspect ''
it "inspect: a path that begins with digits" completes '' engraft inspect 0x
it "check: a plugin" completes "a file.so" engraft check a
it "check: a host" offers "$$" engraft check file.so --host = "$$"
it "check: a host's file" completes "file.so file.txt" engraft check file.so --host file
it "stub: an engine" completes "file.so file.txt" engraft stub file
it "stub: from plugins" completes "file.so file.txt" engraft stub --from file
it "explain: no symbol is guessed" completes '' engraft explain v8
it "ps: no argument" completes '' engraft ps file
it "run: a command" completes "mkfifo" engraft run mkfif
it "run: a command after the options" completes "mkfifo" engraft run --log = file -- mkfif
it "run: its arguments" completes "file.so file.txt" engraft run -- ls file
it "run: an option of the command is none of ours" completes '' engraft run ls --tra
it "run: our options come first" completes "--trap=" engraft run --tra

# What bash itself does with it.
registered() { complete -p engraft | grep -q -- '-F _engraft '; }
it "bash knows the function" registered
interactive() { # a terminal: tab completes
    printf '%s\n' "PS1='> '; bind 'set bell-style none'" ". '$srcdir/cli/completion/engraft'" \
        "PATH=$(dirname "$(command -v "$engraft")"):\$PATH" >rc
    "${PYTHON:-python3}" - <<'END'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "dumb"
    os.execvp("bash", ["bash", "--noprofile", "--rcfile", "rc", "-i"])
seen = b""
def until(text):
    global seen
    while text not in seen:
        seen += os.read(fd, 4096)
    seen = b""
until(b"> ")
os.write(fd, b"engraft insp\t")
until(b"inspect ")
os.write(fd, b"fil\t")
until(b"file.")
os.write(fd, b"\x15engraft ps --sort=vers\t")
until(b"version ")
os.write(fd, b"\x15engraft ps --prom\t")
until(b"prometheus ")
os.write(fd, b"\x15exit\n")
os.waitpid(pid, 0)
END
}
if timeout 60 bash --noprofile --norc -ic 'bind -v' >/dev/null 2>&1; then
    it "tab on a terminal" timeout 120 bash -c "srcdir='$srcdir' engraft='$engraft'
        PYTHON='${PYTHON-}'; $(declare -f interactive); interactive"
else
    skip "tab on a terminal" "bash has no readline here"
fi
tap_end
