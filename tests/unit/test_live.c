/* SPDX-License-Identifier: MIT */
/* What engraft tells of itself to other processes: written, read, and what is read when it is forged. */
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api.h"

/* ---- a process of our own making ---------------------------------------------------------------------- */

#define BASE 0x7f0000001000ull

/* The memory of a process that has these records and nothing else. */
struct memory {
    struct live_header header;
    struct live_plugin plugins[2]; /* the second was bound first */
    struct live_trap traps[2];
    struct live_refusal refusal;
    uint64_t hits[2], written;
    char texts[2048];
    size_t texts_used;
};

struct process {
    struct memory memory;
    size_t reads, bytes;
    /* What happens at a read of the sequence number, from the first on: added to it. */
    int steps[8];
    size_t sequence_reads;
};

#define AT(member) (BASE + offsetof(struct memory, member))

static struct live_text text_add(struct memory *memory, const char *text)
{
    size_t length = strlen(text), at = memory->texts_used;

    assert_true(at + length <= sizeof memory->texts);
    memcpy(memory->texts + at, text, length); /* no NUL: the next one follows at once */
    memory->texts_used += length;
    return (struct live_text){AT(texts) + at, length};
}

static void plugin_fill(struct memory *memory, struct live_plugin *plugin, const char *path)
{
    plugin->verdict = ENGRAFT_VERDICT_EXACT;
    plugin->flags = LIVE_LOADED | LIVE_AUDITED;
    strcpy(plugin->door, "preload");
    strcpy(plugin->plugin_abi_source, "module-version");
    plugin->path = text_add(memory, path);
    plugin->host_abi = text_add(memory, "v8:10.2.154.26-node.39");
    plugin->modules[0] = text_add(memory, "/usr/lib/libnode.so.108");
    plugin->modules[1] = text_add(memory, "/usr/lib/libv8.so");
    plugin->module_count = 2;
    plugin->counts[ENGRAFT_KIND_DIRECT - 1] = 80;
    plugin->written_at = AT(written);
    plugin->written = 0x1234567890;
}

static void process_init(struct process *process)
{
    struct memory *memory = &process->memory;
    struct live_plugin *first = &memory->plugins[1], *second = &memory->plugins[0];

    memset(process, 0, sizeof *process);
    memory->header.head = (struct live_head){LIVE_MAGIC, LIVE_LAYOUT, sizeof memory->header, "0.1.0"};
    memory->header.sequence = 4;
    memory->header.plugins = AT(plugins[0]);
    memory->header.plugin_count = 2;
    memory->header.refusals = AT(refusal);
    memory->header.refusal_count = 1;
    memory->written = 0x1234567890;
    plugin_fill(memory, first, "/plugins/first.so");
    plugin_fill(memory, second, "/plugins/second.so");
    second->next = AT(plugins[1]);
    second->verdict = ENGRAFT_VERDICT_DEGRADED;
    second->reason = text_add(memory, "2 functions are missing");
    second->plugin_abi = text_add(memory, "v8:10.2");
    second->counts[ENGRAFT_KIND_TRAP - 1] = 2;
    second->traps = AT(traps);
    second->trap_count = 2;
    memory->traps[0] = (struct live_trap){text_add(memory, "_ZN2v81aEv"), AT(hits[0])};
    memory->traps[1] = (struct live_trap){text_add(memory, "_ZN2v81bEv"), AT(hits[1])};
    memory->hits[1] = 3;
    memory->refusal.path = text_add(memory, "/plugins/third.so");
    memory->refusal.reason = text_add(memory, "it is an engine itself");
}

static bool process_read(void *context, uint64_t address, void *buffer, size_t length)
{
    struct process *process = context;
    uint64_t at = address - BASE;

    process->reads++;
    process->bytes += length;
    if (length > sizeof process->memory || at > sizeof process->memory - length)
        return false;
    if (address == AT(header.sequence) && length == 8) {
        size_t step = process->sequence_reads++;

        process->memory.header.sequence += (uint64_t)process->steps[step % COUNT(process->steps)];
    }
    memcpy(buffer, (const char *)&process->memory + at, length);
    return true;
}

