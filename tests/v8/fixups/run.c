/* SPDX-License-Identifier: MIT */
/*
 * fixups_run SITES.so PLUGIN HOST: the functions of sites.cc, compiled for V8 PLUGIN, with a heap as V8
 * HOST has it. Prints what they answer wrong, first as they are, then as they are repaired:
 *
 *     before: N wrong
 *     after: N wrong, M sites, K unknown
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi-adapters/v8/fixups.h"
#include "relinker/deep.h"

#define EXPORT __attribute__((visibility("default")))

enum {
    UNDEFINED, NULL_, TRUE_, FALSE_, STRING, NUMBER, PLAIN, SPECIAL, API, LAST_API, OTHER,
    EXTERNAL_ONE_BYTE, EXTERNAL_TWO_BYTE, TWO_BYTE, VALUES
};

static const uint16_t types[VALUES] = {0x83,  0x83,  0x83,  0x83,  0x28, 0x82, 0x421,
                                       0x410, 0x422, 0x80a, 0x100, 0x2a, 0x22, 0x20};

/* A map, and an object that is as large as any here. */
static struct {
    _Alignas(16) unsigned char map[64], object[96];
    uintptr_t slot; /* what a Local points to */
} heap[VALUES];
static uintptr_t small_integer = 42ull << 32;
static struct v8_fixup_needs needs;
static unsigned host_fields, wrong;

static void heap_make(unsigned undefined)
{
    const unsigned kinds[] = {undefined, 3, 1, 0};

    for (unsigned i = 0; i < VALUES; i++) {
        uintptr_t map = (uintptr_t)heap[i].map + 1;

        memset(heap[i].object, 0xee, sizeof heap[i].object);
        memcpy(heap[i].map + 12, &types[i], sizeof types[i]);
        memcpy(heap[i].object, &map, sizeof map);
        heap[i].slot = (uintptr_t)heap[i].object + 1;
        if (i <= FALSE_) {
            uintptr_t kind = (uintptr_t)kinds[i] << 32;

            memcpy(heap[i].object + 40, &kind, sizeof kind);
        } else {
            uintptr_t resource = 0x5000 + i;

            memcpy(heap[i].object + 16, &resource, sizeof resource);
            for (uintptr_t field = 0; field < 3; field++) {
                uintptr_t value = 0x1000 + 0x100 * field;

                memcpy(heap[i].object + host_fields + 8 * field, &value, sizeof value);
            }
        }
    }
}

/* ---- what the host exports ------------------------------------------------------------------------ */

static uintptr_t field_value(const uintptr_t *slot, int index)
{
    uintptr_t value;

    memcpy(&value, (const char *)(*slot - 1) + host_fields + 8 * (unsigned)index, sizeof value);
    return value;
}

static uintptr_t local_value;

#define HOST(name, type, symbol, parameters)                                                      \
    EXPORT type name parameters __asm__(symbol);                                                  \
    type name parameters

HOST(sink, void, "sink", (int value))
{
    (void)value;
}

HOST(slow_pointer, void *, "_ZN2v86Object38SlowGetAlignedPointerFromInternalFieldEi",
     (uintptr_t *self, int index))
{
    return (void *)field_value(self, index);
}

HOST(slow_pointer_tagged, void *, "_ZN2v86Object38SlowGetAlignedPointerFromInternalFieldEit",
     (uintptr_t *self, int index, uint16_t tag))
{
    (void)tag;
    return (void *)field_value(self, index);
}

HOST(tag, uint64_t, "_ZN2v820ToExternalPointerTagEt", (uint16_t tag))
{
    return tag;
}

HOST(slow_field, void *, "_ZN2v86Object20SlowGetInternalFieldEi", (uintptr_t *self, int index))
{
    local_value = field_value(self, index);
    return &local_value;
}

#define SLOW_RESOURCE 0x7000

HOST(slow_resource, uintptr_t, "_ZNK2v86String29GetExternalStringResourceSlowEv", (void *self))
{
    (void)self;
    return SLOW_RESOURCE;
}

HOST(slow_resource_base, uintptr_t,
     "_ZNK2v86String33GetExternalStringResourceBaseSlowEPNS0_8EncodingE",
     (void *self, int *encoding))
{
    (void)self;
    (void)encoding;
    return SLOW_RESOURCE;
}

HOST(create_handle_old, void *, "_ZN2v811HandleScope12CreateHandleEPNS_8internal7IsolateEm",
     (void *isolate, uintptr_t value))
{
    (void)isolate;
    local_value = value;
    return &local_value;
}

/* {next, limit} at isolate + 560, as the inlined HandleScope::CreateHandle() wants them. */
static uintptr_t fake_isolate[128], handles[512];

