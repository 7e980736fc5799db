#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures what bench/node/run has built, and prints the tables.

    measure.py DIRECTORY [--quick]

DIRECTORY holds debian/node, client/node (it shares no file with the others), and in host/ relinked,
two-engines, bare, trap (relinked), start, global-relinked, global-two-engines.

What is compared runs in turn, A B C A B C, in an order that rotates; a ratio is taken of
neighbours, and what is printed is the median of the ratios with their quartiles. "Debian's again"
is Debian's node a second time: how far it is from 1.00 is what this machine can tell apart today.
"""
import argparse
import contextlib
import math
import os
import platform
import re
import select
import signal
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BASE = 'debian'
# What is compared with BASE, in the columns' order.
OTHERS = ['again', 'relinked', 'two']
TITLES = {'debian': "Debian's node", 'again': "Debian's again", 'relinked': 'relinked',
          'two': 'two engines', 'bare': 'the host without Node'}
CONNECTIONS = 16
PATIENCE = 300

# The result that each unit of a program must have, everywhere; the first group is the engine's
# work, in the second Node's C++ has its part.
ENGINE = {
    'objects': '150000,99894,50015,50106 270529 190',
    'regexp': '467844000 2184 19 295300 78000 10',
    'json': '-23916000 3809518 100 247.5 62',
    'numbers': '43 331364 148933',
    'strings': '-2134741250 23999 26 358889 358849 26000 28000 16001',
    'wasm': '78499',
    'wasm (1)': '78499',
}
NODE = {
    'promises': '1920502500',
    'buffers': '10233000',
    'crypto': 'Ru2LF0c499imLOjUee0xnYdgNUs= 9209a0c90243e88b 40 true',
    'files': '575640',
    'zlib': '447767',
    'streams': '18011897500 18237000 1124250',
    'values': '140012',
    'workers': '59700',
}


class Failed(Exception):
    pass


class Process:
    """A program that answers a line with a line."""

    def __init__(self, *command):
        self.name = ' '.join(os.path.basename(word) for word in command[:3])
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def read(self):
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            raise Failed(f'{self.name}: no answer in {PATIENCE} seconds')
        line = self.process.stdout.readline()
        if not line.endswith('\n'):
            raise Failed(f'{self.name}: {status_text(self.process.wait())}')
        return line.split()

    def ask(self, line='go'):
        try:
            self.process.stdin.write(line + '\n')
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise Failed(f'{self.name}: {status_text(self.process.wait())}') from error
        return self.read()

    def __enter__(self):
        return self

    def __exit__(self, kind, _value, _traceback):
        if kind is not None:
            self.process.kill()
        else:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.write('end\n')
                self.process.stdin.close()
        status = self.process.wait()
        self.process.stdout.close()
        if kind is None and status != 0:
            raise Failed(f'{self.name}: {status_text(status)}')


def status_text(status):
    return f'ended by {signal.Signals(-status).name}' if status < 0 else f'status {status}'


def rotations(items, count):
    """The items in a different order each time, so that none is always behind the same one."""
    for i in range(count):
        at = i % len(items)
        yield items[at:] + items[:at]


class Ratios:
    """Samples of several subjects, taken in rounds; ratios are of one round."""

    def __init__(self):
        self.samples = {}

    def add(self, subject, value):
        self.samples.setdefault(subject, []).append(value)

    def of(self, above, below):
        return [a / b for a, b in zip(self.samples[above], self.samples[below])]

    def median(self, subject):
        return statistics.median(self.samples[subject])


def spread(values):
    low, middle, high = statistics.quantiles(values, n=4, method='inclusive')
    return f'{middle:5.2f} ({low:4.2f}-{high:4.2f})'


def reached(value, goal):
    """To the digits that are printed."""
    return 'pass' if value >= goal - 0.005 else 'below'


def noisy(again):
    """Whether the same program twice differs by so much that a goal of 0.98 means nothing."""
    low, middle, high = statistics.quantiles(again, n=4, method='inclusive')
    return abs(middle - 1) > 0.03 or (high - low) / math.sqrt(len(again)) > 0.04


# ---- start-up

class Starts:
    def __init__(self, subjects, directory):
        self.wall, self.processors = Ratios(), Ratios()
        self.subjects, self.start = subjects, os.path.join(directory, 'host/start')
        # The directory is not the one in which anybody has a package.json.
        self.directory = directory

    def run(self, name, command, environment=None):
        """Wall and processor seconds of a process from start to end, and what it wrote."""
        before = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   cwd=self.directory, env=environment)
        errors = process.stderr.read()
        _pid, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - before
        process.stderr.close()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise Failed(f'{command}: {status_text(process.returncode)}: {errors.decode()}')
        self.wall.add(name, wall)
        self.processors.add(name, usage.ru_utime + usage.ru_stime)
        return errors.decode()

    def run_host(self, name, command):
        """A host's own work is taken off in NAME-own: its V8, isolate, context and script."""
        errors = self.run(name, command, dict(os.environ, HOST_MARKS='1'))
        own = int(errors.split()[0]) / 1e6
        self.wall.add(name + '-own', self.wall.samples[name][-1] - own)

    def run_library(self):
        process = subprocess.run([self.start], capture_output=True, text=True, check=False)
        if process.returncode != 0:
            raise Failed(f'start: {status_text(process.returncode)}: {process.stderr}')
        lines = [int(line) / 1e6 for line in process.stdout.split()]
        self.wall.add('dlopen', lines[0])
        self.wall.add('first', lines[1])
        self.wall.add('next', statistics.median(lines[2:]))

    def measure(self, rounds):
        names = [BASE] + OTHERS + ['bare']
        for order in rotations(names, rounds):
            for name in order:
                command = [self.subjects[name]] + ([] if name == 'bare' else ['-e', '0'])
                if name in (BASE, 'again'):
                    self.run(name, command)
                else:
                    self.run_host(name, command)
            self.run_library()

    def row(self, text, name, goal=None):
        values = self.wall.of(name, BASE)
        line = f'  {text:<52}{spread(values)}'
        if name in self.processors.samples:
            line += f'  {statistics.median(self.processors.of(name, BASE)):5.2f}'
        if goal:
            over = statistics.median(values) > goal + 0.005
            line = f'{line:<80}{goal:4.2f}  {"over" if over else "pass"}'
        print(line)

    def table(self):
        print("Start-up: `node -e 0` from start to end, against Debian's node\n"
              f'{"":<54}{"time (quartiles)":<19}{"CPU":>5}{"":>2}{"goal":>4}')
        self.row("Debian's node again", 'again')
        self.row('relinked, with the start of the host around it', 'relinked', 1.1)
        self.row("the same less the host's own V8, isolate, script", 'relinked-own', 1.1)
        self.row('two engines, with the start of the host', 'two')
        self.row("the same less the host's own V8, isolate, script", 'two-own')
        self.row('the host alone', 'bare')
        print('\n  In a running host, to the result of the first JavaScript, against the same')
        self.row('dlopen() of the relinked library', 'dlopen')
        self.row('engraft_node_start() and a script, first time', 'first')
        self.row('engraft_node_start() and a script, after a stop', 'next')
        print(f"\n  Debian's node: {self.wall.median(BASE) * 1000:.0f} ms\n")


