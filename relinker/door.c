/* SPDX-License-Identifier: MIT */
/*
 * dlopen() of an unmodified plugin through the moment.
 *
 * 1. Survey: a load that is always refused. ld.so maps the plugin and all it NEEDs, by its own
 *    search rules, calls the trigger's resolver, and takes everything away again: nothing has run,
 *    and we know what the load would bring.
 * 2. The load:
 *
 *        wrapper (caller's RUNPATH; relocated last: audits)
 *         |- stand-in ...      under the names of engine libraries that must stay out
 *         |- plugin            by the path that was asked for
 *         `- link - link ... - trigger      deeper than what the plugin brings: relocated first
 *
 *    then the plugin's own handle (RTLD_NOLOAD), and the wrapper is dropped.
 *
 * A wrapper and not dlopen(plugin) itself, because only an object of the same load, relocated
 * before the plugin, can act in between.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relinker.h"

#define CHAIN_MAX 40
#define SURVEY_DEPTH 3
#define SURVEY_AGAIN_MAX 32

/* ---- the resolvers ---------------------------------------------------------------------------------------- */

static void door_bound(void)
{
}

static void *trigger_resolver(void)
{
    struct load_request *request = shim_request();

    if (request)
        shim_moment(request);
    return (void *)door_bound;
}

static void *wrapper_resolver(void)
{
    struct load_request *request = shim_request();

    if (request && request->mode == LOAD_BIND && request->error.status == ENGRAFT_OK)
        shim_audit(request);
    return (void *)door_bound;
}

/* ---- who called? --------------------------------------------------------------------------------------------- */

struct caller {
    const void *address;
    struct arena *arena;
    const char *directory; /* for $ORIGIN */
    const char *runpath;   /* expanded; NULL: none */
    bool rpath;
};

static const char *directory_of(struct arena *arena, const char *path)
{
    char link[4096];
    const char *slash;
    char *directory;

    if (!path[0]) {
        ssize_t length = readlink("/proc/self/exe", link, sizeof link - 1);

        link[length > 0 ? length : 0] = '\0';
        path = link;
    }
    slash = strrchr(path, '/');
    directory = arena_string(arena, path);
    if (!directory || !slash)
        return ".";
    directory[slash - path] = '\0';
    return directory[0] ? directory : "/";
}

static const char *origin_expand(struct arena *arena, const char *text, const char *directory)
{
    size_t limit = strlen(text) + 1;
    char *result, *to;

    for (const char *at = strchr(text, '$'); at; at = strchr(at + 1, '$'))
        limit += strlen(directory);
    result = to = arena_allocate(arena, limit);
    while (result && *text) {
        size_t skip = strncmp(text, "$ORIGIN", 7) == 0     ? 7
                      : strncmp(text, "${ORIGIN}", 9) == 0 ? 9
                                                           : 0;

        if (skip) {
            memcpy(to, directory, strlen(directory));
            to += strlen(directory);
            text += skip;
        } else {
            *to++ = *text++;
        }
    }
    return result;
}

static void caller_find(void *argument)
{
    struct caller *caller = argument;
    struct image *images;
    const struct image *image = NULL;
    const char *path = NULL;
    size_t count;

    if (self_images(caller->arena, &images, &count, NULL) == ENGRAFT_OK)
        image = self_image_at(images, count, (uintptr_t)caller->address);
    caller->directory = directory_of(caller->arena, image ? image->path : "");
    if (image) {
        path = image->runpath ? image->runpath : image->rpath;
        caller->rpath = !image->runpath;
    }
    caller->runpath = path ? origin_expand(caller->arena, path, caller->directory) : NULL;
}

/* ---- building a load ------------------------------------------------------------------------------------------ */

struct load {
    struct tiny_image wrapper;
    struct tiny_image chain[CHAIN_MAX]; /* [0] is the trigger */
    unsigned chain_count;
    struct tiny_image stand_ins[4];
    unsigned stand_in_count;
    char reason[160]; /* what an unanswered trigger says */
};

static void load_close(struct load *load)
{
    tiny_close(&load->wrapper);
    for (unsigned i = 0; i < load->chain_count; i++)
        tiny_close(&load->chain[i]);
    for (unsigned i = 0; i < load->stand_in_count; i++)
        tiny_close(&load->stand_ins[i]);
}

static enum engraft_status chain_create(struct load *load, unsigned depth,
                                        struct engraft_error *reterr)
{
    struct tiny_request trigger = {.resolver = (uintptr_t)trigger_resolver,
                                   .reason = load->reason};
    enum engraft_status status = tiny_create(&trigger, &load->chain[0], reterr);