HOST(current_isolate, void *, "_ZN2v88internal9Internals17GetCurrentIsolateEv", (void))
{
    fake_isolate[560 / 8] = (uintptr_t)handles;
    fake_isolate[568 / 8] = (uintptr_t)(handles + 512);
    return fake_isolate;
}

HOST(isolate_of_object, void *, "_ZN2v88internal35IsolateFromNeverReadOnlySpaceObjectEm",
     (uintptr_t object))
{
    (void)object;
    return fake_isolate;
}

HOST(can_have_field, int, "_ZN2v88internal20CanHaveInternalFieldEi", (int type))
{
    (void)type;
    return 0; /* what the adapter answers to plugins for 10.2 */
}

/* ---- what is expected -------------------------------------------------------------------------------- */

static void *library;

static void *function(const char *name)
{
    void *address = dlsym(library, name);

    if (!address) {
        fprintf(stderr, "no function %s\n", name);
        exit(99);
    }
    return address;
}

static void expect(const char *name, unsigned value, long got, long wanted)
{
    if (got == wanted)
        return;
    wrong++;
    printf("# %s(%u) is %ld, not %ld\n", name, value, got, wanted);
}

typedef int of_value(void *value);
typedef int of_value_and_two(void *value, int a, int b);
typedef int of_two(void *a, void *b);
typedef int of_many(void *values, int count);
typedef long of_resource(void *string, int *encoding);
typedef void *of_object(void *object, int index);

static void check(const char *name, unsigned value, void *local, long wanted)
{
    expect(name, value, ((of_value *)function(name))(local), wanted);
}

/* All functions of one value; VALUES is a small integer. */
static void check_value(unsigned i)
{
    void *local = i < VALUES ? &heap[i].slot : &small_integer;
    bool u = i == UNDEFINED, n = i == NULL_, s = i == STRING || (i > OTHER && i < VALUES);

    check("undefined", i, local, u);
    check("null", i, local, n);
    check("null_or_undefined", i, local, u || n);
    check("not_undefined", i, local, !u);
    check("not_null_or_undefined", i, local, !u && !n);
    check("undefined_branch", i, local, u ? 7 : 9);
    check("null_or_undefined_branch", i, local, u || n ? 7 : 9);
    check("undefined_then_null", i, local, u || n ? 7 : 9);
    check("null_then_undefined", i, local, u || n ? 7 : 9);
    check("classify", i, local, u ? 1 : n ? 2 : s ? 3 : 4);
    check("string_or_undefined", i, local, u ? 1 : s ? 3 : 4);
    check("empty_or_undefined", i, local, u);
    expect("undefined_select", i,
           ((of_value_and_two *)function("undefined_select"))(local, 11, 22), u ? 11 : 22);
    expect("null_or_undefined_select", i,
           ((of_value_and_two *)function("null_or_undefined_select"))(local, 11, 22),
           u || n ? 11 : 22);
    for (unsigned j = 0; j < VALUES; j++) {
        expect("undefined_two", i * 100 + j,
               ((of_two *)function("undefined_two"))(local, &heap[j].slot),
               u + 2 * (j == UNDEFINED));
        expect("both", i * 100 + j, ((of_two *)function("both"))(local, &heap[j].slot),
               (u || n) && j == UNDEFINED);
    }
}

static void check_objects(void)
{
    for (unsigned i = PLAIN; i <= LAST_API; i++) {
        void *object = &heap[i].slot;

        expect("pointer_0", i, (long)((of_object *)function("pointer_0"))(object, 0), 0x1000);
        expect("pointer_1", i, (long)((of_object *)function("pointer_1"))(object, 0), 0x1100);
        expect("pointer_sum", i, (long)((of_object *)function("pointer_sum"))(object, 0), 0x3200);
        for (int j = 0; j < 3; j++) {
            expect("pointer_at", i * 100 + (unsigned)j,
                   (long)((of_object *)function("pointer_at"))(object, j), 0x1000 + 0x100 * j);
            expect("field_at", i * 100 + (unsigned)j, /* the address of a handle's slot */
                   *(long *)((of_object *)function("field_at"))(object, j), 0x1000 + 0x100 * j);
        }
    }
}

