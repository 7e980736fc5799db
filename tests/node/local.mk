# SPDX-License-Identifier: MIT

node_tests = \
	tests/node/crash.t \
	tests/node/game-server.t
TESTS += $(node_tests)
dist_check_SCRIPTS += $(node_tests)
