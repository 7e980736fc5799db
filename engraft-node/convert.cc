/* SPDX-License-Identifier: MIT */
/* Values between JavaScript and C trees. */
#include "internal.h"

#include <cstdlib>
#include <cstring>

namespace engraft_node_impl {

static constexpr unsigned deepest = 200;

static Status take(Environment &environment, napi_status status, Error *reterr)
{
    return status == napi_ok ? ENGRAFT_NODE_OK : take_exception(environment, reterr);
}

/* ---- handles */

void delete_released(Environment &environment)
{
    std::vector<Handle> released;
    {
        Hold hold(environment.lock);
        released.swap(environment.released);
    }
    for (const Handle &handle : released) {
        for (napi_ref reference : {handle.object, handle.resolve, handle.reject}) {
            if (reference != nullptr)
                napi_delete_reference(environment.napi, reference);
        }
    }
}

void delete_all_references(Environment &environment)
{
    {
        Hold hold(environment.lock);
        for (const auto &entry : environment.handles)
            environment.released.push_back(entry.second);
        environment.handles.clear();
    }
    delete_released(environment);
    for (napi_ref &helper : environment.helpers) {
        if (helper != nullptr)
            napi_delete_reference(environment.napi, helper);
        helper = nullptr;
    }
    if (environment.thrown != nullptr)
        napi_delete_reference(environment.napi, environment.thrown);
    environment.thrown = nullptr;
}

static Status make_handle(Environment &environment, napi_value object, engraft_node_kind kind,
                          Value *ret_value, Error *reterr)
{
    Handle handle = {nullptr, nullptr, nullptr, kind, 1};
    delete_released(environment);
    if (napi_create_reference(environment.napi, object, 1, &handle.object) != napi_ok)
        return take_exception(environment, reterr);
    Hold hold(environment.lock);
    engraft_node_handle number = ++environment.last_handle;
    environment.handles[number] = handle;
    ret_value->kind = kind;
    ret_value->as.handle = number;
    return ENGRAFT_NODE_OK;
}

Status from_handle(Environment &environment, const Value &value, napi_value *ret_value,
                   Error *reterr)
{
    napi_ref reference = nullptr;
    {
        Hold hold(environment.lock);
        auto found = environment.handles.find(value.as.handle);
        if (found != environment.handles.end() && found->second.kind == value.kind)
            reference = found->second.object;
    }
    if (reference == nullptr)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT,
                    "the handle is not, or no longer, one of this environment");
    return take(environment, napi_get_reference_value(environment.napi, reference, ret_value),
                reterr);
}

/* ---- to JavaScript */

static Status build(Environment &environment, const Value &value, unsigned depth,
                    napi_value *ret_value, Error *reterr);

static Status build_array(Environment &environment, const Value &value, unsigned depth,
                          napi_value *ret_value, Error *reterr)
{
    napi_env env = environment.napi;
    size_t count = value.as.array.count;
    Status status = take(environment, napi_create_array_with_length(env, count, ret_value), reterr);
    for (size_t i = 0; status == ENGRAFT_NODE_OK && i < count; i++) {
        napi_handle_scope scope;
        napi_value item;
        napi_open_handle_scope(env, &scope);
        status = build(environment, value.as.array.items[i], depth + 1, &item, reterr);
        if (status == ENGRAFT_NODE_OK)
            status = take(environment,
                          napi_set_element(env, *ret_value, static_cast<uint32_t>(i), item),
                          reterr);
        napi_close_handle_scope(env, scope);
    }
    return status;
}

