# SPDX-License-Identifier: MIT
#
# The probe: one addon over V8's public API, compiled for every version and run on every other.

EXTRA_DIST += \
	tests/v8/build-probe \
	tests/v8/host.js \
	tests/v8/matrix.py \
	tests/v8/probe/accessors.cc \
	tests/v8/probe/buffers.cc \
	tests/v8/probe/containers.cc \
	tests/v8/probe/contexts.cc \
	tests/v8/probe/engine.cc \
	tests/v8/probe/exceptions.cc \
	tests/v8/probe/fields.cc \
	tests/v8/probe/functions.cc \
	tests/v8/probe/handles.cc \
	tests/v8/probe/heap.cc \
	tests/v8/probe/indexed.cc \
	tests/v8/probe/isolates.cc \
	tests/v8/probe/modules.cc \
	tests/v8/probe/named.cc \
	tests/v8/probe/newer.cc \
	tests/v8/probe/node_side.cc \
	tests/v8/probe/objects.cc \
	tests/v8/probe/own.cc \
	tests/v8/probe/own.h \
	tests/v8/probe/persistent.cc \
	tests/v8/probe/platform.cc \
	tests/v8/probe/probe.cc \
	tests/v8/probe/probe.h \
	tests/v8/probe/profilers.cc \
	tests/v8/probe/promises.cc \
	tests/v8/probe/scripts.cc \
	tests/v8/probe/serializer.cc \
	tests/v8/probe/shims.h \
	tests/v8/probe/snapshots.cc \
	tests/v8/probe/startup.cc \
	tests/v8/probe/strings.cc \
	tests/v8/probe/templates.cc \
	tests/v8/probe/termination.cc \
	tests/v8/probe/values.cc \
	tests/v8/refused \
	tests/v8/tables.py

# Minutes: every case on the hosts of Node 18, 20, 22 and 24.
TESTS += tests/v8/probe.t
dist_check_SCRIPTS += tests/v8/probe.t

# What becomes of every function, for the tables.
check_PROGRAMS += tests/v8/decisions
tests_v8_decisions_SOURCES = tests/v8/decisions.c
tests_v8_decisions_LDADD = libengraft-core.la

# The data of abi-adapters/v8/data against the headers of every version.
TESTS += tests/v8/data.t
dist_check_SCRIPTS += tests/v8/data.t

# Constants that headers inlined into plugins' code.
TESTS += tests/v8/fixups.t
dist_check_SCRIPTS += tests/v8/fixups.t
EXTRA_DIST += tests/v8/fixups/sites.cc
check_PROGRAMS += tests/v8/fixups_run
tests_v8_fixups_run_SOURCES = tests/v8/fixups/run.c
tests_v8_fixups_run_LDFLAGS = $(AM_LDFLAGS) -rdynamic
tests_v8_fixups_run_LDADD = -ldl

# Addons and Node: module versions, selectors; real addons (addons.t).
TESTS += tests/v8/node_module.t tests/v8/node_modules.t tests/v8/r.t
dist_check_SCRIPTS += tests/v8/addons.py tests/v8/addons.t tests/v8/node_module.t \
	tests/v8/node_modules.t tests/v8/r.t
EXTRA_DIST += tests/v8/addons.refused tests/v8/addons/iast.js tests/v8/addons/metrics.js \
	tests/v8/addons/pprof.js tests/v8/addons/steps.js tests/v8/node_module.c \
	tests/v8/node_module.js tests/v8/r.R

# Random sequences of calls, native and adapted side by side.
TESTS += tests/v8/random.t
dist_check_SCRIPTS += tests/v8/random.t
EXTRA_DIST += tests/v8/sequences.py tests/v8/sequences/calls.cc tests/v8/sequences/others.cc \
	tests/v8/sequences/run.js tests/v8/sequences/sequences.cc tests/v8/sequences/sequences.h \
	tests/v8/sequences/values.cc
