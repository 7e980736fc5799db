/* SPDX-License-Identifier: MIT */
/*
 * Writes the C source of a shared object that has what engines.def looks for: the texts with something
 * put in for what varies, symbols, variables, getters. Not an engine at all.
 *
 *     seed_engines GROUP GROUPS [texts]    of every GROUPS-th engine, beginning with GROUP
 *
 * Two engines of one group may define the same symbol: the first has it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/facts.h"

#define DEFINED_MAX 512
#define NAME_SIZE 128

static char defined[DEFINED_MAX][NAME_SIZE];
static unsigned defined_count, text_count;

static void put_text(const char *text)
{
    for (; *text; text++)
        printf("\\%03o", (unsigned)(unsigned char)*text);
}

/* The pattern as a C string. */
static void put_pattern(const char *pattern)
{
    putchar('"');
    for (; *pattern; pattern++) {
        if (*pattern != '%') {
            put_text((const char[]){*pattern, '\0'});
            continue;
        }
        switch (*++pattern) {
        case 'v': put_text("7.4.2"); break;
        case 'w': put_text("2024"); break;
        case 'n': put_text("3"); break;
        case 'd': put_text("17"); break;
        case '*': put_text("64-bit "); break;
        case '0': fputs("\\000", stdout); break;
        case 'z': fputs("\\000\\000", stdout); break;
        case '%': put_text("%"); break;
        }
    }
    putchar('"');
}

static void put_texts(const struct fact *facts)
{
    for (size_t i = 0; i < FACTS_MAX && facts[i].kind; i++) {
        if (facts[i].kind != FACT_TEXT)
            continue;
        printf("__attribute__((used)) static const char text_%u[] = ", text_count++);
        put_pattern(facts[i].name);
        puts(";");
    }
}

static const char *next_name(const char *list, char *ret_name)
{
    size_t length;

    list += strspn(list, " ");
    length = strcspn(list, " ");
    if (!length || length >= NAME_SIZE)
        return NULL;
    memcpy(ret_name, list, length);
    ret_name[length] = '\0';
    return list + length;
}

static bool define(const char *name)
{
    for (unsigned i = 0; i < defined_count; i++)
        if (strcmp(defined[i], name) == 0)
            return false;
    if (defined_count == DEFINED_MAX)
        return false;
    snprintf(defined[defined_count++], NAME_SIZE, "%s", name);
    return true;
}

static void put_symbol(const struct fact *fact, const char *name)
{
    const char *pattern = fact->pattern ? fact->pattern : "%v%0";

    if (fact->kind == FACT_VARIABLE) {
        printf("const char %s[] = ", name);
        put_pattern(pattern);
        puts(";");
    } else if (fact->kind == FACT_INTEGER) {
        printf("const %s %s = %s;\n", fact->size == 1 ? "char" : "int", name,
               fact->code == CODE_PYTHON_HEX ? "0x030b02f0" : "5");
    } else if (fact->kind == FACT_GETTER && fact->code == CODE_TEXT) {
        printf("const char *%s(void) { return ", name);
        put_pattern(pattern);
        puts("; }");
    } else if (fact->kind == FACT_GETTER && fact->code == CODE_TCL) {
        printf("void %s(int *a, int *b, int *c, int *d) { if (a) *a = 8; if (b) *b = 6; "
               "if (c) *c = 13; if (d) *d = 2; }\n", name);
    } else if (fact->kind == FACT_GETTER && fact->code == CODE_MMNN_REAL) {
        printf("double %s(void) { return 504; }\n", name);
    } else {
        printf("int %s(int what) { return what == 1 ? 90004 : 320; }\n", name);
    }
}

static void put_symbols(const struct fact *facts)
{
    for (size_t i = 0; i < FACTS_MAX && facts[i].kind; i++) {
        const char *list = facts[i].name;
        char name[NAME_SIZE];

        if (facts[i].kind == FACT_SECTION && !strchr(list, ',')) /* GNU as wants none */
            printf("__attribute__((used, section(\"%s\"))) static int section_%u = 1;\n",
                   facts[i].name, text_count++);
        else if (facts[i].kind != FACT_TEXT && facts[i].kind != FACT_SECTION)
            while ((list = next_name(list, name)))
                if (define(name))
                    put_symbol(&facts[i], name);
    }
}

int main(int argc, char **argv)
{
    size_t group = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
    size_t groups = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    const struct engine_facts *facts;

    if (groups == 0) {
        fprintf(stderr, "usage: %s GROUP GROUPS [texts]\n", argv[0]);
        return 2;
    }
    /* What has less code than an engine is none. */
    printf("__asm__(\".text\\n.skip 65536\\n\");\n");
    for (size_t i = group; (facts = engine_facts_at(i)); i += groups) {
        put_texts(facts->presence);
        put_texts(facts->version);
        put_texts(facts->config);
        if (argc > 3)
            continue;
        put_symbols(facts->version); /* first: they say what is in it */
        put_symbols(facts->presence);
        put_symbols(facts->config);
    }
    return ferror(stdout) != 0;
}
