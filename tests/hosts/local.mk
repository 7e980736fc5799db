# SPDX-License-Identifier: MIT

hosts_tests = \
	tests/hosts/addons.t \
	tests/hosts/demo.t \
	tests/hosts/embedder.t \
	tests/hosts/quiet.t
TESTS += $(hosts_tests)
dist_check_SCRIPTS += $(hosts_tests)
EXTRA_DIST += tests/hosts/embedder-host.c tests/hosts/embedder.cc
