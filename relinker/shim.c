/* SPDX-License-Identifier: MIT */
/*
 * The moment: all objects of a load are mapped, none is relocated. Composes detection, plan and
 * commit. Everything here runs inside an IFUNC resolver.
 */
#include "relinker.h"

#include <dlfcn.h>
#include <string.h>

/* Initial-exec: the general model may call malloc on first use, which a resolver must not. */
static __thread struct load_request *current __attribute__((tls_model("initial-exec")));

struct load_request *shim_request(void)
{
    return current;
}

void shim_push(struct load_request *request)
{
    request->outer = current;
    current = request;
}

void shim_pop(struct load_request *request)
{
    current = request->outer;
}

/* ---- the scene ------------------------------------------------------------------------------------------ */

struct scene {
    struct arena arena;
    struct image *images;
    size_t count;
    bool bounded;     /* the load has a wrapper, which stands before all that is new */
    size_t first_new; /* images from here on came with this load, or may have */
    struct engine_instance *engines;
    size_t engine_count;
};

/* Our own objects have no name but their descriptor, or that of a stand-in in use. */
static bool image_is_tiny(const struct image *image)
{
    return image->segment_count == 1 &&
           (image->path[0] == '\1' ||
            (strncmp(image->path, "/proc/", 6) == 0 && strstr(image->path, "/fd/") != NULL));
}

static bool is_new(const struct scene *scene, const struct image *image)
{
    return (size_t)(image - scene->images) >= scene->first_new;
}

/* Engines that this load brings itself are not the host's. */
static void engines_of_host(struct scene *scene)
{
    struct engine_instance *engines;
    size_t count = self_engines(&scene->arena, scene->images, scene->count, &engines);

    scene->engines = engines;
    for (size_t i = 0; i < count; i++)
        if (scene->bounded ? !is_new(scene, engines[i].modules[0])
                           : !self_started() || image_is_relocated(engines[i].modules[0]) != 0)
            scene->engines[scene->engine_count++] = engines[i];
}

static bool scene_open(struct scene *scene, const char *wrapper_path)
{
    memset(scene, 0, sizeof *scene);
    scene->bounded = wrapper_path != NULL;
    if (self_images(&scene->arena, &scene->images, &scene->count, NULL) != ENGRAFT_OK) {
        arena_release(&scene->arena);
        return false;
    }
    for (size_t i = 0; wrapper_path && i < scene->count; i++)
        if (strcmp(scene->images[i].path, wrapper_path) == 0)
            scene->first_new = i + 1;
    engines_of_host(scene);
    return true;
}

static bool concerned(const struct scene *scene, const struct image *image)
{
    return !image_is_tiny(image) && !manifest_of(image, NT_ENGRAFT_MANIFEST) &&
           plan_concerns(scene->images, scene->count, image, scene->engines,
                         scene->engine_count);
}

/* ---- saying yes or no to ld.so --------------------------------------------------------------------------- */

/* The second relocation of a trigger, a wrapper or a stub is against an undefined symbol. Defined
 * here, it lets the load go on; with its name replaced, it is the text of the failure. */
static void symbol_allow(Elf64_Sym *symbol)
{
    symbol->st_shndx = SHN_ABS;
    symbol->st_value = 1;
    symbol->st_other = (unsigned char)((symbol->st_other & ~3) | STV_HIDDEN);
}

static struct image *image_by_path(const struct scene *scene, const char *path)
{
    for (size_t i = 0; i < scene->count; i++)
        if (strcmp(scene->images[i].path, path) == 0)
            return &scene->images[i];
    return NULL;
}

/* What dlerror() will carry. */
static void refusal_text(char *text, size_t size, const char *path,
                         const struct engraft_error *error)
{
    text_format(text, size, "engraft: refused %s: %s", path, error->reason);
}

static void tiny_answer(const struct scene *scene, const char *tiny_path, const char *path,
                        const struct engraft_error *error)
{
    const struct image *tiny = image_by_path(scene, tiny_path);
    Elf64_Sym *symbol;

    if (!tiny || tiny->symbol_count <= TINY_REASON_SYMBOL)
        return;
    symbol = (Elf64_Sym *)(uintptr_t)&tiny->symbols[TINY_REASON_SYMBOL];
    if (error->status == ENGRAFT_OK)
        symbol_allow(symbol);
    else
        refusal_text((char *)(uintptr_t)tiny->strings + symbol->st_name, TINY_REASON_SIZE, path,
                     error);
}