# ---- memory

def memory_of(pid):
    """In kB."""
    with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as file:
        fields = dict(re.findall(r'^(\w+):\s+(\d+) kB', file.read(), re.M))
    return int(fields['Pss']), int(fields['Rss'])


class Memory:
    """Alone in memory, one after the other, so that a page of a file is shared with nobody but what
    else the machine runs: the libraries are private copies, the C library is not."""

    def __init__(self, subjects, client):
        self.subjects, self.client = subjects, client
        self.pss, self.rss = Ratios(), Ratios()

    def note(self, name, pid):
        pss, rss = memory_of(pid)
        self.pss.add(name, pss)
        self.rss.add(name, rss)

    def serve(self, name):
        with Process(self.subjects[name], os.path.join(HERE, 'server.js')) as server:
            port, = server.read()
            self.client.requests(port, 'api')
            self.note(name, server.process.pid)

    def wait(self):
        with Process(self.subjects['bare'], 'wait') as host:
            host.read()
            self.note('bare', host.process.pid)

    def measure(self, rounds):
        for order in rotations([BASE, 'relinked', 'two'], rounds):
            for name in order:
                self.serve(name)
            self.wait()

    def table(self):
        print('Memory, in MB, of a process with an http server that has answered 16 requests\n'
              f'{"":<54}{"PSS":>6}{"RSS":>8}')
        for name in (BASE, 'bare', 'relinked', 'two'):
            print(f'  {TITLES[name]:<52}{self.pss.median(name) / 1024:6.1f}'
                  f'{self.rss.median(name) / 1024:8.1f}')
        self.difference('relinked is lower than two engines by', 'two', 'relinked', 15)
        self.difference('what Node adds to the host, relinked', 'relinked', 'bare')
        self.difference('what Node adds to the host, two engines', 'two', 'bare')
        print()

    def difference(self, text, above, below, goal=None):
        pss, rss = [(table.median(above) - table.median(below)) / 1024
                    for table in (self.pss, self.rss)]
        line = f'  {text:<52}{pss:6.1f}{rss:8.1f}'
        print(line if not goal else f'{line:<79}{goal:5.1f}  {reached(pss, goal)}')


