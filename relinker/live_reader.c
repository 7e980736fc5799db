/* SPDX-License-Identifier: MIT */
/*
 * Reads what `engraft_live` tells, of this process or of another one. Nothing that another process
 * holds is believed: each length is checked, all looks together may cost LIVE_BUDGET, and a list ends
 * where its count says. See live.h for how a change meanwhile is noticed.
 */
#include <string.h>
#include <time.h>

#include "api.h"

#define LIVE_BUDGET (32u << 20) /* in bytes: thousands of plugins */
#define READ_COST 256u          /* a read of few bytes costs as much time as one of so many */
#define LIVE_LOOKS 50 /* a change takes microseconds; the looks are a millisecond apart */

struct walk {
    const struct live_source *source;
    struct arena arena;
    size_t budget;
    struct live_found found; /* in the arena */
    char problem[160]; /* "": the records are well-formed so far */
    bool memory;       /* that we have no more is no problem of the target's */
};

/* ---- bytes ------------------------------------------------------------------------------------------ */

static bool wrong(struct walk *walk, const char *what)
{
    text_format(walk->problem, sizeof walk->problem, "%s", what);
    return false;
}

static bool take(struct walk *walk, uint64_t address, void *buffer, uint64_t length)
{
    if (length > walk->budget || walk->budget - length < READ_COST)
        return wrong(walk, "they are more than engraft believes");
    walk->budget -= (size_t)length + READ_COST;
    if (!walk->source->read(walk->source->context, address, buffer, (size_t)length))
        return wrong(walk, "an address in them leads nowhere");
    return true;
}

static void *keep(struct walk *walk, size_t size)
{
    void *memory = arena_allocate(&walk->arena, size);

    walk->memory |= !memory;
    return memory;
}

/* A text that is not there is "". */
static bool take_text(struct walk *walk, const struct live_text *text, const char **ret_text)
{
    char *copy;

    *ret_text = "";
    if (!text->length)
        return true;
    if (text->length > LIVE_TEXT_MAX)
        return wrong(walk, "a text in them is too long");
    copy = keep(walk, (size_t)text->length + 1);
    if (!copy || !take(walk, text->address, copy, text->length))
        return false;
    copy[text->length] = '\0';
    *ret_text = copy;
    return true;
}

static bool take_word(struct walk *walk, const char *word, size_t size, const char **ret_text)
{
    char *copy;

    if (!memchr(word, '\0', size))
        return wrong(walk, "a word in them has no end");
    copy = arena_string(&walk->arena, word);
    walk->memory |= !copy;
    *ret_text = copy;
    return copy != NULL;
}

/* ---- plugins ------------------------------------------------------------------------------------------ */

/* The trap that aborts the process counts its call first, so a core file tells which one it was. */
static bool take_traps(struct walk *walk, const struct live_plugin *record,
                       struct live_found_plugin *plugin)
{
    struct live_trap *traps;

    if (!record->trap_count)
        return true;
    if (record->trap_count > walk->budget / sizeof *traps)
        return wrong(walk, "they are more than engraft believes");
    traps = keep(walk, (size_t)record->trap_count * sizeof *traps);
    plugin->traps = keep(walk, (size_t)record->trap_count * sizeof *plugin->traps);
    if (!traps || !plugin->traps ||
        !take(walk, record->traps, traps, record->trap_count * sizeof *traps))
        return false;
    for (size_t i = 0; i < record->trap_count; i++) {
        struct engraft_bound_trap *trap = &plugin->traps[i];
        uint64_t hits = 0;

        trap->size = sizeof *trap;
        if (!take_text(walk, &traps[i].symbol, &trap->symbol) ||
            !take(walk, traps[i].hits, &hits, sizeof hits))
            return false;
        trap->hits = hits;
        plugin->plugin.traps_hit += hits;
    }
    plugin->plugin.trap_count = (size_t)record->trap_count;
    return true;
}

/* Whether what engraft wrote into the object is still there: an object that was unloaded is taken out
 * of the list at the next load only. */
