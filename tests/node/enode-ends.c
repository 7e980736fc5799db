/* SPDX-License-Identifier: MIT */
/* How environments end, and what the process looks like afterwards. */
#include "enode-test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const size_t all = (size_t)-1;

static enum engraft_node_status run_status(engraft_node *node, const char *source)
{
    return engraft_node_run_string(node, source, all, "end.js", 0, NULL, &error);
}

/* Waits until the environment has ended by itself. */
static enum engraft_node_status wait_for_end(engraft_node *node)
{
    return engraft_node_run_string(node, "new Promise(() => {})", all, NULL, ENGRAFT_NODE_AWAIT,
                                   NULL, &error);
}

static void check_exit(void)
{
    engraft_node *node = start_node();
    int exit_code = -1;
    EXPECT_STATUS(ENGRAFT_NODE_ENDED, run_status(node, "process.exit(7); for (;;);"));
    EXPECT(error.exit_code == 7);
    EXPECT_TEXT("process.exit(7)", error.message);
    EXPECT_STATUS(ENGRAFT_NODE_ENDED, run_status(node, "1"));
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_stop(node, 1000, &exit_code, &error));
    EXPECT(exit_code == 7);

    node = start_node(); /* later, by itself; and nobody asks before the stop */
    EXPECT_STATUS(ENGRAFT_NODE_OK, run_status(node, "setTimeout(() => process.exit(3), 5)"));
    EXPECT_STATUS(ENGRAFT_NODE_ENDED, wait_for_end(node));
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_stop(node, 0, &exit_code, &error));
    EXPECT(exit_code == 3);

    node = start_node();
    EXPECT_STATUS(ENGRAFT_NODE_OK, run_status(node, "process.exitCode = 5"));
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_stop(node, -1, &exit_code, &error));
    EXPECT(exit_code == 5);
}

static enum engraft_node_status exit_inside(engraft_node *node, void *user,
                                            const struct engraft_node_value *arguments, size_t count,
                                            struct engraft_node_value *ret_value,
                                            struct engraft_node_error *reterr)
{
    (void)arguments, (void)count, (void)ret_value;
    *(enum engraft_node_status *)user = engraft_node_run_string(node, "process.exit(4)", all, NULL,
                                                               0, NULL, reterr);
    return ENGRAFT_NODE_OK;
}

static void check_exit_inside(void)
{
    engraft_node *node = start_node();
    enum engraft_node_status inner = ENGRAFT_NODE_OK;
    int exit_code = -1;
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_function(node, "exitInside", exit_inside, &inner,
                                                         NULL, ENGRAFT_NODE_GLOBAL, NULL, &error));
    EXPECT_STATUS(ENGRAFT_NODE_ENDED,
                  run_status(node, "try { exitInside() } finally { globalThis.x = 1 } for (;;);"));
    EXPECT(inner == ENGRAFT_NODE_ENDED);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_stop(node, 1000, &exit_code, &error));
    EXPECT(exit_code == 4);
}

static void check_uncaught(void)
{
    static const struct {
        const char *source, *message, *file;
    } rows[] = {
        {"setTimeout(() => { throw new TypeError('uncaught') }, 1)", "TypeError: uncaught", "end.js"},
        {"Promise.reject(new Error('unhandled')); 0", "Error: unhandled", "end.js"},
        {"process.nextTick(() => { throw 'text' })", "text", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int exit_code = -1;
        engraft_node *node = start_node();
        run_status(node, rows[i].source);
        EXPECT_STATUS(ENGRAFT_NODE_ENDED, wait_for_end(node));
        EXPECT_TEXT(rows[i].message, error.message);
        EXPECT_TEXT(rows[i].file, error.file);
        EXPECT(error.exit_code == 1);
        EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_stop(node, 1000, &exit_code, &error));
        EXPECT(exit_code == 1);
    }
}

