/* SPDX-License-Identifier: MIT */
/*
 * Functions of v8::Value, Object, Date, Symbol, FixedArray, External and JSON that one version has and
 * another has not: done by what the host has. What only JavaScript can say is a small function in the
 * plugin's context.
 */
#include "adapter.h"

typedef v8_local local_of_call(v8_local value);
typedef bool bool_of_call(v8_local value);
typedef uint16_t maybe_bool_of_call(v8_local object, v8_local context, v8_local key);

#define JUST(maybe) ((maybe)&0xff)
#define VALUE_OF(maybe) ((maybe) >> 8 != 0)
#define MAYBE(value) ((uint16_t)((value) << 8 | 1))

static v8_local context_current(const struct v8_pair *pair)
{
    return HOST_CALL(pair, isolate_context, local_of_call *)(current_isolate(pair));
}

static v8_local string_new(const struct v8_pair *pair, void *isolate, const char *text, int length)
{
    return HOST_CALL(pair, string_new, v8_local (*)(void *, const char *, int, int))(isolate, text,
                                                                                    1, length);
}

/* ---- by JavaScript --------------------------------------------------------------------------------------- */

static v8_local script_run(const struct v8_pair *pair, v8_local context, v8_local source)
{
    v8_local script =
        HOST_CALL(pair, script_compile, v8_local (*)(v8_local, v8_local, void *))(context, source,
                                                                                 NULL);

    return script ? HOST_CALL(pair, script_run, v8_local (*)(v8_local, v8_local))(script, context)
                  : NULL;
}

/* The result of `function`, an expression, with these arguments; NULL: it has thrown. */
static v8_local script_call(struct v8_pair *pair, v8_local context, const char *function, int count,
                            v8_local *arguments)
{
    void *isolate = current_isolate(pair);
    v8_local callee, result = NULL;
    struct v8_scope scope;

    scope_open(pair, isolate, &scope);
    callee = script_run(pair, context, string_new(pair, isolate, function, -1));
    if (callee)
        result = HOST_CALL(pair, function_call,
                           v8_local (*)(v8_local, v8_local, v8_local, int, v8_local *))(
            callee, context, host_root(pair, isolate, V8_ROOT_UNDEFINED), count, arguments);
    return scope_escape(pair, &scope, result);
}

static bool is_true(const struct v8_pair *pair, v8_local value)
{
    return value && *value == *host_root(pair, current_isolate(pair), V8_ROOT_TRUE);
}

/* Value::ToNumeric(Local<Context>): what `value++` evaluates to */
v8_local v8_value_to_numeric(v8_local value, v8_local context, struct v8_slot *slot)
{
    return script_call(slot->pair, context, "(value=>value++)", 1, &value);
}

/* Value::ToPrimitive(Local<Context>), ECMA-262, 7.1.1, with no preferred type */
v8_local v8_value_to_primitive(v8_local value, v8_local context, struct v8_slot *slot)
{
    static const char function[] =
        "(input=>{"
        "const is=value=>Object(value)!==value;"
        "if(is(input))return input;"
        "const exotic=input[Symbol.toPrimitive];"
        "if(exotic!==undefined&&exotic!==null){"
        "const value=Reflect.apply(exotic,input,['default']);if(is(value))return value}"
        "else for(const name of ['valueOf','toString']){const method=input[name];"
        "if(typeof method=='function'){"
        "const value=Reflect.apply(method,input,[]);if(is(value))return value}}"
        "throw new TypeError('Cannot convert object to primitive value')})";

    return script_call(slot->pair, context, function, 1, &value);
}

/* Date::Parse(Local<Context>, Local<String>) */
v8_local v8_date_parse(v8_local context, v8_local text, struct v8_slot *slot)
{
    return script_call(slot->pair, context, "(text=>new Date(Date.parse(text)))", 1, &text);
}

/* Date::ToISOString() */
v8_local v8_date_to_iso_string(v8_local date, struct v8_slot *slot)
{
    return script_call(slot->pair, context_current(slot->pair),
                       "(date=>isNaN(date)?'Invalid Date':Date.prototype.toISOString.call(date))",
                       1, &date);
}

/* Date::ToUTCString() */
v8_local v8_date_to_utc_string(v8_local date, struct v8_slot *slot)
{
    return script_call(slot->pair, context_current(slot->pair),
                       "(date=>Date.prototype.toUTCString.call(date))", 1, &date);
}

