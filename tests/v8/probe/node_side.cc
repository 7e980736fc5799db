/* SPDX-License-Identifier: MIT */
/* What an addon uses of Node itself: buffers, async contexts, hooks, wrapped objects. */
#include "own.h"

#include <node_buffer.h>
#include <node_object_wrap.h>

#include <cstdlib>
#include <cstring>
#include <memory>

using namespace probe;

CASE(node_buffer_new)
{
    Local<Object> buffer = node::Buffer::New(isolate, 20).ToLocalChecked();

    CHECK(node::Buffer::HasInstance(buffer));
    CHECK_EQ(node::Buffer::Length(buffer), size_t{ 20 });
    node::Buffer::Data(buffer)[7] = 'n';
    CHECK_EQ(Num(Js("(buffer) => buffer[7]", buffer.As<Value>())), 110.0);
    CHECK(!node::Buffer::HasInstance(Object::New(isolate)));
}

CASE(node_buffer_copy)
{
    Local<Object> buffer = node::Buffer::Copy(isolate, "copied", 6).ToLocalChecked();

    CHECK_EQ(Text(Js("(buffer) => buffer.toString('latin1')", buffer.As<Value>())), "copied");
}

CASE(node_buffer_from_string)
{
    Local<Object> buffer =
        node::Buffer::New(isolate, Str("68690a"), node::HEX).ToLocalChecked();

    CHECK_EQ(node::Buffer::Length(buffer), size_t{ 3 });
    CHECK_EQ(std::string(node::Buffer::Data(buffer), 3), "hi\n");
}

CASE(node_buffer_of_array_buffer)
{
    Local<ArrayBuffer> memory = ArrayBuffer::New(isolate, 32);
    Local<Uint8Array> buffer = node::Buffer::New(isolate, memory, 8, 16).ToLocalChecked();

    CHECK_EQ(node::Buffer::Length(buffer.As<Object>()), size_t{ 16 });
    CHECK(node::Buffer::Data(buffer.As<Object>()) == static_cast<char *>(memory->Data()) + 8);
}

namespace {

int freed;
void *freed_hint;

void FreeMemory(char *data, void *hint)
{
    freed++;
    freed_hint = hint;
    free(data);
}

} // namespace

CASE(node_buffer_free_callback)
{
    static bool made;
    static int hint;

    if (!made) {
        HandleScope scope(isolate);

        made = true;
        freed = 0;
        Local<Object> buffer =
            node::Buffer::New(isolate, strdup("outside"), 8, FreeMemory, &hint).ToLocalChecked();
        CHECK_EQ(Text(Js("(buffer) => buffer.toString('latin1', 0, 7)", buffer.As<Value>())),
                 "outside");
    }
    if (freed == 0) {
        Collect(isolate);
        Again();
        return;
    }
    made = false;
    CHECK_EQ(freed, 1);
    CHECK(freed_hint == &hint);
}

namespace {

class Wrapped : public node::ObjectWrap {
public:
    static void New(const FunctionCallbackInfo<Value> &info)
    {
        Wrapped *wrapped = new Wrapped(static_cast<int>(Num(info[0])));

        wrapped->Wrap(info.This());
        info.GetReturnValue().Set(info.This());
    }
    static void Add(const FunctionCallbackInfo<Value> &info)
    {
        Wrapped *wrapped = Unwrap<Wrapped>(info.This());

        wrapped->number_ += static_cast<int>(Num(info[0]));
        info.GetReturnValue().Set(wrapped->number_);
    }

    static int gone;

private:
    explicit Wrapped(int number) : number_(number) {}
    ~Wrapped() override { gone++; }

    int number_;
};

int Wrapped::gone;

Local<v8::Function> WrappedClass(Isolate *isolate, Local<Context> context)
{
    Local<FunctionTemplate> shape = FunctionTemplate::New(isolate, Wrapped::New);

    shape->InstanceTemplate()->SetInternalFieldCount(1);
    shape->SetClassName(Str("Wrapped"));
    shape->PrototypeTemplate()->Set(isolate, "add", FunctionTemplate::New(isolate, Wrapped::Add));
    return shape->GetFunction(context).ToLocalChecked();
}

} // namespace

