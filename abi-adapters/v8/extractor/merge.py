# SPDX-License-Identifier: MIT
"""The facts of all versions side by side."""

import re

from . import names

CONSTRUCTOR = re.compile(r'([CD])([012])E')


def first_of(values):
    return next(value for value in values if value is not None)


# ---- enumerations

def enumerators(versions):
    """{enum: {enumerator: [value or None for each version]}}; retired names are their old ones."""
    found = {}
    for column, version in enumerate(versions):
        for enum, values in version.enums.items():
            rows = found.setdefault(enum, {})
            for name, value in values.items():
                plain = names.retired(name)
                if plain != name and plain in values:
                    plain = name
                row = rows.setdefault(plain, [None] * len(versions))
                row[column] = (value + 2**31) % 2**32 - 2**31
    return found


def enum_classes(versions):
    """{enum: [number]}: versions with the same number have equal values; an addition is no change."""
    found = {}
    tables = {**enumerators(versions), **index_constants(versions)}
    for enum, rows in tables.items():
        known, number, numbers = {}, 0, []
        for column in range(len(versions)):
            values = {name: row[column] for name, row in rows.items()
                      if row[column] is not None and not names.COUNTERS.search(name)}
            if any(values.get(name) != value for name, value in known.items()):
                known, number = {}, number + (1 if values else 0)
            known.update(values)
            numbers.append(number)
        found[enum] = numbers
    return found


def index_constants(versions):
    """Constants of FunctionCallbackInfo and its like, as if each class's were an enumeration."""
    found = {}
    for name, values in constant_rows(versions):
        for template in names.CONSTANT_CLASSES:
            if name.startswith(names.identifier(template) + '_'):
                found.setdefault(template, {})[name] = values
    return found


# ---- functions

class Row:
    """One line of functions.def."""

    def __init__(self, symbol, count):
        self.symbol = symbol
        self.call = None
        self.declared = self.exported = self.inlined = 0
        self.flags = set()
        self.shapes = [0] * count

    def key(self):
        return self.symbol, self.declared | self.inlined


class Inlined:
    """What a compiler inlines of a record; of fields, those that code in headers of any version uses."""

    def __init__(self, record, touched):
        fields = [field for field in record.fields if field.key in touched]
        parts = [field.text for field in fields] + record.slots
        self.line = '%s %d { %s }' % (record.template, record.size, '; '.join(parts))
        uses = [record.uses] + [field.uses for field in fields]
        self.records = set().union(*(use.records for use in uses))
        self.enums = set().union(*(use.enums for use in uses))
        self.has_virtual = bool(record.slots)
        self.has_callback = any(use.has_callback for use in uses)
        self.has_isolate = any(use.has_isolate for use in uses)
        if record.template in names.CONSTANT_CLASSES:
            self.enums.add(record.template)


def inline_records(versions):
    """For each version, what its records have that is compiled into plugins."""
    touched = {field.key for version in versions for record in version.records.values()
               for field in record.fields if field.touched}
    return [{key: Inlined(record, touched) for key, record in version.records.items()
             if record.known} for version in versions]


def reachable(records, call, owner=True):
    """Keys of all records that a call's types lead to."""
    found, todo = set(), list(call.records | (call.owner if owner else set()))
    while todo:
        key = todo.pop()
        if key not in found and key in records:
            found.add(key)
            todo += records[key].records
    return found


def describe(records, call, column, classes):
    """All that a compiler inlines of a call's types: equal texts, equal shape."""
    enums = set(call.enums)
    lines = set()
    for key in reachable(records, call):
        lines.add(records[key].line)
        enums |= records[key].enums
    lines.update('%s is %d' % (enum, classes[enum][column]) for enum in enums if enum in classes)
    return (call.returns, call.text) + tuple(sorted(lines))


def flags_of(all_records, call, owner=True):
    flags = set()
    records = [all_records[key] for key in reachable(all_records, call, owner)]
    passed = [all_records[key] for key in reachable(all_records, call, False)]
    if call.returns_isolate:
        flags.add('V8_RETURNS_ISOLATE')
    if call.returns == 'M':
        flags.add('V8_RETURNS_MEMORY')
    if call.has_std:
        flags.add('V8_STD')
    if call.has_callback or any(record.has_callback for record in passed):
        flags.add('V8_HAS_CALLBACK')
    if any(record.has_virtual for record in records):
        flags.add('V8_HAS_VIRTUAL')
    if call.has_isolate or any(record.has_isolate for record in records):
        flags.add('V8_HAS_ISOLATE')
    return flags


def is_wanted(symbol, versions):
    """Variants of constructors that no binary has, and inline functions likewise, get no row."""
    if any(symbol in version.exported for version in versions):
        return True
    if not any(symbol in version.declared for version in versions):
        return False
    variant = re.search(r'(C2|D2|D0)E', symbol)
    return not variant or not is_structor(symbol, variant.group(1), versions)


