# SPDX-License-Identifier: MIT

node_tests = \
	tests/node/crash.t \
	tests/node/enode.t \
	tests/node/loader.t \
	tests/node/game-server.t \
	tests/node/recipe.t \
	tests/node/r.t
TESTS += $(node_tests)
dist_check_SCRIPTS += $(node_tests)

# What Node must be able to do in any host; `node features.js` says it of Node itself.
EXTRA_DIST += tests/node/features.R tests/node/features.js

# The checks of engraft-node, which tests/node/enode.t compiles.
EXTRA_DIST += \
	tests/node/enode-calls.c \
	tests/node/enode-ends.c \
	tests/node/enode-host.cc \
	tests/node/enode-main.c \
	tests/node/enode-test.h \
	tests/node/enode-values.c \
	tests/node/loader-host.cc