static bool is_there(const struct walk *walk, const struct live_plugin *record)
{
    uint64_t value = 0;

    if (!(record->flags & LIVE_LOADED))
        return false;
    return walk->source->is_self || !record->written_at ||
           (walk->source->read(walk->source->context, record->written_at, &value, sizeof value) &&
            value == record->written);
}

static bool take_hosts(struct walk *walk, const struct live_plugin *record,
                       struct live_found_plugin *plugin)
{
    if (record->module_count > LIVE_MODULES)
        return wrong(walk, "an engine in them has too many modules");
    for (size_t i = 0; i < record->module_count; i++)
        if (!take_text(walk, &record->modules[i], &plugin->hosts[i]))
            return false;
    plugin->plugin.host_count = (size_t)record->module_count;
    return true;
}

static bool take_plugin(struct walk *walk, const struct live_plugin *record,
                        struct live_found_plugin *plugin)
{
    struct engraft_bound_plugin *public = &plugin->plugin;

    if (record->verdict < ENGRAFT_VERDICT_EXACT || record->verdict > ENGRAFT_VERDICT_REFUSED)
        return wrong(walk, "a verdict in them is none");
    public->size = sizeof *public;
    public->verdict = (enum engraft_verdict)record->verdict;
    public->audited = (record->flags & LIVE_AUDITED) != 0;
    public->loaded = is_there(walk, record);
    for (size_t kind = 1; kind <= LIVE_KINDS; kind++)
        plugin->kinds[kind] = (size_t)record->counts[kind - 1];
    if (!take_word(walk, record->door, sizeof record->door, &public->door) ||
        !take_word(walk, record->plugin_abi_source, sizeof record->plugin_abi_source,
                   &public->plugin_abi_source) ||
        !take_text(walk, &record->path, &public->path) ||
        !take_text(walk, &record->reason, &public->reason) ||
        !take_text(walk, &record->plugin_abi, &public->plugin_abi) ||
        !take_text(walk, &record->host_abi, &public->host_abi) ||
        !take_hosts(walk, record, plugin) || !take_traps(walk, record, plugin))
        return false;
    if (!public->plugin_abi[0])
        public->plugin_abi = NULL;
    if (!public->host_abi[0])
        public->host_abi = NULL;
    return true;
}

/* The newest is the first of the list: the array is filled from its end. */
static bool take_plugins(struct walk *walk, const struct live_header *header)
{
    uint64_t address = header->plugins;
    struct live_plugin record;
    size_t count = (size_t)header->plugin_count;

    if (header->plugin_count > walk->budget / sizeof record)
        return wrong(walk, "they are more than engraft believes");
    walk->found.plugins = keep(walk, (count + 1) * sizeof *walk->found.plugins);
    if (!walk->found.plugins)
        return false;
    for (size_t i = count; i-- > 0; address = record.next)
        if (!take(walk, address, &record, sizeof record) ||
            !take_plugin(walk, &record, &walk->found.plugins[i]))
            return false;
    walk->found.plugin_count = count;
    return !address || wrong(walk, "their list has no end");
}

static bool take_refusals(struct walk *walk, const struct live_header *header)
{
    uint64_t address = header->refusals;
    struct live_refusal record;
    size_t count = (size_t)header->refusal_count;

    if (header->refusal_count > walk->budget / sizeof record)
        return wrong(walk, "they are more than engraft believes");
    walk->found.refusals = keep(walk, (count + 1) * sizeof *walk->found.refusals);
    if (!walk->found.refusals)
        return false;
    for (size_t i = count; i-- > 0; address = record.next) {
        struct engraft_refusal *refusal = &walk->found.refusals[i];

        refusal->size = sizeof *refusal;
        if (!take(walk, address, &record, sizeof record) ||
            !take_text(walk, &record.path, &refusal->path) ||
            !take_text(walk, &record.reason, &refusal->reason))
            return false;
    }
    walk->found.refusal_count = count;
    return !address || wrong(walk, "their list has no end");
}

/* ---- looks -------------------------------------------------------------------------------------------- */

static bool sequence_read(const struct live_source *source, uint64_t address, uint64_t *ret_sequence)
{
    return source->read(source->context, address + offsetof(struct live_header, sequence),
                        ret_sequence, sizeof *ret_sequence);
}

