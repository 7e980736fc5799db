// SPDX-License-Identifier: MIT
//
// A plugin of V8: what plugin_fake.cc does, as far as V8 offers it. Built with -fno-rtti, as V8 is.
#include <v8.h>

#include <libplatform/libplatform.h>

#include "report.h"

extern "C" {
extern int v8dbg_SmiShiftSize, v8dbg_TaggedSize;
extern void *allocator_vtable[] __asm__("_ZTVN2v811ArrayBuffer9AllocatorE");
void absent_function(void) __asm__("_ZN2v82V812EngraftAbsentEv") __attribute__((weak));
// As an inline function of V8's headers would be: weak, and some copy has one of the same name.
__attribute__((weak)) const char *inline_copy(void) __asm__("_ZN2v82V813EngraftInlineEv");
#ifdef PLUGIN_MISSING
const char *newer_function(int value) __asm__("_ZN2v82V812EngraftNewerEi");
#endif
#ifdef PLUGIN_MISSING_DATA
extern int v8dbg_EngraftNewer;
#endif
#ifdef PLUGIN_TLS
extern __thread int in_wasm __asm__("_ZN2v88internal12trap_handler21g_thread_in_wasm_codeE");
#endif
}

const char *inline_copy(void) { return "plugin"; }

typedef const char *version_function(void);

static version_function *const volatile table[] = {v8::V8::GetVersion};
static const char *const volatile element = reinterpret_cast<const char *>(&v8dbg_TaggedSize) + 2;
static void (*const volatile absent)(void) = absent_function;

namespace {

class Allocator : public v8::ArrayBuffer::Allocator {
public:
    void *Allocate(size_t length) override { return calloc(1, length); }
    void *AllocateUninitialized(size_t length) override { return malloc(length); }
    void Free(void *data, size_t) override { free(data); }
};

} // namespace

// A copy that is not V8 answers "hostile" to everything.
static const char *copy_of_call(version_function *function)
{
    const char *version = function();

    return version && *version >= '0' && *version <= '9' ? copy_at((const void *)function)
                                                         : "hostile";
}

static bool is_v8() { return strcmp(copy_of_call(v8::V8::GetVersion), "host") == 0; }

static int run_script()
{
    Allocator allocator;
    v8::Isolate::CreateParams parameters;
    int answer = -1;

    parameters.array_buffer_allocator = &allocator;
    v8::Isolate *isolate = v8::Isolate::New(parameters);
    {
        v8::Isolate::Scope isolate_scope(isolate);
        v8::HandleScope handle_scope(isolate);
        v8::Local<v8::Context> context = v8::Context::New(isolate);
        v8::Context::Scope context_scope(context);
        v8::Local<v8::String> source =
            v8::String::NewFromUtf8Literal(isolate, "[1, 2, 3].map(x => x * 7).reduce((a, b) => a + b)");
        answer = v8::Script::Compile(context, source)
                     .ToLocalChecked()
                     ->Run(context)
                     .ToLocalChecked()
                     ->Int32Value(context)
                     .FromJust();
    }
    isolate->Dispose();
    return answer;
}

EXPORTED void PLUGIN_ENTRY(void)
{
    version_function *volatile pointer = v8::V8::GetVersion;
    Allocator *allocator = new Allocator;
    void **slots = *reinterpret_cast<void ***>(allocator);

    say("call", copy_of_call(pointer));
    say("address", copy_at((const void *)pointer));
    say("table", copy_at((const void *)table[0]));
    say("same address", table[0] == pointer ? "yes" : "no");
    say("weak undefined", absent ? copy_at((const void *)absent) : "null");
    say("data", copy_at(&v8dbg_SmiShiftSize));
    say("data with addend",
        element - 2 == reinterpret_cast<const char *>(&v8dbg_TaggedSize) ? copy_at(element) : "wrong");
    say("vtable", copy_at(allocator_vtable));
    say("inherited virtual", copy_at(slots[5])); // Reallocate, the only one that V8 implements
    say("own virtual", copy_at(slots[2]));
    say("defined by both", inline_copy());
#ifdef PLUGIN_MISSING
    const char *value = newer_function(1);
    say("missing function", value ? value : "null");
#endif
#ifdef PLUGIN_MISSING_DATA
    say("missing data", copy_at(&v8dbg_EngraftNewer));
#endif
#ifdef PLUGIN_TLS
    say("thread-local", copy_at(&in_wasm));
#endif
    if (is_v8() && !getenv("MATRIX_NO_SCRIPT"))
        say("script", run_script() == 42 ? "42" : "wrong");
    delete allocator;
    inner_report();
}

__attribute__((constructor)) static void construct()
{
    say("constructor", copy_of_call(v8::V8::GetVersion));
    nested_open();
#ifdef PLUGIN_HIDDEN
    PLUGIN_ENTRY();
#endif
}

__attribute__((destructor)) static void destruct()
{
    say("destructor", copy_of_call(v8::V8::GetVersion));
}
