/* SPDX-License-Identifier: MIT */
/* What is bound, what was refused, what hosts have registered. */
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "relinker.h"

#define PIN_MAX 64
#define REGISTRATION_MAX 8
#define REGISTRATION_PREFIX_MAX 16
#define REFUSED_MAX 256  /* refusals that a report tells, the first ones */
#define REFUSED_QUIET 16 /* without a report: different ones that `engraft inspect` tells */
#define UNLOADED_MAX 256 /* records of unloaded plugins that a report still tells */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct bound *first_bound;
static struct refused_load *first_refused;
static struct arena refused_arena;
static unsigned refused_count;
static void *pins[PIN_MAX];
static unsigned pin_count;

struct registration {
    bool used;
    struct abi abi;
    const void *addresses[ENGINE_MODULE_MAX];
    size_t address_count;
    char prefixes[REGISTRATION_PREFIX_MAX][64];
    size_t prefix_count;
};

static struct registration registrations[REGISTRATION_MAX];

void registry_lock(void)
{
    pthread_mutex_lock(&mutex);
}

void registry_unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

/* A fork() while another thread holds a mutex must not leave it locked in the child. */
static void fork_before(void)
{
    registry_lock();
    traps_lock();
}

static void fork_after(void)
{
    traps_unlock();
    registry_unlock();
}

__attribute__((constructor)) static void fork_prepare(void)
{
    pthread_atfork(fork_before, fork_after, fork_after);
}

/* ---- bound objects ------------------------------------------------------------------------------------- */

void registry_add(struct bound *bound)
{
    registry_lock();
    bound->next = first_bound;
    first_bound = bound;
    live_add(bound);
    registry_unlock();
}

void registry_remove(struct bound *bound)
{
    registry_lock();
    for (struct bound **at = &first_bound; *at; at = &(*at)->next)
        if (*at == bound) {
            *at = bound->next;
            live_remove(bound);
            break;
        }
    registry_unlock();
}

void registry_audited(struct bound *bound)
{
    registry_lock();
    bound->audited = true;
    live_flags(bound);
    registry_unlock();
}

struct bound *registry_first(void)
{
    return first_bound;
}

/* Another object, or the same one loaded again, may lie where a bound one lay: what engraft wrote
 * tells them apart. */
static bool slots_are_ours(const struct bound *bound, const struct image *image)
{
    uint64_t value;

    return !bound->undo_count ||
           (image_read(image, bound->undo[0].address - image->load_address, &value,
                       sizeof value) &&
            value == bound->undo[0].written);
}

static bool bound_is(const struct bound *bound, const struct image *image)
{
    return bound->loaded && bound->dynamic == image->dynamic &&
           bound->load_address == image->load_address &&
           (bound->symbols ? bound->symbols == image->symbols : slots_are_ours(bound, image));
}

struct bound *registry_find(const struct image *image)
{
    struct bound *found = NULL;

    registry_lock();
    for (struct bound *bound = first_bound; bound && !found; bound = bound->next)
        if (bound_is(bound, image))
            found = bound;
    registry_unlock();
    return found;
}

static bool bound_is_loaded(const struct bound *bound, const struct image *images, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bound_is(bound, &images[i]))
            return true;
    return false;
}

static void pin_queue(struct bound *bound)
{
    if (bound->pin && pin_count < PIN_MAX)
        pins[pin_count++] = bound->pin;
    bound->pin = NULL;
}

static void purge(const struct image *images, size_t count)
{
    bool keep = environment_get("ENGRAFT_REPORT") != NULL;
    unsigned unloaded = 0;

    for (struct bound **at = &first_bound; *at;) {
        struct bound *bound = *at;

        if (bound->loaded && bound_is_loaded(bound, images, count)) {
            at = &bound->next;
            continue;
        }
        bound->loaded = false;
        live_flags(bound);
        bound_leave(bound);
        pin_queue(bound);
        if (keep && ++unloaded <= UNLOADED_MAX) {
            at = &bound->next;
            continue;
        }
        *at = bound->next;
        live_remove(bound);
        bound_destroy(bound);
    }
}

void registry_purge(const struct image *images, size_t count)
{
    registry_lock();
    purge(images, count);
    registry_unlock();
}

/* dl_iterate_phdr()'s lock keeps objects in the list, but not the load of another thread from being
 * bound: images read before its record was added would show it unbound, and its symbol table would
 * be freed under it. So they are read with the registry locked. */
