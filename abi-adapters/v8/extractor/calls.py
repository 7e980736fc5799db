# SPDX-License-Identifier: MIT
"""Calls: which argument register holds what."""

import re

from .clang_index import Kind, Type, qualified
from .layout import POINTERS, Uses, bare, is_isolate

INTEGER_REGISTERS = 6
FLOAT_REGISTERS = 8


def holds_isolate(kind):
    kind = kind.get_canonical()
    return kind.kind in POINTERS and is_isolate(kind.get_pointee().get_canonical())


class Call:
    """Facts of one function in one version."""

    def __init__(self):
        self.registers = 0
        self.floats = 0
        self.stack = 0
        self.isolates = 0
        self.stack_isolates = 0
        self.returns = ''          # machine class of the result
        self.returns_isolate = False
        self.has_isolate = False   # inside of what is passed, or by reference
        self.has_callback = False
        self.has_std = False       # std:: in the types of parameters, thus in the symbol
        self.text = ''
        self.records = set()
        self.enums = set()
        self.owner = set()         # the record of `this`

    def machine(self):
        """What two versions must agree upon to be one row."""
        return (self.registers, self.stack, self.isolates, self.stack_isolates, self.returns,
                self.returns_isolate)

    def put(self, words, isolate=False):
        """One argument: a list of classes, or None for one in memory (then `stack` is the caller's)."""
        integers, floats = words.count('I'), words.count('F')
        if self.registers + integers > INTEGER_REGISTERS or self.floats + floats > FLOAT_REGISTERS:
            if isolate:
                self.stack_isolates |= 1 << self.stack
            self.stack += len(words)
            return
        if isolate:
            self.isolates |= 1 << self.registers
        self.registers += integers
        self.floats += floats


def call_of(layouts, function):
    """The facts of a function's declaration."""
    call = Call()
    uses = Uses()
    kind = function.type.get_canonical()
    result = kind.get_result().get_canonical()
    member = function.kind in (Kind.CXX_METHOD, Kind.CONSTRUCTOR, Kind.DESTRUCTOR,
                               Kind.CONVERSION_FUNCTION) and not function.is_static_method()
    structor = function.kind in (Kind.CONSTRUCTOR, Kind.DESTRUCTOR)
    if not structor:
        return_value(layouts, call, result)
    text = 'v' if structor else layouts.text(result, uses, True)
    if member:
        owner = function.semantic_parent
        call.put(['I'], qualified(owner) in ('v8::Isolate', 'v8::internal::Isolate'))
        owner_uses = Uses()
        text += ' this ' + layouts.record_text(owner.type, owner_uses)
        call.owner = owner_uses.records
    for argument in kind.argument_types():
        argument_text = layouts.text(argument, uses)
        text += ',' + argument_text
        call.has_std |= 'S:' in argument_text
        parameter(layouts, call, argument.get_canonical())
    if kind.kind == Type.FUNCTIONPROTO and kind.is_function_variadic():
        text += ',...'
    call.text = text
    call.records, call.enums = uses.records, uses.enums
    call.has_callback, call.has_isolate = uses.has_callback, uses.has_isolate
    return call


def return_value(layouts, call, result):
    if result.kind == Type.VOID:
        call.returns = 'V'
        return
    words = layouts.words(result)
    if result.kind == Type.RECORD:
        layouts.want(result)
        if not layouts.is_trivial(result):
            words = None
    if words is None:
        call.returns = 'M'
        call.put(['I'])
        return
    call.returns = ''.join(words)
    call.returns_isolate = holds_isolate(result)


def parameter(layouts, call, kind):
    if kind.kind == Type.RECORD:
        layouts.want(kind)
        if not layouts.is_trivial(kind):
            call.put(['I'])
            return
        words = layouts.words(kind)
        if words is None:
            call.stack += (kind.get_size() + 7) // 8
            return
        call.put(words)
        return
    words = layouts.words(kind)
    if words is None:
        call.stack += (kind.get_size() + 7) // 8
    else:
        call.put(words, holds_isolate(kind))


def signature_key(function):
    """A C identifier for a virtual function: its name, and the types of its parameters."""
    if function.kind == Kind.DESTRUCTOR:
        return 'destroy'
    parts = [function.spelling] + [parameter_key(a) for a in function.type.argument_types()]
    return re.sub(r'\W+', '_', '_'.join(parts))


def parameter_key(kind):
    kind = kind.get_canonical()
    mark = ''
    while kind.kind in POINTERS:
        mark += 'P'
        kind = kind.get_pointee().get_canonical()
    name = bare(kind)
    name = re.sub(r'\bstd::|\bv8::|, std::(allocator|default_delete)<[^<>]*(<[^<>]*>)?[^<>]*>', '', name)
    name = re.sub(r'__cxx11::basic_string<char.*?>', 'string', name)
    return mark + re.sub(r'\W+', '_', name).strip('_')
