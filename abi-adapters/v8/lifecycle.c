/* SPDX-License-Identifier: MIT */
/*
 * What an embedder of V8 does once per process, done by a plugin in a process whose V8 has an embedder
 * already: start and end of V8, its platform, its flags; and the isolates that the plugin owns.
 *
 * Measured with Node 18.20.4 (V8 10.2) and Node 20.19.2 (11.3) without V8 of their own, leaving out one
 * adapter at a time: InitializePlatform, Initialize, Dispose and DisposePlatform end the process (a
 * FATAL of V8's start-up state), EnableWebAssemblyTrapHandler does where the host has run WebAssembly,
 * isolates without a platform of theirs never finish asynchronous work.
 *
 * An adapter knows by its return address which plugin calls: no inlining, no tail calls into one.
 */
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "hosted.h"

#define CALLER __builtin_return_address(0)

/* ---- start and end ------------------------------------------------------------------------------------ */

/* V8::InitializePlatform(v8::Platform *) */
static void initialize_platform(struct cxx_object *platform)
{
    const void *caller = CALLER;
    struct v8_client *client = client_at(caller);
    struct v8_host *host = host_at(caller);
    struct cxx_object *hosted = hosted_object(platform);

    if (client && client->pair && hosted == platform) /* the plugin's own, in its version's layout */
        v8_object_share(client->pair, V8_CLASS_Platform, platform);
    platform = hosted;
    if (client)
        client_start(client, platform);
    if (atomic_load_explicit(host->functions.platform, memory_order_acquire)) {
        dispatcher_install(host);
        return;
    }
    /* The host has a V8 and has not started it: the plugin's platform is the first. */
    host->started_by_plugin = true;
    atomic_store_explicit(&host->own, platform, memory_order_release);
    host->functions.platform_initialize(&host->dispatcher);
}

/* V8::Initialize(int build): the plan has compared the builds. */
static bool initialize(int build)
{
    struct v8_host *host = host_at(CALLER);

    return host->started_by_plugin ? host->functions.initialize(build) : true;
}

/* V8::Dispose() */
static bool dispose(void)
{
    struct v8_host *host = host_at(CALLER);

    return host->started_by_plugin ? host->functions.dispose() : true;
}

/* V8::DisposePlatform() */
static void dispose_platform(void)
{
    const void *caller = CALLER;
    struct v8_client *client = client_at(caller);
    struct v8_host *host = host_at(caller);

    if (host->started_by_plugin)
        host->functions.platform_dispose();
    if (client)
        client_stop(client);
}

/* ---- what is the host's to say ------------------------------------------------------------------------ */

/* V8::SetEntropySource(), V8::SetSnapshotDataBlob(): the pointer is the plugin's, V8 would keep it. */
static void keep_hosts(void)
{
}

/* V8::EnableWebAssemblyTrapHandler(bool): "no" makes Node leave SIGSEGV alone. If the host has enabled
 * it, its handler serves all isolates. */
static bool refuse_trap_handler(void)
{
    return false;
}

/* Flags can be frozen since 10.5: 10.2 (libnode108, Node 18.20.8) takes them at any time. */
static bool flags_can_freeze(const unsigned *version)
{
    return version[0] > 10 || (version[0] == 10 && version[1] >= 5);
}

static bool flags_are_frozen(const struct v8_host *host)
{
    return flags_can_freeze(host->version) &&
           (!host->functions.flags_are_frozen || host->functions.flags_are_frozen());
}

/* V8 must start with it: what it implies is worked out in V8::Initialize() alone, and set later it
 * takes the right to execute from the code of everybody (seen on 10.2: SIGSEGV). */
static bool flag_comes_too_late(const char *flag, size_t length)
{
    static const char name[] = "jitless";

    for (unsigned i = 0; i < 2 && length && *flag == '-'; i++, length--)
        flag++;
    if (length > 2 && strncmp(flag, "no", 2) == 0) {
        flag += 2;
        length -= 2;
        if (*flag == '-' || *flag == '_') {
            flag++;
            length--;
        }
    }
    return length >= sizeof name - 1 && strncmp(flag, name, sizeof name - 1) == 0 &&
           (length == sizeof name - 1 || flag[sizeof name - 1] == '=');
}

