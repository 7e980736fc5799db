#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random sequences of V8 calls, native and adapted side by side, as TAP: what they say is the same.

All pairs of 10.2, 11.3, 12.4 and 13.6 when ENGRAFT_TEST_ALL is set. That sequences.py notices what
it has to notice is tested always.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import sequences  # noqa: E402

SEEDS = 15
GC = ['--node-option=--gc-interval=60', '--node-option=--stress-compaction']
GC_PAIRS = ['10.2:13.6', '13.6:10.2', '11.3:12.4']
count = failed = 0


def test(name, problems):
    global count, failed
    count += 1
    print(f'{"not " if problems else ""}ok {count} - {name}')
    for problem in problems[:40]:
        print('#  ', problem.replace('\n', '\n#   '))
    failed += bool(problems)
    sys.stdout.flush()


def log(*lines, end=None):
    ret_log = sequences.Log()
    ret_log.lines, ret_log.end = list(lines), end
    return ret_log


def test_compare():
    crash = ('crashed', 'SIGSEGV')
    for name, native, adapted, expected in [
            ('the same is equal', log('a', 'b'), log('a', 'b'), 'equal'),
            ('another line is different', log('a', 'b'), log('a', 'c'), 'different'),
            ('a missing line is different', log('a', 'b'), log('a'), 'different'),
            ('a crash is one', log('a', 'b'), log('a', end=crash), 'crashed'),
            ('a trap stops', log('a', 'b'), log('a', end=('stopped', 'f')), 'stopped'),
            ('a line before a crash counts first', log('a', 'b'), log('c', end=crash), 'different'),
            ('what crashes natively is compared until there', log('a', end=crash),
             log('a', end=crash), 'ended'),
            ('a crash before the native one is a crash', log('a', 'b', end=crash),
             log('a', end=crash), 'crashed')]:
        state = sequences.compare(native, adapted)[0]
        test(name, [] if state == expected else [f'{state}, not {expected}'])


def test_pairs(name, pairs, arguments):
    options = sequences.parse(arguments)
    results = sequences.run_pairs(options, [tuple(pair.split(':')) for pair in pairs])
    for (plugin, host), seeds in results.items():
        states = [state for state, _ in seeds.values()]
        bad = [f'seed {seed}: {state}: {text}' for seed, (state, text) in seeds.items()
               if state in ('different', 'crashed')]
        # Where most sequences end early nothing is compared.
        if states.count('equal') * 2 < len(states):
            bad += [f'{states.count("equal")} of {len(states)} only were compared to their ends: ' +
                    next(text for state, text in seeds.values() if state != 'equal')]
        told = ', '.join(f'{states.count(state)} {state}' for state in sequences.STATES
                         if states.count(state))
        test(f'{plugin} on {host}{name}: {told}', bad)


def main():
    test_compare()
    if not os.environ.get('ENGRAFT_TEST_ALL'):
        print(f'ok {count + 1} - sequences # SKIP run with ENGRAFT_TEST_ALL=1 (some minutes)')
        print(f'1..{count + 1}')
        return failed > 0
    try:
        test_pairs('', sequences.PAIRS, [f'--seeds={SEEDS}'])
        test_pairs(', collecting', GC_PAIRS, ['--seeds=4', '--first=100', *GC])
    except sequences.matrix.Unavailable as reason:
        print(f'ok {count + 1} - sequences # SKIP {reason}\n1..{count + 1}')
        return failed > 0
    print(f'1..{count}')
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
