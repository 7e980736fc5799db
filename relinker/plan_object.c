/* SPDX-License-Identifier: MIT */
/* engraft_plan_*: a plan that owns copies of everything it tells. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "dry_run.h"

struct engraft_plan {
    struct arena arena;
    enum engraft_verdict verdict;
    char *reason;
    char *plugin_abi, *host_abi; /* NULL: not known */
    const char *plugin_abi_source;
    struct engraft_binding *bindings;
    size_t count;
    struct abi_repair *repairs;
    size_t repair_count;
    size_t kinds[PLAN_KINDS];
};

/* ---- keeping a plan ----------------------------------------------------------------------------------------- */

static bool binding_keep(struct engraft_plan *kept, const struct plan *plan,
                         const struct reference *reference, struct engraft_binding *ret_binding)
{
    const struct image *module =
        reference->found ? plan->host->modules[reference->module] : NULL;
    const char *target = reference->target_name;

    if (!target)
        target = module ? reference->name : "";
    ret_binding->size = sizeof *ret_binding;
    ret_binding->symbol = arena_string(&kept->arena, reference->name);
    ret_binding->version =
        reference->version ? arena_string(&kept->arena, reference->version) : NULL;
    ret_binding->kind = (enum engraft_kind)reference->kind;
    ret_binding->target = arena_string(&kept->arena, target);
    ret_binding->module = module ? arena_string(&kept->arena, image_file(module))
                          : reference->kind == ENGRAFT_KIND_LOCAL
                              ? arena_string(&kept->arena, image_file(plan->plugin))
                              : "";
    ret_binding->address = plan->host && module && module->live ? reference->target : 0;
    return ret_binding->symbol && ret_binding->target && ret_binding->module;
}

/* Only references whose kind was decided: a plan may be refused half-way. */
static bool bindings_keep(struct engraft_plan *kept, const struct plan *plan)
{
    kept->bindings = arena_allocate(&kept->arena, (plan->count + 1) * sizeof *kept->bindings);
    for (size_t i = 0; kept->bindings && i < plan->count; i++) {
        if (!plan->references[i].kind)
            continue;
        if (!binding_keep(kept, plan, &plan->references[i], &kept->bindings[kept->count]))
            return false;
        kept->count++;
        kept->kinds[plan->references[i].kind]++;
    }
    return kept->bindings != NULL;
}

static char *abi_keep(struct engraft_plan *kept, const struct abi *abi)
{
    char text[128];

    abi_text(abi, text, sizeof text);
    return abi->version[0] ? arena_string(&kept->arena, text) : NULL;
}

static bool repairs_keep(struct engraft_plan *kept, const struct dry_run *run)
{
    kept->repairs = arena_allocate(&kept->arena, (run->repair_count + 1) * sizeof *kept->repairs);
    kept->repair_count = run->repair_count;
    if (kept->repairs && run->repair_count)
        memcpy(kept->repairs, run->repairs, run->repair_count * sizeof *kept->repairs);
    return kept->repairs != NULL;
}

static enum engraft_status plan_keep(const struct dry_run *run)
{
    const struct plan *plan = &run->plan;
    struct arena arena = {0};
    struct engraft_plan *kept = arena_allocate(&arena, sizeof *kept);

    if (kept) {
        kept->arena = arena;
        kept->verdict = plan->verdict;
        kept->reason = arena_string(&kept->arena, plan->reason);
        kept->plugin_abi = abi_keep(kept, &plan->plugin_abi);
        kept->host_abi = abi_keep(kept, &plan->host_abi);
        kept->plugin_abi_source = plan->plugin_abi_source;
        if (kept->reason && bindings_keep(kept, plan) && repairs_keep(kept, run)) {
            *run->ret_plan = kept;
            return ENGRAFT_OK;
        }
        arena_release(&kept->arena);
    }
    return error_set(run->reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory");
}

/* ---- the scene of a dry run -------------------------------------------------------------------------------- */

static enum engraft_status plugin_open(struct dry_run *run)
{
    enum engraft_status status;