/* Flags that make V8::Initialize() turn on --log, without which V8 10.2 ends the process when it sets up
 * an isolate's logger. */
static bool flag_needs_log(const char *flag, size_t length)
{
    static const char *const names[] = {"prof", "prof-cpp", "prof_cpp", "ll-prof", "ll_prof"};

    for (unsigned i = 0; i < 2 && length && *flag == '-'; i++, length--)
        flag++;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == length && strncmp(flag, names[i], length) == 0)
            return true;
    return length > 4 && (strncmp(flag, "log-", 4) == 0 || strncmp(flag, "log_", 4) == 0);
}

/* Copies the flags that may still be set, separated by blanks; as much room as `text` has will do. */
static size_t flags_in_time(const char *text, size_t length, char *ret_text, bool *ret_log)
{
    size_t kept = 0;

    *ret_log = false;
    while (length) {
        size_t blanks = strspn(text, " \t\r\n"), word;

        blanks = blanks < length ? blanks : length;
        text += blanks;
        length -= blanks;
        word = strcspn(text, " \t\r\n");
        word = word < length ? word : length;
        *ret_log |= flag_needs_log(text, word);
        if (!flag_comes_too_late(text, word)) {
            memmove(ret_text + kept, text, word);
            kept += word;
            if (word < length)
                ret_text[kept++] = ' ';
        }
        text += word;
        length -= word;
    }
    return kept;
}

/* What V8::Initialize() would do next: the other flags that flags imply, the hash of all of them (code
 * caches and snapshots are known by it). Setting flags from a text does both. */
static void flags_settle(struct v8_host *host, bool log)
{
    static const char text[] = "--log";

    host->functions.flags_from_text(text, log ? sizeof text - 1 : 0);
}

static void flags_set(struct v8_host *host, const char *text, size_t length)
{
    char *copy;
    bool log;

    length = strnlen(text, length);
    copy = flags_are_frozen(host) ? NULL : malloc(length + 1);
    if (!copy)
        return;
    memcpy(copy, text, length); /* with a NUL behind, which `text` may not have */
    copy[length] = '\0';
    length = flags_in_time(copy, length, copy, &log);
    host->functions.flags_from_text(copy, length);
    if (log)
        flags_settle(host, log);
    free(copy);
}

/* V8::SetFlagsFromString(const char *, size_t) */
static void flags_from_text(const char *text, size_t length)
{
    flags_set(host_at(CALLER), text, length);
}

/* V8::SetFlagsFromString(const char *) */
static void flags_from_string(const char *text)
{
    flags_set(host_at(CALLER), text, strlen(text));
}

/* V8::SetFlagsFromCommandLine(int *, char **, bool remove): what is left over, Node calls a bad option,
 * so that flags which come too late are taken away as if they had been set. */
static void flags_from_command_line(int *argc, char **argv, bool remove)
{
    struct v8_host *host = host_at(CALLER);
    bool frozen = flags_are_frozen(host);
    int kept = 0, count = *argc;
    bool log = false;

    for (int i = 1; i < count; i++)
        log |= flag_needs_log(argv[i], strlen(argv[i]));
    for (int i = 0; remove && i < count; i++)
        if (i == 0 || argv[i][0] != '-' ||
            (!frozen && !flag_comes_too_late(argv[i], strlen(argv[i]))))
            argv[kept++] = argv[i];
    if (remove) {
        *argc = kept;
        if (kept < count)
            argv[kept] = NULL;
    }
    if (frozen)
        return;
    host->functions.flags_from_command_line(argc, argv, remove);
    flags_settle(host, log);
}

