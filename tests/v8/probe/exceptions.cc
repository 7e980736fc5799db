/* SPDX-License-Identifier: MIT */
/* Exceptions: making and catching them, their messages and stack traces. */
#include "own.h"

#include <cstring>
#include <sstream>

using namespace probe;

namespace {

ScriptOrigin OriginOf(Isolate *isolate, const char *name)
{
#if BEFORE(12, 4)
    return ScriptOrigin(isolate, Str(name));
#else
    return ScriptOrigin(Str(name));
#endif
}

/* Runs a script that throws; the guard of the caller has what it threw. */
bool Throws(Isolate *isolate, Local<Context> context, const char *name, const char *code)
{
    ScriptOrigin origin = OriginOf(isolate, name);
    Local<Script> script;

    return Script::Compile(context, Str(code), &origin).ToLocal(&script) &&
           script->Run(context).IsEmpty();
}

std::string NameOf(Local<Context> context, Local<Value> error)
{
    return Text(error.As<Object>()->Get(context, Str("name")).ToLocalChecked());
}

} // namespace

CASE(exception_kinds)
{
    Local<String> message = Str("why");

    CHECK_EQ(NameOf(context, Exception::Error(message)), "Error");
    CHECK_EQ(NameOf(context, Exception::TypeError(message)), "TypeError");
    CHECK_EQ(NameOf(context, Exception::RangeError(message)), "RangeError");
    CHECK_EQ(NameOf(context, Exception::ReferenceError(message)), "ReferenceError");
    CHECK_EQ(NameOf(context, Exception::SyntaxError(message)), "SyntaxError");
    CHECK_EQ(Text(Exception::Error(message)), "Error: why");
    CHECK(Exception::RangeError(message)->IsNativeError());
}

CASE(exception_wasm_kinds)
{
    CHECK_EQ(NameOf(context, Exception::WasmCompileError(Str("c"))), "CompileError");
    CHECK_EQ(NameOf(context, Exception::WasmLinkError(Str("l"))), "LinkError");
    CHECK_EQ(NameOf(context, Exception::WasmRuntimeError(Str("r"))), "RuntimeError");
}

#if SINCE(12, 4)
CASE(exception_cause)
{
    Local<Object> options = Object::New(isolate);

    options->Set(context, Str("cause"), Str("the cause")).Check();
    Local<Value> error = Exception::TypeError(Str("why"), options);
    CHECK_EQ(Text(Js("(error) => error.cause", error)), "the cause");
}
#endif

CASE(exception_throw_catch)
{
    TryCatch guard(isolate);

    isolate->ThrowException(Exception::RangeError(Str("thrown")));
    CHECK(guard.HasCaught());
    CHECK(guard.CanContinue());
    CHECK(!guard.HasTerminated());
    CHECK_EQ(Text(guard.Exception()), "RangeError: thrown");
    guard.Reset();
    CHECK(!guard.HasCaught());
    isolate->ThrowError("literal");
    CHECK_EQ(Text(guard.Exception()), "Error: literal");
    guard.Reset();
    isolate->ThrowError(Str("handle"));
    CHECK_EQ(Text(guard.Exception()), "Error: handle");
}

CASE(exception_message)
{
    TryCatch guard(isolate);

    CHECK(Throws(isolate, context, "message.js", "\n  throw new TypeError('text');"));
    Local<Message> message = guard.Message();
    CHECK_EQ(Text(message->Get()), "Uncaught TypeError: text");
    CHECK_EQ(Text(message->GetSourceLine(context).ToLocalChecked()),
             "  throw new TypeError('text');");
    CHECK_EQ(message->GetLineNumber(context).FromJust(), 2);
    CHECK_EQ(message->GetStartColumn(context).FromJust(), 2);
    CHECK_EQ(message->GetEndColumn(context).FromJust(), 3);
    CHECK_EQ(message->GetStartPosition(), 3);
    CHECK_EQ(message->GetEndPosition(), 4);
    CHECK_EQ(message->ErrorLevel(), static_cast<int>(Isolate::kMessageError));
    CHECK(!message->IsSharedCrossOrigin());
    CHECK(!message->IsOpaque());
    CHECK_EQ(Text(message->GetScriptResourceName()), "message.js");
    CHECK_EQ(Text(message->GetScriptOrigin().ResourceName()), "message.js");
    CHECK(message->GetScriptOrigin().ScriptId() > 0);
    CHECK_EQ(message->GetWasmFunctionIndex(), -1);
}