    run->deep = deep_table(run->reterr);
    if (!run->deep)
        return ENGRAFT_DEEP;
    status = run->deep->open(dry_run_path(run), &run->plugin, run->reterr);
    if (status != ENGRAFT_OK)
        return status;
    if (run->plugin.count != 1 || run->plugin.is_core)
        return error_set(run->reterr, ENGRAFT_ARGUMENT, dry_run_path(run), NULL,
                         "a plugin is a file, not a process");
    status = image_check_native(&run->plugin.images[0], run->reterr);
    if (status != ENGRAFT_OK)
        return status;
    if (run->plugin.images[0].type != ET_DYN && run->plugin.images[0].type != ET_EXEC)
        return error_set(run->reterr, ENGRAFT_FORMAT, dry_run_path(run), NULL,
                         "not a shared object");
    dry_run_find_stub(run, &run->plugin.images[0]);
    return ENGRAFT_OK;
}

static void images_join(struct dry_run *run, const struct image *images, size_t count)
{
    size_t total = count + run->plugin.count + run->stub.count + run->brought.count;

    run->images = arena_allocate(&run->arena, (total + 1) * sizeof *run->images);
    if (!run->images) {
        run->status = error_set(run->reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory");
        return;
    }
    if (count)
        memcpy(run->images, images, count * sizeof *images);
    if (run->plugin.count) {
        run->images[count] = run->plugin.images[0];
        run->plugin_image = &run->images[count];
    }
    if (run->stub.count)
        run->images[count + run->plugin.count] = run->stub.images[0];
    if (run->brought.count)
        run->images[total - 1] = run->brought.images[0];
    run->count = total;
}

/* An engine that is only a version: every name is taken to be there. */
static void engine_imagine(struct dry_run *run)
{
    struct engine_instance *engine = &run->imagined;

    abi_parse(run->request->host_abi, &engine->abi);
    engine->row = probe_row(engine->abi.engine);
    engine->symbols = ENGRAFT_SYMBOLS_DYNAMIC;
    engine->ready = -1;
    for (size_t i = 0; engine->row && engine->row->prefixes[i] && i < ENGINE_PREFIX_MAX; i++)
        engine->prefixes[i] = engine->row->prefixes[i];
    run->engines = engine;
    run->engine_count = 1;
}

/* What is known of the host, about the copies of its images. */
static void engines_of_host(struct dry_run *run)
{
    const struct engraft_target *host = run->request->host;

    run->engines = arena_allocate(&run->arena, (host->engine_count + 1) * sizeof *run->engines);
    run->engine_count = run->engines ? host->engine_count : 0;
    for (size_t i = 0; i < run->engine_count; i++) {
        run->engines[i] = host->engines[i];
        for (unsigned j = 0; j < run->engines[i].module_count; j++)
            run->engines[i].modules[j] = &run->images[host->engines[i].modules[j] - host->images];
    }
}

/* Detects the host's engines and makes the plan; for this process inside self_locked(). */
static void dry_run_plan(struct dry_run *run, const struct image *images, size_t count, bool live)
{
    struct plan_request request = {
        .plugin_path = dry_run_path(run),
        .host_engine = run->request->host_engine,
        .plugin_abi = run->request->plugin_abi,
        .host_abi = run->request->host_abi,
        .allow_mismatch = run->request->allow_mismatch,
        .offline = true,
    };

    images_join(run, images, count);
    if (run->status == ENGRAFT_OK && run->request->host_abi && !run->request->host) {
        engine_imagine(run);
    } else if (run->status == ENGRAFT_OK && live) {
        run->engine_count = self_engines(&run->arena, run->images, count, &run->engines);
    } else if (run->status == ENGRAFT_OK) {
        engines_of_host(run);
    }
    for (size_t i = 0; run->request->plugin_handle && i < count; i++)
        if (run->images[i].map == run->request->plugin_handle)
            run->plugin_image = &run->images[i];
    if (run->status == ENGRAFT_OK)
        run->then(run, &request);
    if (run->status == ENGRAFT_OK)
        run->status = plan_keep(run);
}

static void dry_run_self(void *argument)
{
    struct dry_run *run = argument;
    struct image *images = NULL;
    size_t count = 0;

    run->status = self_images(&run->arena, &images, &count, run->reterr);
    if (run->status == ENGRAFT_OK)
        dry_run_plan(run, images, count, true);
}

static void dry_run(struct dry_run *run)
{
    const struct engraft_target *host = run->request->host;

    if (host && host->deep && host->image_count)
        run->status = image_check_native(&host->images[0], run->reterr);
    if (run->status == ENGRAFT_OK && run->request->plugin_path && !run->symbol)
        run->status = plugin_open(run);
    if (run->status != ENGRAFT_OK) {
        /* nothing */
    } else if (host && host->deep) {
        dry_run_plan(run, host->images, host->image_count, false);
    } else if (run->request->host_abi && !host && !run->request->plugin_handle) {
        dry_run_plan(run, NULL, 0, false);
    } else {
        self_locked(dry_run_self, run);
    }
    free(run->repairs);
    if (run->deep && run->plugin.count)
        run->deep->close(&run->plugin);
    if (run->deep && run->stub.count)
        run->deep->close(&run->stub);
    if (run->deep && run->brought.count)
        run->deep->close(&run->brought);
    arena_release(&run->arena);
}

static enum engraft_status request_check(const struct engraft_plan_request *request,
                                         const void *ret_plan, struct engraft_error *reterr)
{
    struct abi abi;
    const char *wrong = NULL;

    if (!request || request->size < sizeof *request || !ret_plan)
        return error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL,
                         "request or ret_plan is NULL, or size is not set");
    if (request->plugin_abi && !abi_parse(request->plugin_abi, &abi))
        wrong = request->plugin_abi;
    if (request->host_abi && !abi_parse(request->host_abi, &abi))
        wrong = request->host_abi;
    if (wrong)
        return error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL,
                         "\"%s\" is not ENGINE:VERSION, as in v8:10.2", wrong);
    return ENGRAFT_OK;
}

