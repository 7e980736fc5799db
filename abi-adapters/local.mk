# SPDX-License-Identifier: MIT
#
# libadapters.la: how two versions of an engine relate; libc only, callable inside an IFUNC resolver.

noinst_LTLIBRARIES += libadapters.la

libadapters_la_SOURCES = \
	abi-adapters/abi_adapter.h \
	abi-adapters/adapters.c \
	abi-adapters/v8/data.c \
	abi-adapters/v8/data.h \
	abi-adapters/v8/data/constants.def \
	abi-adapters/v8/data/enums.def \
	abi-adapters/v8/data/functions-index.def \
	abi-adapters/v8/data/functions.def \
	abi-adapters/v8/data/records.def \
	abi-adapters/v8/data/vtables.def \
	abi-adapters/v8/host.c \
	abi-adapters/v8/host.h \
	abi-adapters/v8/lifecycle.c \
	abi-adapters/v8/node_module.c \
	abi-adapters/v8/node_module.h \
	abi-adapters/v8/platform-layouts.def \
	abi-adapters/v8/platform.c \
	abi-adapters/v8/v8.c \
	abi-adapters/v8/versions.def

# What prints abi-adapters/v8/data.
EXTRA_DIST += \
	abi-adapters/v8/extract \
	abi-adapters/v8/extractor/__init__.py \
	abi-adapters/v8/extractor/calls.py \
	abi-adapters/v8/extractor/clang_index.py \
	abi-adapters/v8/extractor/emit.py \
	abi-adapters/v8/extractor/fields.py \
	abi-adapters/v8/extractor/layout.py \
	abi-adapters/v8/extractor/merge.py \
	abi-adapters/v8/extractor/names.py \
	abi-adapters/v8/extractor/version.py

dist_pkgdata_DATA = abi-adapters/v8/node-modules.cjs

# libfixups.la: where a plugin's own code has V8's heap inlined; part of engraft-deep.so.
noinst_LTLIBRARIES += libfixups.la
libfixups_la_CPPFLAGS = $(AM_CPPFLAGS) $(CAPSTONE_CFLAGS)
libfixups_la_LIBADD = $(CAPSTONE_LIBS)
libfixups_la_SOURCES = \
	abi-adapters/v8/fixups.c \
	abi-adapters/v8/fixups.def \
	abi-adapters/v8/fixups.h \
	abi-adapters/v8/fixups_decode.c \
	abi-adapters/v8/fixups_flow.c \
	abi-adapters/v8/fixups_flow.h \
	abi-adapters/v8/fixups_functions.c \
	abi-adapters/v8/fixups_prove.c \
	abi-adapters/v8/fixups_state.h \
	abi-adapters/v8/fixups_steps.c \
	abi-adapters/v8/fixups_values.c
