#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Runs the matrix that the file `rows` describes: rows x {fake engine, real V8} x doors, as TAP, and
# prints it as a table (also matrix.txt in the build directory). Every cell is run in a process of
# its own; what the same script gives without engraft is a test too, so that each cell is known to
# be able to fail.
#
#   tests/matrix/matrix.t [ROW-PATTERN [ENGINE [DOORS]]]    all, or some of it
#   MATRIX_VERBOSE=1    also prints the commands and the output of what passed

import collections
import concurrent.futures
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
BUILD = pathlib.Path(os.environ.get('abs_top_builddir', os.getcwd())).resolve()
WORK = BUILD / 'tests' / 'matrix' / 'work'
LIBRARIES = BUILD / '.libs'
CC = shlex.split(os.environ.get('CC') or 'cc')
CXX = shlex.split(os.environ.get('CXX') or 'c++')
VERBOSE = bool(os.environ.get('MATRIX_VERBOSE'))
TIMEOUT = 60
ENGINES = ('fake', 'v8')
DOORS = {'S': 'stub', 'P': 'preload', 'A': 'engraft_dlopen', 'L': 'late attach',
         'B': 'stub and preload'}
REQUIRED_DOORS = 'SPA'
OPTIMIZE = ['-O1', '-fPIC', '-I', str(HERE)]


class Skip(Exception):
    """This cannot be tried here; the text says why."""


class Failure(Exception):
    """A fixture could not be made; the text says what was run and what it said."""


# ---- the rows


class Row:
    def __init__(self, name):
        self.name = name
        self.slug = re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')
        self.keys = collections.defaultdict(list)

    def get(self, key, engine, door='', default=''):
        for name in (f'{key}.{engine}.{door}', f'{key}.{door}', f'{key}.{engine}', key):
            if name in self.keys:
                return ' '.join(self.keys[name])
        return default

    def patterns(self, key, engine, door):
        """All of them: a pattern for one engine is in addition to that for all."""
        found = []
        for name in (key, f'{key}.{engine}', f'{key}.{door}', f'{key}.{engine}.{door}'):
            found += [text.strip('/') for text in self.keys.get(name, [])]
        return found

    def doors(self, engine):
        for word in ' '.join(self.keys['cells']).split():
            name, _, doors = word.partition(':')
            if name == engine:
                return doors
        return ''

    def why_empty(self, engine, door=''):
        for text in self.keys['empty']:
            cell, _, reason = text.partition(' ')
            if cell in (engine, f'{engine}:{door}') and reason.strip():
                return reason.strip()
        return None


def rows_read(path):
    rows = []
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith('#'):
            continue
        if not line[0].isspace():
            rows.append(Row(line.strip()))
            continue
        key, _, value = line.strip().partition(' ')
        rows[-1].keys[key].append(value.strip())
    return rows


# ---- making things, each once


class Once:
    """once(key, function): function() for the first, its result (or exception) for all others."""

    def __init__(self):
        self.lock = threading.Lock()
        self.locks = {}
        self.results = {}

    def __call__(self, key, function):
        with self.lock:
            lock = self.locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self.results:
                try:
                    self.results[key] = (function(), None)
                except (Failure, Skip) as error:
                    self.results[key] = (None, error)
        result, error = self.results[key]
        if error:
            raise error
        return result


once = Once()


def run_tool(*command):
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, text=True, errors='replace')
    except OSError as error:
        raise Failure(f'{words[0]}: {error.strerror}') from None
    if done.returncode:
        raise Failure(f'{shlex.join(words)}\n{done.stdout[-2000:]}')
    return done.stdout


def make_file(path, make):
    def build():
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)
        return path
    return once(str(path), build)


def flag_name(flags):
    return re.sub(r'[^A-Za-z0-9]+', '', ' '.join(flags)) or 'plain'


def compile_object(source, flags, compiler=None):
    compiler = compiler or (CXX if source.endswith('.cc') else CC)
    path = WORK / 'objects' / f'{flag_name(flags)[-100:]}-{source}.o'
    return make_file(path, lambda out: run_tool(*compiler, *OPTIMIZE, *flags, '-c', HERE / source,
                                                '-o', out))


def link_shared(path, inputs, flags, cxx=True):
    return make_file(path, lambda out: run_tool(*(CXX if cxx else CC), '-shared', *inputs, *flags,
                                                '-o', out))


def program(name, objects=(), flags=()):
    return make_file(WORK / name, lambda out: run_tool(
        *CXX, '-rdynamic', compile_object('host.c', []), *objects, *flags, '-ldl', '-pthread', '-o',
        out))


