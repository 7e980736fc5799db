/* SPDX-License-Identifier: MIT */
/*
 * A host whose V8 is in the global scope: linked to libv8.so, it has run a script of its own, and
 * keeps its context while a plugin is loaded and run.
 *
 *   host [--wait] PLUGIN [ARGUMENT...]     --wait: loads it when there is a line to read
 */
#include <dlfcn.h>
#include <libplatform/libplatform.h>
#include <stdio.h>
#include <string.h>
#include <v8.h>

namespace {

using PluginRun = int (*)(int, char **);

/* A script's result; "(exception)" if it threw. */
void RunScript(v8::Isolate *isolate, v8::Local<v8::Context> context, const char *source)
{
    v8::HandleScope scope(isolate);
    v8::Local<v8::Script> script;
    v8::Local<v8::Value> value;
    v8::Local<v8::String> text = v8::String::NewFromUtf8(isolate, source).ToLocalChecked();

    if (!v8::Script::Compile(context, text).ToLocal(&script) ||
        !script->Run(context).ToLocal(&value)) {
        printf("host: (exception)\n");
        return;
    }
    v8::String::Utf8Value result(isolate, value);
    printf("host: %s\n", *result);
    fflush(stdout);
}

int RunPlugin(int argc, char **argv)
{
    void *plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    PluginRun run;

    if (!plugin) {
        printf("host: %s\n", dlerror());
        return 1;
    }
    run = reinterpret_cast<PluginRun>(dlsym(plugin, "plugin_run"));
    if (!run) {
        printf("host: %s\n", dlerror());
        return 1;
    }
    int status = run(argc - 1, argv + 1);
    printf("host: the plugin answered %d\n", status);
    fflush(stdout);
    return status;
}

}  // namespace

int main(int argc, char **argv)
{
    bool wait = argc > 1 && !strcmp(argv[1], "--wait");
    int status;

    argc -= wait;
    argv += wait;
    if (argc < 2) {
        fprintf(stderr, "usage: host [--wait] PLUGIN [ARGUMENT...]\n");
        return 2;
    }
    std::unique_ptr<v8::Platform> platform = v8::platform::NewDefaultPlatform(2);
    v8::V8::InitializePlatform(platform.get());
    v8::V8::Initialize();
    v8::Isolate::CreateParams parameters;
    std::unique_ptr<v8::ArrayBuffer::Allocator> allocator(
        v8::ArrayBuffer::Allocator::NewDefaultAllocator());
    parameters.array_buffer_allocator = allocator.get();
    v8::Isolate *isolate = v8::Isolate::New(parameters);
    {
        v8::HandleScope scope(isolate);
        v8::Global<v8::Context> context;

        /* Entered only while the host's own scripts run, as between two ticks of a game. */
        {
            v8::Isolate::Scope entered(isolate);
            context.Reset(isolate, v8::Context::New(isolate));
            v8::Context::Scope inside(context.Get(isolate));
            RunScript(isolate, context.Get(isolate),
                      "var kept = 'set before the plugin'; 'V8 runs, 6 * 7 = ' + 6 * 7");
        }
        if (wait)
            while (getchar() != '\n' && !feof(stdin))
                continue;
        status = RunPlugin(argc, argv);
        {
            v8::Isolate::Scope entered(isolate);
            v8::HandleScope inner(isolate);
            v8::Context::Scope inside(context.Get(isolate));
            RunScript(isolate, context.Get(isolate), "'its context still has: ' + kept");
        }
    }
    isolate->Dispose();
    v8::V8::Dispose();
    v8::V8::DisposePlatform();
    return status;
}