# ---- throughput

class Throughput:
    """Ratios of speed: 1 over the time for the same work, 1.00 is as fast as Debian's node."""

    def __init__(self):
        self.speed, self.processors, self.order = {}, {}, []

    def tables(self, row):
        if row not in self.speed:
            self.order.append(row)
            self.speed[row], self.processors[row] = Ratios(), Ratios()
        return self.speed[row], self.processors[row]

    def heading(self, text):
        print(f'{text}\n{"":<14}' + ''.join(f'{TITLES[name]:<19}' for name in OTHERS) +
              'CPU: again, rel. goal')

    def line(self, row, goal=0.98):
        speed, processors = self.speed[row], self.processors[row]
        cells = ''.join(f'{spread(speed.of(name, BASE)):<19}' for name in OTHERS)
        middle = statistics.median(speed.of('relinked', BASE))
        answer = 'noisy' if noisy(speed.of('again', BASE)) else reached(middle, goal)
        again, work = [statistics.median(processors.of(name, BASE))
                       for name in ('again', 'relinked')]
        print(f'  {row:<12}{cells}{again:5.2f}{work:6.2f}{goal:6.2f}  {answer}')

    def mean(self, rows, goal=0.98):
        """Geometric mean of the rows' medians."""
        means = {}
        for name in OTHERS:
            middles = [statistics.median(self.speed[row].of(name, BASE)) for row in rows]
            means[name] = math.prod(middles) ** (1 / len(middles))
        work = {name: math.prod(statistics.median(self.processors[row].of(name, BASE))
                                for row in rows) ** (1 / len(rows))
                for name in ('again', 'relinked')}
        cells = ''.join(f'{means[name]:5.2f}' + ' ' * 14 for name in OTHERS)
        answer = 'noisy' if abs(means['again'] - 1) > 0.02 else reached(means['relinked'], goal)
        print(f'  {"all":<12}{cells}{work["again"]:5.2f}{work["relinked"]:6.2f}{goal:6.2f}  {answer}')


class Programs(Throughput):
    warm_up = 4

    def __init__(self, subjects):
        super().__init__()
        self.subjects = subjects

    def command(self, key, name, expected):
        program, _, note = name.partition(' ')
        node = self.subjects['trap' if note and key == 'relinked' else key]
        return (node, os.path.join(HERE, 'unit.js'),
                os.path.join(HERE, 'programs', program + '.js'), expected)

    def run_set(self, name, expected, rounds):
        speed, processors = self.tables(name)
        with contextlib.ExitStack() as stack:
            running = {key: stack.enter_context(Process(*self.command(key, name, expected)))
                       for key in [BASE] + OTHERS}
            for _ in range(self.warm_up):
                for process in running.values():
                    process.ask()
            for order in rotations(list(running), rounds):
                for key in order:
                    wall, work = running[key].ask()
                    speed.add(key, 1 / int(wall))
                    processors.add(key, int(work))

    def measure(self, sets, rounds):
        for name, expected in {**ENGINE, **NODE}.items():
            say(f'program {name}')
            for _ in range(sets):
                self.run_set(name, expected, rounds)

    def print(self):
        self.heading("CPU-bound: speed against Debian's node (quartiles); CPU: processors' time")
        for row in ENGINE:
            self.line(row)
        self.mean([row for row in ENGINE if row != 'wasm'])
        print("  wasm: this host has not enabled V8's trap handler, so V8 compiles a check of the\n"
              "  bounds into each access; (1): in a host that has. All: with (1).\n")
        self.heading("With Node's C++")
        for row in NODE:
            self.line(row)
        self.mean(NODE)
        print()


class Client(Process):
    """Debian's node, the same one for all servers."""

    def __init__(self, node):
        super().__init__(node, os.path.join(HERE, 'client.js'), str(CONNECTIONS))

    def requests(self, port, kind, milliseconds=0):
        """How many were answered, and how many microseconds it took."""
        answered, wall = self.ask(f'{port} {kind} {milliseconds}')
        return int(answered), int(wall)