/* Nobody calls between the error and the stop: the stop reports it. */
static void check_uncaught_at_stop(void)
{
    int exit_code = -1;
    engraft_node *node = start_node();
    EXPECT_STATUS(ENGRAFT_NODE_OK, run_status(node, "process.on('beforeExit', () =>"
                                                    " { process.exitCode = 9; late() })"));
    EXPECT_STATUS(ENGRAFT_NODE_ENDED, engraft_node_stop(node, -1, &exit_code, &error));
    EXPECT_TEXT("ReferenceError: late is not defined", error.message);
    EXPECT(exit_code == 1 || exit_code == 9);
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT, engraft_node_stop(node, -1, &exit_code, &error));

    node = start_node(); /* handlers of the script's own come first */
    EXPECT_STATUS(ENGRAFT_NODE_OK, run_status(node, "process.on('uncaughtException', (e) =>"
                                                    " globalThis.caught = e.message);"
                                                    "setTimeout(() => { throw Error('mine') }, 1)"));
    EXPECT_TEXT("'mine'", run_shown(node, "new Promise((done) => setTimeout(() => done(caught), 20))"));
    stop_node(node);
}

static void check_memory(void)
{
    struct engraft_node_options options = {.size = sizeof(options), .heap_limit = 48};
    static const char *const sources[] = {
        "const keep = []; for (;;) keep.push({a: [1, 2, 3], b: 'x' + keep.length})",
        "let text = ['x']; for (;;) text = text.concat(text.map((t) => t + Math.random()))",
    };
    for (size_t i = 0; i < 2; i++) {
        int exit_code = -1;
        engraft_node *node = start_with(&options), *other = start_node();
        EXPECT_STATUS(ENGRAFT_NODE_MEMORY, run_status(node, sources[i]));
        EXPECT(error.exit_code == 1);
        EXPECT_STATUS(ENGRAFT_NODE_MEMORY, run_status(node, "1"));
        EXPECT(run_number(other, "6 * 7") == 42);
        EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_stop(node, 1000, &exit_code, &error));
        EXPECT(exit_code == 1);
        stop_node(other);
    }
    engraft_node *node = start_with(&options); /* the stop reports it when nobody else did */
    EXPECT_STATUS(ENGRAFT_NODE_OK, run_status(node, "setTimeout(() => { const keep = [];"
                                                    " for (;;) keep.push([1, 2, 3]) })"));
    EXPECT_STATUS(ENGRAFT_NODE_MEMORY, engraft_node_stop(node, -1, NULL, &error));
}

static void check_stops(void)
{
    int exit_code = -1;
    engraft_node *node = start_node();
    char path[512];
    snprintf(path, sizeof(path), "%s", write_file("stopped", ""));
    char source[2048];
    snprintf(source, sizeof(source),
             "process.on('exit', () => require('fs').appendFileSync('%s', ' exit'));"
             "setTimeout(() => require('fs').appendFileSync('%s', 'timer'), 30); 0", path, path);
    EXPECT_STATUS(ENGRAFT_NODE_OK, run_status(node, source));
    stop_node(node); /* waits for the timer */
    char text[64] = "";
    FILE *file = fopen(path, "r");
    EXPECT(file != NULL && fgets(text, sizeof(text), file) != NULL);
    fclose(file);
    EXPECT(strcmp(text, "timer exit") == 0);

    node = start_node(); /* does not wait for an hour */
    EXPECT_STATUS(ENGRAFT_NODE_OK, run_status(node, "setTimeout(() => {}, 3600000)"));
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_stop(node, 20, &exit_code, &error));
    EXPECT(exit_code == 1);
    node = start_node(); /* nor for JavaScript that never returns */
    EXPECT_STATUS(ENGRAFT_NODE_OK, run_status(node, "setTimeout(() => { for (;;); })"));
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_stop(node, 20, &exit_code, &error));
    EXPECT(exit_code == 1);
    node = start_node();
    EXPECT_STATUS(ENGRAFT_NODE_OK, run_status(node, "process.on('exit', () => { for (;;); })"));
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_stop(node, 20, &exit_code, &error));
}

static void *run_forever(void *node)
{
    static enum engraft_node_status status;
    status = engraft_node_run_string(node, "started(); for (;;);", all, NULL, 0, NULL, NULL);
    return &status;
}