static void process_live(struct process *process, struct live_found *ret_found)
{
    struct live_source source = {.read = process_read, .context = process, .no_memory = "none"};

    assert_int_equal(live_read(&source, BASE, NULL, ret_found, NULL), ENGRAFT_OK);
    assert_true(ret_found->active);
}

static void test_good(void **state)
{
    static struct process process;
    struct live_found found;
    struct engraft_bound_plugin *plugin;

    (void)state;
    process_init(&process);
    process_live(&process, &found);
    assert_string_equal(found.problem, "");
    assert_string_equal(found.version, "0.1.0");
    assert_int_equal(found.plugin_count, 2);
    plugin = &found.plugins[0].plugin;
    assert_string_equal(plugin->path, "/plugins/first.so");
    assert_string_equal(plugin->reason, "");
    assert_null(plugin->plugin_abi);
    assert_int_equal(plugin->verdict, ENGRAFT_VERDICT_EXACT);
    assert_int_equal(plugin->trap_count, 0);
    plugin = &found.plugins[1].plugin;
    assert_string_equal(plugin->path, "/plugins/second.so");
    assert_string_equal(plugin->reason, "2 functions are missing");
    assert_string_equal(plugin->door, "preload");
    assert_string_equal(plugin->plugin_abi, "v8:10.2");
    assert_string_equal(plugin->plugin_abi_source, "module-version");
    assert_string_equal(plugin->host_abi, "v8:10.2.154.26-node.39");
    assert_int_equal(plugin->verdict, ENGRAFT_VERDICT_DEGRADED);
    assert_true(plugin->loaded);
    assert_true(plugin->audited);
    assert_int_equal(plugin->host_count, 2);
    assert_string_equal(found.plugins[1].hosts[1], "/usr/lib/libv8.so");
    assert_int_equal(found.plugins[1].kinds[ENGRAFT_KIND_DIRECT], 80);
    assert_int_equal(found.plugins[1].kinds[ENGRAFT_KIND_TRAP], 2);
    assert_int_equal(plugin->trap_count, 2);
    assert_int_equal(plugin->traps_hit, 3);
    assert_string_equal(found.plugins[1].traps[1].symbol, "_ZN2v81bEv");
    assert_int_equal(found.plugins[1].traps[0].hits, 0);
    assert_int_equal(found.plugins[1].traps[1].hits, 3);
    assert_int_equal(found.refusal_count, 1);
    assert_string_equal(found.refusals[0].path, "/plugins/third.so");
    assert_string_equal(found.refusals[0].reason, "it is an engine itself");
    live_found_clear(&found);
}

/* A plugin that was unloaded and is still in the list: its memory holds something else, or is gone. */
static void test_gone(void **state)
{
    static struct process process;
    struct live_found found;

    (void)state;
    process_init(&process);
    process.memory.written = 7;
    process.memory.plugins[0].written_at = 0;
    process_live(&process, &found);
    assert_false(found.plugins[0].plugin.loaded);
    assert_true(found.plugins[1].plugin.loaded); /* nothing was written into it */
    live_found_clear(&found);
    process_init(&process);
    process.memory.plugins[0].written_at = 0x1000;
    process.memory.plugins[1].flags = LIVE_AUDITED;
    process_live(&process, &found);
    assert_string_equal(found.problem, "");
    assert_false(found.plugins[0].plugin.loaded);
    assert_false(found.plugins[1].plugin.loaded);
    live_found_clear(&found);
}

/* ---- what is not ours, or cannot be read ----------------------------------------------------------------- */

static void expect_problem(struct process *process, const char *text)
{
    struct live_found found;

    process_live(process, &found);
    if (!strstr(found.problem, text))
        fail_msg("\"%s\" does not say \"%s\"", found.problem, text);
    assert_int_equal(found.plugin_count, 0);
    assert_int_equal(found.refusal_count, 0);
    live_found_clear(&found);
}

