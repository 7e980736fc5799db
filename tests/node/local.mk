# SPDX-License-Identifier: MIT

node_tests = \
	tests/node/crash.t
TESTS += $(node_tests)
dist_check_SCRIPTS += $(node_tests)