static enum engraft_node_status post_semaphore(engraft_node *node, void *user,
                                               const struct engraft_node_value *arguments,
                                               size_t count, struct engraft_node_value *ret_value,
                                               struct engraft_node_error *reterr)
{
    (void)node, (void)arguments, (void)count, (void)ret_value, (void)reterr;
    pthread_barrier_wait(user);
    return ENGRAFT_NODE_OK;
}

/* A stop from one thread gets another out of its call. */
static void check_stop_of_a_call(void)
{
    engraft_node *node = start_node();
    pthread_barrier_t started;
    pthread_t thread;
    void *status;
    pthread_barrier_init(&started, NULL, 2);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_function(node, "started", post_semaphore, &started,
                                                         NULL, ENGRAFT_NODE_GLOBAL, NULL, &error));
    pthread_create(&thread, NULL, run_forever, node);
    pthread_barrier_wait(&started);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_stop(node, 10, NULL, &error));
    pthread_join(thread, &status);
    EXPECT(*(enum engraft_node_status *)status == ENGRAFT_NODE_ENDED);
    pthread_barrier_destroy(&started);
}

/* ---- the process */

static void touch_everything(engraft_node *node)
{
    run(node, "globalThis.fd = require('fs').openSync('/dev/null');"
              "const net = require('net').createServer().listen(0, '127.0.0.1');"
              "setInterval(() => {}, 1000).unref(); net.unref();"
              "require('fs').promises.readFile('/proc/self/stat').then(() => 0)");
}

static void start_and_stop(void)
{
    engraft_node *node = start_node();
    int exit_code = -1;
    touch_everything(node);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_stop(node, 10000, &exit_code, &error));
    EXPECT(exit_code == 0);
}

static void check_growth(void)
{
    int rounds = thorough() ? 1000 : 50;
    for (int i = 0; i < 10; i++)
        start_and_stop();
    int files = count_entries("/proc/self/fd"), threads = count_entries("/proc/self/task");
    long before = resident_kilobytes();
    for (int i = 0; i < rounds; i++)
        start_and_stop();
    long after = resident_kilobytes();
    fprintf(stderr, "%d starts: %ld to %ld kB\n", rounds, before, after);
    EXPECT(count_entries("/proc/self/fd") == files);
    EXPECT(count_entries("/proc/self/task") == threads);
    EXPECT(after - before < 12000); /* the allocator's spread; one environment is 15 MB */
}

static void check_growth_of_calls(void)
{
    engraft_node *node = start_node();
    struct engraft_node_value function = run(node, "(x) => ({f: () => x, p: Promise.resolve([x])})");
    long before = 0;
    for (int i = 0; i < 60000; i++) {
        struct engraft_node_value argument = engraft_node_text("some text", 9), value;
        if (i == 20000)
            before = resident_kilobytes();
        engraft_node_call(node, &function, NULL, &argument, 1, 0, &value, &error);
        engraft_node_value_clear(&value);
    }
    EXPECT(resident_kilobytes() - before < 20000);
    engraft_node_value_clear(&function);
    stop_node(node);
}

static struct sigaction handlers[NSIG];

static void read_handlers(struct sigaction *ret_handlers)
{
    memset(ret_handlers, 0, sizeof(handlers));
    for (int i = 1; i < NSIG; i++)
        sigaction(i, NULL, &ret_handlers[i]);
}

/* Not memcmp(): the C library copies more bytes than the kernel has written. */
static bool same_mask(const sigset_t *one, const sigset_t *other)
{
    for (int i = 1; i < NSIG; i++) {
        if (sigismember(one, i) != sigismember(other, i))
            return false;
    }
    return true;
}

static void expect_same_handlers(void)
{
    const int restorer = 0x04000000; /* the kernel's; libuv's way back to the default sets it */
    static struct sigaction now[NSIG];
    read_handlers(now);
    for (int i = 1; i < NSIG; i++) {
        if (!EXPECT(now[i].sa_handler == handlers[i].sa_handler &&
                    ((now[i].sa_flags ^ handlers[i].sa_flags) & ~restorer) == 0 &&
                    same_mask(&now[i].sa_mask, &handlers[i].sa_mask)))
            fprintf(stderr, "signal %d\n", i);
    }
}

