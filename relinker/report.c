/* SPDX-License-Identifier: MIT */
/* The report, as JSON by hand: inside a host there is libc and nothing else. Schema:
 * docs/schema/report.json. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "relinker.h"

/* The text is made in memory, while no object can go, and written afterwards. */
struct writer {
    struct arena arena;
    char *text;
    size_t length, limit;
    bool failed;
};

static bool writer_grow(struct writer *writer)
{
    size_t limit = writer->limit ? writer->limit * 2 : 65536;
    char *text = arena_allocate(&writer->arena, limit);

    if (!text) {
        writer->failed = true;
        return false;
    }
    if (writer->length)
        memcpy(text, writer->text, writer->length);
    writer->text = text;
    writer->limit = limit;
    return true;
}

static void put(struct writer *writer, const char *text)
{
    for (; *text; text++) {
        if (writer->length == writer->limit && !writer_grow(writer))
            return;
        writer->text[writer->length++] = *text;
    }
}

/* Bytes that are no ASCII are written as they are when they are UTF-8's, else as U+FFFD. */
static size_t utf8_length(const unsigned char *text)
{
    size_t length = text[0] < 0x80 ? 1 : text[0] >= 0xc2 && text[0] < 0xe0 ? 2
                                     : text[0] >= 0xe0 && text[0] < 0xf0 ? 3
                                     : text[0] >= 0xf0 && text[0] < 0xf5 ? 4
                                                                         : 0;

    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

static void put_string(struct writer *writer, const char *text)
{
    const unsigned char *byte = (const unsigned char *)text;

    put(writer, "\"");
    while (byte && *byte) {
        char one[16];
        size_t length = utf8_length(byte);

        if (length == 0)
            text_format(one, sizeof one, "\\ufffd");
        else if (*byte == '"' || *byte == '\\')
            text_format(one, sizeof one, "\\%c", *byte);
        else if (*byte < 0x20)
            text_format(one, sizeof one, "\\u00%c%c", "01"[*byte >> 4], "0123456789abcdef"[*byte & 15]);
        else
            text_format(one, sizeof one, "%.*s", (int)length, byte);
        put(writer, one);
        byte += length ? length : 1;
    }
    put(writer, "\"");
}

static void put_member(struct writer *writer, const char *name, const char *value)
{
    put_string(writer, name);
    put(writer, ":");
    if (value)
        put_string(writer, value);
    else
        put(writer, "null");
    put(writer, ",");
}

static void put_number(struct writer *writer, const char *name, size_t value, const char *end)
{
    char text[96];

    text_format(text, sizeof text, "\"%s\":%zu%s", name, value, end);
    put(writer, text);
}

static void put_abi(struct writer *writer, const char *name, const struct abi *abi)
{
    char text[128];

    abi_text(abi, text, sizeof text);
    put_member(writer, name, abi->version[0] ? text : NULL);
}

static void put_binding(struct writer *writer, const struct bound *bound,
                        const struct reference *reference)
{
    bool in_module = reference->found && reference->module < bound->module_count;

    put(writer, "{");
    put_member(writer, "symbol", reference->name);
    put_member(writer, "kind", engraft_kind_name(reference->kind));
    put_member(writer, "target",
               reference->target_name ? reference->target_name
               : in_module            ? reference->name
                                      : "");
    if (reference->kind == ENGRAFT_KIND_TRAP)
        put_number(writer, "hits", trap_hits(reference->target), ",");
    put_string(writer, "module");
    put(writer, ":");
    put_string(writer, in_module                                ? bound->modules[reference->module]
                       : reference->kind == ENGRAFT_KIND_LOCAL ? bound->path
                                                                : "");
    put(writer, "}");
}

static void put_counts(struct writer *writer, const struct bound *bound)
{
    put(writer, "\"counts\":{");
    for (unsigned kind = 1; kind < PLAN_KINDS; kind++)
        put_number(writer, engraft_kind_name(kind), bound->kinds[kind],
                   kind + 1 < PLAN_KINDS ? "," : "},");
}

static void put_bytes(struct writer *writer, const char *name, const uint8_t *bytes, size_t count,
                      const char *end)
{
    static const char digits[] = "0123456789abcdef";
    char text[8 * 2 + 1] = "";

    for (size_t i = 0; i < count; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    put_string(writer, name);
    put(writer, ":");
    put_string(writer, text);
    put(writer, end);
}

static void put_address(struct writer *writer, const char *name, uint64_t address)
{
    char text[32];

    text_format(text, sizeof text, "0x%lx", (unsigned long)address);
    put_member(writer, name, text);
}

static void put_fixups(struct writer *writer, const struct bound *bound)
{
    put(writer, "\"fixups\":[");
    for (size_t i = 0; i < bound->repair_count; i++) {
        const struct abi_repair *repair = &bound->repairs[i];

        put(writer, i ? ",\n{" : "\n{");
        put_address(writer, "address", repair->vaddr);
        put_address(writer, "offset", repair->offset);
        put_address(writer, "function", repair->function);
        put_member(writer, "pattern", repair->what);
        put_bytes(writer, "before", repair->before, repair->size, ",");
        put_bytes(writer, "after", repair->after, repair->size, "}");
    }
    put(writer, "],");
}

static void put_bound(struct writer *writer, const struct bound *bound)
{
    put(writer, "{");
    put_member(writer, "path", bound->path);
    put_member(writer, "door", bound->door);
    put_member(writer, "verdict", engraft_verdict_name(bound->verdict));
    put_member(writer, "reason", bound->reason);
    put_abi(writer, "plugin_abi", &bound->plugin_abi);
    put_member(writer, "plugin_abi_source", bound->plugin_abi_source);
    put_abi(writer, "host_abi", &bound->host_abi);
    put(writer, "\"host\":[");
    for (unsigned i = 0; i < bound->module_count; i++) {
        put(writer, i ? "," : "");
        put_string(writer, bound->modules[i]);
    }
    put(writer, "],");
    put_counts(writer, bound);
    put_fixups(writer, bound);
    put(writer, bound->loaded ? "\"loaded\":true," : "\"loaded\":false,");
    put(writer, bound->audited ? "\"audited\":true," : "\"audited\":false,");
    put(writer, "\"bindings\":[");
    for (size_t i = 0; i < bound->count; i++) {
        put(writer, i ? ",\n" : "\n");
        put_binding(writer, bound, &bound->references[i]);
    }
    put(writer, "]}");
}

static void put_config(struct writer *writer, const char *config)
{
    bool first = true;

    put(writer, "\"config\":{");
    while (*config) {
        size_t item = strcspn(config, " ");
        const char *equals = memchr(config, '=', item);
        char key[64], value[128];

        if (equals) {
            text_format(key, sizeof key, "%.*s", (int)(equals - config), config);
            text_format(value, sizeof value, "%.*s", (int)(item - (size_t)(equals - config) - 1),
                        equals + 1);
            put(writer, first ? "" : ",");
            put_string(writer, key);
            put(writer, ":");
            put_string(writer, value);
            first = false;
        }
        config += item + (config[item] == ' ');
    }
    put(writer, "},");
}

static void put_engine(struct writer *writer, const struct engine_instance *engine)
{
    static const char *const symbols[] = {"none", "dynamic", "symtab", "debug"};

    put(writer, "{");
    put_member(writer, "engine", engine->abi.engine);
    put_member(writer, "version", engine->abi.version[0] ? engine->abi.version : NULL);
    put(writer, "\"modules\":[");
    for (unsigned i = 0; i < engine->module_count; i++) {
        char address[32];

        text_format(address, sizeof address, "0x%lx",
                    (unsigned long)engine->modules[i]->load_address);
        put(writer, i ? ",{" : "{");
        put_member(writer, "path", image_file(engine->modules[i]));
        put_member(writer, "address", address);
        put(writer, "\"build_id\":null}");
    }
    put(writer, "],");
    put_member(writer, "linkage",
               engine->linkage == ENGRAFT_LINKAGE_EXECUTABLE ? "executable"
               : engine->linkage == ENGRAFT_LINKAGE_SHARED   ? "shared"
                                                             : "static");
    put_member(writer, "symbols", symbols[engine->symbols]);
    put_config(writer, engine->abi.config);
    put(writer, engine->ready < 0 ? "\"ready\":null," : engine->ready ? "\"ready\":true,"
                                                                      : "\"ready\":false,");
    put(writer, "\"evidence\":[");
    for (unsigned i = 0; i < engine->evidence_count; i++) {
        put(writer, i ? ",{" : "{");
        put_member(writer, "kind", engine->evidence[i].kind);
        put_member(writer, "detail", engine->evidence[i].detail);
        put(writer, "\"module\":");
        put_string(writer, image_file(engine->modules[engine->evidence[i].module]));
        put(writer, "}");
    }
    put(writer, "]}");
}

static void put_engines(struct writer *writer, const struct image *images, size_t count)
{
    struct engine_instance *engines = NULL;
    size_t engine_count = self_engines(&writer->arena, images, count, &engines);

    put(writer, "\"engines\":[");
    for (size_t i = 0; i < engine_count; i++) {
        put(writer, i ? ",\n" : "\n");
        put_engine(writer, &engines[i]);
    }
    put(writer, "],\n");
}

static void put_plugins(struct writer *writer)
{
    const struct bound *bound;
    const struct refused_load *refused;

    registry_lock();
    put(writer, "\"plugins\":[");
    for (bound = registry_first(); bound; bound = bound->next) {
        put_bound(writer, bound);
        put(writer, bound->next ? ",\n" : "");
    }
    put(writer, "],\n\"refused\":[");
    for (refused = registry_first_refused(); refused; refused = refused->next) {
        put(writer, "{");
        put_member(writer, "path", refused->path);
        put(writer, "\"reason\":");
        put_string(writer, refused->reason);
        put(writer, refused->next ? "},\n" : "}");
    }
    put(writer, "]}\n");
    registry_unlock();
}

/* Names of references lie in the plugins: nothing may be unloaded meanwhile. */
static void put_report(void *argument)
{
    struct writer *writer = argument;
    struct image *images;
    size_t count;

    if (self_images(&writer->arena, &images, &count, NULL) != ENGRAFT_OK) {
        writer->failed = true;
        return;
    }
    registry_purge_now();
    put(writer, "{");
    put_number(writer, "pid", (size_t)getpid(), ",");
    put_member(writer, "engraft", engraft_version_string());
    put_engines(writer, images, count);
    put_plugins(writer);
}

static bool write_all(int fd, const char *text, size_t length)
{
    while (length) {
        ssize_t written = write(fd, text, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        text += written;
        length -= (size_t)written;
    }
    return true;
}

enum engraft_status engraft_report_write(int fd, struct engraft_error *reterr)
{
    struct writer writer = {0};
    enum engraft_status status = ENGRAFT_OK;

    self_locked(put_report, &writer);
    if (writer.failed)
        status = error_set(reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory");
    else if (!write_all(fd, writer.text, writer.length))
        status = error_set(reterr, ENGRAFT_SYSTEM, NULL, NULL,
                           "the report could not be written whole");
    arena_release(&writer.arena);
    return status;
}

/* "%p" becomes the PID. */
static void path_expand(const char *pattern, char *ret_path, size_t size)
{
    size_t length = 0;

    while (*pattern && length + 24 < size) {
        if (pattern[0] == '%' && pattern[1] == 'p') {
            length += text_format(ret_path + length, size - length, "%d", (int)getpid());
            pattern += 2;
        } else {
            ret_path[length++] = *pattern++;
        }
    }
    ret_path[length] = '\0';
}

/* Readers see the old report or the new one, whole. */
void report_update(void)
{
    const char *pattern = environment_get("ENGRAFT_REPORT");
    char path[4000], temporary[4096];
    int fd;

    if (!pattern || !pattern[0])
        return;
    path_expand(pattern, path, sizeof path);
    text_format(temporary, sizeof temporary, "%s.%d.new", path, (int)getpid());
    unlink(temporary); /* left by a process of the same number */
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) {
        log_line(LOG_DOOR, "the report %s cannot be written", path);
        return;
    }
    if (engraft_report_write(fd, NULL) != ENGRAFT_OK || rename(temporary, path) != 0)
        unlink(temporary);
    close(fd);
}

static atomic_bool stale; /* something happened since the last report */

void report_is_stale(void)
{
    atomic_store(&stale, true);
}

/* Traps that were hit, loads that a stub refused: they happen where no file can be written. */
__attribute__((destructor)) static void report_last(void)
{
    if (atomic_load(&stale))
        report_update();
}
