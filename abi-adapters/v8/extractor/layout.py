# SPDX-License-Identifier: MIT
"""Types: what a compiler knows of them (layout), and how they are passed (System V ABI, x86-64)."""

import re

from . import names
from .clang_index import Kind, Type, library, qualified

POINTERS = (Type.POINTER, Type.LVALUEREFERENCE, Type.RVALUEREFERENCE)
FUNCTIONS = (Type.FUNCTIONPROTO, Type.FUNCTIONNOPROTO)
FLOATS = (Type.FLOAT, Type.DOUBLE)
METHODS = (Kind.CXX_METHOD, Kind.DESTRUCTOR, Kind.CONVERSION_FUNCTION)
ARRAYS = (Type.CONSTANTARRAY, Type.INCOMPLETEARRAY)


def bare(kind):
    """The canonical spelling without const and volatile: the key of a record."""
    return re.sub(r'\b(const|volatile) ', '', kind.get_canonical().spelling).strip()


def template_arguments(kind):
    count = kind.get_num_template_arguments()
    found = [kind.get_template_argument_type(i) for i in range(max(count, 0))]
    return [argument for argument in found if argument.kind != Type.INVALID]


def is_isolate(kind):
    return kind.kind == Type.RECORD and qualified(kind.get_declaration()) in names.ISOLATES


class Record:
    """What is known of a class: `line` is the part that a compiler inlines, the rest is reachable."""

    def __init__(self, name):
        self.name = name
        self.template = ''
        self.size = 0
        self.line = ''
        self.records = set()      # records that its fields and virtual functions name
        self.enums = set()
        self.has_virtual = False
        self.has_callback = False
        self.has_isolate = False


class Uses:
    """What a type leads to, collected while its text is made."""

    def __init__(self):
        self.records = set()
        self.enums = set()
        self.has_callback = False
        self.has_isolate = False