/* cppgc::InitializeProcess(v8::PageAllocator *[, size_t]): with the allocator of the host, which stays. */
static void cppgc_initialize(void *page_allocator, size_t heap_size)
{
    struct v8_host *host = host_at(CALLER);
    struct v8_functions *functions = &host->functions;

    (void)page_allocator;
    if (functions->cppgc_is_initialized && !functions->cppgc_is_initialized())
        functions->cppgc_initialize(NULL, heap_size);
}

/* ---- isolates ------------------------------------------------------------------------------------------- */

/* A plugin that brings no platform, in a host whose platform accepts only isolates that were registered
 * with it (Node's): one of V8's own, whose workers run and whose foreground tasks wait for nobody. */
static void spare_prepare(struct v8_host *host, const struct v8_client *client)
{
    struct cxx_object *none = NULL, *spare = NULL;
    void *no_tracing = NULL;

    if (!client || client->platform || !host->has_node || !host->functions.platform_create ||
        atomic_load_explicit(&host->spare, memory_order_acquire))
        return;
    host->functions.platform_create(&spare, 0, 0, 0, &no_tracing, 0);
    atomic_compare_exchange_strong(&host->spare, &none, spare);
}

static void *isolate_create(struct v8_host *host, struct v8_client *client, const void *group)
{
    void *isolate;

    dispatcher_install(host);
    spare_prepare(host, client);
    isolate = group ? host->functions.isolate_allocate_in(group)
                    : host->functions.isolate_allocate();
    isolate_add(isolate, client);
    return isolate;
}

/* Isolate::Allocate() */
static void *isolate_allocate(void)
{
    const void *caller = CALLER;

    return isolate_create(host_at(caller), client_at(caller), NULL);
}

/* Isolate::Allocate(const IsolateGroup &) */
static void *isolate_allocate_in(const void *group)
{
    const void *caller = CALLER;

    return isolate_create(host_at(caller), client_at(caller), group);
}

/* Isolate::New(const CreateParams &): in two steps, for V8 asks for the task runner in the second. */
static void *isolate_new(const void *parameters)
{
    const void *caller = CALLER;
    struct v8_host *host = host_at(caller);
    void *isolate = isolate_create(host, client_at(caller), NULL);

    host->functions.isolate_initialize(isolate, parameters);
    return isolate;
}

/* Isolate::New(const IsolateGroup &, const CreateParams &) */
static void *isolate_new_in(const void *group, const void *parameters)
{
    const void *caller = CALLER;
    struct v8_host *host = host_at(caller);
    void *isolate = isolate_create(host, client_at(caller), group);

    host->functions.isolate_initialize(isolate, parameters);
    return isolate;
}

/* Isolate::Dispose() */
static void isolate_dispose(void *isolate)
{
    struct v8_host *host = host_at(CALLER);
    unsigned long serial = isolate_serial(isolate);

    host->functions.isolate_dispose(isolate);
    isolate_remove(isolate, serial);
}

/* Isolate::Free(Isolate *) */
static void isolate_free(void *isolate)
{
    struct v8_host *host = host_at(CALLER);
    unsigned long serial = isolate_serial(isolate);

    host->functions.isolate_free(isolate);
    isolate_remove(isolate, serial);
}

/* ---- the table -------------------------------------------------------------------------------------------- */

enum row_kind {
    ROW_ALWAYS,
    ROW_PLATFORM, /* only where the dispatcher can be installed: else the plugin is refused */
    ROW_MISSING,  /* only where the host has no such function: renamed */
};

