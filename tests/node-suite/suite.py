#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the files of Node's test/parallel with an executable, and compares two such runs.

  suite.py list --tree TREE [--sample N]
  suite.py run --tree TREE --node EXECUTABLE --results TSV [-j N] [--timeout S]
               [--sample N | --only FILE] [--times N]
  suite.py compare BASELINE.tsv RELINKED.tsv [--differing FILE] [--table FILE]

A file is run as tools/test.py of the same source runs it: with what its "// Flags:" line says, in
the top directory of the source, with TEST_SERIAL_ID, TEST_THREAD_ID and TEST_PARALLEL set, and it
passes when it exits with 0. Unlike there, a file that parallel.status tells to skip is run all the
same, and what a test leaves behind is killed: every worker is a subreaper, so that a process that
made a session of its own comes back to it.

A results file has one line per run of a file; a file that has a line is not run again, except with
--times, which says how many lines it is to have.
"""

import argparse
import collections
import concurrent.futures
import ctypes
import multiprocessing
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

FLAGS = re.compile(r'//\s+Flags:(.*)')
# What common.skip() prints. A subtest of node:test that is skipped is no skipped file.
SKIPPED = re.compile(r'^1\.\.0 # Skipped: (.*)', re.MULTILINE)
NAME = re.compile(r'^test-.*\.m?js$')
COLUMNS = ('file', 'outcome', 'status', 'seconds', 'note')
PR_SET_CHILD_SUBREAPER = 36
wake = None  # of a worker: readable when a child has ended

Run = collections.namedtuple('Run', COLUMNS)


# ---- which files


def names(tree, sample=None):
    """All files in order, or SAMPLE of them at even distances."""
    found = sorted(name for name in os.listdir(os.path.join(tree, 'test/parallel'))
                   if NAME.match(name))
    if not sample or sample >= len(found):
        return found
    return [found[i * len(found) // sample] for i in range(sample)]


def flags_of(path):
    with open(path, encoding='utf8') as file:
        match = FLAGS.search(file.read())
    return match.group(1).split() if match else []


# ---- one file, in a worker


def become_subreaper():
    global wake
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), 'prctl(PR_SET_CHILD_SUBREAPER)')
    # The one that started the worker takes the interrupt and tells the workers to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    # A child that ends wakes await_exit(), also when it ends just before the wait.
    wake, end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(end, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)


def await_exit(process, timeout):
    """True when PROCESS ended within TIMEOUT seconds. Orphans that come back to this subreaper are
    reaped at once: a test may wait until nothing answers to their number any more."""
    limit = time.monotonic() + timeout
    while process.returncode is None:
        left = limit - time.monotonic()
        if left <= 0:
            return False
        select.select([wake], [], [], left)
        try:
            os.read(wake, 4096)
        except BlockingIOError:
            pass
        reap(process)
    return True


def reap(process):
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid == process.pid:
            process.returncode = os.waitstatus_to_exitcode(status)


def children():
    with open('/proc/thread-self/children', encoding='ascii') as file:
        return [int(word) for word in file.read().split()]


def kill_rest(group):
    """Ends what the test has left in its group, and what has come back to this subreaper."""
    rest = 0
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
    while left := children():
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            os.waitpid(pid, 0)
            rest += 1
    return rest


def environment(tree, serial, thread):
    env = {name: value for name, value in os.environ.items()
           if name not in ('NODE_PATH', 'NODE_REPL_EXTERNAL_MODULE') and
           not name.startswith(('ENGRAFT_', 'LD_'))}
    env.update({
        'NODE_OPTIONS': '',
        'TEST_SERIAL_ID': str(serial),
        'TEST_THREAD_ID': str(thread),
        'TEST_PARALLEL': '1',
        # As debian/rules has it; without the OpenSSL configuration keys of the fixtures are too
        # small for Debian's security level.
        'HOME': os.path.join(tree, 'tmp'),
        'NODE_TEST_DIR': os.path.join(tree, 'tmp'),
        'NODE_TEST_NO_INTERNET': '1',
        'OPENSSL_CONF': os.path.join(tree, 'deps/openssl/openssl/apps/openssl.cnf'),
        'LANG': 'C',
    })
    return env


def last_words(text):
    """The line of a failure that says most: an error's message, else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        if re.match(r'(#? ?Fatal error|FATAL ERROR|\w*Error( \[\w+\])?:|node-in-host:)', line):
            return line
    return lines[-1] if lines else ''


def judge(status, timed_out, output, errors):
    if timed_out:
        return 'timeout', last_words(errors)
    if status < 0:
        return 'crash', last_words(errors)
    if status != 0:
        return 'fail', last_words(errors or output)
    skip = SKIPPED.search(output)
    return ('skip', skip.group(1)) if skip else ('pass', '')


def run_file(options, serial, name):
    tree = options.tree
    path = os.path.join(tree, 'test/parallel', name)
    command = [options.node] + flags_of(path) + [path]
    thread = multiprocessing.current_process()._identity[-1]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=tree, env=environment(tree, serial, thread),
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   start_new_session=True)
        rest = 0
        try:
            timed_out = not await_exit(process, options.timeout)
            if timed_out:
                process.kill()
                process.wait()
        finally:
            rest = kill_rest(process.pid)
        seconds = time.monotonic() - started
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode('utf8', 'replace'))
    outcome, note = judge(process.returncode, timed_out, *texts)
    if outcome not in ('pass', 'skip'):
        keep(options, name, command, process.returncode, rest, texts)
    note = re.sub(r'[\s\0]+', ' ', note.replace(tree, 'TREE'))[:200]
    return Run(name, outcome, str(process.returncode), '%.2f' % seconds, note)


