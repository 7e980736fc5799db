/* SPDX-License-Identifier: MIT */
/*
 * The V8 that a plugin was compiled for, told by the plugin alone. In order of trust: the module
 * version that an addon of Node.js declares to Node; the SONAME of a libnode that it NEEDs, which
 * is the module version too; the names of V8 that it imports.
 */
#include <string.h>

#include "error.h"
#include "probes.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
#define V8_VERSION(major, minor, module_version, measured) V8_##major##_##minor,
#include "v8-versions.def"
#undef V8_VERSION
    V8_VERSION_COUNT
};

static const struct {
    unsigned module_version;
    char text[8];
} versions[] = {
#define V8_VERSION(major, minor, module_version, measured) {module_version, #major "." #minor},
#include "v8-versions.def"
#undef V8_VERSION
};

static int version_of_module_version(uint64_t module_version)
{
    for (int i = 0; i < V8_VERSION_COUNT; i++)
        if (versions[i].module_version == module_version)
            return i;
    return -1;
}

/* ---- node_register_module_v108 ----------------------------------------------------------------------- */

/* The decimal number that is all of `text`; 0 when it is not one. */
static unsigned whole_number(const char *text)
{
    unsigned value = 0;

    for (; *text >= '0' && *text <= '9' && value < 100000; text++)
        value = value * 10 + (unsigned)(*text - '0');
    return *text ? 0 : value;
}

static const char *after(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);

    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

static int version_of_initializer(const struct image *plugin)
{
    for (uint32_t i = 1; i < plugin->symbol_count; i++) {
        const Elf64_Sym *symbol = &plugin->symbols[i];
        const char *name, *number;
        int version;

        if (symbol->st_shndx == SHN_UNDEF || !(name = image_name(plugin, symbol->st_name)))
            continue;
        number = after(name, "node_register_module_v");
        version = number ? version_of_module_version(whole_number(number)) : -1;
        if (version >= 0)
            return version;
    }
    return -1;
}

/* ---- struct node_module ------------------------------------------------------------------------------- */

/*
 * What NODE_MODULE() leaves in the plugin's data and hands to node_module_register():
 *   +0 int nm_version   +4 unsigned nm_flags   +8 void *nm_dso_handle (null in the file)
 *   +16 const char *nm_filename   +24 nm_register_func   +32 nm_context_register_func
 *   +40 const char *nm_modname   +48 void *nm_priv   +56 struct node_module *nm_link
 * The pointers are relocated, so a relocation at +16 is where to look.
 */
#define NODE_MODULE_FILENAME 16
#define NODE_MODULE_SIZE 64
#define NODE_MODULE_FLAGS_MAX 0x10 /* nm_f_builtin 1, nm_f_linked 2, nm_f_internal 4, ... */

static bool is_source_name(const char *name)
{
    static const char *const endings[] = {".cc", ".cpp", ".cxx", ".c++", ".c", ".mm", ".h", ".hpp"};
    size_t length = strlen(name);

    for (size_t i = 0; i < length; i++)
        if (name[i] < ' ' || name[i] > '~')
            return false;
    for (size_t i = 0; i < COUNT(endings); i++) {
        size_t ending = strlen(endings[i]);

        if (length > ending && strcmp(name + length - ending, endings[i]) == 0)
            return true;
    }
    return false;
}

static int version_of_struct(const struct image *plugin, uint64_t vaddr, uint64_t filename)
{
    const unsigned char *bytes = image_at(plugin, vaddr, NODE_MODULE_SIZE);
    struct {
        int32_t version;
        uint32_t flags;
        uint64_t dso_handle;
    } head;
    const char *name;
    int version;

    if (!bytes)
        return -1;
    memcpy(&head, bytes, sizeof head);
    version = head.version > 0 ? version_of_module_version((uint32_t)head.version) : -1;
    if (version < 0 || head.flags > NODE_MODULE_FLAGS_MAX || head.dso_handle != 0)
        return -1;
    name = image_string_at(plugin, filename, 4096);
    return name && is_source_name(name) ? version : -1;
}

static int version_at_place(const struct image *plugin, uint64_t place, uint64_t value)
{
    return place < NODE_MODULE_FILENAME
               ? -1
               : version_of_struct(plugin, place - NODE_MODULE_FILENAME, value);
}

static int version_of_rela(const struct image *plugin)
{
    for (size_t i = 0; i < plugin->rela_count; i++) {
        uint64_t value;
        int version;

        if (!relocation_local_value(plugin, &plugin->rela[i], &value))
            continue;
        version = version_at_place(plugin, plugin->rela[i].r_offset, value);
        if (version >= 0)
            return version;
    }
    return -1;
}

/* RELR: an even word is an address to relocate, an odd one a bitmap of the 63 words that follow.
 * The value stands in the place itself. */
static int version_of_relr_place(const struct image *plugin, uint64_t place)
{
    const void *bytes = image_at(plugin, place, 8);
    uint64_t value;

    if (!bytes)
        return -1;
    memcpy(&value, bytes, sizeof value);
    return version_at_place(plugin, place, image_pointer(plugin, value));
}

