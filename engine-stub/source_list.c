/* SPDX-License-Identifier: MIT */
/*
 * Symbols from a text file: one a line, "NAME [func|object] [SIZE] [VERSION]". Empty lines and what
 * follows a # are ignored.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "mangling.h"
#include "stub_source.h"

struct list_line {
    const char *path;
    unsigned number;
};

/* Cuts the next word out of *line; NULL at its end. */
static char *next_word(char **line)
{
    char *word = *line + strspn(*line, " \t\r");

    if (*word == '\0')
        return NULL;
    *line = word + strcspn(word, " \t\r");
    if (**line)
        *(*line)++ = '\0';
    return word;
}

static enum engraft_status line_error(const struct list_line *where, enum engraft_status status,
                                      const char *name, const char *reason, const char *detail,
                                      struct engraft_error *reterr)
{
    return error_set(reterr, status, where->path, name, "line %u: %s%s", where->number, reason,
                     detail);
}

static bool parse_size(const char *word, uint64_t *ret_size)
{
    char *end;

    if (*word < '0' || *word > '9')
        return false;
    errno = 0;
    *ret_size = strtoull(word, &end, 0);
    return errno == 0 && *end == '\0';
}

static enum engraft_status line_parse(char *line, const struct list_line *where,
                                      struct stub_symbol *ret_symbol, struct engraft_error *reterr)
{
    struct stub_symbol symbol = {.name = next_word(&line)};
    char *word = next_word(&line);

    if (strchr(symbol.name, '@'))
        return line_error(where, ENGRAFT_ARGUMENT, symbol.name,
                          "write the version as a word of its own, after type and size", "", reterr);
    if (word && strcmp(word, "tls") == 0)
        return line_error(where, ENGRAFT_UNSUPPORTED, symbol.name,
                          "is thread-local; a stub cannot stand for it", "", reterr);
    if (word && (strcmp(word, "func") == 0 || strcmp(word, "object") == 0)) {
        symbol.type = *word == 'f' ? STT_FUNC : STT_OBJECT;
        word = next_word(&line);
    }
    if (word && *word >= '0' && *word <= '9') {
        if (!parse_size(word, &symbol.size))
            return line_error(where, ENGRAFT_ARGUMENT, symbol.name, "not a size: ", word, reterr);
        word = next_word(&line);
    }
    symbol.version = word;
    word = next_word(&line);
    if (word)
        return line_error(where, ENGRAFT_ARGUMENT, symbol.name, "a word too many: ", word, reterr);
    *ret_symbol = symbol;
    return ENGRAFT_OK;
}

/* What the line leaves open comes from the engine, when there is one, else from the name. */
static enum engraft_status symbol_complete(const struct stub_source *source,
                                           const struct list_line *where,
                                           struct stub_symbol *symbol, struct engraft_error *reterr)
{
    struct stub_symbol said = *symbol;
    uint32_t index =
        source->engine ? engine_symbol_index(source->engine, said.name, said.version) : 0;

    if (index != 0)
        *symbol = engine_symbol(source->engine, index);
    if (symbol->type == STT_TLS)
        return line_error(where, ENGRAFT_UNSUPPORTED, said.name,
                          "is thread-local in the engine; a stub cannot stand for it", "", reterr);
    if (source->engine && index == 0 && said.type == STT_NOTYPE)
        return line_error(where, ENGRAFT_NOT_FOUND, said.name,
                          "the engine does not export it; if that is meant, say func or object",
                          "", reterr);
    if (said.type != STT_NOTYPE)
        symbol->type = said.type;
    if (said.size != 0)
        symbol->size = said.size;
    if (symbol->type == STT_NOTYPE)
        symbol->type = mangling_type(symbol->name);
    return ENGRAFT_OK;
}

enum engraft_status source_add_list(struct stub_source *source, struct engraft_error *reterr)
{
    struct list_line where = {.path = source->request->symbols_path};
    char *rest = source->list, *line;

    while (rest && (line = strsep(&rest, "\n"))) {
        struct stub_symbol symbol;
        where.number++;
        line[strcspn(line, "#")] = '\0';
        if (line[strspn(line, " \t\r")] == '\0')
            continue;
        enum engraft_status status = line_parse(line, &where, &symbol, reterr);
        if (status == ENGRAFT_OK)
            status = symbol_complete(source, &where, &symbol, reterr);
        if (status != ENGRAFT_OK)
            return status;
        if (!symbol_set_add(&source->set, &symbol))
            return error_set(reterr, ENGRAFT_MEMORY, where.path, NULL, "out of memory");
    }
    return ENGRAFT_OK;
}
