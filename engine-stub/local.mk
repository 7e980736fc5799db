# SPDX-License-Identifier: MIT
#
# The stub generator, a part of engraft-deep.so: the rule of engraft-deep.la adds
# libenginestub.la to its LIBADD. It calls engraft_deep_table and the probes, which are there.

noinst_LTLIBRARIES += libenginestub.la

libenginestub_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBELF_CFLAGS)
libenginestub_la_LIBADD = $(LIBELF_LIBS)
libenginestub_la_SOURCES = \
	engine-stub/buffer.c \
	engine-stub/buffer.h \
	engine-stub/elf_object.c \
	engine-stub/elf_object.h \
	engine-stub/elf_parts.c \
	engine-stub/elf_parts.h \
	engine-stub/machine.c \
	engine-stub/machine.h \
	engine-stub/mangling.c \
	engine-stub/mangling.h \
	engine-stub/manifest_note.c \
	engine-stub/manifest_note.h \
	engine-stub/source_abi.c \
	engine-stub/source_engine.c \
	engine-stub/source_list.c \
	engine-stub/source_plugin.c \
	engine-stub/stub.c \
	engine-stub/stub.h \
	engine-stub/stub_files.c \
	engine-stub/stub_files.h \
	engine-stub/stub_objects.c \
	engine-stub/stub_source.c \
	engine-stub/stub_source.h \
	engine-stub/symbol_set.c \
	engine-stub/symbol_set.h