def world(name):
    def get():
        done = subprocess.run([str(TOP / 'tests' / 'world'), 'get', name], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        if done.returncode == 77:
            raise Skip(f'tests/world get {name}: {done.stderr.strip()}')
        if done.returncode:
            raise Failure(f'tests/world get {name}: {done.stderr.strip()}')
        return pathlib.Path(done.stdout.strip())
    return once(('world', name), get)


# ---- engines


class Engine:
    """What the two columns have in common: files by name, plugins by shape."""

    def __init__(self):
        self.work = WORK / self.name

    def stub(self, stem, for_plugin, version=None):
        """The directory with the stub and the import library for one plugin."""
        directory = self.work / 'stubs' / f'{stem}-{version or "own"}'

        def build():
            directory.mkdir(parents=True, exist_ok=True)
            words = ['--plugin-abi', f'{self.name}:{version}'] if version else []
            run_tool(BUILD / 'engraft', 'stub', self.stub_source, '-o', directory, '--name', self.stub_name,
                     '--for', for_plugin, *words)
            return directory
        return once(str(directory), build)

    def missing_stub(self, stem, for_plugin):
        return self.stub(stem, for_plugin)

    def names(self, row):
        return {}


class Fake(Engine):
    name = 'fake'
    abi = 'fake:1.0'
    other_abi = '2.0'
    stub_name = 'fake'
    source = 'plugin_fake.cc'
    compile_flags = ()
    other_name = 'libfake.so.1'
    host_name = 'libhost-fake.so'
    numbers = {'host': 1, 'hostile': 2, 'other': 3, 'second': 1}
    facts = dict([
        ('call', 'host'), ('pointer', 'host'), ('address', 'host'), ('table', 'host'),
        ('same address', 'yes'), ('indirect', 'host'), ('indirect in table', 'host'),
        ('variadic', 'host'), ('large result', 'host'), ('weak undefined', 'null'),
        ('data', 'host'), ('data with addend', 'host'), ('data pointer', 'host'),
        ('data written', 'seen'), ('inherited virtual', 'host'), ('own virtual', 'plugin'),
        ('typeinfo', 'host'), ('same typeinfo', 'yes'), ('dynamic cast', 'works'),
        ('defined by both', 'plugin'), ('constructor', 'host'), ('destructor', 'host')])

    def objects(self, copy, version='1.0', parts=None, flags=()):
        what = [f'-DFAKE_NAME="{copy}"', f'-DFAKE_NUMBER={self.numbers[copy]}', *flags]
        found = [compile_object('fake_note.c', [f'-DFAKE_VERSION="{version}"'])]
        if parts is None or parts & 3:
            part_flags = [] if parts is None else [f'-DFAKE_PARTS={parts & 3}']
            found.append(compile_object('fake_engine.c', what + part_flags))
        if parts is None or parts & 4:
            found.append(compile_object('fake_class.cc', what))
        return found

    def library(self, file, copy, version='1.0', soname=None, flags=(), link=(), directory='engines',
                **options):
        path = self.work / directory / file
        return link_shared(path, self.objects(copy, version, flags=flags, **options),
                           [f'-Wl,-soname,{soname or file}', '-Wl,-Bsymbolic', *link])

    def versioned(self, copy, soname=None, directory='engines'):
        return self.library(f'lib{copy}-versioned.so', copy, soname=soname, directory=directory,
                            flags=['-DFAKE_VERSIONED'],
                            link=[f'-Wl,--version-script={HERE / "fake.map"}'])

    @property
    def host(self):
        return self.library('libhost-fake.so', 'host')

    def parts(self):
        directory = self.work / 'parts'
        link = [f'-Wl,-rpath,$ORIGIN', '-Wl,--no-as-needed']
        data = self.library('libhost-data.so', 'host', parts=2, directory='parts')
        # The class needs nothing of the others, the core needs all.
        classes = self.library('libhost-class.so', 'host', parts=4, directory='parts')
        return self.library('libhost-core.so', 'host', parts=1, directory='parts',
                            link=[*link, str(data), str(classes)]), directory

    @property
    def stub_source(self):
        return self.library('libfake.so.1', 'host', flags=['-DFAKE_NEWER'], directory='newest')

    def stub_of(self, stem, for_plugin, words):
        if '-DPLUGIN_VERSIONED' in words:
            source = self.versioned('host', 'libfake.so.1', 'versioned')
            directory = self.work / 'stubs' / f'{stem}-versioned'

            def build():
                directory.mkdir(parents=True, exist_ok=True)
                run_tool(BUILD / 'engraft', 'stub', source, '-o', directory, '--name', 'fake', '--for',
                         for_plugin)
                return directory
            return once(str(directory), build)
        version = next((word[8:] for word in words if word.startswith('version:')), None)
        return self.stub(stem, for_plugin, version)

    def needed(self, kind, words):
        """Linker words for an unmodified plugin that NEEDs the engine library."""
        if kind == 'none':
            return []
        if '-DPLUGIN_VERSIONED' in words:
            return ['-Wl,--no-as-needed', str(self.versioned('host', 'libfake.so.1', 'versioned'))]
        other = self.library('libfake.so.1', 'other', version='2.0', directory='other',
                             flags=['-DFAKE_NEWER'])
        runpath = [f'-Wl,-rpath,{other.parent}'] if kind == 'other' else []
        return ['-Wl,--no-as-needed', str(other), *runpath]

    def file(self, name):
        if name == 'host':
            return self.host
        if name == 'hostile':
            return self.library('libhostile-fake.so', 'hostile', version='6.6')
        if name == 'second':
            return self.library('libsecond-fake.so', 'second')
        if name == 'host-same':
            return self.library('libhost-same.so', 'host', soname='libfake.so.1')
        if name == 'host-tls':
            return self.library('libhost-tls.so', 'host', flags=['-DFAKE_TLS'])
        if name == 'host-versioned':
            return self.versioned('host')
        if name == 'hostile-versioned':
            return self.versioned('hostile')
        if name == 'host-parts':
            return self.parts()[0]
        if name == 'other':
            return self.library('libfake.so.1', 'other', version='2.0', directory='other',
                                flags=['-DFAKE_NEWER'])
        return None

    def host_exe(self):
        return program('host-exe', self.objects('host'))

    def copy_program(self):
        directory = self.stub('copy', 'copy')
        return make_file(self.work / 'copy', lambda out: run_tool(
            *CC, '-O1', '-fno-pie', '-no-pie', '-DSYMBOL=fake_counter', HERE / 'copy.c',
            f'-L{directory}', '-lfake', '-Wl,--no-as-needed', self.host,
            f'-Wl,-rpath,{directory}:{self.host.parent}', '-o', out))

    def environment(self):
        return {}


class V8(Engine):
    name = 'v8'
    abi = 'v8:10.2'
    other_abi = '9.9'
    stub_name = 'node'
    source = 'plugin_v8.cc'
    other_name = 'libnode.so.108'
    host_name = 'libhost-v8.so'
    facts = dict([
        ('call', 'host'), ('address', 'host'), ('table', 'host'), ('same address', 'yes'),
        ('weak undefined', 'null'), ('data', 'host'), ('data with addend', 'host'),
        ('vtable', 'host'), ('inherited virtual', 'host'), ('own virtual', 'plugin'),
        ('defined by both', 'plugin'), ('script', '42'), ('constructor', 'host'),
        ('destructor', 'host')])

    @property
    def libraries(self):
        return world('libnode108') / 'usr/lib/x86_64-linux-gnu'

    @property
    def node(self):
        return world('node-18.20.8')

    @property
    def compile_flags(self):
        return ('-fno-rtti', '-std=gnu++17', '-isystem', str(self.node / 'include/node'))

    @property
    def stub_source(self):
        return self.libraries / 'libnode.so.108'

    def stub_of(self, stem, for_plugin, words):
        if '-DPLUGIN_MISSING' in words or '-DPLUGIN_MISSING_DATA' in words:
            return self.stub_from_plugin(stem, for_plugin, words)
        version = next((self.other_abi for word in words if word.startswith('version:')), None)
        return self.stub(stem, for_plugin, version)

    def stub_from_plugin(self, stem, for_plugin, words):
        """No V8 has the functions that are missing: a list of symbols, made from the imports."""
        directory = self.work / 'stubs' / f'{stem}-{flag_name(words)}'

        def build():
            directory.mkdir(parents=True, exist_ok=True)
            imports = run_tool('nm', '-D', '--undefined-only', plugin_object_library(self, words))
            names = [line.split()[-1] for line in imports.splitlines() if line.split()[0] == 'U']
            listed = [f'{name} {"object" if is_v8_data(name) else "func"} 4'
                      for name in names if 'v8' in name]
            (directory / 'symbols').write_text('\n'.join(listed) + '\n')
            run_tool(BUILD / 'engraft', 'stub', '--symbols', directory / 'symbols', '-o', directory,
                     '--name', 'node', '--for', for_plugin, '--plugin-abi', self.abi)
            return directory
        return once(str(directory), build)

    def renamed_copy(self, path):
        """A copy of the whole library under another SONAME, which is no longer than its own."""
        def make(out):
            data, own = self.stub_source.read_bytes(), b'libnode.so.108\0'
            if data.count(own) != 1 or len(out.name) >= len(own):
                raise Failure(f'cannot rename {self.stub_source} to {out.name}')
            out.write_bytes(data.replace(own, out.name.encode().ljust(len(own), b'\0')))
        return make_file(path, make)

    @property
    def dependencies(self):
        """A directory with all that libnode.so.108 NEEDs and without itself."""
        def make():
            directory = self.work / 'dependencies'
            directory.mkdir(parents=True)
            for library in self.libraries.glob('*.so.*'):
                if not library.name.startswith('libnode'):
                    (directory / library.name).symlink_to(library)
            return directory
        return once('v8 dependencies', make)

    def needed(self, kind, words):
        if kind == 'none':
            return []
        other = self.file('other')
        if kind == 'absent':  # a name that no machine has: Debian's nodejs installs libnode.so.108
            other = self.renamed_copy(self.work / 'absent' / 'libnode.so.000')
        runpath = [f'-Wl,-rpath,{other.parent}'] if kind == 'other' else []
        return ['-Wl,--no-as-needed', str(other), *runpath]

    def link_to(self, path, target):
        def make(out):
            out.symlink_to(target)
        return make_file(path, make)

    def hostile(self):
        """Defines every V8 symbol that the plugins use; each function answers "hostile"."""
        def make(out):
            names = {}
            for flags in ([], ['-DPLUGIN_TLS']):
                library = plugin_object_library(self, flags)
                for line in run_tool('nm', '-D', library).splitlines():
                    kind, name = line.split()[-2:]
                    if re.match(r'_Z\w*2v8|v8dbg_', name) and kind in 'UWVu' and \
                            'Absent' not in name and 'g_thread' not in name:
                        names[name] = kind
            source = out.with_suffix('.c')
            lines = ['#include <stdio.h>']
            for number, name in enumerate(sorted(names)):
                if is_v8_data(name):
                    lines.append(f'void *data_{number}[64] __asm__("{name}");')
                else:
                    lines.append(f'const char *function_{number}(void) __asm__("{name}");\n'
                                 f'const char *function_{number}(void) {{ return "hostile"; }}')
            source.write_text('\n'.join(lines) + '\n')
            run_tool(*CC, '-O1', '-fPIC', '-shared', source, f'-Wl,-soname,{out.name}', '-o', out)
        return make_file(self.work / 'engines' / 'libhostile-v8.so', make)

    def file(self, name):
        engines = self.work / 'engines'
        if name == 'host':
            return self.renamed_copy(engines / 'libhost-v8.so')
        if name == 'host-same':
            return self.link_to(engines / 'libhost-same.so', self.stub_source)
        if name == 'hostile':
            return self.hostile()
        if name == 'other':
            return self.link_to(self.work / 'other' / 'libnode.so.108', self.stub_source)
        if name == 'host.js':
            return HERE / 'host.js'
        return None

    def copy_program(self):
        directory = self.stub('copy', 'copy')
        host = self.file('host')
        return make_file(self.work / 'copy', lambda out: run_tool(
            *CC, '-O1', '-fno-pie', '-no-pie', '-DSYMBOL=v8dbg_SmiShiftSize', HERE / 'copy.c',
            f'-L{directory}', '-lnode', '-Wl,--no-as-needed', host,
            f'-Wl,-rpath,{directory}:{host.parent}:{self.dependencies}', '-Wl,--allow-shlib-undefined', '-o', out))

    def environment(self):
        return {'LD_LIBRARY_PATH': str(self.dependencies)}


def is_v8_data(name):
    return name.startswith(('v8dbg_', '_ZTV', '_ZTI'))


def plugin_object_library(engine, flags):
    """The plugin linked to nothing, to read its imports."""
    found = plugin_object(engine, [word for word in flags if word.startswith('-D')])
    return link_shared(engine.work / 'imports' / f'{flag_name(flags)}.so', [found], [])


FILES = {'fake': Fake(), 'v8': V8()}


# ---- plugins


def check_linker(flags):
    for flag in flags:
        name = flag[9:] if flag.startswith('-fuse-ld=') else ''
        if name and not shutil.which(f'ld.{name}'):
            raise Skip(f'ld.{name} is not installed')


def plugin_object(engine, flags):
    return compile_object(engine.source, [*engine.compile_flags, *flags])


class Plugins:
    """The plugins of one row, for one flavour: linked to a stub ("stub") or to nothing of engraft
    ("plain")."""

    def __init__(self, engine, flavour, words):
        self.engine, self.flavour, self.words = engine, flavour, words
        self.compile = [word for word in words if re.match(r'-(D|f(?!use-ld)|m)', word)]
        self.link = [word for word in words if re.match(r'-(Wl,|fuse-ld)', word)]
        self.shape = [word for word in words if not word.startswith('-')]
        self.directory = engine.work / 'plugins' / f'{flag_name(words)}-{flavour}'

    def option(self, name, default=None):
        return next((word.split(':', 1)[1] for word in self.shape if word.startswith(name + ':')),
                    default)

    def path(self, stem):
        return self.directory / f'{stem}.so'

    def stub_words(self, stem):
        directory = self.engine.stub_of(stem, f'{stem}.so', self.words)
        for stub in directory.glob('*.engraft.so'):
            place = self.directory / stub.name
            if not place.exists():
                place.symlink_to(stub)
        return [f'-L{directory}', f'-l{self.engine.stub_name}', '-Wl,-rpath,$ORIGIN']

    def engine_words(self, stub_stem):
        if self.flavour == 'stub':
            return self.stub_words(stub_stem)
        return ['-Wl,-rpath,$ORIGIN', *self.engine.needed(self.option('needed', 'none'), self.words)]

    def build_one(self, stem, defines=(), stub_stem=None, before=(), out=None):
        self.directory.mkdir(parents=True, exist_ok=True)
        built = plugin_object(self.engine, [*self.compile, *defines])
        target = out or self.path(stem)
        check_linker(self.link)
        run_tool(*CXX, '-shared', built, '-Wl,--no-as-needed', *before,
                 *self.engine_words(stub_stem or stem), *self.link, '-o', target)
        return target

    def build(self):
        return once(str(self.directory), self.build_shape)

    def build_shape(self):
        shape = next((word for word in self.shape if ':' not in word), 'single')
        getattr(self, 'build_' + shape.replace('-', '_'))()
        removed = self.option('remove')
        if removed:
            (self.directory / removed).unlink()
        return self.directory

    def build_single(self):
        self.build_one('plugin')

    def build_two(self):
        for number in range(2):
            self.build_one(f'plugin-{number}')

    def build_shared_stub(self):
        for number in range(2):
            self.build_one(f'plugin-{number}', stub_stem='plugin-0')

    def build_threads(self):
        for number in range(4):
            self.build_one(f'plugin-{number}')

    def build_nested(self):
        self.build_one('plugin-nested', ['-DPLUGIN_NAME="nested"'])
        self.build_one('plugin', ['-DPLUGIN_NESTED="plugin-nested.so"'])

    def build_chain(self):
        inner = self.build_one('plugin-inner', ['-DPLUGIN_NAME="inner"', '-DPLUGIN_ENTRY=inner_entry'],
                               stub_stem='plugin')
        middle = self.build_one(
            'plugin-middle', ['-DPLUGIN_NAME="middle"', '-DPLUGIN_ENTRY=middle_entry',
                              '-DPLUGIN_INNER=inner_entry'], stub_stem='plugin',
            before=['-Wl,-soname,plugin-middle.so', *self.local(inner)])
        self.build_one('plugin', ['-DPLUGIN_INNER=middle_entry'], before=self.local(middle))

    def build_cycle(self):
        defines = ['-DPLUGIN_NAME="middle"', '-DPLUGIN_ENTRY=middle_entry']
        middle = self.build_one('plugin-middle', defines, stub_stem='plugin')
        plugin = self.build_one('plugin', ['-DPLUGIN_INNER=middle_entry'], before=self.local(middle))
        self.build_one('plugin-middle', defines, stub_stem='plugin', before=self.local(plugin))

    def local(self, path):
        return [f'-L{path.parent}', f'-l:{path.name}']


# ---- the files that a script names


def damaged(directory, name):
    whole = (directory / 'plugin.so').read_bytes()
    contents = {'text.so': b'this is not an ELF file\n' * 40,
                'truncated.so': whole[:100], # longer, and ld.so maps it and dies of SIGBUS
                'short.so': whole[:40],
                'class.so': whole[:4] + b'\1' + whole[5:]}[name]
    return make_file(directory / name, lambda out: out.write_bytes(contents))


def caller(kind, directory):
    """A library with the RUNPATH or RPATH of the plugins. $ORIGIN is where it lies itself."""
    flags = {'caller-plain': [],
             'caller-runpath': ['-Wl,-rpath,$ORIGIN', '-Wl,--enable-new-dtags'],
             'caller-rpath': ['-Wl,-rpath,$ORIGIN', '-Wl,--disable-new-dtags']}[kind]
    return link_shared(directory / f'lib{kind}.so', [compile_object('caller.c', [])], flags,
                       cxx=False)


def file_named(name, engine, directory):
    if name == 'dir':
        return directory
    if name == 'plugin-%':
        return f'{directory}/plugin-%.so'
    if name.startswith('plugin'):
        return directory / f'{name}.so'
    if name in ('text.so', 'truncated.so', 'short.so', 'class.so'):
        return damaged(directory, name)
    if name.startswith('caller-'):
        return caller(name, directory)
    if name == 'other-dir':
        return engine.file('other').parent
    texts = {'other-name': engine.other_name, 'host-name': engine.host_name, 'engine': engine.name,
             'abi': engine.abi}
    return texts.get(name) or engine.file(name)


def expand(text, engine, directory):
    def replace(match):
        found = file_named(match.group(1), engine, directory)
        if found is None:
            raise Failure(f'no file {match.group(0)} for {engine.name}')
        return str(found)
    return re.sub(r'\{([a-z0-9.%-]+)\}', replace, text)


# ---- running a cell


Result = collections.namedtuple('Result', 'status output lines command')


class Cell:
    """One row, one engine, one door; door '' is the run without engraft."""

    def __init__(self, row, engine_name, door):
        self.row, self.door = row, door
        self.engine = FILES[engine_name]

    @property
    def label(self):
        how = DOORS[self.door] if self.door else 'without engraft'
        return f'{self.row.name} [{self.engine.name}, {how}]'

    def get(self, key, default=''):
        return self.row.get(key, self.engine.name, self.door, default)

    def plugins(self):
        flavour = 'stub' if self.door in ('S', 'B') else 'plain'
        words = shlex.split(self.get('build'))
        if flavour == 'stub':
            words = [word for word in words if not word.startswith('needed:')]
        return Plugins(self.engine, flavour, words)

    def check_link(self, directory):
        """That the linker did what the row is about."""
        patterns = self.row.patterns('elf', self.engine.name, self.door)
        text = run_tool('readelf', '-dlW', directory / 'plugin.so') if patterns else ''
        for pattern in patterns:
            if not re.search(pattern, text):
                raise Failure(f'readelf -dlW {directory}/plugin.so: nothing matches /{pattern}/')
        optional = self.row.get('elf?', self.engine.name, self.door).strip('/')
        if optional and not re.search(optional, run_tool('readelf', '-dlW', directory / 'plugin.so')):
            raise Skip('this linker cannot do it')

    def default_script(self):
        return 'local={host} start global={hostile} load={plugin} report'

    def program_words(self, directory):
        name = self.get('program', 'host')
        if name == 'host-exe':
            return [self.engine.host_exe()]
        if name == 'node':
            return [FILES['v8'].node / 'bin/node']
        if name == 'copy':
            return [self.engine.copy_program()]
        if name == 'startup':
            return [self.startup_program(directory)]
        return [program('host')]

    def startup_program(self, directory):
        """The host, which NEEDs the plugin and then the engine."""
        host = self.engine.file('host')
        return make_file(directory / 'startup', lambda out: run_tool(
            *CXX, '-rdynamic', compile_object('host.c', []), '-Wl,--no-as-needed',
            directory / 'plugin.so', host, '-Wl,--allow-shlib-undefined', '-ldl', '-pthread',
            f'-Wl,-rpath,{directory}:{host.parent}', '-o', out))

    def environment(self, directory):
        names = {key: value for key, value in os.environ.items()
                 if not key.startswith(('ENGRAFT_', 'LD_', 'MATRIX_')) or key == 'ENGRAFT_CACHE'}
        paths = [self.engine.environment().get('LD_LIBRARY_PATH', ''), str(LIBRARIES)]
        own = dict(word.split('=', 1)
                   for word in shlex.split(expand(self.get('env'), self.engine, directory)))
        names['LD_LIBRARY_PATH'] = ':'.join(
            path for path in [own.pop('LD_LIBRARY_PATH', ''), *paths] if path)
        names['MATRIX_LIBENGRAFT'] = str(LIBRARIES / 'libengraft.so.0')
        names['MATRIX_DOOR'] = 'api' if self.door == 'A' else ''
        if self.door in ('P', 'B'):
            names['LD_PRELOAD'] = str(LIBRARIES / 'libengraft-preload.so')
        if self.door not in ('S', 'B'):
            version = any(word.startswith('version:') for word in self.get('build').split())
            names['ENGRAFT_PLUGIN_ABI'] = f'{self.engine.name}:{self.engine.other_abi}' \
                if version else self.engine.abi
        if 'LD_PRELOAD' in names and 'LD_PRELOAD' in own:
            own['LD_PRELOAD'] += ':' + names['LD_PRELOAD']
        names.update(own)
        return names

    def command(self, directory):
        script = self.get('script', self.default_script())
        if self.door == 'L' and 'relink' not in script:
            script = script.replace(' report', ' report relink report unlink report')
        words = [expand(word, self.engine, directory) for word in script.split()]
        if self.get('program') == 'copy':
            words = []
        return [str(word) for word in self.program_words(directory)] + words

    def run_once(self):
        return once(('run', self.row.slug, self.engine.name, self.door), self.run)

    def run(self):
        plugins = self.plugins()
        if self.get('program') == 'copy':
            directory = self.engine.work
        else:
            directory = plugins.build()
            self.check_link(directory)
        command, environment = self.command(directory), self.environment(directory)
        if self.get('program') == 'gdb':
            command, environment = under_gdb(command, environment)
        return run_process(command, environment, directory)


def under_gdb(command, environment):
    if not shutil.which('gdb'):
        raise Skip('gdb is not installed')
    words = ['gdb', '-batch', '-nx', '-iex', 'set startup-with-shell off', '-iex',
             'set debuginfod enabled off', '-ex', 'set confirm off']
    for name in ('LD_PRELOAD', 'LD_LIBRARY_PATH'):
        if name in environment:
            words += ['-ex', f'set environment {name} {environment[name]}']
    environment = {name: value for name, value in environment.items()
                   if name not in ('LD_PRELOAD', 'LD_LIBRARY_PATH')}
    return [*words, '-ex', 'run', '-ex', 'backtrace', '--args', *command], environment


def run_process(command, environment, directory):
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, env=environment, cwd=directory,
                          start_new_session=True) as process:
        try:
            output, _ = process.communicate(timeout=TIMEOUT)
            status = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            status = 'hung'
    text = output.decode(errors='replace')
    lines = re.findall(r'^([\w-]+): ([^=\n]*?) = (.*)$', text, re.MULTILINE)
    shown = [f'{key}={value}' for key, value in sorted(environment.items())
             if key.startswith(('LD_', 'ENGRAFT_', 'MATRIX_'))]
    return Result(status, text, lines, shlex.join(['env', *shown, *command]))


