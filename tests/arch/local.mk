# SPDX-License-Identifier: MIT
#
# What holds for the tree and for the objects that are installed, rather than for one part.

arch_tests = tests/arch/includes.t tests/arch/objects.t
TESTS += $(arch_tests)
dist_check_SCRIPTS += $(arch_tests)
EXTRA_DIST += tests/arch/includes tests/arch/checks.sh
