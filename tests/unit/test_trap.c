/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/trap_call.h"
#include "trap_live.h"

static struct trap_info info_for(const char *symbol, bool returns)
{
    return (struct trap_info){
        .symbol = symbol,
        .plugin = "/plugins/plug.so",
        .plugin_abi = "v8:10.2",
        .host = "/usr/lib/libhost.so",
        .host_abi = "v8:12.4",
        .returns = returns,
    };
}

/* ---- what a trap says -------------------------------------------------------------------------------- */

/* Calls the trap in a child; its standard error and how it ended. */
static void call_in_child(uint64_t address, char *text, size_t size, int *ret_status)
{
    int ends[2];
    size_t length = 0;
    ssize_t got;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        ((void (*)(void))(uintptr_t)address)();
        _exit(0);
    }
    close(ends[1]);
    while ((got = read(ends[0], text + length, size - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, ret_status, 0), child);
}

static void expect_words(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (!strstr(text, *words))
            fail_msg("\"%s\" is not in: %s", *words, text);
}

static void test_abort(void **state)
{
    static const char *const words[] = {"some_function", "/plugins/plug.so", "v8:10.2",
                                        "/usr/lib/libhost.so", "v8:12.4", "ENGRAFT_TRAP", NULL};
    struct trap_info info = info_for("some_function", false);
    uint64_t trap = trap_create(&info);
    char text[4096];
    int status;

    (void)state;
    assert_true(trap);
    call_in_child(trap, text, sizeof text, &status);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    expect_words(text, words);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1); /* one line */
    trap_destroy(trap);
}

static void test_return(void **state)
{
    static const char *const words[] = {"some_function", "returning 0", NULL};
    struct trap_info info = info_for("some_function", true);
    uint64_t trap = trap_create(&info);
    char text[4096];
    int status;

    (void)state;
    call_in_child(trap, text, sizeof text, &status);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    expect_words(text, words);
    trap_destroy(trap);
}

/* With a C++ runtime in the process, the name is also told as C++. */
static void test_demangled(void **state)
{
    static const char *const words[] = {"v8::Value::IsObject() const", "_ZNK2v85Value8IsObjectEv",
                                        NULL};
    struct trap_info info = info_for("_ZNK2v85Value8IsObjectEv", false);
    void *runtime = dlopen("libstdc++.so.6", RTLD_NOW);
    uint64_t trap = trap_create(&info);
    char text[4096];
    int status;

    (void)state;
    assert_non_null(runtime);
    call_in_child(trap, text, sizeof text, &status);
    expect_words(text, words);
    trap_destroy(trap);
    dlclose(runtime);
}

/* ---- what a trap leaves alone ---------------------------------------------------------------------------- */

static int silence_begin(void)
{
    int before = dup(STDERR_FILENO);

    freopen("/dev/null", "w", stderr);
    return before;
}

static void silence_end(int before)
{
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
}

static long returns_one(void)
{
    return 1;
}

static void test_registers(void **state)
{
    struct trap_info info = info_for("some_function", true);
    uint64_t trap = trap_create(&info);
    int before = silence_begin();
    const char *changed = trap_call_watched(trap);

    (void)state;
    silence_end(before);
    assert_non_null(trap_call_watched((uint64_t)(uintptr_t)returns_one)); /* that is no trap */
    if (changed)
        fail_msg("the trap did not keep or clear %s", changed);
    assert_true(trap_hits(trap) > 0);
    trap_destroy(trap);
}

static void test_signatures(void **state)
{
    struct trap_info info = info_for("some_function", true);
    uint64_t trap = trap_create(&info);
    void *address = (void *)(uintptr_t)trap;
    int before = silence_begin();

    (void)state;
    assert_int_equal(((int (*)(const char *, ...))address)("%d %f", 1, 2.0), 0);
    assert_null(((void *(*)(long, long, long, long, long, long, long, long))address)(1, 2, 3, 4, 5,
                                                                                    6, 7, 8));
    assert_true(((double (*)(double, float))address)(1.5, 2.5f) == 0);
    assert_int_equal((int)((bool (*)(void))address)(), 0);
    __int128 pair = ((__int128(*)(void))address)();
    assert_true(pair == 0);
    silence_end(before);
    assert_int_equal(trap_hits(trap), 5);
    trap_destroy(trap);
}

/* ---- their number ------------------------------------------------------------------------------------------ */

static void test_all_of_them(void **state)
{
    static uint64_t traps[TRAP_COUNT];
    static char names[TRAP_COUNT][16];
    unsigned free_before = traps_free();
    int before;

    (void)state;
    assert_int_equal(free_before, TRAP_COUNT);
    before = silence_begin();
    for (unsigned i = 0; i < TRAP_COUNT; i++) {
        struct trap_info info = info_for(names[i], true);

        text_format(names[i], sizeof names[i], "name%u", i);
        traps[i] = trap_create(&info);
        assert_true(traps[i]);
    }
    assert_int_equal(traps_free(), 0);
    struct trap_info more = info_for("one_more", true);
    assert_int_equal(trap_create(&more), 0);
    for (unsigned i = 0; i < TRAP_COUNT; i += 97) { /* each thunk is its own */
        ((void (*)(void))(uintptr_t)traps[i])();
        assert_int_equal(trap_hits(traps[i]), 1);
    }
    silence_end(before);
    trap_destroy(traps[100]);
    trap_destroy(traps[100]); /* twice counts once */
    assert_int_equal(traps_free(), 1);
    assert_int_equal(trap_create(&more), traps[100]);
    assert_int_equal(trap_hits(traps[100]), 0);
    for (unsigned i = 0; i < TRAP_COUNT; i++)
        trap_destroy(traps[i]);
    assert_int_equal(traps_free(), TRAP_COUNT);
    trap_destroy(0); /* no trap: nothing happens */
    trap_destroy((uint64_t)(uintptr_t)traps);
    assert_int_equal(traps_free(), TRAP_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_abort),     cmocka_unit_test(test_return),
        cmocka_unit_test(test_demangled),
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_signatures), cmocka_unit_test(test_all_of_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
