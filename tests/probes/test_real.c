/* SPDX-License-Identifier: MIT */
/* Real engines: as files, in this process under another name, and in running processes. */
#include "fixture.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void assert_official_configuration(const struct engine_instance *v8)
{
    assert_string_equal(v8->abi.config,
                        "pointer-compression=no sandbox=no smi-bits=32 stdlib=libstdc++");
}

/* ---- files -------------------------------------------------------------------------------------------- */

static void node_file(const char *name, const char *version)
{
    char path[4352];

    snprintf(path, sizeof path, "%s/bin/node", fixture_world(name));
    OPENED(opened, path);
    assert_int_equal(opened.instance_count, 1);
    assert_string_equal(opened.instances[0].abi.version, version);
    assert_official_configuration(&opened.instances[0]);
    assert_int_equal(opened.instances[0].linkage, ENGRAFT_LINKAGE_EXECUTABLE);
    assert_int_equal(opened.instances[0].symbols, ENGRAFT_SYMBOLS_DYNAMIC);
    assert_int_equal(opened.instances[0].ready, -1);
    opened_deinit(&opened);
}

static void node_18_file(void **state)
{
    (void)state;
    node_file("node-18.20.8", "10.2.154.26-node.39");
}

static void node_20_file(void **state)
{
    (void)state;
    node_file("node-20.20.2", "11.3.244.8-node.38");
}

static void no_engine_in_true(void **state)
{
    (void)state;
    OPENED(opened, "/bin/true");
    assert_int_equal(opened.instance_count, 0);
    opened_deinit(&opened);
}

/* R's package is compiled against libnode108 and says so by what it NEEDs. */
static void r_plugin_file(void **state)
{
    const char *source;
    char path[4352];
    struct abi abi;

    (void)state;
    snprintf(path, sizeof path, "%s/usr/lib/R/site-library/V8/libs/V8.so",
             fixture_world("r-cran-v8"));
    OPENED(opened, path);
    assert_int_equal(opened.instance_count, 0);
    assert_true(v8_infer(&opened.images[0], &abi, &source));
    assert_string_equal(abi.version, "10.2");
    assert_string_equal(abi.config, "stdlib=libstdc++");
    assert_string_equal(source, "inferred");
    opened_deinit(&opened);
}

/* ---- this process --------------------------------------------------------------------------------------- */

static size_t own_images(struct image *images, size_t max)
{
    void *self = dlopen(NULL, RTLD_NOW);
    struct link_map *map = NULL;
    size_t count = 0;

    assert_int_equal(dlinfo(self, RTLD_DI_LINKMAP, &map), 0);
    for (; map && count < max; map = map->l_next)
        count += image_read_map(map, &images[count], NULL) == ENGRAFT_OK;
    dlclose(self);
    return count;
}

static void v8_in_this_process(void **state)
{
    static struct image images[128];
    struct engine_instance instances[2];
    const char *copy = fixture_path("not-a-node.bin");
    const char *libraries = getenv("ENGRAFT_TEST_LIBNODE");
    size_t count, before = own_images(images, 128);
    void *handle;

    (void)state;
    assert_int_equal(probe_images(images, before, instances, 2), 0);
    if (!libraries)
        fixture_world("libnode108"); /* skips, with the reason */
    assert_non_null(libraries);
    fixture_run("cp '%s/libnode.so.108' '%s'", libraries, copy);
    handle = dlopen(copy, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        fail_msg("%s", dlerror());
    assert_null(dlsym(RTLD_DEFAULT, "_ZN2v82V810GetVersionEv"));

    count = own_images(images, 128);
    assert_true(count > before);
    assert_int_equal(probe_images(images, count, instances, 2), 1);
    assert_int_equal(instances[0].module_count, 1);
    assert_string_equal(instances[0].modules[0]->path, copy);
    assert_memory_equal(instances[0].abi.version, "10.2.154.26-node.", 17);
    assert_official_configuration(&instances[0]);
    assert_int_equal(instances[0].linkage, ENGRAFT_LINKAGE_SHARED);
    assert_int_equal(instances[0].ready, 0);

    const char *(*get_version)(void) = (const char *(*)(void))dlsym(handle,
                                                                    "_ZN2v82V810GetVersionEv");
    assert_non_null(get_version);
    assert_string_equal(instances[0].abi.version, get_version());
}

/* ---- other processes -------------------------------------------------------------------------------------- */

/* Runs a node that prints its V8's version, then waits until its input ends. */
static void assert_running_node(const char *node, int ready)
{
    static const char script[] =
        "process.stdin.resume(); console.log(process.versions.v8)";
    struct engine_instance instances[2];
    struct deep_modules modules;
    struct engraft_error error;
    char version[128] = "";
    int down[2], up[2];
    FILE *output;
    pid_t pid;

    assert_int_equal(pipe(down), 0);
    assert_int_equal(pipe(up), 0);
    pid = fork();
    if (pid == 0) {
        dup2(down[0], 0);
        dup2(up[1], 1);
        close(down[1]);
        close(up[0]);
        execlp(node, node, "-e", script, (char *)NULL);
        _exit(127);
    }
    close(down[0]);
    close(up[1]);
    output = fdopen(up[0], "r");
    assert_non_null(fgets(version, sizeof version, output));
    version[strcspn(version, "\n")] = '\0';

    if (pid_modules(pid, &modules, &error) != ENGRAFT_OK)
        fail_msg("%s", error.reason);
    assert_int_equal(probe_images(modules.images, modules.count, instances, 2), 1);
    assert_string_equal(instances[0].abi.version, version);
    assert_int_equal(instances[0].ready, ready);
    modules_release(&modules);

    close(down[1]);
    fclose(output);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void running_node_18(void **state)
{
    char path[4352];

    (void)state;
    snprintf(path, sizeof path, "%s/bin/node", fixture_world("node-18.20.8"));
    assert_running_node(path, 1);
}

static void running_node_of_the_machine(void **state)
{
    (void)state;
    if (system("node -e 0 >/dev/null 2>&1") != 0) {
        print_message("# no node on PATH\n");
        skip();
    }
    assert_running_node("node", 1);
}

/* The dynamic linker reads LD_LIBRARY_PATH when a program starts: libnode108's own dependencies are
 * found in the next start. */
static void start_again_with_libraries(char **arguments)
{
    const char *source = getenv("abs_top_srcdir");
    char command[4352], directory[4096], libraries[4352];
    FILE *output;

    if (getenv("ENGRAFT_TEST_LIBNODE"))
        return;
    snprintf(command, sizeof command, "'%s/tests/world' get libnode108 2>/dev/null",
             source ? source : ".");
    output = popen(command, "r");
    if (!output || !fgets(directory, sizeof directory, output) || pclose(output) != 0)
        return;
    directory[strcspn(directory, "\n")] = '\0';
    snprintf(libraries, sizeof libraries, "%s/usr/lib/x86_64-linux-gnu", directory);
    setenv("ENGRAFT_TEST_LIBNODE", libraries, 1);
    setenv("LD_LIBRARY_PATH", libraries, 1);
    execv("/proc/self/exe", arguments);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_engine_in_true),
        cmocka_unit_test(node_18_file),
        cmocka_unit_test(node_20_file),
        cmocka_unit_test(r_plugin_file),
        cmocka_unit_test(v8_in_this_process),
        cmocka_unit_test(running_node_18),
        cmocka_unit_test(running_node_of_the_machine),
    };

    (void)count;
    start_again_with_libraries(arguments);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
