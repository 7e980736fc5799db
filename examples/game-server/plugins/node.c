/* SPDX-License-Identifier: MIT */
/*
 * Node.js as a plugin of the game server, in C: Node runs on a thread of its own, on the V8 that
 * the game has brought. What it does is told by the words in GAME_NODE:
 *
 *   (nothing)   it runs and has nothing to do
 *   calls       in each tick the game's JavaScript calls Node's, and this plugin calls both
 *   serving     it serves http on a loopback port, and a worker thread of its own asks it
 *   features    it runs the checks of the file in GAME_NODE_FEATURES while the game is running
 *   restarts    in each tick it is ended and started again
 *
 * service.js, beside this file, is Node's part.
 */
#include "game-plugin.h"

#include <engraft-node.h>

#include <dlfcn.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE = 60000 }; /* milliseconds for what must not take long */

static const struct game_api *api;
static engraft_node *node;
static struct engraft_node_value service;  /* what service.js exports */
static struct engraft_node_value answer;   /* its function for `calls` */
static struct engraft_node_value features; /* the promise of its report */
static bool calls, restarts;
static unsigned long ticks, wrong;

static bool complain(const char *what, const struct engraft_node_error *error)
{
    char line[1024];

    snprintf(line, sizeof(line), "%s: %s", what, error->message);
    api->log(line);
    return false;
}

static bool wanted(const char *word)
{
    const char *words = getenv("GAME_NODE");

    return words && strstr(words, word);
}

/* The directory of this file, from which service.js is loaded. */
static bool find_root(char *ret_root)
{
    Dl_info own;
    char *slash;

    if (!dladdr(&api, &own) || !realpath(own.dli_fname, ret_root))
        return false;
    slash = strrchr(ret_root, '/');
    *slash = '\0';
    return true;
}

static bool start(void)
{
    struct engraft_node_options options = {.size = sizeof(options)};
    struct engraft_node_error error;
    char root[PATH_MAX];

    if (!find_root(root))
        return false;
    options.root = root;
    if (engraft_node_start(&options, &node, &error))
        return complain("Node did not start", &error);
    if (engraft_node_run_file(node, "service.js", ENGRAFT_NODE_BY_REFERENCE, &service, &error) ||
        engraft_node_get(node, &service, "answer", 0, &answer, &error))
        return complain("service.js", &error);
    return true;
}

static bool stop(void)
{
    struct engraft_node_error error;
    int exit_code;

    engraft_node_value_clear(&answer);
    engraft_node_value_clear(&service);
    if (engraft_node_stop(node, PATIENCE, &exit_code, &error))
        return complain("Node did not stop", &error);
    return exit_code == 0;
}

/* Calls a function of service.js; a promise that it returns is waited for. The result is text. */
static bool ask_service(const char *function, struct engraft_node_value *ret_text)
{
    struct engraft_node_value callee = engraft_node_undefined();
    struct engraft_node_error error;
    bool fine = !engraft_node_get(node, &service, function, 0, &callee, &error) &&
                !engraft_node_call(node, &callee, NULL, NULL, 0, ENGRAFT_NODE_AWAIT, ret_text,
                                   &error);

    engraft_node_value_clear(&callee);
    return fine || complain(function, &error);
}

static void log_value(const char *what, const struct engraft_node_value *value)
{
    char line[16384];

    snprintf(line, sizeof(line), "%s: %s", what,
             value->kind == ENGRAFT_NODE_STRING ? value->as.text.data : "no text");
    api->log(line);
}

static bool begin(const char *function, struct engraft_node_value *ret_value)
{
    struct engraft_node_value callee = engraft_node_undefined();
    struct engraft_node_error error;
    bool fine =
        !engraft_node_get(node, &service, function, 0, &callee, &error) &&
        !engraft_node_call(node, &callee, NULL, NULL, 0, 0, ret_value, &error);

    engraft_node_value_clear(&callee);
    return fine || complain(function, &error);
}

/* JSON to JSON, on Node's thread. `user` is not needed: there is one Node. */
static int call_node(void *user, const char *arguments, char *ret_result, size_t size)
{
    struct engraft_node_value argument = engraft_node_text(arguments, strlen(arguments));
    struct engraft_node_value result = engraft_node_undefined();
    struct engraft_node_error error;

    (void)user;
    if (engraft_node_call(node, &answer, NULL, &argument, 1, 0, &result, &error)) {
        snprintf(ret_result, size, "%s", error.message);
        return -1;
    }
    snprintf(ret_result, size, "%s",
             result.kind == ENGRAFT_NODE_STRING ? result.as.text.data : "null");
    engraft_node_value_clear(&result);
    return 0;
}

/* The game calls Node; Node's answer goes to a function of the game. */
static bool call_both(unsigned long number)
{
    char arguments[96], doubled[64], result[128], expected[64];

    snprintf(arguments, sizeof(arguments), "[\"node_answer\", \"double\", %lu]", number);
    snprintf(expected, sizeof(expected), "%lu", 2 * number);
    if (api->call("ask", arguments, doubled, sizeof(doubled)) || strcmp(doubled, expected))
        return false;
    snprintf(arguments, sizeof(arguments), "[%s, 1]", doubled);
    snprintf(expected, sizeof(expected), "%lu", 2 * number + 1);
    if (api->call("add", arguments, result, sizeof(result)) || strcmp(result, expected))
        return false;
    return api->call("ask", "[\"node_answer\", \"refuse\"]", result, sizeof(result)) == -1 &&
           !strcmp(result, "Error: RangeError: so says Node");
}

int game_plugin_load(const struct game_api *server)
{
    struct engraft_node_value text = engraft_node_undefined();
    char line[256];

    api = server;
    calls = wanted("calls");
    restarts = wanted("restarts");
    if (!start())
        return -1;
    snprintf(line, sizeof(line), "Node %s, compiled for V8 %s, runs on V8 %s",
             engraft_node_version(), engraft_node_v8_version(), engraft_node_v8_running());
    api->log(line);
    if (calls && api->register_function("node_answer", call_node, NULL))
        return -1;
    if (wanted("features") && !begin("features", &features))
        return -1;
    if (wanted("serving")) {
        if (!ask_service("serve", &text))
            return -1;
        log_value("serving", &text);
        engraft_node_value_clear(&text);
    }
    return 0;
}

void game_plugin_tick(void)
{
    ticks++;
    if (calls)
        wrong += !call_both(api->tick());
    if (restarts && node)
        wrong += !stop() || !start();
}

static void report_features(void)
{
    struct engraft_node_value report = engraft_node_undefined();
    struct engraft_node_error error;

    if (engraft_node_await(node, &features, PATIENCE, 0, &report, &error))
        complain("features", &error);
    else
        log_value("features", &report);
    engraft_node_value_clear(&report);
    engraft_node_value_clear(&features);
}

void game_plugin_unload(void)
{
    struct engraft_node_value text = engraft_node_undefined();
    struct engraft_node_error error;
    char line[128];

    if (features.kind == ENGRAFT_NODE_PROMISE)
        report_features();
    if (ask_service("finish", &text))
        log_value("finished", &text);
    engraft_node_value_clear(&text);
    wrong += !stop();
    if (engraft_node_shutdown(&error))
        complain("Node was not shut down", &error);
    snprintf(line, sizeof(line), "%lu ticks, %lu wrong", ticks, wrong);
    api->log(line);
}
