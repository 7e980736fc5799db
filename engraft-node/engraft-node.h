/* SPDX-License-Identifier: MIT */
/*
 * engraft-node: Node.js inside a C program or plugin.
 *
 * An environment is one Node.js: a global object, an event loop, modules, timers. It runs on a
 * thread of its own (the default) or in an isolate of the host. Values cross the boundary as
 * copies (struct engraft_node_value); functions, promises and, where asked for, objects cross as
 * handles.
 *
 * Conventions of every function here
 * - Results come through `ret_` parameters that are written on success only; on failure only
 *   *reterr is written. `reterr` may be NULL. Unless a function says otherwise a `ret_` parameter
 *   may be NULL too, then the result is dropped.
 * - A status is returned; nothing is printed, nothing aborts, no exit() of the process: what
 *   JavaScript does wrong comes back as status, message and JavaScript stack.
 * - Structs of options start with `size`, which the caller sets to sizeof(struct ...); members that
 *   a newer header adds behind are zero for the library, and zero means the default.
 * - Threads: "any thread" means callable at any time from any thread, also from inside a callback
 *   that JavaScript called. Work is handed to the environment's thread and waited for; on that
 *   thread itself it is done at once. Two threads that wait for each other's environments through
 *   callbacks deadlock as any two locks do. No function may be called from a signal handler, nor
 *   in a child between fork() and exec(): an environment's thread does not exist there, and the
 *   handle answers ENGRAFT_NODE_ENDED.
 * - Signals: no signal handler, no disposition and no mask of the host's threads is changed. The
 *   threads made here block every signal but those that a fault raises and SIGPROF, so SIGPIPE
 *   from a closed connection arrives as EPIPE. A script that asks for a signal
 *   (process.on("SIGINT")) gets libuv's handler for as long as it listens, and one that starts a
 *   child process gets its handler of SIGCHLD while there is a child; libuv resets to the default
 *   afterwards, whatever was there before. Nothing here can prevent that: a host that needs its own
 *   handler of SIGCHLD sets it again.
 * - Times are milliseconds, sizes are bytes, text is UTF-8; text given with a length may hold NUL.
 *   Text from JavaScript has a lone surrogate replaced by U+FFFD.
 *
 * What belongs to the process, not to an environment, and what JavaScript can therefore do to the
 * host: process.abort(), process.kill(process.pid), process.dlopen() of a broken addon, a failed
 * CHECK in Node or V8, process.chdir() and process.umask() (see ENGRAFT_NODE_NO_PROCESS_STATE),
 * process.env (the environment variables, with setenv()'s thread safety), and an allocation that
 * V8 cannot refuse (see heap_limit). Node's options and V8's flags (`arguments`) are process-wide.
 *
 * Facts about Node are of 18.20.4 and 20.19.2: src/node.h, src/api/, src/node.cc.
 * Since 0.2 where nothing else is said.
 */
#ifndef ENGRAFT_NODE_H
#define ENGRAFT_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ENGRAFT_NODE_PUBLIC __attribute__((visibility("default")))

enum engraft_node_status {
    ENGRAFT_NODE_OK = 0,
    ENGRAFT_NODE_ARGUMENT = 1,    /* NULL, an unknown flag, a handle that is not or no longer one */
    ENGRAFT_NODE_THROWN = 2,      /* JavaScript threw, or a promise was rejected */
    ENGRAFT_NODE_TYPE = 3,        /* not a function, not a promise, a value that has no copy */
    ENGRAFT_NODE_TIMEOUT = 4,     /* the time given was over; nothing is lost, wait again */
    ENGRAFT_NODE_ENDED = 5,       /* process.exit(), an uncaught error, or engraft_node_stop() */
    ENGRAFT_NODE_MEMORY = 6,      /* the isolate reached its heap limit; only stop is left */
    ENGRAFT_NODE_SYSTEM = 7,      /* the operating system refused: memory, a thread, a descriptor */
    ENGRAFT_NODE_INITIALISE = 8,  /* Node could not be initialised in this process */
    ENGRAFT_NODE_ISOLATE = 9,     /* none is entered, it is another thread's, or has Node already */
    ENGRAFT_NODE_DEADLOCK = 10,   /* would wait for something that only this thread can do */
    ENGRAFT_NODE_BUSY = 11,       /* environments are still running, or a stop is under way */
    ENGRAFT_NODE_UNSUPPORTED = 12, /* this build or this mode cannot */
};