void registry_purge_now(void)
{
    struct arena arena = {0};
    struct image *images;
    size_t count;

    registry_lock();
    if (first_bound && self_images(&arena, &images, &count, NULL) == ENGRAFT_OK)
        purge(images, count);
    registry_unlock();
    arena_release(&arena);
}

static void purge_all(void *argument)
{
    (void)argument;
    registry_purge_now();
}

void registry_purge_locked(void)
{
    bool empty;

    registry_lock();
    empty = !first_bound;
    registry_unlock();
    if (empty)
        return;
    self_locked(purge_all, NULL);
    registry_release_pins();
}

void registry_release_pins(void)
{
    const struct loader *loader = self_loader();

    while (pin_count) {
        void *pin;

        registry_lock();
        pin = pin_count ? pins[--pin_count] : NULL;
        registry_unlock();
        if (pin && loader->close)
            loader->close(pin);
    }
}

static bool has_stub_pin(const struct bound *bound)
{
    return bound->pin && strcmp(bound->door, "stub") == 0;
}

/* The path of bound object number `index` that came through a stub and holds a pin. */
static bool pinned_path(unsigned index, char *ret_path, size_t size)
{
    struct bound *bound;

    registry_lock();
    for (bound = first_bound; bound; bound = bound->next)
        if (has_stub_pin(bound) && index-- == 0)
            break;
    if (bound)
        text_format(ret_path, size, "%s", bound->path);
    registry_unlock();
    return bound != NULL;
}

static void pin_queue_of(const char *path)
{
    registry_lock();
    for (struct bound *bound = first_bound; bound; bound = bound->next)
        if (has_stub_pin(bound) && strcmp(bound->path, path) == 0)
            pin_queue(bound);
    registry_unlock();
}

/* A plugin whose destructors have run in this dlclose() is still in the list, but ld.so no longer
 * finds it. At the end of the process it does, and takes it for one that has not been initialised:
 * opening it would run its constructors a second time (glibc 2.36: _dl_fini() takes l_init_called
 * back). Nothing is released then. Between two steps another thread may free any record: only paths
 * are kept. */
void registry_release_closing(void)
{
    const struct loader *loader = self_loader();
    char path[4096];

    if (self_ending())
        return;
    for (unsigned index = 0; loader->open && pinned_path(index, path, sizeof path);) {
        void *handle = loader->open(path, RTLD_LAZY | RTLD_NOLOAD);

        if (handle) {
            loader->close(handle);
            index++;
        } else {
            loader->error();
            pin_queue_of(path);
        }
    }
    registry_release_pins();
}

/* ---- refusals ----------------------------------------------------------------------------------------- */

/* A program may try the same plugin again and again: a report tells each time, else once is enough. */
static bool refused_is_wanted(const char *path, const char *reason)
{
    if (environment_get("ENGRAFT_REPORT"))
        return refused_count < REFUSED_MAX;
    for (const struct refused_load *at = first_refused; at; at = at->next)
        if (strncmp(at->path, path, sizeof at->path - 1) == 0 &&
            strncmp(at->reason, reason, sizeof at->reason - 1) == 0)
            return false;
    return refused_count < REFUSED_QUIET;
}

void registry_refused(const char *path, const char *reason)
{
    struct refused_load *refused = NULL;

    registry_lock();
    if (refused_is_wanted(path, reason))
        refused = arena_allocate(&refused_arena, sizeof *refused);
    if (refused) {
        refused_count++;
        text_format(refused->path, sizeof refused->path, "%s", path);
        text_format(refused->reason, sizeof refused->reason, "%s", reason);
        refused->next = first_refused;
        first_refused = refused;
        live_refused(refused);
        report_is_stale();
    }
    registry_unlock();
}

const struct refused_load *registry_first_refused(void)
{
    return first_refused;
}

/* ---- registrations ------------------------------------------------------------------------------------- */

static bool registration_is_valid(const struct engraft_registration *registration)
{
    if (registration->size < sizeof *registration || !registration->engine ||
        !registration->version || strlen(registration->engine) >= 24 ||
        strlen(registration->version) >= 72 || registration->address_count == 0 ||
        registration->address_count > ENGINE_MODULE_MAX || !registration->addresses ||
        registration->prefix_count > REGISTRATION_PREFIX_MAX ||
        (registration->prefix_count && !registration->prefixes))
        return false;
    for (size_t i = 0; i < registration->prefix_count; i++)
        if (!registration->prefixes[i] || strlen(registration->prefixes[i]) >= 64)
            return false;
    return registration->prefix_count > 0 || probe_row(registration->engine);
}

