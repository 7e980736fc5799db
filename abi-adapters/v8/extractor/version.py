# SPDX-License-Identifier: MIT
"""All facts of one version, read from its headers and its binary, as plain data."""

import re
import subprocess

from . import clang_index, names
from .calls import call_of, signature_key
from .clang_index import Kind, Type, qualified
from .fields import fields_of
from .layout import NAMELESS, Layouts, bare

SCOPES = (Kind.NAMESPACE, Kind.LINKAGE_SPEC, Kind.UNEXPOSED_DECL)
CLASSES = (Kind.CLASS_DECL, Kind.STRUCT_DECL, Kind.UNION_DECL)
TEMPLATES = (Kind.CLASS_TEMPLATE, Kind.CLASS_TEMPLATE_PARTIAL_SPECIALIZATION)
CALLABLE = (Kind.FUNCTION_DECL, Kind.CXX_METHOD, Kind.CONSTRUCTOR, Kind.DESTRUCTOR,
            Kind.CONVERSION_FUNCTION)
INTEGERS = (Type.BOOL, Type.CHAR_S, Type.CHAR_U, Type.SCHAR, Type.UCHAR, Type.SHORT, Type.USHORT,
            Type.INT, Type.UINT, Type.LONG, Type.ULONG, Type.LONGLONG, Type.ULONGLONG, Type.ENUM)


class Version:
    """What the others merge. Everything in it can be pickled."""

    def __init__(self):
        self.functions = {}   # symbol -> Call
        self.declared = set() # symbols without an inline body
        self.inlined = set()  # symbols with one
        self.data = set()     # symbols of variables
        self.exported = set()
        self.records = {}     # key -> Record
        self.fields = {}      # record's name -> (size, [(name, kind, size, offset)])
        self.enums = {}       # name -> {enumerator: value}
        self.virtuals = {}    # class -> [(key, Call, pure)]
        self.constants = {}


def touched_by(function):
    for node in function.walk_preorder():
        if node.kind in (Kind.MEMBER_REF_EXPR, Kind.MEMBER_REF):
            field = node.referenced
            if field is not None and field.kind == Kind.FIELD_DECL:
                yield qualified(field)


