/* SPDX-License-Identifier: MIT */
/*
 * Rewriting the references of an object that ld.so has mapped and not yet relocated.
 *
 * The object's own symbol table decides what its relocations become. ld.so looks an entry up by
 * name only when the entry could be found elsewhere; one that is defined and hidden it takes as is:
 *
 *     before   _ZN2v87Context3NewE...  st_shndx UND      st_value 0        DEFAULT
 *     after    _ZN2v87Context3NewE...  st_shndx ABS      st_value target   HIDDEN
 *
 * The whole table is copied, the copy edited, and DT_SYMTAB, which ld.so rereads for each use
 * (D_PTR), pointed to the copy: one 8-byte store, and no page of the object changes protection.
 * The other bits of st_other stay: aarch64 marks its variant calling convention there.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "relinker.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static void *map_at(uintptr_t address, size_t size, int flags)
{
    void *memory = mmap((void *)address, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | flags, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

/* Debuggers and slot patchers take "d_ptr below the load address" for "not rebased yet", so the copy
 * is placed above the object. Where that is impossible (a heap or the guard pages of WebAssembly
 * memories may cover many gigabytes there), any place is better than a refusal: ld.so does not care. */
static void *map_above(const struct image *image, size_t size)
{
    uintptr_t end = image->load_address + image->vaddr_end;
    uintptr_t step = (uintptr_t)1 << 20;

    for (unsigned i = 0; i < 64; i++, end += step) {
        void *memory;

        if (i && i % 4 == 0)
            step *= 2;
        memory = map_at(end, size, MAP_FIXED_NOREPLACE);
        if (memory && (uintptr_t)memory >= image->load_address)
            return memory;
        if (memory)
            munmap(memory, size); /* a kernel before 4.17 took the address as a hint */
    }
    return map_at(0, size, 0);
}

static size_t page_round(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (size + page - 1) & ~(page - 1);
}

static void symbol_hide(Elf64_Sym *symbol)
{
    symbol->st_other = (unsigned char)((symbol->st_other & ~3) | STV_HIDDEN);
}

static void symbol_rewrite(Elf64_Sym *symbol, const struct plan *plan,
                           const struct reference *reference)
{
    unsigned type = ELF64_ST_TYPE(symbol->st_info);

    symbol_hide(symbol);
    if (reference->kind == ENGRAFT_KIND_LOCAL)
        return;
    symbol->st_shndx = SHN_ABS;
    symbol->st_value = reference->target;
    if (reference->found) {
        type = reference->type;
        if (type == STT_OBJECT) /* a relocation may ask for the size of data */
            symbol->st_size =
                plan->host->modules[reference->module]->symbols[reference->found].st_size;
    }
    if (type == STT_GNU_IFUNC) /* its resolver has been called already */
        type = STT_FUNC;
    symbol->st_info = (unsigned char)ELF64_ST_INFO(STB_GLOBAL, type);
#ifdef ENGRAFT_BROKEN_COMMIT
    /* A library that is wrong on purpose: tests/audit proves with it that the audit notices. The
     * last reference of the plan leads 16 bytes behind its target. */
    if (reference->symbol == plan->references[plan->count - 1].symbol)
        symbol->st_value += 16;
#endif
}

/* ---- the record ---------------------------------------------------------------------------------------- */

/* A report tells plugins that are gone, too; else the names stay where they are, in the plugin. */
static bool record_names(struct bound *bound)
{
    for (size_t i = 0; i < bound->count; i++) {
        bound->references[i].name = arena_string(&bound->arena, bound->references[i].name);
        if (!bound->references[i].name)
            return false;
    }
    return true;
}

static bool record_references(struct bound *bound, const struct plan *plan)
{
    size_t size = plan->count * sizeof *bound->references;

    if (plan->arena && arena_give(plan->arena, &bound->arena, plan->references, size)) {
        bound->references = plan->references;
    } else {
        bound->references = arena_allocate_written(&bound->arena, size);
        if (!bound->references)
            return false;
        memcpy(bound->references, plan->references, size);
    }
    bound->count = plan->count;
    memcpy(bound->kinds, plan->kinds, sizeof bound->kinds);
    return !environment_get("ENGRAFT_REPORT") || record_names(bound);
}

