/* SPDX-License-Identifier: MIT */
/*
 * What a row of engines.def is made of: facts about an engine's files, as data. See
 * docs/HOWTO-add-an-engine.md for how to find and to write them.
 */
#ifndef ENGRAFT_FACTS_H
#define ENGRAFT_FACTS_H

#include "engine.h"

#define ENGINES_MAX 64 /* rows */
#define FACTS_MAX 10
#define READY_MAX 6
#define PATTERN_LITERAL_MIN 6
#define PATTERN_LITERAL_MAX 64

enum fact_kind {
    FACT_NONE = 0,
    FACT_SYMBOL,   /* all symbols that `name` lists are defined, with content */
    FACT_SECTION,  /* the file has a section `name` */
    FACT_TEXT,     /* the pattern `name` matches in constant data */
    FACT_VARIABLE, /* `name` is an array of characters or a pointer to them; `pattern` matches */
    FACT_INTEGER,  /* the variables that `name` lists are integers, read as `code` says */
    FACT_GETTER,   /* what the functions that `name` lists return: text or numbers */
    /* What the code of function `name` refers to: the only text that `pattern` matches; for a
     * configuration, whether `number` is among the numbers. */
    FACT_REFERENCE,
};

/* How numbers become a version. */
enum fact_code {
    CODE_TEXT = 0,   /* they are none: `pattern` says */
    CODE_PARTS,      /* each is a part: 3, 1, 2 is 3.1.2 */
    CODE_MMNNPP,     /* 90004 is 9.0.4 */
    CODE_MNP,        /* 320 is 3.2.0 */
    CODE_MMNN_REAL,  /* a double: 504 is 5.4 */
    CODE_PYTHON_HEX, /* 0x030b02f0 is 3.11.2 */
    CODE_TCL,        /* four: 8, 6, 13 and the kind of release */
};

/*
 * A pattern is text with
 *   %v  a version: digits, then letters, digits and . + - _ ~; it has a dot (captured)
 *   %w  the same without a dot (captured): a date, one number
 *   %m  digits, . and _ that end with a digit (captured): 17.0.21 of 17.0.21+9-Debian
 *   %n  digits (captured; captured pieces are joined with a dot)
 *   %d  digits
 *   %*  anything printable, as little as possible, at most 200 bytes
 *   %0  a NUL byte, and up to seven more where something follows: other machines than x86 align
 *       texts to two, four or eight bytes; %z one or more of them
 *   %%  a percent sign
 *   %^  nothing: it keeps engraft's own copy of a text from being the text
 * Where it is searched for, one run of literal bytes before the first %* has to be at least six
 * bytes long, better eight (%^ and %% may be in it, and %0 ends it): the longest is what is looked
 * for.
 */
struct fact {
    enum fact_kind kind;
    const char *name;    /* symbols (separated by blanks), a section, or a pattern */
    const char *pattern; /* VARIABLE, GETTER, REFERENCE: of the text; NULL: "%v%0" */
    enum fact_code code; /* INTEGER, GETTER */
    unsigned size;       /* INTEGER: bytes of each; 0: 4, or 8 if the symbol has that size */
    unsigned argument;   /* GETTER: the first argument, where the answer depends on it */
    unsigned number;     /* GETTER, REFERENCE that are configuration: which number it is */
    const char *config;  /* "key=value", set when the fact holds; NULL: it is about the version */
};

/* Readiness: an integer at `offset` of a variable that is at least `least` once the engine is
 * initialised, in versions that begin with `version`. */
struct ready_fact {
    const char *symbol;
    unsigned offset, size;
    const char *version; /* NULL: all */
    bool function;       /* the symbol is a function: the variable is what it looks at first */
    unsigned least;      /* 0: 1 */
};

struct examination;
struct texts;

struct engine_facts {
    const char *id;
    bool bound; /* probe.c has a row of this engine: its symbols were looked at there */
    /* The engine is there when one SYMBOL or SECTION holds, or two different TEXTs do. */
    struct fact presence[FACTS_MAX];
    /* The first that holds tells the version; the others have to agree with it. */
    struct fact version[FACTS_MAX];
    struct fact config[FACTS_MAX];
    struct ready_fact ready[READY_MAX]; /* the first whose symbol exists */
    const char *api[8];    /* prefixes of the engine's API */
    const char *unless[3]; /* engines that look alike: where one of them is, this is not */
    /* For what no fact can say. False: not this engine after all. NULL: nothing of the kind. */
    bool (*examine)(struct examination *examination);
};

/* What examine() works on. */
struct examination {
    const struct image *image;
    const struct engine_facts *facts;
    const struct texts *texts;        /* see text_hit_of() in examine.h */
    struct engine_instance *instance; /* module_count is 1; version may be "" */
};

/* The facts at `index`; NULL after the last. */
const struct engine_facts *engine_facts_at(size_t index);
const struct engine_facts *engine_facts_of(const char *id);

/* How much of a name is the longest prefix of an engine's API that it begins with; 0: it is none of
 * its names. _Z10lua_gettopP9lua_State is one of C compiled as C++: it begins with lua_. */
size_t api_prefix_length(const char *name, const char *const *prefixes);

/* Adds "key=value" to a configuration, keys sorted. */
void config_set(struct abi *abi, const char *key_and_value);

/*
 * pattern_match() - match `pattern` at the first of `length` bytes.
 * @ret_version: what was captured, "" when nothing; not touched on failure.
 * @ret_length: bytes that matched.
 */
bool pattern_match(const char *pattern, const char *bytes, size_t length, char *ret_version,
                   size_t version_size, size_t *ret_length);
/* The longest run of literal bytes, if it is long enough to be searched for, and whether something
 * stands before it in the pattern. Returns its length, 0 when there is none. */
size_t pattern_literal(const char *pattern, char *ret_text, size_t size, bool *ret_inside);

/* R's format of its version, which r.c looks for references to. */
#define R_VERSION_FORMAT "%0R version %^%%s.%%s"

/* ---- hooks of engines.def, each in a file of its own ---- */

bool v8_identify(struct examination *examination);
bool cpython_identify(struct examination *examination);
bool duktape_identify(struct examination *examination);
bool coreclr_identify(struct examination *examination);
bool hermes_identify(struct examination *examination);
bool njs_identify(struct examination *examination);
bool r_identify(struct examination *examination);
bool wasmtime_identify(struct examination *examination);

#endif
