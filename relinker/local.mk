# SPDX-License-Identifier: MIT
#
# librelinker.la: reading ELF objects, for libengraft, engraft-deep and the tests.
# libengraft-core.la: all of libengraft with its hidden functions, for tests and benchmarks.
# libengraft.so.0: the core. libengraft-preload.so: the interposers.

noinst_LTLIBRARIES += librelinker.la libengraft-core.la
lib_LTLIBRARIES += libengraft.la libengraft-preload.la
include_HEADERS += relinker/engraft.h relinker/engraft-errors.h

librelinker_la_SOURCES = \
	relinker/arch/aarch64.c \
	relinker/arch/architecture.c \
	relinker/arch/x86_64.c \
	relinker/deep.h \
	relinker/engine.h \
	relinker/error.c \
	relinker/error.h \
	relinker/image.c \
	relinker/image.h \
	relinker/lookup.c \
	relinker/machine.c \
	relinker/manifest.c \
	relinker/manifest.h

libengraft_core_la_SOURCES = \
	relinker/api.c \
	relinker/api.h \
	relinker/arena.c \
	relinker/attach.c \
	relinker/audit.c \
	relinker/commit.c \
	relinker/door.c \
	relinker/dry_run.h \
	relinker/hidden.c \
	relinker/live.c \
	relinker/live.h \
	relinker/live_reader.c \
	relinker/log.c \
	relinker/needed.c \
	relinker/peek.c \
	relinker/plan.c \
	relinker/plan_engine.c \
	relinker/plan_object.c \
	relinker/policy.c \
	relinker/preload.h \
	relinker/preload_door.c \
	relinker/processes.c \
	relinker/reference.c \
	relinker/registry.c \
	relinker/relinker.h \
	relinker/repair.c \
	relinker/report.c \
	relinker/resolve.c \
	relinker/self.c \
	relinker/shim.c \
	relinker/stub_door.c \
	relinker/target.c \
	relinker/target_live.c \
	relinker/trap.c \
	relinker/trap_live.h \
	relinker/trigger.c
libengraft_core_la_LIBADD = libadapters.la libprobes.la librelinker.la

libengraft_la_SOURCES =
libengraft_la_LIBADD = libengraft-core.la
libengraft_la_DEPENDENCIES = $(libengraft_la_LIBADD) relinker/libengraft.map
# -z nodelete: what it holds for plugins (symbol tables, traps) outlives the last stub that NEEDs it.
libengraft_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -Wl,-z,nodelete \
	-Wl,--version-script=$(top_srcdir)/relinker/libengraft.map

# No sanitizer: it is loaded before any run-time of one.
libengraft_preload_la_SOURCES = relinker/preload.c
libengraft_preload_la_CFLAGS = $(C_STANDARD) $(ENGRAFT_CFLAGS)
libengraft_preload_la_LIBADD = libengraft.la
libengraft_preload_la_DEPENDENCIES = libengraft.la relinker/libengraft-preload.map
libengraft_preload_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version \
	-Wl,--version-script=$(top_srcdir)/relinker/libengraft-preload.map

if ARCH_X86_64
libengraft_core_la_SOURCES += relinker/arch/x86_64_live.S
libengraft_preload_la_SOURCES += relinker/arch/x86_64_preload.S
endif
if ARCH_AARCH64
libengraft_core_la_SOURCES += relinker/arch/aarch64_live.S
libengraft_preload_la_SOURCES += relinker/arch/aarch64_preload.S
endif

EXTRA_DIST += relinker/libengraft.map relinker/libengraft-preload.map \
	relinker/arch/x86_64_notes.inc relinker/arch/aarch64_notes.inc