# ---- judging


REPORTERS = re.compile(r'plugin|middle|inner|nested')


class Expectation:
    def __init__(self, words):
        self.kind = words[0] if words else 'bound'
        self.status, self.reports, self.names, self.facts = 0, 1, ['plugin'], {}
        self.dropped = []
        self.other, self.failures = 'other-initialised' in words, 'failures' in words
        for word in words:
            if word.startswith('drop:'):
                self.dropped = word[5:].replace('_', ' ').split(',')
            elif word.startswith('exit:'):
                self.kind, self.status = 'exit', int(word[5:])
            elif word.startswith('reports:'):
                self.reports = int(word[8:])
            elif word.startswith('names:'):
                self.names = word[6:].split(',')
            elif '=' in word:
                what, value = word.split('=', 1)
                self.facts[what.replace('_', ' ')] = value


def judge_facts(lines, expected, names, reports):
    """What is wrong with what the plugins said: each fact must be right and none may be missing."""
    wrong = []
    seen = collections.Counter((name, what) for name, what, _ in lines)
    for name, what, value in lines:
        if not REPORTERS.fullmatch(name):
            continue
        if what == 'engine finalised before' and what not in expected:
            continue # has rows of its own
        if what not in expected:
            wrong.append(f'{name}: {what} = {value} was not expected')
        elif value != expected[what]:
            wrong.append(f'{name}: {what} = {value} instead of {expected[what]}')
    for name in names:
        for what in expected:
            least = 1 if what in ('constructor', 'destructor', 'engine finalised before') else reports
            if seen[name, what] < least:
                wrong.append(f'{name}: {what}: said {seen[name, what]} times instead of {least}')
    return wrong