def is_structor(symbol, variant, versions):
    """The same symbol with 1 for 0 or 2 is there as well: this one is a variant, not a type's name."""
    other = symbol[::-1].replace(variant[::-1], '1' + variant[0], 1)[::-1]
    plain = symbol.replace(variant + 'E', variant[0] + '1E', 1)
    return any(name in version.functions for version in versions for name in (other, plain))


def function_rows(versions):
    classes, records = enum_classes(versions), inline_records(versions)
    symbols = set()
    for version in versions:
        symbols |= set(version.functions) | version.data
    rows = []
    for symbol in sorted(symbols):
        if not is_wanted(symbol, versions):
            continue
        if any(symbol in version.data for version in versions):
            rows.append(data_row(symbol, versions))
        else:
            rows += rows_of(symbol, versions, classes, records)
    return rows


def data_row(symbol, versions):
    row = Row(symbol, len(versions))
    row.flags.add('V8_DATA')
    for column, version in enumerate(versions):
        row.declared |= (symbol in version.data) << column
        row.exported |= (symbol in version.exported) << column
    return row


def rows_of(symbol, versions, classes, records):
    """One row, or several where versions disagree about registers."""
    rows, texts = [], {}
    for column, version in enumerate(versions):
        call = version.functions.get(symbol)
        if call is None:
            continue
        row = next((row for row in rows if row.call.machine() == call.machine()), None)
        if row is None:
            row = Row(symbol, len(versions))
            row.call = call
            rows.append(row)
        row.declared |= (symbol in version.declared) << column
        row.inlined |= (symbol not in version.declared) << column
        row.flags |= flags_of(records[column], call)
        text = describe(records[column], call, column, classes)
        row.shapes[column] = texts.setdefault(text, len(texts) + 1)
    for row in rows:
        for column, version in enumerate(versions):
            row.exported |= (symbol in version.exported) << column
    return rows


def hazards(versions, one, other):
    """[(symbol, what only the first has, what only the second has)]"""
    classes, records = enum_classes(versions), inline_records(versions)
    a, b = versions[one], versions[other]
    found = []
    for symbol in sorted(set(a.functions) & set(b.functions)):
        first = describe(records[one], a.functions[symbol], one, classes)
        second = describe(records[other], b.functions[symbol], other, classes)
        if first != second and is_wanted(symbol, versions):
            found.append((symbol, sorted(set(first) - set(second)),
                          sorted(set(second) - set(first))))
    return found


# ---- records, vtables, constants

def record_rows(versions):
    """[(name, sizes, [(field, kind, size, offsets)])]"""
    found = []
    for name in sorted({name for version in versions for name in version.fields}):
        sizes = [version.fields[name][0] if name in version.fields else 0 for version in versions]
        fields = {}
        for column, version in enumerate(versions):
            for field, kind, size, offset in version.fields.get(name, (0, []))[1]:
                apart = kind if kind in ('ARRAY', 'BITS') else ''
                row = fields.setdefault((field, apart, size), [kind, [-1] * len(versions)])
                row[0] = max(row[0], kind, key=KINDS.index)
                row[1][column] = offset
        if any(size > 0 for size in sizes) and fields:
            found.append((name, sizes, unique_fields(fields)))
    return found


# A field that is declared as one kind here and as another there is the one that says more.
KINDS = ('PLAIN', 'BITS', 'ARRAY', 'STD', 'POINTER', 'VTABLE', 'HANDLE', 'OWNED', 'OBJECT',
         'OWNED_OBJECT', 'CALLBACK', 'ISOLATE')


def unique_fields(fields):
    """Two sizes of one name are two fields: the second is called name_SIZE."""
    rows, taken = [], set()
    for (field, _, size), (kind, offsets) in fields.items():
        name = field if field not in taken else '%s_%d' % (field, size)
        taken.add(name)
        rows.append((name, kind, size, offsets))
    return rows


def virtual_rows(versions):
    """[(class, [(key, Call, flags, slots)])]"""
    found = []
    records = inline_records(versions)
    for name in sorted({name for version in versions for name in version.virtuals}):
        methods = {}
        for column, version in enumerate(versions):
            for slot, (key, call, pure) in enumerate(version.virtuals.get(name, [])):
                row = methods.setdefault((key, call.machine()),
                                         [call, set(), [-1] * len(versions)])
                row[1] |= flags_of(records[column], call, False)
                row[1] |= {'V8_PURE'} if pure else set()
                row[2][column] = slot
        rows, taken = [], set()
        for (key, _), (call, flags, slots) in methods.items():
            while key in taken:
                key += '_'
            taken.add(key)
            rows.append((key, call, flags, slots))
        found.append((name, rows))
    return found


def constant_rows(versions):
    found = {}
    for column, version in enumerate(versions):
        for name, value in version.constants.items():
            if -2**31 < value < 2**31:
                found.setdefault(name, [None] * len(versions))[column] = value
    return sorted(found.items())
