# SPDX-License-Identifier: MIT
#
# Unit tests of relinker/, one program for each file; see tests/stub and tests/probes for theirs.

EXTRA_DIST += tests/unit/object.h tests/unit/unit.h

if HAVE_CMOCKA
unit_tests = \
	tests/unit/test_api \
	tests/unit/test_error \
	tests/unit/test_image \
	tests/unit/test_live \
	tests/unit/test_lookup \
	tests/unit/test_manifest \
	tests/unit/test_policy \
	tests/unit/test_reference \
	tests/unit/test_resolve \
	tests/unit/test_trap \
	tests/unit/test_trigger \
	tests/unit/test_v8_data \
	tests/unit/test_v8_fixups \
	tests/unit/test_v8_host
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

unit_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
# cmocka's assertions take every integer as an unsigned 64-bit one.
unit_cflags += -Wno-sign-conversion -Wno-conversion

check_LTLIBRARIES += libunit.la
libunit_la_SOURCES = tests/unit/object.c tests/unit/unit.c
libunit_la_CFLAGS = $(unit_cflags)
libunit_la_LIBADD = libengraft-core.la $(CMOCKA_LIBS)

# The public interface is tested through the library that is installed.
tests_unit_test_api_CFLAGS = $(unit_cflags)
tests_unit_test_api_LDADD = libengraft.la $(CMOCKA_LIBS)

tests_unit_test_error_CFLAGS = $(unit_cflags)
tests_unit_test_error_LDADD = libunit.la
tests_unit_test_image_CFLAGS = $(unit_cflags)
tests_unit_test_image_LDADD = libunit.la
tests_unit_test_live_CFLAGS = $(unit_cflags)
tests_unit_test_live_LDADD = libunit.la
tests_unit_test_lookup_CFLAGS = $(unit_cflags)
tests_unit_test_lookup_LDADD = libunit.la
tests_unit_test_manifest_CFLAGS = $(unit_cflags)
tests_unit_test_manifest_LDADD = libunit.la
tests_unit_test_policy_CFLAGS = $(unit_cflags)
tests_unit_test_policy_LDADD = libunit.la
tests_unit_test_reference_CFLAGS = $(unit_cflags)
tests_unit_test_reference_LDADD = libunit.la
tests_unit_test_resolve_CFLAGS = $(unit_cflags)
tests_unit_test_resolve_LDADD = libunit.la
tests_unit_test_v8_data_CFLAGS = $(unit_cflags)
tests_unit_test_v8_data_LDADD = libunit.la
tests_unit_test_v8_fixups_CFLAGS = $(unit_cflags)
tests_unit_test_v8_fixups_LDADD = libunit.la
tests_unit_test_v8_host_CFLAGS = $(unit_cflags)
tests_unit_test_v8_host_LDADD = libunit.la
tests_unit_test_trap_SOURCES = tests/unit/test_trap.c tests/unit/trap_call.h
if ARCH_X86_64
tests_unit_test_trap_SOURCES += tests/unit/trap_call_x86_64.c
endif
tests_unit_test_trap_CFLAGS = $(unit_cflags)
tests_unit_test_trap_LDADD = libunit.la
tests_unit_test_trigger_CFLAGS = $(unit_cflags)
tests_unit_test_trigger_LDADD = libunit.la
endif