static Elf64_Sym *stub_symbol(const struct image *stub, const char *name)
{
    for (uint32_t i = 1; i < stub->symbol_count; i++) {
        const char *candidate = image_name(stub, stub->symbols[i].st_name);

        if (candidate && strcmp(candidate, name) == 0)
            return (Elf64_Sym *)(uintptr_t)&stub->symbols[i];
    }
    return NULL;
}

/* A stub that somebody else made may say anything of itself. */
static bool is_writable(const struct image *image, const void *start, size_t size)
{
    uint64_t vaddr = (uint64_t)(uintptr_t)start - image->load_address;

    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];

        if (vaddr >= segment->vaddr && vaddr - segment->vaddr < segment->memory_size)
            return segment->flags & PF_W &&
                   size <= segment->memory_size - (vaddr - segment->vaddr);
    }
    return false;
}

/* Takes the versions out of a stub that has served: see ENGRAFT_STUB_VERSION. */
static void stub_close(const struct image *stub)
{
    uint64_t vaddr = stub->verdef ? (uint64_t)(stub->verdef - stub->memory) : 0;

    for (uint32_t i = 0; i < stub->verdef_count; i++) {
        Elf64_Verdef *definition =
            (Elf64_Verdef *)(uintptr_t)image_at(stub, vaddr, sizeof *definition);

        if (!definition)
            return;
        if (!(definition->vd_flags & VER_FLG_BASE) &&
            is_writable(stub, definition, sizeof *definition))
            definition->vd_hash = ~definition->vd_hash; /* no name has this hash: 28 bits */
        if (definition->vd_next == 0)
            return;
        vaddr += definition->vd_next;
    }
}

/* The stub keeps its symbol table in memory that is writable until it has been relocated. */
static void stub_answer(const struct image *stub, const char *path,
                        const struct engraft_error *error)
{
    Elf64_Sym *verdict = stub_symbol(stub, ENGRAFT_STUB_VERDICT);
    const Elf64_Sym *reason = stub_symbol(stub, ENGRAFT_STUB_REASON);
    char *text;

    if (!verdict || verdict->st_shndx != SHN_UNDEF ||
        !is_writable(stub, verdict, sizeof *verdict))
        return; /* it stays undefined: the load fails */
    if (error->status == ENGRAFT_OK) {
        symbol_allow(verdict);
        stub_close(stub);
        return;
    }
    if (!reason || reason->st_size < ENGRAFT_STUB_REASON_SIZE)
        return;
    text = (char *)(uintptr_t)image_symbol_address(stub, reason);
    if (!is_writable(stub, text, ENGRAFT_STUB_REASON_SIZE))
        return;
    refusal_text(text, ENGRAFT_STUB_REASON_SIZE, path, error);
    verdict->st_name = (uint32_t)(text - stub->strings);
}

static void stubs_answer(const struct scene *scene, const char *path,
                         const struct engraft_error *error)
{
    for (size_t i = scene->first_new; i < scene->count; i++)
        if (manifest_of(&scene->images[i], NT_ENGRAFT_MANIFEST) &&
            image_is_relocated(&scene->images[i]) != 1)
            stub_answer(&scene->images[i], path, error);
}

/* ---- survey: what would this load bring? ---------------------------------------------------------------- */

static void stand_in_add(struct load_request *request, const char *name)
{
    for (unsigned i = 0; i < request->stand_in_count; i++)
        if (strcmp(request->stand_ins[i], name) == 0)
            return;
    if (request->stand_in_count == 4 || strlen(name) >= sizeof request->stand_ins[0])
        return;
    text_format(request->stand_ins[request->stand_in_count++], sizeof request->stand_ins[0], "%s",
                name);
}

/* A new module that implements an engine which the host has: its name, as the objects ask for it,
 * gets a stand-in. */
