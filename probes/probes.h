/* SPDX-License-Identifier: MIT */
/* What the files of probes/ share among themselves; engine.h is what others see of them. */
#ifndef ENGRAFT_PROBES_H
#define ENGRAFT_PROBES_H

#include "engine.h"

#define ENGRAFT_ENGINE(id, ...)
#define ENGRAFT_BOUND_ENGINE(id, ...) \
    extern const char *const id##_prefixes[]; \
    extern const char *const id##_markers[]; \
    bool id##_examine(struct engine_instance *instance); \
    bool id##_infer(const struct image *plugin, struct abi *ret_abi, const char **ret_source);
#include "engines.def"
#undef ENGRAFT_BOUND_ENGINE
#undef ENGRAFT_ENGINE

/* Bytes of data that never change while the engine runs: live where they can be read, else those
 * of the file (reading a process may be forbidden where reading its files is not). */
bool constant_read(const struct image *image, uint64_t vaddr, void *buffer, size_t length);
/* The vaddr that the pointer stored at `vaddr` has or, before relocation, will have; 0 for null.
 * False when it cannot be told. */
bool pointer_read(const struct image *image, uint64_t vaddr, uint64_t *ret_pointer);

/* The vaddr that a relocation stores, when it is about the object's own addresses. */
bool relocation_local_value(const struct image *image, const Elf64_Rela *rela,
                            uint64_t *ret_value);

/* An object that engraft wrote to stand for an engine: it has the names and is none. */
bool image_is_stub(const struct image *image);
/* Takes over the prefixes of instance->row, if there is one. */
void instance_prefixes_of_row(struct engine_instance *instance);

/* True when one of the two NEEDs the other, directly or through other images of the array. */
bool images_connected(const struct image *images, size_t count, size_t first, size_t second);

#endif
