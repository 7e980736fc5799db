# SPDX-License-Identifier: MIT
#
# Unit tests of probes/ and abi-adapters/. Objects that they look at are made by $(CC) at run time;
# real engines come from tests/world.

if HAVE_CMOCKA
PROBES_TESTS = \
	tests/probes/test_probe \
	tests/probes/test_infer \
	tests/probes/test_readers \
	tests/probes/test_foreign \
	tests/probes/test_core \
	tests/probes/test_adapters \
	tests/probes/test_getter \
	tests/probes/test_getter_code \
	tests/probes/test_processes \
	tests/probes/test_scan \
	tests/probes/test_pattern \
	tests/probes/test_identify_js \
	tests/probes/test_v8_hidden \
	tests/probes/test_real
check_PROGRAMS += $(PROBES_TESTS)
TESTS += $(PROBES_TESTS)
endif

probes_tests = tests/probes/core.t
TESTS += $(probes_tests)
dist_check_SCRIPTS += $(probes_tests)

PROBES_TESTS_LIBS = libreaders.la libprobes.la librelinker.la $(LIBELF_LIBS) $(CMOCKA_LIBS)
PROBES_TESTS_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
PROBES_TESTS_FIXTURE = tests/probes/fixture.c tests/probes/fixture.h

tests_probes_test_probe_SOURCES = tests/probes/test_probe.c $(PROBES_TESTS_FIXTURE)
tests_probes_test_probe_CPPFLAGS = $(PROBES_TESTS_CPPFLAGS)
tests_probes_test_probe_LDADD = $(PROBES_TESTS_LIBS)

tests_probes_test_infer_SOURCES = tests/probes/test_infer.c $(PROBES_TESTS_FIXTURE)
tests_probes_test_infer_CPPFLAGS = $(PROBES_TESTS_CPPFLAGS)
tests_probes_test_infer_LDADD = $(PROBES_TESTS_LIBS)

tests_probes_test_readers_SOURCES = tests/probes/test_readers.c $(PROBES_TESTS_FIXTURE)
tests_probes_test_readers_CPPFLAGS = $(PROBES_TESTS_CPPFLAGS)
tests_probes_test_readers_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
tests_probes_test_readers_LDADD = $(PROBES_TESTS_LIBS) -ldl

tests_probes_test_core_SOURCES = tests/probes/test_core.c tests/probes/foreign_core.c \
	tests/probes/foreign_object.c tests/probes/foreign_object.h $(PROBES_TESTS_FIXTURE)
tests_probes_test_core_CPPFLAGS = $(PROBES_TESTS_CPPFLAGS)
tests_probes_test_core_LDADD = $(PROBES_TESTS_LIBS)

tests_probes_test_foreign_SOURCES = tests/probes/test_foreign.c tests/probes/foreign_object.c \
	tests/probes/foreign_object.h $(PROBES_TESTS_FIXTURE)
tests_probes_test_foreign_CPPFLAGS = $(PROBES_TESTS_CPPFLAGS)
tests_probes_test_foreign_LDADD = $(PROBES_TESTS_LIBS)

tests_probes_test_adapters_SOURCES = tests/probes/test_adapters.c
tests_probes_test_adapters_CPPFLAGS = $(PROBES_TESTS_CPPFLAGS)
tests_probes_test_adapters_LDADD = libengraft-core.la $(CMOCKA_LIBS)

tests_probes_test_real_SOURCES = tests/probes/test_real.c $(PROBES_TESTS_FIXTURE)
tests_probes_test_real_CPPFLAGS = $(PROBES_TESTS_CPPFLAGS)
tests_probes_test_real_LDADD = $(PROBES_TESTS_LIBS) -ldl

tests_probes_test_getter_SOURCES = tests/probes/test_getter.c $(PROBES_TESTS_FIXTURE)
tests_probes_test_getter_CPPFLAGS = $(PROBES_TESTS_CPPFLAGS)
tests_probes_test_getter_LDADD = libidentify.la $(PROBES_TESTS_LIBS)

tests_probes_test_getter_code_SOURCES = tests/probes/test_getter_code.c $(PROBES_TESTS_FIXTURE)
tests_probes_test_getter_code_CPPFLAGS = $(PROBES_TESTS_CPPFLAGS)
tests_probes_test_getter_code_LDADD = libidentify.la $(PROBES_TESTS_LIBS)

tests_probes_test_scan_SOURCES = tests/probes/test_scan.c $(PROBES_TESTS_FIXTURE)
tests_probes_test_scan_CPPFLAGS = $(PROBES_TESTS_CPPFLAGS)
tests_probes_test_scan_LDADD = libidentify.la $(PROBES_TESTS_LIBS)

tests_probes_test_v8_hidden_SOURCES = tests/probes/test_v8_hidden.c $(PROBES_TESTS_FIXTURE)
tests_probes_test_v8_hidden_CPPFLAGS = $(PROBES_TESTS_CPPFLAGS)
tests_probes_test_v8_hidden_LDADD = libidentify.la $(PROBES_TESTS_LIBS)

tests_probes_test_processes_SOURCES = tests/probes/test_processes.c
tests_probes_test_processes_CPPFLAGS = $(PROBES_TESTS_CPPFLAGS)
tests_probes_test_processes_LDADD = libidentify.la $(PROBES_TESTS_LIBS)

tests_probes_test_pattern_SOURCES = tests/probes/test_pattern.c $(PROBES_TESTS_FIXTURE)
tests_probes_test_pattern_CPPFLAGS = $(PROBES_TESTS_CPPFLAGS)
tests_probes_test_pattern_LDADD = libidentify.la $(PROBES_TESTS_LIBS)

tests_probes_test_identify_js_SOURCES = tests/probes/test_identify_js.c $(PROBES_TESTS_FIXTURE)
tests_probes_test_identify_js_CPPFLAGS = $(PROBES_TESTS_CPPFLAGS)
tests_probes_test_identify_js_LDADD = libidentify.la $(PROBES_TESTS_LIBS)