    if (status == ENGRAFT_OK)
        load->chain_count = 1;
    while (status == ENGRAFT_OK && load->chain_count < depth && load->chain_count < CHAIN_MAX) {
        const char *needed = load->chain[load->chain_count - 1].path;
        struct tiny_request link = {.needed = &needed, .needed_count = 1};

        status = tiny_create(&link, &load->chain[load->chain_count], reterr);
        if (status == ENGRAFT_OK)
            load->chain_count++;
    }
    return status;
}

/* A stand-in NEEDs the real engine: ld.so then knows that the plugin depends on it. */
static enum engraft_status stand_ins_create(struct load *load, const struct load_request *request,
                                            struct engraft_error *reterr)
{
    const char *engine = request->engine_path;
    enum engraft_status status = ENGRAFT_OK;

    for (unsigned i = 0; status == ENGRAFT_OK && i < request->stand_in_count; i++) {
        struct tiny_request stand_in = {.soname = request->stand_ins[i],
                                        .needed = &engine,
                                        .needed_count = engine[0] ? 1 : 0};

        status = tiny_create(&stand_in, &load->stand_ins[i], reterr);
        if (status == ENGRAFT_OK)
            load->stand_in_count++;
    }
    return status;
}

static enum engraft_status wrapper_create(struct load *load, const char *path,
                                          const struct caller *caller,
                                          struct engraft_error *reterr)
{
    const char *needed[6];
    struct tiny_request wrapper = {.needed = needed,
                                   .runpath = caller->runpath,
                                   .rpath = caller->rpath,
                                   .resolver = (uintptr_t)wrapper_resolver,
                                   .reason = load->reason};

    for (unsigned i = 0; i < load->stand_in_count; i++)
        needed[wrapper.needed_count++] = load->stand_ins[i].path;
    needed[wrapper.needed_count++] = path;
    needed[wrapper.needed_count++] = load->chain[load->chain_count - 1].path;
    return tiny_create(&wrapper, &load->wrapper, reterr);
}

static enum engraft_status load_create(struct load *load, const struct load_request *request,
                                       const char *path, const struct caller *caller,
                                       unsigned depth, struct engraft_error *reterr)
{
    enum engraft_status status;

    memset(load, 0, sizeof *load);
    load->wrapper.fd = -1;
    text_format(load->reason, sizeof load->reason, "engraft: %s",
                request->mode == LOAD_SURVEY ? "survey" : "the load was not reached");
    status = chain_create(load, depth, reterr);
    if (status == ENGRAFT_OK)
        status = stand_ins_create(load, request, reterr);
    if (status == ENGRAFT_OK)
        status = wrapper_create(load, path, caller, reterr);
    if (status != ENGRAFT_OK)
        load_close(load);
    return status;
}

/* Opens the wrapper with the request in force. */
static void *load_run(const struct load *load, struct load_request *request, int flags)
{
    void *handle;

    request->wrapper_path = load->wrapper.path;
    request->trigger_path = load->chain[0].path;
    shim_push(request);
    handle = self_loader()->open(load->wrapper.path, flags & ~RTLD_NODELETE);
    shim_pop(request);
    return handle;
}

/* ---- survey ---------------------------------------------------------------------------------------------------- */

/* "libx.so: cannot open shared object file: No such file or directory", in the user's language:
 * the name in front, when it is a plain library name other than what was asked for. */
static bool missing_library(const char *text, const char *path, char *ret_name, size_t size)
{
    size_t length = strcspn(text, ":");

    if (text[length] != ':' || length == 0 || length >= size || memchr(text, '/', length) ||
        (strlen(path) == length && strncmp(path, text, length) == 0))
        return false;
    memcpy(ret_name, text, length);
    ret_name[length] = '\0';
    return true;
}

/* ld.so could not open what we made: no /proc here, or no descriptor is left. */
static bool is_own_path(const struct load *load, const char *text)
{
    if (strncmp(text, load->wrapper.path, strlen(load->wrapper.path)) == 0)
        return true;
    for (unsigned i = 0; i < load->chain_count; i++)
        if (strncmp(text, load->chain[i].path, strlen(load->chain[i].path)) == 0)
            return true;
    return false;
}

struct listed {
    const char *path;
    bool found;
};

static void listed_find(void *argument)
{
    struct listed *listed = argument;

    for (struct link_map *map = self_first_map(); map; map = map->l_next)
        listed->found |= map->l_name && strcmp(map->l_name, listed->path) == 0;
}

