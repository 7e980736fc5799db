/* SPDX-License-Identifier: MIT */
/* What the library tells, as JSON. docs/schema/ has the forms; every function returns a new
 * reference and ends the command when memory runs out. */
#ifndef ENGRAFT_CLI_JSON_H
#define ENGRAFT_CLI_JSON_H

#include <jansson.h>

#include "engraft.h"

/* A string, with U+FFFD for bytes that are no UTF-8 (a path may hold any); null for NULL. */
json_t *json_text(const char *text);
json_t *json_engines(const struct engraft_target *target);
json_t *json_needs(const struct engraft_target *target);
json_t *json_missing(const struct engraft_target *target);
json_t *json_core(const struct engraft_target *target); /* null when it is none */
json_t *json_config(const char *config); /* "key=value key=value" */
json_t *json_relink(const struct engraft_engine *engine);
json_t *json_counts(const struct engraft_plan *plan);
json_t *json_bindings(const struct engraft_plan *plan);
json_t *json_fixups(const struct engraft_plan *plan);
void json_set(json_t *object, const char *key, json_t *value); /* takes over `value` */
json_t *json_new_object(void);
json_t *json_new_array(void);
void json_add(json_t *array, json_t *value); /* takes over `value` */

/* Writes to stdout and releases. */
void json_print(json_t *value);
void json_print_line(json_t *value); /* one line */

#endif
