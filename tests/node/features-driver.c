/* SPDX-License-Identifier: MIT */
/* See features.h. Opened by path, so that a process can have two of libengraft-node. */
#include "features.h"

#include <engraft-node.h>

#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { patience = 60000, signal_count = 65 }; /* milliseconds; signals are numbered from 1 to 64 */

#define API(row)                                                                                   \
    row(v8_running) row(start) row(stop) row(shutdown) row(pump) row(share) row(run_string)        \
    row(await) row(value_clear)

struct features {
#define MEMBER(name) __typeof__(engraft_node_##name) *name;
    API(MEMBER)
#undef MEMBER
    const char *script;
    const struct features_host *inside; /* the environment is in the host's isolate */
    engraft_node *node; /* of begin, use and end */
    struct sigaction handlers[signal_count];
    bool handlers_kept;
};

/* ---- what is printed */

__attribute__((format(printf, 3, 4))) static bool tell(bool ok, const char *name, const char *why,
                                                       ...)
{
    char reason[4096], *rest = reason, *line;
    va_list arguments;

    flockfile(stdout);
    printf("%s %s\n", ok ? "ok" : "not ok", name);
    va_start(arguments, why);
    vsnprintf(reason, sizeof(reason), why, arguments);
    va_end(arguments);
    while (!ok && (line = strsep(&rest, "\n")))
        printf("#   %s\n", line);
    fflush(stdout);
    funlockfile(stdout);
    return ok;
}

static bool tell_error(const char *name, const struct engraft_node_error *error)
{
    return tell(false, name, "status %d: %s\n%s", error->status, error->message, error->stack);
}

/* ---- an environment */

static engraft_node *start(struct features *features, const struct engraft_node_options *options)
{
    struct engraft_node_error error;
    engraft_node *node = NULL;

    if (features->start(options, &node, &error)) {
        tell_error("Node starts", &error);
        return NULL;
    }
    return node;
}

static void stop(struct features *features, engraft_node *node)
{
    struct engraft_node_error error;
    int exit_code = 0;

    if (features->stop(node, patience, &exit_code, &error))
        tell_error("Node stops", &error);
    else
        tell(exit_code == 0, "Node stops", "exit code %d", exit_code);
}

static enum engraft_node_status run_string(struct features *features, engraft_node *node,
                                           const char *source, unsigned flags,
                                           struct engraft_node_value *ret_value,
                                           struct engraft_node_error *reterr)
{
    return features->run_string(node, source, (size_t)-1, "driver.js", flags, ret_value, reterr);
}

/* In the host's isolate both are pumped: Node by Node, and the host's platform by the host. */
static enum engraft_node_status await_inside(struct features *features, engraft_node *node,
                                             const struct engraft_node_value *promise,
                                             struct engraft_node_value *ret_value,
                                             struct engraft_node_error *reterr)
{
    enum engraft_node_status status = ENGRAFT_NODE_TIMEOUT;

    for (int i = 0; i < patience && status == ENGRAFT_NODE_TIMEOUT; i++) {
        features->inside->pump();
        status = features->pump(node, 1, NULL, reterr);
        if (!status)
            status = features->await(node, promise, 0, 0, ret_value, reterr);
    }
    return status;
}

/* The result of JavaScript; a promise is waited for. */
static enum engraft_node_status run_and_wait(struct features *features, engraft_node *node,
                                             const char *source,
                                             struct engraft_node_value *ret_value,
                                             struct engraft_node_error *reterr)
{
    struct engraft_node_value promise = engraft_node_undefined();
    enum engraft_node_status status;

    if (!features->inside)
        return run_string(features, node, source, ENGRAFT_NODE_AWAIT, ret_value, reterr);
    status = run_string(features, node, source, 0, &promise, reterr);
    if (!status)
        status = await_inside(features, node, &promise, ret_value, reterr);
    features->value_clear(&promise);
    return status;
}

