/* SPDX-License-Identifier: MIT */
/*
 * The engines that a file takes from elsewhere: it refers to names of an engine's API which a library
 * that it NEEDs defines, or which nobody on this machine does (a plugin: whoever loads it brings
 * them).
 */
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "facts.h"
#include "identify.h"
#include "probes.h"
#include "readers.h"

#define PATH_LENGTH 512
#define DIRECTORY_MAX 32
#define NEEDED_MAX 256
#define REFERENCE_MAX 65536u /* of one engine; each is looked for in all libraries */
#define LOOK_UP_MAX (1u << 20) /* of all engines, in one library each */
#define ALONE_MIN 2 /* names that nobody defines before they are taken for an engine's, or one that
                     * proves it */

/* ---- where ld.so would look -------------------------------------------------------------------------- */

struct directories {
    char paths[DIRECTORY_MAX][PATH_LENGTH];
    size_t count;
};

static void directory_add(struct directories *directories, const char *path, size_t length)
{
    if (length == 0 || length >= PATH_LENGTH || directories->count == DIRECTORY_MAX)
        return;
    memcpy(directories->paths[directories->count], path, length);
    directories->paths[directories->count++][length] = '\0';
}

/* One entry of a search path, with $ORIGIN put in. */
static void origin_add(struct directories *directories, const char *entry, size_t length,
                       const char *file)
{
    static const char *const words[] = {"$ORIGIN", "${ORIGIN}"};
    char path[PATH_LENGTH];
    const char *slash = strrchr(file, '/');
    int directory = slash ? (int)(slash - file) : 1;

    for (unsigned i = 0; i < 2; i++) {
        size_t word = strlen(words[i]);

        if (length < word || strncmp(entry, words[i], word) != 0)
            continue;
        text_format(path, sizeof path, "%.*s%.*s", directory, slash ? file : ".",
                    (int)(length - word), entry + word);
        directory_add(directories, path, strlen(path));
        return;
    }
    directory_add(directories, entry, length);
}

static void search_path_add(struct directories *directories, const char *path, const char *file)
{
    while (path && *path) {
        size_t length = strcspn(path, ":");

        origin_add(directories, path, length, file);
        path += length + (path[length] == ':');
    }
}

/* The lines of /etc/ld.so.conf.d that name a directory. */
static void configured_add(struct directories *directories)
{
    glob_t found;

    if (glob("/etc/ld.so.conf.d/*.conf", 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *text, *rest;
        size_t length;

        text = proc_read(found.gl_pathv[i], 65536, &length);
        for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line;
             line = strtok_r(NULL, "\n", &rest))
            if (*line == '/')
                directory_add(directories, line, strcspn(line, " \t\r"));
        free(text);
    }
    globfree(&found);
}

static void directories_find(const struct image *image, struct directories *directories)
{
    static const char *const defaults[] = {"/lib", "/usr/lib", "/lib64", "/usr/lib64"};

    directories->count = 0;
    search_path_add(directories, image->runpath ? image->runpath : image->rpath, image->path);
    configured_add(directories);
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        directory_add(directories, defaults[i], strlen(defaults[i]));
}

/* ---- the libraries that the file NEEDs ------------------------------------------------------------------ */

struct library {
    const char *name; /* of DT_NEEDED */
    char path[PATH_LENGTH];
    struct image image;
    bool open, identified;
    struct identity identity;
};

static bool library_try(struct library *library, const struct image *needer, const char *path)
{
    struct reader_source source = {.fd = file_open(path, NULL, NULL)};

    if (source.fd < 0)
        return false;
    text_format(library->path, sizeof library->path, "%s", path);
    if (reader_open(library->path, &source, &library->image, NULL) != ENGRAFT_OK)
        return false;
    library->open = library->image.machine == needer->machine;
    if (!library->open)
        reader_close(&library->image);
    return library->open;
}

static void library_open(struct library *library, const struct image *needer,
                         const struct directories *directories)
{
    char path[2 * PATH_LENGTH];

    if (strchr(library->name, '/')) {
        library_try(library, needer, library->name);
        return;
    }
    for (size_t i = 0; i < directories->count; i++) {
        text_format(path, sizeof path, "%s/%s", directories->paths[i], library->name);
        if (library_try(library, needer, path))
            return;
    }
}

struct libraries {
    struct library *items;
    size_t count;
    unsigned look_ups;
};

