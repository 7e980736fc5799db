/* SPDX-License-Identifier: MIT */
/*
 * The engine module: V8 as a host embeds it that knows nothing of plugins which use V8 too. The
 * isolate is entered while the game's scripts run and at no other time.
 */
#include "game.h"
#include "second.h"

#include <libplatform/libplatform.h>
#include <v8.h>

#include <list>
#include <memory>
#include <string>
#include <vector>

#include <stdio.h>
#include <time.h>

namespace {

using v8::Context;
using v8::Function;
using v8::FunctionCallbackInfo;
using v8::Global;
using v8::HandleScope;
using v8::Isolate;
using v8::Local;
using v8::Object;
using v8::String;
using v8::TryCatch;
using v8::Value;

const char script[] =
#include "game.js.inc"
    ;

/* A C function of a plugin, as the scripts see it. */
struct Registered {
    const void *owner;
    std::string name;
    game_function *function;
    void *user;
};

struct Game {
    std::unique_ptr<v8::Platform> platform;
    v8::Isolate::CreateParams params;
    Isolate *isolate = nullptr;
    Global<Context> context;
    Global<Function> tick;
    std::list<Registered> functions;
    SecondIsolate second;
    uint32_t number = 0;
};

Game *game;

/* What every entry from the server needs, in the order in which V8 wants it. */
class Entered {
  public:
    Entered()
        : isolate_scope_(game->isolate), handles_(game->isolate),
          context(game->context.Get(game->isolate)), context_scope_(context)
    {
    }

  private:
    Isolate::Scope isolate_scope_;
    HandleScope handles_;

  public:
    const Local<Context> context;

  private:
    Context::Scope context_scope_;
};

Local<String> text(const char *chars)
{
    return String::NewFromUtf8(game->isolate, chars).ToLocalChecked();
}

/* The exception that was caught, as one line. */
void describe(const TryCatch &caught, char *ret_text, size_t size)
{
    String::Utf8Value message(game->isolate, caught.Exception());

    snprintf(ret_text, size, "%s", *message ? *message : "an exception without text");
}

bool complain(const TryCatch &caught)
{
    char message[256];

    describe(caught, message, sizeof(message));
    fprintf(stderr, "game: %s\n", message);
    return false;
}

void make_engine()
{
    game->platform = v8::platform::NewDefaultPlatform(2);
    v8::V8::InitializePlatform(game->platform.get());
    v8::V8::Initialize();
    game->params.array_buffer_allocator = v8::ArrayBuffer::Allocator::NewDefaultAllocator();
    game->isolate = Isolate::New(game->params);
}

bool make_context()
{
    Isolate::Scope isolate_scope(game->isolate);
    HandleScope handles(game->isolate);
    TryCatch caught(game->isolate);
    Local<Context> context = Context::New(game->isolate);
    Context::Scope context_scope(context);
    Local<v8::Script> compiled;
    Local<Value> function;

    game->context.Reset(game->isolate, context);
    if (!v8::Script::Compile(context, text(script)).ToLocal(&compiled) ||
        compiled->Run(context).IsEmpty() ||
        !context->Global()->Get(context, text("tick")).ToLocal(&function) ||
        !function->IsFunction())
        return complain(caught);
    game->tick.Reset(game->isolate, function.As<Function>());
    return true;
}

bool evaluate(Local<Context> context, const char *source, uint32_t *ret_value)
{
    TryCatch caught(game->isolate);
    Local<v8::Script> compiled;
    Local<Value> value;

    if (!v8::Script::Compile(context, text(source)).ToLocal(&compiled) ||
        !compiled->Run(context).ToLocal(&value))
        return complain(caught);
    return value->Uint32Value(context).To(ret_value);
}

void pump()
{
    while (v8::platform::PumpMessageLoop(game->platform.get(), game->isolate))
        continue;
}

/* What the scripts have asked the platform for must arrive; ten seconds mean that it never will. */
void finish_tasks(Local<Context> context, game_result *result)
{
    const timespec wait = {0, 1000000};

    for (int i = 0; i < 10000; i++) {
        pump();
        game->isolate->PerformMicrotaskCheckpoint();
        if (!evaluate(context, "modulesAskedFor", &result->modules_asked_for) ||
            !evaluate(context, "modulesCompiled", &result->modules_compiled) ||
            result->modules_asked_for == result->modules_compiled)
            return;
        nanosleep(&wait, nullptr);
    }
}

/* The arguments of a call, from the text of a JSON array. */
bool parse_arguments(Local<Context> context, const char *json, std::vector<Local<Value>> *arguments)
{
    Local<Value> parsed;

    if (!v8::JSON::Parse(context, text(json)).ToLocal(&parsed) || !parsed->IsArray())
        return false;
    Local<v8::Array> array = parsed.As<v8::Array>();
    for (uint32_t i = 0; i < array->Length(); i++)
        arguments->push_back(array->Get(context, i).ToLocalChecked());
    return true;
}

void print_json(Local<Context> context, Local<Value> value, char *ret_text, size_t size)
{
    Local<String> json;

    if (value->IsUndefined() || !v8::JSON::Stringify(context, value).ToLocal(&json)) {
        snprintf(ret_text, size, "null");
        return;
    }
    String::Utf8Value chars(game->isolate, json);
    snprintf(ret_text, size, "%s", *chars);
}

/* The scripts call a registered function: JSON there, JSON back. */
void call_registered(const FunctionCallbackInfo<Value> &info)
{
    Isolate *isolate = info.GetIsolate();
    Local<Context> context = isolate->GetCurrentContext();
    auto *registered = static_cast<Registered *>(info.Data().As<v8::External>()->Value());
    Local<v8::Array> array = v8::Array::New(isolate, info.Length());
    char arguments[1024], result[1024] = "null";
    Local<Value> value;

    for (int i = 0; i < info.Length(); i++)
        array->Set(context, uint32_t(i), info[i]).Check();
    print_json(context, array, arguments, sizeof(arguments));
    if (!registered->function) {
        isolate->ThrowException(v8::Exception::Error(text("the plugin has been unloaded")));
        return;
    }
    if (registered->function(registered->user, arguments, result, sizeof(result)))
        isolate->ThrowException(v8::Exception::Error(text(result)));
    else if (v8::JSON::Parse(context, text(result)).ToLocal(&value))
        info.GetReturnValue().Set(value);
}

} // namespace

