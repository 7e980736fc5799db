/* SPDX-License-Identifier: MIT */
/* The two files of a stub: what is in them (stub_objects.c), and how they get on disk
 * (stub_files.c). */
#ifndef ENGRAFT_STUB_FILES_H
#define ENGRAFT_STUB_FILES_H

#include "elf_object.h"
#include "stub_source.h"

/* The file that plugins are linked to: every symbol, no contents. */
enum engraft_status import_library_build(struct elf_object *object,
                                         const struct stub_source *source,
                                         struct engraft_error *reterr);
/* The file that is loaded with them: the trigger and the manifest, no symbol of the engine. */
enum engraft_status runtime_stub_build(struct elf_object *object, const struct stub_source *source,
                                       struct engraft_error *reterr);

struct stub_file {
    struct elf_object *object;
    const char *path;
};

/* Writes both files under temporary names beside their places, then renames them: both are there
 * afterwards, or both places are as before. */
enum engraft_status stub_files_write(const struct stub_file files[2], struct engraft_error *reterr);

#endif