def facts_of(cell, expectation):
    facts = {**cell.engine.facts, **expectation.facts}
    if 'MATRIX_NO_SCRIPT' in cell.get('env'):
        facts.pop('script', None)
    for what in expectation.dropped:
        facts.pop(what, None)
    return facts


def judge_bound(cell, result, expectation):
    wrong = judge_facts(result.lines, facts_of(cell, expectation), expectation.names,
                        expectation.reports)
    for name, what, value in result.lines:
        if what == 'initialised' and value == 'other' and not expectation.other:
            wrong.append('the NEEDED engine was initialised')
        if (name, what) == ('host', 'failed') and not expectation.failures:
            wrong.append(f'dlopen: {value}')
    return wrong + judge_end(result, cell)


def judge_end(result, cell):
    if cell.get('program') == 'gdb':
        return [] if 'exited normally' in result.output else ['gdb did not see a normal exit']
    wrong = [] if result.status == 0 else [f'exit status {result.status}']
    if ('host', 'end', 'reached') not in result.lines:
        wrong.append('the host did not come to its end')
    return wrong


def judge_late(cell, result, expectation):
    """hostile before, the host's after engraft_relink(), as before after engraft_unlink()."""
    marks = [index for index, line in enumerate(result.lines)
             if line[0] == 'host' and line[1] in ('engraft_relink', 'engraft_unlink')]
    if len(marks) != 2:
        return ['engraft_relink() or engraft_unlink() was not reached'] + judge_end(result, cell)
    before = [line for line in result.lines[:marks[0]] if line[0] == 'plugin' and
              line[1] != 'constructor']
    between = result.lines[marks[0] + 1:marks[1]]
    after = [line for line in result.lines[marks[1] + 1:] if line[0] == 'plugin'
             and line[1] not in ('destructor', 'engine finalised before')]
    wrong = [f'{result.lines[mark][1]}: {result.lines[mark][2]}' for mark in marks
             if result.lines[mark][2] != 'done']
    facts = facts_of(cell, expectation)
    for what in ('constructor', 'destructor', 'engine finalised before'):
        facts.pop(what, None)
    wrong += judge_facts(between, facts, ['plugin'], 1)
    if not any(line[2] == 'hostile' for line in before):
        wrong.append('it reached the host already before engraft_relink()')
    if [line for line in before if line[1] != 'script'] != after:
        changed = set(after) ^ set(before)
        wrong.append(f'engraft_unlink() did not restore all: {sorted(changed)[:4]}')
    return wrong + judge_end(result, cell)