static v8_local symbol_named(struct v8_slot *slot, void *isolate, const char *function,
                             const char *name)
{
    v8_local context = context_current(slot->pair), found = NULL;

    if (context)
        found = script_call(slot->pair, context, function, 0, NULL);
    if (found && *found != *host_root(slot->pair, isolate, V8_ROOT_UNDEFINED))
        return found;
    return HOST_CALL(slot->pair, symbol_for, v8_local (*)(void *, v8_local))(
        isolate, string_new(slot->pair, isolate, name, -1));
}

/* Symbol::GetDispose(Isolate *): Node defines it where V8 does not */
v8_local v8_symbol_dispose(void *isolate, struct v8_slot *slot)
{
    return symbol_named(slot, isolate_of(isolate), "(()=>Symbol.dispose)", "Symbol.dispose");
}

/* Symbol::GetAsyncDispose(Isolate *) */
v8_local v8_symbol_async_dispose(void *isolate, struct v8_slot *slot)
{
    return symbol_named(slot, isolate_of(isolate), "(()=>Symbol.asyncDispose)",
                        "Symbol.asyncDispose");
}

/* Object::Get(Local<Context>, Local<Value>, MaybeLocal<Object> receiver) */
v8_local v8_object_get_for(v8_local object, v8_local context, v8_local key, v8_local receiver,
                           struct v8_slot *slot)
{
    v8_local arguments[] = {object, key, receiver};

    if (!receiver || *receiver == *object)
        return HOST_CALL(slot->pair, object_get, v8_local (*)(v8_local, v8_local, v8_local))(
            object, context, key);
    return script_call(slot->pair, context,
                       "((object,key,receiver)=>Reflect.get(object,key,receiver))", 3, arguments);
}

/* Object::Set(Local<Context>, Local<Value>, Local<Value>, MaybeLocal<Object> receiver); Maybe<bool> */
uint16_t v8_object_set_for(v8_local object, v8_local context, v8_local key, v8_local value,
                           v8_local receiver, struct v8_slot *slot)
{
    v8_local arguments[] = {object, key, value, receiver};

    if (!receiver || *receiver == *object)
        return HOST_CALL(slot->pair, object_set,
                         uint16_t(*)(v8_local, v8_local, v8_local, v8_local))(object, context, key,
                                                                              value);
    return script_call(slot->pair, context,
                       "((object,key,value,receiver)=>Reflect.set(object,key,value,receiver))", 4,
                       arguments)
               ? MAYBE(1)
               : 0;
}

/* ---- by other functions ------------------------------------------------------------------------------------ */

/* The number that the host's debugging symbols have for a kind of objects; a map lies at an object's start,
 * and says of what kind it is. */
static bool is_of_type(const struct v8_pair *pair, v8_local value, enum v8_host_function type)
{
    const char *map;

    if (!(*value & 1) || !pair->functions[type])
        return false;
    map = (const char *)(*(const v8_value *)(*value - 1) - 1);
    return *(const uint16_t *)(map + v8_constant(V8_kMapInstanceTypeOffset, pair->host)) ==
           *(const int *)(uintptr_t)pair->functions[type];
}

/* Value::IsWeakRef() */
bool v8_value_is_weak_ref(v8_local value, struct v8_slot *slot)
{
    return is_of_type(slot->pair, value, V8_HOST_type_of_weak_ref);
}

/* Data::IsModuleRequest() */
bool v8_data_is_module_request(v8_local data, struct v8_slot *slot)
{
    return is_of_type(slot->pair, data, V8_HOST_type_of_module_request);
}

/* Data::IsDictionaryTemplate() */
bool v8_data_is_dictionary(v8_local data, struct v8_slot *slot)
{
    return is_of_type(slot->pair, data, V8_HOST_type_of_dictionary);
}

/* Value::IsPrimitive() */
bool v8_value_is_primitive(v8_local value, struct v8_slot *slot)
{
    return !HOST_CALL(slot->pair, value_is_object, bool_of_call *)(value);
}

static uint32_t hash_of_word(uint64_t word)
{
    word *= 0x9e3779b97f4a7c15u;
    return (uint32_t)(word >> 34);
}