static void registration_copy(const struct engraft_registration *from, struct registration *to)
{
    memset(to, 0, sizeof *to);
    text_format(to->abi.engine, sizeof to->abi.engine, "%s", from->engine);
    text_format(to->abi.version, sizeof to->abi.version, "%s", from->version);
    text_format(to->abi.config, sizeof to->abi.config, "%s", from->config ? from->config : "");
    memcpy(to->addresses, from->addresses, from->address_count * sizeof *to->addresses);
    to->address_count = from->address_count;
    for (size_t i = 0; i < from->prefix_count; i++)
        text_format(to->prefixes[i], sizeof to->prefixes[i], "%s", from->prefixes[i]);
    to->prefix_count = from->prefix_count;
    to->used = true;
}

struct addresses_check {
    const struct engraft_registration *registration;
    bool found;
};

static void addresses_check(void *argument)
{
    struct addresses_check *check = argument;
    struct arena arena = {0};
    struct image *images;
    size_t count;

    check->found = self_images(&arena, &images, &count, NULL) == ENGRAFT_OK;
    for (size_t i = 0; check->found && i < check->registration->address_count; i++)
        check->found = self_image_at(images, count,
                                     (uintptr_t)check->registration->addresses[i]) != NULL;
    arena_release(&arena);
}

enum engraft_status engraft_register(const struct engraft_registration *registration,
                                     unsigned *ret_id, struct engraft_error *reterr)
{
    struct addresses_check check = {registration, false};
    enum engraft_status status = ENGRAFT_LIMIT;

    if (!registration || !ret_id || !registration_is_valid(registration))
        return error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL,
                         "the registration needs size, engine, version, 1 to %d addresses and, "
                         "for an engine engraft does not know, prefixes",
                         ENGINE_MODULE_MAX);
    self_locked(addresses_check, &check);
    if (!check.found)
        return error_set(reterr, ENGRAFT_NOT_FOUND, NULL, NULL,
                         "an address of the registration is in no module");
    registry_lock();
    for (unsigned i = 0; i < REGISTRATION_MAX && status != ENGRAFT_OK; i++)
        if (!registrations[i].used) {
            registration_copy(registration, &registrations[i]);
            *ret_id = i + 1;
            status = ENGRAFT_OK;
        }
    registry_unlock();
    if (status != ENGRAFT_OK)
        return error_set(reterr, status, NULL, NULL, "all %d registrations are taken",
                         REGISTRATION_MAX);
    self_presence_forget();
    return ENGRAFT_OK;
}

enum engraft_status engraft_unregister(unsigned id, struct engraft_error *reterr)
{
    enum engraft_status status = ENGRAFT_ARGUMENT;

    registry_lock();
    if (id >= 1 && id <= REGISTRATION_MAX && registrations[id - 1].used) {
        registrations[id - 1].used = false;
        status = ENGRAFT_OK;
    }
    registry_unlock();
    return status == ENGRAFT_OK
               ? status
               : error_set(reterr, status, NULL, NULL, "no registration has the number %u", id);
}

static bool registration_apply(const struct registration *registration, const struct image *images,
                               size_t count, struct engine_instance *engine)
{
    memset(engine, 0, sizeof *engine);
    for (size_t i = 0; i < registration->address_count; i++)
        for (size_t j = 0; j < count; j++)
            if (image_contains(&images[j], (uintptr_t)registration->addresses[i]))
                engine->modules[engine->module_count++] = &images[j];
    if (engine->module_count == 0)
        return false;
    engine->row = probe_row(registration->abi.engine);
    engine->abi = registration->abi;
    engine->linkage = engine->modules[0]->path[0] ? ENGRAFT_LINKAGE_SHARED
                                                  : ENGRAFT_LINKAGE_EXECUTABLE;
    engine->symbols = ENGRAFT_SYMBOLS_DYNAMIC;
    engine->ready = -1;
    for (size_t i = 0; i < registration->prefix_count; i++)
        engine->prefixes[i] = registration->prefixes[i];
    for (size_t i = 0; !registration->prefix_count && engine->row && i < ENGINE_PREFIX_MAX &&
                       engine->row->prefixes[i];
         i++)
        engine->prefixes[i] = engine->row->prefixes[i];
    evidence_add(engine, 0, "registration", "registered by the host");
    return true;
}

size_t registrations_apply(const struct image *images, size_t count,
                           struct engine_instance *ret_engines, size_t max)
{
    size_t applied = 0;

    for (unsigned i = 0; i < REGISTRATION_MAX && applied < max; i++)
        if (registrations[i].used)
            applied += registration_apply(&registrations[i], images, count, &ret_engines[applied]);
    return applied;
}