static const struct row {
    const char *symbol;
    enum row_kind kind;
    void (*function)(void);
    const char *note; /* ROW_MISSING: the host's name */
} rows[] = {
#define ROW(symbol, kind, function, note) {symbol, kind, (void (*)(void))(function), note}
    ROW("_ZN2v82V818InitializePlatformEPNS_8PlatformE", ROW_PLATFORM, initialize_platform,
        "the host's platform stays; the plugin's isolates use the plugin's"),
    ROW("_ZN2v82V810InitializeEi", ROW_ALWAYS, initialize, "V8 is running already"),
    ROW("_ZN2v82V87DisposeEv", ROW_ALWAYS, dispose, "V8 is the host's to end"),
    ROW("_ZN2v82V815DisposePlatformEv", ROW_ALWAYS, dispose_platform,
        "the plugin's platform is taken out"),
    ROW("_ZN2v82V816SetEntropySourceEPFbPhmE", ROW_ALWAYS, keep_hosts, "the host's stays"),
    ROW("_ZN2v82V819SetSnapshotDataBlobEPNS_11StartupDataE", ROW_ALWAYS, keep_hosts,
        "the host's stays"),
    ROW("_ZN2v82V828EnableWebAssemblyTrapHandlerEb", ROW_ALWAYS, refuse_trap_handler,
        "signal handlers are the host's"),
    ROW("_ZN2v82V818SetFlagsFromStringEPKcm", ROW_ALWAYS, flags_from_text,
        "passed on, but for what V8 must start with"),
    ROW("_ZN2v82V818SetFlagsFromStringEPKc", ROW_ALWAYS, flags_from_string,
        "passed on, but for what V8 must start with"),
    ROW("_ZN2v82V823SetFlagsFromCommandLineEPiPPcb", ROW_ALWAYS, flags_from_command_line,
        "passed on, but for what V8 must start with"),
    ROW("_ZN5cppgc17InitializeProcessEPN2v813PageAllocatorE", ROW_ALWAYS, cppgc_initialize,
        "it is the host's to start"),
    ROW("_ZN5cppgc17InitializeProcessEPN2v813PageAllocatorEm", ROW_ALWAYS, cppgc_initialize,
        "it is the host's to start"),
    ROW("_ZN5cppgc15ShutdownProcessEv", ROW_ALWAYS, keep_hosts, "it is the host's to end"),
    ROW("_ZN2v87Isolate8AllocateEv", ROW_PLATFORM, isolate_allocate,
        "its tasks go to the plugin's platform"),
    ROW("_ZN2v87Isolate8AllocateERKNS_12IsolateGroupE", ROW_PLATFORM, isolate_allocate_in,
        "its tasks go to the plugin's platform"),
    ROW("_ZN2v87Isolate3NewERKNS0_12CreateParamsE", ROW_PLATFORM, isolate_new,
        "its tasks go to the plugin's platform"),
    ROW("_ZN2v87Isolate3NewERKNS_12IsolateGroupERKNS0_12CreateParamsE", ROW_PLATFORM,
        isolate_new_in, "its tasks go to the plugin's platform"),
    ROW("_ZN2v87Isolate7DisposeEv", ROW_ALWAYS, isolate_dispose, "its tasks end"),
    ROW("_ZN2v87Isolate4FreeEPS0_", ROW_ALWAYS, isolate_free, "its tasks end"),
    /* Debian's patch of V8 10.2: the same function for Node's use. */
    ROW("_ZN2v811ArrayBuffer25NewBackingStoreForNodeLTSEPNS_7IsolateEm", ROW_MISSING, NULL,
        "_ZN2v811ArrayBuffer15NewBackingStoreEPNS_7IsolateEm"),
#undef ROW
};

static const char *platform_refusal(const struct abi_pair *pair)
{
    if (!platform_layout_of(pair->host->version))
        return "the layout of this V8's v8::Platform has not been measured";
    if (pair->engine && pair->engine->module_count &&
        (!abi_host_hidden(pair, "_ZN2v88internal2V821SetPlatformForTestingEPNS_8PlatformE") ||
         !abi_host_hidden(pair, "_ZN2v88internal2V89platform_E")))
        return "the host hides v8::internal::V8::SetPlatformForTesting and platform_, and neither "
               "its .symtab nor a debug file tells where they are";
    return NULL;
}

static const struct row *row_of(const char *symbol)
{
    if (strncmp(symbol, "_ZN2v82V8", 9) != 0 && strncmp(symbol, "_ZN2v87Isolate", 14) != 0 &&
        strncmp(symbol, "_ZN5cppgc1", 10) != 0 && strncmp(symbol, "_ZN2v811ArrayB", 14) != 0)
        return NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].symbol, symbol) == 0)
            return &rows[i];
    return NULL;
}