static int version_of_relr(const struct image *plugin)
{
    uint64_t place = 0;

    for (size_t i = 0; i < plugin->relr_count; i++) {
        uint64_t word = plugin->relr[i];
        int version = -1;

        if (!(word & 1)) {
            version = version_of_relr_place(plugin, word);
            place = word + 8;
        } else {
            for (unsigned bit = 1; bit < 64 && version < 0; bit++)
                if (word >> bit & 1)
                    version = version_of_relr_place(plugin, place + (bit - 1) * 8ull);
            place += 63 * 8;
        }
        if (version >= 0)
            return version;
    }
    return -1;
}

static bool imports(const struct image *plugin, const char *wanted)
{
    for (uint32_t i = 1; i < plugin->symbol_count; i++) {
        const Elf64_Sym *symbol = &plugin->symbols[i];
        const char *name = symbol->st_shndx == SHN_UNDEF ? image_name(plugin, symbol->st_name)
                                                        : NULL;

        if (name && strcmp(name, wanted) == 0)
            return true;
    }
    return false;
}

static int version_of_node_module(const struct image *plugin)
{
    int version;

    if (!imports(plugin, "node_module_register"))
        return -1;
    version = version_of_rela(plugin);
    return version >= 0 ? version : version_of_relr(plugin);
}

/* ---- libnode.so.108 ------------------------------------------------------------------------------------ */

static int version_of_needed(const struct image *plugin)
{
    const char *needed;

    for (size_t i = 0; (needed = image_needed(plugin, i)); i++) {
        const char *number = after(needed, "libnode.so.");
        int version = number ? version_of_module_version(whole_number(number)) : -1;

        if (version >= 0)
            return version;
    }
    return -1;
}

/* ---- imports ------------------------------------------------------------------------------------------- */

/* All names in one object, so that a thousand rows cost no relocation: row i's name stands where
 * its member does. */
static const struct {
#define MEMBER_(line) name_##line
#define MEMBER(line) MEMBER_(line)
#define V8_IMPORT(symbol, first, last) char MEMBER(__LINE__)[sizeof symbol];
#include "v8-imports.def"
#undef V8_IMPORT
} import_names = {
#define V8_IMPORT(symbol, first, last) symbol,
#include "v8-imports.def"
#undef V8_IMPORT
};

static const struct {
    uint32_t name;
    uint8_t first, last;
} import_rows[] = {
#define V8_IMPORT(symbol, first, last) \
    {offsetof(__typeof__(import_names), MEMBER(__LINE__)), V8_##first, V8_##last},
#include "v8-imports.def"
#undef V8_IMPORT
};

static int import_row(const char *name)
{
    size_t low = 0, high = COUNT(import_rows);

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, (const char *)&import_names + import_rows[middle].name);

        if (order == 0)
            return (int)middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

/* The one known version whose node exports all that the plugin imports; -1 when several do. A V8
 * between two known ones looks like one of them: this is the weakest of the witnesses. */
static int version_of_imports(const struct image *plugin)
{
    int first = 0, last = V8_VERSION_COUNT - 1;

    for (uint32_t i = 1; i < plugin->symbol_count; i++) {
        const Elf64_Sym *symbol = &plugin->symbols[i];
        const char *name = symbol->st_shndx == SHN_UNDEF ? image_name(plugin, symbol->st_name)
                                                        : NULL;
        int row = name && after(name, "_ZN") ? import_row(name) : -1;

        if (row < 0)
            continue;
        if (import_rows[row].first > first)
            first = import_rows[row].first;
        if (import_rows[row].last < last)
            last = import_rows[row].last;
    }
    return first == last ? first : -1;
}

/* ---- configuration -------------------------------------------------------------------------------------- */

/* Engine names that carry a class of the C++ library tell which one the plugin was compiled with. */
static const char *stdlib_of(const struct image *plugin)
{
    for (uint32_t i = 1; i < plugin->symbol_count; i++) {
        const Elf64_Sym *symbol = &plugin->symbols[i];
        const char *name = symbol->st_shndx == SHN_UNDEF ? image_name(plugin, symbol->st_name)
                                                        : NULL;

        if (!name || !name_has_prefix(name, v8_prefixes))
            continue;
        if (strstr(name, "NSt3__1") || strstr(name, "NSt4__Cr"))
            return "libc++";
        if (strstr(name, "St10shared_ptr") || strstr(name, "St10unique_ptr") ||
            strstr(name, "NSt7__cxx11"))
            return "libstdc++";
    }
    return NULL;
}

bool v8_infer(const struct image *plugin, struct abi *ret_abi, const char **ret_source)
{
    const char *source = "module-version";
    const char *stdlib;
    int version = version_of_initializer(plugin);

    if (version < 0)
        version = version_of_node_module(plugin);
    if (version < 0) {
        source = "inferred";
        version = version_of_needed(plugin);
    }
    if (version < 0)
        version = version_of_imports(plugin);
    if (version < 0)
        return false;
    memset(ret_abi, 0, sizeof *ret_abi);
    text_format(ret_abi->engine, sizeof ret_abi->engine, "v8");
    text_format(ret_abi->version, sizeof ret_abi->version, "%s", versions[version].text);
    stdlib = stdlib_of(plugin);
    if (stdlib)
        text_format(ret_abi->config, sizeof ret_abi->config, "stdlib=%s", stdlib);
    *ret_source = source;
    return true;
}
