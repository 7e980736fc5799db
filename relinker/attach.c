/* SPDX-License-Identifier: MIT */
/*
 * Late attach: an object that ld.so has relocated already. Each relocation that names the engine is
 * applied again by hand: slot = base + r_offset, value = target + addend (the addend belongs to the
 * value). The RELRO pages are opened once and closed once.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "relinker.h"

struct window {
    uintptr_t start, end;
};

static struct window relro_window(const struct image *image)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    struct window window = {0, 0};

    if (image->relro_size) { /* as ld.so rounds it: _dl_protect_relro() */
        window.start = (image->load_address + image->relro_vaddr) & ~(page - 1);
        window.end = (image->load_address + image->relro_vaddr + image->relro_size) & ~(page - 1);
    }
    return window;
}

static bool window_protect(const struct window *window, int protection)
{
    return window->start >= window->end ||
           mprotect((void *)window->start, window->end - window->start, protection) == 0;
}

/* A slot has to be writable: in a PF_W segment. Text relocations are refused. */
static uint64_t *slot_at(const struct image *image, uint64_t vaddr)
{
    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];

        if (segment->flags & PF_W && vaddr - segment->vaddr < segment->memory_size &&
            vaddr - segment->vaddr <= segment->memory_size - sizeof(uint64_t))
            return (uint64_t *)(image->load_address + vaddr);
    }
    return NULL;
}

static const Elf64_Rela *relocation_at(const struct image *image, size_t index)
{
    return index < image->rela_count ? &image->rela[index]
                                     : &image->jmprel[index - image->rela_count];
}

/* A word that holds an address, and nothing smaller or relative. */
static bool kind_is_slot(const struct image *image, const Elf64_Rela *rela)
{
    enum relocation_kind kind = relocation_kind(architecture_of(image->machine),
                                                (uint32_t)ELF64_R_TYPE(rela->r_info));

    return kind == RELOCATION_WORD || kind == RELOCATION_SLOT || kind == RELOCATION_JUMP_SLOT;
}

static enum engraft_status slots_check(const struct image *image,
                                       const struct reference **by_symbol,
                                       struct engraft_error *reterr)
{
    for (size_t i = 0; i < image->rela_count + image->jmprel_count; i++) {
        const Elf64_Rela *rela = relocation_at(image, i);
        uint64_t symbol = ELF64_R_SYM(rela->r_info);

        if (symbol >= image->symbol_count || !by_symbol[symbol])
            continue;
        if (!kind_is_slot(image, rela))
            return error_set(reterr, ENGRAFT_UNSUPPORTED, image->path, by_symbol[symbol]->name,
                             "relocation type %u of %s is not a slot",
                             (unsigned)ELF64_R_TYPE(rela->r_info), by_symbol[symbol]->name);
        if (!slot_at(image, rela->r_offset))
            return error_set(reterr, ENGRAFT_UNSUPPORTED, image->path, by_symbol[symbol]->name,
                             "%s is referred to from read-only memory (a text relocation)",
                             by_symbol[symbol]->name);
    }
    return ENGRAFT_OK;
}

static void slots_write(struct bound *bound, const struct image *image,
                        const struct reference **by_symbol)
{
    const struct architecture *architecture = architecture_of(image->machine);

    for (size_t i = 0; i < image->rela_count + image->jmprel_count; i++) {
        const Elf64_Rela *rela = relocation_at(image, i);
        uint64_t symbol = ELF64_R_SYM(rela->r_info);
        uint64_t *slot, value;

        if (symbol >= image->symbol_count || !by_symbol[symbol])
            continue;
        slot = slot_at(image, rela->r_offset);
        value = by_symbol[symbol]->target;
        if (relocation_kind(architecture, (uint32_t)ELF64_R_TYPE(rela->r_info)) == RELOCATION_WORD)
            value += (uint64_t)rela->r_addend;
        bound->undo[bound->undo_count].address = (uint64_t)(uintptr_t)slot;
        bound->undo[bound->undo_count].written = value;
        bound->undo[bound->undo_count++].value = *slot;
        __atomic_store_n(slot, value, __ATOMIC_RELEASE);
    }
}

static const struct reference **references_by_symbol(struct arena *arena, const struct bound *bound,
                                                     const struct image *image)
{
    const struct reference **by_symbol =
        arena_allocate(arena, (image->symbol_count + 1) * sizeof *by_symbol);

    for (size_t i = 0; by_symbol && i < bound->count; i++)
        by_symbol[bound->references[i].symbol] = &bound->references[i];
    return by_symbol;
}

enum engraft_status attach_slots(struct bound *bound, const struct image *image,
                                 struct engraft_error *reterr)
{
    struct arena arena = {0};
    struct window window = relro_window(image);
    const struct reference **by_symbol = references_by_symbol(&arena, bound, image);
    enum engraft_status status;

    bound->undo = arena_allocate(&bound->arena, (image->rela_count + image->jmprel_count + 1) *
                                                    sizeof *bound->undo);
    if (!by_symbol || !bound->undo)
        status = error_set(reterr, ENGRAFT_MEMORY, image->path, NULL, "out of memory");
    else
        status = slots_check(image, by_symbol, reterr);
    if (status == ENGRAFT_OK && !window_protect(&window, PROT_READ | PROT_WRITE))
        status = error_set(reterr, ENGRAFT_SYSTEM, image->path, NULL,
                           "its RELRO pages cannot be opened (mprotect)");
    if (status == ENGRAFT_OK) {
        slots_write(bound, image, by_symbol);
        if (!window_protect(&window, PROT_READ))
            log_line(LOG_COMMIT, "%s: RELRO could not be closed again", image->path);
    }
    arena_release(&arena);
    return status;
}

