# SPDX-License-Identifier: MIT
#
# libadapters.la: how two versions of an engine relate; libc only, callable inside an IFUNC resolver.

noinst_LTLIBRARIES += libadapters.la

libadapters_la_SOURCES = \
	abi-adapters/abi_adapter.h \
	abi-adapters/adapters.c \
	abi-adapters/v8/host.c \
	abi-adapters/v8/host.h \
	abi-adapters/v8/lifecycle.c \
	abi-adapters/v8/node_module.c \
	abi-adapters/v8/node_module.h \
	abi-adapters/v8/platform-layouts.def \
	abi-adapters/v8/platform.c \
	abi-adapters/v8/v8.c
