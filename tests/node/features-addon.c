/* SPDX-License-Identifier: MIT */
/*
 * The plugin of features-driver.c as an addon, for hosts that are a node executable: start() runs
 * words of features.h on a thread, and JavaScript goes on meanwhile.
 *
 *   open(library, script)   one that runs them; throws if it cannot be loaded
 *   start(plugin, words)    a string of words with blanks between them
 *   done()                  whether that thread has ended
 *   now(plugin, word)       here, on the thread that runs JavaScript
 */
#include "features.h"

#include <node_api.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { most_plugins = 2 };

static struct features *opened[most_plugins];
static int opened_count;

struct job {
    struct features *features;
    char words[1024];
};

static struct job job;
static atomic_bool job_done;
static const struct features_host nothing;

static void run_words(struct features *features, char *words)
{
    char *word;

    while ((word = strsep(&words, " ")))
        if (!features_do(features, word, &nothing))
            abort();
}

static void *run_job(void *unused)
{
    (void)unused;
    run_words(job.features, job.words);
    job_done = true;
    return NULL;
}

/* ---- from JavaScript; a wrong argument is an exception already */

static bool get_text(napi_env env, napi_value value, char *ret_text, size_t size)
{
    return napi_get_value_string_utf8(env, value, ret_text, size, NULL) == napi_ok;
}

static struct features *get_features(napi_env env, napi_value value)
{
    int32_t index = 0;

    napi_get_value_int32(env, value, &index);
    return opened[index];
}

static napi_value throw_error(napi_env env, const char *message)
{
    napi_throw_error(env, NULL, message);
    return NULL;
}

static napi_value call_open(napi_env env, napi_callback_info info)
{
    static char script[4096];
    char library[4096];
    napi_value arguments[2], result;
    size_t count = 2;

    napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
    if (!get_text(env, arguments[0], library, sizeof(library)) ||
        !get_text(env, arguments[1], script, sizeof(script)))
        return throw_error(env, "two strings are wanted");
    if (opened_count == most_plugins || !(opened[opened_count] = features_open(library, script)))
        return throw_error(env, "it cannot be loaded");
    napi_create_int32(env, opened_count++, &result);
    return result;
}

static napi_value call_start(napi_env env, napi_callback_info info)
{
    napi_value arguments[2];
    size_t count = 2;
    pthread_t thread;

    napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
    job.features = get_features(env, arguments[0]);
    job_done = false;
    if (!get_text(env, arguments[1], job.words, sizeof(job.words)) ||
        pthread_create(&thread, NULL, run_job, NULL))
        return throw_error(env, "no thread");
    pthread_detach(thread);
    return NULL;
}

static napi_value call_done(napi_env env, napi_callback_info info)
{
    napi_value result;

    (void)info;
    napi_get_boolean(env, job_done, &result);
    return result;
}

static napi_value call_now(napi_env env, napi_callback_info info)
{
    napi_value arguments[2];
    size_t count = 2;
    char word[256];

    napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
    if (!get_text(env, arguments[1], word, sizeof(word)))
        return throw_error(env, "a string is wanted");
    run_words(get_features(env, arguments[0]), word);
    return NULL;
}

NAPI_MODULE_INIT()
{
    const struct {
        const char *name;
        napi_callback function;
    } functions[] = {
        {"open", call_open}, {"start", call_start}, {"done", call_done}, {"now", call_now}};

    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        napi_value function;
        if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function,
                                 NULL, &function) != napi_ok ||
            napi_set_named_property(env, exports, functions[i].name, function) != napi_ok)
            return NULL;
    }
    return exports;
}
