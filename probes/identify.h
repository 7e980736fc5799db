/* SPDX-License-Identifier: MIT */
/*
 * Identification: which of all engines of engines.def an ELF file implements, by everything that can
 * be read of it. probe.c answers the smaller question inside a process that loads plugins; this is
 * for files, processes and cores that are looked at from outside, and may allocate.
 */
#ifndef ENGRAFT_IDENTIFY_H
#define ENGRAFT_IDENTIFY_H

#include <sys/types.h>

#include "deep.h"

/* What one file implements. Of each instance, module_count is 1 and modules[0] NULL: the file may be
 * mapped in many places. */
struct identity {
    struct engine_instance *engines;
    size_t engine_count;
};

/*
 * identify_image() - everything in one image. Release with identity_clear().
 * False when memory runs out.
 */
bool identify_image(const struct image *image, struct identity *ret_identity);
void identity_clear(struct identity *identity);

/*
 * identify_modules() - the engines of a file, a process or a core.
 * @ret_engines: from malloc(), pointing into modules->images; NULL when there is none.
 * Returns OK or MEMORY.
 */
enum engraft_status identify_modules(const struct deep_modules *modules,
                                     struct engine_instance **ret_engines, size_t *ret_count,
                                     struct engraft_error *reterr);

/*
 * identify_needs() - the engines that a file refers to and does not contain, with the library that
 * brings each; nothing for a process or a core.
 * @own, @own_count: what identify_modules() found in it.
 * @ret_needs: from malloc(); NULL when there is none.
 * Returns OK or MEMORY.
 */
enum engraft_status identify_needs(const struct deep_modules *modules,
                                   const struct engine_instance *own, size_t own_count,
                                   struct deep_need **ret_needs, size_t *ret_count,
                                   struct engraft_error *reterr);

/* ---- files that many processes map ---- */

struct identities; /* every file that was looked at, by device and inode */
struct mapped_file;

struct identities *identities_create(void); /* NULL: no memory */
void identities_destroy(struct identities *identities);

/* A new snapshot: what is known of a file counts again once its size and times are the same. */
void identities_renew(struct identities *identities);

/* What identities_of() did since identities_renew(). */
struct identities_counts {
    size_t known, read, failed;
};
struct identities_counts identities_counts(const struct identities *identities);

/*
 * identities_of() - what the file that a process maps implements.
 * @pid, @file: the process and a mapping of it (pid_maps.h).
 * Returns an identity that lives until the next identities_renew(); one without engines for what is
 * no ELF object or cannot be read. NULL when memory runs out.
 */
const struct identity *identities_of(struct identities *identities, pid_t pid,
                                     const struct mapped_file *file);

#endif
