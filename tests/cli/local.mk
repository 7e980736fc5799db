# SPDX-License-Identifier: MIT

cli_tests = \
	tests/cli/bound.t \
	tests/cli/completion.t \
	tests/cli/engines.t \
	tests/cli/foreign.t \
	tests/cli/needs.t \
	tests/cli/pairs.t \
	tests/cli/ps.t \
	tests/cli/run.t \
	tests/cli/usage.t
TESTS += $(cli_tests)
dist_check_SCRIPTS += $(cli_tests)
EXTRA_DIST += \
	tests/cli/plugin.cc \
	tests/cli/validate.py

if HAVE_CMOCKA
check_PROGRAMS += tests/cli/test_metrics
TESTS += tests/cli/test_metrics
endif

# The command's files as they are, and what they need of the others.
tests_cli_test_metrics_SOURCES = tests/cli/test_metrics.c cli/metrics.c cli/output.c
tests_cli_test_metrics_CPPFLAGS = $(engraft_CPPFLAGS) -I$(top_srcdir) $(CMOCKA_CFLAGS)
tests_cli_test_metrics_CFLAGS = $(engraft_CFLAGS)
tests_cli_test_metrics_LDADD = $(engraft_LDADD) $(CMOCKA_LIBS)
