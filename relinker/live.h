/* SPDX-License-Identifier: MIT */
/*
 * What engraft lets others see of a running process: who reads it from outside neither stops the
 * process nor runs anything in it.
 *
 * libengraft.so.0 exports one object, `engraft_live`: a header, found by its name in the dynamic symbol
 * table whatever the file is called. It leads to a list of records, one for each object that is bound,
 * and to one of refusals. They are plain data, written when something is bound, refused or unloaded and
 * never while a plugin runs; how often a trap was hit is read where the trap counts.
 *
 * The reader may be another build of engraft, so `struct live_head` never changes. Everything behind
 * it has the form that `layout` numbers: a change of any other struct here is a new LIVE_LAYOUT.
 *
 * A reader that is not stopped by a lock sees a list that is being changed. So, as in the kernel's
 * seqlock: `sequence` is odd during a change, and what was read counts when the number is the same,
 * and even, before and after.
 */
#ifndef ENGRAFT_LIVE_H
#define ENGRAFT_LIVE_H

#include <stddef.h>
#include <stdint.h>

#define LIVE_SYMBOL "engraft_live"
#define LIVE_MAGIC "ENGRAFT" /* with its NUL */
#define LIVE_LAYOUT 1u
#define LIVE_TEXT_MAX 4096u /* longer ones are cut by the writer */
#define LIVE_MODULES 8
#define LIVE_KINDS 8 /* kind k is counts[k - 1] */

enum { LIVE_LOADED = 1, LIVE_AUDITED = 2 };

struct live_head {
    char magic[8];
    uint32_t layout;
    uint32_t size; /* of the whole header */
    char version[16]; /* of engraft, "0.1.0" */
};

struct live_header {
    struct live_head head;
    uint64_t sequence;
    uint64_t plugins, plugin_count; /* address of the newest live_plugin */
    uint64_t refusals, refusal_count; /* address of the newest live_refusal */
};

struct live_text {
    uint64_t address, length; /* without a NUL; 0, 0: none */
};

struct live_trap {
    struct live_text symbol;
    uint64_t hits; /* address of the 64-bit counter */
};

struct live_plugin {
    uint64_t next; /* the one that was bound before it; 0: none */
    uint32_t verdict, flags;
    char door[16], plugin_abi_source[16]; /* with NUL */
    struct live_text path, reason, plugin_abi, host_abi;
    struct live_text modules[LIVE_MODULES]; /* of the host engine */
    uint64_t module_count;
    uint64_t counts[LIVE_KINDS];
    uint64_t traps, trap_count; /* address of the first live_trap */
    /* A word that engraft has written into the object, and its value: when it is not there any more,
     * the object is gone and nobody has noticed yet. Address 0: there is none. */
    uint64_t written_at, written;
};

struct live_refusal {
    uint64_t next;
    struct live_text path, reason;
};

_Static_assert(sizeof(struct live_head) == 32, "the head of all layouts");
_Static_assert(sizeof(struct live_header) == 72 && sizeof(struct live_plugin) == 344 &&
                   sizeof(struct live_refusal) == 40 && sizeof(struct live_trap) == 24,
               "layout 1");

#endif