static void on_signal(int number)
{
    (void)number;
}

static void check_signals(void)
{
    sigset_t mask_before, mask_after;
    struct rlimit limit_before, limit_after;
    struct sigaction own = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &own, NULL);
    sigaction(SIGSEGV, &own, NULL);
    pthread_sigmask(SIG_BLOCK, NULL, &mask_before);
    getrlimit(RLIMIT_NOFILE, &limit_before);
    read_handlers(handlers);
    EXPECT(handlers[SIGPIPE].sa_handler == SIG_DFL); /* or the rest proves nothing */
    engraft_node *node = start_node();
    expect_same_handlers();
    touch_everything(node);
    run(node, "require('child_process').execFileSync('/bin/true'); 0");
    run(node, "WebAssembly.instantiate(new Uint8Array([0,97,115,109,1,0,0,0])).then(() => 0)");
    run(node, "new Promise((done) => new (require('worker_threads').Worker)('0', {eval: true})"
              ".on('exit', done))");
    expect_same_handlers();
    /* A script that asks gets its handler, for as long as it listens. */
    run(node, "globalThis.f = () => {}; process.on('SIGUSR2', f); 0");
    struct sigaction asked;
    sigaction(SIGUSR2, NULL, &asked);
    EXPECT(asked.sa_handler != handlers[SIGUSR2].sa_handler);
    run(node, "process.off('SIGUSR2', f); 0");
    run(node, "new Promise((done) => setTimeout(done, 1))");
    expect_same_handlers();
    pthread_sigmask(SIG_BLOCK, NULL, &mask_after);
    EXPECT(same_mask(&mask_before, &mask_after));
    stop_node(node);
    expect_same_handlers();
    getrlimit(RLIMIT_NOFILE, &limit_after);
    EXPECT(limit_before.rlim_cur == limit_after.rlim_cur);
}

/* Writing to a closed pipe is an error for the script, and no signal for the host. */
static void check_pipe_signal(void)
{
    int pipes[2];
    char source[512];
    engraft_node *node = start_node();
    EXPECT(pipe(pipes) == 0);
    close(pipes[0]);
    snprintf(source, sizeof(source),
             "try { require('fs').writeSync(%d, 'x') } catch (e) { e.code }", pipes[1]);
    EXPECT_TEXT("'EPIPE'", run_shown(node, source));
    snprintf(source, sizeof(source), "new Promise((done) => require('fs').write(%d, 'x',"
                                     " (e) => done(e.code)))", pipes[1]);
    EXPECT_TEXT("'EPIPE'", run_shown(node, source));
    snprintf(source, sizeof(source),
             "new Promise((done) => { const s = new (require('net').Socket)({fd: %d,"
             " readable: false, writable: true}); s.on('error', (e) => done(e.code));"
             " s.write('x') })", pipes[1]);
    EXPECT_TEXT("'EPIPE'", run_shown(node, source));
    stop_node(node);
}

static void check_stdio(void)
{
    int pipes[2], saved = dup(1);
    char text[256] = "";
    EXPECT(pipe(pipes) == 0 && dup2(pipes[1], 1) == 1);
    engraft_node *node = start_node();
    run(node, "console.log('to the pipe'); 0");
    EXPECT((fcntl(1, F_GETFL) & O_NONBLOCK) == 0);
    run(node, "new Promise((done) => { const w = new (require('worker_threads').Worker)("
              "\"console.log('of a worker')\", {eval: true}); w.on('exit', () => done(0)) })");
    stop_node(node);
    dup2(saved, 1);
    close(pipes[1]);
    EXPECT(read(pipes[0], text, sizeof(text) - 1) > 0);
    EXPECT_TEXT("to the pipe\n", text);
    EXPECT_TEXT("of a worker\n", text);
}

static char outputs[3][256];

