# SPDX-License-Identifier: MIT
#
# Nothing here is built by make: examples/node-in-host/build compiles it into libengraft-node.

EXTRA_DIST += \
	engraft-node/bootstrap.cc \
	engraft-node/convert.cc \
	engraft-node/engraft-node.h \
	engraft-node/environment.cc \
	engraft-node/error.cc \
	engraft-node/exception.cc \
	engraft-node/function.cc \
	engraft-node/host.cc \
	engraft-node/internal.h \
	engraft-node/lock.cc \
	engraft-node/node.cc \
	engraft-node/post.cc \
	engraft-node/process.cc \
	engraft-node/registry.cc \
	engraft-node/run.cc \
	engraft-node/signals.cc \
	engraft-node/value.cc