def keep(options, name, command, status, rest, texts):
    """What a failed file printed, beside the results."""
    directory = os.path.splitext(options.results)[0] + '.logs'
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, name + '.log'), 'w', encoding='utf8') as log:
        log.write('$ %s\nstatus %d, %d processes left behind\n---- stdout\n%s\n---- stderr\n%s\n' %
                  (' '.join(command), status, rest, texts[0][-200000:], texts[1][-200000:]))


# ---- many files


def read_results(path):
    """file -> its runs, oldest first"""
    runs = collections.OrderedDict()
    if not os.path.exists(path):
        return runs
    with open(path, encoding='utf8') as file:
        for line in file:
            fields = line.rstrip('\n').split('\t')
            if len(fields) == len(COLUMNS) and fields[0] != COLUMNS[0]:
                runs.setdefault(fields[0], []).append(Run(*fields))
    return runs


def wanted(options):
    if options.only:
        with open(options.only, encoding='utf8') as file:
            return file.read().split()
    return names(options.tree, options.sample)


def run(options):
    options.tree = os.path.realpath(options.tree)
    options.node = os.path.abspath(options.node)
    options.results = os.path.abspath(options.results)
    os.makedirs(os.path.join(options.tree, 'tmp'), exist_ok=True)
    done = read_results(options.results)
    todo = [name for name in wanted(options)
            for _ in range(options.times - len(done.get(name, [])))]
    counts = collections.Counter()
    context = multiprocessing.get_context('fork')
    with open(options.results, 'a', encoding='utf8') as results, \
            concurrent.futures.ProcessPoolExecutor(options.jobs, context, become_subreaper) as pool:
        pending = [pool.submit(run_file, options, serial, name)
                   for serial, name in enumerate(todo)]
        try:
            for future in concurrent.futures.as_completed(pending):
                result = future.result()
                counts[result.outcome] += 1
                results.write('\t'.join(result) + '\n')
                results.flush()
                if options.verbose and result.outcome not in ('pass', 'skip'):
                    print('%-8s %s: %s' % (result.outcome, result.file, result.note), flush=True)
        except BaseException:
            for process in list((pool._processes or {}).values()):
                process.terminate()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    print('suite: %d runs: %s' % (len(todo), words(counts)))
    return 0


def words(counts):
    return ', '.join('%d %s' % (counts[name], name)
                     for name in ('pass', 'skip', 'fail', 'crash', 'timeout') if counts[name])


# ---- two runs side by side


def verdict(runs):
    """(pass|skip|fail, whether it has been otherwise): the best that a file has done."""
    outcomes = {run.outcome for run in runs}
    kinds = {outcome if outcome in ('pass', 'skip') else 'fail' for outcome in outcomes}
    for kind in ('pass', 'skip', 'fail'):
        if kind in kinds:
            return kind, len(kinds) > 1
    raise ValueError('no runs')