/* JavaScript whose result, which may be a promise, has to be `true`. */
static bool expect_true(struct features *features, engraft_node *node, const char *name,
                        const char *source)
{
    struct engraft_node_value value = engraft_node_undefined();
    struct engraft_node_error error;

    if (run_string(features, node, source, ENGRAFT_NODE_AWAIT, &value, &error))
        return tell_error(name, &error);
    bool ok = value.kind == ENGRAFT_NODE_BOOLEAN && value.as.boolean;
    tell(ok, name, "the result, of kind %d, is not true", value.kind);
    features->value_clear(&value);
    return ok;
}

/* ---- the features of features.js */

static const char *text_of(const struct engraft_node_value *object, const char *key)
{
    for (size_t i = 0; i < object->as.object.count; i++) {
        const struct engraft_node_property *property = &object->as.object.items[i];
        if (!strcmp(property->key, key) && property->value.kind == ENGRAFT_NODE_STRING)
            return property->value.as.text.data;
    }
    return "?";
}

/* features.js answers {name, ok, milliseconds, error}; `error` is empty when all is well. */
static void tell_answer(const char *name, const struct engraft_node_value *answer)
{
    const char *error = "no answer";

    if (answer->kind == ENGRAFT_NODE_OBJECT)
        error = text_of(answer, "error");
    tell(!*error, name, "%s", error);
}

/* False when the environment is gone. */
static bool run_feature(struct features *features, engraft_node *node, const char *name)
{
    struct engraft_node_value answer = engraft_node_undefined();
    struct engraft_node_error error;
    char source[4096];

    snprintf(source, sizeof(source), "require('%s').run(['%s']).then((results) => results[0])",
             features->script, name);
    if (run_and_wait(features, node, source, &answer, &error)) {
        tell_error(name, &error);
        return error.status == ENGRAFT_NODE_THROWN;
    }
    tell_answer(name, &answer);
    features->value_clear(&answer);
    return true;
}

static void run_all(struct features *features, engraft_node *node)
{
    struct engraft_node_value names = engraft_node_undefined();
    struct engraft_node_error error;
    char source[4096];

    snprintf(source, sizeof(source), "Object.keys(require('%s').features)", features->script);
    if (run_string(features, node, source, 0, &names, &error)) {
        tell_error("features.js is loaded", &error);
        return;
    }
    for (size_t i = 0; i < names.as.array.count; i++)
        if (!run_feature(features, node, names.as.array.items[i].as.text.data))
            break;
    features->value_clear(&names);
}

/* NAME+NAME; empty: all. */
static void run_named(struct features *features, engraft_node *node, const char *list)
{
    char names[1024], *rest = names, *name;

    snprintf(names, sizeof(names), "%s", list);
    if (!*names)
        run_all(features, node);
    while ((name = strsep(&rest, "+")) && *name)
        if (!run_feature(features, node, name))
            break;
}

static void do_run(struct features *features, const char *list)
{
    engraft_node *node = start(features, NULL);

    if (!node)
        return;
    run_named(features, node, list);
    stop(features, node);
}

/* ---- what ends an environment */

struct ending {
    const char *name, *source;
    size_t heap_limit;
    enum engraft_node_status status;
    int exit_code;
    const char *message;
};

#define FOREVER "; new Promise(() => {})"

static const struct ending endings[] = {
    {"an unhandled rejection ends the environment only",
     "setImmediate(() => Promise.reject(new RangeError('nobody waits')))" FOREVER, 0,
     ENGRAFT_NODE_ENDED, 1, "RangeError: nobody waits"},
    {"an uncaught exception ends the environment only",
     "setImmediate(() => { throw new TypeError('nobody catches') })" FOREVER, 0, ENGRAFT_NODE_ENDED,
     1, "TypeError: nobody catches"},
    {"process.exit(3) ends the environment only", "setImmediate(() => process.exit(3))" FOREVER, 0,
     ENGRAFT_NODE_ENDED, 3, ""},
    {"a full heap ends the environment only",
     "const all = []; for (;;) all.push(new Array(1000).fill(all.length))", 64, ENGRAFT_NODE_MEMORY,
     -1, ""},
};

