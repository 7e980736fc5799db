# SPDX-License-Identifier: MIT
"""libclang: one translation unit with all headers of a version, and what its Python binding lacks."""

import ctypes
import glob
import os
import re
import sys

from . import names

UNAVAILABLE = 77


def bail(reason, status=1):
    print('extract: ' + reason, file=sys.stderr)
    sys.exit(status)


try:
    from clang import cindex
except ImportError:
    bail('there is no python3-clang (./dev setup installs python3-clang-19)', UNAVAILABLE)

Kind = cindex.CursorKind
Type = cindex.TypeKind
AccessSpecifier = cindex.AccessSpecifier


class StringSet(ctypes.Structure):
    _fields_ = [('strings', ctypes.POINTER(cindex._CXString)), ('count', ctypes.c_uint)]


def library():
    """libclang.so.1, also where the binding expects a name that only a -dev package has."""
    if not library.loaded:
        lib = cindex.conf.lib
        lib.clang_Cursor_getCXXManglings.argtypes = [cindex.Cursor]
        lib.clang_Cursor_getCXXManglings.restype = ctypes.POINTER(StringSet)
        lib.clang_Cursor_isAnonymous.argtypes = [cindex.Cursor]
        lib.clang_getSpecializedCursorTemplate.argtypes = [cindex.Cursor]
        lib.clang_getSpecializedCursorTemplate.restype = cindex.Cursor
        library.loaded = lib
    return library.loaded


library.loaded = None


def all_mangled(cursor):
    """Of a constructor or destructor: the symbols of all variants."""
    strings = library().clang_Cursor_getCXXManglings(cursor)
    if not strings:
        return []
    got = [library().clang_getCString(strings[0].strings[i]) for i in range(strings[0].count)]
    return [text.decode() if isinstance(text, bytes) else text for text in got]


def language(include):
    """The -std= that Node's own headers tell addons to be compiled with."""
    try:
        with open(os.path.join(include, 'common.gypi'), encoding='utf-8') as gypi:
            found = re.search(r"'-std=(gnu\+\+\w+)'", gypi.read())
    except OSError:
        found = None
    return found.group(1) if found else 'gnu++20'


def headers(include):
    """Paths, relative to the directory, of what a translation unit is to include."""
    found = []
    for pattern in ('*.h', 'libplatform/*.h', 'cppgc/*.h'):
        for path in sorted(glob.glob(os.path.join(include, pattern))):
            path = os.path.relpath(path, include)
            if names.HEADERS.match(path) and not names.NOT_INCLUDED.match(path):
                found.append(path)
    return found


def arguments(include):
    return ['-x', 'c++', '-std=' + language(include), '-I' + include, '-DNODE_WANT_INTERNALS=0',
            '-D_GLIBCXX_USE_CXX11_ABI=1', '-fno-rtti', '-fno-exceptions', '-fno-access-control',
            '--target=x86_64-linux-gnu', '-ferror-limit=0', '-w', '-Wno-everything']


def parse(include, more=''):
    """The translation unit; `more` is text behind the headers."""
    library()
    text = ''.join('#include <%s>\n' % path for path in headers(include)) + more
    unit = cindex.Index.create().parse(
        'headers.cc', arguments(include), [('headers.cc', text)],
        0)
    return unit


def errors(unit):
    return [d for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Error]


def is_ours(include):
    """A function that says whether a cursor lies in one of the headers."""
    known = {}

    def check(cursor):
        source = cursor.location.file
        if source is None:
            return False
        name = source.name
        if name not in known:
            known[name] = bool(names.HEADERS.match(os.path.relpath(name, include)))
        return known[name]
    return check


def qualified(cursor):
    """v8::Isolate::CreateParams; the anonymous have an empty part, inline namespaces none."""
    parts = []
    while cursor is not None and cursor.kind != Kind.TRANSLATION_UNIT:
        if cursor.kind not in (Kind.LINKAGE_SPEC, Kind.UNEXPOSED_DECL):
            parts.append('' if library().clang_Cursor_isAnonymous(cursor) else cursor.spelling)
        cursor = cursor.semantic_parent
    return '::'.join(reversed(parts))