class Layouts:
    """All records of one version. `wanted` collects types that the compiler has to instantiate."""

    def __init__(self):
        self.records = {}
        self.virtuals = {}
        self.wanted = set()
        self.by_value = set()
        self.trivial = {}
        self.enums = {}

    # ---- texts

    def text(self, kind, uses, result=False):
        """A text that is equal for equal types; `uses` gets what is reachable."""
        kind = kind.get_canonical()
        if kind.kind in POINTERS:
            return self.pointer_text(kind.get_pointee().get_canonical(), uses, result)
        if kind.kind in FUNCTIONS:
            uses.has_callback = True
            return 'F(%s;%s)' % (self.text(kind.get_result(), uses, True),
                                 ','.join(self.text(a, uses) for a in kind.argument_types()))
        if kind.kind in ARRAYS:
            return 'A%d(%s)' % (kind.get_array_size(), self.text(kind.get_array_element_type(), uses))
        if kind.kind == Type.MEMBERPOINTER:
            return 'M%d' % kind.get_size()
        if kind.kind == Type.ENUM:
            name = qualified(kind.get_declaration())
            self.note_enum(name, kind)
            uses.enums.add(name)
            return 'E%d' % kind.get_size()
        if kind.kind == Type.RECORD:
            return self.record_text(kind, uses)
        return '%s%d' % (kind.kind.name.lower(), max(kind.get_size(), 0))

    def pointer_text(self, pointee, uses, result):
        if is_isolate(pointee):
            return 'Isolate*'
        if pointee.kind in POINTERS and is_isolate(pointee.get_pointee().get_canonical()):
            uses.has_isolate = True
        inner = self.text(pointee, uses)
        # What a pointer to an opaque class is called does not matter to who receives it.
        if result and (inner.startswith('O:') or '(' not in inner and not inner.startswith('R:')):
            return 'P'
        return 'P(%s)' % inner

    def record_text(self, kind, uses):
        declaration = kind.get_declaration()
        name = qualified(declaration)
        if name in names.HANDLES:
            return 'H'
        if name.startswith('std::') or name.startswith('__gnu'):
            if name == 'std::function':
                uses.has_callback = True
            inner = [self.text(a, uses) for a in template_arguments(kind)
                     if not re.match(r'std::(allocator|default_delete|char_traits|less|hash|equal_to)',
                                     bare(a))]
            self.want(kind)
            return 'S:%s%d<%s>' % (name, max(kind.get_size(), 0), ','.join(inner))
        record = self.record(kind)
        if self.is_opaque(kind):
            return 'O:' + record.template
        uses.records.add(record.name)
        return 'R:' + record.template

    def is_opaque(self, kind):
        """A class that compilers know nothing of: incomplete, or without fields and vtable."""
        if kind.get_size() < 0:
            return True
        if next(iter(kind.get_fields()), None) is not None or self.virtual_functions(kind):
            return False
        return all(self.is_opaque(base) for base in self.bases(kind))

    def note_enum(self, name, kind):
        if name in self.enums:
            return
        self.enums[name] = {child.spelling: child.enum_value
                            for child in kind.get_declaration().get_children()
                            if child.kind == Kind.ENUM_CONSTANT_DECL}

    def want(self, kind):
        """Has a template instantiated by the next translation unit if it is not yet."""
        if kind.get_size() < 0 and '<' in kind.spelling and '(' not in bare(kind).split('<')[0]:
            self.wanted.add(bare(kind))

    # ---- records

    def record(self, kind):
        """The record of a type; known before it is complete, as records name each other."""
        key = bare(kind)
        if key in self.records:
            return self.records[key]
        self.want(kind)
        record = self.records[key] = Record(key)
        record.template = qualified(kind.get_declaration())
        if kind.get_size() < 0:
            return record
        record.size = kind.get_size()
        uses = Uses()
        own = [self.text(field.type, uses) for field in kind.get_fields()]
        bases = self.bases(kind)
        virtuals = self.virtual_functions(kind)
        inherited = [self.record(base) for base in bases]
        record.has_virtual = bool(virtuals)
        lines = []
        for base, base_kind in zip(inherited, bases):
            if not self.is_opaque(base_kind):
                lines.append('base R:' + base.template)
                uses.records.add(base.name)
        for field, text in zip(kind.get_fields(), own):
            width = field.get_bitfield_width() if field.is_bitfield() else -1
            lines.append('%s@%d:%d %s' % (names.field(field.spelling),
                                          field.get_field_offsetof(), width, text))
            pointee = field.type.get_canonical()
            if pointee.kind in POINTERS and is_isolate(pointee.get_pointee().get_canonical()):
                uses.has_isolate = True
        for slot, method in enumerate(virtuals):
            lines.append('slot %d %s' % (slot, self.virtual_text(method, uses)))
        if lines:
            record.line = '%s %d { %s }' % (record.template, record.size, '; '.join(lines))
        record.records, record.enums = uses.records, uses.enums
        record.has_callback, record.has_isolate = uses.has_callback, uses.has_isolate
        return record

    def bases(self, kind):
        """Types of the base classes; of an instantiation, those of its template that are no template."""
        declaration = kind.get_declaration()
        template = library().clang_getSpecializedCursorTemplate(declaration)
        cursor = template if template is not None and template.kind == Kind.CLASS_TEMPLATE else declaration
        found = []
        for child in cursor.get_children():
            if child.kind == Kind.CXX_BASE_SPECIFIER:
                base = child.type.get_canonical()
                if base.kind == Type.RECORD:
                    found.append(base)
        return found

    def virtual_text(self, method, uses):
        if method.kind == Kind.DESTRUCTOR:
            return '~'
        result = self.text(method.result_type, uses, True)
        return '%s(%s)%s' % (method.spelling, ','.join(
            self.text(a, uses) for a in method.type.argument_types()), result)

    # ---- virtual functions

    def virtual_functions(self, kind):
        """The functions of a class's vtable in order; a destructor is there twice."""
        key = bare(kind)
        if key in self.virtuals:
            return self.virtuals[key]
        slots = []
        for number, base in enumerate(self.bases(kind)):
            inherited = self.virtual_functions(base)
            if number == 0:
                slots = list(inherited)
        for child in kind.get_declaration().get_children():
            if child.kind not in METHODS:
                continue
            signature = self.signature(child)
            places = [i for i, m in enumerate(slots) if self.signature(m) == signature]
            if places:
                for place in places:
                    slots[place] = child
            elif child.is_virtual_method():
                slots += [child, child] if child.kind == Kind.DESTRUCTOR else [child]
        self.virtuals[key] = slots
        return slots

    @staticmethod
    def signature(method):
        if method.kind == Kind.DESTRUCTOR:
            return '~'
        return '%s(%s)%s' % (method.spelling, ','.join(
            a.get_canonical().spelling for a in method.type.argument_types()),
            ' const' if method.is_const_method() else '')

    # ---- how values are passed

    def is_trivial(self, kind):
        """A class that is passed in registers if it is small: the compiler's word, once it is asked."""
        key = bare(kind)
        self.by_value.add(key)
        return self.trivial.get(key, True)

    def leaves(self, kind, offset=0):
        """(offset in bytes, is it a float) of all scalars of a record."""
        kind = kind.get_canonical()
        if kind.kind in ARRAYS:
            element = kind.get_array_element_type()
            size = max(element.get_size(), 1)
            for i in range(min(kind.get_array_size(), 16)):
                yield from self.leaves(element, offset + i * size)
        elif kind.kind == Type.RECORD:
            for base in self.bases(kind):
                yield from self.leaves(base, offset)
            for field in kind.get_fields():
                yield from self.leaves(field.type, offset + field.get_field_offsetof() // 8)
        else:
            yield offset, kind.kind in FLOATS

    def words(self, kind):
        """The classes of a value: a list of 'I' and 'F', one for each register; None: memory."""
        kind = kind.get_canonical()
        if kind.kind in POINTERS:
            return ['I'] # libclang's size of a reference is that of what it refers to
        size = kind.get_size()
        if kind.kind in FLOATS:
            return ['F']
        if kind.kind == Type.LONGDOUBLE:
            return None
        if kind.kind != Type.RECORD:
            return ['I'] if size <= 8 else ['I', 'I']
        if size > 16:
            return None
        leaves = list(self.leaves(kind))
        name = qualified(kind.get_declaration())
        if not leaves and size <= 1 and not name.startswith('std::'):
            return []
        found = []
        for word in range((max(size, 1) + 7) // 8):
            inside = [is_float for offset, is_float in leaves if offset // 8 == word]
            found.append('F' if inside and all(inside) else 'I')
        return found
