/* SPDX-License-Identifier: MIT */
/* From references to bindings: everything that can fail happens here and changes nothing. */
#include "relinker.h"

#include <string.h>

/* ---- which ABI was the plugin built for? ---------------------------------------------------------- */

bool abi_parse(const char *text, struct abi *ret_abi)
{
    const char *colon = strchr(text, ':');
    struct abi abi = {0};

    if (!colon || colon == text || (size_t)(colon - text) >= sizeof abi.engine ||
        colon[1] == '\0' || strlen(colon + 1) >= sizeof abi.version)
        return false;
    memcpy(abi.engine, text, (size_t)(colon - text));
    memcpy(abi.version, colon + 1, strlen(colon + 1));
    *ret_abi = abi;
    return true;
}

void abi_text(const struct abi *abi, char *ret_text, size_t size)
{
    text_format(ret_text, size, "%s:%s", abi->engine, abi->version[0] ? abi->version : "unknown");
}

static void abi_from_manifest(const struct engraft_manifest *manifest, struct abi *abi)
{
    text_format(abi->engine, sizeof abi->engine, "%s", manifest_string(manifest, manifest->engine));
    text_format(abi->version, sizeof abi->version, "%s",
                manifest_string(manifest, manifest->version));
    text_format(abi->config, sizeof abi->config, "%s", manifest_string(manifest, manifest->config));
}

static bool override_abi(const char *text, const char *engine, struct plan *plan)
{
    struct abi abi;

    if (!abi_parse(text, &abi) || strcmp(abi.engine, engine) != 0)
        return false;
    memcpy(abi.config, plan->plugin_abi.config, sizeof abi.config);
    plan->plugin_abi = abi;
    plan->plugin_abi_source = "override";
    return true;
}

/* The order is that of engraft(7): an override for this plugin, the manifest, the plugin's own
 * evidence, the object that brought it, the override for all. */
static void plugin_abi_find(const struct plan_request *request, const struct engine_row *row,
                            const char *engine, struct plan *plan)
{
    char value[96];
    int named = policy_value("ENGRAFT_PLUGIN_ABI", request->plugin_path, value, sizeof value);

    plan->plugin_abi_source = "";
    text_format(plan->plugin_abi.engine, sizeof plan->plugin_abi.engine, "%s", engine);
    if (plan->manifest)
        abi_from_manifest(plan->manifest, &plan->plugin_abi);
    else if (plan->brought)
        abi_from_manifest(plan->brought, &plan->plugin_abi);
    if (request->plugin_abi && override_abi(request->plugin_abi, engine, plan))
        return;
    if (named == 2 && override_abi(value, engine, plan))
        return;
    if (plan->plugin_abi.version[0]) {
        plan->plugin_abi_source = plan->manifest ? "manifest" : "inherited";
        return;
    }
    if (row && row->infer && row->infer(plan->plugin, &plan->plugin_abi, &plan->plugin_abi_source))
        return;
    if (request->inherited && strcmp(request->inherited->engine, engine) == 0) {
        plan->plugin_abi = *request->inherited;
        plan->plugin_abi_source = "inherited";
        return;
    }
    if (named == 1)
        override_abi(value, engine, plan);
}

/* A plugin that NEEDs the host engine's own library, by its versioned name, was built for it. */
static void abi_from_link(const struct image *images, size_t count, struct plan *plan)
{
    if (plan->plugin_abi.version[0] || !plan_needs(images, count, plan->plugin, plan->host))
        return;
    plan->plugin_abi = plan->host->abi;
    plan->plugin_abi_source = "linked";
}

/* ---- targets of references ------------------------------------------------------------------------- */

