/* SPDX-License-Identifier: MIT */
/* A V8 that exports nothing and is stripped: what its own version data still says. */
#ifndef ENGRAFT_V8_HIDDEN_H
#define ENGRAFT_V8_HIDDEN_H

#include "image.h"

struct v8_hidden {
    char version[72];          /* with the embedder's suffix: "13.6.233.17-node.53" */
    bool quadruple;            /* Version's four integers were found in writable data */
    bool snapshot;             /* a snapshot of this version is in the file */
    uint64_t version_vaddr, quadruple_vaddr; /* the latter 0 without it */
    uint64_t snapshot_vaddr;   /* of its version text; 0 without it */
    /* Build configuration: 1 yes, 0 no, -1 cannot be told. */
    int pointer_compression, sandbox;
    bool external_snapshot;    /* it looks for snapshot_blob.bin */
};

/*
 * v8_hidden_find() - V8's own version data in an image in which texts of V8 were found.
 *
 * One of two proofs is asked for, both without symbols and sections:
 *   quadruple  a text M.m.b.p[-embedder] among the constants, and M, m, b and p as int32 next to each
 *              other in a writable segment (v8::internal::Version::{major,minor,build,patch}_);
 *   snapshot   the header of a snapshot, in which the text is padded to 64 bytes.
 * False: neither was found, or more than one version was, or there is no memory: no claim.
 */
bool v8_hidden_find(const struct image *image, struct v8_hidden *ret);

#endif
