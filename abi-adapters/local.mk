# SPDX-License-Identifier: MIT
#
# libadapters.la: how two versions of an engine relate; libc only, callable inside an IFUNC resolver.

noinst_LTLIBRARIES += libadapters.la

libadapters_la_SOURCES = \
	abi-adapters/abi_adapter.h \
	abi-adapters/adapters.c \
	abi-adapters/v8/accessor_functions.c \
	abi-adapters/v8/accessors.c \
	abi-adapters/v8/accessors.h \
	abi-adapters/v8/adapter.h \
	abi-adapters/v8/bindings.c \
	abi-adapters/v8/bindings.def \
	abi-adapters/v8/bindings.h \
	abi-adapters/v8/bindings/buffers.def \
	abi-adapters/v8/bindings/contexts.def \
	abi-adapters/v8/bindings/exceptions.def \
	abi-adapters/v8/bindings/functions.def \
	abi-adapters/v8/bindings/handles.def \
	abi-adapters/v8/bindings/isolate_callbacks.def \
	abi-adapters/v8/bindings/isolates.def \
	abi-adapters/v8/bindings/modules.def \
	abi-adapters/v8/bindings/node.def \
	abi-adapters/v8/bindings/objects.def \
	abi-adapters/v8/bindings/platform.def \
	abi-adapters/v8/bindings/profilers.def \
	abi-adapters/v8/bindings/promises.def \
	abi-adapters/v8/bindings/scripts.def \
	abi-adapters/v8/bindings/serializers.def \
	abi-adapters/v8/bindings/strings.def \
	abi-adapters/v8/bindings/snapshots.def \
	abi-adapters/v8/bindings/templates.def \
	abi-adapters/v8/buffers.c \
	abi-adapters/v8/buffers_api.c \
	abi-adapters/v8/call_plugin.c \
	abi-adapters/v8/callback_frames.c \
	abi-adapters/v8/callback_info.c \
	abi-adapters/v8/callback_info.h \
	abi-adapters/v8/callback_thunks.S \
	abi-adapters/v8/callbacks.c \
	abi-adapters/v8/callbacks.def \
	abi-adapters/v8/callbacks.h \
	abi-adapters/v8/contexts.c \
	abi-adapters/v8/crossings.h \
	abi-adapters/v8/data.c \
	abi-adapters/v8/data.h \
	abi-adapters/v8/data/constants.def \
	abi-adapters/v8/data/enums.def \
	abi-adapters/v8/data/functions-index.def \
	abi-adapters/v8/data/functions.def \
	abi-adapters/v8/data/records.def \
	abi-adapters/v8/data/vtables.def \
	abi-adapters/v8/exceptions.c \
	abi-adapters/v8/extensions.c \
	abi-adapters/v8/fork_lock.h \
	abi-adapters/v8/functions.c \
	abi-adapters/v8/handles.c \
	abi-adapters/v8/handles_api.c \
	abi-adapters/v8/heap_profilers.c \
	abi-adapters/v8/host.c \
	abi-adapters/v8/host.h \
	abi-adapters/v8/hosted.c \
	abi-adapters/v8/hosted.def \
	abi-adapters/v8/hosted.h \
	abi-adapters/v8/hosted_platform.c \
	abi-adapters/v8/hosts.def \
	abi-adapters/v8/info_layout.c \
	abi-adapters/v8/info_layout.h \
	abi-adapters/v8/interceptors.c \
	abi-adapters/v8/isolate_callbacks.c \
	abi-adapters/v8/isolate_events.c \
	abi-adapters/v8/isolates.c \
	abi-adapters/v8/isolates.h \
	abi-adapters/v8/lifecycle.c \
	abi-adapters/v8/measure_memory.c \
	abi-adapters/v8/microtasks.c \
	abi-adapters/v8/microtasks.h \
	abi-adapters/v8/modules.c \
	abi-adapters/v8/node_functions.c \
	abi-adapters/v8/node_module.c \
	abi-adapters/v8/node_module.h \
	abi-adapters/v8/objects.c \
	abi-adapters/v8/objects_containers.c \
	abi-adapters/v8/objects_values.c \
	abi-adapters/v8/pair.c \
	abi-adapters/v8/platform-layouts.def \
	abi-adapters/v8/platform.c \
	abi-adapters/v8/platform_adapters.c \
	abi-adapters/v8/profilers.c \
	abi-adapters/v8/records.c \
	abi-adapters/v8/records.h \
	abi-adapters/v8/referrers.c \
	abi-adapters/v8/referrers.h \
	abi-adapters/v8/scripts.c \
	abi-adapters/v8/serializers.c \
	abi-adapters/v8/shadow.c \
	abi-adapters/v8/shadow.h \
	abi-adapters/v8/shadow_scopes.c \
	abi-adapters/v8/slots.c \
	abi-adapters/v8/snapshots.c \
	abi-adapters/v8/strings.c \
	abi-adapters/v8/strings_external.c \
	abi-adapters/v8/templates.c \
	abi-adapters/v8/thunks.S \
	abi-adapters/v8/thunks.h \
	abi-adapters/v8/v8.c \
	abi-adapters/v8/versions.def \
	abi-adapters/v8/virtuals.def \
	abi-adapters/v8/vtables.c

# Adapters are declared by the table that names them (bindings.c, callbacks.h), and there alone.
libadapters_la_CFLAGS = $(AM_CFLAGS) -Wno-missing-prototypes

# What prints abi-adapters/v8/data.
EXTRA_DIST += \
	abi-adapters/v8/borders \
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