static bool record_modules(struct bound *bound, const struct plan *plan)
{
    for (unsigned i = 0; i < plan->host->module_count; i++) {
        bound->modules[i] = arena_string(&bound->arena, image_file(plan->host->modules[i]));
        if (!bound->modules[i])
            return false;
    }
    bound->module_count = plan->host->module_count;
    return true;
}

struct bound *bound_create(const struct plan *plan, const char *path, const char *door)
{
    struct arena arena = {0};
    struct bound *bound = arena_allocate(&arena, sizeof *bound);

    if (!bound)
        return NULL;
    bound->arena = arena;
    bound->path = arena_string(&bound->arena, path);
    bound->reason = arena_string(&bound->arena, plan->reason);
    bound->door = door;
    bound->map = plan->plugin->map;
    bound->dynamic = plan->plugin->dynamic;
    bound->load_address = plan->plugin->load_address;
    bound->plugin_abi = plan->plugin_abi;
    bound->plugin_abi_source = plan->plugin_abi_source;
    bound->host_abi = plan->host_abi;
    bound->verdict = plan->verdict;
    bound->loaded = true;
    if (!bound->path || !bound->reason || !record_references(bound, plan) ||
        !record_modules(bound, plan)) {
        bound_destroy(bound);
        return NULL;
    }
    return bound;
}

enum engraft_status bound_enter(struct bound *bound, const struct plan *plan,
                                struct engraft_error *reterr)
{
    const struct abi_adapter *adapter = abi_adapter_of(plan->plugin_abi.engine);
    struct abi_pair pair = plan_pair(plan, true);
    uintptr_t base = (uintptr_t)bound->load_address;

    if ((plan->verdict == ENGRAFT_VERDICT_EXACT && !plan->kinds[ENGRAFT_KIND_ADAPTED]) || !adapter ||
        !adapter->enter)
        return ENGRAFT_OK;
    bound->object = (struct abi_object){.start = base + plan->plugin->vaddr_start,
                                        .end = base + plan->plugin->vaddr_end,
                                        .group = plan->group};
    if (adapter->enter(&pair, &bound->object) != ENGRAFT_OK)
        return error_set(reterr, ENGRAFT_LIMIT, bound->path, NULL,
                         "too many plugins or engines use the adapters for %s",
                         plan->plugin_abi.engine);
    bound->adapter = adapter;
    return ENGRAFT_OK;
}

void bound_leave(struct bound *bound)
{
    if (bound->adapter && bound->adapter->leave)
        bound->adapter->leave(&bound->object);
    bound->adapter = NULL;
}

void bound_destroy(struct bound *bound)
{
    bound_leave(bound);
    for (size_t i = 0; i < bound->count; i++)
        if (bound->references[i].kind == ENGRAFT_KIND_TRAP && bound->references[i].target)
            trap_destroy(bound->references[i].target);
    if (bound->symbols)
        munmap(bound->symbols, bound->symbols_size);
    arena_release(&bound->arena);
}

bool bound_take_traps(struct bound *bound, struct plan *plan)
{
    char text[128];
    struct trap_info info = {.plugin = bound->path, .returns = plan->trap_returns};

    abi_text(&bound->plugin_abi, text, sizeof text);
    info.plugin_abi = arena_string(&bound->arena, text);
    abi_text(&bound->host_abi, text, sizeof text);
    info.host_abi = arena_string(&bound->arena, text);
    info.host = bound->module_count ? bound->modules[0] : "";
    for (size_t i = 0; i < bound->count; i++) {
        struct reference *reference = &bound->references[i];

        if (reference->kind != ENGRAFT_KIND_TRAP)
            continue;
        /* The name outlives the plugin: a trap may be called while it is being unloaded. */
        info.symbol = arena_string(&bound->arena, reference->name);
        info.reason = reference->target_name;
        reference->target = info.symbol ? trap_create(&info) : 0;
        if (!reference->target)
            return false;
        plan->references[i].target = reference->target;
    }
    return live_describe(bound);
}

/* ---- commit -------------------------------------------------------------------------------------------- */

/* With -z rodynamic .dynamic lies in a segment that is not writable: its page is opened for one store.
 * Not when it is executable: under MDWE it could not be closed again. */
