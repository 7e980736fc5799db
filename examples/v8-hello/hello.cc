/* SPDX-License-Identifier: MIT */
/*
 * The plugin.  It was compiled with the headers of V8 10.2, contains no V8, and knows nothing of
 * the host, of engraft, or of where V8 will come from.
 */
#include "hello.h"
#include "resources.h"

#include <stdio.h>
#include <string.h>

namespace {

using v8::Context;
using v8::Function;
using v8::FunctionCallbackInfo;
using v8::FunctionTemplate;
using v8::Global;
using v8::HandleScope;
using v8::Isolate;
using v8::Local;
using v8::MaybeLocal;
using v8::Object;
using v8::String;
using v8::Value;

/* Called while the plugin is being loaded: the binding must be there before the constructors. */
const char *const version_at_load = v8::V8::GetVersion();

/* Set by the node door.  Node's platform knows only the isolates that Node registered with it:
   one of ours would end the process. */
bool host_is_node = false;

constexpr char script[] = R"JS(
(function (add, fail) {
    const answer = { script: "ran" };
    answer.json = JSON.parse('{"list":[1,2,{"deep":"value"}]}').list[2].deep;
    answer.intl = new Intl.NumberFormat("de-DE").format(1234567.891);
    answer.collator = ["z", "ä", "a"].sort(new Intl.Collator("de").compare).join("");
    const map = new Map([["one", 1], ["two", 2]]);
    map.set("three", map.get("one") + map.get("two"));
    answer.map = [...map].map(([key, value]) => key + "=" + value).join(" ");
    answer.called_back = add(add(19, 2), 21);
    try { fail("thrown in C++"); } catch (error) {
        answer.caught_in_script = error instanceof TypeError ? error.message : "wrong type";
    }
    answer.buffer = new Uint8Array(new ArrayBuffer(32)).fill(2).reduce((sum, n) => sum + n, 0);
    answer.promise = "pending";
    (async () => {
        const parts = await Promise.all([1, 2, 3].map(async n => n * n));
        answer.promise = parts.reduce((sum, n) => sum + n, 0);
    })();
    answer.clone = map;
    return answer;
})
)JS";

Local<String> text(Isolate *isolate, const char *chars)
{
    return String::NewFromUtf8(isolate, chars).ToLocalChecked();
}

void set(Local<Context> context, Local<Object> object, const char *name, Local<Value> value)
{
    object->Set(context, text(context->GetIsolate(), name), value).Check();
}

/* The two functions that the script calls. */

void add(const FunctionCallbackInfo<Value> &info)
{
    Local<Context> context = info.GetIsolate()->GetCurrentContext();
    unsigned *calls = static_cast<unsigned *>(info.Data().As<v8::External>()->Value());
    int32_t left = info[0]->Int32Value(context).FromMaybe(0);
    int32_t right = info[1]->Int32Value(context).FromMaybe(0);

    ++*calls;
    info.GetReturnValue().Set(left + right);
}

void fail(const FunctionCallbackInfo<Value> &info)
{
    info.GetIsolate()->ThrowException(engine_table.type_error(info[0].As<String>()));
}

using Callback = void (*)(const FunctionCallbackInfo<Value> &info);

Local<Function> make_function(Local<Context> context, Callback callback, unsigned *calls)
{
    Isolate *isolate = context->GetIsolate();
    Local<FunctionTemplate> function_template =
        FunctionTemplate::New(isolate, callback, v8::External::New(isolate, calls));

    return function_template->GetFunction(context).ToLocalChecked();
}

/* Compiles and runs the script; the result is the object that it fills. */
MaybeLocal<Object> run_script(Local<Context> context, unsigned *calls)
{
    Isolate *isolate = context->GetIsolate();
    Local<String> source = String::NewFromUtf8Literal(isolate, script);
    Local<v8::Script> compiled;
    Local<Value> function, result;

    if (!v8::Script::Compile(context, source).ToLocal(&compiled))
        return {};
    if (!compiled->Run(context).ToLocal(&function) || !function->IsFunction())
        return {};
    Local<Value> arguments[] = {
        make_function(context, add, calls),
        make_function(context, fail, calls),
    };
    if (!function.As<Function>()->Call(context, context->Global(), 2, arguments).ToLocal(&result))
        return {};
    return result.As<Object>();
}

