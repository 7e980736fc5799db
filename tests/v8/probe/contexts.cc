/* SPDX-License-Identifier: MIT */
/* Contexts: made, entered, and what they carry. */
#include "shims.h"

using namespace probe;

/* The indices that Node uses end far below. */
enum { VALUE_INDEX = 60, POINTER_INDEX = 61 };

CASE(context_new)
{
    Local<Context> fresh = Context::New(isolate);

    CHECK(!fresh.IsEmpty() && fresh != context);
    {
        Context::Scope scope(fresh);

        CHECK(isolate->GetCurrentContext() == fresh);
        CHECK_EQ(Text(Js("typeof Array + typeof process")), "functionundefined");
        CHECK_EQ(Text(Js("globalThis.mark = 1, [1, 2].map((x) => x + mark).join()")), "2,3");
    }
    CHECK(isolate->GetCurrentContext() == context);
    CHECK_EQ(Text(Js("typeof mark")), "undefined");
}

static void Hello(const FunctionCallbackInfo<Value> &info)
{
    info.GetReturnValue().Set(Str(("hello " + Text(info[0])).c_str()));
}

CASE(context_global_template)
{
    Local<ObjectTemplate> globals = ObjectTemplate::New(isolate);

    globals->Set(isolate, "hello", FunctionTemplate::New(isolate, Hello));
    globals->Set(isolate, "answer", Integer::New(isolate, 42));
    Local<Context> fresh = Context::New(isolate, nullptr, globals);
    Context::Scope scope(fresh);
    CHECK_EQ(Text(Js("hello('you') + answer")), "hello you42");
    CHECK_EQ(Text(Js("globalThis.hello === hello")), "true");
}

static void AccessGlobal(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    EXPECT(HolderOf(info)->IsObject());
    info.GetReturnValue().Set(Str(("global " + Text(name)).c_str()));
}

CASE(context_global_accessor)
{
    Local<ObjectTemplate> globals = ObjectTemplate::New(isolate);

    AddAccessor(globals, "special", AccessGlobal);
    Local<Context> fresh = Context::New(isolate, nullptr, globals);
    Context::Scope scope(fresh);
    CHECK_EQ(Text(Js("globalThis.special")), "global special");
}

CASE(context_global)
{
    Local<Object> global = context->Global();

    CHECK(global == Js("globalThis"));
    CHECK(global->Has(context, Str("Array")).FromJust());
    CHECK(Context::New(isolate)->Global() != global);
}

CASE(context_reused_global)
{
    Local<Context> first = Context::New(isolate);
    Local<Object> global = first->Global();

    first->DetachGlobal();
    Local<Context> second = Context::New(isolate, nullptr, MaybeLocal<ObjectTemplate>(), global);
    CHECK(second->Global() == global);
    Context::Scope scope(second);
    CHECK_EQ(Text(Js("typeof Object")), "function");
}

CASE(context_scopes)
{
    Local<Context> one = Context::New(isolate), two = Context::New(isolate);

    {
        Context::Scope first(one);
        CHECK(isolate->GetCurrentContext() == one);
        {
            Context::Scope second(two);
            CHECK(isolate->GetCurrentContext() == two);
            {
                Context::Scope third(one);
                CHECK(isolate->GetCurrentContext() == one);
            }
            CHECK(isolate->GetCurrentContext() == two);
        }
        CHECK(isolate->GetCurrentContext() == one);
    }
    one->Enter();
    CHECK(isolate->GetCurrentContext() == one);
    CHECK(isolate->GetEnteredOrMicrotaskContext() == one);
    one->Exit();
    CHECK(isolate->GetCurrentContext() == context);
    CHECK(isolate->InContext());
}

static void CurrentMark(const FunctionCallbackInfo<Value> &info)
{
    Local<Context> context = info.GetIsolate()->GetCurrentContext();

    info.GetReturnValue().Set(context->Global()->Get(context, Str("mark")).ToLocalChecked());
}