static void engines_keep_out(struct scene *scene, struct load_request *request)
{
    struct engine_instance *brought =
        arena_allocate(&scene->arena, ENGINE_MAX * sizeof *brought);
    size_t count = brought ? probe_images(scene->images + scene->first_new,
                                          scene->count - scene->first_new, brought, ENGINE_MAX)
                           : 0;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < scene->engine_count; j++) {
            if (strcmp(brought[i].abi.engine, scene->engines[j].abi.engine) != 0)
                continue;
            for (unsigned k = 0; k < brought[i].module_count; k++) {
                const struct image *module = brought[i].modules[k];

                stand_in_add(request, module->soname ? module->soname
                                                     : path_file_name(module->path));
            }
        }
}

/* Whether every strong symbol that `image` needs, the engine's excepted, is somewhere. */
static bool symbols_are_served(const struct scene *scene, const struct image *image)
{
    for (uint32_t i = 1; i < image->symbol_count; i++) {
        const Elf64_Sym *symbol = &image->symbols[i];
        const char *name = image_name(image, symbol->st_name);
        bool served = symbol->st_shndx != SHN_UNDEF || ELF64_ST_BIND(symbol->st_info) != STB_GLOBAL;
        uint32_t hash;

        for (size_t j = 0; name && !served && j < scene->engine_count; j++)
            served = name_has_prefix(name, scene->engines[j].prefixes);
        if (!name || served)
            continue;
        hash = gnu_hash(name, NULL);
        for (size_t j = 0; !served && j < scene->count; j++)
            served = image_find(&scene->images[j], name, hash, NULL) != NULL;
        if (!served) {
            log_line(LOG_DOOR, "%s: nothing serves %s", image->path, name);
            return false;
        }
    }
    return true;
}

static void survey(struct scene *scene, struct load_request *request)
{
    size_t count = 0;

    for (size_t i = scene->first_new; i < scene->count; i++) {
        const struct image *image = &scene->images[i];

        if (image_is_tiny(image))
            continue;
        count++;
        if (!concerned(scene, image))
            continue;
        request->concerned = true;
        if (request->stand_ins_missing && !symbols_are_served(scene, image))
            request->concerned = false;
    }
    request->new_count = (unsigned)count;
    if (request->concerned)
        engines_keep_out(scene, request);
}

/* ---- binding ---------------------------------------------------------------------------------------------- */

static const struct abi *inherited_abi(const struct bound *first)
{
    return first ? &first->plugin_abi : NULL;
}

/* Code is repaired from a list that was made before the moment. Without one, the door is told to make
 * it; through a stub's own door it is made later. */
static enum engraft_status repairs_expect(struct load_request *request, const struct plan *plan,
                                          const char *path, const struct repairs **ret_repairs,
                                          struct engraft_error *reterr)
{
    struct repairs *wanted;

    *ret_repairs = NULL;
    if (!repairs_wanted(plan))
        return ENGRAFT_OK;
    *ret_repairs = repairs_for(request->repairs, path, &plan->plugin_abi, &plan->host_abi);
    if (*ret_repairs || !request->wrapper_path)
        return ENGRAFT_OK;
    wanted = arena_allocate(&request->arena, sizeof *wanted);
    if (wanted)
        wanted->path = arena_string(&request->arena, path);
    if (!wanted || !wanted->path)
        return error_set(reterr, ENGRAFT_MEMORY, path, NULL, "out of memory");
    wanted->plugin = plan->plugin_abi;
    wanted->host = plan->host_abi;
    request->wanted = wanted;
    return error_set(reterr, ENGRAFT_STATE, path, NULL, "its code has not been looked at");
}

static enum engraft_status object_repair(struct bound *bound, const struct plan *plan,
                                         const struct image *image, const struct repairs *repairs,
                                         struct engraft_error *reterr)
{
    enum engraft_status status;

    bound->unrepaired = !repairs && repairs_wanted(plan);
    if (!repairs)
        return ENGRAFT_OK;
    status = repairs_apply(bound, image, repairs, reterr);
    if (status != ENGRAFT_OK)
        commit_rollback(bound);
    return status;
}