/* Why something failed. Fixed size, owned by the caller, never allocated; texts that are longer
   are cut at a character. */
struct engraft_node_error {
    enum engraft_node_status status;
    int exit_code;     /* ENDED and MEMORY: what the process would have exited with; else 0 */
    int line;          /* of the JavaScript error, from 1; 0 when there is none */
    int column;        /* from 1; 0 when there is none */
    char file[256];    /* path, file: URL or name given to the source; may be empty */
    char message[512]; /* one sentence; for a thrown Error "Name: message" */
    char stack[3072];  /* the JavaScript stack, as Node prints it; may be empty */
};

/*
 * engraft_node_status_text() - static text for a status; never NULL.
 * engraft_node_version() - Node's version, "18.20.4".
 * engraft_node_v8_version() - the V8 this library was compiled for, "10.2.154.26-node.37".
 * engraft_node_v8_running() - the V8 that is bound now: differs when the host brings its own.
 * engraft_node_abi() - NODE_MODULE_VERSION, 108.
 * Static storage. Any thread; they start nothing.
 */
ENGRAFT_NODE_PUBLIC const char *engraft_node_status_text(enum engraft_node_status status);
ENGRAFT_NODE_PUBLIC const char *engraft_node_version(void);
ENGRAFT_NODE_PUBLIC const char *engraft_node_v8_version(void);
ENGRAFT_NODE_PUBLIC const char *engraft_node_v8_running(void);
ENGRAFT_NODE_PUBLIC int engraft_node_abi(void);

/* ---- values -------------------------------------------------------------------------------- */

enum engraft_node_kind {
    ENGRAFT_NODE_UNDEFINED = 0, /* all zeros is undefined */
    ENGRAFT_NODE_NULL = 1,
    ENGRAFT_NODE_BOOLEAN = 2,
    ENGRAFT_NODE_NUMBER = 3,
    ENGRAFT_NODE_INTEGER = 4, /* a BigInt from INT64_MIN to INT64_MAX */
    ENGRAFT_NODE_DECIMAL = 5, /* a BigInt beyond, as decimal text with an optional '-' */
    ENGRAFT_NODE_STRING = 6,
    ENGRAFT_NODE_BYTES = 7,  /* from any ArrayBuffer or view of one; to JavaScript as a Buffer */
    ENGRAFT_NODE_DATE = 8,   /* `number`: milliseconds since 1970 UTC, NaN for an invalid Date */
    ENGRAFT_NODE_ARRAY = 9,  /* a hole is undefined */
    ENGRAFT_NODE_OBJECT = 10,    /* own enumerable string-keyed properties, in their order */
    ENGRAFT_NODE_FUNCTION = 11,  /* a handle */
    ENGRAFT_NODE_PROMISE = 12,   /* a handle */
    ENGRAFT_NODE_REFERENCE = 13, /* a handle: any other object, asked for with BY_REFERENCE */
};

typedef uint64_t engraft_node_handle; /* 0 is none; never used twice in a process */

/*
 * A value and everything below it. Who owns it:
 * - What the library returns belongs to the caller: engraft_node_value_clear() frees the tree and
 *   releases the handles in it.
 * - What the caller passes in is read during the call only, and may be storage of any kind.
 * - What a callback receives is borrowed for the length of the callback; copy what is kept
 *   (engraft_node_value_copy() copies handles too). What a callback returns becomes the library's:
 *   build it with the functions below, or leave pointers out of it.
 * A Map, Set, RegExp or class instance is copied as the object of its own enumerable properties, an
 * Error with `name`, `message` and `stack` first. A Symbol, and a tree that is deeper than 200
 * (so: a cycle), is ENGRAFT_NODE_TYPE.
 */