class Http(Throughput):
    kinds = ('hello', 'api')
    window, warm_up = 300, 600

    def __init__(self, subjects, client):
        super().__init__()
        self.subjects, self.client, self.busy = subjects, client, []

    def window_of(self, server, port, kind):
        """Requests a second, and the server's processor time for each."""
        before = int(server.ask()[0])
        answered, wall = self.client.requests(port, kind, self.window)
        work = int(server.ask()[0]) - before
        self.busy.append(work / wall)
        return answered / wall * 1e6, work / answered

    def run_set(self, rounds):
        with contextlib.ExitStack() as stack:
            servers = {key: stack.enter_context(Process(
                self.subjects[key], os.path.join(HERE, 'server.js'))) for key in [BASE] + OTHERS}
            ports = {key: server.read()[0] for key, server in servers.items()}
            for kind in self.kinds:
                speed, processors = self.tables(kind)
                for port in ports.values():
                    self.client.requests(port, kind, self.warm_up)
                for order in rotations(list(servers), rounds):
                    for key in order:
                        rate, work = self.window_of(servers[key], ports[key], kind)
                        speed.add(key, rate)
                        processors.add(key, work)

    def measure(self, sets, rounds):
        for i in range(sets):
            say(f'http, {i + 1} of {sets}')
            self.run_set(rounds)

    def print(self):
        self.heading(f'http over {CONNECTIONS} kept connections: requests a second against '
                     "Debian's node")
        for row in self.order:
            self.line(row)
        rates = ', '.join(f'{row} {self.speed[row].median(BASE):.0f} requests a second'
                          for row in self.order)
        print(f"\n  hello: GET, a line; api: POST of 1.4 kB of JSON, a hash, JSON back.\n"
              f"  Debian's node: {rates}.\n"
              f'  The servers used {statistics.median(self.busy) * 100:.0f} % of a processor.\n')


# ---- where two engines survive

def outcome(program):
    process = subprocess.run([program, '-p', '6 * 7'], capture_output=True, text=True, check=False)
    if process.returncode == 0 and process.stdout.strip() == '42':
        return 'works'
    reason = next((line for line in (process.stderr + process.stdout).splitlines()
                   if line.strip(' #') and not line.startswith('# Fatal error')), '')
    return f'{status_text(process.returncode)}: {reason.strip("# ")}'.strip(': ')


def survival(directory):
    print('Where they run at all (node -p "6 * 7" in a host that uses its V8 before and after)')
    for scope, prefix in (('in an RTLD_LOCAL library', ''), ('in the global scope', 'global-')):
        for name, text in (('two-engines', 'two engines'), ('relinked', 'relinked')):
            program = os.path.join(directory, 'host', prefix + name)
            print(f"  {'the host has V8 ' + scope + ', ' + text:<60}{outcome(program)}")
    print()


# ---- all of it

def say(text):
    print(f'bench: {text}', file=sys.stderr, flush=True)


def load():
    return ' '.join(f'{value:.1f}' for value in os.getloadavg())


def processor():
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        names = re.findall(r'^model name\s*:\s*(.*)$', file.read(), re.M)
    return f'{names[0] if names else platform.machine()}, {os.cpu_count()} processors'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('directory')
    parser.add_argument('--quick', action='store_true', help='a third, for a first look')
    options = parser.parse_args()
    directory = os.path.abspath(options.directory)
    subjects = {
        'debian': f'{directory}/debian/node', 'again': f'{directory}/debian/node',
        'relinked': f'{directory}/host/relinked', 'two': f'{directory}/host/two-engines',
        'bare': f'{directory}/host/bare', 'trap': f'{directory}/host/trap',
    }
    sets, rounds, starts = (4, 4, 12) if options.quick else (8, 6, 30)
    before, began = load(), time.monotonic()

    start, programs = Starts(subjects, directory), Programs(subjects)
    with Client(f'{directory}/client/node') as client:
        memory, http = Memory(subjects, client), Http(subjects, client)
        say('start-up')
        start.measure(starts)
        say('memory')
        memory.measure(3 if options.quick else 7)
        http.measure(sets, rounds)
    programs.measure(sets, rounds)

    start.table()
    memory.table()
    programs.print()
    http.print()
    survival(directory)
    print(f'{processor()}; load before and after: {before}, {load()}; '
          f'{(time.monotonic() - began) / 60:.0f} minutes.')
    print(f'Medians of {starts} starts, {sets} x {rounds} rounds.')


try:
    main()
except Failed as failure:
    sys.exit(f'measure.py: {failure}')
