#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real addons, each build of them in each node, by their own published functions.

  addons.py --engraft ENGRAFT [--hosts 18,20] [--addons pprof,iast] [--builds 108,115] [--table FILE]

A build runs natively in the node it was made for; that is what it is measured by. In each other node it
runs under `engraft run`, unmodified and chosen by the package itself. Every cell is one of

  ok N/N     all N steps that the build passes natively, in its own node, and that the build for this
             node passes natively here
  refused    the addon was not loaded, or stopped at a function that nothing serves; with the reason
  wrong      a step gave another answer; N-1/N with a star where addons.refused lists that step
  crashed    the process ended otherwise, or did not end

Exit status: 0 nothing is wrong or crashed; 1 something is; 77 what is needed cannot be had.
"""
import argparse
import collections
import concurrent.futures
import functools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
WORLD = HERE.parent / 'world'
# host: (module version, name in tests/world.lock)
HOSTS = {
    16: (93, 'node-16.20.2'), 18: (108, 'node-18.20.8'), 19: (111, 'node-19.8.1'),
    20: (115, 'node-20.20.2'), 21: (120, 'node-21.7.3'), 22: (127, 'node-22.23.3'),
    23: (131, 'node-23.11.1'), 24: (137, 'node-24.21.0'), 25: (141, 'node-25.9.0'),
    26: (147, 'node-26.10.0'),
}
HOST_OF = {number: host for host, (number, _) in HOSTS.items()}
# name: (package, name in tests/world.lock, its files, what it requires, flags of node)
Addon = collections.namedtuple('Addon', 'package world prebuilds files requires flags')
ADDONS = {
    'pprof': Addon('@datadog/pprof', 'dd-pprof-5.20.0', 'prebuilds/linux-x64',
                   r'dd_pprof\.node\.abi(\d+)\.node',
                   {'node-gyp-build': 'node-gyp-build-4', 'pprof-format': 'pprof-format-2.3.2',
                    'source-map': 'source-map-0.8.0'}, ['--expose-gc']),
    'iast': Addon('@datadog/native-iast-taint-tracking', 'iast-4.2.0', 'prebuilds/linuxglibc-x64',
                  r'node-(\d+)\.node', {'node-gyp-build': 'node-gyp-build-3'}, ['--expose-gc']),
    'metrics': Addon('@datadog/native-metrics', 'native-metrics-1.6.0', 'prebuilds/linux-x64',
                     r'node-(\d+)\.node', {'node-gyp-build': 'node-gyp-build-3'}, ['--expose-gc']),
}
REFUSED = HERE / 'addons.refused'
Result = collections.namedtuple('Result', 'steps kind detail')


def read_refused(file):
    """(addon, builds, hosts, obstacle): sets of numbers, None for all."""
    rows = []
    for line in file.read_text().splitlines():
        if line.strip() and not line.startswith('#'):
            addon, builds, hosts, obstacle = line.split(maxsplit=3)
            rows.append((addon, *(None if numbers == '*' else {int(one) for one in numbers.split(',')}
                                  for numbers in (builds, hosts)), obstacle))
    return rows


def covers(row, key):
    return row[0] == key[0] and (not row[1] or key[1] in row[1]) and (not row[2] or key[2] in row[2])


class Unavailable(Exception):
    pass


@functools.cache
def world(name):
    found = subprocess.run([WORLD, 'get', name], capture_output=True, text=True)
    if found.returncode == 77:
        raise Unavailable(found.stderr.strip().splitlines()[-1])
    if found.returncode:
        sys.exit(found.stderr)
    return pathlib.Path(found.stdout.strip())


def builds_of(addon):
    files = (world(addon.world) / addon.prebuilds).iterdir()
    return sorted(int(m[1]) for m in (re.fullmatch(addon.files, file.name) for file in files) if m)


def application(top, name, number):
    """As npm installs it, but for the other builds' files."""
    addon = ADDONS[name]
    directory = top / f'{name}-{number}'
    package = directory / 'node_modules' / addon.package
    source = world(addon.world)
    ignored = shutil.ignore_patterns('prebuilds', '*.map', '*.ts')
    shutil.copytree(source, package, ignore=ignored)
    (package / addon.prebuilds).mkdir(parents=True)
    for file in (source / addon.prebuilds).iterdir():
        match = re.fullmatch(addon.files, file.name)
        if match and int(match[1]) == number:
            shutil.copy(file, package / addon.prebuilds)
    for required, where in addon.requires.items():
        shutil.copytree(world(where), directory / 'node_modules' / required, ignore=ignored)
    for script in ('steps.js', f'{name}.js'):
        shutil.copy(HERE / 'addons' / script, directory)
    return directory


