# SPDX-License-Identifier: MIT
"""Records as lists of leaves: what a repack copies one by one."""

from . import names
from .clang_index import Type, qualified, library
from .layout import ARRAYS, FUNCTIONS, POINTERS, is_isolate, template_arguments

SMART_POINTERS = ('std::unique_ptr', 'std::shared_ptr', 'std::weak_ptr')


def fields_of(layouts, kind):
    """[(name, kind, size, offset)] in order; nested records are flattened."""
    return [leaf for leaf in leaves(layouts, kind.get_canonical(), '', 0) if leaf[2]]


def leaves(layouts, kind, prefix, offset):
    own_table = bool(layouts.virtual_functions(kind))
    place = offset
    for base in layouts.bases(kind):
        inner = list(leaves(layouts, base, prefix, place)) if base.get_size() > 0 else []
        if inner:
            own_table = own_table and not layouts.virtual_functions(base)
            yield from inner
            place += base.get_size()
    if own_table:
        yield prefix + 'vtable', 'VTABLE', 8, offset
    for field in kind.get_fields():
        yield from field_leaves(layouts, field, prefix, offset)


def field_leaves(layouts, field, prefix, offset):
    name = prefix + (names.field(field.spelling) if field.spelling else '')
    bits = field.get_field_offsetof()
    if field.is_bitfield():
        yield name, 'BITS', field.get_bitfield_width(), offset * 8 + bits
        return
    place = offset + bits // 8
    kind = field.type.get_canonical()
    if kind.kind == Type.RECORD and library().clang_Cursor_isAnonymous(kind.get_declaration()):
        for inner in kind.get_fields():
            yield from field_leaves(layouts, inner, prefix, place)
        return
    if kind.kind == Type.RECORD and not is_leaf(kind):
        inner = list(leaves(layouts, kind, name + '_', place))
        if inner:
            yield from inner
            return
    size = 8 if kind.kind in POINTERS else max(kind.get_size(), 0)
    yield name, leaf_kind(layouts, kind), size, place


def is_leaf(kind):
    name = qualified(kind.get_declaration())
    return name in names.HANDLES or name.startswith('std::')


def leaf_kind(layouts, kind):
    if kind.kind in POINTERS:
        return pointer_kind(layouts, kind.get_pointee().get_canonical())
    if kind.kind in ARRAYS:
        return 'ARRAY'
    if kind.kind != Type.RECORD:
        return 'PLAIN'
    name = qualified(kind.get_declaration())
    if name in names.HANDLES:
        return 'HANDLE'
    if name in SMART_POINTERS:
        arguments = template_arguments(kind)
        inner = pointer_kind(layouts, arguments[0].get_canonical()) if arguments else 'POINTER'
        return {'OBJECT': 'OWNED_OBJECT'}.get(inner, 'OWNED')
    return 'STD' if name.startswith('std::') else 'PLAIN'


def pointer_kind(layouts, pointee):
    if is_isolate(pointee):
        return 'ISOLATE'
    if pointee.kind in FUNCTIONS:
        return 'CALLBACK'
    if pointee.kind == Type.RECORD and layouts.virtual_functions(pointee):
        return 'OBJECT'
    return 'POINTER'