def judge_refused(cell, result):
    wrong = judge_end(result, cell)
    failures = [value for name, what, value in result.lines if (name, what) == ('host', 'failed')]
    if not failures:
        wrong.append('it was loaded')
    for text in failures:
        if 'plugin.so' not in text:
            wrong.append(f'the text does not name the plugin: {text}')
        if 'refused' not in text:
            wrong.append(f'the text does not say that it is refused: {text}')
    for name, what, value in result.lines:
        if REPORTERS.fullmatch(name):
            wrong.append(f'code of the plugin has run: {what} = {value}')
    return wrong


def comparable(result):
    """Output without what differs by flavour of the plugin, the directories, and the order at exit,
    which has a row of its own."""
    kept = [line for line in result.output.splitlines()
            if ': engine finalised before = ' not in line and 'engine: finalised = ' not in line]
    return re.sub(r'/\S*/plugins/[^/\s]+', '{dir}', '\n'.join(kept))


def judge_same(cell, result):
    native = Cell(cell.row, cell.engine.name, '').run_once()
    if result.status == native.status and comparable(result) == comparable(native):
        return []
    return [f'differs from the run without engraft (status {native.status}):',
            *comparable(native).splitlines()]


def check_possible(result):
    if result.status == 77:
        raise Skip(result.output.strip().splitlines()[-1])
    if 'DT_RELR without GLIBC_ABI_DT_RELR' in result.output:
        raise Skip('this linker does not write the dependency on GLIBC_ABI_DT_RELR that glibc asks '
                   'for (lld does from 15 on): the plugin loads nowhere')