/* ---- engraft_plan_create() ----------------------------------------------------------------------------------- */

/* Nothing loads a plugin into a process of another machine. Without a host the first image is the
 * plugin's own. */
static bool refuse_machine(struct dry_run *run)
{
    const struct image *host = &run->images[0], *plugin = run->plugin_image;
    char host_text[96], plugin_text[96];

    if (host->machine == plugin->machine)
        return false;
    image_describe(host, host_text, sizeof host_text);
    image_describe(plugin, plugin_text, sizeof plugin_text);
    run->plan.plugin = plugin;
    run->plan.plugin_abi_source = "";
    if (run->engine_count == 1)
        run->plan.host_abi = run->engines[0].abi;
    run->plan.verdict = ENGRAFT_VERDICT_REFUSED;
    run->plan.refusal.status = ENGRAFT_UNSUPPORTED;
    text_format(run->plan.reason, sizeof run->plan.reason,
                "the plugin is %s and the host is %s: take the plugin's build for the host's machine",
                plugin_text, host_text);
    return true;
}

/* What has to be changed in the plugin's own code; if that cannot be, it is refused. */
static void plan_repairs(struct dry_run *run)
{
    struct plan *plan = &run->plan;
    struct engraft_error error = {0};

    if (plan->verdict == ENGRAFT_VERDICT_REFUSED || !repairs_wanted(plan))
        return;
    if (run->deep->repairs(&run->plugin.images[0], &plan->plugin_abi, &plan->host_abi,
                           &run->repairs, &run->repair_count, &error) == ENGRAFT_OK &&
        repairs_check(dry_run_path(run), run->repairs, run->repair_count, &error) == ENGRAFT_OK)
        return;
    plan->verdict = ENGRAFT_VERDICT_REFUSED;
    plan->refusal = error;
    text_format(plan->reason, sizeof plan->reason, "%s", error.reason);
}

static void plan_plugin(struct dry_run *run, struct plan_request *request)
{
    if (!run->plugin_image) {
        run->status = error_set(run->reterr, ENGRAFT_ARGUMENT, NULL, NULL,
                                "the handle is no loaded object of the base namespace");
        return;
    }
    if (run->request->plugin_handle)
        request->plugin_path = run->plugin_image->path;
    else if (refuse_machine(run) || dry_run_refuse_copy(run))
        return;
    run->status = plan_make(&run->arena, run->images, run->count, run->plugin_image, run->engines,
                            run->engine_count, request, &run->plan, run->reterr);
    if (run->status == ENGRAFT_OK && !run->request->plugin_handle) {
        plan_repairs(run);
        dry_run_tell_needed(run);
    }
}