static enum engraft_status object_bind(struct scene *scene, struct load_request *request,
                                       const struct image *image, struct bound *first,
                                       struct bound **ret_bound, struct engraft_error *reterr)
{
    struct plan_request plan_request = {.plugin_path = image->path,
                                        .inherited = inherited_abi(first),
                                        .group = first ? (uintptr_t)first->load_address : 0};
    const struct repairs *repairs;
    struct plan plan;
    enum engraft_status status;

    if (image_is_relocated(image) == 1)
        return error_set(reterr, ENGRAFT_STATE, image->path, NULL,
                         "it was relocated before engraft could bind it");
    status = plan_make(&scene->arena, scene->images, scene->count, image, scene->engines,
                       scene->engine_count, &plan_request, &plan, reterr);
    if (status != ENGRAFT_OK)
        return status;
    if (plan.verdict == ENGRAFT_VERDICT_REFUSED) {
        if (reterr)
            *reterr = plan.refusal;
        return plan.refusal.status;
    }
    status = repairs_expect(request, &plan, image->path, &repairs, reterr);
    if (status != ENGRAFT_OK)
        return status;
    if (plan.host && plan.host->module_count)
        text_format(request->engine_path, sizeof request->engine_path, "%s",
                    plan.host->modules[0]->path);
    status = commit_symbols(&plan, image->path, request->door, ret_bound, reterr);
    if (status == ENGRAFT_OK)
        status = object_repair(*ret_bound, &plan, image, repairs, reterr);
    return status;
}

static void objects_rollback(struct bound **bounds, size_t count)
{
    while (count--) {
        registry_remove(bounds[count]);
        commit_rollback(bounds[count]);
    }
}

/* Through a stub's own door nothing tells where the load begins: an object belongs to it when it is
 * not relocated yet and it, or an object that brings it, NEEDs a stub. What is resident, or links to
 * the engine by itself, is not touched. */
static bool *marks_of_stubs(struct scene *scene)
{
    bool *marks = arena_allocate(&scene->arena, scene->count + 1);

    for (size_t i = 0; marks && i < scene->count; i++) {
        bool *closure;

        if (marks[i] || !plan_manifest(scene->images, scene->count, &scene->images[i]) ||
            image_is_relocated(&scene->images[i]) != 0)
            continue;
        closure = plan_closure(&scene->arena, scene->images, scene->count, &scene->images[i]);
        for (size_t j = 0; closure && j < scene->count; j++)
            marks[j] |= closure[j] && image_is_relocated(&scene->images[j]) == 0;
    }
    return marks;
}

/* In the order of loading, so that the plugin comes before what it brings. */
static enum engraft_status objects_bind(struct scene *scene, struct load_request *request,
                                        struct engraft_error *reterr)
{
    struct bound **bounds = arena_allocate(&scene->arena, (scene->count + 1) * sizeof *bounds);
    bool *marks = scene->bounded ? NULL : marks_of_stubs(scene);
    size_t count = 0;

    if (!bounds || (!scene->bounded && !marks))
        return error_set(reterr, ENGRAFT_MEMORY, request->path, NULL, "out of memory");
    for (size_t i = scene->first_new; i < scene->count; i++) {
        const struct image *image = &scene->images[i];
        enum engraft_status status;

        if (!concerned(scene, image) || registry_find(image) ||
            (marks && !marks[i]))
            continue;
        status = object_bind(scene, request, image, count ? bounds[0] : NULL, &bounds[count],
                             reterr);
        if (status != ENGRAFT_OK) {
            objects_rollback(bounds, count);
            return status;
        }
        registry_add(bounds[count++]);
    }
    request->bound_count = (unsigned)count;
    return ENGRAFT_OK;
}

/* The names of what the load has brought, for the door. */
static void names_keep(const struct scene *scene, struct load_request *request)
{
    size_t count = 0;

    request->new_names = arena_allocate(
        &request->arena, (scene->count - scene->first_new + 1) * sizeof *request->new_names);
    for (size_t i = scene->first_new; request->new_names && i < scene->count; i++)
        if (!image_is_tiny(&scene->images[i]))
            request->new_names[count++] = arena_string(&request->arena, scene->images[i].path);
    request->new_count = (unsigned)count;
}

/* ---- stand-ins give their name back --------------------------------------------------------------------- */