enum engraft_status dynamic_store(const struct image *image, const Elf64_Dyn *entry, uint64_t value)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t address = (uintptr_t)&entry->d_un.d_val;
    void *start = (void *)(address & ~(page - 1));
    uint32_t flags = 0;

    for (unsigned i = 0; i < image->segment_count; i++)
        if (address - image->load_address - image->segments[i].vaddr <
            image->segments[i].memory_size)
            flags = image->segments[i].flags;
    if (!(flags & PF_W) && (flags & PF_X || mprotect(start, page, PROT_READ | PROT_WRITE) != 0))
        return ENGRAFT_UNSUPPORTED;
    __atomic_store_n((uint64_t *)address, value, __ATOMIC_RELEASE);
    if (!(flags & PF_W) && mprotect(start, page, PROT_READ) != 0)
        return ENGRAFT_SYSTEM;
    return ENGRAFT_OK;
}

/* ld.so adds the load address when it uses a d_ptr of an object whose .dynamic it cannot write. */
static uint64_t symtab_pointer_value(const struct image *image, const void *table)
{
    uint64_t value = (uint64_t)(uintptr_t)table;

    return image->dynamic_flags & PF_W ? value : value - image->load_address;
}

static enum engraft_status symtab_switch(struct bound *bound, const struct image *image,
                                         struct engraft_error *reterr)
{
    const Elf64_Dyn *entry = image_dynamic(image, DT_SYMTAB);
    enum engraft_status status;

    if (!entry)
        return error_set(reterr, ENGRAFT_FORMAT, image->path, NULL, "it has no DT_SYMTAB");
    bound->symbols_before = entry->d_un.d_ptr;
    bound->live.written_at = (uint64_t)(uintptr_t)&entry->d_un.d_ptr;
    bound->live.written = symtab_pointer_value(image, bound->symbols);
    status = dynamic_store(image, entry, bound->live.written);
    if (status == ENGRAFT_UNSUPPORTED)
        error_set(reterr, status, image->path, NULL,
                  "its .dynamic cannot be made writable; if it lies in an executable segment (-z "
                  "rodynamic with -z noseparate-code), relink it without one of the two");
    else if (status != ENGRAFT_OK)
        error_set(reterr, status, image->path, NULL,
                  "the protection of its .dynamic cannot be restored");
    return status;
}

static enum engraft_status symbols_copy(struct bound *bound, const struct plan *plan,
                                        struct engraft_error *reterr)
{
    const struct image *image = plan->plugin;
    size_t size = image->symbol_count * sizeof(Elf64_Sym);

    bound->symbols_size = page_round(size);
    bound->symbols = map_above(image, bound->symbols_size);
    if (!bound->symbols)
        return error_set(reterr, ENGRAFT_MEMORY, image->path, NULL,
                         "no memory for a symbol table");
    memcpy(bound->symbols, image->symbols, size);
    for (size_t i = 0; i < bound->count; i++)
        symbol_rewrite(&bound->symbols[bound->references[i].symbol], plan, &bound->references[i]);
    mprotect(bound->symbols, bound->symbols_size, PROT_READ); /* nobody writes it any more */
    return ENGRAFT_OK;
}

enum engraft_status commit_symbols(struct plan *plan, const char *path, const char *door,
                                   struct bound **ret_bound, struct engraft_error *reterr)
{
    struct bound *bound = bound_create(plan, path, door);
    enum engraft_status status = ENGRAFT_OK;

    if (!bound)
        return error_set(reterr, ENGRAFT_MEMORY, path, NULL, "out of memory");
    if (!bound_take_traps(bound, plan))
        status = error_set(reterr, ENGRAFT_LIMIT, path, NULL, "no trap is left");
    if (status == ENGRAFT_OK)
        status = bound_enter(bound, plan, reterr);
    if (status == ENGRAFT_OK && bound->count)
        status = symbols_copy(bound, plan, reterr);
    if (status == ENGRAFT_OK && bound->count)
        status = symtab_switch(bound, plan->plugin, reterr);
    if (status != ENGRAFT_OK) {
        bound_destroy(bound);
        return status;
    }
    log_line(LOG_COMMIT, "%s: %zu references rewritten, host %s", path, bound->count,
             bound->module_count ? bound->modules[0] : "");
    *ret_bound = bound;
    return ENGRAFT_OK;
}

void commit_rollback(struct bound *bound)
{
    struct image image;

    if (bound->symbols && image_read_map(bound->map, &image, NULL) == ENGRAFT_OK &&
        image.dynamic == bound->dynamic) {
        dynamic_store(&image, image_dynamic(&image, DT_SYMTAB), bound->symbols_before);
        repairs_undo(bound, &image);
    }
    bound_destroy(bound);
}