struct engraft_node_value {
    enum engraft_node_kind kind;
    union {
        bool boolean;
        double number;
        int64_t integer;
        engraft_node_handle handle;
        struct { /* DECIMAL, STRING, BYTES; results have a NUL behind the last byte */
            const char *data;
            size_t length;
        } text;
        struct {
            struct engraft_node_value *items;
            size_t count;
        } array;
        struct {
            struct engraft_node_property *items;
            size_t count;
        } object;
    } as;
};

struct engraft_node_property {
    const char *key; /* NUL behind the last byte */
    size_t key_length;
    struct engraft_node_value value;
};

/*
 * Builders: each writes *ret_value, which must not hold a tree (they do not free). All memory is
 * the library's, released by engraft_node_value_clear().
 * engraft_node_value_string() - @length bytes of @data; (size_t)-1: up to the NUL.
 * engraft_node_value_bytes() - a copy of @length bytes.
 * engraft_node_value_array() - @count times undefined; fill as.array.items.
 * engraft_node_value_object() - @count properties, empty until engraft_node_value_put().
 * engraft_node_value_put() - sets property @index of an OBJECT that the library allocated;
 *   *value is moved in (and undefined afterwards), on failure it is untouched.
 * engraft_node_value_copy() - a deep copy; handles are held once more.
 * Return OK, ARGUMENT, SYSTEM (no memory). Any thread.
 */
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_value_string(const char *data, size_t length, struct engraft_node_value *ret_value);
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_value_bytes(const void *data, size_t length, struct engraft_node_value *ret_value);
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_value_array(size_t count, struct engraft_node_value *ret_value);
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_value_object(size_t count, struct engraft_node_value *ret_value);
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_value_put(struct engraft_node_value *object, size_t index, const char *key,
                       struct engraft_node_value *value);
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_value_copy(const struct engraft_node_value *value,
                        struct engraft_node_value *ret_value);

/* engraft_node_value_get() - the property @key of an OBJECT, borrowed; NULL when there is none or
   it is not an OBJECT. engraft_node_value_clear() - frees and releases everything below, leaves
   undefined; NULL is fine; handles of an environment that is gone are fine. Any thread. */
ENGRAFT_NODE_PUBLIC const struct engraft_node_value *
engraft_node_value_get(const struct engraft_node_value *object, const char *key);
ENGRAFT_NODE_PUBLIC void engraft_node_value_clear(struct engraft_node_value *value);

static inline struct engraft_node_value engraft_node_undefined(void)
{
    struct engraft_node_value value = {ENGRAFT_NODE_UNDEFINED, {false}};
    return value;
}

static inline struct engraft_node_value engraft_node_boolean(bool boolean)
{
    struct engraft_node_value value = {ENGRAFT_NODE_BOOLEAN, {boolean}};
    return value;
}

static inline struct engraft_node_value engraft_node_number(double number)
{
    struct engraft_node_value value = {ENGRAFT_NODE_NUMBER, {false}};
    value.as.number = number;
    return value;
}

/* Not a copy: for arguments of a call, @data must outlive it. */
static inline struct engraft_node_value engraft_node_text(const char *data, size_t length)
{
    struct engraft_node_value value = {ENGRAFT_NODE_STRING, {false}};
    value.as.text.data = data;
    value.as.text.length = length;
    return value;
}

/* ---- start and stop ------------------------------------------------------------------------ */

/* An environment. A handle, not an address: a stale one is recognised (ENGRAFT_NODE_ARGUMENT). */
typedef struct engraft_node engraft_node;

enum engraft_node_mode {
    ENGRAFT_NODE_THREAD = 0,  /* a thread and an isolate of its own */
    ENGRAFT_NODE_IN_HOST = 1, /* in an isolate of the host, on the thread that starts it */
};