/* False: the records have changed meanwhile. */
static bool look(struct walk *walk, uint64_t address)
{
    struct live_header header;
    uint64_t before, after;

    if (!sequence_read(walk->source, address, &before) ||
        !walk->source->read(walk->source->context, address, &header, sizeof header)) {
        wrong(walk, "the process has ended");
        return true;
    }
    if (before % 2 == 0 && take_plugins(walk, &header))
        take_refusals(walk, &header);
    return before % 2 == 0 && sequence_read(walk->source, address, &after) && after == before;
}

static void look_again(struct walk *walk)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    arena_release(&walk->arena);
    *walk = (struct walk){.source = walk->source, .budget = walk->budget};
    nanosleep(&pause, NULL);
}

static enum engraft_status records_read(const struct live_source *source, uint64_t address,
                                        struct live_found *found, struct engraft_error *reterr)
{
    struct walk walk = {.source = source, .budget = LIVE_BUDGET};
    bool stable = look(&walk, address);

    for (unsigned looks = 1; !stable && !walk.memory && looks < LIVE_LOOKS; looks++) {
        look_again(&walk);
        stable = look(&walk, address);
    }
    if (!stable)
        wrong(&walk, "they were being changed at each look");
    if (walk.memory || walk.problem[0]) {
        if (!walk.memory)
            text_format(found->problem, sizeof found->problem,
                        "what engraft does there cannot be told: its records cannot be read (%s)",
                        walk.problem);
        arena_release(&walk.arena);
        return walk.memory ? error_set(reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory")
                           : ENGRAFT_OK;
    }
    found->plugins = walk.found.plugins;
    found->plugin_count = walk.found.plugin_count;
    found->refusals = walk.found.refusals;
    found->refusal_count = walk.found.refusal_count;
    found->arena = walk.arena;
    return ENGRAFT_OK;
}

/* ---- the head ------------------------------------------------------------------------------------------- */

/* Digits and points, and letters of what is no release. */
static bool version_is_sane(const char *version, size_t size)
{
    static const char good[] = "0123456789.-+~abcdefghijklmnopqrstuvwxyz";

    return memchr(version, '\0', size) && version[0] && strspn(version, good) == strlen(version);
}

static bool head_is_good(const struct live_head *head)
{
    return memcmp(head->magic, LIVE_MAGIC, sizeof head->magic) == 0 &&
           version_is_sane(head->version, sizeof head->version);
}

static void unknown_layout(const struct live_head *head, struct live_found *found)
{
    text_format(found->problem, sizeof found->problem,
                "engraft %s is active there; this engraft (%s) cannot read its records (layout %u, "
                "not %u)",
                head->version, engraft_version_string(), head->layout, LIVE_LAYOUT);
}

enum engraft_status live_read(const struct live_source *source, uint64_t address,
                              const struct live_head *file_head, struct live_found *ret_found,
                              struct engraft_error *reterr)
{
    struct live_head head;
    bool readable = source->read(source->context, address, &head, sizeof head);

    memset(ret_found, 0, sizeof *ret_found);
    ret_found->active = true;
    if (!readable && file_head)
        head = *file_head;
    if (readable || file_head) {
        if (!head_is_good(&head)) {
            text_format(ret_found->problem, sizeof ret_found->problem,
                        "a module defines " LIVE_SYMBOL ", and it is not engraft's");
            return ENGRAFT_OK;
        }
        memcpy(ret_found->version, head.version, sizeof head.version);
    }
    if (!readable)
        text_format(ret_found->problem, sizeof ret_found->problem,
                    "what engraft does there cannot be told: %s", source->no_memory);
    else if (head.layout != LIVE_LAYOUT || head.size != sizeof(struct live_header))
        unknown_layout(&head, ret_found);
    else
        return records_read(source, address, ret_found, reterr);
    return ENGRAFT_OK;
}

void live_found_clear(struct live_found *found)
{
    arena_release(&found->arena);
    memset(found, 0, sizeof *found);
}
