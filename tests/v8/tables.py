#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the tables of docs/V8-COMPATIBILITY.md, all of what stands behind the line that begins them.

Runs the probe on every pair of versions (matrix.py) and the real addons in every node (addons.py),
and asks the adapters what becomes of each function (tests/v8/decisions). What was measured before can
be given with --matrix and --addons, the files that --json of those two writes.
"""

import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
BUILD = pathlib.Path(os.environ.get('ENGRAFT_BUILD') or os.environ.get('abs_top_builddir') or
                     TOP / 'build')
BEGIN = '<!-- from here on written by: tests/v8/tables.py -->'
STATES = ('passed', 'refused', 'wrong', 'crashed')


def key(version):
    return tuple(int(part) for part in version.split('.'))


def markdown(header, rows):
    lines = ['| ' + ' | '.join(map(str, header)) + ' |', '|' + ' --- |' * len(header)]
    lines += ['| ' + ' | '.join(str(cell).replace('|', '\\|') for cell in row) + ' |' for row in rows]
    return '\n'.join(lines) + '\n'


def measure(script, *arguments):
    """The JSON of matrix.py or addons.py; None when it cannot be had here."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, 'json')
        process = subprocess.run([sys.executable, HERE / script, '--engraft', BUILD / 'engraft',
                                  '--json', path, *arguments], stdout=sys.stderr,
                                 env={**os.environ, 'abs_top_builddir': str(BUILD)})
        if process.returncode == 77 or not path.exists():
            sys.exit(f'tables: {script} ended with {process.returncode} and without results')
        return json.loads(path.read_text())


# ---- the probe


def matrix_tables(cells):
    counts = {(cell['plugin'], cell['host']):
              collections.Counter(case['state'] for case in cell['cases'].values()) for cell in cells}
    plugins = sorted({plugin for plugin, _ in counts}, key=key)
    hosts = sorted({host for _, host in counts}, key=key)

    def text(plugin, host):
        count = counts.get((plugin, host))
        if not count:
            return ''
        others = ', '.join(f'{count[state]} {state}' for state in STATES[1:] if count[state])
        return f'{count["passed"]}/{sum(count.values())}' + (f' ({others})' if others else '')

    total = sum(counts.values(), collections.Counter())
    yield '## The probe\n\nCases of `tests/v8/probe`, compiled for the version of the row, that passed ' \
          'of those tried on the host of the column; what is left was refused with a reason, wrong, ' \
          'or crashed. On its own version a probe runs without engraft.\n\n'
    yield markdown(['plugin \\ host', *hosts],
                   [[plugin, *(text(plugin, host) for host in hosts)] for plugin in plugins])
    yield '\nAll cells: ' + ', '.join(f'{total[state]} {state}' for state in STATES) + '.\n'
    yield from refused_table(cells)


def refused_table(cells):
    places = collections.defaultdict(list)
    for cell in cells:
        for name, case in cell['cases'].items():
            if case['state'] != 'passed':
                places[name, case['state'], reason_of(case['text'])].append(
                    f'{cell["plugin"]} on {cell["host"]}')
    if places:
        yield '\n' + markdown(['case', '', 'why', 'where'],
                              [[name, state, why, ', '.join(where)]
                               for (name, state, why), where in sorted(places.items())])


def reason_of(text):
    """The function that was refused, without its symbol and whose file called it."""
    return ' '.join(text.split()).partition(' was called by ')[0].partition(' [_Z')[0][:160]


# ---- real addons


def addons_tables(cells):
    yield '\n## Real addons\n\nEach build of the published packages, unmodified, in each node, through ' \
          'the functions that the package documents: steps that gave what the native build gives.\n'
    for addon in sorted({cell['addon'] for cell in cells}):
        of_addon = {(cell['build'], cell['host']): cell for cell in cells if cell['addon'] == addon}
        builds = sorted({build for build, _ in of_addon})
        hosts = sorted({host for _, host in of_addon})
        yield f'\n### {addon}\n\n'
        yield markdown(['module version \\ node', *hosts],
                       [[build, *(addon_text(of_addon.get((build, host))) for host in hosts)]
                        for build in builds])
        others = [cell for cell in of_addon.values() if cell['kind'] != 'ok']
        if others:
            yield '\n' + markdown(['build', 'node', '', 'why'],
                                  [[cell['build'], cell['host'], cell['kind'],
                                    reason_of(str(cell['detail']))] for cell in others])
    count = collections.Counter(cell['kind'] for cell in cells)
    yield '\nAll pairs: ' + ', '.join(f'{number} {kind}' for kind, number in sorted(count.items())) + '.\n'