CASE(node_object_wrap)
{
    Local<Value> constructor = WrappedClass(isolate, context);

    CHECK_EQ(Num(Js("(Wrapped) => { const it = new Wrapped(40); it.add(1); return it.add(1) }",
                    constructor)), 42.0);
}

CASE(node_object_wrap_gone)
{
    static bool made;

    if (!made) {
        HandleScope scope(isolate);
        Local<Value> constructor = WrappedClass(isolate, context);

        made = true;
        Wrapped::gone = 0;
        Js("(Wrapped) => { new Wrapped(1).add(2) }", constructor);
    }
    if (Wrapped::gone == 0) {
        Collect(isolate);
        Again();
        return;
    }
    made = false;
    CHECK(Wrapped::gone >= 1);
}

namespace {

void Twice(const FunctionCallbackInfo<Value> &info)
{
    info.GetReturnValue().Set(2 * Num(info[0]));
}

} // namespace

CASE(node_make_callback)
{
    Local<v8::Function> twice = v8::Function::New(context, Twice).ToLocalChecked();
    Local<Value> arguments[] = { Integer::New(isolate, 21) };

    Local<Value> result = node::MakeCallback(isolate, context->Global(), twice, 1, arguments,
                                             node::async_context{ 0, 0 }).ToLocalChecked();
    CHECK_EQ(Num(result), 42.0);
}

CASE(node_make_callback_by_name)
{
    Local<Object> object = Js("({ call(a) { return this.base + a }, base: 30 })").As<Object>();
    Local<Value> arguments[] = { Integer::New(isolate, 3) };

    CHECK_EQ(Num(node::MakeCallback(isolate, object, "call", 1, arguments,
                                    node::async_context{ 0, 0 }).ToLocalChecked()), 33.0);
    CHECK_EQ(Num(node::MakeCallback(isolate, object, Str("call"), 1, arguments,
                                    node::async_context{ 0, 0 }).ToLocalChecked()), 33.0);
}

CASE(node_async_ids)
{
    node::async_context ids = node::EmitAsyncInit(isolate, Object::New(isolate), "PROBE");

    CHECK(ids.async_id > 0);
    CHECK(ids.trigger_async_id >= 0);
    node::async_context named = node::EmitAsyncInit(isolate, Object::New(isolate), Str("PROBE"), 7);
    CHECK(named.async_id > ids.async_id);
    CHECK_EQ(named.trigger_async_id, 7.0);
    node::EmitAsyncDestroy(isolate, ids);
    node::EmitAsyncDestroy(node::GetCurrentEnvironment(context), named);
    CHECK(node::AsyncHooksGetExecutionAsyncId(isolate) >= 0);
    CHECK(node::AsyncHooksGetTriggerAsyncId(isolate) >= 0);
}

CASE(node_async_resource)
{
    node::AsyncResource resource(isolate, Object::New(isolate), "PROBE");
    Local<v8::Function> twice = v8::Function::New(context, Twice).ToLocalChecked();
    Local<Value> arguments[] = { Integer::New(isolate, 8) };

    CHECK(resource.get_async_id() > 0);
    CHECK(!resource.get_resource().IsEmpty());
    CHECK_EQ(Num(resource.MakeCallback(twice, 1, arguments).ToLocalChecked()), 16.0);
}

CASE(node_callback_scope)
{
    Local<Object> resource = Object::New(isolate);
    {
        node::CallbackScope scope(isolate, resource, node::async_context{ 9, 3 });

        CHECK_EQ(node::AsyncHooksGetExecutionAsyncId(isolate), 9.0);
        CHECK_EQ(node::AsyncHooksGetTriggerAsyncId(isolate), 3.0);
    }
    CHECK(node::AsyncHooksGetExecutionAsyncId(isolate) != 9.0);
}

namespace {

int hooks_run;

void Hook(void *data)
{
    hooks_run++;
    (void)data;
}

} // namespace

/* The argument is the isolate, as some addons do: the word they registered has to come back. */
CASE(node_cleanup_hook)
{
    node::AddEnvironmentCleanupHook(isolate, Hook, isolate);
    node::AddEnvironmentCleanupHook(isolate, Hook, nullptr);
    node::RemoveEnvironmentCleanupHook(isolate, Hook, nullptr);
    node::RemoveEnvironmentCleanupHook(isolate, Hook, isolate);
    CHECK_EQ(hooks_run, 0);
}