/* Inside dlclose(), what a failed load has mapped stays until that dlclose() ends (dl-close.c,
 * dl_close_state): not relocated, and found by its name. */
static bool wrapper_stays(const struct load *load)
{
    struct listed listed = {load->wrapper.path, false};

    self_locked(listed_find, &listed);
    return listed.found;
}

/* Fills request from refused loads. False: let the dynamic linker say what is wrong. An engine
 * library that the plugin NEEDs may not be on this machine at all: then the survey is repeated with
 * a stand-in under its name, and has to prove that nothing else is missed. */
static bool door_survey(struct load_request *request, const char *path,
                        const struct caller *caller)
{
    for (unsigned attempt = 0; attempt < 4; attempt++) {
        struct load load;
        const char *text;
        void *handle;
        char *name = request->stand_ins[request->stand_in_count];

        request->mode = LOAD_SURVEY;
        if (load_create(&load, request, path, caller, SURVEY_DEPTH + attempt * 8,
                        &request->error) != ENGRAFT_OK)
            return false;
        handle = load_run(&load, request, RTLD_LAZY | RTLD_LOCAL);
        if (handle) /* cannot be: the trigger never agrees */
            self_loader()->close(handle);
        text = self_loader()->error();
        if (wrapper_stays(&load)) {
            error_set(&request->error, ENGRAFT_STATE, path, NULL,
                      "in a destructor that dlclose() runs, ld.so takes nothing back");
            request->reached = false;
        } else if (!request->reached && text && is_own_path(&load, text)) {
            error_set(&request->error, ENGRAFT_SYSTEM, path, NULL, "%s", text);
        }
        load_close(&load);
        if (request->reached || request->error.status != ENGRAFT_OK)
            return request->reached;
        if (request->stand_in_count < 4 && text &&
            missing_library(text, path, name, sizeof request->stand_ins[0])) {
            request->stand_in_count++;
            request->stand_ins_missing = true;
        } else if (attempt) {
            return false;
        }
    }
    return false;
}

/* ---- the load ---------------------------------------------------------------------------------------------------- */

static enum engraft_status native_error(const char *path, struct engraft_error *reterr)
{
    const char *text = self_loader()->error();

    return error_set(reterr, ENGRAFT_LOAD, path, NULL, "%s",
                     text ? text : "the dynamic linker gives no reason");
}

static enum engraft_status refusal(const struct load_request *request, const char *path,
                                   struct engraft_error *reterr)
{
    enum engraft_status status = request->error.status;

    self_loader()->error(); /* the dynamic linker's form of the same */
    registry_refused(path, request->error.reason);
    return error_set(reterr, status, path, request->error.symbol, "engraft: refused %s: %s", path,
                     request->error.reason);
}

/* Dropping the wrapper would put the definitions of the plugin's lazy dependencies before the
 * plugin's: their scope stays when they are open meanwhile. */
static void *handle_exchange(void *wrapper, const struct load_request *request, int flags)
{
    const struct loader *loader = self_loader();
    void *dependencies[64];
    unsigned count = 0;
    void *handle = loader->open(request->new_names[0], flags | RTLD_NOLOAD);

    for (unsigned i = 1; !(flags & RTLD_NOW) && i < request->new_count && count < 64; i++) {
        dependencies[count] = loader->open(request->new_names[i], RTLD_LAZY | RTLD_NOLOAD);
        count += dependencies[count] != NULL;
    }
    loader->close(wrapper);
    while (count)
        loader->close(dependencies[--count]);
    return handle;
}

/* Where no stand-in ties the plugin to the engine, an open handle keeps the engine. */
static void engine_pin(const struct load_request *request)
{
    void *pin;

    if (request->stand_in_count || !request->engine_path[0])
        return;
    pin = self_loader()->open(request->engine_path, RTLD_LAZY | RTLD_NOLOAD);
    if (!pin)
        return;
    registry_lock();
    for (struct bound *bound = registry_first(); bound; bound = bound->next)
        if (bound->loaded && !bound->pin && request->new_count &&
            strcmp(bound->path, request->new_names[0]) == 0) {
            bound->pin = pin;
            pin = NULL;
            break;
        }
    registry_unlock();
    if (pin)
        self_loader()->close(pin);
}