static bool libraries_open(const struct image *image, struct libraries *libraries)
{
    struct directories *directories = malloc(sizeof *directories);
    const char *name;

    libraries->count = 0;
    libraries->items = calloc(NEEDED_MAX, sizeof *libraries->items);
    if (directories && libraries->items) {
        directories_find(image, directories);
        while (libraries->count < NEEDED_MAX && (name = image_needed(image, libraries->count))) {
            libraries->items[libraries->count].name = name;
            library_open(&libraries->items[libraries->count++], image, directories);
        }
    }
    free(directories);
    return directories && libraries->items;
}

static void libraries_close(struct libraries *libraries)
{
    for (size_t i = 0; i < libraries->count; i++) {
        if (libraries->items[i].open)
            reader_close(&libraries->items[i].image);
        identity_clear(&libraries->items[i].identity);
    }
    free(libraries->items);
}

static const struct engine_instance *library_engine(struct library *library, const char *engine)
{
    if (!library->identified)
        library->identified = identify_image(&library->image, &library->identity);
    for (size_t i = 0; i < library->identity.engine_count; i++)
        if (strcmp(library->identity.engines[i].abi.engine, engine) == 0)
            return &library->identity.engines[i];
    return NULL;
}

/* ---- one engine ------------------------------------------------------------------------------------------ */

static const char *const *api_of(const struct engine_facts *facts)
{
    const struct engine_row *row = facts->bound ? probe_row(facts->id) : NULL;

    return row ? row->prefixes : facts->api;
}

/* PyPyLong_New is PyPy's, although CPython's names begin with Py. */
static bool is_claimed_by_another(const char *name, size_t length)
{
    const struct engine_facts *facts;

    for (size_t i = 0; (facts = engine_facts_at(i)); i++)
        if (api_prefix_length(name, api_of(facts)) > length)
            return true;
    return false;
}

/* The name of an undefined symbol that begins as the engine's do and as no other's, or NULL. */
static const char *reference_name(const struct image *image, uint32_t index,
                                  const char *const *prefixes)
{
    const Elf64_Sym *symbol = &image->symbols[index];
    const char *name;
    size_t length;

    if (symbol->st_shndx != SHN_UNDEF || ELF64_ST_BIND(symbol->st_info) == STB_LOCAL)
        return NULL;
    name = image_name(image, symbol->st_name);
    length = name ? api_prefix_length(name, prefixes) : 0;
    return length && !is_claimed_by_another(name, length) ? name : NULL;
}

/* Whether a row proves its engine by that name. */
static bool is_proof(const struct engine_facts *facts, const char *name)
{
    size_t length = strlen(name);

    for (unsigned i = 0; i < FACTS_MAX && facts->presence[i].kind; i++) {
        const char *list = facts->presence[i].name;

        for (const char *at = list; facts->presence[i].kind == FACT_SYMBOL && *at; at++)
            if ((at == list || at[-1] == ' ') && strncmp(at, name, length) == 0 &&
                (at[length] == ' ' || at[length] == '\0'))
                return true;
    }
    return false;
}

static struct library *definer(struct libraries *libraries, const char *name)
{
    for (size_t i = 0; i < libraries->count && libraries->look_ups < LOOK_UP_MAX; i++)
        if (libraries->items[i].open && ++libraries->look_ups &&
            image_find_name(&libraries->items[i].image, name))
            return &libraries->items[i];
    return NULL;
}

/* Counts the engine's names by who defines them: a library that is the engine, or nobody. */
static bool need_find(const struct image *image, const struct engine_facts *facts,
                      struct libraries *libraries, struct deep_need *ret_need)
{
    const char *const *prefixes = api_of(facts);
    const struct engine_instance *engine = NULL;
    size_t served = 0, alone = 0, references = 0;
    bool proven = false;

    *ret_need = (struct deep_need){.engine = facts->id};
    for (uint32_t i = 1; *prefixes && i < image->symbol_count; i++) {
        const char *name = reference_name(image, i, prefixes);
        const struct engine_instance *found;
        struct library *library;

        if (!name)
            continue;
        if (references++ == REFERENCE_MAX)
            break;
        library = definer(libraries, name);
        alone += !library;
        proven |= !library && is_proof(facts, name);
        found = library ? library_engine(library, facts->id) : NULL;
        if (!found)
            continue;
        served++;
        if (engine)
            continue;
        engine = found;
        ret_need->library = library->name;
        text_format(ret_need->path, sizeof ret_need->path, "%s", library->path);
        text_format(ret_need->version, sizeof ret_need->version, "%s", found->abi.version);
    }
    ret_need->symbol_count = engine ? served : alone;
    return engine || alone >= ALONE_MIN || proven;
}

