# SPDX-License-Identifier: MIT
"""Types: what a compiler knows of them (layout), and how they are passed (System V ABI, x86-64)."""

import re

from . import names
from .clang_index import AccessSpecifier, Kind, Type, library, qualified

POINTERS = (Type.POINTER, Type.LVALUEREFERENCE, Type.RVALUEREFERENCE)
FUNCTIONS = (Type.FUNCTIONPROTO, Type.FUNCTIONNOPROTO)
FLOATS = (Type.FLOAT, Type.DOUBLE)
METHODS = (Kind.CXX_METHOD, Kind.DESTRUCTOR, Kind.CONVERSION_FUNCTION)
ARRAYS = (Type.CONSTANTARRAY, Type.INCOMPLETEARRAY)


def bare(kind):
    """The canonical spelling without const and volatile: the key of a record."""
    return re.sub(r'^(const |volatile )+', '', kind.get_canonical().spelling)


def template_arguments(kind):
    count = kind.get_num_template_arguments()
    found = [kind.get_template_argument_type(i) for i in range(max(count, 0))]
    return [argument for argument in found if argument.kind != Type.INVALID]


def is_isolate(kind):
    return kind.kind == Type.RECORD and qualified(kind.get_declaration()) in names.ISOLATES


# What the compiler calls types that cannot be written.
NAMELESS = re.compile(r'\((unnamed|anonymous|lambda)')


def is_sealed(declaration):
    """No header has code that makes or destroys such an object: not even what is implicit."""
    constructors = 0
    for child in declaration.get_children():
        if child.kind not in (Kind.CONSTRUCTOR, Kind.DESTRUCTOR) or child.is_deleted_method():
            continue
        if child.get_definition() is not None or child.is_default_method():
            return False
        constructors += child.kind == Kind.CONSTRUCTOR
    return constructors > 0


class Uses:
    """What a type leads to, collected while its text is made."""

    def __init__(self):
        self.records = set()
        self.enums = set()
        self.has_callback = False
        self.has_isolate = False


class Field:
    """A field, and whether code that plugins have compiled may use it in this version."""

    def __init__(self, key, text, touched, uses):
        self.key = key            # class and name, the same in all versions
        self.text = text
        self.touched = touched
        self.uses = uses


class Record:
    """What is known of a class."""

    def __init__(self, name):
        self.name = name
        self.template = ''
        self.size = 0
        self.known = False        # it is complete, and has fields or virtual functions
        self.fields = []
        self.slots = []           # texts of the virtual functions
        self.uses = Uses()        # what these lead to


class Layouts:
    """All records of one version. `wanted` collects types that the compiler has to instantiate."""

    def __init__(self):
        self.records = {}
        self.virtuals = {}
        self.touched = set()       # fields that functions in headers name
        self.known_bases = {}
        self.known_opaque = {}
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
        key = bare(kind)
        if key not in self.known_opaque:
            self.known_opaque[key] = self.find_opaque(kind)
        return self.known_opaque[key]

    def find_opaque(self, kind):
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
        key = bare(kind)
        if kind.get_size() < 0 and '<' in key and not NAMELESS.search(key):
            self.wanted.add(key)

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
        record.known = not self.is_opaque(kind)
        record.fields = list(self.fields_of(kind, 0))
        record.slots = ['slot %d %s' % (slot, self.virtual_text(method, record.uses))
                        for slot, method in enumerate(self.virtual_functions(kind))]
        return record

    def bases(self, kind):
        """Types of the base classes; of an instantiation, those of its template that are no template."""
        key = bare(kind)
        if key not in self.known_bases:
            self.known_bases[key] = list(self.find_bases(kind.get_declaration()))
        return self.known_bases[key]

    @staticmethod
    def find_bases(declaration):
        template = library().clang_getSpecializedCursorTemplate(declaration)
        if template is not None and template.kind == Kind.CLASS_TEMPLATE:
            declaration = template
        for child in declaration.get_children():
            if child.kind == Kind.CXX_BASE_SPECIFIER:
                base = child.type.get_canonical()
                if base.kind == Type.RECORD:
                    yield base

    def fields_of(self, kind, offset):
        """Fields, of base classes too."""
        place = offset
        for base in self.bases(kind):
            if not self.is_opaque(base):
                yield from self.fields_of(base, place)
                place += base.get_size() * 8
        template = '<' in bare(kind)
        sealed = not template and is_sealed(kind.get_declaration())
        for field in kind.get_fields():
            uses = Uses()
            name = names.field(field.spelling)
            width = ':%d' % field.get_bitfield_width() if field.is_bitfield() else ''
            text = '%s@%d%s %s' % (name, offset + field.get_field_offsetof(), width,
                                   self.text(field.type, uses))
            pointee = field.type.get_canonical()
            if pointee.kind in POINTERS and is_isolate(pointee.get_pointee().get_canonical()):
                uses.has_isolate = True
            yield Field((qualified(kind.get_declaration()), name), text,
                        template or self.is_touched(field, sealed), uses)

    def is_touched(self, field, sealed):
        """Code that a plugin has compiled may use this field; else only the engine's does."""
        if field.access_specifier != AccessSpecifier.PRIVATE or qualified(field) in self.touched:
            return True
        if sealed:
            return False
        return field.type.get_canonical().kind == Type.RECORD or any(
            child.kind.is_expression() for child in field.get_children())

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
        for base in self.bases(kind):
            slots = slots or list(self.virtual_functions(base)) # the primary base: the first with any
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