/* A script in memory of ours: V8 reads it through our vtable. */
Local<Value> run_external(Local<Context> context)
{
    static const char source[] = "[...'tfargne'].reverse().join('')";
    Isolate *isolate = context->GetIsolate();
    Local<String> string;
    Local<v8::Script> compiled;
    Local<Value> result;

    if (!String::NewExternalOneByte(isolate, new ScriptText(source, sizeof(source) - 1))
             .ToLocal(&string) ||
        !string->IsExternalOneByte())
        return text(isolate, "not external");
    if (!v8::Script::Compile(context, string).ToLocal(&compiled) ||
        !compiled->Run(context).ToLocal(&result))
        return text(isolate, "did not run");
    return result;
}

/* An error that leaves the script is caught in C++, with its place. */
Local<Value> catch_exception(Local<Context> context)
{
    Isolate *isolate = context->GetIsolate();
    v8::TryCatch caught(isolate);
    char place[160];

    Local<v8::Script> compiled =
        v8::Script::Compile(context, text(isolate, "\n\nnull.property")).ToLocalChecked();
    if (!compiled->Run(context).IsEmpty() || !caught.HasCaught())
        return text(isolate, "nothing was thrown");
    String::Utf8Value message(isolate, caught.Exception());
    int line = caught.Message()->GetLineNumber(context).FromMaybe(*engine_table.no_line_number);
    snprintf(place, sizeof(place), "line %d: %s", line, *message);
    return text(isolate, place);
}

/* Copies a Map by structured clone and asks the copy. */
Local<Value> clone_map(Local<Context> context, Local<Value> map)
{
    Isolate *isolate = context->GetIsolate();
    CloneDelegate delegate(isolate);
    v8::ValueSerializer serializer(isolate, &delegate);
    Local<Value> copy;

    serializer.WriteHeader();
    if (!serializer.WriteValue(context, map).FromMaybe(false))
        return text(isolate, "not written");
    std::pair<uint8_t *, size_t> bytes = serializer.Release();
    v8::ValueDeserializer deserializer(isolate, bytes.first, bytes.second);
    bool read = deserializer.ReadHeader(context).FromMaybe(false) &&
                deserializer.ReadValue(context).ToLocal(&copy) && copy->IsMap();
    delegate.FreeBufferMemory(bytes.first);
    if (!read)
        return text(isolate, "not read");
    return v8::Integer::NewFromUnsigned(isolate, uint32_t(copy.As<v8::Map>()->Size()));
}

/* The delegate is told when something cannot be cloned. */
Local<Value> refuse_clone(Local<Context> context, Local<Value> function)
{
    Isolate *isolate = context->GetIsolate();
    v8::TryCatch caught(isolate);
    CloneDelegate delegate(isolate);
    v8::ValueSerializer serializer(isolate, &delegate);

    serializer.WriteHeader();
    bool written = serializer.WriteValue(context, function).FromMaybe(false);
    return v8::Boolean::New(isolate, !written && caught.HasCaught() && delegate.count() == 1);
}

void forget(const v8::WeakCallbackInfo<Global<Object>> &info)
{
    info.GetParameter()->Reset();
}

/* One handle is strong, one is weak: a real collection keeps the first object, takes the second. */
void collect(Local<Context> context, Local<Object> answer)
{
    Isolate *isolate = context->GetIsolate();
    Global<Object> strong, weak;

    {
        HandleScope scope(isolate);
        Local<Object> kept = Object::New(isolate);
        set(context, kept, "name", text(isolate, "still here"));
        strong.Reset(isolate, kept);
        weak.Reset(isolate, Object::New(isolate));
        weak.SetWeak(&weak, forget, v8::WeakCallbackType::kParameter);
    }
    (isolate->*engine_table.collect_garbage)();
    set(context, answer, "persistent",
        strong.Get(isolate)->Get(context, text(isolate, "name")).ToLocalChecked());
    set(context, answer, "collected", v8::Boolean::New(isolate, weak.IsEmpty()));
}

/* Reallocate() is not ours: it is V8's function, reached through the vtable of our class. */
bool reallocates(v8::ArrayBuffer::Allocator *allocator)
{
    char *memory = static_cast<char *>(allocator->Allocate(4));

    memcpy(memory, "grow", 4);
    memory = static_cast<char *>(allocator->Reallocate(memory, 4, 64));
    bool grown = memory && memcmp(memory, "grow", 4) == 0 && memory[4] == 0 && memory[63] == 0;
    allocator->Free(memory, 64);
    return grown;
}