static enum engraft_status door_load(struct load_request *request, const char *path,
                                     const struct caller *caller, int flags, void **ret_handle,
                                     struct engraft_error *reterr)
{
    unsigned depth = request->new_count + 1;
    struct load load;
    void *wrapper;
    enum engraft_status status;

    request->mode = LOAD_BIND;
    request->reached = false;
    status = load_create(&load, request, path, caller, depth, reterr);
    if (status != ENGRAFT_OK)
        return status;
    wrapper = load_run(&load, request, flags);
    if (request->error.status != ENGRAFT_OK) {
        if (wrapper) /* cannot be: an unanswered trigger fails */
            self_loader()->close(wrapper);
        status = request->wanted ? ENGRAFT_OK : refusal(request, path, reterr);
    } else if (!wrapper) {
        status = native_error(path, reterr);
    } else if (!request->new_count) { /* another thread has loaded it since the survey */
        *ret_handle = self_loader()->open(path, flags);
        self_loader()->close(wrapper);
    } else {
        *ret_handle = handle_exchange(wrapper, request, flags);
        engine_pin(request);
    }
    load_close(&load);
    if (status == ENGRAFT_OK && !*ret_handle && !request->wanted)
        status = native_error(path, reterr);
    return status;
}

/* An object of the load has to be repaired (repair.c), and the moment had no list for it: nothing of the
 * load is left, and it is made again with the list. */
static enum engraft_status door_load_repaired(struct load_request *request, const char *path,
                                              const struct caller *caller, int flags,
                                              void **ret_handle, struct engraft_error *reterr)
{
    for (;;) {
        enum engraft_status status = door_load(request, path, caller, flags, ret_handle, reterr);
        struct repairs *repairs = request->wanted;

        if (!repairs)
            return status;
        self_loader()->error(); /* the dynamic linker's form of the refusal */
        request->wanted = NULL;
        request->error = (struct engraft_error){0};
        status = repairs_find(&request->arena, repairs, &request->error);
        if (status != ENGRAFT_OK)
            return refusal(request, path, reterr);
        repairs->next = request->repairs;
        request->repairs = repairs;
    }
}

/* ---- adapters are told ------------------------------------------------------------------------------------- */

struct opened {
    void *handle; /* keeps the object */
    struct image image;
    const struct abi_adapter *adapter;
    struct abi_object object;
};

static void opened_find(void *argument)
{
    struct opened *opened = argument;
    const struct bound *bound;

    if (image_read_map(opened->handle, &opened->image, NULL) != ENGRAFT_OK)
        return;
    bound = registry_find(&opened->image);
    if (bound) {
        opened->adapter = bound->adapter;
        opened->object = bound->object;
    }
}

static void opened_tell(void *handle, const void *caller)
{
    struct opened opened = {.handle = handle};

    if (handle)
        self_locked(opened_find, &opened);
    if (opened.adapter && opened.adapter->opened)
        opened.adapter->opened(&opened.object, &opened.image, caller);
}

/* ---- what is loaded already ---------------------------------------------------------------------------- */

/* "A resident path is native" is only true while it stays resident: another thread may close it, and
 * dlopen() would map it anew, unseen. So it is held meanwhile. */
struct resident {
    const char *path;
    void *handle;
    bool certain; /* whoever asks for path gets this object, wherever he would search */
};

static void resident_check(void *argument)
{
    struct resident *resident = argument;
    struct image image;

    resident->certain =
        strchr(resident->path, '/') != NULL ||
        (image_read_map(resident->handle, &image, NULL) == ENGRAFT_OK && image.soname &&
         strcmp(image.soname, resident->path) == 0);
}

static void resident_hold(struct resident *resident, const char *path)
{
    resident->path = path;
    resident->certain = false;
    resident->handle = self_loader()->open(path, RTLD_LAZY | RTLD_NOLOAD);
    if (resident->handle)
        self_locked(resident_check, resident);
    else
        self_loader()->error();
}

static void resident_release(const struct resident *resident)
{
    if (resident->handle)
        self_loader()->close(resident->handle);
}

static enum engraft_status resident_open(const struct resident *resident, int flags,
                                         void **ret_handle, struct engraft_error *reterr)
{
    enum engraft_status status = ENGRAFT_OK;

    *ret_handle = self_loader()->open(resident->path, flags);
    if (!*ret_handle)
        status = native_error(resident->path, reterr);
    resident_release(resident);
    return status;
}

/* The engine that most plugins of this process would get: the stand-in NEEDs it. It is decided again,
 * for the plugin, in the moment. */
struct engine_guess {
    char *path;
    size_t size;
};

