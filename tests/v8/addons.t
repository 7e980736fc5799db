#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real addons, each build of them in each node: see addons.py. What is refused has to be listed in
addons.refused, and what is listed has to be refused."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.environ['abs_top_srcdir'], 'tests/v8'))
import addons  # noqa: E402

ALL = os.environ.get('ENGRAFT_TEST_ALL') == '1'
HOSTS = [18, 20, 22, 24, 25, 26] if ALL else [18, 20, 22, 24]
count = failed = 0


def test(name, problem):
    global count, failed
    count += 1
    failed += bool(problem)
    print(f'{"not ok" if problem else "ok"} {count} - {name}', flush=True)
    for line in str(problem).splitlines() if problem else []:
        print(f'#   {line}')


def skip_all(reason):
    print(f'1..0 # SKIP {reason}')
    sys.exit(0)


def listed(rows, key, cell):
    return [row for row in rows if addons.covers(row, key) and row[3] in cell.detail]


def test_judge():
    """What decides between ok and wrong is tested by itself."""
    one = addons.judge('ok a\nwrong b: why\ndone\n', '', '')
    test('a run that ends is judged by its steps', one.kind != 'done' or
         one.steps != {'a': 'ok', 'b': 'why'})
    test('one that ends early has crashed',
         addons.judge('ok a\n', 'bang', 'SIGSEGV').kind != 'crashed')
    test('one that does not end has crashed', addons.judge('', '', 'no end').kind != 'crashed')
    trap = addons.judge('', 'engraft: trap: v8::F() [_ZF] was called by x', 'SIGABRT')
    test('a trap is a refusal', trap != addons.Result({}, 'refused', 'trap: v8::F()') and trap)


def main():
    if os.environ.get('ENGRAFT_SANITIZERS'):
        skip_all("a sanitizer's run-time cannot be preloaded into node")
    if os.uname().machine != 'x86_64':
        skip_all('adapters between versions are for x86-64')
    rows = addons.read_refused(addons.REFUSED)
    numbers = None if ALL else {addons.HOSTS[host][0] for host in HOSTS}
    try:
        cells, natives, table = addons.measure(
            addons.arguments(['--hosts', ','.join(map(str, HOSTS))] +
                             (['--builds', ','.join(map(str, sorted(numbers)))] if numbers else [])))
    except addons.Unavailable as reason:
        skip_all(reason)
    test_judge()
    for (name, number), result in natives.items():
        bad = [step for step, answer in result.steps.items() if answer != 'ok']
        usual = result.kind == 'done' and len(bad) <= 2 and len(result.steps) >= 5
        test(f'{name} {number} natively', not usual and f'{result.kind} {result.detail} {bad}')
    for key, cell in cells.items():
        name, number, host = key
        what = f'{name} {number} in node {host}'
        if addons.HOST_OF[number] == host or cell.kind in ('ok', 'wrong', 'crashed'):
            test(what, cell.kind != 'ok' and f'{cell.kind}: {cell.detail}')
        else:
            test(f'{what}: refused', not listed(rows, key, cell) and
                 f'not in addons.refused: {cell.detail}')
    for row in rows:
        mine = {key: cell for key, cell in cells.items() if addons.covers(row, key)}
        passed = [key for key, cell in mine.items()
                  if cell.kind == 'ok' and not cell.detail.endswith('*')]
        test(f'addons.refused: {row[0]}: {row[3]}', passed and f'it passes: {passed}')
    for line in table.splitlines():
        print(f'# {line}'[:250])
    print(f'1..{count}')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