def tried(runs):
    return '%d of %d' % (sum(run.outcome in ('pass', 'skip') for run in runs), len(runs))


def print_table(out, title, both, table):
    kinds = ('pass', 'skip', 'fail')
    out.write('%d files of test/parallel\n\n' % len(both))
    out.write('%-28s %s\n' % ('', 'relinked, in the host'))
    out.write('%-20s %7s %7s %7s\n' % (title, *kinds))
    for theirs in kinds:
        out.write('%-20s %7d %7d %7d\n' % (theirs, *(len(table[theirs, ours]) for ours in kinds)))
    out.write('\n')


def print_group(out, title, files, lines):
    out.write('%s: %d\n' % (title, len(files)))
    out.writelines('  %s\n' % lines[name] for name in files)


def compare(options):
    theirs, ours = read_results(options.baseline), read_results(options.relinked)
    both = sorted(set(theirs) & set(ours))
    table = collections.defaultdict(list)
    flaky = {'theirs': [], 'ours': []}
    for name in both:
        (their_kind, their_flaky), (our_kind, our_flaky) = verdict(theirs[name]), verdict(ours[name])
        table[their_kind, our_kind].append(name)
        if their_flaky:
            flaky['theirs'].append(name)
        if our_flaky:
            flaky['ours'].append(name)
    out = open(options.table, 'w', encoding='utf8') if options.table else sys.stdout
    print_table(out, options.theirs, both, table)
    ours_last = {name: '%s (%s): %s' % (name, ours[name][-1].outcome, ours[name][-1].note)
                 for name in both}
    theirs_last = {name: '%s (%s): %s' % (name, theirs[name][-1].outcome, theirs[name][-1].note)
                   for name in both}
    print_group(out, 'pass with %s, fail relinked' % options.theirs, table['pass', 'fail'], ours_last)
    print_group(out, 'pass with %s, skip themselves relinked' % options.theirs, table['pass', 'skip'],
                ours_last)
    print_group(out, 'fail with %s, pass relinked' % options.theirs, table['fail', 'pass'], theirs_last)
    print_group(out, 'fail with both', table['fail', 'fail'], ours_last)
    print_group(out, 'skip themselves with %s, fail relinked' % options.theirs, table['skip', 'fail'],
                ours_last)
    for which, runs, title in (('theirs', theirs, 'with ' + options.theirs), ('ours', ours, 'relinked')):
        print_group(out, 'now pass and now fail %s' % title, flaky[which],
                    {name: '%s passed %s' % (name, tried(runs[name])) for name in both})
    missing = sorted(set(theirs) ^ set(ours))
    if missing:
        out.write('run with one of the two only: %d\n' % len(missing))
    if out is not sys.stdout:
        out.close()
    if options.differing:
        with open(options.differing, 'w', encoding='utf8') as file:
            file.writelines(name + '\n' for (a, b), group in sorted(table.items()) if a != b
                            for name in group)
    return 1 if table['pass', 'fail'] or table['skip', 'fail'] or not both else 0


# ---- the command


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest='verb', required=True)
    verb = verbs.add_parser('list')
    verb.add_argument('--tree', required=True)
    verb.add_argument('--sample', type=int)
    verb = verbs.add_parser('run')
    verb.add_argument('--tree', required=True)
    verb.add_argument('--node', required=True)
    verb.add_argument('--results', required=True)
    verb.add_argument('--sample', type=int)
    verb.add_argument('--only')
    verb.add_argument('--times', type=int, default=1)
    verb.add_argument('--timeout', type=float, default=240)
    verb.add_argument('--verbose', action='store_true')
    verb.add_argument('-j', '--jobs', type=int, default=os.cpu_count())
    verb = verbs.add_parser('compare')
    verb.add_argument('baseline')
    verb.add_argument('relinked')
    verb.add_argument('--theirs', default="Debian's node")
    verb.add_argument('--differing')
    verb.add_argument('--table')
    options = parser.parse_args()
    if options.verb == 'list':
        print('\n'.join(names(options.tree, options.sample)))
        return 0
    # As an exception, so that the workers are ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    return run(options) if options.verb == 'run' else compare(options)


sys.exit(main())
