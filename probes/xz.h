/* SPDX-License-Identifier: MIT */
/* Unpacking what a file brings in the .xz format. */
#ifndef ENGRAFT_XZ_H
#define ENGRAFT_XZ_H

#include <stdbool.h>
#include <stddef.h>

/* Gives bytes from malloc(). False: damaged, more than `limit` bytes, no memory, or built without
 * liblzma. */
bool xz_decode(const void *bytes, size_t size, size_t limit, void **ret_bytes, size_t *ret_size);

#endif
