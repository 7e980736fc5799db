# SPDX-License-Identifier: MIT
#
# The test matrix: rows x {small fake engine, real V8} x doors. It builds what it loads itself, with
# the compilers that configure found; `make matrix` is the same, on the terminal.

TESTS += tests/matrix/matrix.t
dist_check_SCRIPTS += tests/matrix/matrix.t
EXTRA_DIST += \
	tests/matrix/caller.c \
	tests/matrix/copy.c \
	tests/matrix/door.h \
	tests/matrix/fake.h \
	tests/matrix/fake.map \
	tests/matrix/fake_class.cc \
	tests/matrix/fake_engine.c \
	tests/matrix/fake_note.c \
	tests/matrix/host.c \
	tests/matrix/host.js \
	tests/matrix/plugin_fake.cc \
	tests/matrix/plugin_v8.cc \
	tests/matrix/report.h \
	tests/matrix/rows

matrix: all
	$(AM_TESTS_ENVIRONMENT) $(top_srcdir)/tests/matrix/matrix.t

CLEANFILES += tests/matrix/matrix.txt
CLEAN_LOCALS += clean-matrix
clean-matrix:
	rm -rf tests/matrix/work

.PHONY: matrix