def judge(cell, result):
    expectation = Expectation(cell.get('expect', 'bound').split())
    check_possible(result)
    if expectation.kind == 'same':
        wrong = judge_same(cell, result)
    elif expectation.kind == 'plain':
        wrong = judge_end(result, cell)
    elif expectation.kind == 'refused':
        wrong = judge_refused(cell, result)
    elif expectation.kind == 'exit':
        wrong = [] if result.status == expectation.status else \
            [f'exit status {result.status} instead of {expectation.status}']
    elif cell.door == 'L':
        wrong = judge_late(cell, result, expectation)
    else:
        wrong = judge_bound(cell, result, expectation)
    for pattern in cell.row.patterns('has', cell.engine.name, cell.door):
        if not re.search(pattern, result.output):
            wrong.append(f'no line matches /{pattern}/')
    for pattern in cell.row.patterns('lacks', cell.engine.name, cell.door):
        if re.search(pattern, result.output):
            wrong.append(f'a line matches /{pattern}/')
    return wrong


def bad_seen(result):
    """What goes wrong in a run without engraft."""
    seen = set()
    for name, what, value in result.lines:
        if value == 'hostile' and REPORTERS.fullmatch(name):
            seen.add('hostile')
        if (name, what) == ('host', 'failed') or 'symbol lookup error' in value:
            seen.add('undefined')
        if (what == 'initialised' and value == 'other') or (name, what, value) == \
                ('host', 'mapped', 'yes') or value == 'other':
            seen.add('other')
    if 'symbol lookup error' in result.output or 'undefined symbol' in result.output:
        seen.add('undefined')
    if result.status == 'hung' or (isinstance(result.status, int) and result.status < 0):
        seen.add('crash')
    return seen