static void test_heads(void **state)
{
    static struct process process;
    struct live_head *head = &process.memory.header.head;
    struct live_found found;

    (void)state;
    process_init(&process);
    strcpy(head->version, "9.8.7");
    head->layout = 2;
    expect_problem(&process, "engraft 9.8.7 is active there");
    expect_problem(&process, "layout 2, not 1");
    process_live(&process, &found);
    assert_string_equal(found.version, "9.8.7");
    process_init(&process);
    head->size++;
    expect_problem(&process, "cannot read its records");
    process_init(&process);
    head->magic[7] = '!';
    expect_problem(&process, "it is not engraft's");
    process_init(&process);
    memset(head->version, '1', sizeof head->version); /* no end */
    expect_problem(&process, "it is not engraft's");
    process_init(&process);
    strcpy(head->version, "1\033[2J");
    expect_problem(&process, "it is not engraft's");
    head->version[0] = '\0';
    expect_problem(&process, "it is not engraft's");
}

static bool nothing_read(void *context, uint64_t address, void *buffer, size_t length)
{
    (void)context;
    (void)address;
    (void)buffer;
    (void)length;
    return false;
}

/* Where /proc/PID/maps may be read and the memory may not (Yama), the file tells the version. */
static void test_unreadable(void **state)
{
    const struct live_source source = {.read = nothing_read, .no_memory = "it is forbidden"};
    const struct live_head head = {LIVE_MAGIC, LIVE_LAYOUT, sizeof(struct live_header), "0.1.0"};
    struct live_found found;

    (void)state;
    assert_int_equal(live_read(&source, BASE, &head, &found, NULL), ENGRAFT_OK);
    assert_true(found.active);
    assert_string_equal(found.version, "0.1.0");
    assert_non_null(strstr(found.problem, "cannot be told: it is forbidden"));
    assert_int_equal(live_read(&source, BASE, NULL, &found, NULL), ENGRAFT_OK);
    assert_string_equal(found.version, "");
    assert_non_null(strstr(found.problem, "cannot be told: it is forbidden"));
}

/* ---- changes meanwhile -------------------------------------------------------------------------------------- */

static void test_changes(void **state)
{
    static struct process process;
    struct live_found found;

    (void)state;
    process_init(&process);
    process.steps[0] = 1; /* odd at the first look, even at the second */
    process.steps[1] = 1;
    process_live(&process, &found);
    assert_string_equal(found.problem, "");
    assert_int_equal(found.plugin_count, 2);
    assert_int_equal(process.sequence_reads, 3);
    live_found_clear(&found);
    process_init(&process);
    process.steps[1] = 2; /* a whole change between the two reads of the first look */
    process_live(&process, &found);
    assert_string_equal(found.problem, "");
    assert_int_equal(found.plugin_count, 2);
    assert_int_equal(process.sequence_reads, 4);
    live_found_clear(&found);
    process_init(&process);
    process.memory.header.sequence++; /* the process was stopped in the middle of one */
    expect_problem(&process, "being changed");
    process_init(&process);
    for (size_t i = 0; i < COUNT(process.steps); i++)
        process.steps[i] = 2;
    expect_problem(&process, "being changed");
}

/* ---- forged records -------------------------------------------------------------------------------------------- */

