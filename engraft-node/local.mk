# SPDX-License-Identifier: MIT
#
# Nothing here is built by make: examples/node-in-host/build compiles it into libengraft-node.

EXTRA_DIST += \
	engraft-node/engraft-node.h
