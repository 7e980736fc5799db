/* SPDX-License-Identifier: MIT */
/* The dispatcher of V8's platform, slot by slot in every layout, and the table of isolates' owners. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "abi-adapters/v8/host.h"

/* ---- platforms that record which slot was called ------------------------------------------------------ */

static struct cxx_object *called;
static unsigned called_slot;
static uintptr_t arguments[3];
static void *hidden;
static double delay;

/* One function serves all shapes: a structure's address comes first, `this` behind it. */
#define RECORDER(number)                                                                          \
    static uintptr_t record_##number(struct cxx_object *self, uintptr_t a, uintptr_t b,           \
                                     uintptr_t c, double d)                                       \
    {                                                                                             \
        return record(number, self, a, b, c, d);                                                  \
    }

static bool is_platform(const void *object);

static uintptr_t record(unsigned slot, struct cxx_object *self, uintptr_t a, uintptr_t b,
                        uintptr_t c, double d)
{
    called_slot = slot;
    delay = d;
    hidden = NULL;
    if (!is_platform(self)) { /* the call returns a structure */
        hidden = self;
        self = (struct cxx_object *)a;
        a = b;
        b = c;
        c = 0;
    }
    called = self;
    arguments[0] = a;
    arguments[1] = b;
    arguments[2] = c;
    return 0x77;
}

RECORDER(0) RECORDER(1) RECORDER(2) RECORDER(3) RECORDER(4) RECORDER(5) RECORDER(6) RECORDER(7)
RECORDER(8) RECORDER(9) RECORDER(10) RECORDER(11) RECORDER(12) RECORDER(13) RECORDER(14)
RECORDER(15) RECORDER(16) RECORDER(17) RECORDER(18) RECORDER(19) RECORDER(20) RECORDER(21)
RECORDER(22) RECORDER(23)

#define SLOT(number) (void (*)(void))record_##number
static void (*const recorders[PLATFORM_SLOT_MAX])(void) = {
    SLOT(0),  SLOT(1),  SLOT(2),  SLOT(3),  SLOT(4),  SLOT(5),  SLOT(6),  SLOT(7),
    SLOT(8),  SLOT(9),  SLOT(10), SLOT(11), SLOT(12), SLOT(13), SLOT(14), SLOT(15),
    SLOT(16), SLOT(17), SLOT(18), SLOT(19), SLOT(20), SLOT(21), SLOT(22), SLOT(23),
};

static struct cxx_object host_platform = {recorders}, plugin_platform = {recorders};

static bool is_platform(const void *object)
{
    return object == &host_platform || object == &plugin_platform;
}

/* ---- a host ------------------------------------------------------------------------------------------- */

static int host_isolate, plugin_isolate;
static void *current_isolate;
static _Atomic(void *) platform_variable;

static void *isolate_current(void)
{
    return current_isolate;
}

static void platform_set(void *platform)
{
    atomic_store(&platform_variable, platform);
}

static struct v8_host host;
static struct v8_client client;

static void host_make(const char *version)
{
    memset(&host, 0, sizeof host);
    host.functions.isolate_current = isolate_current;
    host.functions.platform_set = platform_set;
    host.functions.platform = &platform_variable;
    host.layout = platform_layout_of(version);
    assert_non_null(host.layout);
    dispatcher_prepare(&host);
    atomic_store(&platform_variable, &host_platform);
    client = (struct v8_client){.used = true, .host = &host, .platform = &plugin_platform};
    isolate_add(&plugin_isolate, &client);
    dispatcher_install(&host);
    assert_ptr_equal(atomic_load(&platform_variable), &host.dispatcher);
}

static void forget(const void *isolate)
{
    isolate_remove(isolate, isolate_serial(isolate));
}

/* ---- the dispatcher ------------------------------------------------------------------------------------- */

enum receiver { TO_HOST, TO_CURRENT, TO_ARGUMENT, NOBODY };

static enum receiver receiver_of(enum platform_call call)
{
    switch (call) {
    case PLATFORM_DESTROY:
        return NOBODY;
    case PLATFORM_FOREGROUND_RUNNER:
    case PLATFORM_FOREGROUND_RUNNER_PRIORITY:
    case PLATFORM_IDLE_ENABLED:
        return TO_ARGUMENT;
    case PLATFORM_WORKER_COUNT:
    case PLATFORM_POST_WORKER:
    case PLATFORM_POST_BLOCKING:
    case PLATFORM_POST_LOW_PRIORITY:
    case PLATFORM_POST_DELAYED:
    case PLATFORM_POST_WORKER_AT:
    case PLATFORM_POST_DELAYED_AT:
    case PLATFORM_POST_JOB:
    case PLATFORM_CREATE_JOB:
    case PLATFORM_CREATE_JOB_AT:
    case PLATFORM_BLOCKING_SCOPE:
    case PLATFORM_BOOSTABLE_SCOPE:
    case PLATFORM_TRACING:
        return TO_CURRENT;
    default:
        return TO_HOST;
    }
}