static Status build_property(Environment &environment, napi_value object,
                             const engraft_node_property &property, unsigned depth, Error *reterr)
{
    napi_env env = environment.napi;
    napi_value key, value;
    if (property.key == nullptr)
        return ENGRAFT_NODE_OK;
    Status status = take(
        environment, napi_create_string_utf8(env, property.key, property.key_length, &key), reterr);
    if (status == ENGRAFT_NODE_OK)
        status = build(environment, property.value, depth + 1, &value, reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    /* Defined, not set: a key "__proto__" is data. */
    napi_property_descriptor descriptor = {nullptr, key,     nullptr, nullptr,
                                           nullptr, value,   napi_default_jsproperty,
                                           nullptr};
    return take(environment, napi_define_properties(env, object, 1, &descriptor), reterr);
}

static Status build_object(Environment &environment, const Value &value, unsigned depth,
                           napi_value *ret_value, Error *reterr)
{
    napi_env env = environment.napi;
    Status status = take(environment, napi_create_object(env, ret_value), reterr);
    for (size_t i = 0; status == ENGRAFT_NODE_OK && i < value.as.object.count; i++) {
        napi_handle_scope scope;
        napi_open_handle_scope(env, &scope);
        status = build_property(environment, *ret_value, value.as.object.items[i], depth, reterr);
        napi_close_handle_scope(env, scope);
    }
    return status;
}

static Status build_decimal(Environment &environment, const Value &value, napi_value *ret_value,
                            Error *reterr)
{
    napi_env env = environment.napi;
    napi_value global, bigint, text;
    if (napi_get_global(env, &global) != napi_ok ||
        napi_get_named_property(env, global, "BigInt", &bigint) != napi_ok ||
        napi_create_string_utf8(env, value.as.text.data, value.as.text.length, &text) != napi_ok ||
        napi_call_function(env, global, bigint, 1, &text, ret_value) != napi_ok)
        return take_exception(environment, reterr);
    return ENGRAFT_NODE_OK;
}

/* The caller's memory may hold anything; an enumeration may not. */
static bool is_known_kind(const Value &value)
{
    unsigned kind;
    static_assert(sizeof(kind) == sizeof(value.kind), "an enumeration is an int");
    memcpy(&kind, &value.kind, sizeof(kind));
    return kind <= ENGRAFT_NODE_REFERENCE;
}

static napi_status build_scalar(napi_env env, const Value &value, napi_value *ret_value)
{
    switch (value.kind) {
    case ENGRAFT_NODE_UNDEFINED:
        return napi_get_undefined(env, ret_value);
    case ENGRAFT_NODE_NULL:
        return napi_get_null(env, ret_value);
    case ENGRAFT_NODE_BOOLEAN:
        return napi_get_boolean(env, value.as.boolean, ret_value);
    case ENGRAFT_NODE_NUMBER:
        return napi_create_double(env, value.as.number, ret_value);
    case ENGRAFT_NODE_INTEGER:
        return napi_create_bigint_int64(env, value.as.integer, ret_value);
    case ENGRAFT_NODE_STRING:
        return napi_create_string_utf8(env, value.as.text.data != nullptr ? value.as.text.data : "",
                                       value.as.text.length, ret_value);
    case ENGRAFT_NODE_BYTES:
        return napi_create_buffer_copy(env, value.as.text.length, value.as.text.data, nullptr,
                                       ret_value);
    case ENGRAFT_NODE_DATE:
        return napi_create_date(env, value.as.number, ret_value);
    default:
        return napi_invalid_arg;
    }
}

static Status build(Environment &environment, const Value &value, unsigned depth,
                    napi_value *ret_value, Error *reterr)
{
    if (depth > deepest)
        return fail(reterr, ENGRAFT_NODE_TYPE, "the value is deeper than %u", deepest);
    if (!is_known_kind(value))
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "no kind of value");
    switch (value.kind) {
    case ENGRAFT_NODE_ARRAY:
        return build_array(environment, value, depth, ret_value, reterr);
    case ENGRAFT_NODE_OBJECT:
        return build_object(environment, value, depth, ret_value, reterr);
    case ENGRAFT_NODE_DECIMAL:
        return build_decimal(environment, value, ret_value, reterr);
    case ENGRAFT_NODE_FUNCTION:
    case ENGRAFT_NODE_PROMISE:
    case ENGRAFT_NODE_REFERENCE:
        return from_handle(environment, value, ret_value, reterr);
    default:
        return take(environment, build_scalar(environment.napi, value, ret_value), reterr);
    }
}

Status to_javascript(Environment &environment, const Value &value, napi_value *ret_value,
                     Error *reterr)
{
    return build(environment, value, 0, ret_value, reterr);
}

/* ---- to C */

static Status no_memory(Error *reterr)
{
    return fail(reterr, ENGRAFT_NODE_SYSTEM, "no memory");
}

static Status checked(Status status, Error *reterr)
{
    return status == ENGRAFT_NODE_OK ? status : no_memory(reterr);
}

static Status read(Environment &environment, napi_value value, unsigned depth, Value *to,
                   Error *reterr);

/* The text of `value`, malloc's, NUL behind it. */
static char *read_text(napi_env env, napi_value value, size_t *ret_length)
{
    size_t length = 0;
    if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok)
        return nullptr;
    char *text = static_cast<char *>(malloc(length + 1));
    if (text != nullptr)
        napi_get_value_string_utf8(env, value, text, length + 1, ret_length);
    return text;
}