#define FORGED(text, statement) \
    do { \
        process_init(&process); \
        statement; \
        expect_problem(&process, text); \
        assert_true(process.bytes < 40u << 20); \
        if (process.reads >= 200000) fail_msg("%zu reads: %s", process.reads, #statement); \
    } while (0)

static void test_forged(void **state)
{
    static struct process process;
    struct memory *memory = &process.memory;
    struct live_plugin *plugin = &memory->plugins[0];

    (void)state;
    FORGED("leads nowhere", memory->header.plugins = 0);
    FORGED("leads nowhere", memory->header.plugins = 8);
    FORGED("leads nowhere", memory->header.plugins = UINT64_MAX - 8);
    FORGED("leads nowhere", memory->header.plugin_count = 3);
    FORGED("no end", memory->header.plugin_count = 1);
    FORGED("no end", memory->header.plugin_count = 0);
    FORGED("no end", plugin->next = AT(plugins[0]));
    FORGED("more than", (plugin->next = AT(plugins[0]), memory->header.plugin_count = 48000));
    FORGED("more than", memory->header.plugin_count = UINT64_MAX);
    FORGED("more than", memory->header.plugin_count = UINT64_MAX / sizeof *plugin + 2);
    FORGED("leads nowhere", memory->header.refusals = 1);
    FORGED("no end", memory->header.refusal_count = 0);
    FORGED("no end", memory->refusal.next = AT(refusal));
    FORGED("more than", memory->header.refusal_count = UINT64_MAX / 2);
    FORGED("more than", (memory->refusal.next = AT(refusal), memory->header.refusal_count = 300000));
    FORGED("too long", plugin->path.length = LIVE_TEXT_MAX + 1);
    FORGED("too long", plugin->path.length = UINT64_MAX);
    FORGED("too long", memory->refusal.reason.length = (uint64_t)1 << 32);
    FORGED("leads nowhere", plugin->path.address = 0);
    FORGED("leads nowhere", plugin->modules[1].address = UINT64_MAX);
    FORGED("too many modules", plugin->module_count = LIVE_MODULES + 1);
    FORGED("too many modules", plugin->module_count = UINT64_MAX);
    FORGED("verdict", plugin->verdict = 0);
    FORGED("verdict", plugin->verdict = 6);
    FORGED("verdict", plugin->verdict = UINT32_MAX);
    FORGED("no end", memset(plugin->door, 'x', sizeof plugin->door));
    FORGED("no end", memset(plugin->plugin_abi_source, 'x', sizeof plugin->plugin_abi_source));
    FORGED("leads nowhere", plugin->traps = 0);
    FORGED("leads nowhere", plugin->trap_count = 5000);
    FORGED("more than", plugin->trap_count = UINT64_MAX / sizeof(struct live_trap) + 2);
    FORGED("leads nowhere", memory->traps[1].hits = 1);
    FORGED("too long", memory->traps[1].symbol.length = 1 << 20);
}

/* Whatever a byte is: an answer, of bounded size. */
static void test_each_byte(void **state)
{
    static const unsigned char values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    static struct process process;
    size_t end = offsetof(struct memory, texts), good = 0, bad = 0;

    (void)state;
    for (size_t at = 0; at < end; at++)
        for (size_t i = 0; i < COUNT(values); i++) {
            struct live_found found;

            if (at == offsetof(struct memory, header.sequence) && values[i] % 2)
                continue; /* waits, see test_changes */
            process_init(&process);
            ((unsigned char *)&process.memory)[at] = values[i];
            process_live(&process, &found);
            *(found.problem[0] ? &bad : &good) += 1;
            assert_true(process.bytes < 40u << 20);
            live_found_clear(&found);
        }
    assert_true(good > 1000);
    assert_true(bad > 1000);
}

/* ---- what engraft itself writes ------------------------------------------------------------------------------- */

/* A plugin as commit.c records it, bound to nothing. */
static struct bound *bound_make(unsigned number, const char *trap)
{
    struct arena arena = {0};
    struct bound *bound = arena_allocate(&arena, sizeof *bound);
    char path[4400];

    assert_non_null(bound);
    memset(path, 'a' + (int)(number % 26), sizeof path);
    path[100 + number % 4000] = '\0'; /* its length and its letters tell the number */
    bound->arena = arena;
    bound->path = arena_string(&bound->arena, path);
    text_format(path, sizeof path, "%u", number);
    bound->reason = arena_string(&bound->arena, path);
    bound->door = "api";
    bound->verdict = ENGRAFT_VERDICT_DEGRADED;
    bound->loaded = true;
    text_format(bound->plugin_abi.engine, sizeof bound->plugin_abi.engine, "v8");
    text_format(bound->plugin_abi.version, sizeof bound->plugin_abi.version, "1.%u", number);
    if (trap) {
        struct trap_info info = {.symbol = trap, .plugin = bound->path, .plugin_abi = "v8:1",
                                 .host = "host", .host_abi = "v8:2", .returns = true};

        bound->references = arena_allocate(&bound->arena, sizeof *bound->references);
        bound->references[0] = (struct reference){.name = trap, .kind = ENGRAFT_KIND_TRAP,
                                                  .target = trap_create(&info)};
        bound->count = bound->kinds[ENGRAFT_KIND_TRAP] = 1;
    }
    assert_true(live_describe(bound));
    return bound;
}

static bool other_read(void *context, uint64_t address, void *buffer, size_t length)
{
    struct iovec local = {buffer, length};
    struct iovec remote = {(void *)(uintptr_t)address, length};

    return process_vm_readv(*(pid_t *)context, &local, 1, &remote, 1, 0) == (ssize_t)length;
}

static void trap_call(uint64_t address)
{
    int before = dup(STDERR_FILENO);

    freopen("/dev/null", "w", stderr);
    ((void (*)(void))(uintptr_t)address)();
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
}

static void test_own(void **state)
{
    struct engraft_activity activity = {.size = sizeof activity};
    struct engraft_bound_plugin plugin = {.size = sizeof plugin};
    struct engraft_bound_trap trap = {.size = sizeof trap};
    struct engraft_refusal refusal = {.size = sizeof refusal};
    struct bound *first = bound_make(1, NULL), *second = bound_make(2, "_ZN2v81cEv");
    struct live_source source = {.read = other_read, .no_memory = "none"};
    struct engraft_target *target;
    struct live_found found;
    pid_t self = getpid();

    (void)state;
    first->undo = arena_allocate(&first->arena, sizeof *first->undo);
    first->undo[0] = (struct slot_undo){(uint64_t)(uintptr_t)&first->undo[0].written, 0, 77};
    first->undo_count = 1;
    first->dynamic = second->dynamic = first; /* of no object: a purge takes them */
    registry_add(first);
    registry_add(second);
    registry_audited(second);
    trap_call(second->references[0].target);
    trap_call(second->references[0].target);
    for (int i = 0; i < 40; i++) { /* 20 that differ, each twice */
        char reason[32];

        text_format(reason, sizeof reason, "reason %d", i % 20);
        registry_refused("/plugins/refused.so", reason);
    }
    source.context = &self;
    assert_int_equal(live_read(&source, (uint64_t)(uintptr_t)live_own(), NULL, &found, NULL),
                     ENGRAFT_OK);
    assert_string_equal(found.problem, "");
    assert_string_equal(found.version, engraft_version_string());
    assert_int_equal(found.plugin_count, 2);
    assert_string_equal(found.plugins[0].plugin.path, first->path);
    assert_true(found.plugins[0].plugin.loaded);
    assert_false(found.plugins[0].plugin.audited);
    assert_string_equal(found.plugins[1].plugin.path, second->path);
    assert_string_equal(found.plugins[1].plugin.plugin_abi, "v8:1.2");
    assert_string_equal(found.plugins[1].plugin.plugin_abi_source, "");
    assert_null(found.plugins[1].plugin.host_abi);
    assert_true(found.plugins[1].plugin.audited);
    assert_int_equal(found.plugins[1].plugin.traps_hit, 2);
    assert_string_equal(found.plugins[1].traps[0].symbol, "_ZN2v81cEv");
    assert_int_equal(found.refusal_count, 16);
    assert_string_equal(found.refusals[15].reason, "reason 15");
    live_found_clear(&found);

    registry_remove(first);
    bound_destroy(first);
    assert_int_equal(live_read(&source, (uint64_t)(uintptr_t)live_own(), NULL, &found, NULL),
                     ENGRAFT_OK);
    assert_int_equal(found.plugin_count, 1);
    assert_int_equal(found.plugins[0].plugin.verdict, ENGRAFT_VERDICT_DEGRADED);
    live_found_clear(&found);

    assert_int_equal(engraft_target_open("self", &target, NULL), ENGRAFT_OK); /* purges */
    assert_int_equal(engraft_target_activity(target, &activity), ENGRAFT_OK);
    assert_null(activity.problem);
    assert_int_equal(activity.bound_count, 0);
    assert_int_equal(activity.refused_count, 16);
    assert_int_equal(engraft_target_refused(target, 3, &refusal), ENGRAFT_OK);
    assert_string_equal(refusal.reason, "reason 3");
    assert_int_equal(engraft_target_refused(target, 16, &refusal), ENGRAFT_ARGUMENT);
    assert_int_equal(engraft_target_bound(target, 0, &plugin), ENGRAFT_ARGUMENT);
    assert_int_equal(engraft_target_bound_trap(target, 0, 0, &trap), ENGRAFT_ARGUMENT);
    assert_null(engraft_target_bound_host(target, 0, 0));
    assert_int_equal(engraft_target_bound_kind_count(target, 0, ENGRAFT_KIND_TRAP), 0);
    engraft_target_close(target);
}

/* Binds and unloads all the time, until it is killed. */
_Noreturn static void churn(int ready)
{
    struct bound *bounds[5] = {0};

    for (unsigned number = 0;; number++) {
        struct bound **bound = &bounds[number * 7 % COUNT(bounds)];

        if (*bound) {
            registry_remove(*bound);
            bound_destroy(*bound);
        }
        *bound = bound_make(number, NULL);
        registry_add(*bound);
        if (number == COUNT(bounds) && write(ready, "", 1) != 1)
            _exit(1);
    }
}

static void check_consistent(const struct live_found *found)
{
    unsigned long before = 0;

    assert_in_range(found->plugin_count, 4, 5);
    for (size_t i = 0; i < found->plugin_count; i++) {
        const struct engraft_bound_plugin *plugin = &found->plugins[i].plugin;
        unsigned long number = strtoul(plugin->reason, NULL, 10);
        size_t length = 100 + number % 4000;

        assert_true(i == 0 || number > before);
        assert_int_equal(strlen(plugin->path), length < 4096 ? length : 4096);
        assert_int_equal(plugin->path[0], 'a' + (int)(number % 26));
        assert_int_equal(strtoul(plugin->plugin_abi + strlen("v8:1."), NULL, 10), number);
        before = number;
    }
}

static void test_concurrent(void **state)
{
    struct live_source source = {.read = other_read, .no_memory = "none"};
    unsigned good = 0, busy = 0;
    int ready[2], status;
    char byte;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        churn(ready[1]);
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    source.context = &child;
    while (good < 1000 && busy < 1000) {
        struct live_found found;

        assert_int_equal(live_read(&source, (uint64_t)(uintptr_t)live_own(), NULL, &found, NULL),
                         ENGRAFT_OK);
        if (!found.problem[0]) {
            check_consistent(&found);
            good++;
        } else if (strstr(found.problem, "being changed")) {
            busy++;
        } else {
            fail_msg("%s", found.problem);
        }
        live_found_clear(&found);
    }
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    print_message("# %u looks were good, %u found no rest\n", good, busy);
    assert_true(good > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),    cmocka_unit_test(test_gone),
        cmocka_unit_test(test_heads),   cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_changes), cmocka_unit_test(test_forged),
        cmocka_unit_test(test_each_byte),
        cmocka_unit_test(test_concurrent),
        cmocka_unit_test(test_own),
    };

    unsetenv("ENGRAFT_REPORT");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