static void take_output(void *user, int stream, const char *data, size_t length)
{
    EXPECT(user == outputs && (stream == 1 || stream == 2));
    strncat(outputs[stream], data, length);
}

static void check_output(void)
{
    struct engraft_node_options options = {.size = sizeof(options),
                                           .stdio = ENGRAFT_NODE_STDIO_CALLBACK,
                                           .output = take_output, .user = outputs};
    engraft_node *node = start_with(&options);
    run(node, "console.log('out', [1]); console.error('err'); process.stdout.write('raw'); 0");
    stop_node(node);
    EXPECT_TEXT("out [ 1 ]\nraw", outputs[1]);
    EXPECT_TEXT("err\n", outputs[2]);
}

/* An uncaught error says nothing on stderr: it is the host's to show. */
static void check_silence(void)
{
    int pipes[2], saved = dup(2);
    char text[256] = "";
    EXPECT(pipe(pipes) == 0 && dup2(pipes[1], 2) == 2);
    engraft_node *node = start_node();
    run_status(node, "setTimeout(() => { throw new Error('silent') }, 1)");
    enum engraft_node_status ended = wait_for_end(node);
    engraft_node_stop(node, 0, NULL, NULL);
    dup2(saved, 2);
    close(pipes[1]);
    EXPECT_STATUS(ENGRAFT_NODE_ENDED, ended);
    EXPECT(read(pipes[0], text, sizeof(text) - 1) == 0);
}

static void check_fork(void)
{
    engraft_node *node = start_node();
    run(node, "1");
    pid_t child = fork();
    if (child == 0) {
        engraft_node *other;
        enum engraft_node_status status = engraft_node_run_string(node, "1", 1, NULL, 0, NULL, NULL);
        if (engraft_node_start(NULL, &other, NULL) != ENGRAFT_NODE_INITIALISE)
            _exit(2);
        _exit(status == ENGRAFT_NODE_ENDED ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT(run_number(node, "2") == 2);
    stop_node(node);
}

void exit_while_running(void)
{
    engraft_node *node = start_node();
    run(node, "setInterval(() => { for (let i = 0; i < 1e6; i++); }, 0); 0");
    exit(23);
}

/* The host exits with an environment still running: no crash, and its own exit status. */
static void check_exit_of_the_host(void)
{
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "enode-main", "--exit-while-running", (char *)NULL);
        _exit(99);
    }
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 23);
}

static void check_several(void)
{
    enum { count = 4 };
    engraft_node *nodes[count];
    char source[128];
    for (int i = 0; i < count; i++) {
        nodes[i] = start_node();
        snprintf(source, sizeof(source), "globalThis.me = %d", i);
        EXPECT(run_number(nodes[i], source) == i);
    }
    EXPECT_STATUS(ENGRAFT_NODE_ENDED, run_status(nodes[1], "process.exit(1)"));
    for (int i = 0; i < count; i++) {
        if (i != 1)
            EXPECT(run_number(nodes[i], "me") == i);
    }
    for (int i = 0; i < count; i++)
        EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_stop(nodes[i], 1000, NULL, &error));
}

const struct check end_checks[] = {
    {"process.exit() ends the environment only", check_exit},
    {"process.exit() below a callback", check_exit_inside},
    {"uncaught errors and unhandled rejections", check_uncaught},
    {"an uncaught error that the stop reports", check_uncaught_at_stop},
    {"a full heap", check_memory},
    {"graceful stop, and interruption", check_stops},
    {"a stop interrupts another thread's call", check_stop_of_a_call},
    {"starts and stops without growth", check_growth},
    {"calls without growth", check_growth_of_calls},
    {"no signal handler, mask or limit changes", check_signals},
    {"no SIGPIPE", check_pipe_signal},
    {"standard output stays as it is", check_stdio},
    {"output to a callback", check_output},
    {"an uncaught error is not printed", check_silence},
    {"after fork()", check_fork},
    {"the host exits while an environment runs", check_exit_of_the_host},
    {"several environments at once", check_several},
    {NULL, NULL},
};
