/* SPDX-License-Identifier: MIT */
/* How two versions relate: abi-adapters/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi-adapters/abi_adapter.h"

static void version_parts(void **state)
{
    unsigned parts[4] = {7, 7, 7, 7};

    (void)state;
    assert_true(abi_version_parts("10.2.154.26-node.39", parts, 4));
    assert_int_equal(parts[0], 10);
    assert_int_equal(parts[1], 2);
    assert_int_equal(parts[2], 154);
    assert_int_equal(parts[3], 26);
    assert_true(abi_version_parts("11.3", parts, 2));
    assert_false(abi_version_parts("11.3", parts, 3));
    assert_false(abi_version_parts("11", parts, 2));
    assert_false(abi_version_parts("11.", parts, 2));
    assert_false(abi_version_parts("", parts, 1));
    assert_false(abi_version_parts("v10.2", parts, 2));
    assert_false(abi_version_parts("99999999999999999999.1", parts, 2));
}

static void configurations(void **state)
{
    char reason[128] = "untouched";

    (void)state;
    assert_true(abi_config_agrees("", "a=b", reason, sizeof reason));
    assert_true(abi_config_agrees("a=b", "", reason, sizeof reason));
    assert_true(abi_config_agrees("a=b c=d", "a=b e=f", reason, sizeof reason));
    assert_true(abi_config_agrees("ab=1", "a=2", reason, sizeof reason));
    assert_string_equal(reason, "untouched");
    assert_false(abi_config_agrees("a=b pointer-compression=yes", "pointer-compression=no z=1",
                                   reason, sizeof reason));
    assert_string_equal(reason, "pointer-compression is yes in the plugin and no in the host");
    assert_false(abi_config_agrees("a=b", "a=bc", reason, sizeof reason));
}

static struct abi_relation relate(const char *plugin, const char *plugin_config, const char *host,
                                  const char *host_config)
{
    struct abi plugin_abi = {.engine = "v8"}, host_abi = {.engine = "v8"};
    struct abi_relation relation;

    memset(&relation, 0x5a, sizeof relation);
    strcpy(plugin_abi.version, plugin);
    strcpy(plugin_abi.config, plugin_config);
    strcpy(host_abi.version, host);
    strcpy(host_abi.config, host_config);
    abi_adapter_of("v8")->relate(&plugin_abi, &host_abi, &relation);
    return relation;
}

static void assert_refused(struct abi_relation relation, const char *first, const char *second)
{
    assert_int_equal(relation.verdict, ENGRAFT_VERDICT_REFUSED);
    if (!strstr(relation.reason, first) || !strstr(relation.reason, second))
        fail_msg("\"%s\" names not both of \"%s\" and \"%s\"", relation.reason, first, second);
}

static void v8_exact(void **state)
{
    (void)state;
    assert_int_equal(relate("10.2", "", "10.2.154.26-node.39", "sandbox=no").verdict,
                     ENGRAFT_VERDICT_EXACT);
    assert_int_equal(relate("10.2.154.4", "stdlib=libstdc++", "10.2.154.26-node.39",
                            "stdlib=libstdc++").verdict,
                     ENGRAFT_VERDICT_EXACT);
    assert_string_equal(relate("10.2", "", "10.2", "").reason, "");
}

static void v8_adapted(void **state)
{
    struct abi_relation other = relate("10.2", "", "11.3.244.8-node.38", "");

    (void)state;
#ifdef __x86_64__
    assert_int_equal(other.verdict, ENGRAFT_VERDICT_ADAPTED);
    assert_non_null(strstr(other.reason, "V8 10.2"));
    assert_non_null(strstr(other.reason, "V8 11.3.244.8-node.38"));
#else
    assert_refused(other, "V8 10.2", "x86-64 only");
#endif
}

static void v8_refused(void **state)
{
    struct abi_relation other = relate("9.9", "", "11.3.244.8-node.38", "");

    (void)state;
    assert_refused(other, "V8 9.9", "V8 11.3.244.8-node.38");
    assert_refused(other, "ENGRAFT_ALLOW=mismatch", "do not know V8 9.9");
#ifdef __x86_64__
    assert_refused(relate("9.4", "", "10.2", ""), "9.4", "where the adapters have theirs");
#endif
    assert_refused(relate("10.20", "", "10.2.1.1", ""), "10.20", "10.2.1.1");
    assert_refused(relate("11.3", "", "10.3", ""), "11.3", "10.3");
    assert_refused(relate("10.2", "stdlib=libc++", "10.2.154.26", "stdlib=libstdc++"),
                   "stdlib is libc++ in the plugin and libstdc++ in the host",
                   "ENGRAFT_ALLOW=mismatch");
    assert_refused(relate("", "", "10.2.154.26", ""), "ENGRAFT_PLUGIN_ABI=v8:", "plugin");
    assert_refused(relate("new", "", "10.2.154.26", ""), "ENGRAFT_PLUGIN_ABI=v8:", "new");
    assert_refused(relate("10.2", "", "", ""), "10.2", "ENGRAFT_ALLOW=mismatch");
}

static void table(void **state)
{
    const struct abi_adapter *adapter = abi_adapter_of("v8");

    (void)state;
    assert_null(abi_adapter_of("toy"));
    assert_null(abi_adapter_of(""));
    assert_string_equal(adapter->engine, "v8");
    assert_int_equal(adapter->is_data("v8dbg_SmiTag"), 1);
    assert_int_equal(adapter->is_data("node_module_register"), 0);
    assert_int_equal(adapter->is_data("something"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_parts),
        cmocka_unit_test(configurations),
        cmocka_unit_test(v8_exact),
        cmocka_unit_test(v8_adapted),
        cmocka_unit_test(v8_refused),
        cmocka_unit_test(table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