#if BEFORE(14, 6)
/* Removed with 14.6. */
CASE(exception_message_isolate)
{
    TryCatch guard(isolate);

    CHECK(Throws(isolate, context, "message.js", "null.x"));
    CHECK(guard.Message()->GetIsolate() == isolate);
}
#endif

CASE(exception_without_message)
{
    TryCatch guard(isolate);

    guard.SetCaptureMessage(false);
    CHECK(Throws(isolate, context, "quiet.js", "throw 5"));
    CHECK(guard.HasCaught());
    CHECK(guard.Message().IsEmpty());
    CHECK_EQ(Num(guard.Exception()), 5.0);
}

CASE(exception_stack_trace_property)
{
    TryCatch guard(isolate);

    CHECK(Throws(isolate, context, "trace.js", "function deep() { throw new Error('d') }\ndeep()"));
    Local<Value> stack = guard.StackTrace(context).ToLocalChecked();
    CHECK(Text(stack).find("at deep (trace.js:1:25)") != std::string::npos);
    CHECK(Text(stack).find("at trace.js:2:1") != std::string::npos);
    Local<Value> same =
        TryCatch::StackTrace(context, guard.Exception()).ToLocalChecked();
    CHECK_EQ(Text(same), Text(stack));
}

CASE(exception_nested)
{
    TryCatch outer(isolate);

    {
        TryCatch inner(isolate);

        isolate->ThrowException(Str("inner"));
        CHECK(inner.HasCaught());
        CHECK(!outer.HasCaught());
    }
    CHECK(!outer.HasCaught());
    isolate->ThrowException(Str("outer"));
    CHECK_EQ(Text(outer.Exception()), "outer");
}

CASE(exception_rethrow)
{
    TryCatch outer(isolate);

    {
        TryCatch inner(isolate);

        CHECK(Throws(isolate, context, "rethrow.js", "throw new Error('again')"));
        inner.ReThrow();
    }
    CHECK(outer.HasCaught());
    CHECK_EQ(Text(outer.Exception()), "Error: again");
    CHECK_EQ(Text(outer.Message()->GetScriptResourceName()), "rethrow.js");
}

namespace {

std::string heard;
int heard_line;
void *heard_data;

void Listen(Local<Message> message, Local<Value> data)
{
    Isolate *isolate = Isolate::GetCurrent();

    heard = Text(message->Get()) + " " + Text(data);
    heard_line = message->GetLineNumber(isolate->GetCurrentContext()).FromMaybe(-1);
}

} // namespace

CASE(exception_verbose_listener)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());

    heard.clear();
    CHECK(own.isolate()->AddMessageListener(Listen, Str("data")));
    {
        TryCatch guard(own.isolate());

        guard.SetVerbose(true);
        CHECK(guard.IsVerbose());
        CHECK(Throws(own.isolate(), inside.context(), "verbose.js", "\n\nthrow new Error('loud')"));
    }
    CHECK_EQ(heard, "Uncaught Error: loud data");
    CHECK_EQ(heard_line, 3);
    own.isolate()->RemoveMessageListeners(Listen);
    heard.clear();
    TryCatch guard(own.isolate());
    guard.SetVerbose(true);
    CHECK(Throws(own.isolate(), inside.context(), "verbose.js", "throw 1"));
    CHECK_EQ(heard, "");
}

CASE(exception_listener_level)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());

    heard.clear();
    CHECK(own.isolate()->AddMessageListenerWithErrorLevel(Listen, Isolate::kMessageWarning));
    TryCatch guard(own.isolate());
    guard.SetVerbose(true);
    CHECK(Throws(own.isolate(), inside.context(), "level.js", "throw 1"));
    CHECK_EQ(heard, "");
}

CASE(exception_create_message)
{
    Local<Value> error = Js("new Error('later')\n");
    Local<Message> message = Exception::CreateMessage(isolate, error);

    CHECK_EQ(Text(message->Get()), "Uncaught Error: later");
    CHECK_EQ(message->GetLineNumber(context).FromJust(), 1);
}

