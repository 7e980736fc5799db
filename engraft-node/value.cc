/* SPDX-License-Identifier: MIT */
/* Trees of values on the C side. All memory is malloc's: a C caller could have made it. */
#include "internal.h"

#include <cstdlib>
#include <cstring>

using namespace engraft_node_impl;

static char *duplicate(const char *data, size_t length)
{
    char *copy = length == SIZE_MAX ? nullptr : static_cast<char *>(malloc(length + 1));
    if (copy != nullptr) {
        if (length > 0)
            memcpy(copy, data, length);
        copy[length] = '\0';
    }
    return copy;
}

static Status make_text(engraft_node_kind kind, const char *data, size_t length, Value *ret_value)
{
    if (ret_value == nullptr || (data == nullptr && length > 0))
        return ENGRAFT_NODE_ARGUMENT;
    char *copy = duplicate(data, length);
    if (copy == nullptr)
        return ENGRAFT_NODE_SYSTEM;
    ret_value->kind = kind;
    ret_value->as.text.data = copy;
    ret_value->as.text.length = length;
    return ENGRAFT_NODE_OK;
}

enum engraft_node_status engraft_node_value_string(const char *data, size_t length,
                                                   struct engraft_node_value *ret_value)
{
    if (data == nullptr)
        return ENGRAFT_NODE_ARGUMENT;
    return make_text(ENGRAFT_NODE_STRING, data, length == SIZE_MAX ? strlen(data) : length,
                     ret_value);
}

enum engraft_node_status engraft_node_value_bytes(const void *data, size_t length,
                                                  struct engraft_node_value *ret_value)
{
    return make_text(ENGRAFT_NODE_BYTES, static_cast<const char *>(data), length, ret_value);
}

enum engraft_node_status engraft_node_value_array(size_t count,
                                                  struct engraft_node_value *ret_value)
{
    if (ret_value == nullptr)
        return ENGRAFT_NODE_ARGUMENT;
    void *items = calloc(count == 0 ? 1 : count, sizeof(Value));
    if (items == nullptr)
        return ENGRAFT_NODE_SYSTEM;
    ret_value->kind = ENGRAFT_NODE_ARRAY;
    ret_value->as.array.items = static_cast<Value *>(items);
    ret_value->as.array.count = count;
    return ENGRAFT_NODE_OK;
}

enum engraft_node_status engraft_node_value_object(size_t count,
                                                   struct engraft_node_value *ret_value)
{
    if (ret_value == nullptr)
        return ENGRAFT_NODE_ARGUMENT;
    void *items = calloc(count == 0 ? 1 : count, sizeof(engraft_node_property));
    if (items == nullptr)
        return ENGRAFT_NODE_SYSTEM;
    ret_value->kind = ENGRAFT_NODE_OBJECT;
    ret_value->as.object.items = static_cast<engraft_node_property *>(items);
    ret_value->as.object.count = count;
    return ENGRAFT_NODE_OK;
}

enum engraft_node_status engraft_node_value_put(struct engraft_node_value *object, size_t index,
                                                const char *key, struct engraft_node_value *value)
{
    if (object == nullptr || object->kind != ENGRAFT_NODE_OBJECT || key == nullptr ||
        value == nullptr || index >= object->as.object.count)
        return ENGRAFT_NODE_ARGUMENT;
    size_t length = strlen(key);
    char *copy = duplicate(key, length);
    if (copy == nullptr)
        return ENGRAFT_NODE_SYSTEM;
    engraft_node_property *property = &object->as.object.items[index];
    free(const_cast<char *>(property->key));
    engraft_node_value_clear(&property->value);
    property->key = copy;
    property->key_length = length;
    property->value = *value;
    *value = engraft_node_undefined();
    return ENGRAFT_NODE_OK;
}

const struct engraft_node_value *engraft_node_value_get(const struct engraft_node_value *object,
                                                        const char *key)
{
    if (object == nullptr || object->kind != ENGRAFT_NODE_OBJECT || key == nullptr)
        return nullptr;
    size_t length = strlen(key);
    for (size_t i = 0; i < object->as.object.count; i++) {
        const engraft_node_property *property = &object->as.object.items[i];
        if (property->key_length == length && property->key != nullptr &&
            memcmp(property->key, key, length) == 0)
            return &property->value;
    }
    return nullptr;
}

