/* SPDX-License-Identifier: MIT */
/* For which pairs code has to be repaired, against the constants of the headers. */
#include "unit.h"

#include <string.h>

#include "abi-adapters/v8/data.h"
#include "abi-adapters/v8/fixups.h"

static void version_set(struct abi *abi, enum v8_version version)
{
    memset(abi, 0, sizeof *abi);
    strcpy(abi->engine, "v8");
    strcpy(abi->version, v8_version_name(version));
    strcat(abi->version, ".1.2-node.3");
}

/* Where headers have the fields inlined; 0: not at all. */
static int32_t fields_at(enum v8_version version)
{
    int32_t at = v8_constant(V8_kJSAPIObjectWithEmbedderSlotsHeaderSize, version);

    if (at != V8_NONE)
        return at;
    return version <= V8_10_2 ? 0 : v8_constant(V8_kJSObjectHeaderSize, version);
}

static void pair_check(enum v8_version plugin, enum v8_version host)
{
    struct v8_fixup_needs needs;
    struct abi from, to;
    int32_t undefined = v8_constant(V8_kUndefinedOddballKind, plugin);
    int32_t host_undefined = v8_constant(V8_kUndefinedOddballKind, host);
    int32_t mask = v8_constant(V8_kNodeStateMask, plugin);
    int32_t host_mask = v8_constant(V8_kNodeStateMask, host);

    version_set(&from, plugin);
    version_set(&to, host);
    assert_true(v8_fixup_needs(&from, &to, &needs));
    assert_int_equal(needs.undefined_from, undefined == host_undefined ? 0 : undefined);
    assert_int_equal(needs.undefined_to, undefined == host_undefined ? 0 : host_undefined);
    assert_int_equal(needs.fields, fields_at(plugin) != 0 &&
                                       fields_at(plugin) !=
                                           (fields_at(host) ? fields_at(host) : 24));
    assert_int_equal(needs.weak_from, mask > host_mask ? mask : 0);
    assert_int_equal(v8_fixup_needs_any(&needs),
                     needs.undefined_from || needs.fields || needs.weak_from);
}

static void every_pair_is_as_its_headers(void **state)
{
    (void)state;
    for (unsigned plugin = 0; plugin < V8_VERSIONS; plugin++)
        for (unsigned host = 0; host < V8_VERSIONS; host++)
            pair_check((enum v8_version)plugin, (enum v8_version)host);
}

static void other_versions_are_not_known(void **state)
{
    struct v8_fixup_needs needs;
    struct abi plugin = {.engine = "v8", .version = "10.2"}, host = {.engine = "v8"};

    (void)state;
    strcpy(host.version, "12.40.1");
    assert_false(v8_fixup_needs(&plugin, &host, &needs));
    strcpy(host.version, "12.4");
    assert_true(v8_fixup_needs(&plugin, &host, &needs));
    host.version[0] = '\0';
    assert_false(v8_fixup_needs(&plugin, &host, &needs));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_is_as_its_headers),
        cmocka_unit_test(other_versions_are_not_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
