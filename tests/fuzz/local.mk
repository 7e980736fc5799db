# SPDX-License-Identifier: MIT
#
# Fuzzing: everything that reads what others wrote is compiled once more with ASan and UBSan, in every
# build, and given real ELF files with some bytes changed. See tests/fuzz/fuzz.h.

fuzz_tests = tests/fuzz/fuzz.t
TESTS += $(fuzz_tests)
dist_check_SCRIPTS += $(fuzz_tests)
EXTRA_DIST += tests/fuzz/fuzz.h tests/fuzz/seed.c tests/fuzz/seed_foreign.c \
	tests/fuzz/seed_fixups.c tests/fuzz/seed_getter.c tests/fuzz/seed_live.c

if HAVE_SANITIZERS
fuzz_cflags = $(C_STANDARD) $(ENGRAFT_CFLAGS) $(FUZZ_CFLAGS)

check_LTLIBRARIES += libfuzz.la
libfuzz_la_CPPFLAGS = $(AM_CPPFLAGS) $(LIBELF_CFLAGS) $(CAPSTONE_CFLAGS) $(LZMA_CFLAGS)
libfuzz_la_CFLAGS = $(fuzz_cflags) -Wno-missing-prototypes
libfuzz_la_LIBADD = $(LIBELF_LIBS) $(CAPSTONE_LIBS) $(LZMA_LIBS)
libfuzz_la_SOURCES = \
	$(libadapters_la_SOURCES) \
	$(libengraft_core_la_SOURCES) \
	$(libenginestub_la_SOURCES) \
	$(libfixups_la_SOURCES) \
	$(libidentify_la_SOURCES) \
	$(libprobes_la_SOURCES) \
	$(libreaders_la_SOURCES) \
	$(librelinker_la_SOURCES) \
	probes/deep.c \
	tests/fuzz/driver.c \
	tests/unit/object.c

check_PROGRAMS += tests/fuzz/fuzz_file tests/fuzz/fuzz_fixups \
	tests/fuzz/fuzz_getter tests/fuzz/fuzz_identify \
	tests/fuzz/fuzz_image tests/fuzz/fuzz_live tests/fuzz/fuzz_note \
	tests/fuzz/fuzz_process tests/fuzz/fuzz_scan tests/fuzz/seed_engines
tests_fuzz_fuzz_file_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_file_LDADD = libfuzz.la
tests_fuzz_fuzz_fixups_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_fixups_LDADD = libfuzz.la
tests_fuzz_fuzz_getter_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_getter_LDADD = libfuzz.la
tests_fuzz_fuzz_identify_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_identify_LDADD = libfuzz.la
tests_fuzz_fuzz_image_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_image_LDADD = libfuzz.la
tests_fuzz_fuzz_live_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_live_LDADD = libfuzz.la
tests_fuzz_fuzz_note_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_note_LDADD = libfuzz.la
tests_fuzz_fuzz_process_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_process_LDADD = libfuzz.la
tests_fuzz_fuzz_scan_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_scan_LDADD = libfuzz.la
tests_fuzz_seed_engines_CFLAGS = $(fuzz_cflags)
tests_fuzz_seed_engines_LDADD = libfuzz.la
endif
