/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <errno.h>
#include <libsmartcols.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

#define LABEL_WIDTH 10
#define DEFAULT_WIDTH 80
#define MINIMUM_WIDTH 40

void out_of_memory(void)
{
    fputs("engraft: out of memory\n", stderr);
    exit(EXIT_ERROR);
}

void output_close(void)
{
    bool failed = ferror(stdout) != 0;

    if (fclose(stdout) != 0 || failed) {
        fprintf(stderr, "engraft: standard output: %s\n", strerror(errno));
        _exit(EXIT_ERROR);
    }
}

size_t utf8_length(const char *bytes)
{
    const unsigned char *text = (const unsigned char *)bytes;
    size_t length = text[0] < 0x80                       ? 1
                    : text[0] >= 0xc2 && text[0] <= 0xdf ? 2
                    : text[0] >= 0xe0 && text[0] <= 0xef ? 3
                    : text[0] >= 0xf0 && text[0] <= 0xf4 ? 4
                                                         : 0;

    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
        (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
        return 0; /* too long for what it says, a surrogate, or beyond Unicode */
    return length;
}

/* Controls are below U+0020 and from U+007F to U+009F (some terminals take U+009B for ESC [); and what
 * turns around the order of the letters behind it. */
static bool is_control(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text;

    if (length <= 1)
        return length == 0 || at[0] < 0x20 || at[0] == 0x7f;
    if (length == 2)
        return at[0] == 0xc2 && at[1] < 0xa0;
    return length == 3 && at[0] == 0xe2 &&
           ((at[1] == 0x80 && (at[2] == 0x8e || at[2] == 0x8f || (at[2] >= 0xa8 && at[2] <= 0xae))) ||
            (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9));
}

/* Names come from files that nobody vouches for: none of them may speak to the terminal. There is a NUL
 * behind `text`; `length` ends with a letter. */
static void put_bytes(FILE *stream, const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        size_t letter = utf8_length(text + i);

        if (is_control(text + i, letter))
            putc('?', stream);
        else
            fwrite(text + i, 1, letter, stream);
        i += letter ? letter : 1;
    }
}

static void put_part(const char *text)
{
    if (!text[0])
        return;
    put_bytes(stderr, text, strlen(text));
    fputs(": ", stderr);
}

void print_error(const struct engraft_error *error)
{
    const char *reason = error->reason[0] ? error->reason : engraft_status_text(error->status);

    fflush(stdout);
    fputs("engraft: ", stderr);
    put_part(error->object);
    put_part(error->symbol);
    put_bytes(stderr, reason, strlen(reason));
    putc('\n', stderr);
}

void print_problem(const char *subject, const char *format, ...)
{
    char *text;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        out_of_memory();
    va_end(arguments);

    fflush(stdout);
    fputs("engraft: ", stderr);
    put_part(subject);
    put_bytes(stderr, text, strlen(text));
    putc('\n', stderr);
    free(text);
}

size_t output_width(void)
{
    struct winsize window;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col < MINIMUM_WIDTH)
        return DEFAULT_WIDTH;
    return window.ws_col;
}