namespace {

Isolate *hook_expects;

/* Runs when the process ends; a wrong word ends it in a way that is noticed. */
void ExitHook(void *data)
{
    if (data != hook_expects || static_cast<Isolate *>(data) != Isolate::GetCurrent())
        abort();
}

} // namespace

CASE(node_cleanup_hook_runs)
{
    hook_expects = isolate;
    node::AddEnvironmentCleanupHook(isolate, ExitHook, isolate);
    CHECK(hook_expects == isolate);
}

namespace {

void Fired(uv_timer_t *timer)
{
    *static_cast<int *>(timer->data) = 2;
    uv_close(reinterpret_cast<uv_handle_t *>(timer), nullptr);
}

} // namespace

CASE(node_event_loop)
{
    static uv_timer_t timer;
    static int state;
    uv_loop_t *loop = node::GetCurrentEventLoop(isolate);

    CHECK(loop != nullptr);
    if (state == 0) {
        state = 1;
        CHECK_EQ(uv_timer_init(loop, &timer), 0);
        CHECK_EQ(uv_timer_start(&timer, Fired, 1, 0), 0);
        timer.data = &state;
    }
    if (state == 1) {
        uv_sleep(1);
        Again();
        return;
    }
    CHECK_EQ(state, 2);
    state = 0;
}

CASE(node_environment)
{
    node::Environment *environment = node::GetCurrentEnvironment(context);

    CHECK(environment != nullptr);
    CHECK(node::GetMultiIsolatePlatform(environment) != nullptr);
    CHECK(node::GetEnvironmentIsolateData(environment) != nullptr);
    CHECK(node::GetMultiIsolatePlatform(node::GetEnvironmentIsolateData(environment)) ==
          node::GetMultiIsolatePlatform(environment));
    CHECK(node::GetArrayBufferAllocator(node::GetEnvironmentIsolateData(environment)) != nullptr);
}

namespace {

int interrupted;

} // namespace

CASE(node_request_interrupt)
{
    interrupted = 0;
    node::RequestInterrupt(node::GetCurrentEnvironment(context),
                           [](void *data) { ++*static_cast<int *>(data); }, &interrupted);
    Js("(() => { for (let i = 0; i < 1e6; i++); })()");
    CHECK_EQ(interrupted, 1);
}

CASE(node_new_context)
{
    Local<Context> other = node::NewContext(isolate);

    CHECK(!other.IsEmpty());
    Context::Scope scope(other);
    CHECK_EQ(Text(Js("typeof require + typeof Array")), "undefinedfunction");
    CHECK(node::GetCurrentEnvironment(other) == nullptr);
}

CASE(node_errno_exception)
{
    Local<Value> error = node::ErrnoException(isolate, 2, "open", nullptr, "some/file");

    CHECK_EQ(Text(Js("(error) => error.code + ' ' + error.syscall + ' ' + error.path", error)),
             "ENOENT open some/file");
    Local<Value> other = node::UVException(isolate, UV_EACCES, "stat", nullptr, "there", nullptr);
    CHECK_EQ(Text(Js("(error) => error.code + ' ' + error.syscall", other)), "EACCES stat");
}

CASE(node_encode)
{
    Local<Value> text = node::Encode(isolate, "\x01\xab", 2, node::HEX);
    char decoded[8];

    CHECK_EQ(Text(text), "01ab");
    CHECK_EQ(static_cast<int>(node::DecodeBytes(isolate, Str("hello"), node::UTF8)), 5);
    CHECK_EQ(static_cast<int>(node::DecodeWrite(isolate, decoded, sizeof decoded, Str("hello"),
                                                node::UTF8)), 5);
    CHECK(memcmp(decoded, "hello", 5) == 0);
    CHECK_EQ(static_cast<int>(node::ParseEncoding(isolate, Str("latin1"), node::UTF8)),
             static_cast<int>(node::LATIN1));
}

CASE(node_set_method)
{
    Local<Object> target = Object::New(isolate);

    NODE_SET_METHOD(target, "twice", Twice);
    CHECK_EQ(Num(Js("(target) => target.twice(4)", target.As<Value>())), 8.0);
}