static void engine_guess(void *argument)
{
    struct engine_guess *guess = argument;
    struct arena arena = {0};
    struct image *images;
    struct engine_instance *engines;
    size_t count, engine_count;

    guess->path[0] = '\0';
    if (self_images(&arena, &images, &count, NULL) == ENGRAFT_OK) {
        engine_count = self_engines(&arena, images, count, &engines);
        if (engine_count == 1 && engines[0].modules[0]->path[0] == '/')
            text_format(guess->path, guess->size, "%s", engines[0].modules[0]->path);
    }
    arena_release(&arena);
}

static bool is_for_ld_so(const char *path, int flags)
{
    return !path || !path[0] || flags & RTLD_NOLOAD || !(flags & (RTLD_LAZY | RTLD_NOW)) ||
           policy_disabled() || !self_loader()->open || !self_in_base_namespace();
}

enum { SURVEYED_NOTHING, SURVEYED, SURVEYED_AGAIN };

/* Without a survey the dynamic linker would bind the plugin to whatever it finds, and nobody would
 * know. What may have nothing to do with an engine is left to it all the same. */
static enum engraft_status survey_failed(const struct load_request *request,
                                         const struct presence *presence, bool *ret_native,
                                         struct engraft_error *reterr)
{
    log_line(LOG_DOOR, "%s: no survey: %s", request->path, request->error.reason);
    if (!peek_names_engine(request->path, presence))
        return ENGRAFT_OK;
    *ret_native = false;
    registry_refused(request->path, request->error.reason);
    return error_set(reterr, request->error.status, request->path, NULL,
                     "engraft: refused %s: it names an engine and cannot be bound here: %s",
                     request->path, request->error.reason);
}

/* What the survey finds resident and nobody holds may be gone at the load: then again. */
static int request_survey(struct load_request *request, struct caller *caller,
                          const struct resident *resident)
{
    const char *expanded;

    self_locked(caller_find, caller);
    expanded = origin_expand(&request->arena, request->path, caller->directory);
    if (!expanded || !door_survey(request, expanded, caller))
        return SURVEYED_NOTHING;
    request->path = expanded;
    if (!request->new_count)
        return resident->handle ? SURVEYED : SURVEYED_AGAIN;
    return request->concerned ? SURVEYED : SURVEYED_NOTHING;
}

static enum engraft_status request_load(struct load_request *request, const struct caller *caller,
                                        int flags, void **ret_handle, struct engraft_error *reterr)
{
    struct engine_guess guess = {request->engine_path, sizeof request->engine_path};
    enum engraft_status status;

    if (request->stand_in_count)
        self_locked(engine_guess, &guess);
    log_line(LOG_DOOR, "%s: %u new objects, %u stand-ins", request->path, request->new_count,
             request->stand_in_count);
    status = door_load_repaired(request, request->path, caller, flags, ret_handle, reterr);
    registry_release_pins();
    report_update();
    return status;
}

enum engraft_status door_open(const char *path, int flags, const void *caller_address,
                              const char *door, void **ret_handle, bool *ret_native,
                              struct engraft_error *reterr)
{
    struct load_request request;
    struct caller caller = {.address = caller_address, .arena = &request.arena};
    struct presence presence = {0};
    struct resident resident;
    enum engraft_status status = ENGRAFT_OK;
    int surveyed;

    *ret_native = true;
    if (is_for_ld_so(path, flags))
        return ENGRAFT_OK;
    self_presence(&presence);
    if (!presence.present || peek_is_unconcerned(path, &presence))
        return ENGRAFT_OK;
    for (unsigned i = 0; i < SURVEY_AGAIN_MAX; i++) {
        request = (struct load_request){.path = path, .door = door};
        resident_hold(&resident, path);
        if (resident.certain) {
            *ret_native = false;
            status = resident_open(&resident, flags, ret_handle, reterr);
            break;
        }
        surveyed = request_survey(&request, &caller, &resident);
        *ret_native = surveyed != SURVEYED;
        if (surveyed == SURVEYED_NOTHING && request.error.status != ENGRAFT_OK)
            status = survey_failed(&request, &presence, ret_native, reterr);
        if (surveyed == SURVEYED)
            status = request_load(&request, &caller, flags, ret_handle, reterr);
        resident_release(&resident);
        arena_release(&request.arena);
        if (surveyed != SURVEYED_AGAIN)
            break;
    }
    if (!*ret_native && status == ENGRAFT_OK)
        opened_tell(*ret_handle, caller_address);
    return status;
}