CASE(context_of_function)
{
    Local<Context> fresh = Context::New(isolate);
    Local<Function> function;

    {
        Context::Scope scope(fresh);

        CHECK(fresh->Global()->Set(fresh, Str("mark"), Str("fresh")).FromJust());
        function = Function::New(fresh, CurrentMark).ToLocalChecked();
    }
    CHECK_EQ(Text(Js("(f) => f()", function)), "fresh");
#if SINCE(12, 9)
    CHECK(function->GetCreationContextChecked(isolate) == fresh);
#else
    CHECK(function->GetCreationContextChecked() == fresh);
#endif
}

CASE(context_embedder_value)
{
    Local<Context> fresh = Context::New(isolate);

    fresh->SetEmbedderData(VALUE_INDEX, Str("embedded"));
    fresh->SetEmbedderData(3, Integer::New(isolate, 5));
    Collect(isolate);
    CHECK_EQ(Text(fresh->GetEmbedderData(VALUE_INDEX)), "embedded");
    CHECK_EQ(Num(fresh->GetEmbedderData(3)), 5.0);
    CHECK(fresh->GetNumberOfEmbedderDataFields() > VALUE_INDEX);
}

CASE(context_embedder_pointer)
{
    static int here, there;
    Local<Context> fresh = Context::New(isolate);

#if SINCE(14, 6)
    fresh->SetAlignedPointerInEmbedderData(POINTER_INDEX, &here, kEmbedderDataTypeTagDefault);
    fresh->SetAlignedPointerInEmbedderData(2, &there, kEmbedderDataTypeTagDefault);
    Collect(isolate);
    CHECK(fresh->GetAlignedPointerFromEmbedderData(POINTER_INDEX, kEmbedderDataTypeTagDefault) ==
          &here);
    CHECK(fresh->GetAlignedPointerFromEmbedderData(isolate, 2, kEmbedderDataTypeTagDefault) ==
          &there);
#else
    fresh->SetAlignedPointerInEmbedderData(POINTER_INDEX, &here);
    fresh->SetAlignedPointerInEmbedderData(2, &there);
    Collect(isolate);
    CHECK(fresh->GetAlignedPointerFromEmbedderData(POINTER_INDEX) == &here);
    CHECK(fresh->GetAlignedPointerFromEmbedderData(2) == &there);
#if SINCE(12, 9)
    CHECK(fresh->GetAlignedPointerFromEmbedderData(isolate, 2) == &there);
#endif
#endif
}

#if SINCE(11, 3)
CASE(context_embedder_of_creation)
{
    static int here;
    Local<Context> fresh = Context::New(isolate);
    Context::Scope scope(fresh);

#if SINCE(14, 6)
    fresh->SetAlignedPointerInEmbedderData(POINTER_INDEX, &here, kEmbedderDataTypeTagDefault);
    CHECK(Object::New(isolate)->GetAlignedPointerFromEmbedderDataInCreationContext(
              POINTER_INDEX, kEmbedderDataTypeTagDefault) == &here);
#else
    fresh->SetAlignedPointerInEmbedderData(POINTER_INDEX, &here);
    CHECK(Object::New(isolate)->GetAlignedPointerFromEmbedderDataInCreationContext(POINTER_INDEX) ==
          &here);
#endif
}
#endif

CASE(context_security_token)
{
    Local<Context> fresh = Context::New(isolate);

    CHECK(fresh->GetSecurityToken() != context->GetSecurityToken());
    fresh->SetSecurityToken(Str("token"));
    CHECK_EQ(Text(fresh->GetSecurityToken()), "token");
    fresh->UseDefaultSecurityToken();
    CHECK(!fresh->GetSecurityToken()->IsString());
}

