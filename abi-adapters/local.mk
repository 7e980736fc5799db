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
