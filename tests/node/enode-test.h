/* SPDX-License-Identifier: MIT */
/* What the checks of engraft-node share. One check runs per process: see enode-main.c. */
#ifndef ENODE_TEST_H
#define ENODE_TEST_H

#include "engraft-node/engraft-node.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct check {
    const char *name;
    void (*run)(void);
};

extern const struct check value_checks[], call_checks[], end_checks[], host_checks[];

/* Says what was expected, and that the check has failed; goes on. */
#define EXPECT(condition) expect((condition), #condition, __FILE__, __LINE__)
#define EXPECT_STATUS(expected, status) expect_status((expected), (status), #status, __FILE__, __LINE__)
#define EXPECT_TEXT(expected, actual) expect_text((expected), (actual), #actual, __FILE__, __LINE__)

bool expect(bool condition, const char *text, const char *file, int line);
bool expect_status(enum engraft_node_status expected, enum engraft_node_status status,
                   const char *text, const char *file, int line);
/* `actual` contains `expected`. */
bool expect_text(const char *expected, const char *actual, const char *text, const char *file,
                 int line);

extern struct engraft_node_error error; /* of the last call that was given it */

engraft_node *start_node(void); /* with the defaults; the check ends if it fails */
engraft_node *start_with(const struct engraft_node_options *options);
void stop_node(engraft_node *node); /* expects OK and exit code 0 */

/* Runs a string; undefined when it fails, which is a failure of the check. */
struct engraft_node_value run(engraft_node *node, const char *source);
double run_number(engraft_node *node, const char *source);
/* The value as JSON-like text, in a buffer of its own that lives until the next call. */
const char *show(const struct engraft_node_value *value);
/* show(run()), cleared. */
const char *run_shown(engraft_node *node, const char *source);

/* Makes `directory`/name with this text and returns its path; the directory goes at the end. */
const char *write_file(const char *name, const char *text);

int count_entries(const char *directory); /* "/proc/self/fd" */
long resident_kilobytes(void);
bool thorough(void); /* ENGRAFT_TEST_LONG is set: a thousand starts */
void exit_while_running(void); /* does not return; see enode-ends.c */
void host_start_v8(void); /* if this is a host with a V8 of its own: before anything else */

#ifdef __cplusplus
}
#endif

#endif
