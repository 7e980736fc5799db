#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs random sequences of V8 calls with a plugin of one version on another and compares.

What tests/v8/sequences does for a seed, compiled for V8 A and run by engraft on the host B, has to
say the same, line by line, as the one compiled for B does on B without engraft. A sequence that
ends the process natively is compared until there.

    sequences.py [--seeds N] [--first N] [--steps N] [--node-option=OPTION] [A:B...]

Prints for each pair how many sequences are equal, stopped (at a trap; until then all is the
same), different or crashed, with the first line that differs. Exit status: 0 when none is
different and none crashed, 77 when something cannot be had here.
"""

import argparse
import concurrent.futures
import os
import re
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
import matrix  # noqa: E402

PAIRS = [f'{a}:{b}' for a in ('10.2', '11.3', '12.4', '13.6') for b in ('10.2', '11.3', '12.4', '13.6')
         if a != b]
# A sequence that ends the process natively, too, has done something that V8 does not let pass.
STATES = ('equal', 'ended', 'stopped', 'different', 'crashed')


def addons_of(versions):
    environment = dict(os.environ, PROBE_SOURCES='sequences')
    made = subprocess.run([matrix.HERE / 'build-probe', *versions], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env=environment)
    if made.returncode == 77:
        raise matrix.Unavailable(made.stderr.strip().splitlines()[-1])
    if made.returncode:
        sys.exit(f'sequences: {made.stderr}')
    return dict(zip(versions, made.stdout.split()))


class Log:
    """What one seed said: its lines, and how the process ended when that was within it."""

    def __init__(self):
        self.lines, self.end = [], None

    def tell(self, line):
        self.lines.append(line)


def command_of(options, plugin, host, addon):
    through = [options.engraft, 'run', f'--plugin-abi=v8:{plugin}', '--'] if plugin != host else []
    return through + [matrix.node_of(host), *options.node_option,
                      str(matrix.HERE / 'sequences/run.js'), addon, str(options.steps)]


def environment():
    ret_environment = {name: value for name, value in os.environ.items()
                       if not name.startswith('ENGRAFT_') and
                       name not in ('NODE_OPTIONS', 'LD_PRELOAD')}
    ret_environment.update(NODE_DISABLE_COLORS='1', LC_ALL='C', TZ='UTC')
    return ret_environment


def one_process(options, command, seeds):
    """The logs of the first seeds, until the process ends."""
    logs, log, extra = {}, None, []
    try:
        ran = subprocess.run(command + [str(seed) for seed in seeds], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(),
                             timeout=options.timeout)
        output, status = ran.stdout, ran.returncode
    except subprocess.TimeoutExpired as expired:
        output, status = expired.stdout or b'', 'hangs'
    for line in output.decode('utf-8', 'replace').splitlines():
        if line.startswith('@seed\t'):
            log = logs[int(line[6:])] = Log()
        elif line.startswith('@done'):
            log = None
        elif log and re.match(r'\d+\t', line):
            log.tell(line)
        elif not line.startswith('@end'):
            extra.append(line)
    if log is None and not logs:
        log = logs[seeds[0]] = Log()
    if log is None and len(logs) < len(seeds):
        log = list(logs.values())[-1]
    if log is None and status != 0:
        log = list(logs.values())[-1]
    if log:
        log.end = end_of(status, '\n'.join(extra))
    return logs


def end_of(status, text):
    trap = matrix.TRAP.search(text) or matrix.AUDIT.search(text)
    if trap and status == -signal.SIGABRT:
        return ('stopped', trap.group(1))
    how = signal.Signals(-status).name if isinstance(status, int) and status < 0 else str(status)
    said = [line for line in text.splitlines() if line.strip()]
    return ('crashed', f'{how}: {" | ".join(said[:8])[:600]}')


def logs_of(options, plugin, host, addon):
    command, pending, ret_logs = command_of(options, plugin, host, addon), list(options.numbers), {}
    while pending:
        ret_logs.update(one_process(options, command, pending))
        pending = [seed for seed in pending if seed not in ret_logs]
    return ret_logs


def compare(native, adapted):
    """State and text of one seed."""
    for number, (one, other) in enumerate(zip(native.lines, adapted.lines)):
        if one != other:
            return ('different', f'line {number}\n    native  {one}\n    adapted {other}\n'
                                 f'    before  {native.lines[max(0, number - 3):number]}')
    if native.end and len(adapted.lines) >= len(native.lines):
        return ('ended', f'natively: {native.end[1]}\n    after {native.lines[-3:]}')
    if adapted.end:
        return (adapted.end[0], f'{adapted.end[1]}\n    after {adapted.lines[-3:]}')
    if len(native.lines) != len(adapted.lines):
        return ('different', f'{len(adapted.lines)} lines, not {len(native.lines)}')
    return ('equal', '')


def run_pairs(options, pairs):
    """{pair: {seed: (state, text)}}"""
    versions = sorted({version for pair in pairs for version in pair}, key=matrix.key)
    addons = addons_of(versions)
    cells = sorted(set(pairs) | {(host, host) for _, host in pairs})
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as executor:
        jobs = {cell: executor.submit(logs_of, options, *cell, addons[cell[0]]) for cell in cells}
        logs = {cell: job.result() for cell, job in jobs.items()}
    return {(plugin, host): {seed: compare(logs[host, host][seed], logs[plugin, host][seed])
                             for seed in options.numbers} for plugin, host in pairs}


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('pairs', nargs='*', metavar='A:B', help='plugin and host')
    parser.add_argument('--seeds', type=int, default=20)
    parser.add_argument('--first', type=int, default=1, help='the first seed')
    parser.add_argument('--steps', type=int, default=200)
    parser.add_argument('--node-option', action='append', default=[])
    parser.add_argument('--engraft', default=str(matrix.BUILD / 'engraft'))
    parser.add_argument('--jobs', type=int, default=2)
    parser.add_argument('--timeout', type=float, default=300, help='seconds, for a process')
    options = parser.parse_args(arguments)
    options.numbers = range(options.first, options.first + options.seeds)
    return options


def main():
    options = parse(sys.argv[1:])
    pairs = [tuple(pair.split(':')) for pair in options.pairs or PAIRS]
    try:
        results = run_pairs(options, pairs)
    except matrix.Unavailable as reason:
        print(f'sequences: {reason}', file=sys.stderr)
        return 77
    bad = 0
    for (plugin, host), seeds in results.items():
        states = [state for state, _ in seeds.values()]
        print(f'{plugin} on {host}: ' + ', '.join(f'{states.count(state)} {state}' for state in STATES))
        for seed, (state, text) in seeds.items():
            if state != 'equal':
                print(f'  seed {seed}: {state}: {text}')
            bad += state in ('different', 'crashed')
    return bad > 0


if __name__ == '__main__':
    sys.exit(main())