static void do_ending(struct features *features, const struct ending *ending)
{
    struct engraft_node_options options = {.size = sizeof(options)};
    struct engraft_node_error error = {.status = ENGRAFT_NODE_OK}, unused;
    engraft_node *node;

    options.heap_limit = ending->heap_limit;
    node = start(features, &options);
    if (!node)
        return;
    run_string(features, node, ending->source, ENGRAFT_NODE_AWAIT, NULL, &error);
    tell(error.status == ending->status && strstr(error.message, ending->message) &&
             (ending->exit_code < 0 || error.exit_code == ending->exit_code),
         ending->name, "status %d, exit code %d: %s", error.status, error.exit_code, error.message);
    features->stop(node, patience, NULL, &unused);
}

static void do_ends(struct features *features)
{
    engraft_node *node;

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
        do_ending(features, &endings[i]);
    node = start(features, NULL);
    if (!node)
        return;
    expect_true(features, node, "another environment starts behind those",
                "import('fs').then((fs) => typeof fs.readFileSync === 'function')");
    stop(features, node);
}

/* ---- growth */

struct usage {
    long threads, files, kilobytes;
};

static long count_entries(const char *directory)
{
    DIR *stream = opendir(directory);
    long count = 0;

    while (stream && readdir(stream))
        count++;
    if (stream)
        closedir(stream);
    return count;
}

/* Without pages of files, which come and go with those who share them. */
static long anonymous_kilobytes(void)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    char line[256];
    long sum = 0, number;

    malloc_trim(0);
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "Anonymous: %ld", &number) == 1 ||
            sscanf(line, "Swap: %ld", &number) == 1)
            sum += number;
    if (file)
        fclose(file);
    return sum;
}

static struct usage usage_now(void)
{
    struct usage usage = {count_entries("/proc/self/task"), count_entries("/proc/self/fd"), 0};

    usage.kilobytes = anonymous_kilobytes();
    return usage;
}

/* False when that failed; it has been told. */
static bool restart(struct features *features)
{
    struct engraft_node_value value = engraft_node_undefined();
    struct engraft_node_error error;
    engraft_node *node = start(features, NULL);

    if (!node)
        return false;
    if (run_string(features, node, "require('crypto').randomBytes(42).length", 0, &value, &error) ||
        features->stop(node, patience, NULL, &error))
        return tell_error("an environment for a moment", &error);
    return value.as.number == 42 || tell(false, "an environment for a moment", "no 42");
}

/* Threads that have been joined may be seen for a moment longer in /proc; files may not. */
static void do_restarts(struct features *features, long count)
{
    long warm = count / 5 > 5 ? count / 5 : 5;
    struct usage before, after;
    char name[128];

    for (long i = 0; i < warm; i++)
        if (!restart(features))
            return;
    before = usage_now();
    for (long i = 0; i < count; i++)
        if (!restart(features))
            return;
    after = usage_now();
    printf("# after %ld starts and stops: %ld threads, %ld files, %ld KiB; after %ld: %ld, %ld, "
           "%ld\n", warm, before.threads, before.files, before.kilobytes, warm + count, after.threads,
           after.files, after.kilobytes);
    snprintf(name, sizeof(name), "%ld starts and stops leave no thread", count);
    tell(after.threads <= before.threads, name, "%ld, then %ld", before.threads, after.threads);
    snprintf(name, sizeof(name), "%ld starts and stops leave no file open", count);
    tell(after.files <= before.files, name, "%ld, then %ld", before.files, after.files);
    snprintf(name, sizeof(name), "%ld starts and stops take no memory", count);
    tell(after.kilobytes - before.kilobytes < 4096 + 4 * count, name, "%ld KiB, then %ld",
         before.kilobytes, after.kilobytes);
}

/* ---- signal handlers */

/* SA_RESTORER, of Linux' own interface: set by the C library whenever somebody calls sigaction(). */
enum { set_by_library = 0x04000000 };

