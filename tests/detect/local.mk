# SPDX-License-Identifier: MIT
#
# Detection: real builds (detect.t), what is no engine (scan.t), running processes (live.t),
# what was made to cost time or memory (hostile.t).

detect_tests = \
	tests/detect/detect.t \
	tests/detect/hostile.t \
	tests/detect/live.t \
	tests/detect/lookalike.t \
	tests/detect/scan.t
TESTS += $(detect_tests)
dist_check_SCRIPTS += $(detect_tests)

check_PROGRAMS += tests/detect/scan_files
tests_detect_scan_files_SOURCES = tests/detect/scan_files.c
tests_detect_scan_files_LDADD = libengraft.la

EXTRA_DIST += \
	tests/detect/builds \
	tests/detect/builds-foreign \
	tests/detect/builds-other \
	tests/detect/builds.py \
	tests/detect/detect.py \
	tests/detect/elf_variants.py \
	tests/detect/hostile.py \
	tests/detect/lookalike.py \
	tests/detect/owners \
	tests/detect/scan.py \
	tests/detect/statics.py \
	tests/detect/table.py \
	tests/detect/variants