static Status read_string(napi_env env, napi_value value, engraft_node_kind kind, Value *to,
                          Error *reterr)
{
    size_t length = 0;
    char *text = read_text(env, value, &length);
    if (text == nullptr)
        return no_memory(reterr);
    to->kind = kind;
    to->as.text.data = text;
    to->as.text.length = length;
    return ENGRAFT_NODE_OK;
}

static Status read_bigint(Environment &environment, napi_value value, Value *to, Error *reterr)
{
    napi_env env = environment.napi;
    bool lossless = false;
    int64_t integer = 0;
    napi_value text;
    napi_get_value_bigint_int64(env, value, &integer, &lossless);
    if (lossless) {
        to->kind = ENGRAFT_NODE_INTEGER;
        to->as.integer = integer;
        return ENGRAFT_NODE_OK;
    }
    if (napi_coerce_to_string(env, value, &text) != napi_ok)
        return take_exception(environment, reterr);
    return read_string(env, text, ENGRAFT_NODE_DECIMAL, to, reterr);
}

static Status read_array(Environment &environment, napi_value value, unsigned depth, Value *to,
                         Error *reterr)
{
    napi_env env = environment.napi;
    uint32_t count = 0;
    napi_get_array_length(env, value, &count);
    Status status = checked(engraft_node_value_array(count, to), reterr);
    for (uint32_t i = 0; status == ENGRAFT_NODE_OK && i < count; i++) {
        napi_handle_scope scope;
        napi_value item;
        napi_open_handle_scope(env, &scope);
        status = take(environment, napi_get_element(env, value, i, &item), reterr);
        if (status == ENGRAFT_NODE_OK)
            status = read(environment, item, depth + 1, &to->as.array.items[i], reterr);
        napi_close_handle_scope(env, scope);
    }
    return status;
}

static Status read_property(Environment &environment, napi_value object, napi_value key,
                            unsigned depth, engraft_node_property *to, Error *reterr)
{
    napi_env env = environment.napi;
    napi_value value;
    to->key = read_text(env, key, &to->key_length);
    if (to->key == nullptr)
        return no_memory(reterr);
    if (napi_get_property(env, object, key, &value) != napi_ok)
        return take_exception(environment, reterr);
    return read(environment, value, depth + 1, &to->value, reterr);
}

/* `name`, `message` and `stack` of an Error are not enumerable. */
static Status read_error_texts(Environment &environment, napi_value error, Value *to, Error *reterr)
{
    static const char *const names[] = {"name", "message", "stack"};
    napi_env env = environment.napi;
    Status status = ENGRAFT_NODE_OK;
    for (size_t i = 0; status == ENGRAFT_NODE_OK && i < 3; i++) {
        napi_value key;
        napi_create_string_utf8(env, names[i], NAPI_AUTO_LENGTH, &key);
        status = read_property(environment, error, key, deepest, &to->as.object.items[i], reterr);
        if (status == ENGRAFT_NODE_TYPE) { /* an object where the text should be: left out */
            engraft_node_value_clear(&to->as.object.items[i].value);
            status = ENGRAFT_NODE_OK;
        }
    }
    return status;
}

static Status read_object(Environment &environment, napi_value value, unsigned depth, Value *to,
                          Error *reterr)
{
    napi_env env = environment.napi;
    napi_value keys;
    uint32_t count = 0;
    bool is_error = false;
    napi_is_error(env, value, &is_error);
    const auto filter =
        static_cast<napi_key_filter>(napi_key_enumerable | napi_key_skip_symbols);
    if (napi_get_all_property_names(env, value, napi_key_own_only, filter,
                                    napi_key_numbers_to_strings, &keys) != napi_ok ||
        napi_get_array_length(env, keys, &count) != napi_ok)
        return take_exception(environment, reterr);
    size_t texts = is_error ? 3 : 0;
    Status status = checked(engraft_node_value_object(texts + count, to), reterr);
    if (status == ENGRAFT_NODE_OK && is_error)
        status = read_error_texts(environment, value, to, reterr);
    for (uint32_t i = 0; status == ENGRAFT_NODE_OK && i < count; i++) {
        napi_handle_scope scope;
        napi_value key;
        napi_open_handle_scope(env, &scope);
        status = take(environment, napi_get_element(env, keys, i, &key), reterr);
        if (status == ENGRAFT_NODE_OK)
            status = read_property(environment, value, key, depth,
                                   &to->as.object.items[texts + i], reterr);
        napi_close_handle_scope(env, scope);
    }
    return status;
}