def judge_without(cell, result):
    expected = cell.get('without', 'hostile').split()[0]
    seen = bad_seen(result)
    check_possible(result)
    if expected == 'right':
        return judge_end(result, cell)
    return [] if expected in seen else [f'expected the known-bad "{expected}", saw {sorted(seen)}']


# ---- TAP and the table


Verdict = collections.namedtuple('Verdict', 'word detail result')  # word: ok, not ok, skip


def link_fails(cell):
    """The row in which making the plugin must fail, with the symbol named."""
    try:
        cell.plugins().build()
    except Failure as failure:
        wrong = [f'no line matches /{pattern}/'
                 for pattern in cell.row.patterns('has', cell.engine.name, cell.door)
                 if not re.search(pattern, str(failure))]
        return Verdict('not ok' if wrong else 'ok', wrong, None)
    return Verdict('not ok', ['it was linked'], None)


def try_cell(cell):
    result = None
    try:
        if cell.get('program') == 'link-fails':
            return link_fails(cell)
        result = cell.run_once()
        wrong = judge(cell, result) if cell.door else judge_without(cell, result)
        if cell.door and cell.get('todo'):
            return Verdict('todo', [cell.get('todo')] if wrong else [], result)
        return Verdict('not ok' if wrong else 'ok', wrong, result)
    except Skip as skip:
        return Verdict('skip', [str(skip)], result)
    except Failure as failure:
        return Verdict('not ok', str(failure).splitlines(), result)


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def comment(self, text):
        for line in text.splitlines():
            print(f'# {line}')

    def say(self, label, verdict):
        self.count += 1
        if verdict.word == 'skip':
            print(f'ok {self.count} - {label} # SKIP {" ".join(verdict.detail)}', flush=True)
            return
        if verdict.word == 'todo': # an XFAIL, or, when it works after all, an XPASS
            word = 'not ok' if verdict.detail else 'ok'
            print(f'{word} {self.count} - {label} # TODO {" ".join(verdict.detail)}', flush=True)
            return
        print(f'{verdict.word} {self.count} - {label}', flush=True)
        if verdict.word == 'not ok':
            self.failed += 1
            self.comment('\n'.join(verdict.detail))
        if verdict.result and (VERBOSE or verdict.word == 'not ok'):
            self.comment(verdict.result.command)
            self.comment(f'status {verdict.result.status}')
            self.comment(verdict.result.output[-6000:])


def cells_of(row, engines, doors):
    cells = []
    for engine in engines:
        own = row.doors(engine)
        if own and row.get('without', engine).split()[:1] != ['none']:
            cells.append(Cell(row, engine, ''))
        cells += [Cell(row, engine, door) for door in own if door in doors]
    return cells


def empty_cells(rows):
    """(row, engine, door or '', reason or None) of each cell that is not there."""
    for row in rows:
        for engine in ENGINES:
            doors = row.doors(engine)
            if not doors:
                yield row, engine, '', row.why_empty(engine)
                continue
            for door in REQUIRED_DOORS:
                if door not in doors:
                    yield row, engine, door, row.why_empty(engine, door)


def door_letters(row, engine, verdicts):
    text = ''
    for door in row.doors(engine):
        verdict = verdicts.get((row, engine, door))
        mark = {'ok': '', 'skip': '?', 'not ok': '!', 'todo': '~'}[verdict.word] if verdict else '-'
        text += door + mark
    return text