/* The private part of glibc's link_map up to l_libname: unchanged from 2.3 to 2.43. Believed only
 * when what it must hold is there (map_names()). */
struct private_map {
    struct link_map public_part;
    struct link_map *real;
    long namespace_id;
    struct private_name {
        const char *name;
        struct private_name *next;
        int dont_free;
    } *names;
};

static struct private_name *map_names(struct link_map *map)
{
    const struct private_map *private_map = (const void *)map;

    if (private_map->real != map || private_map->namespace_id != 0 || !private_map->names ||
        !private_map->names->name || strcmp(private_map->names->name, map->l_name) != 0)
        return NULL;
    return private_map->names;
}

/* All objects are mapped: nobody else may be given the stand-in for its name. */
/* Makes a name that nobody asks for, in place, unlike that of any other stand-in. */
static void name_mark(const char *name, unsigned serial)
{
    char *at = (char *)(uintptr_t)name;

    *at++ = '\1';
    for (; *at && serial; serial >>= 4)
        *at++ = "0123456789abcdef"[serial & 15];
}

/* The path goes too: the descriptor in it will be used again. */
static bool stand_in_rename(const struct image *image, unsigned serial)
{
    struct private_name *names = map_names(image->map);
    char path[TRIGGER_PATH_SIZE], soname[128];

    if (!names) {
        log_line(LOG_DOOR, "%s: its name stays taken (unknown link_map)", image->path);
        return false;
    }
    text_format(path, sizeof path, "%s", image->path);
    text_format(soname, sizeof soname, "%s", image->soname);
    for (; names; names = names->next)
        if (strcmp(names->name, soname) == 0 || strcmp(names->name, path) == 0)
            name_mark(names->name, serial);
    if (strcmp(image->map->l_name, path) == 0)
        name_mark(image->map->l_name, serial);
    name_mark(image->soname, serial);
    return true;
}

/* ld.so looks DT_NEEDED up by name once more when the plugin is opened by itself (its handle gets a
 * search list of its own) and when another object NEEDs the plugin: the name must lead to the stand-in
 * then, under its new name. The offset may leave the string table, ld.so only adds it; the string lies
 * in the stand-in, which lives as long as the plugin. */
static void needed_redirect(const struct image *image, const char *name, const char *marked)
{
    for (size_t i = 0; i < image->dynamic_count; i++) {
        const Elf64_Dyn *entry = &image->dynamic[i];
        const char *needed =
            entry->d_tag == DT_NEEDED ? image_name(image, entry->d_un.d_val) : NULL;

        if (needed && strcmp(needed, name) == 0 &&
            dynamic_store(image, entry,
                          (uint64_t)((uintptr_t)marked - (uintptr_t)image->strings)) != ENGRAFT_OK)
            log_line(LOG_DOOR, "%s: its .dynamic cannot be written", image->path);
    }
}

static void stand_ins_rename(struct scene *scene)
{
    static _Atomic unsigned serials;

    for (size_t i = scene->first_new; i < scene->count; i++) {
        const struct image *image = &scene->images[i];
        char name[128];

        if (!image_is_tiny(image) || !image->soname)
            continue;
        text_format(name, sizeof name, "%s", image->soname);
        if (!stand_in_rename(image, ++serials))
            continue;
        for (size_t j = scene->first_new; j < scene->count; j++)
            if (!image_is_tiny(&scene->images[j]))
                needed_redirect(&scene->images[j], name, image->soname);
    }
}

/* ---- the resolvers ------------------------------------------------------------------------------------------ */

void shim_moment(struct load_request *request)
{
    struct scene scene;

    request->reached = true;
    if (!scene_open(&scene, request->wrapper_path)) {
        error_set(&request->error, ENGRAFT_MEMORY, request->path, NULL, "out of memory");
        return;
    }
    registry_purge(scene.images, scene.count);
    if (request->mode == LOAD_SURVEY) {
        survey(&scene, request);
    } else {
        objects_bind(&scene, request, &request->error);
        names_keep(&scene, request);
        stand_ins_rename(&scene);
        stubs_answer(&scene, request->path, &request->error);
        tiny_answer(&scene, request->trigger_path, request->path, &request->error);
    }
    arena_release(&scene.arena);
}