static bool color_wanted(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    if (no_color && no_color[0])
        return false;
    return isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

const char *color_of_verdict(enum engraft_verdict verdict)
{
    switch (verdict) {
    case ENGRAFT_VERDICT_EXACT:
    case ENGRAFT_VERDICT_COMPATIBLE:
        return "green";
    case ENGRAFT_VERDICT_ADAPTED:
    case ENGRAFT_VERDICT_DEGRADED:
        return "yellow";
    case ENGRAFT_VERDICT_REFUSED:
        return "red";
    }
    return NULL;
}

const char *color_of_kind(enum engraft_kind kind)
{
    switch (kind) {
    case ENGRAFT_KIND_FALLBACK:
        return "yellow";
    case ENGRAFT_KIND_TRAP:
        return "red";
    default:
        return NULL;
    }
}

/* The escape sequences of the few colours that are used outside of tables. */
static const char *color_sequence(const char *color)
{
    if (!color || !color_wanted())
        return NULL;
    if (!strcmp(color, "green"))
        return "\033[32m";
    if (!strcmp(color, "yellow"))
        return "\033[33m";
    return "\033[31m";
}

/* How much of `text` fits a line: whole words, or a part of a word that is longer than a line. */
static size_t line_length(const char *text, size_t width)
{
    size_t length = strlen(text);

    if (length <= width)
        return length;
    for (size_t i = width; i > 0; i--) {
        if (text[i] == ' ')
            return i;
    }
    for (length = width; length > 1 && ((unsigned char)text[length] & 0xc0) == 0x80;)
        length--; /* not inside a UTF-8 sequence */
    return length;
}

void print_field(const char *label, const char *color, const char *text)
{
    const char *sequence = color_sequence(color);
    size_t width = output_width() - LABEL_WIDTH;

    printf("%-*s", LABEL_WIDTH, label);
    do {
        size_t length = line_length(text, width);

        if (sequence)
            fputs(sequence, stdout);
        put_bytes(stdout, text, length);
        if (sequence)
            fputs("\033[0m", stdout);
        putchar('\n');
        text += length;
        text += strspn(text, " ");
        if (text[0])
            printf("%*s", LABEL_WIDTH, "");
    } while (text[0]);
}

void print_bindings(const size_t counts[KIND_COUNT])
{
    const char *separator = ": ";
    size_t total = 0, size;
    char *text;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        out_of_memory();
    for (size_t kind = ENGRAFT_KIND_DIRECT; kind < KIND_COUNT; kind++)
        total += counts[kind];
    fprintf(stream, "%zu reference%s", total, total == 1 ? "" : "s");
    for (size_t kind = ENGRAFT_KIND_DIRECT; kind < KIND_COUNT; kind++) {
        if (counts[kind] == 0)
            continue;
        fprintf(stream, "%s%zu %s", separator, counts[kind],
                engraft_kind_name((enum engraft_kind)kind));
        separator = ", ";
    }
    if (fclose(stream) != 0)
        out_of_memory();
    print_field("bindings", NULL, text);
    free(text);
}

struct table {
    struct libscols_table *table;
};

struct table *table_create(const char *const *headings)
{
    struct table *table = calloc(1, sizeof(*table));

    if (!table)
        out_of_memory();
    table->table = scols_new_table();
    if (!table->table)
        out_of_memory();
    for (size_t i = 0; headings[i]; i++) {
        int flags = headings[i + 1] ? 0 : SCOLS_FL_WRAP;

        if (!scols_table_new_column(table->table, headings[i], 0, flags))
            out_of_memory();
    }
    scols_table_set_termforce(table->table, SCOLS_TERMFORCE_ALWAYS);
    scols_table_set_termwidth(table->table, output_width());
    scols_table_enable_colors(table->table, color_wanted());
    return table;
}

void table_may_cut(struct table *table, size_t column)
{
    struct libscols_column *cut = scols_table_get_column(table->table, column);

    if (cut)
        scols_column_set_flags(cut, SCOLS_FL_TRUNC);
}

void table_align_right(struct table *table, size_t column)
{
    struct libscols_column *aligned = scols_table_get_column(table->table, column);

    if (aligned)
        scols_column_set_flags(aligned, SCOLS_FL_RIGHT);
}

/* The table library replaces most control characters itself, and not those that turn the direction
 * of writing. */
static char *cell_make(const char *text)
{
    char *copy = malloc(strlen(text) + 1);
    char *end = copy;

    if (!copy)
        out_of_memory();
    while (*text) {
        size_t letter = utf8_length(text);

        if (letter > 1 && is_control(text, letter))
            *end++ = '?';
        else
            end = mempcpy(end, text, letter ? letter : 1);
        text += letter ? letter : 1;
    }
    *end = '\0';
    return copy;
}

void table_row(struct table *table, const char *color, const char *const *cells)
{
    struct libscols_line *line = scols_table_new_line(table->table, NULL);

    if (!line)
        out_of_memory();
    for (size_t i = 0; i < scols_table_get_ncols(table->table); i++) {
        if (scols_line_refer_data(line, i, cells[i] ? cell_make(cells[i]) : NULL) != 0)
            out_of_memory();
    }
    if (color)
        scols_line_set_color(line, color);
}

void table_print(struct table *table)
{
    if (scols_print_table(table->table) != 0)
        out_of_memory();
}

void table_destroy(struct table *table)
{
    if (!table)
        return;
    scols_unref_table(table->table);
    free(table);
}

/* From the C++ run-time (Itanium C++ ABI, 3.4); it has no header for C. */
extern char *__cxa_demangle(const char *name, char *buffer, size_t *size, int *ret_status);

char *demangle(const char *symbol)
{
    char *name = NULL;
    int status;

    /* A name without the prefix would be taken for a type: "i" is "int". */
    if (!strncmp(symbol, "_Z", 2))
        name = __cxa_demangle(symbol, NULL, NULL, &status);
    if (!name)
        name = strdup(symbol);
    if (!name)
        out_of_memory();
    return name;
}

const char *linkage_name(enum engraft_linkage linkage)
{
    switch (linkage) {
    case ENGRAFT_LINKAGE_EXECUTABLE:
        return "executable";
    case ENGRAFT_LINKAGE_SHARED:
        return "shared";
    case ENGRAFT_LINKAGE_STATIC:
        return "static";
    }
    return "unknown";
}

const char *symbols_name(enum engraft_symbols symbols)
{
    switch (symbols) {
    case ENGRAFT_SYMBOLS_DYNAMIC:
        return "dynamic";
    case ENGRAFT_SYMBOLS_SYMTAB:
        return "symtab";
    case ENGRAFT_SYMBOLS_DEBUG:
        return "debug";
    case ENGRAFT_SYMBOLS_NONE:
        return "none";
    }
    return "unknown";
}

const char *confidence_name(enum engraft_confidence confidence)
{
    return confidence == ENGRAFT_CONFIDENCE_CERTAIN ? "certain" : "strong";
}

const char *strength_name(enum engraft_strength strength)
{
    switch (strength) {
    case ENGRAFT_STRENGTH_PROOF:
        return "proof";
    case ENGRAFT_STRENGTH_SUPPORT:
        return "support";
    case ENGRAFT_STRENGTH_HINT:
        return "hint";
    }
    return "unknown";
}

const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}