def reason_of(text):
    refused = re.search(r'engraft: refused [^:]*: (.*)', text)
    trap = re.search(r'engraft: trap: (.*?) was called', text)
    if trap:
        return 'trap: ' + re.sub(r' \[\S+\]$', '', trap[1])
    return refused[1] if refused else None


def run(command, directory, environment, limit):
    process = subprocess.Popen(command, cwd=directory, env=environment, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, errors='replace',
                               stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        return out, err, 'no end'
    code = process.returncode
    return out, err, '' if code == 0 else signal.Signals(-code).name if code < 0 else f'exit {code}'


def judge(out, err, ending):
    """What one run says, whatever is expected of it."""
    steps = {}
    for line in out.splitlines():
        match = re.match(r'(ok|wrong) ([^:]*)(?:: (.*))?$', line)
        if match:
            steps[match[2]] = match[3] or match[1]
    done = out.rstrip().endswith('done') and not ending
    reason = reason_of(err + '\n' + '\n'.join(str(value) for value in steps.values()))
    if done:
        return Result(steps, 'done', '')
    if reason:
        return Result(steps, 'refused', reason)
    last = err.strip().splitlines()[-1] if err.strip() else ''
    return Result(steps, 'crashed', f'{ending or "no end"} after {len(steps)} steps: {last}')


class Matrix:
    def __init__(self, options, top):
        self.options = options
        self.top = top
        self.natives = {}
        self.refused = read_refused(REFUSED)

    def execute(self, name, number, host, under):
        directory = self.top / f'{name}-{number}'
        flags = ADDONS[name].flags + self.options.flag
        node = str(world(HOSTS[host][1]) / 'bin/node')
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith(('ENGRAFT_', 'NODE_')) or key in ('ENGRAFT_PRELOAD',
                                                                             'ENGRAFT_ALLOW')}
        command = [node, *flags, f'{name}.js']
        if not under:
            return judge(*run(command, directory, environment, self.options.timeout))
        command = [self.options.engraft, 'run', f'--node-modules={number}', '--', *command]
        with tempfile.TemporaryDirectory() as reports:
            environment['ENGRAFT_REPORT'] = f'{reports}/%p.json'
            result = judge(*run(command, directory, environment, self.options.timeout))
            refused = [one['reason'] for file in pathlib.Path(reports).iterdir()
                       for one in json.loads(file.read_text())['refused']]
        # A package may go on without its addon.
        return Result({}, 'refused', refused[0]) if refused else result

    def native(self, name, number):
        return self.execute(name, number, HOST_OF[number], False)

    def expected(self, name, number, host):
        """The steps a build has to pass in a host."""
        own = self.natives[name, number].steps
        here = self.natives.get((name, HOSTS[host][0]))
        return [step for step, answer in own.items()
                if answer == 'ok' and (not here or here.steps.get(step) == 'ok')]

    def cell(self, name, number, host):
        result = self.execute(name, number, host, True)
        expected = self.expected(name, number, host)
        wrong = [f'{step}: {result.steps[step]}' for step in expected
                 if result.steps.get(step, 'ok') != 'ok']
        known = {row[3].removeprefix('step: ') for row in self.refused
                 if covers(row, (name, number, host)) and row[3].startswith('step: ')}
        listed = [step for step in wrong if step.split(':')[0] in known]
        wrong = [step for step in wrong if step not in listed]
        refused = [step for step in wrong if reason_of(step)]
        passed = sum(result.steps.get(step) == 'ok' for step in expected)
        if result.kind == 'crashed':
            return result
        if result.kind == 'refused' and not passed:
            return Result(result.steps, 'refused', f'0/{len(expected)} {result.detail}')
        if len(wrong) > len(refused):
            return Result(result.steps, 'wrong', '; '.join(wrong))
        if result.kind == 'refused' or refused:
            detail = result.detail or reason_of(refused[0])
            return Result(result.steps, 'refused', f'{passed}/{len(expected)} {detail}')
        return Result(result.steps, 'ok', f'{passed}/{len(expected)}{"*" * bool(listed)}')