static void refuse(struct plan *plan, enum engraft_status status, const char *symbol,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

static void refuse(struct plan *plan, enum engraft_status status, const char *symbol,
                   const char *format, ...)
{
    va_list arguments;

    if (plan->verdict == ENGRAFT_VERDICT_REFUSED)
        return; /* the first reason stands */
    plan->verdict = ENGRAFT_VERDICT_REFUSED;
    va_start(arguments, format);
    text_vformat(plan->reason, sizeof plan->reason, format, arguments);
    va_end(arguments);
    error_set(&plan->refusal, status, plan->plugin->path, symbol, "%s", plan->reason);
}

/* What the host's IFUNC resolver chooses. */
static uint64_t indirect_address(struct plan *plan, const struct plan_request *request,
                                 const struct reference *reference)
{
    const struct image *module = plan->host->modules[reference->module];

    if (request->offline)
        return reference->target;
    if (image_is_relocated(module) == 0) {
        refuse(plan, ENGRAFT_REFUSED, reference->name,
               "%s is an indirect function of %s, which is not relocated yet", reference->name,
               plan_engine_path(plan->host));
        return 0;
    }
    return ((uint64_t(*)(void))(uintptr_t)reference->target)();
}

static void bind_found(struct plan *plan, const struct plan_request *request,
                       struct reference *reference)
{
    if (reference->type == STT_TLS) {
        refuse(plan, ENGRAFT_UNSUPPORTED, reference->name,
               "%s is thread-local data of the engine, which cannot be bound", reference->name);
        return;
    }
    reference->kind = ENGRAFT_KIND_DIRECT;
    if (reference->type == STT_GNU_IFUNC)
        reference->target = indirect_address(plan, request, reference);
}

static void bind_missing(struct plan *plan, const struct abi_adapter *adapter,
                         struct reference *reference)
{
    const Elf64_Sym *symbol =
        plan->plugin->symbols ? &plan->plugin->symbols[reference->symbol] : NULL;
    int data;

    if (!symbol) { /* a name to be explained, that nothing refers to */
        reference->kind = ENGRAFT_KIND_TRAP;
        return;
    }
    if (ELF64_ST_BIND(symbol->st_info) == STB_WEAK) {
        reference->kind = ENGRAFT_KIND_NULL;
        return;
    }
    data = reference_is_data(plan->plugin, reference, plan->manifest, adapter);
    if (data == 0) {
        reference->kind = ENGRAFT_KIND_TRAP;
        return;
    }
    refuse(plan, ENGRAFT_REFUSED, reference->name,
           data > 0 ? "%s is data that %s %s%s%s does not have, and data cannot be trapped"
                    : "%s is not in %s %s%s%s, and nothing tells if it is a function or data",
           reference->name, plan->host_abi.engine, plan->host_abi.version,
           plan->host->module_count ? " in " : "",
           plan->host->module_count ? plan_engine_path(plan->host) : "");
}

struct abi_pair plan_pair(const struct plan *plan, bool live)
{
    return (struct abi_pair){.plugin = &plan->plugin_abi, .host = &plan->host_abi,
                             .engine = plan->host, .live = live, .find_hidden = hidden_find};
}

/* A host that is only a version (--host-abi) has no module to look in: the tables speak, and every
 * name that they do not know is taken to be there. */
static bool is_assumed(const struct plan *plan, const struct abi_route *route)
{
    return !plan->host->module_count && route->kind != ENGRAFT_KIND_TRAP;
}

static void bind_route(struct plan *plan, const struct plan_request *request,
                       const struct abi_adapter *adapter, struct reference *reference)
{
    struct abi_pair pair = plan_pair(plan, !request->offline);
    struct abi_route route = {0};

    if (adapter && adapter->route && adapter->route(&pair, reference->name, &route)) {
        if (route.refusal) {
            refuse(plan, ENGRAFT_REFUSED, reference->name, "%s: %s", reference->name,
                   route.refusal);
            return;
        }
        if (route.kind == ENGRAFT_KIND_ADAPTED || route.kind == ENGRAFT_KIND_FALLBACK) {
            reference->kind = (uint8_t)route.kind;
            reference->target = route.address;
            reference->target_name = route.note;
            return;
        }
        if (route.kind == ENGRAFT_KIND_TRAP) {
            reference->found = 0;
            reference->target = 0;
            reference->target_name = route.note;
        } else if (route.kind == ENGRAFT_KIND_RENAMED) {
            struct reference renamed = *reference;

            renamed.name = route.host_symbol;
            renamed.hash = gnu_hash(renamed.name, NULL);
            renamed.found = 0;
            for (unsigned i = 0; i < plan->host->module_count; i++)
                resolve_references(plan->host->modules[i], (uint8_t)i, &renamed, 1);
            reference->found = renamed.found;
            reference->module = renamed.module;
            reference->type = renamed.type;
            reference->target = renamed.target;
            reference->target_name = route.host_symbol;
            if (is_assumed(plan, &route)) {
                reference->kind = ENGRAFT_KIND_RENAMED;
                return;
            }
            if (renamed.found) {
                bind_found(plan, request, reference);
                reference->kind = ENGRAFT_KIND_RENAMED;
                return;
            }
        }
    }
    if (reference->found)
        bind_found(plan, request, reference);
    else if (is_assumed(plan, &route))
        reference->kind = ENGRAFT_KIND_DIRECT;
    else
        bind_missing(plan, adapter, reference);
}

static void reference_bind(struct plan *plan, const struct plan_request *request,
                           const struct abi_adapter *adapter, struct reference *reference)
{
    const Elf64_Sym *symbol = &plan->plugin->symbols[reference->symbol];

    if (reference->uses & USE_COPY) {
        refuse(plan, ENGRAFT_REFUSED, reference->name,
               "%s is copied into the executable (a COPY relocation): its copy would be empty and "
               "stand in front of the engine's own; build with -fPIE -mno-direct-extern-access",
               reference->name);
    } else if (reference->uses & USE_TLS || ELF64_ST_TYPE(symbol->st_info) == STT_TLS) {
        refuse(plan, ENGRAFT_UNSUPPORTED, reference->name,
               "%s is thread-local data, which cannot be bound to another engine",
               reference->name);
    } else if (reference->defined) {
        reference->kind = ENGRAFT_KIND_LOCAL;
        reference->target = image_symbol_address(plan->plugin, symbol);
    } else if (reference->own) {
        reference->kind = ENGRAFT_KIND_DIRECT;
    } else {
        bind_route(plan, request, adapter, reference);
    }
}

/* A plugin may bring another one that has a stub of its own and whose functions have names of the
 * engine: a libnode without V8 has node::. They are meant, and not what the host has of that name. */
static void brought_find(struct plan *plan, const struct image *images, size_t count)
{
    bool *marks = plan_closure(plan->arena, images, count, plan->plugin);

    for (size_t i = 0; marks && !plan->manifest && !plan->brought && i < count; i++)
        if (marks[i] && &images[i] != plan->plugin)
            plan->brought = plan_manifest(images, count, &images[i]);
}

static void brought_search(struct plan *plan, const struct image *images, size_t count)
{
    bool *marks = plan->brought ? plan_closure(plan->arena, images, count, plan->plugin) : NULL;

    for (size_t i = 0; marks && i < count; i++) {
        if (!marks[i] || &images[i] == plan->plugin || !plan_manifest(images, count, &images[i]))
            continue;
        for (size_t j = 0; j < plan->count; j++) {
            struct reference *reference = &plan->references[j];
            const Elf64_Sym *symbol =
                reference->defined || reference->own
                    ? NULL
                    : image_find(&images[i], reference->name, gnu_hash(reference->name, NULL),
                                 reference->version);

            if (!symbol || ELF64_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC ||
                ELF64_ST_TYPE(symbol->st_info) == STT_TLS)
                continue;
            reference->own = 1;
            reference->target = image_symbol_address(&images[i], symbol);
            reference->target_name = images[i].soname;
        }
    }
}

static void hosts_search(struct plan *plan)
{
    for (unsigned i = 0; i < plan->host->module_count; i++)
        resolve_references(plan->host->modules[i], (uint8_t)i, plan->references, plan->count);
}

/* A hint from the manifest that was not the hash of the name made the lookup miss. */
static void hints_correct(struct plan *plan)
{
    bool again = false;

    if (!plan->manifest)
        return;
    for (size_t i = 0; i < plan->count; i++) {
        uint32_t hash;

        if (plan->references[i].found || plan->references[i].defined || plan->references[i].own)
            continue;
        hash = gnu_hash(plan->references[i].name, NULL);
        again |= hash != plan->references[i].hash;
        plan->references[i].hash = hash;
    }
    if (again)
        hosts_search(plan);
}

static void references_bind(struct plan *plan, const struct plan_request *request,
                            const struct abi_adapter *adapter)
{
    hosts_search(plan);
    hints_correct(plan);
    for (size_t i = 0; i < plan->count; i++) {
        reference_bind(plan, request, adapter, &plan->references[i]);
        plan->kinds[plan->references[i].kind]++;
    }
    if (!request->offline && plan->kinds[ENGRAFT_KIND_TRAP] > traps_free())
        refuse(plan, ENGRAFT_LIMIT, NULL, "%zu functions are missing in the host, more than the %u "
               "traps that are left", plan->kinds[ENGRAFT_KIND_TRAP], traps_free());
}

/* ---- verdict ------------------------------------------------------------------------------------------ */

static void relate_equal(const struct abi *plugin, const struct abi *host, struct abi_relation *ret)
{
    ret->verdict = ENGRAFT_VERDICT_EXACT;
    ret->reason[0] = '\0';
    if (strcmp(plugin->version, host->version) != 0) {
        ret->verdict = ENGRAFT_VERDICT_REFUSED;
        text_format(ret->reason, sizeof ret->reason,
                    "the plugin is built for %s %s, the host has %s, and there are no adapters "
                    "for %s; ENGRAFT_ALLOW=mismatch tries anyway",
                    plugin->engine, plugin->version, host->version, plugin->engine);
    } else if (!abi_config_agrees(plugin->config, host->config, ret->reason,
                                  sizeof ret->reason)) {
        ret->verdict = ENGRAFT_VERDICT_REFUSED;
    }
}

static bool mismatch_allowed(const struct plan_request *request)
{
    char value[64];

    if (request->allow_mismatch)
        return true;
    return policy_value("ENGRAFT_ALLOW", request->plugin_path, value, sizeof value) &&
           strcmp(value, "mismatch") == 0;
}

/* Relates the two ABIs; false when the plan is refused. */
static bool abis_relate(struct plan *plan, const struct plan_request *request,
                        const struct abi_adapter *adapter)
{
    struct abi_relation relation;

    if (!plan->plugin_abi.version[0]) {
        refuse(plan, ENGRAFT_UNKNOWN_ABI, NULL,
               "the version of %s this plugin was built for cannot be told; set "
               "ENGRAFT_PLUGIN_ABI=%s:VERSION",
               plan->plugin_abi.engine, plan->plugin_abi.engine);
        return false;
    }
    if (adapter)
        adapter->relate(&plan->plugin_abi, &plan->host_abi, &relation);
    else
        relate_equal(&plan->plugin_abi, &plan->host_abi, &relation);
    if (relation.verdict == ENGRAFT_VERDICT_REFUSED && mismatch_allowed(request)) {
        plan->verdict = ENGRAFT_VERDICT_DEGRADED;
        text_format(plan->reason, sizeof plan->reason, "tried by override: %s", relation.reason);
        return true;
    }
    if (relation.verdict == ENGRAFT_VERDICT_REFUSED) {
        refuse(plan, ENGRAFT_REFUSED, NULL, "%s", relation.reason);
        return false;
    }
    plan->verdict = relation.verdict;
    text_format(plan->reason, sizeof plan->reason, "%s", relation.reason);
    return true;
}

static void verdict_lower(struct plan *plan)
{
    if (plan->verdict == ENGRAFT_VERDICT_REFUSED)
        return;
    if (plan->kinds[ENGRAFT_KIND_TRAP] || plan->kinds[ENGRAFT_KIND_FALLBACK]) {
        bool first = plan->verdict != ENGRAFT_VERDICT_DEGRADED;

        plan->verdict = ENGRAFT_VERDICT_DEGRADED;
        if (first)
            text_format(plan->reason, sizeof plan->reason,
                        "%zu functions are missing in the host and trapped, %zu have a fallback",
                        plan->kinds[ENGRAFT_KIND_TRAP], plan->kinds[ENGRAFT_KIND_FALLBACK]);
    } else if (plan->kinds[ENGRAFT_KIND_ADAPTED] && plan->verdict < ENGRAFT_VERDICT_ADAPTED) {
        plan->verdict = ENGRAFT_VERDICT_ADAPTED;
    }
}

static void traps_policy(struct plan *plan, const struct plan_request *request)
{
    char value[32] = "";

    if (!policy_value("ENGRAFT_TRAP", request->plugin_path, value, sizeof value) && plan->manifest)
        text_format(value, sizeof value, "%s",
                    manifest_string(plan->manifest, plan->manifest->trap));
    plan->trap_returns = strcmp(value, "return") == 0;
}

static bool core_is_new_enough(struct plan *plan)
{
    if (!plan->manifest || plan->manifest->minimum_core <= ENGRAFT_VERSION_NUMBER)
        return true;
    refuse(plan, ENGRAFT_REFUSED, NULL,
           "its stub needs libengraft %u or newer and this is libengraft %u (%s)",
           plan->manifest->minimum_core, ENGRAFT_VERSION_NUMBER, engraft_version_string());
    return false;
}

static void host_abi_override(struct plan *plan, const struct plan_request *request)
{
    struct abi abi;

    if (!request->host_abi || !abi_parse(request->host_abi, &abi))
        return;
    memcpy(abi.config, plan->host_abi.config, sizeof abi.config);
    plan->host_abi = abi;
}

static bool host_choose(struct plan *plan, const struct image *images, size_t image_count,
                        const char *engine, const struct engine_instance *engines,
                        size_t engine_count, const struct plan_request *request)
{
    char wish[256];
    const char *chosen = request->host_engine;

    if (!chosen && policy_value("ENGRAFT_HOST", request->plugin_path, wish, sizeof wish))
        chosen = wish;
    if (plan_choose(images, image_count, plan->plugin, engine, engines, engine_count, chosen,
                    &plan->host, &plan->refusal) != ENGRAFT_OK) {
        plan->verdict = ENGRAFT_VERDICT_REFUSED;
        memcpy(plan->reason, plan->refusal.reason, sizeof plan->reason);
        return false;
    }
    plan->host_abi = plan->host->abi;
    host_abi_override(plan, request);
    return true;
}

void plan_explain(struct plan *plan, const struct plan_request *request)
{
    const struct abi_adapter *adapter = abi_adapter_of(plan->plugin_abi.engine);

    plan->verdict = ENGRAFT_VERDICT_EXACT;
    plan->host_abi = plan->host->abi;
    host_abi_override(plan, request);
    if (!abis_relate(plan, request, adapter) && !plan->host->module_count)
        return; /* nothing is known of this version */
    for (size_t i = 0; i < plan->count; i++) {
        bind_route(plan, request, adapter, &plan->references[i]);
        plan->kinds[plan->references[i].kind]++;
    }
    verdict_lower(plan);
}

/* The plugin and the host have no engine in common. */
static void refuse_strangers(struct plan *plan, const struct engine_instance *engines,
                             size_t engine_count, bool offline)
{
    const struct engine_row *row = NULL;

    for (size_t i = 0; !row && probe_row_at(i); i++)
        if (plan_names(plan->plugin, probe_row_at(i)->prefixes))
            row = probe_row_at(i);
    if (engine_count == 0 && offline)
        refuse(plan, ENGRAFT_NO_ENGINE, NULL,
               "no engine was found in the host (a file is looked at alone, without what it links "
               "to: name the library that holds the engine, or a process; of a core, files may be "
               "missing: engraft inspect tells)");
    else if (engine_count && row)
        refuse(plan, ENGRAFT_NO_ENGINE, NULL, "the plugin is one of %s, and the host has %s %s%s",
               row->id, engines[0].abi.engine, engines[0].abi.version,
               engine_count > 1 ? " and others, not that" : "");
    else
        refuse(plan, ENGRAFT_NO_ENGINE, NULL,
               "the plugin has no reference to any engine of the host");
}

enum engraft_status plan_make(struct arena *arena, const struct image *images, size_t image_count,
                              const struct image *plugin, const struct engine_instance *engines,
                              size_t engine_count, const struct plan_request *request,
                              struct plan *ret_plan, struct engraft_error *reterr)
{
    struct plan *plan = ret_plan;
    const struct abi_adapter *adapter;
    const char *engine;
    enum engraft_status status;

    memset(plan, 0, sizeof *plan);
    plan->arena = arena;
    plan->plugin = plugin;
    plan->group = request->group ? request->group : (uintptr_t)plugin->load_address;
    plan->plugin_abi_source = "";
    plan->verdict = ENGRAFT_VERDICT_EXACT;
    plan->manifest = plan_manifest(images, image_count, plugin);
    brought_find(plan, images, image_count);
    engine = plan_engine_id(plugin, plan->manifest, engines, engine_count);
    if (!engine) {
        refuse_strangers(plan, engines, engine_count, request->offline);
        return ENGRAFT_OK;
    }
    plugin_abi_find(request, probe_row(engine), engine, plan);
    traps_policy(plan, request);
    if (!core_is_new_enough(plan) || !host_choose(plan, images, image_count, engine, engines,
                                                  engine_count, request))
        return ENGRAFT_OK;
    abi_from_link(images, image_count, plan);
    status = references_collect(arena, plugin, plan->host->prefixes, plan->manifest,
                                &plan->references, &plan->count, reterr);
    if (status != ENGRAFT_OK)
        return status;
    adapter = abi_adapter_of(engine);
    if (!abis_relate(plan, request, adapter) && (!request->offline || !plan->host->module_count))
        return ENGRAFT_OK; /* a dry run goes on: its reader wants to see the host's symbols */
    brought_search(plan, images, image_count);
    references_bind(plan, request, adapter);
    verdict_lower(plan);
    log_line(LOG_PLAN, "%s: %s, %zu references: %zu direct, %zu trap; %s", request->plugin_path,
             engraft_verdict_name(plan->verdict), plan->count, plan->kinds[ENGRAFT_KIND_DIRECT],
             plan->kinds[ENGRAFT_KIND_TRAP], plan->reason);
    return ENGRAFT_OK;
}