enum engraft_node_stdio {
    /* process.stdout and stderr write(2) to descriptors 1 and 2 at once; no flag of a descriptor
       changes. process.stdin is Node's own, and touches descriptor 0 when a script asks for it. */
    ENGRAFT_NODE_STDIO_DIRECT = 0,
    /* Node's own streams. A pipe or terminal at 1 or 2 becomes O_NONBLOCK when a script writes. */
    ENGRAFT_NODE_STDIO_NODE = 1,
    /* What is written goes to `output`. */
    ENGRAFT_NODE_STDIO_CALLBACK = 2,
};

enum { /* engraft_node_options.flags */
    /* read NODE_OPTIONS, NODE_EXTRA_CA_CERTS and so on; only by the first start of a process */
    ENGRAFT_NODE_ENVIRONMENT = 1 << 0,
    /* process.chdir(), setuid() and so on throw, as in a worker thread */
    ENGRAFT_NODE_NO_PROCESS_STATE = 1 << 1,
    /* the inspector listens from the start, at inspector_port; else only when a script asks */
    ENGRAFT_NODE_INSPECTOR = 1 << 2,
};

/*
 * engraft_node_output - takes what JavaScript writes (ENGRAFT_NODE_STDIO_CALLBACK).
 * @user: options.user. @stream: 1 stdout, 2 stderr. @data, @length: bytes, borrowed.
 * Called on the environment's thread; may call anything but engraft_node_stop().
 */
typedef void (*engraft_node_output)(void *user, int stream, const char *data, size_t length);

struct engraft_node_options {
    size_t size; /* sizeof(struct engraft_node_options) */

    enum engraft_node_mode mode;
    enum engraft_node_stdio stdio;
    unsigned flags;

    /* Options of Node and V8 ("--expose-gc"), without a program name. They are process-wide and
       read by the first start; a later start with one that the first had not is UNSUPPORTED. An
       option that Node does not know is INITIALISE, now and for every later start: Node can be
       initialised only once in a process. */
    const char *const *arguments;
    size_t argument_count;

    const char *script;               /* process.argv[1], a name only; NULL: none */
    const char *const *script_arguments; /* process.argv[2...] */
    size_t script_argument_count;

    /* The directory from which `require` and `import` of a string's source, and run_file() of a
       relative path, resolve. NULL: the working directory. */
    const char *root;

    /* Size in MiB at which JavaScript's heap is full; 0: V8's default. A full heap ends the
       environment (ENGRAFT_NODE_MEMORY). One single allocation that is larger than all that is
       left, an array of a hundred million elements, ends the process: V8 offers no other way.
       ENGRAFT_NODE_THREAD only: the host's isolate has a limit of the host's. */
    size_t heap_limit;
    size_t stack_size; /* of the environment's thread; 0: 8 MiB. At least 2 MiB */

    engraft_node_output output;
    void *user; /* for output */

    const char *inspector_host; /* NULL: 127.0.0.1 */
    uint16_t inspector_port;    /* 0: the system chooses; see require("inspector").url() */

    /* ENGRAFT_NODE_IN_HOST: the v8::Isolate; NULL: the one that this thread has entered. With no
       isolate entered (R while it calls .C, any host between two scripts) pass it. */
    void *isolate;
    /* A pointer to a v8::Local<v8::Context> that becomes Node's own context: process, Buffer and
       so on appear in it, and it stays Node's after the stop. NULL: a new context; the host's own
       ones stay as they are, see engraft_node_share(). */
    const void *context;

    /* process.execPath, the program that child_process.fork() starts; NULL: the host's program,
       which is no `node`. */
    const char *exec_path;
};

/*
 * engraft_node_start() - start an environment; the first one also initialises Node.
 * @options: read during the call only; NULL: all defaults.
 * @ret_node: the environment, until engraft_node_stop().
 * It keeps running, idle, when there is nothing left to do.
 * Returns OK; ARGUMENT; INITIALISE (Node refuses its options, or it was shut down); SYSTEM;
 * UNSUPPORTED (see arguments); ISOLATE (no isolate is entered and none given, it is another
 * thread's or already carries Node); THROWN (Node's own start-up scripts).
 * Any thread. It takes as long as `node -e 0` the first time, half of that later. Node's
 * initialisation leaves a pool of threads for the life of the process, as many as Node has by
 * default; they are not made again.
 *
 * ENGRAFT_NODE_IN_HOST: the calling thread becomes the environment's. It alone runs it, by
 * engraft_node_pump() and inside of calls; calls from other threads wait for it. A host that uses
 * v8::Locker holds it when it calls.
 */
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_start(const struct engraft_node_options *options, engraft_node **ret_node,
                   struct engraft_node_error *reterr);

