/* SPDX-License-Identifier: MIT */
/* Calls into JavaScript: source, files, functions, properties, promises. */
#include "internal.h"

#include <cstring>

namespace engraft_node_impl {

static constexpr unsigned result_flags = ENGRAFT_NODE_BY_REFERENCE | ENGRAFT_NODE_AWAIT;

Status call_helper(Environment &environment, Helper helper, size_t count,
                   const napi_value *arguments, napi_value *ret_value, Error *reterr)
{
    napi_env env = environment.napi;
    napi_value function, undefined, ignored;
    if (napi_get_reference_value(env, environment.helpers[helper], &function) != napi_ok ||
        napi_get_undefined(env, &undefined) != napi_ok ||
        napi_call_function(env, undefined, function, count, arguments,
                           ret_value != nullptr ? ret_value : &ignored) != napi_ok)
        return take_exception(environment, reterr);
    return ENGRAFT_NODE_OK;
}

/* ---- promises */

static void settle(Environment &environment, Wait &wait, bool fulfilled, napi_value value)
{
    Value result = engraft_node_undefined();
    Error error = {};
    Status status = ENGRAFT_NODE_THROWN;
    if (fulfilled)
        status = to_c(environment, value, wait.flags, &result, &error);
    else
        describe_exception(environment, value, &error);
    Hold hold(environment.lock);
    wait.value = result;
    wait.error = error;
    wait.status = status;
    wait.done = true;
    environment.lock.wake();
}

void settled(Environment &environment, uint64_t number, bool fulfilled, napi_value value)
{
    auto found = environment.waits.find(number);
    if (found == environment.waits.end())
        return;
    std::shared_ptr<Wait> wait = found->second;
    environment.waits.erase(found);
    environment.inside++;
    settle(environment, *wait, fulfilled, value);
    environment.inside--;
}

static napi_value value_of(v8::Local<v8::Value> local)
{
    napi_value value;
    static_assert(sizeof(local) == sizeof(value), "see local_of()");
    memcpy(&value, static_cast<void *>(&local), sizeof(value));
    return value;
}

/* Looks at the promise, and if it is pending and `watch`, has it settle `wait` later. */
static Status look(Environment &environment, const Value &promise, bool watch,
                   const std::shared_ptr<Wait> &wait, uint64_t *ret_number, Error *reterr)
{
    napi_value object;
    Status status = from_handle(environment, promise, &object, reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    v8::Local<v8::Promise> local = local_of<v8::Promise>(object);
    if (local->State() != v8::Promise::kPending) {
        settle(environment, *wait, local->State() == v8::Promise::kFulfilled,
               value_of(local->Result()));
        return ENGRAFT_NODE_OK;
    }
    if (!watch)
        return ENGRAFT_NODE_OK;
    *ret_number = ++environment.last_wait;
    napi_value arguments[2] = {object, nullptr};
    napi_create_int64(environment.napi, static_cast<int64_t>(*ret_number), &arguments[1]);
    environment.waits[*ret_number] = wait;
    return call_helper(environment, HELPER_WATCH, 2, arguments, nullptr, reterr);
}

/* Nobody waits any more; the thread that settles it may be doing so just now. */
static void forget(Environment &environment, uint64_t number)
{
    Work work = [number](Environment &inside, Error *) {
        inside.waits.erase(number);
        return ENGRAFT_NODE_OK;
    };
    perform(environment, work, nullptr);
}

static bool is_done(Environment &environment, const Wait &wait)
{
    Hold hold(environment.lock);
    return wait.done;
}

static void wait_for(Environment &environment, const Wait &wait, int timeout)
{
    int64_t deadline = deadline_after(timeout);
    Hold hold(environment.lock);
    while (!wait.done && environment.lock.wait_until(deadline))
        ;
}

/* Runs the loop of an environment that this thread is the thread of. */
static Status pump_for(Environment &environment, const Wait &wait, int timeout, Error *reterr)
{
    if (environment.inside > 0)
        return fail(reterr, ENGRAFT_NODE_DEADLOCK,
                    "the promise is pending, and this is the thread that would settle it");
    Status status =
        pump_until(environment, [&] { return is_done(environment, wait); }, timeout);
    return status == ENGRAFT_NODE_OK ? status : report_end(environment, reterr);
}

static Status take_result(Environment &environment, const std::shared_ptr<Wait> &wait,
                          Value *ret_value, Error *reterr)
{
    Hold hold(environment.lock);
    if (!wait->done)
        return fail(reterr, ENGRAFT_NODE_TIMEOUT, "the promise is still pending");
    if (wait->status != ENGRAFT_NODE_OK) {
        if (reterr != nullptr)
            *reterr = wait->error;
        return wait->status;
    }
    if (ret_value != nullptr) {
        *ret_value = wait->value;
        wait->value = engraft_node_undefined();
    }
    return ENGRAFT_NODE_OK;
}

Status await(Environment &environment, const Value &promise, int timeout, unsigned flags,
             Value *ret_value, Error *reterr)
{
    auto wait = std::make_shared<Wait>();
    uint64_t number = 0;
    wait->flags = flags;
    bool watch = timeout != 0 && !(environment.on_own_thread() && environment.inside > 0);
    Work work = [&](Environment &inside, Error *error) {
        return look(inside, promise, watch, wait, &number, error);
    };
    Status status = perform(environment, work, reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    if (!is_done(environment, *wait) && timeout != 0) {
        if (environment.on_own_thread())
            status = pump_for(environment, *wait, timeout, reterr);
        else
            wait_for(environment, *wait, timeout);
        if (number != 0 && !is_done(environment, *wait))
            forget(environment, number);
    }
    return status == ENGRAFT_NODE_OK ? take_result(environment, wait, ret_value, reterr) : status;
}

/* ---- what all calls end with */

/* Does `work`; then waits for the promise that came out, if `*flags` ask for that by then. */
static Status perform_and_await(Environment &environment, const unsigned *flags, Value *result,
                                const Work &work, Value *ret_value, Error *reterr)
{
    Status status = perform(environment, work, reterr);
    if (status == ENGRAFT_NODE_OK && (*flags & ENGRAFT_NODE_AWAIT) != 0 &&
        result->kind == ENGRAFT_NODE_PROMISE) {
        Value promise = *result;
        *result = engraft_node_undefined();
        status = await(environment, promise, -1, *flags, result, reterr);
        engraft_node_value_clear(&promise);
    }
    if (status == ENGRAFT_NODE_OK && ret_value != nullptr)
        *ret_value = *result;
    else
        engraft_node_value_clear(result);
    return status;
}

static Status make_text(Environment &environment, const char *data, size_t length,
                        napi_value *ret_text, Error *reterr)
{
    return to_javascript(environment, engraft_node_text(data, length), ret_text, reterr);
}

/* ---- source and files */

static Status run_source(Environment &environment, const char *source, size_t length,
                         const char *name, unsigned flags, Value *result, Error *reterr)
{
    napi_value arguments[2], value;
    bool is_module = (flags & ENGRAFT_NODE_MODULE) != 0;
    Status status = make_text(environment, source, length, &arguments[0], reterr);
    if (status == ENGRAFT_NODE_OK)
        status = make_text(environment, name, strlen(name), &arguments[1], reterr);
    if (status == ENGRAFT_NODE_OK)
        status = call_helper(environment, is_module ? HELPER_RUN_MODULE : HELPER_RUN_STRING, 2,
                             arguments, &value, reterr);
    if (status == ENGRAFT_NODE_OK)
        status = to_c(environment, value, flags, result, reterr);
    return status;
}

/* The bootstrap script answers [is a module, exports or promise]. */
static Status run_path(Environment &environment, const char *path, unsigned *flags, Value *result,
                       Error *reterr)
{
    napi_env env = environment.napi;
    napi_value argument, pair, is_module, value;
    bool wait = false;
    Status status = make_text(environment, path, strlen(path), &argument, reterr);
    if (status == ENGRAFT_NODE_OK)
        status = call_helper(environment, HELPER_RUN_FILE, 1, &argument, &pair, reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    if (napi_get_element(env, pair, 0, &is_module) != napi_ok ||
        napi_get_element(env, pair, 1, &value) != napi_ok ||
        napi_get_value_bool(env, is_module, &wait) != napi_ok)
        return take_exception(environment, reterr);
    if (wait)
        *flags |= ENGRAFT_NODE_AWAIT;
    return to_c(environment, value, *flags, result, reterr);
}

/* ---- functions and properties */

static Status read_arguments(Environment &environment, const Value *arguments, size_t count,
                             std::vector<napi_value> *ret_values, Error *reterr)
{
    Status status = ENGRAFT_NODE_OK;
    ret_values->resize(count);
    for (size_t i = 0; status == ENGRAFT_NODE_OK && i < count; i++)
        status = to_javascript(environment, arguments[i], &(*ret_values)[i], reterr);
    return status;
}

static Status call(Environment &environment, const Value &function, const Value *receiver,
                   const Value *arguments, size_t count, unsigned flags, Value *result,
                   Error *reterr)
{
    napi_value callee, self, value;
    std::vector<napi_value> values;
    Status status = from_handle(environment, function, &callee, reterr);
    if (status == ENGRAFT_NODE_OK)
        status = to_javascript(environment,
                               receiver != nullptr ? *receiver : engraft_node_undefined(), &self,
                               reterr);
    if (status == ENGRAFT_NODE_OK)
        status = read_arguments(environment, arguments, count, &values, reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    if (napi_call_function(environment.napi, self, callee, count, values.data(), &value) != napi_ok)
        return take_exception(environment, reterr);
    return to_c(environment, value, flags, result, reterr);
}

static Status owner_of(Environment &environment, const Value *object, napi_value *ret_object,
                       Error *reterr)
{
    if (object != nullptr)
        return from_handle(environment, *object, ret_object, reterr);
    if (napi_get_global(environment.napi, ret_object) != napi_ok)
        return take_exception(environment, reterr);
    return ENGRAFT_NODE_OK;
}

static Status get(Environment &environment, const Value *object, const char *key, unsigned flags,
                  Value *result, Error *reterr)
{
    napi_value owner, value;
    Status status = owner_of(environment, object, &owner, reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    if (napi_get_named_property(environment.napi, owner, key, &value) != napi_ok)
        return take_exception(environment, reterr);
    return to_c(environment, value, flags, result, reterr);
}

static Status set(Environment &environment, const Value *object, const char *key,
                  const Value &value, Error *reterr)
{
    napi_value owner, converted;
    Status status = owner_of(environment, object, &owner, reterr);
    if (status == ENGRAFT_NODE_OK)
        status = to_javascript(environment, value, &converted, reterr);
    if (status == ENGRAFT_NODE_OK &&
        napi_set_named_property(environment.napi, owner, key, converted) != napi_ok)
        return take_exception(environment, reterr);
    return status;
}

/* ---- checks of arguments */

static Status unknown_flags(Error *reterr)
{
    return fail(reterr, ENGRAFT_NODE_ARGUMENT, "unknown flag");
}

static Status expect_kind(const Value *value, engraft_node_kind kind, const char *what,
                          Error *reterr)
{
    if (value == nullptr)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "%s is NULL", what);
    if (value->kind != kind)
        return fail(reterr, ENGRAFT_NODE_TYPE, "%s is not one", what);
    return ENGRAFT_NODE_OK;
}

/* NULL stands for globalThis. */
static Status expect_object(const Value *value, Error *reterr)
{
    if (value == nullptr || value->kind == ENGRAFT_NODE_FUNCTION ||
        value->kind == ENGRAFT_NODE_PROMISE || value->kind == ENGRAFT_NODE_REFERENCE)
        return ENGRAFT_NODE_OK;
    return fail(reterr, ENGRAFT_NODE_TYPE, "the object is a copy: ask for a reference");
}

} // namespace engraft_node_impl

using namespace engraft_node_impl;

enum engraft_node_status engraft_node_run_string(engraft_node *node, const char *source,
                                                 size_t length, const char *name, unsigned flags,
                                                 struct engraft_node_value *ret_value,
                                                 struct engraft_node_error *reterr)
{
    std::shared_ptr<Environment> environment = find(node);
    Value result = engraft_node_undefined();
    if (environment == nullptr)
        return unknown(node, reterr);
    if (source == nullptr)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "the source is NULL");
    if ((flags & ~(result_flags | ENGRAFT_NODE_MODULE)) != 0)
        return unknown_flags(reterr);
    if (length == SIZE_MAX)
        length = strlen(source);
    if ((flags & ENGRAFT_NODE_MODULE) != 0)
        flags |= ENGRAFT_NODE_AWAIT;
    if (ret_value == nullptr)
        flags |= DROP_RESULT;
    Work work = [&](Environment &inside, Error *error) {
        return run_source(inside, source, length, name != nullptr ? name : "[engraft]", flags,
                          &result, error);
    };
    return perform_and_await(*environment, &flags, &result, work, ret_value, reterr);
}

enum engraft_node_status engraft_node_run_file(engraft_node *node, const char *path, unsigned flags,
                                               struct engraft_node_value *ret_value,
                                               struct engraft_node_error *reterr)
{
    std::shared_ptr<Environment> environment = find(node);
    Value result = engraft_node_undefined();
    if (environment == nullptr)
        return unknown(node, reterr);
    if (path == nullptr)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "the path is NULL");
    if ((flags & ~result_flags) != 0)
        return unknown_flags(reterr);
    if (ret_value == nullptr)
        flags |= DROP_RESULT;
    Work work = [&](Environment &inside, Error *error) {
        return run_path(inside, path, &flags, &result, error);
    };
    return perform_and_await(*environment, &flags, &result, work, ret_value, reterr);
}

enum engraft_node_status
engraft_node_call(engraft_node *node, const struct engraft_node_value *function,
                  const struct engraft_node_value *receiver,
                  const struct engraft_node_value *arguments, size_t count, unsigned flags,
                  struct engraft_node_value *ret_value, struct engraft_node_error *reterr)
{
    std::shared_ptr<Environment> environment = find(node);
    Value result = engraft_node_undefined();
    if (environment == nullptr)
        return unknown(node, reterr);
    Status status = expect_kind(function, ENGRAFT_NODE_FUNCTION, "the function", reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    if (arguments == nullptr && count > 0)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "the arguments are NULL");
    if ((flags & ~result_flags) != 0)
        return unknown_flags(reterr);
    if (ret_value == nullptr)
        flags |= DROP_RESULT;
    Work work = [&](Environment &inside, Error *error) {
        return call(inside, *function, receiver, arguments, count, flags, &result, error);
    };
    return perform_and_await(*environment, &flags, &result, work, ret_value, reterr);
}

enum engraft_node_status engraft_node_await(engraft_node *node,
                                            const struct engraft_node_value *promise, int timeout,
                                            unsigned flags, struct engraft_node_value *ret_value,
                                            struct engraft_node_error *reterr)
{
    std::shared_ptr<Environment> environment = find(node);
    if (environment == nullptr)
        return unknown(node, reterr);
    Status status = expect_kind(promise, ENGRAFT_NODE_PROMISE, "the promise", reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    if ((flags & ~static_cast<unsigned>(ENGRAFT_NODE_BY_REFERENCE)) != 0)
        return unknown_flags(reterr);
    return await(*environment, *promise, timeout,
                 ret_value != nullptr ? flags : flags | DROP_RESULT, ret_value, reterr);
}

enum engraft_node_status engraft_node_get(engraft_node *node,
                                          const struct engraft_node_value *object, const char *key,
                                          unsigned flags, struct engraft_node_value *ret_value,
                                          struct engraft_node_error *reterr)
{
    std::shared_ptr<Environment> environment = find(node);
    Value result = engraft_node_undefined();
    if (environment == nullptr)
        return unknown(node, reterr);
    Status status = expect_object(object, reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    if (key == nullptr)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "the key is NULL");
    if ((flags & ~result_flags) != 0)
        return unknown_flags(reterr);
    Work work = [&](Environment &inside, Error *error) {
        return get(inside, object, key, flags, &result, error);
    };
    return perform_and_await(*environment, &flags, &result, work, ret_value, reterr);
}

enum engraft_node_status engraft_node_set(engraft_node *node,
                                          const struct engraft_node_value *object, const char *key,
                                          const struct engraft_node_value *value,
                                          struct engraft_node_error *reterr)
{
    std::shared_ptr<Environment> environment = find(node);
    if (environment == nullptr)
        return unknown(node, reterr);
    Status status = expect_object(object, reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    if (key == nullptr || value == nullptr)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "the key or the value is NULL");
    Work work = [&](Environment &inside, Error *error) {
        return set(inside, object, key, *value, error);
    };
    return perform(*environment, work, reterr);
}
