/* SPDX-License-Identifier: MIT */
/* Writes the memory of a process in which two plugins are bound, as fuzz_live.c takes it. */
#include "fuzz.h"

#include <stdio.h>

#include "live.h"

#define AT(member) (FUZZ_LIVE_BASE + offsetof(struct memory, member))

static struct memory {
    struct live_header header;
    struct live_plugin plugins[2];
    struct live_trap traps[2];
    struct live_refusal refusal;
    uint64_t hits[2];
    char text[16];
} memory = {
    .header = {.head = {LIVE_MAGIC, LIVE_LAYOUT, sizeof(struct live_header), "0.1.0"},
               .plugins = AT(plugins[0]), .plugin_count = 2,
               .refusals = AT(refusal), .refusal_count = 1},
    .plugins = {{.next = AT(plugins[1]), .verdict = 4, .flags = 3, .door = "preload",
                 .path = {AT(text), 16}, .host_abi = {AT(text), 8},
                 .modules = {{AT(text), 4}}, .module_count = 1, .counts = {80, 0, 0, 0, 2},
                 .traps = AT(traps[0]), .trap_count = 2, .written_at = AT(hits[1]), .written = 3},
                {.verdict = 1, .flags = 1, .door = "stub", .path = {AT(text), 16}}},
    .traps = {{{AT(text), 9}, AT(hits[0])}, {{AT(text), 1}, AT(hits[1])}},
    .refusal = {.path = {AT(text), 3}, .reason = {AT(text), 16}},
    .hits = {0, 3},
    .text = "/plugins/one.so",
};

int main(void)
{
    return fwrite(&memory, sizeof memory, 1, stdout) != 1;
}
