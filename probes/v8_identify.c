/* SPDX-License-Identifier: MIT */
/* A V8 that shows no symbol: texts make it likely, its version data in memory prove it. */
#include <string.h>

#include "error.h"
#include "facts.h"
#include "v8_hidden.h"

bool v8_identify(struct examination *examination)
{
    struct engine_instance *instance = examination->instance;
    struct v8_hidden hidden;

    if (!v8_hidden_find(examination->image, &hidden))
        return false;
    text_format(instance->abi.version, sizeof instance->abi.version, "%s", hidden.version);
    if (hidden.quadruple)
        evidence_add(instance, 0, "data", "\"%s\" at 0x%lx and its four numbers at 0x%lx",
                     hidden.version, (unsigned long)hidden.version_vaddr,
                     (unsigned long)hidden.quadruple_vaddr);
    if (hidden.snapshot)
        evidence_add(instance, 0, "data", "a snapshot of V8 %s at 0x%lx", hidden.version,
                     (unsigned long)hidden.snapshot_vaddr);
    if (hidden.pointer_compression >= 0)
        config_set(&instance->abi, hidden.pointer_compression ? "pointer-compression=yes"
                                                              : "pointer-compression=no");
    if (hidden.sandbox >= 0)
        config_set(&instance->abi, hidden.sandbox ? "sandbox=yes" : "sandbox=no");
    if (hidden.external_snapshot || hidden.snapshot)
        config_set(&instance->abi, hidden.snapshot ? "snapshot=embedded" : "snapshot=external");
    instance->confidence = ENGRAFT_CONFIDENCE_CERTAIN;
    return true;
}