def addon_text(cell):
    if not cell:
        return ''
    return f'ok {cell["detail"]}' if cell['kind'] == 'ok' else cell['kind']


# ---- the functions


def demangle(symbols):
    process = subprocess.run(['c++filt'], input='\n'.join(symbols), stdout=subprocess.PIPE, text=True,
                             check=True)
    return dict(zip(symbols, process.stdout.splitlines()))


def decisions_of(program):
    output = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [line.split('\t') for line in output.splitlines()]


def functions_tables(decisions):
    versions = sorted({row[1] for row in decisions}, key=key)
    counts = collections.Counter((plugin, host, kind) for _, plugin, host, kind, _ in decisions)

    def text(plugin, host):
        if plugin == host:
            return ''
        return '/'.join(str(number) for number in (
            counts[plugin, host, 'direct'] + counts[plugin, host, 'renamed'],
            counts[plugin, host, 'adapted'], counts[plugin, host, 'fallback'],
            counts[plugin, host, 'trap'] + counts[plugin, host, 'missing data']))

    yield '\n## Functions\n\nOf all functions and data that the headers of the row\'s version declare ' \
          'and its binary exports: the host\'s own / adapted / fallback / trap. Most traps are ' \
          'functions that no addon can sensibly call there (cppgc, snapshots of another version, ' \
          'functions that V8 removed).\n\n'
    yield markdown(['plugin \\ host', *versions],
                   [[plugin, *(text(plugin, host) for host in versions)] for plugin in versions])
    yield from kind_table('fallback', '### Fallbacks\n\nThe function works, and does less than the '
                          'plugin\'s version did.\n\n', decisions)
    yield from kind_table('trap', '### Traps\n\nA call ends the process with this reason (or returns 0, '
                          'with `ENGRAFT_TRAP=return`).\n\n', decisions)


def ranges(some, versions):
    """"10.2-11.3, 12.9" of the versions that follow each other in the table."""
    runs = []
    for index in sorted(versions.index(version) for version in some):
        if runs and runs[-1][1] == index - 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ', '.join(versions[first] if first == last else f'{versions[first]}-{versions[last]}'
                     for first, last in runs)


def kind_table(kind, text, decisions):
    versions = sorted({row[1] for row in decisions}, key=key)
    places = collections.defaultdict(lambda: collections.defaultdict(list))
    for symbol, plugin, host, of_kind, note in decisions:
        if of_kind == kind:
            places[symbol, note][plugin].append(host)
    names = demangle(sorted({symbol for symbol, _ in places}))
    rows = collections.defaultdict(set)
    for (symbol, note), of_plugin in places.items():
        by_hosts = collections.defaultdict(list)
        for plugin, hosts in of_plugin.items():
            others = len(hosts) == len(versions) - 1
            by_hosts['all others' if others else ranges(hosts, versions)].append(plugin)
        where = '; '.join(f'{ranges(plugins, versions)} on {hosts}'
                          for hosts, plugins in by_hosts.items())
        rows[note, where].add(names[symbol].split('(')[0])
    yield '\n' + text + f'<details><summary>{len(names)} functions</summary>\n\n' + markdown(
        ['functions', 'what', 'plugin on host'],
        [[', '.join(f'`{name}`' for name in sorted(of_row)), note, where]
         for (note, where), of_row in sorted(rows.items())]) + '\n</details>\n'


# ---- the document


def replace(path, tables):
    before, found, _ = path.read_text().partition(BEGIN)
    if not found:
        sys.exit(f'tables: {path} has no line {BEGIN}')
    path.write_text(before + BEGIN + '\n\n' + tables)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--matrix', metavar='FILE', help='instead of running matrix.py')
    parser.add_argument('--addons', metavar='FILE', help='instead of running addons.py')
    parser.add_argument('--decisions', metavar='PROGRAM', default=BUILD / 'tests/v8/decisions')
    parser.add_argument('--write', metavar='DOCUMENT', type=pathlib.Path,
                        help='into this document, behind its line; else printed')
    options = parser.parse_args()
    matrix, addons = (json.loads(pathlib.Path(path).read_text()) if path else measure(script)
                      for path, script in ((options.matrix, 'matrix.py'), (options.addons, 'addons.py')))
    tables = ''.join([*matrix_tables(matrix['cells']), *addons_tables(addons),
                      *functions_tables(decisions_of(options.decisions))])
    if options.write:
        replace(options.write, tables)
    else:
        print(tables, end='')


if __name__ == '__main__':
    main()
