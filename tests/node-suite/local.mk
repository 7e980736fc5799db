# SPDX-License-Identifier: MIT
#
# Takes half an hour for all files; ./dev check --all runs a sample.

EXTRA_DIST += \
	docs/node-suite.txt \
	tests/node-suite/host.cc \
	tests/node-suite/needs.py \
	tests/node-suite/pieces.sh \
	tests/node-suite/run \
	tests/node-suite/script.cc \
	tests/node-suite/suite.py \
	tests/node-suite/vandal.c
