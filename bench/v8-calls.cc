/* SPDX-License-Identifier: MIT */
/* An addon that does one thing many times, for each kind of a call between an addon and V8. It is
 * compiled for the host's version and for another one (bench/v8-calls). What only calls into V8
 * loops here and returns what it took; what V8 calls is looped over by v8-calls.js. */
#include <node.h>
#include <time.h>

using namespace v8;

#define SINCE(major, minor)                                                                        \
    (V8_MAJOR_VERSION > (major) || (V8_MAJOR_VERSION == (major) && V8_MINOR_VERSION >= (minor)))

/* Calls that share a HandleScope, which is not what is measured: as many as its first block holds
 * (V8 allocates them by 1022), and all where there is nothing to hold. */
enum { SOME = 512, ALL = 1 << 30 };

/* This thread's: the machine may do something else meanwhile. */
static double CpuTime()
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

static Local<String> Text(Isolate *isolate, const char *text)
{
    return String::NewFromUtf8(isolate, text).ToLocalChecked();
}

/* What a loop calls; made before the clock runs. */
struct Things {
    Isolate *isolate;
    Local<Context> context;
    Local<Value> array;
    Local<Object> object;
    Local<String> source;
    Local<String> name;
    Local<Name> keys[8];
};

static Things ThingsOf(Isolate *isolate)
{
    Things things;

    things.isolate = isolate;
    things.context = isolate->GetCurrentContext();
    things.array = Array::New(isolate, 4);
    things.object = Object::New(isolate);
    things.source = Text(isolate, "1 + 2");
    things.name = Text(isolate, "bench.js");
    for (int i = 0; i < 8; i++) {
        const char key[] = {'k', static_cast<char>('0' + i), 0};
        things.keys[i] =
            String::NewFromUtf8(isolate, key, NewStringType::kInternalized).ToLocalChecked();
    }
    return things;
}

/* ---- bodies of the loops; each returns what the compiler cannot drop */

static int IsArray(const Things &things) { return things.array->IsArray(); }

static int FieldCount(const Things &things) { return things.object->InternalFieldCount(); }

static int NewInteger(const Things &things) { return !Integer::New(things.isolate, 7).IsEmpty(); }

static int NewNumber(const Things &things) { return !Number::New(things.isolate, 1.5).IsEmpty(); }

static int NewString(const Things &things)
{
    return !String::NewFromUtf8(things.isolate, "what an addon says", NewStringType::kNormal, 18)
                .IsEmpty();
}

static int Compile(const Things &things)
{
#if SINCE(12, 0)
    ScriptOrigin origin(things.name, 3, 4);
#else
    ScriptOrigin origin(things.isolate, things.name, 3, 4);
#endif
    return !Script::Compile(things.context, things.source, &origin).IsEmpty();
}

static int Scope(const Things &things)
{
    HandleScope scope(things.isolate);

    return 1;
}

/* Eight properties of a new object, written and read. */
static int Properties(const Things &things)
{
    Local<Object> object = Object::New(things.isolate);
    double sum = 0;
    Local<Value> value;

    for (int i = 0; i < 8; i++)
        object->Set(things.context, things.keys[i], Number::New(things.isolate, i + 0.5)).Check();
    for (int i = 0; i < 8; i++)
        if (object->Get(things.context, things.keys[i]).ToLocal(&value))
            sum += value.As<Number>()->Value();
    return sum == 32;
}

template <int body(const Things &), int in_scope = SOME>
static void Loop(const FunctionCallbackInfo<Value> &info)
{
    Isolate *isolate = info.GetIsolate();
    Things things = ThingsOf(isolate);
    int left = static_cast<int>(info[0].As<Number>()->Value());
    volatile int sink = 0;
    double start = CpuTime();

    while (left > 0) {
        HandleScope scope(isolate);
        int until = left > in_scope ? left - in_scope : 0;
        /* From several places: what a branch predictor makes of one is not the point. */
#pragma GCC unroll 8
        for (; left > until; left--)
            sink = body(things);
    }
    info.GetReturnValue().Set(CpuTime() - start);
    (void)sink;
}

/* ---- what JavaScript calls */

static void Clock(const FunctionCallbackInfo<Value> &info) { info.GetReturnValue().Set(CpuTime()); }

static void Empty(const FunctionCallbackInfo<Value> &) {}

static void Add(const FunctionCallbackInfo<Value> &info)
{
    info.GetReturnValue().Set(info[0].As<Number>()->Value() + info[1].As<Number>()->Value());
}

static void Getter(Local<Name>, const PropertyCallbackInfo<Value> &info)
{
    info.GetReturnValue().Set(7);
}

/* From 12.9 on both are the same. */
static Local<Object> WithGetters(Isolate *isolate, Local<Context> context)
{
    Local<ObjectTemplate> object = ObjectTemplate::New(isolate);

    object->SetNativeDataProperty(Local<Name>(Text(isolate, "data")), Getter);
#if SINCE(12, 9)
    object->SetNativeDataProperty(Local<Name>(Text(isolate, "accessor")), Getter);
#else
    object->SetAccessor(Local<Name>(Text(isolate, "accessor")), Getter);
#endif
    return object->NewInstance(context).ToLocalChecked();
}

NODE_MODULE_INIT()
{
    Isolate *isolate = Isolate::GetCurrent();

    (void)module;
    NODE_SET_METHOD(exports, "isArray", Loop<IsArray, ALL>);
    NODE_SET_METHOD(exports, "fieldCount", Loop<FieldCount, ALL>);
    NODE_SET_METHOD(exports, "newInteger", Loop<NewInteger>);
    NODE_SET_METHOD(exports, "newNumber", Loop<NewNumber>);
    NODE_SET_METHOD(exports, "newString", Loop<NewString>);
    NODE_SET_METHOD(exports, "compile", Loop<Compile>);
    NODE_SET_METHOD(exports, "scope", Loop<Scope, ALL>);
    NODE_SET_METHOD(exports, "properties", Loop<Properties, 64>);
    NODE_SET_METHOD(exports, "clock", Clock);
    NODE_SET_METHOD(exports, "empty", Empty);
    NODE_SET_METHOD(exports, "add", Add);
    exports->Set(context, Text(isolate, "object"), WithGetters(isolate, context)).Check();
}