static uint32_t hash_of_number(const struct v8_pair *pair, v8_local value)
{
    double number = HOST_CALL(pair, number_value, double (*)(v8_local))(value);
    uint64_t word = 0;

    if (number != 0)
        memcpy(&word, &number, sizeof word);
    return hash_of_word(word);
}

/* Value::GetHash(): of objects and names their identity hash; equal for values that are strictly equal */
uint32_t v8_value_hash(v8_local value, struct v8_slot *slot)
{
    const struct v8_pair *pair = slot->pair;

    if (HOST_CALL(pair, value_is_object, bool_of_call *)(value))
        return HOST_CALL(pair, object_hash, uint32_t (*)(v8_local))(value);
    if (HOST_CALL(pair, value_is_name, bool_of_call *)(value))
        return HOST_CALL(pair, name_hash, uint32_t (*)(v8_local))(value);
    if (HOST_CALL(pair, value_is_number, bool_of_call *)(value))
        return hash_of_number(pair, value);
    if (HOST_CALL(pair, value_is_big_int, bool_of_call *)(value))
        return hash_of_word(HOST_CALL(pair, big_int_value, uint64_t (*)(v8_local, bool *))(value,
                                                                                          NULL));
    return hash_of_word(is_true(pair, value));
}

/* Object::GetPropertyAttributes(Local<Context>, Local<Value>, PropertyAttribute *); Maybe<bool> */
uint16_t v8_object_attributes(v8_local object, v8_local context, v8_local key, int *ret_attributes,
                              struct v8_slot *slot)
{
    uint16_t has = HOST_CALL(slot->pair, object_has, maybe_bool_of_call *)(object, context, key);
    uint64_t attributes;

    if (!JUST(has) || !VALUE_OF(has))
        return has;
    attributes = HOST_CALL(slot->pair, object_attributes,
                           uint64_t(*)(v8_local, v8_local, v8_local))(object, context, key);
    if (!JUST(attributes))
        return 0;
    *ret_attributes = (int)(attributes >> 32);
    return MAYBE(1);
}

/* FixedArray::Get(int), on a host that wants a context */
v8_local v8_fixed_array_get(v8_local array, int index, struct v8_slot *slot)
{
    return ((v8_local(*)(v8_local, v8_local, int))slot->target)(array, context_current(slot->pair),
                                                               index);
}

/* FixedArray::Get(Local<Context>, int), on a host that does without */
v8_local v8_fixed_array_get_in(v8_local array, v8_local context, int index, struct v8_slot *slot)
{
    (void)context;
    return ((v8_local(*)(v8_local, int))slot->target)(array, index);
}

/* External::New(Isolate *, void *), on a host that wants a tag: the default one */
v8_local v8_external_new_untagged(void *isolate, void *value, struct v8_slot *slot)
{
    return ((v8_local(*)(void *, void *, unsigned))slot->target)(isolate_of(isolate), value, 0);
}

/* External::Value() */
void *v8_external_value_untagged(v8_local external, struct v8_slot *slot)
{
    return ((void *(*)(v8_local, unsigned))slot->target)(external, 0);
}

/* std::optional<ScriptOrigin>, empty, from 14.1 on: on the stack */
struct no_origin {
    unsigned char origin[40];
    uint64_t engaged;
};

/* JSON::Parse(Local<Context>, Local<String>), on a host that may be told an origin */
v8_local v8_json_parse(v8_local context, v8_local text, struct v8_slot *slot)
{
    return ((v8_local(*)(v8_local, v8_local, struct no_origin))slot->target)(context, text,
                                                                            (struct no_origin){0});
}

/* ---- TypecheckWitness {Local<Data>}: whether two values have the same map, which lies at their start -------- */

/* TypecheckWitness(Isolate *): undefined is no map */
void v8_witness_start(v8_local *witness, void *shadow, struct v8_slot *slot)
{
    void *isolate = isolate_of(shadow);

    *witness =
        handle_new(slot->pair, isolate, *host_root(slot->pair, isolate, V8_ROOT_UNDEFINED));
}

/* TypecheckWitness::Update(Local<Value>): numbers that are no objects have no map */
void v8_witness_update(v8_local *witness, v8_local value)
{
    if (*value & 1)
        **witness = *(const v8_value *)(*value - 1);
}
