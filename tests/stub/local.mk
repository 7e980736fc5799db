# SPDX-License-Identifier: MIT
#
# The stub generator: from the inside (cmocka), and what tools say of its files.

stub_tests = \
	tests/stub/files.t \
	tests/stub/link.t \
	tests/stub/real.t \
	tests/stub/sources.t
TESTS += $(stub_tests)
dist_check_SCRIPTS += $(stub_tests)
EXTRA_DIST += \
	tests/stub/common.sh \
	tests/stub/engine.c \
	tests/stub/engine.map \
	tests/stub/manifest.py

if HAVE_CMOCKA
check_PROGRAMS += tests/unit/test_stub
TESTS += tests/unit/test_stub
tests_unit_test_stub_SOURCES = tests/unit/test_stub.c probes/deep.c
tests_unit_test_stub_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_stub_LDADD = libenginestub.la libfixups.la libidentify.la libreaders.la libprobes.la librelinker.la \
	$(LIBELF_LIBS) $(CMOCKA_LIBS)
endif
