# SPDX-License-Identifier: MIT
#
# Nothing here is built by make: examples/game-server/build does it, and tests/node/game-server.t.

EXTRA_DIST += \
	examples/game-server/README.md \
	examples/game-server/build \
	examples/game-server/engine.c \
	examples/game-server/engine.h \
	examples/game-server/game-plugin.h \
	examples/game-server/game.cc \
	examples/game-server/game.h \
	examples/game-server/game.js \
	examples/game-server/plugins.c \
	examples/game-server/plugins.h \
	examples/game-server/plugins/client.js \
	examples/game-server/plugins/node.c \
	examples/game-server/plugins/service.js \
	examples/game-server/plugins/v8.cc \
	examples/game-server/run \
	examples/game-server/second.cc \
	examples/game-server/second.h \
	examples/game-server/second.js \
	examples/game-server/server.c \
	examples/game-server/ticks.c \
	examples/game-server/ticks.h \
	examples/game-server/v8-components \
	examples/game-server/v8-library

CLEAN_LOCALS += game-server-clean
game-server-clean:
	rm -rf game-server