/*
 * engraft_node_stop() - end an environment and free all of it, handles of its values included.
 * @timeout: how long what is under way may take to finish (process "beforeExit" and "exit" are
 *   emitted then); 0: end now; negative: wait for as long as it takes. After that JavaScript is
 *   interrupted wherever it is.
 * @ret_exit_code: process.exitCode, the argument of process.exit(), 1 or 7 after an uncaught error
 *   as Node has it; 1 when it was interrupted.
 * Returns OK, and the handle is gone; ENDED or MEMORY, and the handle is gone too, if an uncaught
 * error or a full heap ended it and no call has reported that yet (*reterr says what, and
 * *ret_exit_code is written as well); ARGUMENT; BUSY (another thread stops it); DEADLOCK (on the
 * environment's own thread from inside a callback); ISOLATE (IN_HOST, and another thread's).
 * Any thread, ENGRAFT_NODE_IN_HOST: the environment's. Calls that other threads are waiting in
 * return ENDED. JavaScript that blocks in C++ or in a callback cannot be interrupted: it is waited
 * for.
 *
 * ENGRAFT_NODE_IN_HOST: JavaScript that does not return is not interrupted, for this is the thread
 * that runs it. The isolate's microtasks policy is the host's all along (with options.context it is
 * explicit in the meantime, and put back). What V8 has a setter but no getter for cannot be put
 * back and is reset to V8's default instead: prepare-stack-trace, promise-reject,
 * wasm-code-generation, code-generation-from-strings, dynamic-import and import.meta callbacks. A
 * host that has set one sets it again. Its fatal-error and out-of-memory callbacks and its message
 * listeners are never touched.
 */
ENGRAFT_NODE_PUBLIC enum engraft_node_status engraft_node_stop(engraft_node *node, int timeout,
                                                               int *ret_exit_code,
                                                               struct engraft_node_error *reterr);

/*
 * engraft_node_shutdown() - undo Node's process-wide initialisation, for good: no start after it.
 * For hosts that end V8 in good order; without it the process just exits. Environments that still
 * run when exit() is called are interrupted, and waited for up to a second each.
 * Returns OK (also when nothing was initialised), BUSY (environments are running).
 * Any thread that is not inside of V8.
 */
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_shutdown(struct engraft_node_error *reterr);

/*
 * engraft_node_main() - be the program `node`: handlers, exit() and all. For processes whose only
 * purpose this is. Not together with anything else here.
 * @argc, @argv: as main()'s; argv must stay writable and contiguous as the system passes it.
 * Returns the exit code, if a script does not call process.exit().
 */
ENGRAFT_NODE_PUBLIC int engraft_node_main(int argc, char **argv);

/*
 * engraft_node_pump() - run an environment that has no thread of its own: its event loop, promises
 * and platform tasks, on its thread.
 * @timeout: how long to wait when nothing is ready; 0: do what is ready and return; negative: until
 *   nothing is left to do.
 * @ret_alive: whether something is left to do (timers, connections).
 * Returns OK, ENDED, MEMORY, ARGUMENT, ISOLATE (another thread), DEADLOCK (from inside a callback),
 * UNSUPPORTED (ENGRAFT_NODE_THREAD).
 */
ENGRAFT_NODE_PUBLIC enum engraft_node_status engraft_node_pump(engraft_node *node, int timeout,
                                                               bool *ret_alive,
                                                               struct engraft_node_error *reterr);

