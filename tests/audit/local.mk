# SPDX-License-Identifier: MIT
#
# libengraft once more, with a commit that is wrong on purpose: what the audit must notice. It has the
# SONAME of the real one, so that the same plugins load with either.

check_LTLIBRARIES += tests/audit/broken/libengraft.la
tests_audit_broken_libengraft_la_SOURCES = $(libengraft_core_la_SOURCES)
tests_audit_broken_libengraft_la_CPPFLAGS = $(AM_CPPFLAGS) -DENGRAFT_BROKEN_COMMIT
tests_audit_broken_libengraft_la_LIBADD = $(libengraft_core_la_LIBADD)
tests_audit_broken_libengraft_la_LDFLAGS = $(libengraft_la_LDFLAGS) -rpath /nowhere

audit_tests = tests/audit/audit.t
TESTS += $(audit_tests)
dist_check_SCRIPTS += $(audit_tests)
EXTRA_DIST += tests/audit/engine.c tests/audit/host.c tests/audit/plugin.c
