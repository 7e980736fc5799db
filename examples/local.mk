# SPDX-License-Identifier: MIT
#
# Nothing here is built by make: examples/v8-hello/demo builds what it shows (./dev demo), and
# examples/host-api/run what a host author writes.

EXTRA_DIST += \
	examples/host-api/engine.c \
	examples/host-api/engine.h \
	examples/host-api/host.c \
	examples/host-api/plugin.c \
	examples/host-api/run \
	examples/host-api/toy.symbols \
	examples/js-loader/README.md \
	examples/js-loader/driver.c \
	examples/js-loader/js_loader.c \
	examples/js-loader/js_loader.h \
	examples/js-loader/orders.js \
	examples/v8-hello/demo \
	examples/v8-hello/hello.cc \
	examples/v8-hello/hello.h \
	examples/v8-hello/host.R \
	examples/v8-hello/host.c \
	examples/v8-hello/host.js \
	examples/v8-hello/hostile.sh \
	examples/v8-hello/proof.c \
	examples/v8-hello/resources.cc \
	examples/v8-hello/resources.h \
	examples/v8-hello/show.js

EXTRA_DIST += \
	examples/crash-two-v8/constant-tokens \
	examples/crash-two-v8/hello.js \
	examples/crash-two-v8/host.cc \
	examples/crash-two-v8/plugin.cc \
	examples/crash-two-v8/run \
	examples/node-in-r/demo.R \
	examples/node-in-r/node.R \
	examples/node-in-r/node.c \
	examples/node-in-r/run

# What examples/v8-hello/demo has built, as ./dev demo or as a test.
CLEAN_LOCALS += demo-clean
demo-clean:
	rm -rf demo

include examples/game-server/local.mk
include examples/node-in-host/local.mk