static enum engraft_status slots_undo(struct bound *bound, const struct image *image,
                                      struct engraft_error *reterr)
{
    struct window window = relro_window(image);

    if (!window_protect(&window, PROT_READ | PROT_WRITE))
        return error_set(reterr, ENGRAFT_SYSTEM, image->path, NULL,
                         "its RELRO pages cannot be opened (mprotect)");
    for (size_t i = bound->undo_count; i-- > 0;)
        __atomic_store_n((uint64_t *)(uintptr_t)bound->undo[i].address, bound->undo[i].value,
                         __ATOMIC_RELEASE);
    bound->undo_count = 0;
    window_protect(&window, PROT_READ);
    return ENGRAFT_OK;
}

/* ---- the public calls ------------------------------------------------------------------------------------------ */

struct attach_call {
    void *handle;
    struct engraft_error *reterr;
    enum engraft_status status;
    struct arena arena;
    struct image *images;
    size_t count;
    struct image *image;
};

/* A handle of dlopen() is the address of the link_map: believed only when it is in the list. */
static bool attach_open(struct attach_call *call)
{
    call->status = self_images(&call->arena, &call->images, &call->count, call->reterr);
    for (size_t i = 0; call->status == ENGRAFT_OK && i < call->count; i++)
        if (call->images[i].map == call->handle)
            call->image = &call->images[i];
    if (call->status == ENGRAFT_OK && !call->image)
        call->status = error_set(call->reterr, ENGRAFT_ARGUMENT, NULL, NULL,
                                 "the handle is no loaded object of the base namespace");
    return call->status == ENGRAFT_OK;
}

static void attach_plan(struct attach_call *call, struct plan *plan)
{
    struct engine_instance *engines = NULL;
    size_t count = self_engines(&call->arena, call->images, call->count, &engines);
    struct plan_request request = {.plugin_path = call->image->path};

    call->status = plan_make(&call->arena, call->images, call->count, call->image, engines, count,
                             &request, plan, call->reterr);
    if (call->status == ENGRAFT_OK && plan->verdict == ENGRAFT_VERDICT_REFUSED) {
        call->status = plan->refusal.status;
        if (call->reterr)
            *call->reterr = plan->refusal;
    }
}

/* Its code has run, and may run now. */
static void attach_refuse_repairs(struct attach_call *call, const struct plan *plan)
{
    if (call->status == ENGRAFT_OK && repairs_wanted(plan))
        call->status = error_set(call->reterr, ENGRAFT_UNSUPPORTED, call->image->path, NULL,
                                 "compiled for %s %s, its code would have to be changed for %s: it "
                                 "must be loaded through engraft for that",
                                 plan->plugin_abi.engine, plan->plugin_abi.version,
                                 plan->host_abi.version);
}

static void relink_locked(void *argument)
{
    struct attach_call *call = argument;
    struct plan plan;
    struct bound *bound;

    if (!attach_open(call) || registry_find(call->image))
        return;
    attach_plan(call, &plan);
    attach_refuse_repairs(call, &plan);
    if (call->status != ENGRAFT_OK)
        return;
    bound = bound_create(&plan, call->image->path, "relink");
    if (!bound || !bound_take_traps(bound, &plan))
        call->status = error_set(call->reterr, bound ? ENGRAFT_LIMIT : ENGRAFT_MEMORY,
                                 call->image->path, NULL, "no memory or no trap is left");
    else
        call->status = bound_enter(bound, &plan, call->reterr);
    if (call->status == ENGRAFT_OK)
        call->status = attach_slots(bound, call->image, call->reterr);
    if (call->status == ENGRAFT_OK)
        registry_add(bound);
    else if (bound)
        bound_destroy(bound);
}

enum engraft_status engraft_relink(void *handle, struct engraft_error *reterr)
{
    struct attach_call call = {.handle = handle, .reterr = reterr};

    if (!handle)
        return error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL, "the handle is NULL");
    registry_purge_locked();
    self_locked(relink_locked, &call);
    arena_release(&call.arena);
    report_update();
    return call.status;
}

static void unlink_locked(void *argument)
{
    struct attach_call *call = argument;
    struct bound *bound;

    if (!attach_open(call))
        return;
    bound = registry_find(call->image);
    if (!bound || !bound->undo_count) {
        call->status = error_set(call->reterr, ENGRAFT_STATE, call->image->path, NULL,
                                 "it was not bound by engraft_relink()");
        return;
    }
    call->status = slots_undo(bound, call->image, call->reterr);
    if (call->status != ENGRAFT_OK)
        return;
    registry_remove(bound);
    bound_destroy(bound);
}

enum engraft_status engraft_unlink(void *handle, struct engraft_error *reterr)
{
    struct attach_call call = {.handle = handle, .reterr = reterr};

    if (!handle)
        return error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL, "the handle is NULL");
    self_locked(unlink_locked, &call);
    arena_release(&call.arena);
    report_update();
    return call.status;
}