static void check_strings(void)
{
    for (unsigned i = STRING; i < VALUES; i = i == STRING ? EXTERNAL_ONE_BYTE : i + 1) {
        void *string = &heap[i].slot;
        bool two = i == EXTERNAL_TWO_BYTE, external = two || i == EXTERNAL_ONE_BYTE;
        bool one_byte = i == STRING || i == EXTERNAL_ONE_BYTE;
        long resource = external ? 0x5000 + (long)i : SLOW_RESOURCE;
        int encoding = 99;

        expect("string_resource", i, ((of_resource *)function("string_resource"))(string, NULL),
               two ? resource : SLOW_RESOURCE);
        expect("string_base", i, ((of_resource *)function("string_base"))(string, &encoding),
               resource);
        expect("string_base's encoding", i, encoding, one_byte ? 8 : 0);
        expect("string_base_is", i,
               ((of_two *)function("string_base_is"))(string, (void *)resource), one_byte ? 7 : 8);
        expect("string_base_is another", i,
               ((of_two *)function("string_base_is"))(string, &encoding), 9);
    }
}

/* A node's flags: the two lowest bits are its state, in hosts after 10.2. */
static void check_weak(void)
{
    unsigned char node[16] = {0};
    void *global = node, *empty = NULL;

    for (unsigned flags = 0; flags < 256; flags++) {
        node[11] = (unsigned char)flags;
        check("weak", flags, &global, (flags & 3) == 2);
        check("weak_branch", flags, &global, (flags & 3) == 2 ? 7 : 9);
    }
    check("weak", 1000, &empty, 0);
}

static unsigned check_all(void)
{
    void *many[VALUES];

    wrong = 0;
    for (unsigned i = 0; i <= VALUES; i++)
        check_value(i);
    check("empty_or_undefined", 1000, NULL, 1);
    for (unsigned i = 0; i < VALUES; i++)
        many[i] = &heap[i].slot;
    expect("undefined_count", 0, ((of_many *)function("undefined_count"))(many, VALUES), 1);
    check_objects();
    check_strings();
    if (needs.weak_from)
        check_weak();
    return wrong;
}

/* ---- the repair ---------------------------------------------------------------------------------------- */

static uintptr_t load_address(void)
{
    Dl_info info;

    if (!dladdr(function("undefined"), &info))
        exit(99);
    return (uintptr_t)info.dli_fbase;
}

static void apply(const struct abi_repair *repair)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), address = load_address() + repair->vaddr;
    void *start = (void *)(address & ~(page - 1));

    if (mprotect(start, 2 * page, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
        mprotect(start, page, PROT_READ | PROT_WRITE | PROT_EXEC);
    if (memcmp((void *)address, repair->before, repair->size) != 0) {
        fprintf(stderr, "other bytes at 0x%lx\n", (unsigned long)repair->vaddr);
        exit(1);
    }
    memcpy((void *)address, repair->after, repair->size);
}

static const struct engraft_deep_table *deep_table(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW);

    if (!handle)
        fprintf(stderr, "%s\n", dlerror());
    return handle ? dlsym(handle, "engraft_deep_table") : NULL;
}

static void version_set(struct abi *abi, const char *version)
{
    memset(abi, 0, sizeof *abi);
    snprintf(abi->engine, sizeof abi->engine, "v8");
    snprintf(abi->version, sizeof abi->version, "%s", version);
}

static bool version_before(const char *version, unsigned major, unsigned minor)
{
    unsigned parts[2] = {0, 0};

    sscanf(version, "%u.%u", &parts[0], &parts[1]);
    return parts[0] < major || (parts[0] == major && parts[1] < minor);
}

int main(int argc, char **argv)
{
    const struct engraft_deep_table *deep = argc == 5 ? deep_table(argv[4]) : NULL;
    struct abi plugin, host;
    struct engraft_error error = {0};
    struct deep_modules modules;
    struct abi_repair *repairs;
    size_t count, unknown = 0;

    if (!deep)
        return 99;
    version_set(&plugin, argv[2]);
    version_set(&host, argv[3]);
    if (!v8_fixup_needs(&plugin, &host, &needs))
        return 99;
    host_fields = version_before(argv[3], 12, 9) ? 24 : 32;
    heap_make(version_before(argv[3], 12, 0) ? 5 : 4);
    library = dlopen(argv[1], RTLD_LAZY);
    if (!library || deep->open(argv[1], &modules, &error) != ENGRAFT_OK) {
        fprintf(stderr, "%s\n", library ? error.reason : dlerror());
        return 99;
    }
    printf("before: %u wrong\n", check_all());
    if (deep->repairs(&modules.images[0], &plugin, &host, &repairs, &count, &error) != ENGRAFT_OK) {
        fprintf(stderr, "%s\n", error.reason);
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        if (repairs[i].size)
            apply(&repairs[i]);
        else
            printf("# 0x%lx: %s\n", (unsigned long)repairs[i].vaddr, repairs[i].what);
        unknown += !repairs[i].size;
    }
    check_all();
    printf("after: %u wrong, %zu sites, %zu unknown\n", wrong, count, unknown);
    free(repairs);
    deep->close(&modules);
    return wrong || unknown;
}