/*
 * engraft_node_share() - put something of Node's into a context of the host.
 * @context: a pointer to a v8::Local<v8::Context> of the environment's isolate.
 * @name: property of that context's global object that is set; NULL: the name of @value if it is a
 *   function, else ARGUMENT.
 * @value: a FUNCTION, PROMISE or REFERENCE of this environment; NULL: `require`, resolving from
 *   options.root (@name NULL: "require").
 * After the stop a function that was shared throws when it is called. What the host's scripts have
 * obtained through it (the functions of a module) must not be used any more.
 * Returns OK, ARGUMENT, THROWN, ENDED, ISOLATE (another thread), UNSUPPORTED (ENGRAFT_NODE_THREAD).
 */
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_share(engraft_node *node, const void *context, const char *name,
                   const struct engraft_node_value *value, struct engraft_node_error *reterr);

/* ---- running JavaScript -------------------------------------------------------------------- */

enum { /* flags of the functions below */
    /* a result that is an object (or an array) comes as a REFERENCE, not as a copy */
    ENGRAFT_NODE_BY_REFERENCE = 1 << 0,
    /* engraft_node_run_string(): the source is an ES module; the result is its namespace. Its
       imports are Node's modules, bare names and absolute file: URLs */
    ENGRAFT_NODE_MODULE = 1 << 1,
    /* a result that is a promise is awaited, without limit of time */
    ENGRAFT_NODE_AWAIT = 1 << 2,
    /* engraft_node_function(): also becomes globalThis[name] */
    ENGRAFT_NODE_GLOBAL = 1 << 3,
};

/*
 * engraft_node_run_string() - run source text in the global scope; `require`, `import()`,
 *   `module` and `exports` are there, resolving from options.root.
 * @source, @length: UTF-8; (size_t)-1: up to the NUL.
 * @name: what stacks call it; NULL: "[engraft]".
 * @ret_value: value of the last expression; with ENGRAFT_NODE_MODULE the module's namespace.
 *
 * engraft_node_run_file() - load a file as require() does, or as import() does when it is an ES
 *   module (.mjs, "type": "module"); a module is loaded once, as in Node.
 * @path: absolute, or relative to options.root.
 * @ret_value: its exports or its namespace.
 *
 * Both: @flags: BY_REFERENCE, AWAIT, MODULE. An ES module is waited for until it has been
 * evaluated, top-level await included. On the environment's own thread from inside a callback that
 * waiting is DEADLOCK when the module is not ready at once.
 * Return OK, ARGUMENT, THROWN (a syntax error too), TYPE, ENDED, MEMORY, SYSTEM, DEADLOCK.
 * Any thread.
 */
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_run_string(engraft_node *node, const char *source, size_t length, const char *name,
                        unsigned flags, struct engraft_node_value *ret_value,
                        struct engraft_node_error *reterr);
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_run_file(engraft_node *node, const char *path, unsigned flags,
                      struct engraft_node_value *ret_value, struct engraft_node_error *reterr);

/*
 * engraft_node_call() - call a function.
 * @function: a FUNCTION. @receiver: `this`; NULL: undefined.
 * @arguments, @count: copied in. @flags: BY_REFERENCE, AWAIT.
 * Promises' jobs and process.nextTick() callbacks run before the outermost call returns.
 * Returns OK, ARGUMENT (a handle of another environment), THROWN, TYPE, ENDED, MEMORY, SYSTEM,
 * DEADLOCK (AWAIT inside a callback). Any thread.
 */
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_call(engraft_node *node, const struct engraft_node_value *function,
                  const struct engraft_node_value *receiver,
                  const struct engraft_node_value *arguments, size_t count, unsigned flags,
                  struct engraft_node_value *ret_value, struct engraft_node_error *reterr);

/*
 * engraft_node_await() - wait until a promise is settled.
 * @promise: a PROMISE; it may be awaited any number of times, by several threads.
 * @timeout: negative: without limit; 0: look only. @flags: BY_REFERENCE.
 * @ret_value: what it was fulfilled with.
 * A promise that is rejected while no one awaits it is an unhandled rejection and ends the
 * environment, as in Node; one that was returned through this interface counts as handled.
 * Returns OK, THROWN (rejected, *reterr has the reason), TIMEOUT, ARGUMENT, TYPE, ENDED, MEMORY,
 * SYSTEM, DEADLOCK (from inside a callback on the environment's own thread, and it is not settled).
 * Any thread.
 */
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_await(engraft_node *node, const struct engraft_node_value *promise, int timeout,
                   unsigned flags, struct engraft_node_value *ret_value,
                   struct engraft_node_error *reterr);

