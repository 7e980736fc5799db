#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the cases of the probe, compiled for each version of V8, on the Node of each other one.

Every case passes, is refused (engraft stopped the call, or the plugin did not load; the text says
why), is wrong (the text says what), or crashed (so does a case that hangs). All cases of a cell run
in one process; when it dies the next case goes on in a new one. A plugin on its own version's host
runs without engraft: what does not pass there is a fault of the probe and counts nowhere.
"""

import argparse
import collections
import concurrent.futures
import functools
import json
import os
import pathlib
import re
import resource
import selectors
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
BUILD = pathlib.Path(os.environ.get('abs_top_builddir', os.getcwd()))
NODES = {'10.2': 'node-18.20.8', '11.3': 'node-20.20.2', '11.8': 'node-21.7.3',
         '12.4': 'node-22.23.3', '12.9': 'node-23.11.1', '13.6': 'node-24.21.0',
         '14.1': 'node-25.9.0', '14.6': 'node-26.10.0'}
# Nobody maintains Node 21: tried when it is asked for by name.
VERSIONS = [version for version in NODES if version != '11.8']
STATES = ('passed', 'refused', 'wrong', 'crashed')
TEXT_LIMIT = 600
# What engraft writes before it ends the process on purpose.
TRAP = re.compile(r'^engraft: trap: (.*)$', re.M)
AUDIT = re.compile(r'^engraft: (.*; aborting)$', re.M)

# A line of host.js.
TOLD = re.compile(r'@(run|result|refused|end)(?:\t|$)')

Result = collections.namedtuple('Result', 'state text')


class Unavailable(Exception):
    """Something that is not ours cannot be had here."""


def key(version):
    return tuple(int(part) for part in version.split('.'))


# ---- what is run


def output_of(command, what):
    made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if made.returncode == 77:
        raise Unavailable(made.stderr.strip().splitlines()[-1] if made.stderr else what)
    if made.returncode:
        sys.exit(f'matrix: {what}: {made.stderr}')
    return made.stdout.split()


@functools.lru_cache(None)
def node_of(version):
    directory = output_of([TOP / 'tests/world', 'get', NODES[version]], NODES[version])[0]
    found = next(path for path in pathlib.Path(directory).rglob('bin/node') if path.is_file())
    return str(found)


def probes_of(versions):
    files = output_of([HERE / 'build-probe', *versions], 'build-probe')
    return dict(zip(versions, files))


class Cell:
    """The cases of one plugin on one host."""

    def __init__(self, options, probe, plugin, host, bare=False):
        self.options = options
        self.native = plugin == host and not options.through
        # N-API modules do not tell which V8 they were compiled for.
        self.command = [] if self.native or bare else \
            [options.engraft, 'run', f'--plugin-abi=v8:{plugin}', '--']
        self.command += [node_of(host), *options.node_options, str(HERE / 'host.js'), probe]
        self.results = {}
        self.wanted = []

    def environment(self):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith('ENGRAFT_') and name not in ('NODE_OPTIONS', 'LD_PRELOAD')}
        environment.update(NODE_DISABLE_COLORS='1', LC_ALL='C')
        environment.update(item.split('=', 1) for item in self.options.env)
        return environment

    def names(self):
        process = subprocess.run(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 stdin=subprocess.DEVNULL, text=True, env=self.environment())
        for line in process.stdout.splitlines():
            if line.startswith('@names\t'):
                return line.split('\t')[1:]
        sys.exit(f'matrix: {" ".join(self.command)}: no cases\n{process.stdout}{process.stderr}')

    def run(self, wanted):
        pending = list(wanted)
        while pending:
            done = self.round(pending)
            pending = pending[done:]
        return self.results

    def round(self, pending):
        """One process. Returns how many of `pending` have a result after it."""
        attempt = Attempt(self.command + pending, self.environment(), self.options.timeout)
        attempt.run()
        self.results.update(attempt.results)
        if attempt.refused is not None:
            self.results.update((name, Result('refused', attempt.refused)) for name in pending)
            return len(pending)
        if attempt.running:
            self.results[attempt.running] = attempt.end()
            return pending.index(attempt.running) + 1
        if len(attempt.results) < len(pending):
            # It died between two cases, or before the first: whose fault it is nobody knows, so
            # the next case has it, and the rest is tried again.
            self.results[pending[len(attempt.results)]] = attempt.end('before the case: ')
            return len(attempt.results) + 1
        if attempt.status != 0:
            self.results['(exit)'] = attempt.end()
        return len(pending)


class Attempt:
    """One process and what it told."""

    def __init__(self, command, environment, timeout):
        self.command, self.environment, self.timeout = command, environment, timeout
        self.results = {}
        self.running = self.refused = self.status = None
        self.hung = False
        self.errors = ''        # of the case that runs, and what else is printed
        self.lines = ''

    def run(self):
        # One pipe for both, so that a complaint stays with the case that made it.
        process = subprocess.Popen(self.command, env=self.environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            self.listen(process, selector)
        self.heard('\n')
        self.status = process.wait()

    def listen(self, process, selector):
        while True:
            if not selector.select(self.timeout):
                self.hung = True
                os.killpg(process.pid, signal.SIGKILL)
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                return
            self.heard(data.decode('utf-8', 'replace'))

    def heard(self, text):
        *lines, self.lines = (self.lines + text).split('\n')
        for line in lines:
            # What the host or a case prints without an end of line may stand before ours.
            before, *told = TOLD.split(line, 1)
            if before:
                self.errors = (self.errors + before + '\n')[-20000:]
            if told:
                self.told(told[0], told[1].split('\t'))

    def told(self, word, rest):
        if word == 'run':
            self.running, self.errors = rest[0], ''
        elif word == 'result':
            text = json.loads(rest[1])
            self.results[rest[0]] = Result('passed', '') if text == 'ok' else Result('wrong', text)
            self.running = None
        elif word == 'refused':
            self.refused = json.loads(rest[0])

    def end(self, prefix=''):
        """The result of the case that the process died in."""
        trap = TRAP.search(self.errors) or AUDIT.search(self.errors)
        if trap and self.status == -signal.SIGABRT:
            return Result('refused', trap.group(1)[:TEXT_LIMIT])
        if self.hung:
            return Result('crashed', f'{prefix}nothing for {self.timeout} s: hangs')
        how = signal.Signals(-self.status).name if self.status < 0 else f'status {self.status}'
        said = [line for line in self.errors.splitlines() if line.strip() and not noise(line)]
        return Result('crashed', f'{prefix}{how}: {" | ".join(said[:6])}'[:TEXT_LIMIT])


def noise(line):
    """Lines of a fatal error that say nothing about it."""
    return line.startswith(('-----', '----- ', '#', ' ')) and not line.startswith('# Check') or \
        re.match(r'\s*\d+: 0x', line)


# ---- all cells


def run_cells(options, cells, probes):
    """{(plugin, host): {case: Result}} of the cells, without what fails natively."""
    plugins = sorted({plugin for plugin, _ in cells}, key=key)
    names, native = {}, {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for plugin in plugins:
            own = Cell(options, probes[plugin], plugin, plugin, bare=True)
            names[plugin] = [name for name in own.names() if wanted(options, name)]
            native[plugin] = pool.submit(own.run, names[plugin])
        native = {plugin: future.result() for plugin, future in native.items()}
        sound = {plugin: sound_of(plugin, names[plugin], native[plugin]) for plugin in plugins}
        futures = {}
        for plugin, host in cells:
            if plugin == host and not options.through:
                continue
            cell = Cell(options, probes[plugin], plugin, host, bare=options.bare)
            futures[plugin, host] = pool.submit(cell.run, sound[plugin])
        ret_results = {pair: future.result() for pair, future in futures.items()}
    for plugin, host in cells:
        ret_results.setdefault((plugin, host), native[plugin])
    return ret_results, native


def wanted(options, name):
    return not options.case or any(re.fullmatch(pattern.replace('*', '.*'), name)
                                   for pattern in options.case)


def sound_of(plugin, names, results):
    for name, result in results.items():
        if result.state != 'passed':
            print(f'matrix: {plugin} on its own host: {name} {result.state}, left out: '
                  f'{result.text}', file=sys.stderr)
    return [name for name in names if results[name].state == 'passed']


# ---- what is printed


def count(results):
    counter = collections.Counter(result.state for result in results.values())
    return [counter[state] for state in STATES]


def print_table(title, rows, columns, text_of):
    cells = [[title, *columns]] + [[row, *(text_of(row, column) for column in columns)]
                                   for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    for line in cells:
        print('  '.join(text.ljust(width) for text, width in zip(line, widths)).rstrip())


def print_matrix(results):
    def text_of(plugin, host):
        if (plugin, host) not in results:
            return ''
        cell = results[plugin, host]
        passed, refused, wrong, crashed = count(cell)
        rest = [f'{number}{letter}' for number, letter in
                ((refused, 'r'), (wrong, 'w'), (crashed, 'c')) if number]
        return f'{passed}/{len(cell)} {" ".join(rest)}'.strip()
    plugins = sorted({plugin for plugin, _ in results}, key=key)
    hosts = sorted({host for _, host in results}, key=key)
    print_table('plugin \\ host', plugins, hosts, text_of)


def print_cases(results):
    for plugin in sorted({plugin for plugin, _ in results}, key=key):
        hosts = sorted({host for a, host in results if a == plugin}, key=key)
        names = sorted({name for host in hosts for name in results[plugin, host]})
        print()
        print_table(f'built for {plugin}', names, hosts,
                    lambda name, host: results[plugin, host].get(name, Result('-', '')).state)


def print_failures(results):
    for (plugin, host), cell in results.items():
        alike = set(cell.values())
        if len(alike) == 1 and len(cell) > 1:
            cell = {'(all cases)': alike.pop()}
        for name, result in cell.items():
            if result.state != 'passed':
                print(f'{plugin}:{host} {name}: {result.state}: {result.text}')


# ---- the reviewed list


Row = collections.namedtuple('Row', 'case plugins hosts obstacle line')


def in_range(version, text):
    """10.2, 10.2-12.4, 12.4- or -12.4; * is all."""
    if text == '*':
        return True
    first, dash, last = text.partition('-')
    return (not first or key(first) <= key(version)) and \
        (not last or key(version) <= key(last)) and (bool(dash) or first == version)


def read_refused(path):
    rows = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith('#'):
            continue
        fields = line.split(None, 3)
        if len(fields) != 4:
            sys.exit(f'matrix: {path.name}:{number}: CASE PLUGINS HOSTS OBSTACLE')
        rows.append(Row(*fields, number))
    return rows


def listed(rows, name, plugin, host):
    return next((row for row in rows if row.case == name and in_range(plugin, row.plugins) and
                 in_range(host, row.hosts)), None)


def surprises(rows, results):
    """What the list of refused cells does not say, as texts by cell; and rows that say nothing."""
    ret_texts, used = collections.defaultdict(list), set()
    for (plugin, host), cell in results.items():
        for name, result in cell.items():
            row = None if plugin == host else listed(rows, name, plugin, host)
            if row:
                used.add(row.line)
            if result.state in ('wrong', 'crashed'):
                ret_texts[plugin, host].append(f'{name}: {result.state}: {result.text}')
            elif result.state == 'refused' and not row:
                ret_texts[plugin, host].append(f'{name}: refused, not listed: {result.text}')
            elif result.state == 'passed' and row:
                ret_texts[plugin, host].append(f'{name}: passes, but line {row.line} lists it')
    idle = [row for row in rows if row.line not in used]
    return ret_texts, idle


# ---- the command


def in_side(text):
    return [version for version in NODES
            if in_range(version, text or '*') and (version in VERSIONS or version == text)]


def pairs(options):
    if not options.only:
        plugins = options.plugins.split(',') if options.plugins else VERSIONS
        hosts = options.hosts.split(',') if options.hosts else VERSIONS
        return [(plugin, host) for plugin in plugins for host in hosts]
    ret_pairs = []
    for pair in options.only:
        plugin, _, host = pair.partition(':')
        ret_pairs += [(a, b) for a in in_side(plugin) for b in in_side(host)]
    return ret_pairs


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--only', action='append', metavar='PLUGIN:HOST',
                        help='these pairs; each side 10.2, 10.2-12.4, 12.4- or *')
    parser.add_argument('--plugins', metavar='VERSION,...')
    parser.add_argument('--hosts', metavar='VERSION,...')
    parser.add_argument('--case', action='append', metavar='NAME', help='these cases (* matches)')
    parser.add_argument('--cases', action='store_true', help='also a table of cases per plugin')
    parser.add_argument('--failures', action='store_true', help='also all that did not pass')
    parser.add_argument('--json', metavar='FILE', help='everything, with the texts')
    parser.add_argument('--refused', type=pathlib.Path, metavar='FILE',
                        help='compare with the reviewed list; exit status 1 when it differs')
    parser.add_argument('--gc-interval', metavar='N', help='V8 of the host collects so often')
    parser.add_argument('--stress-compaction', action='store_true')
    parser.add_argument('--expose-gc', action='store_true')
    parser.add_argument('--node-option', action='append', default=[], metavar='OPTION')
    parser.add_argument('--env', action='append', default=[], metavar='NAME=VALUE',
                        help='for engraft and the host')
    parser.add_argument('--bare', action='store_true', help='without engraft: by name alone')
    parser.add_argument('--through', action='store_true',
                        help="engraft also for a plugin on its own version's host")
    parser.add_argument('--engraft', default=os.environ.get('ENGRAFT') or str(BUILD / 'engraft'))
    parser.add_argument('--timeout', type=float, default=60, metavar='SECONDS',
                        help='how long nothing may happen')
    parser.add_argument('-j', '--jobs', type=int, default=os.cpu_count())
    options = parser.parse_args(arguments)
    options.node_options = list(options.node_option)
    if options.gc_interval:
        options.node_options.append(f'--gc-interval={options.gc_interval}')
    if options.stress_compaction:
        options.node_options.append('--stress-compaction')
    if options.expose_gc:
        options.node_options.append('--expose-gc')
    return options


def write_json(path, results):
    cells = [{'plugin': plugin, 'host': host,
              'cases': {name: result._asdict() for name, result in cell.items()}}
             for (plugin, host), cell in results.items()]
    pathlib.Path(path).write_text(json.dumps({'cells': cells}, indent=1) + '\n')


def main():
    options = parse(sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    cells = pairs(options)
    try:
        probes = dict(probes_of(sorted({plugin for plugin, _ in cells}, key=key)))
        for version in {version for pair in cells for version in pair}:
            node_of(version)
    except Unavailable as reason:
        print(f'matrix: {reason}', file=sys.stderr)
        return 77
    results, native = run_cells(options, cells, probes)
    print_matrix(results)
    if options.cases:
        print_cases(results)
    if options.failures:
        print_failures(results)
    if options.json:
        write_json(options.json, results)
    ret_status = int(any(result.state != 'passed' for cell in native.values()
                         for result in cell.values()))
    if options.refused:
        texts, _ = surprises(read_refused(options.refused), results)
        for (plugin, host), lines in texts.items():
            print('\n'.join(f'{plugin}:{host} {line}' for line in lines))
        ret_status = ret_status or int(bool(texts))
    return ret_status


if __name__ == '__main__':
    sys.exit(main())
