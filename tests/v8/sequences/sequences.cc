/* SPDX-License-Identifier: MIT */
/*
 * The frame of the random sequences: an addon loaded through N-API, as the probe is.
 *
 *     run(seed, steps)    writes a line for each step to stdout at once: the process may die any time
 */
#include "sequences.h"

#define NAPI_VERSION 8
#include <node_api.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>

namespace probe {

Local<String> Str(const char *text)
{
    return String::NewFromUtf8(Isolate::GetCurrent(), text).ToLocalChecked();
}

} // namespace probe

namespace sequences {

enum { POOL = 28, DEEPEST = 3, TEXT_LIMIT = 160, LONGEST_RUN = 4000 };

static Step *steps;
static std::vector<Step *> all;
static uint64_t state;
static int depth, told, done, generation;
static bool running;
static Global<Value> pool[POOL];

Step::Step(const char *name, StepFunction function) : name(name), function(function), next(steps)
{
    steps = this;
}

uint32_t Below(uint32_t limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return static_cast<uint32_t>((state >> 11) % limit);
}

bool Chance(uint32_t one_of) { return Below(one_of) == 0; }
bool Running() { return running; }
int Generation() { return generation; }
uint32_t PoolSize() { return POOL; }
Local<Value> PoolAt(uint32_t index) { return pool[index].Get(Isolate::GetCurrent()); }
Local<Value> Any() { return PoolAt(Below(POOL)); }

Local<Object> AnyObject()
{
    Local<Value> value = AnyThat([](Local<Value> value) { return value->IsObject(); });

    return value.IsEmpty() ? Object::New(Isolate::GetCurrent()) : value.As<Object>();
}

std::string Put(Local<Value> value)
{
    uint32_t index = Below(POOL);

    if (value.IsEmpty())
        return "<empty>";
    pool[index].Reset(Isolate::GetCurrent(), value);
    return Show(value) + " -> " + std::to_string(index);
}

std::string AnyText()
{
    static const char *const texts[] = { "a", "b", "length", "0", "7", "\xc3\xa9\xe2\x82\xac", "name",
                                         "\xf0\x9f\x98\x80z", "long name that is not short at all",
                                         "x" };

    return texts[Below(sizeof texts / sizeof *texts)];
}

Local<Name> AnyName()
{
    if (Chance(5)) {
        Local<Value> symbol = AnyThat([](Local<Value> value) { return value->IsSymbol(); });
        if (!symbol.IsEmpty())
            return symbol.As<Name>();
    }
    return Str(AnyText().c_str());
}

std::string Escaped(const uint16_t *text, size_t length)
{
    std::string ret_text = "\"";
    uint32_t sum = 0;
    char unit[12];

    for (size_t i = 0; i < length; i++) {
        sum = sum * 31 + text[i];
        if (i >= TEXT_LIMIT)
            continue;
        snprintf(unit, sizeof unit, text[i] < ' ' || text[i] > '~' ? "\\u%04x" : "%c", text[i]);
        ret_text += unit;
    }
    ret_text += "\"";
    if (length > TEXT_LIMIT)
        ret_text += "+" + std::to_string(length) + "/" + std::to_string(sum);
    return ret_text;
}

static std::string Kinds(Local<Value> value)
{
    static const struct { bool (Value::*is)() const; const char *name; } kinds[] = {
        { &Value::IsArray, "Array" }, { &Value::IsFunction, "Function" }, { &Value::IsDate, "Date" },
        { &Value::IsMap, "Map" }, { &Value::IsSet, "Set" }, { &Value::IsRegExp, "RegExp" },
        { &Value::IsPromise, "Promise" }, { &Value::IsProxy, "Proxy" },
        { &Value::IsArrayBuffer, "ArrayBuffer" }, { &Value::IsTypedArray, "TypedArray" },
        { &Value::IsDataView, "DataView" }, { &Value::IsNativeError, "Error" },
        { &Value::IsNumberObject, "NumberObject" }, { &Value::IsStringObject, "StringObject" },
        { &Value::IsSymbolObject, "SymbolObject" }, { &Value::IsBooleanObject, "BooleanObject" },
        { &Value::IsBigIntObject, "BigIntObject" }, { &Value::IsExternal, "External" },
        { &Value::IsModuleNamespaceObject, "Namespace" }, { &Value::IsWeakMap, "WeakMap" },
        { &Value::IsGeneratorObject, "Generator" }, { &Value::IsArgumentsObject, "Arguments" },
        { &Value::IsAsyncFunction, "async" }, { &Value::IsSharedArrayBuffer, "Shared" },
    };
    std::string ret_text;

    for (auto &kind : kinds)
        if (((*value)->*kind.is)())
            ret_text += (ret_text.empty() ? "" : ",") + std::string(kind.name);
    return ret_text;
}

std::string Show(Local<Value> value)
{
    Isolate *isolate = Isolate::GetCurrent();
    HandleScope scope(isolate);

    if (value.IsEmpty())
        return "<empty>";
    if (value->IsExternal())
        return "External";
    if (value->IsObject()) {
        String::Value name(isolate, value.As<Object>()->GetConstructorName());
        return Kinds(value) + "{" + Escaped(*name, name.length()) + " " +
               std::to_string(value.As<Object>()->InternalFieldCount()) + "}";
    }
    if (value->IsSymbol())
        return "Symbol(" + Show(value.As<Symbol>()->Description(isolate)) + ")";
    String::Value text(isolate, value);
    return (value->IsString() ? "" : value->IsBigInt() ? "n" : "#") + Escaped(*text, text.length());
}

void Tell(const std::string &text)
{
    std::string line = std::to_string(told++) + "\t" + text + "\n";

    if (write(1, line.data(), line.size()) < 0)
        _exit(9);
}

static std::string Caught(TryCatch &catcher, Local<Context> context)
{
    std::string ret_text = " threw " + Show(catcher.Exception());
    Local<Message> message = catcher.Message();

    if (catcher.HasTerminated())
        return " terminated";
    if (!message.IsEmpty())
        ret_text += " " + Show(message->Get().As<Value>()) + " at " + Show(message->GetLineNumber(context)) +
                    ":" + Show(message->GetStartColumn(context)) + "-" +
                    Show(message->GetEndColumn(context)) + " of " +
                    (message->GetScriptResourceName()->IsString() &&
                             Show(message->GetScriptResourceName()).find('/') != std::string::npos
                         ? "a file" : Show(message->GetScriptResourceName()));
    return ret_text;
}

static void One(Isolate *isolate)
{
    HandleScope scope(isolate);
    Local<Context> context = isolate->GetCurrentContext();
    TryCatch catcher(isolate);
    Step *step = all[Below(all.size())];
    std::string indent(depth * 2, ' ');

    Tell(indent + step->name + " ...");
    std::string text = step->function({ isolate, context });
    if (catcher.HasCaught())
        text += Caught(catcher, context);
    Tell(indent + step->name + ": " + text);
}

void Nested(Isolate *isolate)
{
    if (!running || depth >= DEEPEST || done > LONGEST_RUN)
        return;
    depth++;
    for (uint32_t left = Below(3); left; left--, done++)
        One(isolate);
    depth--;
}

void Native(const FunctionCallbackInfo<Value> &info)
{
    Isolate *isolate = info.GetIsolate();
    std::string text = "called";

    if (!running)
        return;
    for (int i = 0; i < info.Length() && i < 4; i++)
        text += " " + Show(info[i]);
    text += " this " + Show(info.This().As<Value>()) + " data " + Show(info.Data());
    if (info.IsConstructCall())
        text += " new " + Show(info.NewTarget());
    Tell(std::string(depth * 2, ' ') + text);
    Nested(isolate);
    switch (Below(9)) {
    case 0: isolate->ThrowException(Exception::TypeError(Str("thrown by a callback"))); break;
    case 1: isolate->ThrowException(Any()); break;
    case 2: info.GetReturnValue().Set(static_cast<int32_t>(Below(100)) - 50); break;
    case 3: info.GetReturnValue().Set(Below(1000) / 8.0); break;
    case 4: info.GetReturnValue().SetUndefined(); break;
    case 5: info.GetReturnValue().SetEmptyString(); break;
    case 6: info.GetReturnValue().Set(Chance(2)); break;
    default: info.GetReturnValue().Set(Any()); break;
    }
}

static void Fill(Isolate *isolate)
{
    HandleScope scope(isolate);

    for (int i = 0; i < POOL; i++)
        pool[i].Reset(isolate, i % 2 ? Object::New(isolate).As<Value>()
                                     : Integer::New(isolate, i).As<Value>());
}

static napi_value Run(napi_env env, napi_callback_info info)
{
    Isolate *isolate = Isolate::GetCurrent();
    napi_value arguments[2];
    size_t count = 2;
    uint32_t seed = 0, steps_wanted = 0;

    napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
    napi_get_value_uint32(env, arguments[0], &seed);
    napi_get_value_uint32(env, arguments[1], &steps_wanted);
    state = 0x9e3779b97f4a7c15u ^ (seed * 0x2545f4914f6cdd1du);
    depth = told = done = 0;
    running = true;
    generation++;
    Fill(isolate);
    for (; steps_wanted; steps_wanted--)
        One(isolate);
    isolate->PerformMicrotaskCheckpoint();
    running = false;
    for (auto &value : pool)
        value.Reset();
    return nullptr;
}

} // namespace sequences

extern "C" __attribute__((visibility("default"))) napi_value
napi_register_module_v1(napi_env env, napi_value exports)
{
    napi_value function = nullptr;

    for (sequences::Step *step = sequences::steps; step; step = step->next)
        sequences::all.push_back(step);
    /* In the order of the linker they would not be the same in every build. */
    std::sort(sequences::all.begin(), sequences::all.end(),
              [](auto *a, auto *b) { return strcmp(a->name, b->name) < 0; });
    napi_create_function(env, "run", NAPI_AUTO_LENGTH, sequences::Run, nullptr, &function);
    napi_set_named_property(env, exports, "run", function);
    return exports;
}