class Reader:
    """Walks through one translation unit."""

    def __init__(self, include):
        self.ours = clang_index.is_ours(include)
        self.layouts = Layouts()
        self.version = Version()
        self.constants = {}
        self.classes = []
        self.asked = {}

    def walk(self, parent, inside=False):
        for cursor in parent.get_children():
            if not inside and not self.ours(cursor):
                continue
            kind = cursor.kind
            if kind in SCOPES:
                self.walk(cursor)
            elif kind in CLASSES and cursor.is_definition():
                self.record(cursor)
                self.walk(cursor, True)
            elif kind == Kind.CLASS_TEMPLATE and cursor.is_definition():
                self.template(cursor)
            elif kind == Kind.ENUM_DECL and cursor.is_definition():
                self.enum(cursor)
            elif kind in CALLABLE:
                self.function(cursor)
            elif kind == Kind.VAR_DECL:
                self.variable(cursor)

    def record(self, cursor):
        if cursor.spelling and '(' not in cursor.type.spelling:
            self.classes.append(cursor)

    def template(self, cursor):
        name = qualified(cursor)
        instance = names.INSTANCES.get(name)
        if instance:
            self.layouts.wanted.add(instance)
        if name not in names.CONSTANT_CLASSES:
            return
        for child in cursor.get_children():
            if child.kind == Kind.VAR_DECL and 'const' in child.type.spelling:
                self.instance_constant(name, instance, child)
            elif child.kind == Kind.ENUM_DECL and self.is_nameless(child):
                for enumerator in child.get_children():
                    if enumerator.kind == Kind.ENUM_CONSTANT_DECL:
                        self.instance_constant(name, instance, enumerator)

    def instance_constant(self, name, instance, cursor):
        self.constants['%s_%s' % (names.identifier(name), cursor.spelling)] = \
            '%s::%s' % (instance, cursor.spelling)

    @staticmethod
    def is_nameless(cursor):
        return not cursor.spelling or '(' in cursor.spelling or \
            bool(clang_index.library().clang_Cursor_isAnonymous(cursor))

    def enum(self, cursor):
        name = qualified(cursor)
        if self.is_nameless(cursor):
            scope = names.identifier(qualified(cursor.semantic_parent))
            for child in cursor.get_children():
                if child.kind == Kind.ENUM_CONSTANT_DECL:
                    name = self.constant_name(scope, child.spelling)
                    self.version.constants[name] = child.enum_value
            return
        self.version.enums[name] = {child.spelling: child.enum_value for child in cursor.get_children()
                                    if child.kind == Kind.ENUM_CONSTANT_DECL}

    def function(self, cursor):
        if cursor.is_deleted_method() or cursor.linkage == clang_index.cindex.LinkageKind.INTERNAL:
            return
        if cursor.kind in (Kind.CONSTRUCTOR, Kind.DESTRUCTOR):
            symbols = clang_index.all_mangled(cursor)
        else:
            symbols = [cursor.mangled_name]
        symbols = [symbol for symbol in symbols if symbol]
        if not symbols or cursor.is_pure_virtual_method() and cursor.kind != Kind.DESTRUCTOR:
            return
        inline = cursor.get_definition() is not None or cursor.is_default_method()
        call = call_of(self.layouts, cursor)
        for symbol in symbols:
            self.version.functions[symbol] = call
            (self.version.inlined if inline else self.version.declared).add(symbol)

    def variable(self, cursor):
        kind = cursor.type.get_canonical()
        if kind.is_const_qualified() and kind.kind in INTEGERS:
            if '<' in cursor.semantic_parent.type.spelling:
                return
            scope = names.identifier(qualified(cursor.semantic_parent))
            self.constants[self.constant_name(scope, cursor.spelling)] = qualified(cursor)
        elif cursor.linkage == clang_index.cindex.LinkageKind.EXTERNAL and \
                cursor.get_definition() is None:
            self.version.data.add(cursor.mangled_name)

    @staticmethod
    def constant_name(scope, name):
        if scope in ('internal_Internals', 'internal', ''):
            return name
        return '%s_%s' % (scope, name)

    def touch(self, parent, inside=False):
        """Collects the fields that functions with a body name."""
        for cursor in parent.get_children():
            if not inside and not self.ours(cursor):
                continue
            if cursor.kind in CALLABLE or cursor.kind == Kind.FUNCTION_TEMPLATE:
                if cursor.is_definition():
                    self.layouts.touched.update(touched_by(cursor))
            elif cursor.kind in SCOPES:
                self.touch(cursor)
            elif cursor.kind in CLASSES or cursor.kind in TEMPLATES:
                self.touch(cursor, True)

    # ---- the second and third translation unit: what the compiler is asked

    def questions(self):
        """Text that has templates instantiated and constants evaluated."""
        lines = []
        for key in sorted(self.layouts.wanted):
            lines.append('enum : long long { engraft_size_%d = sizeof(%s) };' % (len(lines), key))
        for key in sorted(self.layouts.by_value | self.layouts.wanted):
            if NAMELESS.search(key):
                continue
            lines.append('typedef %s engraft_type_%d;' % (key, len(lines)))
            alias = 'engraft_type_%d' % (len(lines) - 1)
            lines.append('enum : long long { engraft_trivial_%d = engraft_by_value<%s>() };'
                         % (len(lines), alias))
            self.asked['engraft_trivial_%d' % (len(lines) - 1)] = key
        for name, expression in sorted({**self.constants, **MACROS}.items()):
            lines.append('enum : long long { engraft_constant_%s = (long long)(%s) };'
                         % (name, expression))
        return '\n' + BY_VALUE + '\n'.join(lines) + '\n'


MACROS = {name: name for name in ('NODE_MODULE_VERSION', 'V8_MAJOR_VERSION', 'V8_MINOR_VERSION')}

# A class is passed in registers if its destructor and all its copy and move constructors are trivial
# and one of these is not deleted (Itanium C++ ABI, "non-trivial for the purposes of calls").
BY_VALUE = '''
#include <type_traits>
template <class T> constexpr bool engraft_by_value() {
  constexpr bool copies = std::is_constructible<T, const T&>::value;
  constexpr bool moves = std::is_constructible<T, T&&>::value;
  return (copies || moves) && __is_trivially_destructible(T) &&
         (!copies || __is_trivially_constructible(T, const T&)) &&
         (!moves || __is_trivially_constructible(T, T&&));
}
'''


