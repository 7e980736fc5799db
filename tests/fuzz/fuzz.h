/* SPDX-License-Identifier: MIT */
/*
 * A harness is one program: it defines LLVMFuzzerTestOneInput(), as libFuzzer wants it, and is linked
 * with driver.c, which is the fuzzer where no libFuzzer is at hand:
 *
 *     fuzz_image RUNS SEED FILE...
 *
 * takes the FILEs in turn, changes one to eight places of each and calls the harness, RUNS times. The
 * same RUNS, SEED and FILEs give the same inputs. What crashes, fails a sanitizer or takes more than
 * 20 seconds is written to fuzz-crash in the current directory; `fuzz_image 0 0 fuzz-crash` calls the
 * harness with it as it is.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Where fuzz_live takes its bytes to lie in the memory of a process. */
#define FUZZ_LIVE_BASE 0x7f0000001000ull

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