/* false: `value` is no buffer and no view. */
static bool read_bytes(napi_env env, napi_value value, void **ret_data, size_t *ret_length)
{
    bool is = false;
    *ret_data = nullptr;
    *ret_length = 0;
    if (napi_is_arraybuffer(env, value, &is) == napi_ok && is)
        return napi_get_arraybuffer_info(env, value, ret_data, ret_length) == napi_ok;
    v8::Local<v8::Value> local = local_of<v8::Value>(value);
    if (!local->IsArrayBufferView())
        return false;
    /* Node's buffer functions take any view: typed arrays and DataView alike. */
    return napi_get_buffer_info(env, value, ret_data, ret_length) == napi_ok;
}

static Status read_reference(Environment &environment, napi_value value, unsigned depth, Value *to,
                             Error *reterr)
{
    napi_env env = environment.napi;
    bool is = false;
    void *data;
    size_t length;
    if (napi_is_promise(env, value, &is) == napi_ok && is) {
        Status status = make_handle(environment, value, ENGRAFT_NODE_PROMISE, to, reterr);
        if (status == ENGRAFT_NODE_OK)
            status = call_helper(environment, HELPER_HANDLED, 1, &value, nullptr, reterr);
        return status;
    }
    if (depth > deepest)
        return fail(reterr, ENGRAFT_NODE_TYPE, "the value is deeper than %u, or a cycle", deepest);
    if (napi_is_array(env, value, &is) == napi_ok && is)
        return read_array(environment, value, depth, to, reterr);
    if (read_bytes(env, value, &data, &length))
        return checked(engraft_node_value_bytes(data, length, to), reterr);
    if (napi_is_date(env, value, &is) == napi_ok && is) {
        to->kind = ENGRAFT_NODE_DATE;
        return take(environment, napi_get_date_value(env, value, &to->as.number), reterr);
    }
    return read_object(environment, value, depth, to, reterr);
}

static Status read(Environment &environment, napi_value value, unsigned depth, Value *to,
                   Error *reterr)
{
    napi_env env = environment.napi;
    napi_valuetype type = napi_external;
    napi_typeof(env, value, &type);
    switch (type) {
    case napi_undefined:
        *to = engraft_node_undefined();
        return ENGRAFT_NODE_OK;
    case napi_null:
        to->kind = ENGRAFT_NODE_NULL;
        return ENGRAFT_NODE_OK;
    case napi_boolean:
        to->kind = ENGRAFT_NODE_BOOLEAN;
        return take(environment, napi_get_value_bool(env, value, &to->as.boolean), reterr);
    case napi_number:
        to->kind = ENGRAFT_NODE_NUMBER;
        return take(environment, napi_get_value_double(env, value, &to->as.number), reterr);
    case napi_bigint:
        return read_bigint(environment, value, to, reterr);
    case napi_string:
        return read_string(env, value, ENGRAFT_NODE_STRING, to, reterr);
    case napi_function:
        return make_handle(environment, value, ENGRAFT_NODE_FUNCTION, to, reterr);
    case napi_object:
        return read_reference(environment, value, depth, to, reterr);
    default:
        return fail(reterr, ENGRAFT_NODE_TYPE, "a %s has no copy",
                    type == napi_symbol ? "Symbol" : "native object");
    }
}

static bool wants_reference(napi_env env, napi_value value, unsigned flags)
{
    napi_valuetype type = napi_undefined;
    bool is_promise = false;
    if ((flags & ENGRAFT_NODE_BY_REFERENCE) == 0)
        return false;
    napi_typeof(env, value, &type);
    napi_is_promise(env, value, &is_promise);
    return type == napi_object && !is_promise;
}

static bool is_unwanted(napi_env env, napi_value value, unsigned flags)
{
    bool is_promise = false;
    if ((flags & ENGRAFT_NODE_AWAIT) != 0)
        napi_is_promise(env, value, &is_promise);
    return (flags & DROP_RESULT) != 0 && !is_promise;
}

Status to_c(Environment &environment, napi_value value, unsigned flags, Value *ret_value,
            Error *reterr)
{
    Value copy = engraft_node_undefined();
    if (is_unwanted(environment.napi, value, flags)) {
        *ret_value = copy;
        return ENGRAFT_NODE_OK;
    }
    Status status = wants_reference(environment.napi, value, flags)
                        ? make_handle(environment, value, ENGRAFT_NODE_REFERENCE, &copy, reterr)
                        : read(environment, value, 0, &copy, reterr);
    if (status == ENGRAFT_NODE_OK)
        *ret_value = copy;
    else
        engraft_node_value_clear(&copy);
    return status;
}

} // namespace engraft_node_impl