def read(include, binary):
    """The facts of the version whose headers and binary these are."""
    first = Reader(include)
    unit = clang_index.parse(include)
    for error in clang_index.errors(unit):
        raise RuntimeError(str(error))
    first.touch(unit.cursor)
    first.walk(unit.cursor)
    wanted, by_value, constants = first.layouts.wanted, first.layouts.by_value, first.constants
    while True:
        reader = Reader(include)
        reader.layouts.wanted, reader.layouts.by_value = set(wanted), set(by_value)
        reader.constants, reader.layouts.touched = constants, first.layouts.touched
        unit = clang_index.parse(include, reader.questions())
        answers(reader, unit)
        reader.constants = {}
        reader.walk(unit.cursor)
        finish(reader)
        if reader.layouts.wanted <= wanted and reader.layouts.by_value <= by_value:
            break
        wanted |= reader.layouts.wanted
        by_value |= reader.layouts.by_value
    version = reader.version
    version.exported = exported_symbols(binary)
    tables(reader)
    return version


def answers(reader, unit):
    for cursor in unit.cursor.get_children():
        if cursor.kind != Kind.ENUM_DECL:
            continue
        for child in cursor.get_children():
            name = child.spelling
            if name in reader.asked:
                reader.layouts.trivial[reader.asked[name]] = bool(child.enum_value)
            elif name.startswith('engraft_constant_'):
                reader.version.constants[name[len('engraft_constant_'):]] = child.enum_value
    for cursor in unit.cursor.get_children():
        if cursor.kind == Kind.TYPEDEF_DECL and cursor.spelling.startswith('engraft_type_'):
            for name, instance in names.INSTANCES.items():
                if bare(cursor.underlying_typedef_type) == instance:
                    reader.classes.append(cursor)


def finish(reader):
    """Records, enumerations and vtables of the classes that were met."""
    version, layouts = reader.version, reader.layouts
    for cursor in reader.classes:
        kind = cursor.underlying_typedef_type.get_canonical() \
            if cursor.kind == Kind.TYPEDEF_DECL else cursor.type.get_canonical()
        name = qualified(kind.get_declaration())
        layouts.record(kind)
        if public_record(name):
            version.fields[name] = (kind.get_size(), fields_of(layouts, kind))
        virtuals = layouts.virtual_functions(kind)
        if virtuals and not name.startswith('cppgc::internal'):
            version.virtuals[name] = virtual_rows(layouts, virtuals)
    version.records = layouts.records
    for name, values in layouts.enums.items():
        version.enums.setdefault(name, values)


def public_record(name):
    if name in names.INTERNAL_RECORDS:
        return True
    return name.startswith(('v8::', 'node::')) and '::internal::' not in name


def virtual_rows(layouts, virtuals):
    rows, seen = [], {}
    for method in virtuals:
        key = signature_key(method)
        if key in seen:
            key += '_deleting' if key == 'destroy' else '_const'
        seen[key] = True
        rows.append((key, call_of(layouts, method), method.is_pure_virtual_method()))
    return rows


def tables(reader):
    """Symbols of vtables and type information that the binary has for the classes of the headers."""
    version = reader.version
    for cursor in reader.classes:
        if cursor.kind == Kind.TYPEDEF_DECL:
            continue
        for prefix in ('_ZTV', '_ZTI', '_ZTS', '_ZTT'):
            symbol = prefix + nested_name(qualified(cursor))
            if symbol in version.exported:
                version.data.add(symbol)


def nested_name(name):
    """A class's name as symbols have it; those of headers need no substitution."""
    parts = name.split('::')
    coded = ''.join('%d%s' % (len(part), part) for part in parts)
    return coded if len(parts) == 1 else 'N%sE' % coded


def exported_symbols(binary):
    """Names of what a binary defines for others."""
    listed = subprocess.run(['nm', '-D', '--defined-only', binary], check=True,
                            stdout=subprocess.PIPE, universal_newlines=True).stdout
    found = set()
    for line in listed.splitlines():
        name = re.split(r'@', line.split()[-1])[0]
        found.add(name)
    return found
