# SPDX-License-Identifier: MIT
#
# Nothing here is built by make: examples/node-in-host/build does.

EXTRA_DIST += \
	examples/node-in-host/README.md \
	examples/node-in-host/build \
	examples/node-in-host/compile.sh \
	examples/node-in-host/exports.map \
	examples/node-in-host/libraries-18.sh \
	examples/node-in-host/libraries-20.sh \
	examples/node-in-host/private_loop.c \
	examples/node-in-host/proof
