# SPDX-License-Identifier: MIT

cli_tests = \
	tests/cli/bound.t \
	tests/cli/completion.t \
	tests/cli/engines.t \
	tests/cli/ps.t \
	tests/cli/run.t \
	tests/cli/usage.t
TESTS += $(cli_tests)
dist_check_SCRIPTS += $(cli_tests)
EXTRA_DIST += \
	tests/cli/plugin.cc \
	tests/cli/validate.py