/* An engine that the file itself has is not needed; nor is one whose look-alike is. */
static bool is_own(const struct engine_instance *own, size_t count,
                   const struct engine_facts *facts)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(own[i].abi.engine, facts->id) == 0)
            return true;
        for (unsigned j = 0; j < 3 && facts->unless[j]; j++)
            if (strcmp(own[i].abi.engine, facts->unless[j]) == 0)
                return true;
    }
    return false;
}

/* ---- engines with the same names ---------------------------------------------------------------------- */

static bool shares_names(const struct engine_facts *first, const struct engine_facts *second)
{
    for (const char *const *prefix = api_of(first); *prefix; prefix++)
        if (api_prefix_length(*prefix, api_of(second)))
            return true;
    for (const char *const *prefix = api_of(second); *prefix; prefix++)
        if (api_prefix_length(*prefix, api_of(first)))
            return true;
    return false;
}

/* How much of a NEEDed library's name is the engine's: 6 of libluajit-5.1.so.2 is LuaJIT's. */
static size_t named_length(const struct image *image, const char *engine)
{
    const char *name;

    for (size_t i = 0; (name = image_needed(image, i)); i++)
        if (strstr(name, engine))
            return strlen(engine);
    return 0;
}

/* Names that begin with the engine's first prefix. */
static size_t main_count(const struct image *image, const struct engine_facts *facts)
{
    const char *const prefixes[] = {api_of(facts)[0], NULL};
    size_t count = 0;

    for (uint32_t i = 1; *prefixes && i < image->symbol_count; i++)
        count += reference_name(image, i, prefixes) != NULL;
    return count;
}

/* Lua or LuaJIT: the one that a library was found for; that a library which was not found is named
 * after; that more names are of; else the first. */
static bool is_beaten(const struct image *image, const struct deep_need *need,
                      const struct deep_need *by, bool by_is_first)
{
    const struct engine_facts *facts = engine_facts_of(need->engine);
    const struct engine_facts *other = engine_facts_of(by->engine);
    size_t mine, its;

    if (need->library || !shares_names(facts, other))
        return false;
    if (by->library)
        return true;
    mine = named_length(image, need->engine);
    its = named_length(image, by->engine);
    if (mine == its) {
        mine = need->symbol_count;
        its = by->symbol_count;
    }
    if (mine == its) {
        mine = main_count(image, facts);
        its = main_count(image, other);
    }
    return mine < its || (mine == its && by_is_first);
}

static void rivals_remove(const struct image *image, struct deep_need *needs, size_t *count)
{
    size_t kept = 0;

    for (size_t i = 0; i < *count; i++) {
        bool beaten = false;

        /* Those before it are the ones that were kept. */
        for (size_t j = 0; j < kept; j++)
            beaten |= is_beaten(image, &needs[i], &needs[j], true);
        for (size_t j = i + 1; j < *count; j++)
            beaten |= is_beaten(image, &needs[i], &needs[j], false);
        if (!beaten)
            needs[kept++] = needs[i];
    }
    *count = kept;
}

enum engraft_status identify_needs(const struct deep_modules *modules,
                                   const struct engine_instance *own, size_t own_count,
                                   struct deep_need **ret_needs, size_t *ret_count,
                                   struct engraft_error *reterr)
{
    const struct image *image = modules->images;
    struct libraries libraries = {NULL, 0, 0};
    const struct engine_facts *facts;
    struct deep_need *needs = NULL;
    size_t count = 0, room = 0;
    bool done = true;

    *ret_needs = NULL;
    *ret_count = 0;
    if (modules->pid || modules->is_core || modules->count != 1)
        return ENGRAFT_OK;
    while (engine_facts_at(room))
        room++;
    needs = calloc(room, sizeof *needs);
    done = needs && libraries_open(image, &libraries);
    for (size_t i = 0; done && (facts = engine_facts_at(i)); i++)
        if (!is_own(own, own_count, facts) && need_find(image, facts, &libraries, &needs[count]))
            count++;
    if (done)
        rivals_remove(image, needs, &count);
    libraries_close(&libraries);
    if (!done || count == 0) {
        free(needs);
        return done ? ENGRAFT_OK : error_set(reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory");
    }
    *ret_needs = needs;
    *ret_count = count;
    return ENGRAFT_OK;
}
