/* SPDX-License-Identifier: MIT */
#include "manifest_note.h"

#include <string.h>

/* Strings stand behind the tables; an absent or empty one is offset 0. */
static uint32_t string_append(struct buffer *descriptor, const char *text)
{
    return text && *text ? (uint32_t)buffer_append_string(descriptor, text) : 0;
}

static uint32_t prefixes_append(struct buffer *descriptor, const char *const *prefixes)
{
    uint32_t offset = (uint32_t)descriptor->size;

    if (!prefixes)
        return 0;
    for (; *prefixes; prefixes++)
        buffer_append_string(descriptor, *prefixes);
    buffer_append_string(descriptor, "");
    return offset;
}

static uint32_t bucket_count_of(size_t symbol_count)
{
    uint32_t count = 1;

    while (count < symbol_count * 3 / 2 + 1) /* at least a third stays free: every search ends */
        count *= 2;
    return count;
}

static void buckets_fill(uint32_t *buckets, uint32_t bucket_count, const struct symbol_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        uint32_t slot = set->symbols[i].gnu_hash & (bucket_count - 1);

        while (buckets[slot] != 0)
            slot = (slot + 1) & (bucket_count - 1);
        buckets[slot] = (uint32_t)i + 1;
    }
}

/* Versions are few and come in runs: the one of the symbol before is used again when equal. */
static void symbols_append(struct buffer *descriptor, size_t table, const struct symbol_set *set)
{
    const char *version = NULL;
    uint32_t version_offset = 0;

    for (size_t i = 0; i < set->count; i++) {
        const struct stub_symbol *symbol = &set->symbols[i];
        struct engraft_manifest_symbol entry = {
            .name = string_append(descriptor, symbol->name),
            .gnu_hash = symbol->gnu_hash,
            .type = symbol->type,
            .flags = symbol->weak ? ENGRAFT_MANIFEST_WEAK : 0,
            .size = symbol->size,
        };
        if (symbol->version && (!version || strcmp(version, symbol->version) != 0)) {
            version = symbol->version;
            version_offset = string_append(descriptor, version);
        }
        entry.version = symbol->version ? version_offset : 0;
        void *place = buffer_at(descriptor, table + i * sizeof(entry), sizeof(entry));
        if (place)
            memcpy(place, &entry, sizeof(entry));
    }
}

/* header | symbols | buckets | strings */
static void descriptor_append(struct buffer *descriptor, const struct manifest_facts *facts)
{
    struct engraft_manifest header = {
        .format = ENGRAFT_MANIFEST_FORMAT,
        .minimum_core = 100, /* 0.1.0: the first with engraft_stub_*_1 */
        .symbol_count = (uint32_t)facts->set->count,
        .bucket_count = bucket_count_of(facts->set->count),
    };
    size_t bucket_size = (size_t)header.bucket_count * sizeof(uint32_t);

    buffer_append(descriptor, NULL, sizeof(header));
    header.symbols = (uint32_t)buffer_append(
        descriptor, NULL, facts->set->count * sizeof(struct engraft_manifest_symbol));
    header.buckets = (uint32_t)buffer_append(descriptor, NULL, bucket_size);
    uint32_t *buckets = buffer_at(descriptor, header.buckets, bucket_size);
    if (buckets)
        buckets_fill(buckets, header.bucket_count, facts->set);
    header.engine = string_append(descriptor, facts->abi->engine);
    header.version = string_append(descriptor, facts->abi->version);
    header.config = string_append(descriptor, facts->abi->config);
    header.plugin = string_append(descriptor, facts->plugin);
    header.trap = string_append(descriptor, facts->trap);
    header.prefixes = prefixes_append(descriptor, facts->prefixes);
    symbols_append(descriptor, header.symbols, facts->set);
    buffer_align(descriptor, 4);
    header.size = (uint32_t)descriptor->size;
    void *place = buffer_at(descriptor, 0, sizeof(header));
    if (place)
        memcpy(place, &header, sizeof(header));
}

bool manifest_note_append(struct buffer *note, const struct manifest_facts *facts)
{
    struct buffer descriptor = {0};

    descriptor_append(&descriptor, facts);
    bool fits = descriptor.size <= UINT32_MAX - sizeof(ENGRAFT_NOTE_NAME);
    /* Counted to the name, as NT_VERSION has it: eu-elflint calls any other note an error whose
     * owner is not GNU or FDO, and readelf -n would print megabytes of it. */
    Elf64_Nhdr header = {(uint32_t)(sizeof(ENGRAFT_NOTE_NAME) + descriptor.size), 0,
                         NT_ENGRAFT_MANIFEST};
    buffer_append(note, &header, sizeof(header));
    buffer_append(note, ENGRAFT_NOTE_NAME, sizeof(ENGRAFT_NOTE_NAME));
    buffer_append(note, descriptor.bytes, descriptor.size);
    note->failed = note->failed || descriptor.failed;
    buffer_deinit(&descriptor);
    return fits;
}
