/* SPDX-License-Identifier: MIT */
/*
 * What the verbs print: errors, labelled text, tables, in colour when the reader wants it.
 * Running out of memory ends the command; a command has nobody to report it to.
 */
#ifndef ENGRAFT_CLI_OUTPUT_H
#define ENGRAFT_CLI_OUTPUT_H

#include <stddef.h>

#include "engraft.h"

_Noreturn void out_of_memory(void);

/* Length of the UTF-8 sequence that a text starts with; 0 when it is none. */
size_t utf8_length(const char *bytes);

/* For atexit(): an output that could not be written ends in status 1. */
void output_close(void);

/* "engraft: object: symbol: reason" on stderr; empty parts are left out. */
void print_error(const struct engraft_error *error);
/* "engraft: subject: text" on stderr, for what the command finds out itself. */
void print_problem(const char *subject, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* 80, or the width of the terminal when there is one. */
size_t output_width(void);

/* "label    text", continued under the text where a line is too long. `color` may be NULL. */
void print_field(const char *label, const char *color, const char *text);

/* "bindings  84 references: 80 direct, 4 local"; counts[KIND], of which the first is not used. */
#define KIND_COUNT (ENGRAFT_KIND_NATIVE + 1)
void print_bindings(const size_t counts[KIND_COUNT]);

/* Names of colours as print_field() and table_cell() take them; NULL where no colour is wanted. */
const char *color_of_verdict(enum engraft_verdict verdict);
const char *color_of_kind(enum engraft_kind kind);

/* A table with the headings given (NULL-terminated); the last column may be wrapped. */
struct table;
struct table *table_create(const char *const *headings);
/* Instead of making the table wider than the output, the column is cut (the widest first), and not
 * wrapped. */
void table_may_cut(struct table *table, size_t column);
void table_align_right(struct table *table, size_t column);
void table_row(struct table *table, const char *color, const char *const *cells);
void table_print(struct table *table);
void table_destroy(struct table *table);

/* The C++ name, or a copy of `symbol` when it is none. Release with free(). */
char *demangle(const char *symbol);

/* The words of engraft(7) for what the library gives as numbers. */
const char *linkage_name(enum engraft_linkage linkage);
const char *symbols_name(enum engraft_symbols symbols);
const char *confidence_name(enum engraft_confidence confidence);
const char *strength_name(enum engraft_strength strength);

/* The part of a path after its last slash. */
const char *file_name(const char *path);

#endif