enum engraft_status engraft_plan_create(const struct engraft_plan_request *request,
                                        struct engraft_plan **ret_plan,
                                        struct engraft_error *reterr)
{
    struct dry_run run = {.request = request, .reterr = reterr, .ret_plan = ret_plan,
                          .then = plan_plugin};

    run.status = request_check(request, ret_plan, reterr);
    if (run.status == ENGRAFT_OK && !request->plugin_path == !request->plugin_handle)
        run.status = error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL,
                               "one of plugin_path and plugin_handle has to be set");
    if (run.status == ENGRAFT_OK)
        dry_run(&run);
    return run.status;
}

const char *engraft_known_abi(size_t index)
{
    return abi_known(index);
}

void engraft_plan_destroy(struct engraft_plan *plan)
{
    if (plan)
        arena_release(&plan->arena);
}

enum engraft_verdict engraft_plan_verdict(const struct engraft_plan *plan)
{
    return plan->verdict;
}

const char *engraft_plan_reason(const struct engraft_plan *plan)
{
    return plan->reason;
}

const char *engraft_plan_plugin_abi(const struct engraft_plan *plan)
{
    return plan->plugin_abi;
}

const char *engraft_plan_host_abi(const struct engraft_plan *plan)
{
    return plan->host_abi;
}

const char *engraft_plan_plugin_abi_source(const struct engraft_plan *plan)
{
    return plan->plugin_abi_source;
}

size_t engraft_plan_binding_count(const struct engraft_plan *plan)
{
    return plan->count;
}

size_t engraft_plan_kind_count(const struct engraft_plan *plan, enum engraft_kind kind)
{
    return (unsigned)kind < PLAN_KINDS ? plan->kinds[kind] : 0;
}

enum engraft_status engraft_plan_binding(const struct engraft_plan *plan, size_t index,
                                         struct engraft_binding *ret_binding)
{
    if (!plan || !ret_binding || index >= plan->count)
        return ENGRAFT_ARGUMENT;
    return result_copy(ret_binding, &plan->bindings[index], sizeof plan->bindings[index]);
}

size_t engraft_plan_fixup_count(const struct engraft_plan *plan)
{
    return plan->repair_count;
}

enum engraft_status engraft_plan_fixup(const struct engraft_plan *plan, size_t index,
                                       struct engraft_fixup *ret_fixup)
{
    struct engraft_fixup fixup = {0};
    const struct abi_repair *repair;

    if (!plan || !ret_fixup || index >= plan->repair_count)
        return ENGRAFT_ARGUMENT;
    repair = &plan->repairs[index];
    fixup.address = repair->vaddr;
    fixup.offset = repair->offset;
    fixup.function = repair->function;
    fixup.pattern = repair->what;
    fixup.length = repair->size;
    memcpy(fixup.before, repair->before, sizeof fixup.before);
    memcpy(fixup.after, repair->after, sizeof fixup.after);
    return result_copy(ret_fixup, &fixup, sizeof fixup);
}

/* ---- engraft_explain() ---------------------------------------------------------------------------------------- */

typedef char *(*demangle_function)(const char *, char *, size_t *, int *);

/* "v8::Context::New" names every overload: the text before the parameters is compared. */
static bool demangles_to(demangle_function demangle, const char *mangled, const char *wanted)
{
    int status = -1;
    size_t length = strlen(wanted);
    char *text = demangle ? demangle(mangled, NULL, NULL, &status) : NULL;
    bool same = text && strncmp(text, wanted, length) == 0 &&
                (text[length] == '\0' || text[length] == '(');

    free(text);
    return same;
}

static void symbol_add(struct dry_run *run, uint8_t module, uint32_t index, const char *name)
{
    struct reference *reference = &run->plan.references[run->plan.count++];

    reference->name = name;
    reference->hash = gnu_hash(name, NULL);
    reference->found = index;
    reference->module = module;
}

