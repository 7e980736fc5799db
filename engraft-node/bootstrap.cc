/* SPDX-License-Identifier: MIT */
/*
 * The JavaScript that runs before anything else in an environment, and the functions of C that it
 * uses. It keeps what it needs of the language (Promise.prototype.then) before a script can change
 * it.
 */
#include "internal.h"

#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace engraft_node_impl {

/*
 * `native` are the functions below; the value is the list of enum Helper.
 *
 * An uncaught error goes through process._fatalException(), which node_errors.cc looks up in the
 * process object each time. When it answers that nobody handled the error, Node would print it and
 * exit; here it is recorded for the host instead, and the environment ends with Node's exit code.
 */
static const char script[] = R"JS(
(function (native, process, require, internal, options) {
'use strict';
const Module = require('module');
const path = require('path');
const { makeContextifyScript, runScriptInThisContext } = internal('internal/vm');
const { pathToFileURL } = require('url');
const then = Function.prototype.call.bind(Promise.prototype.then);
const nothing = () => {};

if (options.execPath !== undefined) process.execPath = options.execPath;

const fatalException = process._fatalException;
process._fatalException = function (error, fromPromise) {
    const handled = fatalException.call(process, error, fromPromise);
    if (handled !== false) return handled;
    native.uncaught(error);
    process.reallyExit(typeof process.exitCode === 'number' ? process.exitCode : 1);
    return true;
};

if (options.stdio !== 1) {
    const { Writable } = require('stream');
    for (const [fd, name] of [[1, 'stdout'], [2, 'stderr']]) {
        let stream;
        const make = () => {
            stream = new Writable({
                decodeStrings: true,
                write(chunk, encoding, callback) {
                    const error = native.write(fd, chunk);
                    if (error === 0) return callback();
                    const failure = new Error(`write to ${name} failed: errno ${error}`);
                    callback(failure);
                },
            });
            stream.fd = fd;
            stream._type = 'fs';
            stream._isStdio = true;
            stream.destroySoon = stream.destroy;
            stream._destroy = (error, callback) => callback(error);
            return stream;
        };
        Object.defineProperty(process, name, {
            configurable: true, enumerable: true, get: () => stream || make(),
        });
    }
}

const root = path.resolve(options.root === undefined ? '.' : options.root);
const filename = path.join(root, '[engraft]');
const main = new Module(filename);
main.filename = filename;
main.paths = Module._nodeModulePaths(root);
main._compile('module.exports = { require, load: (name) => import(name) };', filename);
const load = main.exports.load;
const localRequire = Module.createRequire(filename);
main.exports = {};
main.loaded = true;
for (const [name, value] of [['require', localRequire], ['module', main],
                             ['exports', main.exports], ['__filename', filename],
                             ['__dirname', root]])
    Object.defineProperty(globalThis, name,
                          { configurable: true, writable: true, enumerable: false, value });

if (options.inspector)
    require('inspector').open(options.inspectorPort, options.inspectorHost);

/* As node -e does it; vm.runInThisContext() refuses import() without a flag. */
function runString(source, name) {
    const compiled = makeContextifyScript(source, name, 0, 0, undefined, false, undefined,
                                          Symbol(name), (specifier) => load(specifier));
    return runScriptInThisContext(compiled, true, false);
}

function runModule(source, name) {
    const text = `${source}\n//# sourceURL=${name}`;
    return load('data:text/javascript;charset=utf-8,' + encodeURIComponent(text));
}

function runFile(name) {
    const file = path.resolve(root, name);
    if (file.endsWith('.mjs')) return [true, load(pathToFileURL(file).href)];
    try {
        return [false, localRequire(file)];
    } catch (error) {
        if (error === null || typeof error !== 'object' || error.code !== 'ERR_REQUIRE_ESM')
            throw error;
        return [true, load(pathToFileURL(file).href)];
    }
}

function watch(promise, wait) {
    then(promise, (value) => { native.settled(wait, true, value); },
         (reason) => { native.settled(wait, false, reason); });
}

function handled(promise) { then(promise, undefined, nothing); }

function deferred() {
    let resolve, reject;
    const promise = new Promise((yes, no) => { resolve = yes; reject = no; });
    return [promise, resolve, (message) => { reject(new Error(message)); }];
}

let live = true;

/* `value` undefined: require. */
function shared(value) {
    if (value === undefined) value = localRequire;
    if (typeof value !== 'function') return value;
    const guarded = function (...list) {
        if (!live) throw new Error('the Node.js environment has ended');
        return Reflect.apply(value, this, list);
    };
    Object.defineProperties(guarded, Object.getOwnPropertyDescriptors(value));
    return guarded;
}

function fatal(error) { process._fatalException(error, false); }

function ended() { live = false; }

return [runString, runModule, runFile, watch, handled, deferred, shared, fatal, ended];
})
)JS";