static bool same_handler(const struct sigaction *one, const struct sigaction *other)
{
    return one->sa_handler == other->sa_handler &&
           ((one->sa_flags ^ other->sa_flags) & ~set_by_library) == 0 &&
           !memcmp(&one->sa_mask, &other->sa_mask, sizeof(unsigned long));
}

static void do_signals(struct features *features)
{
    char changed[512] = "";
    size_t length = 0;

    for (int number = 1; number < signal_count; number++) {
        struct sigaction now;
        memset(&now, 0, sizeof(now));
        if (sigaction(number, NULL, &now))
            continue; /* two that are the C library's own */
        if (!features->handlers_kept)
            features->handlers[number] = now;
        else if (!same_handler(&now, &features->handlers[number]) && length < sizeof(changed) - 16)
            length += (size_t)snprintf(changed + length, sizeof(changed) - length, " %d", number);
    }
    if (features->handlers_kept)
        tell(!*changed, "the handlers of all signals are as they were", "changed:%s", changed);
    features->handlers_kept = true;
}

/* ---- an environment that stays */

static void do_begin(struct features *features)
{
    features->node = start(features, NULL);
    if (features->node)
        tell(true, "Node starts", " ");
}

/* Something for each way to V8's platform: promises, timers, workers, asynchronous WebAssembly. */
static void do_use(struct features *features)
{
    if (features->node)
        run_named(features, features->node,
                  "http+workerThreads+wasm+atomicsWaitAsync+weakReferences");
}

static void do_end(struct features *features)
{
    if (features->node)
        stop(features, features->node);
    features->node = NULL;
}

static void do_shutdown(struct features *features)
{
    struct engraft_node_error error;

    if (features->shutdown(&error))
        tell_error("Node is shut down", &error);
    else
        tell(true, "Node is shut down", " ");
}

/* ---- in an isolate of the host */

static void expect_refusal(struct features *features, const char *name)
{
    struct engraft_node_options options = {.size = sizeof(options), .mode = ENGRAFT_NODE_IN_HOST};
    struct engraft_node_error error = {.status = ENGRAFT_NODE_OK};
    engraft_node *node = NULL;

    features->start(&options, &node, &error);
    tell(error.status == ENGRAFT_NODE_ISOLATE && *error.message, name, "status %d: %s", error.status,
         error.message);
    printf("# %s\n", error.message);
    if (node)
        features->stop(node, 0, NULL, &error);
}

/* Pumps until the host's script says something else than "pending". */
static void expect_settled(struct features *features, engraft_node *node, const char *name,
                           const struct features_host *host, const char *expected)
{
    struct engraft_node_error error = {.status = ENGRAFT_NODE_OK};
    const char *answer = "";

    for (int i = 0; i < patience; i++) {
        host->pump();
        if (features->pump(node, 1, NULL, &error))
            break;
        answer = host->evaluate("String(answer)");
        if (strcmp(answer, "pending"))
            break;
    }
    tell(!error.status && !strcmp(answer, expected), name, "status %d, %s instead of %s",
         error.status, answer, expected);
}

/* The host's own script gets Node's `require`, in the host's own context. */
static void use_from_host(struct features *features, engraft_node *node,
                          const struct features_host *host)
{
    struct engraft_node_error error;
    const char *answer;

    if (features->share(node, host->context, NULL, NULL, &error)) {
        tell_error("the host's context gets require()", &error);
        return;
    }
    answer = host->evaluate("typeof require + typeof globalThis.process + "
                            "require('path').basename('/a/b') + (require('fs') === require('fs'))");
    tell(!strcmp(answer, "functionundefinedbtrue"), "the host's context gets require()", "%s",
         answer);
    host->evaluate("var answer = 'pending'; require('fs').promises.readFile('/proc/self/comm')"
                   ".then((data) => answer = data.length > 1, (error) => answer = error)");
    expect_settled(features, node, "the host's script reads a file", host, "true");
    host->evaluate("answer = 'pending'; { const http = require('http');"
                   "const server = http.createServer((ask, reply) => reply.end('served'));"
                   "server.listen(0, '127.0.0.1', () => http.get({port: server.address().port,"
                   "host: '127.0.0.1', agent: false}, (reply) => reply.on('data', (data) => {"
                   "answer = String(data); server.close(); }))) }");
    expect_settled(features, node, "the host's script serves http", host, "served");
    host->evaluate("answer = 'pending'; { const {Worker} = require('worker_threads');"
                   "new Worker('require(`worker_threads`).parentPort.postMessage(6 * 7)',"
                   "{eval: true}).on('message', (number) => answer = number) }");
    expect_settled(features, node, "the host's script has a worker", host, "42");
}