static bool returns_structure(enum platform_call call)
{
    return call == PLATFORM_FOREGROUND_RUNNER || call == PLATFORM_FOREGROUND_RUNNER_PRIORITY ||
           call == PLATFORM_POST_JOB || call == PLATFORM_CREATE_JOB ||
           call == PLATFORM_CREATE_JOB_AT || call == PLATFORM_BLOCKING_SCOPE ||
           call == PLATFORM_BOOSTABLE_SCOPE;
}

/* Calls a slot as V8 would: for a plugin's isolate, or for the host's. */
static void slot_check(unsigned slot, bool plugin)
{
    enum platform_call call = host.layout->slots[slot];
    enum receiver receiver = receiver_of(call);
    void *named = plugin ? &plugin_isolate : &host_isolate;
    struct cxx_object *expected =
        receiver != TO_HOST && plugin ? &plugin_platform : &host_platform;
    void *object = atomic_load(&platform_variable);
    void (*const *vtable)(void) = *(void (*const **)(void))object;
    uintptr_t first = receiver == TO_ARGUMENT ? (uintptr_t)named : 0x11;
    char structure[16];

    current_isolate = named;
    called = NULL;
    if (returns_structure(call)) {
        ((void *(*)(void *, void *, uintptr_t, uintptr_t, uintptr_t))vtable[slot])(
            structure, object, first, 0x22, 0x33);
        assert_ptr_equal(hidden, structure);
    } else {
        ((uintptr_t(*)(void *, uintptr_t, uintptr_t, uintptr_t, double))vtable[slot])(
            object, first, 0x22, 0x33, 0.25);
    }
    if (receiver == NOBODY) {
        assert_null(called);
        return;
    }
    assert_ptr_equal(called, expected);
    assert_int_equal(called_slot, slot);
    if (call == PLATFORM_POST_DELAYED || call == PLATFORM_POST_DELAYED_AT)
        assert_true(delay == 0.25);
    if (receiver != TO_HOST) {
        assert_int_equal(arguments[0], first);
        assert_int_equal(arguments[1], 0x22);
    }
}

static void test_every_slot(void **state)
{
    static const struct {
        const char *version;
        unsigned slots; /* of g++ -fdump-lang-class, the destructor's two included */
    } rows[] = {
        {"10.2.154.26-node.39", 20}, {"11.3.244.8", 23}, {"12.4.254.21", 22}, {"12.9.202", 21},
        {"13.6.233.17", 20},         {"14.1.146", 20},   {"14.6.202.34", 21},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned slots = 2;

        host_make(rows[i].version);
        while (slots < PLATFORM_SLOT_MAX && host.layout->slots[slots])
            slots++;
        assert_int_equal(slots, rows[i].slots);
        for (unsigned slot = 0; slot < slots; slot++) {
            slot_check(slot, true);
            slot_check(slot, false);
        }
        forget(&plugin_isolate);
    }
}

static void test_removed_with_the_last(void **state)
{
    (void)state;
    host_make("10.2.154");
    isolate_add(&host, &client); /* a second isolate: any address will do */
    forget(&plugin_isolate);
    assert_ptr_equal(atomic_load(&platform_variable), &host.dispatcher);
    forget(&host);
    assert_ptr_equal(atomic_load(&platform_variable), &host_platform);
    isolate_remove(&host, 0); /* it is nobody's any more */
}

static void test_same_address(void **state)
{
    unsigned long first;

    (void)state;
    host_make("10.2.154");
    first = isolate_serial(&plugin_isolate);
    assert_true(first > 0);
    isolate_add(&plugin_isolate, &client); /* V8 has freed it, and a thread got a new one there */
    isolate_remove(&plugin_isolate, first);
    assert_ptr_equal(platform_of_isolate(&host, &plugin_isolate), &plugin_platform);
    forget(&plugin_isolate);
    assert_ptr_equal(platform_of_isolate(&host, &plugin_isolate), &host_platform);
    assert_int_equal(isolate_serial(&plugin_isolate), 0);
}

static void test_unknown_versions(void **state)
{
    (void)state;
    assert_null(platform_layout_of("10.3.1"));
    assert_null(platform_layout_of("15.0.1"));
    assert_null(platform_layout_of("10"));
    assert_null(platform_layout_of(""));
}

/* ---- owners of isolates, against a plain array --------------------------------------------------------- */

#define ISOLATES 700

static void test_owners(void **state)
{
    static char isolates[ISOLATES];
    static bool owned[ISOLATES];
    struct cxx_object *own = &host_platform;
    unsigned seed = 1;

    (void)state;
    host_make("11.3.244.8");
    for (unsigned round = 0; round < 40000; round++) {
        unsigned at;

        seed = seed * 1103515245 + 12345;
        at = (seed >> 8) % ISOLATES;
        if ((seed >> 24) % 2) {
            isolate_add(&isolates[at], &client);
            owned[at] = true;
        } else {
            forget(&isolates[at]);
            owned[at] = false;
        }
        if (round % 500)
            continue;
        for (unsigned i = 0; i < ISOLATES; i++)
            assert_ptr_equal(platform_of_isolate(&host, &isolates[i]),
                             owned[i] ? &plugin_platform : own);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_slot),
        cmocka_unit_test(test_removed_with_the_last),
        cmocka_unit_test(test_same_address),
        cmocka_unit_test(test_unknown_versions),
        cmocka_unit_test(test_owners),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