static Environment &environment_of(napi_env env)
{
    void *data = nullptr;
    napi_get_instance_data(env, &data);
    return *static_cast<Environment *>(data);
}

/* ---- what the script calls */

/* native.uncaught(error) */
static napi_value uncaught(napi_env env, napi_callback_info info)
{
    size_t count = 1;
    napi_value error;
    napi_get_cb_info(env, info, &count, &error, nullptr, nullptr);
    Environment &environment = environment_of(env);
    Error described = {};
    describe_exception(environment, error, &described);
    described.status = ENGRAFT_NODE_ENDED;
    described.exit_code = 0; /* the exit handler knows */
    Hold hold(environment.lock);
    if (environment.end.error.status == ENGRAFT_NODE_OK) {
        environment.end.error = described;
        environment.end.failed = true;
    }
    return nullptr;
}

/* native.settled(wait, fulfilled, value) */
static napi_value on_settled(napi_env env, napi_callback_info info)
{
    size_t count = 3;
    napi_value arguments[3];
    int64_t wait = 0;
    bool fulfilled = false;
    napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
    napi_get_value_int64(env, arguments[0], &wait);
    napi_get_value_bool(env, arguments[1], &fulfilled);
    settled(environment_of(env), static_cast<uint64_t>(wait), fulfilled, arguments[2]);
    return nullptr;
}