static enum engraft_status bounds_audit(const struct scene *scene, struct engraft_error *reterr)
{
    for (size_t i = scene->first_new; i < scene->count; i++) {
        struct bound *bound = registry_find(&scene->images[i]);
        enum engraft_status status;

        if (!bound || bound->audited)
            continue;
        status = audit_bound(bound, &scene->images[i], reterr);
        if (status != ENGRAFT_OK)
            return status;
        registry_audited(bound);
    }
    return ENGRAFT_OK;
}

void shim_audit(struct load_request *request)
{
    struct scene scene;

    if (!scene_open(&scene, request->wrapper_path)) {
        error_set(&request->error, ENGRAFT_MEMORY, request->path, NULL, "out of memory");
        return;
    }
    bounds_audit(&scene, &request->error);
    tiny_answer(&scene, request->wrapper_path, request->path, &request->error);
    arena_release(&scene.arena);
}

/* The path a refusal through a stub names: the first object that is being loaded and NEEDs one. */
static const char *stub_plugin_path(const struct scene *scene)
{
    for (size_t i = 0; i < scene->count; i++)
        if (image_is_relocated(&scene->images[i]) == 0 &&
            plan_manifest(scene->images, scene->count, &scene->images[i]))
            return scene->images[i].path[0] ? scene->images[i].path : "the executable";
    return "a plugin";
}

void shim_stub_moment(void)
{
    struct load_request request = {.mode = LOAD_BIND, .door = "stub"};
    struct scene scene;

    if (current && current->mode == LOAD_SURVEY)
        return;
    if (!scene_open(&scene, NULL))
        return;
    registry_purge(scene.images, scene.count);
    request.path = stub_plugin_path(&scene);
    if (policy_disabled())
        error_set(&request.error, ENGRAFT_STATE, request.path, NULL,
                  "engraft is disabled (ENGRAFT_DISABLE)");
    else if (!self_in_base_namespace())
        error_set(&request.error, ENGRAFT_UNSUPPORTED, request.path, NULL,
                  "it is loaded with dlmopen(): an engine cannot be shared across namespaces");
    else
        objects_bind(&scene, &request, &request.error);
    stubs_answer(&scene, request.path, &request.error);
    if (request.error.status != ENGRAFT_OK)
        registry_refused(request.path, request.error.reason);
    arena_release(&scene.arena);
}

/* The host engine must not go while the plugin is there. */
static void bound_pin(struct bound *bound)
{
    const struct loader *loader = self_loader();

    if (!bound->pin && loader->open && bound->module_count &&
        strcmp(bound->modules[0], "/proc/self/exe") != 0)
        bound->pin = loader->open(bound->modules[0], RTLD_LAZY | RTLD_NOLOAD);
}

/* The refusal of a load is no longer possible. */
static void bound_repair(struct bound *bound, const struct image *image)
{
    struct repairs repairs = {.path = bound->path, .plugin = bound->plugin_abi,
                              .host = bound->host_abi};
    struct arena arena = {0};
    struct engraft_error error;

    if (!bound->unrepaired)
        return;
    bound->unrepaired = false;
    if (repairs_find(&arena, &repairs, &error) != ENGRAFT_OK ||
        repairs_apply(bound, image, &repairs, &error) != ENGRAFT_OK)
        trap_audit_failed(&error);
    arena_release(&arena);
}

void shim_stub_audit(void)
{
    struct scene scene;
    struct engraft_error error;

    if (!scene_open(&scene, NULL))
        return;
    for (size_t i = 0; i < scene.count; i++) {
        struct bound *bound = registry_find(&scene.images[i]);

        if (!bound || bound->audited || strcmp(bound->door, "stub") != 0)
            continue;
        if (audit_bound(bound, &scene.images[i], &error) != ENGRAFT_OK) {
            log_line(LOG_AUDIT, "%s", error.reason);
            if (attach_slots(bound, &scene.images[i], &error) != ENGRAFT_OK ||
                audit_bound(bound, &scene.images[i], &error) != ENGRAFT_OK)
                trap_audit_failed(&error);
        }
        bound_repair(bound, &scene.images[i]);
        registry_audited(bound);
        bound_pin(bound);
    }
    arena_release(&scene.arena);
}