void describe(Local<Context> context, Local<Object> answer, bool own, unsigned calls,
              CountingAllocator *allocator)
{
    Isolate *isolate = context->GetIsolate();
    bool same = strcmp(version_at_load, engine_table.version()) == 0;

    set(context, answer, "v8", text(isolate, engine_table.version()));
    set(context, answer, "isolate", text(isolate, own ? "own" : "host's"));
    set(context, answer, "constructor", text(isolate, same ? "saw the same V8" : version_at_load));
    set(context, answer, "calls", v8::Integer::NewFromUnsigned(isolate, calls));
    set(context, answer, "allocator", v8::Boolean::New(isolate, reallocates(allocator) &&
                                      (!own || allocator->allocations() > 2)));
    set(context, answer, "data", v8::Boolean::New(isolate, *engine_table.unknown_object == 0 &&
                                 *engine_table.no_line_number == 0));
}

/* Everything, in a context of its own with its own queue of microtasks, so that a host that is in
   the middle of running JavaScript is not made to run its promises early. */
MaybeLocal<String> answer_in(Isolate *isolate, bool own, CountingAllocator *allocator)
{
    v8::EscapableHandleScope scope(isolate);
    std::unique_ptr<v8::MicrotaskQueue> queue =
        v8::MicrotaskQueue::New(isolate, v8::MicrotasksPolicy::kExplicit);
    Local<Context> context = Context::New(isolate, nullptr, {}, {}, {}, queue.get());
    Context::Scope context_scope(context);
    unsigned calls = 0;
    Local<Object> answer;
    Local<String> json;
    Local<Value> parsed;

    if (!run_script(context, &calls).ToLocal(&answer))
        return {};
    queue->PerformCheckpoint(isolate);
    Local<Value> map = answer->Get(context, text(isolate, "clone")).ToLocalChecked();
    set(context, answer, "clone", clone_map(context, map));
    set(context, answer, "not_cloned", refuse_clone(context, make_function(context, add, &calls)));
    set(context, answer, "external", run_external(context));
    set(context, answer, "caught", catch_exception(context));
    collect(context, answer);
    describe(context, answer, own, calls, allocator);
    if (!engine_table.to_json(context, answer, {}).ToLocal(&json) ||
        !engine_table.parse_json(context, json).ToLocal(&parsed) || !parsed->IsObject())
        return {};
    return scope.Escape(json);
}

int copy_out(Isolate *isolate, MaybeLocal<String> answer, v8::TryCatch *caught, char *buffer,
             size_t length)
{
    Local<String> json;

    if (!answer.ToLocal(&json)) {
        String::Utf8Value reason(isolate, caught->Exception());
        snprintf(buffer, length, "%s", *reason ? *reason : "the script failed");
        return -1;
    }
    String::Utf8Value chars(isolate, json);
    snprintf(buffer, length, "%s", *chars);
    return 0;
}

int run_in(Isolate *isolate, bool own, CountingAllocator *allocator, char *buffer, size_t length)
{
    Isolate::Scope isolate_scope(isolate);
    HandleScope handles(isolate);
    v8::TryCatch caught(isolate);

    return copy_out(isolate, answer_in(isolate, own, allocator), &caught, buffer, length);
}

int run_in_own(CountingAllocator *allocator, char *buffer, size_t length)
{
    Isolate::CreateParams params;

    params.array_buffer_allocator = allocator;
    Isolate *isolate = engine_table.new_isolate(params);
    int status = run_in(isolate, true, allocator, buffer, length);
    isolate->Dispose();
    return status;
}

void run_for_node(const FunctionCallbackInfo<Value> &info)
{
    static char buffer[4096];
    int status = v8_hello_run(buffer, sizeof(buffer));
    Local<String> result = text(info.GetIsolate(), buffer);

    if (status)
        info.GetIsolate()->ThrowException(v8::Exception::Error(result));
    else
        info.GetReturnValue().Set(result);
}

} // namespace

int v8_hello_run(char *buffer, size_t length)
{
    CountingAllocator allocator;
    Isolate *isolate = engine_table.current_isolate();

    if (isolate)
        return run_in(isolate, false, &allocator, buffer, length);
    if (host_is_node) {
        snprintf(buffer, length, "no isolate is entered, and Node's platform serves only its own");
        return -1;
    }
    return run_in_own(&allocator, buffer, length);
}

void v8_hello_r(char **result)
{
    static char buffer[4096];

    v8_hello_run(buffer, sizeof(buffer));
    *result = buffer;
}

/* What Node looks up in an addon of module version 108 that has not registered itself. */
extern "C" HELLO_EXPORT void node_register_module_v108(Local<Object> exports, Local<Value>,
                                                       Local<Context> context);

void node_register_module_v108(Local<Object> exports, Local<Value>, Local<Context> context)
{
    host_is_node = true;
    set(context, exports, "run", make_function(context, run_for_node, nullptr));
}