CASE(context_code_generation)
{
    Local<Context> fresh = Context::New(isolate);
    Context::Scope scope(fresh);

    CHECK(fresh->IsCodeGenerationFromStringsAllowed());
    CHECK_EQ(Text(Js("eval('1 + 1')")), "2");
    fresh->AllowCodeGenerationFromStrings(false);
    fresh->SetErrorMessageForCodeGenerationFromStrings(Str("not here"));
    CHECK(!fresh->IsCodeGenerationFromStringsAllowed());
    /* Not tried: Node's callback that then decides knows no context but its own. */
    fresh->AllowCodeGenerationFromStrings(true);
    CHECK_EQ(Text(Js("eval('2 + 2')")), "4");
}

static void NoteHook(const FunctionCallbackInfo<Value> &info)
{
    Local<Context> context = info.GetIsolate()->GetCurrentContext();
    Local<Object> counts = info.Data().As<Object>();
    Local<Value> before = counts->Get(context, Str("n")).ToLocalChecked();

    EXPECT(info[0]->IsPromise());
    EXPECT(counts->Set(context, Str("n"), Number::New(info.GetIsolate(), Num(before) + 1))
               .FromMaybe(false));
}

CASE(context_promise_hooks)
{
    Local<Context> fresh = Context::New(isolate);
    Context::Scope scope(fresh);
    Local<Object> inits = Js("({ n: 0 })").As<Object>(), settled = Js("({ n: 0 })").As<Object>();

    fresh->SetPromiseHooks(Function::New(fresh, NoteHook, inits).ToLocalChecked(),
                           Local<Function>(), Local<Function>(),
                           Function::New(fresh, NoteHook, settled).ToLocalChecked());
    Js("Promise.resolve(1), Promise.reject(2).catch(() => 1), new Promise(() => 0)");
    CHECK(Num(Js("(o) => o.n", inits)) >= 3);
    CHECK(Num(Js("(o) => o.n", settled)) >= 2);
    fresh->SetPromiseHooks(Local<Function>(), Local<Function>(), Local<Function>(),
                           Local<Function>());
    double before = Num(Js("(o) => o.n", inits));
    Js("Promise.resolve(1)");
    CHECK_EQ(Num(Js("(o) => o.n", inits)), before);
}

CASE(context_many)
{
    std::string marks;

    for (int i = 0; i < 5; i++) {
        HandleScope scope(isolate);
        Local<Context> fresh = Context::New(isolate);
        Context::Scope entered(fresh);

        CHECK(fresh->Global()->Set(fresh, Str("i"), Integer::New(isolate, i)).FromJust());
        Collect(isolate);
        marks += Text(Js("i"));
    }
    CHECK_EQ(marks, "01234");
    isolate->ContextDisposedNotification();
}

CASE(context_between)
{
    Local<Context> fresh = Context::New(isolate);
    Local<Object> mine = Js("({ v: 1 })").As<Object>();
    Local<Value> theirs;

    fresh->SetSecurityToken(context->GetSecurityToken());
    {
        Context::Scope scope(fresh);

        theirs = Js("(o) => { o.v++; o.made = [1]; return o.made; }", mine);
    }
    CHECK_EQ(Text(Js("(o, t) => [o.v, o.made === t, t instanceof Array, Array.isArray(t)].join()",
                     mine, theirs)),
             "2,true,false,true");
}

CASE(context_templates_shared)
{
    Local<FunctionTemplate> functions = FunctionTemplate::New(isolate, Hello);
    Local<Function> here = functions->GetFunction(context).ToLocalChecked();
    Local<Context> fresh = Context::New(isolate);
    Local<Function> there = functions->GetFunction(fresh).ToLocalChecked();

    CHECK(here != there);
    CHECK(functions->GetFunction(context).ToLocalChecked() == here);
    fresh->SetSecurityToken(context->GetSecurityToken());
    CHECK_EQ(Text(Js("(f, g) => f(1) + g(2)", here, there)), "hello 1hello 2");
}
