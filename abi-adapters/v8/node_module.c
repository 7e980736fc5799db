/* SPDX-License-Identifier: MIT */
/*
 * How Node.js 16 to 26 loads an addon (DLOpen() in src/node_binding.cc): dlopen(); what registered
 * itself meanwhile on this thread is the module, and is remembered for this handle; else the
 * export of Node's own number; else that of Node-API; else what the handle is remembered by, which
 * must have a context-aware initialiser. A module with another number than Node's, and not -1, is
 * refused.
 */
#include "fork_lock.h"
#include "node_module.h"

#include <string.h>

#include "bindings.h"
#include "error.h"

#define ADDON_MAX 64
#define MODULE_MAX 4 /* of one addon; Node supports one */
#define DELETE_ME 8 /* Node would delete the module, which it takes to have made itself */

/* node.h; the same in Node 16 to 26. */
struct node_module {
    int nm_version;
    unsigned nm_flags;
    void *nm_dso_handle;
    const char *nm_filename;
    void (*nm_register_func)(void *exports, void *module, void *priv);
    void (*nm_context_register_func)(void *exports, void *module, void *context, void *priv);
    const char *nm_modname;
    void *nm_priv;
    struct node_module *nm_link;
};

typedef void node_register(void *module);

/* The list of versions that process.versions is made of: std::string of libstdc++, in an array. */
struct metadata_text {
    const char *text;
    size_t length;
    char own[16]; /* a short text lies here */
};

/* A module that Node knows instead of one of an addon. Node may hold it as long as the addon is
 * there. */
struct known_module {
    const struct node_module *original; /* NULL: made up */
    struct node_module module;
};

struct addon {
    bool used;
    struct abi_object object;
    struct v8_pair *pair; /* NULL: the adapters do not know these versions */
    struct known_module modules[MODULE_MAX];
    unsigned module_count;
    unsigned plugin_number, host_number; /* by the tables; 0: they do not know this V8 */
    node_register *host_register;
    const struct metadata_text *metadata;
    size_t metadata_count;
    uintptr_t host_start, host_end; /* the module of the host that has node */
};

FORK_LOCK

static struct addon addons[ADDON_MAX];

/* What this thread's innermost dlopen() has registered by constructors. */
static __thread const struct addon *registered __attribute__((tls_model("initial-exec")));

/* ---- numbers --------------------------------------------------------------------------------- */

static unsigned number_of_version(const struct abi *abi)
{
    static const struct {
        unsigned major, minor, number;
    } versions[] = {
#define V8_VERSION(major, minor, module_version, measured) {major, minor, module_version},
#include "probes/v8-versions.def"
#undef V8_VERSION
    };
    unsigned parts[2];

    if (!abi_version_parts(abi->version, parts, 2))
        return 0;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        if (versions[i].major == parts[0] && versions[i].minor == parts[1])
            return versions[i].number;
    return 0;
}

/* The first entry of the list that is a whole number: "modules" stands before "napi" in every
 * Node. */
static unsigned number_of_metadata(const struct metadata_text *metadata, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned number = 0, digits = 0;

        if (metadata[i].text != metadata[i].own || metadata[i].length > 5)
            continue;
        for (; digits < metadata[i].length; digits++) {
            if (metadata[i].own[digits] < '0' || metadata[i].own[digits] > '9')
                break;
            number = number * 10 + (unsigned)(metadata[i].own[digits] - '0');
        }
        if (digits && digits == metadata[i].length)
            return number;
    }
    return 0;
}

/* What Node will compare with; 0: the tables know this V8 by another number, so it is not the Node
 * they mean. Before node has started (an addon that is preloaded) the tables alone speak. */
static unsigned number_of_host(const struct addon *addon)
{
    unsigned number = number_of_metadata(addon->metadata, addon->metadata_count);

    if (!number)
        return addon->host_number;
    return !addon->host_number || addon->host_number == number ? number : 0;
}

/* ---- addons ---------------------------------------------------------------------------------- */

static bool is_within(uintptr_t address, uintptr_t start, uintptr_t end)
{
    return address - start < end - start;
}

static struct addon *addon_at(uintptr_t address)
{
    for (unsigned i = 0; i < ADDON_MAX; i++)
        if (addons[i].used &&
            is_within(address, addons[i].object.start, addons[i].object.end))
            return &addons[i];
    return NULL;
}

static void host_find(struct addon *addon, const struct abi_pair *pair)
{
    for (unsigned i = 0; i < pair->engine->module_count; i++) {
        const struct image *module = pair->engine->modules[i];
        const Elf64_Sym *symbol = image_find_name(module, "node_module_register");

        if (!symbol)
            continue;
        addon->host_register = (node_register *)image_symbol_address(module, symbol);
        addon->host_start = module->load_address + module->vaddr_start;
        addon->host_end = module->load_address + module->vaddr_end;
        symbol = image_find_name(module, "_ZN4node11per_process8metadataE");
        if (symbol) {
            addon->metadata = (const void *)image_symbol_address(module, symbol);
            addon->metadata_count = symbol->st_size / sizeof *addon->metadata;
        }
        return;
    }
}

/* Inside an IFUNC resolver. Without a free entry the addon is as Node finds it: refused by its
 * number. */
