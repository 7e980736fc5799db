/* SPDX-License-Identifier: MIT */
/* Functions of C that JavaScript calls, and promises that C settles. */
#include "internal.h"

#include <cstring>
#include <new>

namespace engraft_node_impl {

namespace {
struct Function {
    Environment *environment;
    engraft_node_callback callback;
    void *user;
    engraft_node_destroy destroy;
};
} // namespace

static const char *code_of(Status status)
{
    switch (status) {
#define CODE(name)                                                                                 \
    case ENGRAFT_NODE_##name:                                                                      \
        return "ENGRAFT_NODE_" #name
        CODE(OK);
        CODE(ARGUMENT);
        CODE(THROWN);
        CODE(TYPE);
        CODE(TIMEOUT);
        CODE(ENDED);
        CODE(MEMORY);
        CODE(SYSTEM);
        CODE(INITIALISE);
        CODE(ISOLATE);
        CODE(DEADLOCK);
        CODE(BUSY);
        CODE(UNSUPPORTED);
#undef CODE
    }
    return "ENGRAFT_NODE";
}

/* ---- JavaScript calls C */

static void throw_error(Environment &environment, Status status, const Error &error)
{
    napi_env env = environment.napi;
    napi_value exception;
    if (has_ended(environment))
        return;
    if (status == ENGRAFT_NODE_THROWN && environment.thrown != nullptr &&
        environment.thrown_message == error.message &&
        napi_get_reference_value(env, environment.thrown, &exception) == napi_ok)
        napi_throw(env, exception);
    else
        napi_throw_error(env, code_of(status),
                         error.message[0] != '\0' ? error.message
                                                  : engraft_node_status_text(status));
}

static Status read_arguments(Environment &environment, const std::vector<napi_value> &values,
                             std::vector<Value> *ret_arguments, Error *reterr)
{
    Status status = ENGRAFT_NODE_OK;
    for (size_t i = 0; status == ENGRAFT_NODE_OK && i < values.size(); i++)
        status = to_c(environment, values[i], 0, &(*ret_arguments)[i], reterr);
    return status;
}

static Status call_c(Environment &environment, const Function &function,
                     const std::vector<napi_value> &values, napi_value *ret_value, Error *reterr)
{
    std::vector<Value> arguments(values.size(), engraft_node_undefined());
    Value result = engraft_node_undefined();
    Status status = read_arguments(environment, values, &arguments, reterr);
    if (status == ENGRAFT_NODE_OK)
        status = function.callback(environment.public_handle(), function.user, arguments.data(),
                                   arguments.size(), &result, reterr);
    if (status == ENGRAFT_NODE_OK && !has_ended(environment))
        status = to_javascript(environment, result, ret_value, reterr);
    engraft_node_value_clear(&result);
    for (Value &argument : arguments)
        engraft_node_value_clear(&argument);
    return status;
}

static napi_value trampoline(napi_env env, napi_callback_info info)
{
    size_t count = 0;
    void *data = nullptr;
    napi_get_cb_info(env, info, &count, nullptr, nullptr, &data);
    std::vector<napi_value> values(count);
    napi_get_cb_info(env, info, &count, values.data(), nullptr, nullptr);
    const Function &function = *static_cast<Function *>(data);
    Environment &environment = *function.environment;
    napi_value result = nullptr;
    Error error = {};
    environment.inside++;
    Status status = call_c(environment, function, values, &result, &error);
    environment.inside--;
    if (status != ENGRAFT_NODE_OK)
        throw_error(environment, status, error);
    return result;
}

static void finalize(napi_env, void *data, void *)
{
    Function *function = static_cast<Function *>(data);
    if (function->destroy != nullptr)
        function->destroy(function->user);
    delete function;
}

static Status make_function(Environment &environment, const char *name, Function *function,
                            unsigned flags, Value *result, Error *reterr)
{
    napi_env env = environment.napi;
    napi_value value, global;
    if (napi_create_function(env, name != nullptr ? name : "", NAPI_AUTO_LENGTH, trampoline,
                             function, &value) != napi_ok ||
        napi_add_finalizer(env, value, function, finalize, nullptr, nullptr) != napi_ok) {
        finalize(env, function, nullptr);
        return take_exception(environment, reterr);
    }
    if ((flags & ENGRAFT_NODE_GLOBAL) != 0 &&
        (napi_get_global(env, &global) != napi_ok ||
         napi_set_named_property(env, global, name, value) != napi_ok))
        return take_exception(environment, reterr);
    return to_c(environment, value, 0, result, reterr);
}

/* ---- promises */

static Status take_reference(Environment &environment, napi_value list, uint32_t index,
                             napi_ref *ret_reference, Error *reterr)
{
    napi_value function;
    if (napi_get_element(environment.napi, list, index, &function) != napi_ok ||
        napi_create_reference(environment.napi, function, 1, ret_reference) != napi_ok)
        return take_exception(environment, reterr);
    return ENGRAFT_NODE_OK;
}

/* The bootstrap script answers [promise, resolve, reject]. */
static Status make_promise(Environment &environment, Value *result, Error *reterr)
{
    napi_value list, promise;
    napi_ref resolve = nullptr, reject = nullptr;
    Status status = call_helper(environment, HELPER_DEFERRED, 0, nullptr, &list, reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    if (napi_get_element(environment.napi, list, 0, &promise) != napi_ok)
        return take_exception(environment, reterr);
    status = to_c(environment, promise, 0, result, reterr);
    if (status == ENGRAFT_NODE_OK)
        status = take_reference(environment, list, 1, &resolve, reterr);
    if (status == ENGRAFT_NODE_OK)
        status = take_reference(environment, list, 2, &reject, reterr);
    if (status == ENGRAFT_NODE_OK) {
        Hold hold(environment.lock);
        Handle &handle = environment.handles[result->as.handle];
        handle.resolve = resolve;
        handle.reject = reject;
    }
    return status;
}

/* Both functions are taken out: whoever comes second finds none. */
static bool take_deferred(Environment &environment, const Value &promise, Handle *ret_deferred)
{
    Hold hold(environment.lock);
    auto found = environment.handles.find(promise.as.handle);
    if (found == environment.handles.end() || found->second.resolve == nullptr)
        return false;
    *ret_deferred = found->second;
    found->second.resolve = nullptr;
    found->second.reject = nullptr;
    return true;
}

static Status settle(Environment &environment, const Value &promise, bool fulfil,
                     const Value &value, Error *reterr)
{
    napi_env env = environment.napi;
    napi_value converted, function, undefined, ignored;
    Handle deferred;
    Status status = to_javascript(environment, value, &converted, reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    if (!take_deferred(environment, promise, &deferred))
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "not a promise of C, or settled already");
    napi_get_undefined(env, &undefined);
    napi_status called = napi_get_reference_value(
        env, fulfil ? deferred.resolve : deferred.reject, &function);
    if (called == napi_ok)
        called = napi_call_function(env, undefined, function, 1, &converted, &ignored);
    napi_delete_reference(env, deferred.resolve);
    napi_delete_reference(env, deferred.reject);
    return called == napi_ok ? ENGRAFT_NODE_OK : take_exception(environment, reterr);
}

static Status perform_settle(engraft_node *node, const Value *promise, bool fulfil,
                             const Value &value, Error *reterr)
{
    std::shared_ptr<Environment> environment = find(node);
    if (environment == nullptr)
        return unknown(node, reterr);
    if (promise == nullptr || promise->kind != ENGRAFT_NODE_PROMISE)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "not a promise");
    Work work = [&](Environment &inside, Error *error) {
        return settle(inside, *promise, fulfil, value, error);
    };
    return perform(*environment, work, reterr);
}

static Status hand_over(Status status, Value *result, Value *ret_value)
{
    if (status == ENGRAFT_NODE_OK && ret_value != nullptr)
        *ret_value = *result;
    else
        engraft_node_value_clear(result);
    return status;
}

} // namespace engraft_node_impl