bool lifecycle_route(const struct abi_pair *pair, const char *symbol, struct abi_route *ret)
{
    const struct row *row = row_of(symbol);

    if (!row ||
        (row->kind == ROW_MISSING &&
         (!pair->engine || !pair->engine->module_count || abi_host_address(pair, symbol))))
        return false;
    if (row->kind == ROW_MISSING) {
        ret->kind = ENGRAFT_KIND_RENAMED;
        ret->host_symbol = row->note;
        return true;
    }
    ret->kind = ENGRAFT_KIND_ADAPTED;
    ret->address = (uintptr_t)row->function;
    ret->note = row->note;
    if (row->kind == ROW_PLATFORM)
        ret->refusal = platform_refusal(pair);
    return true;
}

/* ---- the host's functions --------------------------------------------------------------------------------- */

static void resolve(const struct abi_pair *pair, const char *symbol, void *ret_function)
{
    uintptr_t address = abi_host_address(pair, symbol);

    memcpy(ret_function, &address, sizeof address);
}

/* v8::internal is hidden from 24.21.0 on. */
static void resolve_internal(const struct abi_pair *pair, const char *symbol, void *ret_function)
{
    uintptr_t address = abi_host_hidden(pair, symbol);

    memcpy(ret_function, &address, sizeof address);
}

#define NEW_PLATFORM                                                                             \
    "_ZN2v88platform18NewDefaultPlatformEiNS0_15IdleTaskSupportENS0_21InProcessStackDumpingESt10" \
    "unique_ptrINS_17TracingControllerESt14default_deleteIS4_EE"

void lifecycle_resolve(const struct abi_pair *pair, struct v8_functions *ret)
{
    unsigned version[2];

    resolve(pair, "_ZN2v87Isolate13TryGetCurrentEv", &ret->isolate_current);
    resolve(pair, "_ZN2v87Isolate8AllocateEv", &ret->isolate_allocate);
    resolve(pair, "_ZN2v87Isolate10InitializeEPS0_RKNS0_12CreateParamsE",
            &ret->isolate_initialize);
    resolve(pair, "_ZN2v87Isolate7DisposeEv", &ret->isolate_dispose);
    resolve_internal(pair, "_ZN2v88internal2V821SetPlatformForTestingEPNS_8PlatformE",
                     &ret->platform_set);
    resolve_internal(pair, "_ZN2v88internal2V89platform_E", &ret->platform);
    resolve(pair, "_ZN2v82V818InitializePlatformEPNS_8PlatformE", &ret->platform_initialize);
    resolve(pair, "_ZN2v82V815DisposePlatformEv", &ret->platform_dispose);
    resolve(pair, "_ZN2v82V810InitializeEi", &ret->initialize);
    resolve(pair, "_ZN2v82V87DisposeEv", &ret->dispose);
    resolve(pair, "_ZN2v82V818SetFlagsFromStringEPKcm", &ret->flags_from_text);
    resolve(pair, "_ZN2v82V823SetFlagsFromCommandLineEPiPPcb", &ret->flags_from_command_line);
    resolve(pair, NEW_PLATFORM, &ret->platform_create);
    if (abi_version_parts(pair->host->version, version, 2) && flags_can_freeze(version)) {
        resolve_internal(pair, "_ZN2v88internal8FlagList8IsFrozenEv", &ret->flags_are_frozen);
        resolve(pair, "_ZN5cppgc13IsInitializedEv", &ret->cppgc_is_initialized);
        resolve(pair, "_ZN5cppgc17InitializeProcessEPN2v813PageAllocatorEm",
                &ret->cppgc_initialize);
        resolve(pair, "_ZN2v87Isolate8AllocateERKNS_12IsolateGroupE", &ret->isolate_allocate_in);
        resolve(pair, "_ZN2v87Isolate4FreeEPS0_", &ret->isolate_free);
        if (!ret->platform_create)
            resolve(pair, NEW_PLATFORM "NS0_12PriorityModeE", &ret->platform_create);
    }
}