/* ---- handles */

static bool is_handle(const Value *value)
{
    return value->kind == ENGRAFT_NODE_FUNCTION || value->kind == ENGRAFT_NODE_PROMISE ||
           value->kind == ENGRAFT_NODE_REFERENCE;
}

static void release_handle(engraft_node_handle handle)
{
    std::shared_ptr<Environment> environment = find_by_handle(handle);
    if (environment == nullptr)
        return;
    Hold hold(environment->lock);
    auto found = environment->handles.find(handle);
    if (found == environment->handles.end() || --found->second.count > 0)
        return;
    environment->released.push_back(found->second);
    environment->handles.erase(found);
    if (environment->async_open)
        uv_async_send(&environment->wake);
}

static void hold_handle(engraft_node_handle handle)
{
    std::shared_ptr<Environment> environment = find_by_handle(handle);
    if (environment == nullptr)
        return;
    Hold hold(environment->lock);
    auto found = environment->handles.find(handle);
    if (found != environment->handles.end())
        found->second.count++;
}

/* ---- trees */

void engraft_node_value_clear(struct engraft_node_value *value)
{
    if (value == nullptr)
        return;
    switch (value->kind) {
    case ENGRAFT_NODE_DECIMAL:
    case ENGRAFT_NODE_STRING:
    case ENGRAFT_NODE_BYTES:
        free(const_cast<char *>(value->as.text.data));
        break;
    case ENGRAFT_NODE_ARRAY:
        for (size_t i = 0; i < value->as.array.count; i++)
            engraft_node_value_clear(&value->as.array.items[i]);
        free(value->as.array.items);
        break;
    case ENGRAFT_NODE_OBJECT:
        for (size_t i = 0; i < value->as.object.count; i++) {
            free(const_cast<char *>(value->as.object.items[i].key));
            engraft_node_value_clear(&value->as.object.items[i].value);
        }
        free(value->as.object.items);
        break;
    default:
        if (is_handle(value))
            release_handle(value->as.handle);
    }
    *value = engraft_node_undefined();
}

static Status copy_into(const Value *value, Value *to);

static Status copy_array(const Value *value, Value *to)
{
    Status status = engraft_node_value_array(value->as.array.count, to);
    for (size_t i = 0; status == ENGRAFT_NODE_OK && i < value->as.array.count; i++)
        status = copy_into(&value->as.array.items[i], &to->as.array.items[i]);
    return status;
}

static Status copy_object(const Value *value, Value *to)
{
    Status status = engraft_node_value_object(value->as.object.count, to);
    for (size_t i = 0; status == ENGRAFT_NODE_OK && i < value->as.object.count; i++) {
        const engraft_node_property *from = &value->as.object.items[i];
        engraft_node_property *property = &to->as.object.items[i];
        if (from->key == nullptr)
            continue;
        property->key = duplicate(from->key, from->key_length);
        property->key_length = from->key_length;
        status = property->key == nullptr ? ENGRAFT_NODE_SYSTEM
                                          : copy_into(&from->value, &property->value);
    }
    return status;
}

static Status copy_into(const Value *value, Value *to)
{
    switch (value->kind) {
    case ENGRAFT_NODE_DECIMAL:
    case ENGRAFT_NODE_STRING:
    case ENGRAFT_NODE_BYTES:
        return make_text(value->kind, value->as.text.data, value->as.text.length, to);
    case ENGRAFT_NODE_ARRAY:
        return copy_array(value, to);
    case ENGRAFT_NODE_OBJECT:
        return copy_object(value, to);
    default:
        *to = *value;
        if (is_handle(value))
            hold_handle(value->as.handle);
        return ENGRAFT_NODE_OK;
    }
}

enum engraft_node_status engraft_node_value_copy(const struct engraft_node_value *value,
                                                 struct engraft_node_value *ret_value)
{
    if (value == nullptr || ret_value == nullptr)
        return ENGRAFT_NODE_ARGUMENT;
    Value copy = engraft_node_undefined();
    Status status = copy_into(value, &copy);
    if (status == ENGRAFT_NODE_OK)
        *ret_value = copy;
    else
        engraft_node_value_clear(&copy);
    return status;
}