CASE(exception_get_stack_trace)
{
    isolate->SetCaptureStackTraceForUncaughtExceptions(true, 5, StackTrace::kDetailed);
    TryCatch guard(isolate);
    guard.SetVerbose(false);
    bool thrown = Throws(isolate, context, "get.js",
                         "function top() { throw new Error('e') }\n\ntop()");
    isolate->SetCaptureStackTraceForUncaughtExceptions(false);
    CHECK(thrown);
    Local<StackTrace> trace = Exception::GetStackTrace(guard.Exception());
    CHECK(!trace.IsEmpty());
    CHECK(trace->GetFrameCount() >= 2);
    CHECK_EQ(Text(trace->GetFrame(isolate, 0)->GetFunctionName()), "top");
    CHECK_EQ(trace->GetFrame(isolate, 1)->GetLineNumber(), 3);
}

namespace {

std::string frames;

void CaptureFrames(const FunctionCallbackInfo<Value> &)
{
    Isolate *isolate = Isolate::GetCurrent();
    Local<StackTrace> trace = StackTrace::CurrentStackTrace(isolate, 3, StackTrace::kDetailed);

    frames.clear();
    for (int i = 0; i < trace->GetFrameCount() && i < 2; i++) {
        Local<StackFrame> frame = trace->GetFrame(isolate, i);

        frames += Text(frame->GetFunctionName()) + "@" + Text(frame->GetScriptName()) + ":" +
                  std::to_string(frame->GetLineNumber()) + ":" +
                  std::to_string(frame->GetColumn()) + (frame->IsEval() ? "e" : "") +
                  (frame->IsConstructor() ? "c" : "") + (frame->IsWasm() ? "w" : "") +
                  (frame->IsUserJavaScript() ? "u" : "") + ";";
    }
    Local<String> name = StackTrace::CurrentScriptNameOrSourceURL(isolate);
    frames += Text(name);
}

/* A function of its own, so that the cases depend on one kind of callback only. */
Local<v8::Function> Native(Local<Context> context, FunctionCallback callback)
{
    return v8::Function::New(context, callback).ToLocalChecked();
}

} // namespace

CASE(stack_trace_frames)
{
    ScriptOrigin origin = OriginOf(isolate, "frames.js");
    Local<Script> script =
        Script::Compile(context, Str("(function outer(native) {\n  function Made() { native() }\n"
                                     "  new Made();\n})"), &origin).ToLocalChecked();
    Local<Value> native[] = { Native(context, CaptureFrames) };
    Local<v8::Function> function = script->Run(context).ToLocalChecked().As<v8::Function>();

    CHECK(!function->Call(context, Undefined(isolate), 1, native).IsEmpty());
    CHECK_EQ(frames, "Made@frames.js:2:21cu;outer@frames.js:3:3u;frames.js");
}

CASE(exception_capture_stack_trace)
{
#if SINCE(12, 9)
    Local<Object> object = Object::New(isolate);

    CHECK(Exception::CaptureStackTrace(context, object).FromJust());
    CHECK(object->Get(context, Str("stack")).ToLocalChecked()->IsString());
#else
    std::ostringstream out;

    Message::PrintCurrentStackTrace(isolate, out);
    CHECK(!out.str().empty());
#endif
}

namespace {

void ThrowFromCallback(const FunctionCallbackInfo<Value> &info)
{
    info.GetIsolate()->ThrowException(Exception::TypeError(Str("from C++")));
}

} // namespace

CASE(exception_from_callback)
{
    Local<Value> native = Native(context, ThrowFromCallback);

    CHECK_EQ(Text(Js("(native) => { try { native() } catch (e) { return String(e) } }", native)),
             "TypeError: from C++");
    CHECK_EQ(Text(Js("(native) => native()", native)), "threw TypeError: from C++");
}

namespace {

std::string prepared_sites;

MaybeLocal<Value> Prepare(Local<Context> context, Local<Value> error, Local<Array> sites)
{
    prepared_sites = std::to_string(sites->Length());
    (void)context;
    (void)error;
    return Str("prepared").As<Value>();
}

} // namespace

CASE(exception_prepare_stack_trace)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());

    prepared_sites.clear();
    own.isolate()->SetPrepareStackTraceCallback(Prepare);
    CHECK_EQ(Text(Js("(function () { return new Error('x').stack })()")), "prepared");
    CHECK_EQ(prepared_sites, "2");
}