def table_of(cells, names, builds, hosts):
    lines = []
    for name in names:
        addon = ADDONS[name]
        lines.append(f'{addon.package} {world(addon.world).name.split("-")[-1].rsplit(".", 1)[0]}')
        lines.append('  ' + 'module version'.ljust(16) +
                     ''.join(f'node {host}'.ljust(16) for host in hosts))
        for number in builds[name]:
            row = f'  {number} (node {HOST_OF[number]})'.ljust(18)
            for host in hosts:
                cell = cells[name, number, host]
                row += (f'ok {cell.detail}' if cell.kind == 'ok' else cell.kind).ljust(16)
            lines.append(row.rstrip())
        lines.append('')
    others = [(key, cell) for key, cell in sorted(cells.items()) if cell.kind != 'ok']
    for (name, number, host), cell in others:
        lines.append(f'{name} {number} in node {host}: {cell.kind}: {cell.detail}'[:300])
    return '\n'.join(lines).rstrip() + '\n'


def arguments(words=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--engraft', default=os.environ.get('ENGRAFT') or shutil.which('engraft'))
    parser.add_argument('--hosts', default='18,20,22,24,25,26')
    parser.add_argument('--addons', default='pprof,iast,metrics')
    parser.add_argument('--builds', help='module versions; default: all that the package has')
    parser.add_argument('--flag', action='append', default=[], help='of node')
    parser.add_argument('--jobs', type=int, default=2)
    parser.add_argument('--timeout', type=int, default=180)
    parser.add_argument('--table', help='write the table to a file, too')
    parser.add_argument('--json', help='write all that was seen to a file')
    options = parser.parse_args(words)
    options.engraft = os.path.abspath(options.engraft or 'engraft')
    return options


def measure(options, report=lambda key, cell: None):
    hosts = [int(host) for host in options.hosts.split(',')]
    names = options.addons.split(',')
    wanted = {int(number) for number in options.builds.split(',')} if options.builds else None
    builds = {name: [number for number in builds_of(ADDONS[name])
                     if number in HOST_OF and (not wanted or number in wanted)] for name in names}
    measured = {(name, number) for name in names for number in builds[name]} | {
        (name, HOSTS[host][0]) for name in names for host in hosts
        if HOSTS[host][0] in builds_of(ADDONS[name])}
    for host in {HOST_OF[number] for _, number in measured} | set(hosts):
        world(HOSTS[host][1])
    with tempfile.TemporaryDirectory() as top, \
            concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        matrix = Matrix(options, pathlib.Path(top))
        for name, number in measured:
            application(matrix.top, name, number)
        pending = {key: pool.submit(matrix.native, *key) for key in sorted(measured)}
        matrix.natives = {key: one.result() for key, one in pending.items()}
        pending = {(name, number, host): pool.submit(matrix.cell, name, number, host)
                   for name in names for number in builds[name] for host in hosts}
        cells = {}
        for key, one in pending.items():
            cells[key] = one.result()
            report(key, cells[key])
    return cells, matrix.natives, table_of(cells, names, builds, hosts)


def main():
    options = arguments()
    try:
        cells, natives, table = measure(options, lambda key, cell: print('cell', *key, cell.kind,
                                                                         cell.detail, flush=True))
    except Unavailable as reason:
        print(reason, file=sys.stderr)
        sys.exit(77)
    for (name, number), result in natives.items():
        bad = {step: answer for step, answer in result.steps.items() if answer != 'ok'}
        if result.kind != 'done' or bad:
            print(f'# natively, {name} {number}: {result.kind} {result.detail} {bad}')
    print(table, end='')
    if options.table:
        pathlib.Path(options.table).write_text(table)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(
            [{'addon': key[0], 'build': key[1], 'host': key[2], **one._asdict()}
             for key, one in cells.items()], indent=1))
    sys.exit(any(cell.kind in ('wrong', 'crashed') for cell in cells.values()))


if __name__ == '__main__':
    main()
