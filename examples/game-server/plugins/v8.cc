/* SPDX-License-Identifier: MIT */
/*
 * A plugin that uses V8 itself, through the engine's C++ API: it was compiled with the headers of
 * V8 10.2, is linked to a stub without V8, and has an isolate of its own. Each tick it runs
 * JavaScript there, and the game's JavaScript through the server's API.
 */
#include "game-plugin.h"

#include <v8.h>

#include <memory>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace {

using v8::Context;
using v8::Isolate;
using v8::Local;
using v8::Value;

/* Called while the plugin is being loaded: the binding must be there before the constructors. */
const char *const version_at_load = v8::V8::GetVersion();

const char script[] = R"JS(
let total = 0;
function tick(number, twice) {
    const seen = new Map([["number", number]]);
    total += twice(seen.get("number"));
    return total;
}
)JS";

const game_api *api;
std::unique_ptr<v8::ArrayBuffer::Allocator> allocator;
Isolate *isolate;
v8::Global<Context> plugin_context;
unsigned long ticks, wrong, asked;
bool was_entered;

void twice(const v8::FunctionCallbackInfo<Value> &info)
{
    Local<Context> context = info.GetIsolate()->GetCurrentContext();

    info.GetReturnValue().Set(2 * info[0]->NumberValue(context).FromMaybe(0));
}

/* The game's scripts call this one: JSON there and back. */
int answer(void *, const char *arguments, char *ret_result, size_t size)
{
    asked++;
    snprintf(ret_result, size, "{\"plugin\": \"v8\", \"arguments\": %s}", arguments);
    return 0;
}

int refuse(void *, const char *, char *ret_result, size_t size)
{
    snprintf(ret_result, size, "the plugin refuses");
    return -1;
}

bool make_context()
{
    v8::HandleScope handles(isolate);
    Local<Context> context = Context::New(isolate);
    Context::Scope context_scope(context);
    Local<v8::Script> compiled;

    plugin_context.Reset(isolate, context);
    return v8::Script::Compile(context, v8::String::NewFromUtf8Literal(isolate, script))
               .ToLocal(&compiled) &&
           !compiled->Run(context).IsEmpty();
}

/* tick() of the plugin's own script; the sum of 2 * 0, 2 * 1, ... 2 * number is expected. */
bool run_own(unsigned long number)
{
    Isolate::Scope isolate_scope(isolate);
    v8::HandleScope handles(isolate);
    Local<Context> context = plugin_context.Get(isolate);
    Context::Scope context_scope(context);
    Local<Value> function, result;
    Local<Value> arguments[] = {
        v8::Number::New(isolate, double(number)),
        v8::Function::New(context, twice).ToLocalChecked(),
    };

    return context->Global()
               ->Get(context, v8::String::NewFromUtf8Literal(isolate, "tick"))
               .ToLocal(&function) &&
           function.As<v8::Function>()
               ->Call(context, context->Global(), 2, arguments)
               .ToLocal(&result) &&
           result->NumberValue(context).FromMaybe(-1) == double(number * (number + 1));
}

bool run_of_game(const char *function, const char *arguments, int status, const char *expected)
{
    char result[256];

    return api->call(function, arguments, result, sizeof(result)) == status &&
           !strcmp(result, expected);
}

} // namespace

int game_plugin_load(const struct game_api *server)
{
    char line[160];

    api = server;
    was_entered = Isolate::TryGetCurrent() != nullptr;
    allocator.reset(v8::ArrayBuffer::Allocator::NewDefaultAllocator());
    Isolate::CreateParams params;
    params.array_buffer_allocator = allocator.get();
    isolate = Isolate::New(params);
    Isolate::Scope isolate_scope(isolate);
    snprintf(line, sizeof(line), "V8 %s, an isolate of its own beside the game's", version_at_load);
    api->log(line);
    return make_context() && !api->register_function("plugin_answer", answer, nullptr) &&
                   !api->register_function("plugin_refuse", refuse, nullptr)
               ? 0
               : -1;
}

void game_plugin_tick(void)
{
    char sum[32], pair[64];
    unsigned long number = api->tick();

    ticks++;
    was_entered = Isolate::TryGetCurrent() != nullptr;
    snprintf(pair, sizeof(pair), "[%lu, 1]", number);
    snprintf(sum, sizeof(sum), "%lu", number + 1);
    bool fine = run_own(number) && run_of_game("add", pair, 0, sum) &&
                run_of_game("refuse", "[\"so says the game\"]", -1, "TypeError: so says the game");
    if (number % 16 == 0)
        fine = fine &&
               run_of_game("ask", "[\"plugin_answer\", 1, \"two\"]", 0,
                           "{\"plugin\":\"v8\",\"arguments\":[1,\"two\"]}") &&
               run_of_game("ask", "[\"plugin_refuse\"]", -1, "Error: the plugin refuses");
    wrong += !fine;
}

void game_plugin_unload(void)
{
    char line[160];

    {
        Isolate::Scope isolate_scope(isolate);
        plugin_context.Reset();
    }
    isolate->Dispose();
    snprintf(line, sizeof(line), "%lu ticks, %lu wrong, asked %lu times, isolate entered: %s",
             ticks, wrong, asked, was_entered ? "yes" : "no");
    api->log(line);
}
