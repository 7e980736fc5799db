# SPDX-License-Identifier: MIT

EXTRA_DIST += tests/world tests/world.lock tests/cmocka-tap
