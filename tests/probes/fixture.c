/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME(symbol) "__asm__(\"" symbol "\")"

const char fake_v8[] =
    "#ifndef EMBEDDER\n#define EMBEDDER \"\"\n#endif\n"
    "int major_ " NAME("_ZN2v88internal7Version6major_E") " = MAJOR;\n"
    "int minor_ " NAME("_ZN2v88internal7Version6minor_E") " = MINOR;\n"
    "int build_ " NAME("_ZN2v88internal7Version6build_E") " = BUILD;\n"
    "int patch_ " NAME("_ZN2v88internal7Version6patch_E") " = PATCH;\n"
    "const char *embedder_ " NAME("_ZN2v88internal7Version9embedder_E") " = EMBEDDER;\n"
    "#ifdef TEXT\n"
    "const char *text_ " NAME("_ZN2v88internal7Version15version_string_E") " = TEXT;\n"
    "#endif\n"
    "void *platform_ " NAME("_ZN2v88internal2V89platform_E") ";\n"
    "#ifdef TAGGED\nint tagged " NAME("v8dbg_TaggedSize") " = TAGGED;\n#endif\n"
    "#ifdef SMI_SHIFT\nint shift " NAME("v8dbg_SmiShiftSize") " = SMI_SHIFT;\n#endif\n"
    "#ifdef SANDBOX\nvoid sandbox(void) " NAME("_ZN2v82V822GetSandboxAddressSpaceEv") ";\n"
    "void sandbox(void) {}\n#endif\n"
    "#ifdef LIBCXX\nvoid make(void) " NAME("_ZN2v811ArrayBuffer3NewEPNS_7IsolateENSt4__Cr"
    "10shared_ptrINS_12BackingStoreEEE") ";\nvoid make(void) {}\n#endif\n"
    "const char *version(void) " NAME("_ZN2v82V810GetVersionEv") ";\n"
    "const char *version(void) { return embedder_; }\n";

static char directory[64];
static pid_t owner;

static void directory_remove(void)
{
    if (getpid() == owner) /* not in a child that a test forked */
        fixture_run("rm -rf '%s'", directory);
}

const char *fixture_directory(void)
{
    if (!directory[0]) {
        strcpy(directory, "/tmp/engraft-probes-XXXXXX");
        assert_non_null(mkdtemp(directory));
        owner = getpid();
        atexit(directory_remove);
    }
    return directory;
}

const char *fixture_path(const char *name)
{
    static char paths[256][96];
    static size_t count;
    char *path = paths[count++];

    assert_true(count <= sizeof paths / sizeof *paths);
    assert_true(snprintf(path, sizeof paths[0], "%s/%s", fixture_directory(), name) <
                (int)sizeof paths[0]);
    return path;
}

static int run(const char *format, va_list arguments)
{
    char *command = NULL;
    int status;

    assert_true(vasprintf(&command, format, arguments) > 0);
    status = system(command);
    if (status != 0)
        print_message("# exit status %d: %s\n", status, command);
    free(command);
    return status;
}

static int run_quietly(const char *format, ...)
{
    va_list arguments;
    int status;

    va_start(arguments, format);
    status = run(format, arguments);
    va_end(arguments);
    return status;
}

void fixture_run(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    assert_int_equal(run(format, arguments), 0);
    va_end(arguments);
}

bool fixture_try(const char *name, const char *source, const char *flags)
{
    const char *compiler = getenv("CC"), *path = fixture_path(name);
    char file[128];

    snprintf(file, sizeof file, "%s.c", path);
    fixture_write(file, source, strlen(source));
    return run_quietly("cd '%s' && %s -w -O1 -fPIC %s -o '%s' '%s' %s >/dev/null 2>&1",
                       fixture_directory(), compiler && *compiler ? compiler : "cc",
                       strstr(flags, "-rdynamic") ? "" : "-shared", name, file, flags) == 0;
}

const char *fixture_build(const char *name, const char *source, const char *flags)
{
    assert_true(fixture_try(name, source, flags));
    return fixture_path(name);
}

void fixture_write(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

void *fixture_read(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "r");
    struct stat stat_buffer;
    void *bytes;

    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &stat_buffer), 0);
    *ret_size = (size_t)stat_buffer.st_size;
    bytes = malloc(*ret_size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *ret_size, file), *ret_size);
    fclose(file);
    return bytes;
}

const char *fixture_world(const char *name)
{
    static char directory[4096];
    const char *source = getenv("abs_top_srcdir");
    char command[4352];
    FILE *output;

    snprintf(command, sizeof command, "'%s/tests/world' get %s", source ? source : ".", name);
    output = popen(command, "r");
    assert_non_null(output);
    if (!fgets(directory, sizeof directory, output))
        directory[0] = '\0';
    directory[strcspn(directory, "\n")] = '\0';
    if (pclose(output) != 0 || !directory[0]) {
        print_message("# %s cannot be had here\n", name);
        skip();
    }
    return directory;
}

void opened_init(struct opened *opened, const char *const *paths)
{
    opened->count = 0;
    for (; *paths; paths++) {
        struct deep_modules modules;
        struct engraft_error error;

        assert_true(opened->count < sizeof opened->images / sizeof *opened->images);
        if (file_modules(*paths, &modules, &error) != ENGRAFT_OK)
            fail_msg("%s: %s", *paths, error.reason);
        opened->images[opened->count++] = modules.images[0];
        free(modules.images);
    }
    opened->instance_count =
        probe_images(opened->images, opened->count, opened->instances, ENGINE_MAX);
}

void opened_deinit(struct opened *opened)
{
    for (size_t i = 0; i < opened->count; i++)
        reader_close(&opened->images[i]);
}

bool has_evidence(const struct engine_instance *instance, const char *kind, const char *text)
{
    for (unsigned i = 0; i < instance->evidence_count; i++)
        if (strcmp(instance->evidence[i].kind, kind) == 0 &&
            strstr(instance->evidence[i].detail, text))
            return true;
    return false;
}