static void module_explain(struct dry_run *run, uint8_t number, demangle_function demangle)
{
    const struct image *module = run->plan.host->modules[number];
    bool mangled = strncmp(run->symbol, "_Z", 2) == 0;

    for (uint32_t i = 1; i < module->symbol_count; i++) {
        const Elf64_Sym *symbol = &module->symbols[i];
        const char *name = image_name(module, symbol->st_name);

        if (!name || symbol->st_shndx == SHN_UNDEF || run->plan.count >= 64)
            continue;
        if (strcmp(name, run->symbol) == 0 ||
            (!mangled && strncmp(name, "_Z", 2) == 0 &&
             name_has_prefix(name, run->plan.host->prefixes) &&
             demangles_to(demangle, name, run->symbol)))
            symbol_add(run, number, i, name);
    }
}

static bool is_listed(const struct dry_run *run, const char *name)
{
    for (size_t i = 0; i < run->plan.count; i++)
        if (strcmp(run->plan.references[i].name, name) == 0)
            return true;
    return false;
}

/* Names that the plugin's version has and the host's has not, or there is no host to look in. */
static void tables_explain(struct dry_run *run, const struct abi *plugin, demangle_function demangle)
{
    const struct abi_adapter *adapter = abi_adapter_of(plugin->engine);
    bool mangled = strncmp(run->symbol, "_Z", 2) == 0;
    const char *name;

    for (size_t i = 0; adapter && adapter->name && adapter->name(plugin, i, &name); i++)
        if (name && run->plan.count < 64 && !is_listed(run, name) &&
            (strcmp(name, run->symbol) == 0 ||
             (!mangled && demangles_to(demangle, name, run->symbol))))
            symbol_add(run, 0, 0, name);
}

/* The tables have a route for it, or it is a symbol and there is no host to look in. */
static bool is_explained_without_host(const struct dry_run *run, const struct abi *plugin)
{
    const struct abi_adapter *adapter = abi_adapter_of(plugin->engine);
    struct abi_pair pair = plan_pair(&run->plan, false);
    struct abi_route route = {0};

    pair.plugin = plugin;
    return (!run->plan.host->module_count && !strstr(run->symbol, "::")) ||
           (adapter && adapter->route && adapter->route(&pair, run->symbol, &route));
}

static void explain(struct dry_run *run, struct plan_request *request)
{
    static const struct image nothing = {.path = ""};
    demangle_function demangle;
    struct abi abi;

    if (!request->plugin_abi || !abi_parse(request->plugin_abi, &abi)) {
        run->status = error_set(run->reterr, ENGRAFT_ARGUMENT, NULL, NULL,
                                "plugin_abi has to be given");
        return;
    }
    run->plan.plugin = &nothing;
    run->plan.plugin_abi = abi;
    run->plan.plugin_abi_source = "override";
    run->plan.references = arena_allocate(&run->arena, 65 * sizeof *run->plan.references);
    run->status = plan_choose(run->images, run->count, &nothing, abi.engine, run->engines,
                              run->engine_count, request->host_engine, &run->plan.host,
                              run->reterr);
    if (run->status != ENGRAFT_OK || !run->plan.references)
        return;
    *(void **)&demangle = self_function("__cxa_demangle");
    for (unsigned i = 0; i < run->plan.host->module_count; i++)
        module_explain(run, (uint8_t)i, demangle);
    tables_explain(run, &abi, demangle);
    if (run->plan.count == 0 && is_explained_without_host(run, &abi))
        symbol_add(run, 0, 0, run->symbol);
    if (run->plan.count == 0)
        run->status = error_set(run->reterr, ENGRAFT_NOT_FOUND,
                                run->plan.host->module_count ? run->plan.host->modules[0]->path
                                                             : NULL,
                                run->symbol, "%s%s has no symbol %s",
                                run->plan.host->module_count ? "the host's " : "",
                                run->plan.host->module_count ? abi.engine : request->plugin_abi,
                                run->symbol);
    else
        plan_explain(&run->plan, request);
}

enum engraft_status engraft_explain(const char *symbol, const struct engraft_plan_request *request,
                                    struct engraft_plan **ret_plan, struct engraft_error *reterr)
{
    struct dry_run run = {.request = request, .reterr = reterr, .ret_plan = ret_plan,
                          .then = explain, .symbol = symbol};

    run.status = request_check(request, ret_plan, reterr);
    if (run.status == ENGRAFT_OK && (!symbol || !symbol[0]))
        run.status = error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL, "no symbol is given");
    if (run.status == ENGRAFT_OK)
        dry_run(&run);
    return run.status;
}