using namespace engraft_node_impl;

enum engraft_node_status
engraft_node_function(engraft_node *node, const char *name, engraft_node_callback callback,
                      void *user, engraft_node_destroy destroy, unsigned flags,
                      struct engraft_node_value *ret_function, struct engraft_node_error *reterr)
{
    std::shared_ptr<Environment> environment = find(node);
    Value result = engraft_node_undefined();
    bool made = false;
    if (environment == nullptr)
        return unknown(node, reterr);
    if (callback == nullptr)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "the callback is NULL");
    if ((flags & ~static_cast<unsigned>(ENGRAFT_NODE_GLOBAL)) != 0 ||
        ((flags & ENGRAFT_NODE_GLOBAL) != 0 && name == nullptr))
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "unknown flag, or a global without a name");
    Work work = [&](Environment &inside, Error *error) {
        made = true;
        return make_function(inside, name, new Function{&inside, callback, user, destroy}, flags,
                             &result, error);
    };
    Status status = perform(*environment, work, reterr);
    if (!made && destroy != nullptr)
        destroy(user);
    return hand_over(status, &result, ret_function);
}

enum engraft_node_status engraft_node_promise(engraft_node *node,
                                              struct engraft_node_value *ret_promise,
                                              struct engraft_node_error *reterr)
{
    std::shared_ptr<Environment> environment = find(node);
    Value result = engraft_node_undefined();
    if (environment == nullptr)
        return unknown(node, reterr);
    if (ret_promise == nullptr)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "nowhere to put the promise");
    Work work = [&](Environment &inside, Error *error) {
        return make_promise(inside, &result, error);
    };
    return hand_over(perform(*environment, work, reterr), &result, ret_promise);
}

enum engraft_node_status engraft_node_resolve(engraft_node *node,
                                              const struct engraft_node_value *promise,
                                              const struct engraft_node_value *value,
                                              struct engraft_node_error *reterr)
{
    return perform_settle(node, promise, true,
                          value != nullptr ? *value : engraft_node_undefined(), reterr);
}

enum engraft_node_status engraft_node_reject(engraft_node *node,
                                             const struct engraft_node_value *promise,
                                             const char *message, struct engraft_node_error *reterr)
{
    const char *text = message != nullptr ? message : "";
    return perform_settle(node, promise, false, engraft_node_text(text, strlen(text)), reterr);
}
