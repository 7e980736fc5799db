# SPDX-License-Identifier: MIT
"""The data files: one row a line, so that C may number strings by __LINE__."""

from . import merge, names

HEAD = '''/* SPDX-License-Identifier: MIT */
/* Printed by abi-adapters/v8/extract; do not edit. Columns:
 * %s.
%s */
'''

ABOUT = {
    'functions': ''' *
 * FUNCTION("symbol", declared, exported, inline, isolates, stack isolates, registers, stack, flags,
 * SHAPE(one for each version)): masks of versions whose headers declare it without a body, whose
 * binary exports it, and whose headers have a body; a mask of the integer argument registers, and one
 * of the words of arguments on the stack, that hold an Isolate *; how many registers and words there
 * are; equal shapes: equal layouts of all types that the signature leads to, 0: not in the headers.
''',
    'functions-index': ''' *
 * INDEX(row + 1, ...): where v8_function_find() looks first, by the hash of the symbol.
''',
    'constants': ''' *
 * CONSTANT(name, value in each version): what functions in headers have compiled in.
''',
    'records': ''' *
 * RECORD(name, size in each version), 0: not there; then its leaves, nested records flattened:
 * FIELD(record, name, kind, size, offset in each version), -1: not there. BITS: all in bits.
''',
    'enums': ''' *
 * ENUM(name), then ENUMERATOR(enum, name, value in each version); kOBSOLETE_Name is kName.
''',
    'vtables': ''' *
 * CLASS(name), then VIRTUAL(class, function, isolates, stack isolates, registers, stack, flags, slot
 * in each version), -1: not there. The destructor has two slots.
''',
}


def numbers(values):
    return ', '.join('V8_NONE' if value is None else str(value) for value in values)


def flags_text(flags):
    return ' | '.join(sorted(flags)) or '0'


def machine_text(call):
    return '0x%02x, 0x%02x, %d, %d' % (call.isolates, call.stack_isolates, call.registers, call.stack)


def functions(rows):
    lines = []
    for row in rows:
        machine = machine_text(row.call) if row.call else '0x00, 0x00, 0, 0'
        lines.append('FUNCTION("%s", 0x%03x, 0x%03x, 0x%03x, %s, %s, SHAPE(%s))' % (
            row.symbol, row.declared, row.exported, row.inlined, machine, flags_text(row.flags),
            numbers(row.shapes)))
    return lines


def hash_of(symbol):
    """The hash of data.c."""
    value, text = 0, symbol.encode()
    for i in range(0, len(text), 8):
        value ^= int.from_bytes(text[i:i + 8], 'little')
        value = value * 0x9e3779b97f4a7c15 % 2**64
        value ^= value >> 29
    return value >> 32


def function_index(rows):
    """An open hash table, at most half full."""
    size = 1
    while size < 2 * len(rows):
        size *= 2
    table = [0] * size
    for number, row in enumerate(rows):
        if number and rows[number - 1].symbol == row.symbol:
            continue
        place = hash_of(row.symbol) % size
        while table[place]:
            place = (place + 1) % size
        table[place] = number + 1
    return ['INDEX(%s)' % ', '.join(map(str, table[i:i + 16])) for i in range(0, size, 16)]


def constants(versions):
    return ['CONSTANT(%s, %s)' % (name, numbers(values))
            for name, values in merge.constant_rows(versions)]


def records(versions):
    lines = []
    for name, sizes, fields in merge.record_rows(versions):
        name = names.identifier(name)
        lines.append('RECORD(%s, %s)' % (name, numbers(max(size, 0) for size in sizes)))
        lines += ['FIELD(%s, %s, %s, %d, %s)' % (name, field, kind, size, numbers(offsets))
                  for field, kind, size, offsets in fields]
    return lines


def enums(versions):
    lines = []
    for name, rows in sorted(merge.enumerators(versions).items()):
        if '::internal::' in name or not name.startswith(('v8::', 'node::')):
            continue
        name = names.identifier(name)
        lines.append('ENUM(%s)' % name)
        lines += ['ENUMERATOR(%s, %s, %s)' % (name, enumerator, numbers(values))
                  for enumerator, values in rows.items()]
    return lines


def vtables(versions):
    lines = []
    for name, rows in merge.virtual_rows(versions):
        name = names.identifier(name)
        lines.append('CLASS(%s)' % name)
        lines += ['VIRTUAL(%s, %s, %s, %s, %s)' % (name, key, machine_text(call), flags_text(flags),
                                                  numbers(slots))
                  for key, call, flags, slots in rows]
    return lines


def files(versions, labels):
    """{file name: text}"""
    rows = merge.function_rows(versions)
    tables = {
        'functions': functions(rows),
        'functions-index': function_index(rows),
        'constants': constants(versions),
        'records': records(versions),
        'enums': enums(versions),
        'vtables': vtables(versions),
    }
    columns = ', '.join(labels)
    return {name + '.def': HEAD % (columns, ABOUT[name].rstrip('\n')) + '\n'.join(lines) + '\n'
            for name, lines in tables.items()}