/* A descriptor of the host may be non-blocking: it is waited for, as a blocking one would. */
static int write_all(int descriptor, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(descriptor, data, length);
        if (written >= 0) {
            data += written;
            length -= static_cast<size_t>(written);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            pollfd ready = {descriptor, POLLOUT, 0};
            poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

/* native.write(descriptor, buffer): errno */
static napi_value write_stream(napi_env env, napi_callback_info info)
{
    size_t count = 2, length = 0;
    napi_value arguments[2], result;
    int32_t descriptor = 0;
    void *data = nullptr;
    napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
    napi_get_value_int32(env, arguments[0], &descriptor);
    napi_get_buffer_info(env, arguments[1], &data, &length);
    Environment &environment = environment_of(env);
    int error = 0;
    if (environment.output != nullptr) {
        environment.inside++;
        environment.output(environment.output_user, descriptor, static_cast<char *>(data), length);
        environment.inside--;
    } else {
        error = write_all(descriptor, static_cast<char *>(data), length);
    }
    napi_create_int32(env, error, &result);
    return result;
}

napi_value initialise_binding(napi_env env, napi_value exports)
{
    static const struct {
        const char *name;
        napi_callback callback;
    } functions[] = {
        {"uncaught", uncaught},
        {"settled", on_settled},
        {"write", write_stream},
    };
    Environment *environment = environment_being_bootstrapped();
    if (environment == nullptr) { /* a script asks for process._linkedBinding("engraft_node") */
        napi_throw_error(env, nullptr, "engraft_node is not for scripts");
        return nullptr;
    }
    environment->napi = env;
    napi_set_instance_data(env, environment, nullptr, nullptr);
    for (const auto &function : functions) {
        napi_value value;
        napi_create_function(env, function.name, NAPI_AUTO_LENGTH, function.callback, nullptr,
                             &value);
        napi_set_named_property(env, exports, function.name, value);
    }
    return exports;
}

/* ---- running the script */

using v8::Local;
using v8::MaybeLocal;

static Local<v8::String> text(v8::Isolate *isolate, const char *data)
{
    return v8::String::NewFromUtf8(isolate, data).ToLocalChecked();
}

static void set(Local<v8::Context> context, Local<v8::Object> object, const char *key,
                Local<v8::Value> value)
{
    object->Set(context, text(context->GetIsolate(), key), value).Check();
}

static void set_text(Local<v8::Context> context, Local<v8::Object> object, const char *key,
                     const char *data)
{
    if (data != nullptr)
        set(context, object, key, text(context->GetIsolate(), data));
}

static Local<v8::Object> options_object(Local<v8::Context> context,
                                        const engraft_node_options &options)
{
    v8::Isolate *isolate = context->GetIsolate();
    Local<v8::Object> object = v8::Object::New(isolate);
    set_text(context, object, "root", options.root);
    set_text(context, object, "execPath", options.exec_path);
    set_text(context, object, "inspectorHost", options.inspector_host);
    set(context, object, "stdio", v8::Integer::New(isolate, options.stdio));
    set(context, object, "inspector",
        v8::Boolean::New(isolate, (options.flags & ENGRAFT_NODE_INSPECTOR) != 0));
    set(context, object, "inspectorPort", v8::Integer::New(isolate, options.inspector_port));
    return object;
}

/* process._linkedBinding("engraft_node"), which calls initialise_binding() */
static MaybeLocal<v8::Value> linked_binding(Local<v8::Context> context, Local<v8::Object> process)
{
    v8::Isolate *isolate = context->GetIsolate();
    Local<v8::Value> function;
    Local<v8::Value> name = text(isolate, "engraft_node");
    if (!process->Get(context, text(isolate, "_linkedBinding")).ToLocal(&function) ||
        !function->IsFunction())
        return {};
    return function.As<v8::Function>()->Call(context, process, 1, &name);
}

static bool keep_helpers(Environment &environment, Local<v8::Context> context,
                         Local<v8::Value> list)
{
    if (!list->IsArray())
        return false;
    for (uint32_t i = 0; i < HELPER_COUNT; i++) {
        Local<v8::Value> helper;
        if (!list.As<v8::Array>()->Get(context, i).ToLocal(&helper))
            return false;
        napi_value value;
        static_assert(sizeof(value) == sizeof(helper), "see local_of()");
        __builtin_memcpy(&value, static_cast<void *>(&helper), sizeof(value));
        if (napi_create_reference(environment.napi, value, 1, &environment.helpers[i]) != napi_ok)
            return false;
    }
    return true;
}

MaybeLocal<v8::Value> run_bootstrap(Environment &environment, const engraft_node_options &options,
                                    const node::StartExecutionCallbackInfo &info)
{
    v8::Isolate *isolate = environment.isolate;
    Local<v8::Context> context = isolate->GetCurrentContext();
    v8::ScriptOrigin origin(isolate, text(isolate, "engraft-node:bootstrap"));
    Local<v8::Script> compiled;
    Local<v8::Value> binding, function, helpers;
    if (!linked_binding(context, info.process_object).ToLocal(&binding) ||
        !v8::Script::Compile(context, text(isolate, script), &origin).ToLocal(&compiled) ||
        !compiled->Run(context).ToLocal(&function) || !function->IsFunction())
        return {};
    /* Node 18 hands out the require() of its own modules, later ones keep it for a preload. */
    Local<v8::Value> internal = environment.internal_require.IsEmpty()
                                    ? info.native_require.As<v8::Value>()
                                    : environment.internal_require.Get(isolate);
    Local<v8::Value> arguments[] = {binding, info.process_object, info.native_require, internal,
                                    options_object(context, options)};
    if (!function.As<v8::Function>()
             ->Call(context, v8::Undefined(isolate), 5, arguments)
             .ToLocal(&helpers) ||
        !keep_helpers(environment, context, helpers))
        return {};
    return helpers;
}

} // namespace engraft_node_impl
