/* SPDX-License-Identifier: MIT */
#ifndef V8_HELLO_H
#define V8_HELLO_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HELLO_EXPORT __attribute__((visibility("default")))

/*
 * Runs the script on the V8 that the process already has and writes the answer, one line of JSON,
 * to buffer.  Uses the isolate that the calling thread has entered, else makes one of its own;
 * V8 must have been initialised by the host.  Returns 0, or -1 with the reason in buffer.
 * One thread at a time.
 */
HELLO_EXPORT int v8_hello_run(char *buffer, size_t length);

/* The same for R's .C(): *text is replaced by memory that R copies when the call returns. */
HELLO_EXPORT void v8_hello_r(char **text);

#ifdef __cplusplus
}
#endif
#endif
