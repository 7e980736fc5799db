/* SPDX-License-Identifier: MIT */
/*
 * A plugin that has Node run features.js, for the hosts of features.t. It is told what to do in words
 * and prints one line for each thing that it has found out: "ok NAME", or "not ok NAME" and the
 * reason behind '#'.
 *
 *   run[:NAME+NAME]  the features of features.js, in one environment
 *   ends             what ends an environment, and nothing else
 *   restarts:COUNT   that many starts and stops, without growth
 *   signals          the first one keeps the process' signal handlers, the others compare
 *   begin use end    an environment: started, used, stopped
 *   refused          an environment in an isolate where none is entered
 *   taken            one in an isolate that has Node already
 *   inside           one in the host's isolate, which is entered
 *   handed[:NAMES]   one in the host's isolate, which is handed over but not entered
 *   shutdown         Node's process-wide initialisation is undone
 */
#ifndef FEATURES_H
#define FEATURES_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct features;

/* What a host tells of itself; all zeros if it tells nothing. */
struct features_host {
    void *isolate;
    const void *context; /* a pointer to a v8::Local<v8::Context> */
    /* Runs JavaScript in the host's context: the result as a string, valid until the next call. */
    const char *(*evaluate)(const char *source);
    /* Runs the tasks that V8 has posted for the host's isolate: they are in the host's platform. */
    void (*pump)(void);
};

/* @library: libengraft-node, by path. @script: features.js, by path. NULL: it cannot be loaded. */
typedef struct features *features_open_function(const char *library, const char *script);

/* False: there is no such word. */
typedef bool features_do_function(struct features *features, const char *word,
                                  const struct features_host *host);

__attribute__((visibility("default"))) features_open_function features_open;
__attribute__((visibility("default"))) features_do_function features_do;

#ifdef __cplusplus
}
#endif

#endif