/*
 * engraft_node_get() - a property of a FUNCTION, PROMISE or REFERENCE; @object NULL: of globalThis.
 *   An absent one is undefined. @flags: BY_REFERENCE, AWAIT.
 * engraft_node_set() - sets one.
 * @key: property name. @value: copied in.
 * Return as engraft_node_call(). Any thread.
 */
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_get(engraft_node *node, const struct engraft_node_value *object, const char *key,
                 unsigned flags, struct engraft_node_value *ret_value,
                 struct engraft_node_error *reterr);
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_set(engraft_node *node, const struct engraft_node_value *object, const char *key,
                 const struct engraft_node_value *value, struct engraft_node_error *reterr);

/* ---- C that JavaScript calls --------------------------------------------------------------- */

/*
 * engraft_node_callback - what a function of engraft_node_function() runs, on the environment's
 * thread, with JavaScript waiting for it.
 * @user: as given. @arguments, @count: borrowed; objects are copies, functions and promises are
 *   handles.
 * @ret_value: undefined to begin with; what is put there becomes the library's.
 * @reterr: cleared; with another status than OK returned, an Error with reterr->message is thrown
 *   (its `code` is the status' name, "ENGRAFT_NODE_TYPE"; the text of the status stands in when
 *   the message is empty). When a call back into JavaScript has failed with THROWN, return that
 *   status and the same *reterr: the original exception is thrown on.
 * It may call everything but engraft_node_stop(), engraft_node_pump() and waits for unsettled
 * promises on `node`. No C++ exception and no longjmp() may leave it.
 */
typedef enum engraft_node_status (*engraft_node_callback)(
    engraft_node *node, void *user, const struct engraft_node_value *arguments, size_t count,
    struct engraft_node_value *ret_value, struct engraft_node_error *reterr);

/* Called once, when JavaScript can call it no more: on the environment's thread after garbage
   collection or at the stop, or at once if the function cannot be made. Must not call in here. */
typedef void (*engraft_node_destroy)(void *user);

/*
 * engraft_node_function() - make a JavaScript function that calls C.
 * @name: its name; NULL: anonymous. @callback: not NULL. @user: for it. @destroy: may be NULL.
 * @flags: GLOBAL.
 * @ret_function: a FUNCTION, for arguments, engraft_node_set()...
 * Returns OK, ARGUMENT, ENDED, MEMORY, SYSTEM; with a failure destroy has been called, unless
 * @node or @callback is wrong (ARGUMENT). Any thread.
 */
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_function(engraft_node *node, const char *name, engraft_node_callback callback,
                      void *user, engraft_node_destroy destroy, unsigned flags,
                      struct engraft_node_value *ret_function, struct engraft_node_error *reterr);

/*
 * engraft_node_promise() - a promise that C settles, for functions that answer later.
 * @ret_promise: a PROMISE, to be returned or passed to JavaScript. Must not be NULL.
 * engraft_node_resolve(), engraft_node_reject() - settle it, once; a second time is ARGUMENT.
 * @value: what with, NULL: undefined. @message: text of the Error.
 * Return OK, ARGUMENT (not from engraft_node_promise()), ENDED, MEMORY, SYSTEM. Any thread.
 */
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_promise(engraft_node *node, struct engraft_node_value *ret_promise,
                     struct engraft_node_error *reterr);
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_resolve(engraft_node *node, const struct engraft_node_value *promise,
                     const struct engraft_node_value *value, struct engraft_node_error *reterr);
ENGRAFT_NODE_PUBLIC enum engraft_node_status
engraft_node_reject(engraft_node *node, const struct engraft_node_value *promise,
                    const char *message, struct engraft_node_error *reterr);

#ifdef __cplusplus
}
#endif

#endif
