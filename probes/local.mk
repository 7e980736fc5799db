# SPDX-License-Identifier: MIT
#
# libprobes.la: detection from symbols and data, libc only, callable inside an IFUNC resolver.
# libreaders.la: images of files and processes, with libelf.
# libidentify.la: every engine in them, by the facts of engines.def.
# engraft-deep.so: the readers and the stub generator behind the one table of relinker/deep.h.

noinst_LTLIBRARIES += libidentify.la libprobes.la libreaders.la
pkglib_LTLIBRARIES += engraft-deep.la

libprobes_la_SOURCES = \
	probes/engines.def \
	probes/evidence.c \
	probes/probe.c \
	probes/probes.h \
	probes/v8-imports.def \
	probes/v8-infer.c \
	probes/v8-versions.def \
	probes/v8.c

libidentify_la_CPPFLAGS = $(AM_CPPFLAGS) $(CAPSTONE_CFLAGS)
libidentify_la_LIBADD = $(CAPSTONE_LIBS)
libidentify_la_SOURCES = \
	probes/coreclr.c \
	probes/cpython.c \
	probes/duktape.c \
	probes/examine.c \
	probes/examine.h \
	probes/facts.c \
	probes/facts.h \
	probes/getter.c \
	probes/getter.h \
	probes/getter_aarch64.c \
	probes/getter_aarch64.h \
	probes/getter_aarch64_values.c \
	probes/getter_references.c \
	probes/getter_state.c \
	probes/getter_state.h \
	probes/getter_x86_64.c \
	probes/getter_x86_64.h \
	probes/getter_x86_64_values.c \
	probes/hermes.c \
	probes/identify.c \
	probes/identify.h \
	probes/identities.c \
	probes/needs.c \
	probes/njs.c \
	probes/pattern.c \
	probes/process_files.c \
	probes/process_files.h \
	probes/process_maps.c \
	probes/process_place.c \
	probes/processes.c \
	probes/processes.h \
	probes/r.c \
	probes/scan.c \
	probes/scan.h \
	probes/scan_image.c \
	probes/texts.c \
	probes/v8_hidden.c \
	probes/v8_hidden.h \
	probes/v8_identify.c \
	probes/wasmtime.c

libreaders_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBELF_CFLAGS) $(LZMA_CFLAGS)
libreaders_la_LIBADD = $(LIBELF_LIBS) $(LZMA_LIBS)
libreaders_la_SOURCES = \
	probes/core.c \
	probes/core.h \
	probes/core_modules.c \
	probes/elf_form.c \
	probes/elf_form.h \
	probes/file.c \
	probes/foreign.c \
	probes/pid.c \
	probes/pid_maps.c \
	probes/pid_maps.h \
	probes/reader.c \
	probes/readers.h \
	probes/sections.c \
	probes/symtab.c \
	probes/xz.c \
	probes/xz.h

engraft_deep_la_SOURCES = probes/deep.c
engraft_deep_la_LIBADD = libenginestub.la libfixups.la libidentify.la libreaders.la libprobes.la librelinker.la \
	$(LIBELF_LIBS)
engraft_deep_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-Wl,--version-script=$(top_srcdir)/probes/engraft-deep.map
engraft_deep_la_DEPENDENCIES = libenginestub.la libfixups.la libidentify.la libreaders.la libprobes.la \
	librelinker.la probes/engraft-deep.map
EXTRA_DIST += probes/engraft-deep.map