const char *game_engine_version(void)
{
    return v8::V8::GetVersion();
}

bool game_start(unsigned isolates)
{
    game = new Game;
    make_engine();
    if (isolates > 1)
        game->second.start(game->platform.get());
    return make_context();
}

bool game_tick(void)
{
    Entered entered;
    TryCatch caught(game->isolate);
    Local<Value> number = v8::Integer::NewFromUnsigned(game->isolate, game->number++);

    if (game->tick.Get(game->isolate)
            ->Call(entered.context, v8::Undefined(game->isolate), 1, &number)
            .IsEmpty())
        return complain(caught);
    pump();
    return true;
}

int game_call(const char *function, const char *arguments, char *ret_result, size_t size)
{
    Entered entered;
    TryCatch caught(game->isolate);
    std::vector<Local<Value>> values;
    Local<Value> found, result;

    if (!entered.context->Global()->Get(entered.context, text(function)).ToLocal(&found) ||
        !found->IsFunction()) {
        snprintf(ret_result, size, "the game has no function %s", function);
        return -1;
    }
    if (!parse_arguments(entered.context, arguments, &values)) {
        snprintf(ret_result, size, "the arguments of %s are no JSON array", function);
        return -1;
    }
    if (!found.As<Function>()
             ->Call(entered.context, v8::Undefined(game->isolate), int(values.size()),
                    values.data())
             .ToLocal(&result)) {
        describe(caught, ret_result, size);
        return -1;
    }
    print_json(entered.context, result, ret_result, size);
    return 0;
}

int game_register(const void *owner, const char *name, game_function *function, void *user)
{
    Entered entered;
    Local<Function> made;

    game->functions.push_back({owner, name, function, user});
    Local<v8::External> data = v8::External::New(game->isolate, &game->functions.back());
    return Function::New(entered.context, call_registered, data).ToLocal(&made) &&
                   entered.context->Global()
                       ->Set(entered.context, text(name), made)
                       .FromMaybe(false)
               ? 0
               : -1;
}

/* The record stays: a script may have kept the function. */
void game_unregister(const void *owner)
{
    Entered entered;

    for (Registered &registered : game->functions)
        if (registered.owner == owner && registered.function) {
            registered.function = nullptr;
            entered.context->Global()
                ->Delete(entered.context, text(registered.name.c_str()))
                .FromMaybe(false);
        }
}

void game_enter(void)
{
    game->isolate->Enter();
}

void game_leave(void)
{
    game->isolate->Exit();
}

bool game_stop(struct game_result *ret_result)
{
    bool done;

    game->second.stop(&ret_result->second_rounds, &ret_result->second_wrong);
    {
        Entered entered;
        finish_tasks(entered.context, ret_result);
        done = evaluate(entered.context, "checksum", &ret_result->checksum);
    }
    game->tick.Reset();
    game->context.Reset();
    game->isolate->Dispose();
    v8::V8::Dispose();
    v8::V8::DisposePlatform();
    delete game->params.array_buffer_allocator;
    delete game;
    return done;
}