void node_module_enter(const struct abi_pair *pair, const struct abi_object *object)
{
    struct addon found = {.used = true, .object = *object};

    if (!pair->live || !pair->engine)
        return;
    found.plugin_number = number_of_version(pair->plugin);
    found.host_number = number_of_version(pair->host);
    if (found.plugin_number && found.plugin_number == found.host_number)
        return;
    host_find(&found, pair);
    if (!found.host_register)
        return;
    found.pair = v8_pair_of(pair);
    lock();
    for (unsigned i = 0; i < ADDON_MAX; i++)
        if (!addons[i].used) {
            addons[i] = found;
            break;
        }
    unlock();
}

void node_module_leave(const struct abi_object *object)
{
    lock();
    for (unsigned i = 0; i < ADDON_MAX; i++)
        if (addons[i].used && addons[i].object.start == object->start)
            memset(&addons[i], 0, sizeof addons[i]);
    unlock();
}

/* ---- registration ---------------------------------------------------------------------------- */

/* One for each original: Node may be told of the same again and again. */
static struct known_module *module_known(struct addon *addon, const struct node_module *original)
{
    for (unsigned i = 0; i < addon->module_count; i++)
        if (addon->modules[i].original == original)
            return &addon->modules[i];
    if (addon->module_count == MODULE_MAX)
        return NULL;
    addon->modules[addon->module_count].original = original;
    return &addon->modules[addon->module_count++];
}

/* What Node calls instead of an initialiser of the addon. */
static void initialiser_adapt(const struct addon *addon, enum v8_callback_kind kind,
                              void *ret_initialiser)
{
    void *initialiser;

    memcpy(&initialiser, ret_initialiser, sizeof initialiser);
    if (addon->pair)
        initialiser = v8_callback(addon->pair, kind, initialiser);
    memcpy(ret_initialiser, &initialiser, sizeof initialiser);
}

/* The module as Node is to see it, NULL: as it is. -1 is Node-API's. */
static struct node_module *module_with_number(struct addon *addon,
                                              const struct node_module *module)
{
    unsigned number = number_of_host(addon);
    struct known_module *known;

    if (!number || module->nm_version <= 0 || module->nm_version == (int)number)
        return NULL;
    known = module_known(addon, module);
    if (!known)
        return NULL;
    known->module = *module;
    known->module.nm_version = (int)number;
    known->module.nm_flags &= ~(unsigned)DELETE_ME;
    initialiser_adapt(addon, V8_CALLBACK_PLAIN_3, &known->module.nm_register_func);
    initialiser_adapt(addon, V8_CALLBACK_PLAIN_4, &known->module.nm_context_register_func);
    return &known->module;
}

/* node_module_register(void *): called by a constructor, often by a tail call, so the module
 * itself has to tell whose it is. */
static void module_register(void *module)
{
    node_register *host_register = NULL;
    struct addon *addon;
    void *other = NULL;

    lock();
    addon = addon_at((uintptr_t)module);
    if (!addon)
        addon = addon_at((uintptr_t)__builtin_return_address(0));
    if (addon) {
        host_register = addon->host_register;
        other = module_with_number(addon, module);
        registered = addon;
    }
    unlock();
    if (host_register)
        host_register(other ? other : module);
}

bool node_module_route(const struct abi_pair *pair, const char *symbol, struct abi_route *ret)
{
    unsigned plugin;

    if (strcmp(symbol, "node_module_register") != 0)
        return false;
    plugin = number_of_version(pair->plugin);
    if (plugin && plugin == number_of_version(pair->host))
        return false;
    ret->kind = ENGRAFT_KIND_ADAPTED;
    ret->address = (uintptr_t)module_register;
    ret->note = "node is told its own module version";
    return true;
}

/* ---- exported initialisers ------------------------------------------------------------------- */

static uintptr_t export_of(const struct image *image, unsigned number)
{
    char name[48];
    const Elf64_Sym *symbol;

    text_format(name, sizeof name, "node_register_module_v%u", number);
    symbol = number ? image_find_name(image, name) : NULL;
    return symbol ? image_symbol_address(image, symbol) : 0;
}

/* Node looks for an export under its own number, which this addon does not have. */
static struct node_module *module_of_export(struct addon *addon, const struct image *image)
{
    unsigned number = number_of_host(addon);
    uintptr_t initialiser = export_of(image, addon->plugin_number);
    struct known_module *known;

    if (!number || !initialiser || export_of(image, number))
        return NULL;
    known = module_known(addon, NULL);
    if (!known)
        return NULL;
    known->module = (struct node_module){.nm_version = (int)number,
                                         .nm_filename = "engraft",
                                         .nm_modname = "addon"};
    /* Takes one parameter less, which a C function does not notice. */
    memcpy(&known->module.nm_context_register_func, &initialiser, sizeof initialiser);
    initialiser_adapt(addon, V8_CALLBACK_PLAIN_4, &known->module.nm_context_register_func);
    return &known->module;
}

/* Only Node takes what is registered: for others it would be waiting when Node opens its next
 * addon. */
void node_module_opened(const struct abi_object *object, const struct image *image,
                        const void *caller)
{
    node_register *host_register = NULL;
    struct node_module *module = NULL;
    struct addon *addon;

    lock();
    addon = addon_at(object->start);
    if (addon && addon != registered &&
        is_within((uintptr_t)caller, addon->host_start, addon->host_end)) {
        host_register = addon->host_register;
        module = module_of_export(addon, image);
    }
    registered = NULL;
    unlock();
    if (module)
        host_register(module);
}
