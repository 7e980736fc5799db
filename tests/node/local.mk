# SPDX-License-Identifier: MIT

node_tests = \
	tests/node/crash.t \
	tests/node/enode.t \
	tests/node/features.t \
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

# The plugin that runs features.js, and the hosts that tests/node/features.t has it run in.
EXTRA_DIST += \
	tests/node/features-addon.c \
	tests/node/features-driver.c \
	tests/node/features-host.c \
	tests/node/features-host.js \
	tests/node/features-v8.cc \
	tests/node/features-v8.h \
	tests/node/features.h