static engraft_node *start_in_host(struct features *features, const struct features_host *host)
{
    struct engraft_node_options options = {.size = sizeof(options), .mode = ENGRAFT_NODE_IN_HOST};

    options.isolate = host->isolate;
    features->inside = host;
    return start(features, &options);
}

static void do_inside(struct features *features, const struct features_host *host)
{
    engraft_node *node = start_in_host(features, host);
    const char *answer;

    if (!node)
        return;
    use_from_host(features, node, host);
    run_named(features, node, "");
    stop(features, node);
    features->inside = NULL;
    answer = host->evaluate("try { require('fs'); 'returned' } catch (error) { 'threw' }");
    tell(!strcmp(answer, "threw"), "require() throws behind the stop", "it %s", answer);
    answer = host->evaluate("[1, 2, 3].map((number) => number * 14).join()");
    tell(!strcmp(answer, "14,28,42"), "the host's context works behind the stop", "%s", answer);
}

static void do_handed(struct features *features, const struct features_host *host,
                      const char *list)
{
    engraft_node *node = start_in_host(features, host);

    if (!node)
        return;
    run_named(features, node, list);
    stop(features, node);
    features->inside = NULL;
}

/* ---- words */

static bool is_word(const char *given, const char *word, const char **ret_argument)
{
    size_t length = strlen(word);

    *ret_argument = given + length;
    if (!strncmp(given, word, length) && given[length] == ':')
        ++*ret_argument;
    else if (strcmp(given, word))
        return false;
    return true;
}

bool features_do(struct features *features, const char *word, const struct features_host *host)
{
    const char *argument;

    if (is_word(word, "run", &argument))
        do_run(features, argument);
    else if (is_word(word, "restarts", &argument))
        do_restarts(features, strtol(argument, NULL, 10));
    else if (is_word(word, "ends", &argument))
        do_ends(features);
    else if (is_word(word, "signals", &argument))
        do_signals(features);
    else if (is_word(word, "begin", &argument))
        do_begin(features);
    else if (is_word(word, "use", &argument))
        do_use(features);
    else if (is_word(word, "end", &argument))
        do_end(features);
    else if (is_word(word, "refused", &argument))
        expect_refusal(features, "no isolate is entered: refused");
    else if (is_word(word, "taken", &argument))
        expect_refusal(features, "the isolate has Node already: refused");
    else if (is_word(word, "inside", &argument))
        do_inside(features, host);
    else if (is_word(word, "handed", &argument))
        do_handed(features, host, argument);
    else if (is_word(word, "shutdown", &argument))
        do_shutdown(features);
    else
        return false;
    return true;
}

static bool find_api(struct features *features, void *library)
{
    void *address;

#define FIND(name)                                                                                 \
    address = dlsym(library, "engraft_node_" #name);                                               \
    memcpy(&features->name, &address, sizeof(address));                                            \
    if (!address)                                                                                  \
        return tell(false, "the library is loaded", "%s", dlerror());
    API(FIND)
#undef FIND
    return true;
}

struct features *features_open(const char *library, const char *script)
{
    struct features *features = calloc(1, sizeof(*features));
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);

    if (!features || !handle) {
        tell(false, "the library is loaded", "%s", handle ? "memory" : dlerror());
        free(features);
        return NULL;
    }
    if (!find_api(features, handle)) {
        free(features);
        return NULL;
    }
    features->script = script;
    printf("# %s on V8 %s\n", library, features->v8_running());
    tell(true, "the library is loaded", " ");
    return features;
}
