# SPDX-License-Identifier: MIT
#
# Nothing here is built by make: examples/v8-hello/demo builds what it shows (./dev demo).

EXTRA_DIST += \
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