def table(rows, verdicts):
    numbers, reasons, lines = {}, [], []
    width = max(len(row.name) for row in rows)
    head = 'row'
    lines.append(f'{head:{width}}  {"without":15} {"fake":12} {"v8":12}')
    empty = {(row, engine, door): reason for row, engine, door, reason in empty_cells(rows)}
    for row in rows:
        texts = []
        for engine in ENGINES:
            text = door_letters(row, engine, verdicts)
            for (other, name, door), reason in empty.items():
                if other is row and name == engine:
                    if reason not in numbers:
                        numbers[reason] = len(numbers) + 1
                        reasons.append(reason or 'NO REASON GIVEN')
                    mark = f'[{numbers[reason]}]'
                    text += mark if mark not in text else ''
            texts.append(text)
        without = row.get('without', ENGINES[0], default='hostile').split()[0]
        lines.append(f'{row.name:{width}}  {without:15} {texts[0]:12} {texts[1]:12}'.rstrip())
    lines.append('')
    lines.append('S stub, P preload, A engraft_dlopen, L late attach and back, B stub under preload;')
    lines.append('! failed, ~ known to fail, ? skipped, - not run; "without" is what happens without engraft')
    lines += [f'[{number}] {reason}' for number, reason in enumerate(reasons, 1)]
    return lines


# The kinds of references of a plugin, and by what the plugins show them.
KINDS = [
    ('calls', {'fake': 'call', 'v8': 'call'}, ''),
    ('address-taken functions', {'fake': 'address', 'v8': 'address'}, ''),
    ('function tables', {'fake': 'table', 'v8': 'table'}, ''),
    ('one address for one function', {'fake': 'same address', 'v8': 'same address'}, ''),
    ('vtables', {'fake': 'inherited virtual', 'v8': 'vtable'}, ''),
    ('virtual functions inherited', {'fake': 'inherited virtual', 'v8': 'inherited virtual'}, ''),
    ('typeinfo', {'fake': 'typeinfo'}, 'V8 is built without RTTI and exports no typeinfo'),
    ('dynamic_cast', {'fake': 'dynamic cast'}, 'V8 is built without RTTI and exports no typeinfo'),
    ('data objects', {'fake': 'data', 'v8': 'data'}, ''),
    ('data objects, written', {'fake': 'data written'},
     "V8 exports no variable that a plugin may write"),
    ('data pointers with addends', {'fake': 'data with addend', 'v8': 'data with addend'}, ''),
    ('weak undefined', {'fake': 'weak undefined', 'v8': 'weak undefined'}, ''),
    ('weakly defined by the plugin', {'fake': 'defined by both', 'v8': 'defined by both'}, ''),
    ('variadic functions', {'fake': 'variadic'}, 'V8 exports no variadic function to plugins'),
    ('results in memory', {'fake': 'large result', 'v8': 'script'}, ''),
    ('IFUNCs of the host', {'fake': 'indirect'}, 'V8 has no IFUNC'),
    ('versioned symbols', {'fake': 'old version'}, 'no V8 has versioned symbols'),
    ('constructors that call the engine', {'fake': 'constructor', 'v8': 'constructor'}, ''),
    ('destructors that call the engine', {'fake': 'destructor', 'v8': 'destructor'}, ''),
]


def kind_cells(engine, fact, verdicts):
    """How many bound cells showed a fact, and how many of them passed."""
    shown = passed = 0
    for (_, name, door), verdict in verdicts.items():
        if name != engine or not door or not verdict.result:
            continue
        if any(what == fact for _, what, _ in verdict.result.lines):
            shown += 1
            passed += verdict.word == 'ok'
    return shown, passed


def kinds_table(verdicts, tap, engines):
    width = max(len(kind) for kind, _, _ in KINDS)
    lines = ['', f'{"kind of reference":{width}}  {"fake":16} {"v8":16} (cells that showed it)']
    for kind, facts, reason in KINDS:
        texts = []
        for engine in ENGINES:
            if engine not in facts:
                texts.append('-' if reason else 'NO REASON')
                continue
            shown, passed = kind_cells(engine, facts[engine], verdicts)
            texts.append(f'{passed} of {shown}')
            if engine in engines and tap is not None:
                skipped = all(verdict.word == 'skip' for (_, name, _), verdict in verdicts.items()
                              if name == engine)
                word = 'skip' if skipped else 'ok' if shown and passed else 'not ok'
                tap.say(f'kind of reference: {kind} [{engine}]',
                        Verdict(word, ['nothing of this engine could be run'] if skipped else
                                [f'{passed} of {shown} cells'], None))
        lines.append(f'{kind:{width}}  {texts[0]:16} {texts[1]:16} {reason}'.rstrip())
    return lines


def main():
    pattern = sys.argv[1] if len(sys.argv) > 1 else ''
    engines = [sys.argv[2]] if len(sys.argv) > 2 else ENGINES
    doors = sys.argv[3] if len(sys.argv) > 3 else ''.join(DOORS)
    all_rows = rows_read(HERE / 'rows')
    rows = [row for row in all_rows if re.search(pattern, row.name)]
    if os.environ.get('ENGRAFT_SANITIZERS'):
        print('1..0 # SKIP hosts and plugins of the matrix are not built with sanitizers')
        return 0
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    cells = [cell for row in rows for cell in cells_of(row, engines, doors)]
    tap, verdicts = Tap(), {}
    for needed in ('engraft', '.libs/libengraft.so.0', '.libs/libengraft-preload.so'):
        if not (BUILD / needed).exists():
            print(f'Bail out! no {needed} in {BUILD}')
            return 99
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        for cell, verdict in zip(cells, pool.map(try_cell, cells)):
            verdicts[cell.row, cell.engine.name, cell.door] = verdict
            tap.say(cell.label, verdict)
    for row, engine, door, reason in empty_cells(rows):
        if not reason:
            tap.say(f'{row.name} [{engine}{":" + door if door else ""}] is empty for a reason',
                    Verdict('not ok', ['the file rows gives none'], None))
    whole = not pattern and len(engines) == 2 and doors == ''.join(DOORS)
    lines = table(rows, verdicts) + kinds_table(verdicts, tap if whole else None, engines)
    (BUILD / 'tests' / 'matrix' / 'matrix.txt').write_text('\n'.join(lines) + '\n')
    tap.comment('\n'.join(line or ' ' for line in lines))
    print(f'1..{tap.count}')
    return 1 if tap.failed else 0


if __name__ == '__main__':
    sys.exit(main())
