/* SPDX-License-Identifier: MIT */
/* Modules: requests, resolving, evaluation, synthetic modules, import() and import.meta. */
#include "probe.h"

#include <memory>
#include <tuple>

using namespace probe;

namespace {

Local<Module> CompileModule(Isolate *isolate, const char *name, const char *code)
{
#if BEFORE(12, 4)
    ScriptOrigin origin(isolate, Str(name), 0, 0, false, -1, Local<Value>(), false, false, true);
#else
    (void)isolate;
    ScriptOrigin origin(Str(name), 0, 0, false, -1, Local<Value>(), false, false, true);
#endif
    ScriptCompiler::Source source(Str(code), origin);
    return ScriptCompiler::CompileModule(isolate, &source).ToLocalChecked();
}

/* 14.6 has only the form without a context. */
Local<Data> Item(Local<Context> context, Local<FixedArray> array, int index)
{
#if BEFORE(14, 6)
    return array->Get(context, index);
#else
    (void)context;
    return array->Get(index);
#endif
}

std::string resolved;
int resolved_attributes;
int referrer_hash;

MaybeLocal<Module> ResolveDependency(Local<Context>, Local<String> specifier,
                                      Local<FixedArray> attributes, Local<Module> referrer)
{
    resolved += Text(specifier) + ";";
    resolved_attributes += attributes->Length();
    referrer_hash = referrer->GetIdentityHash();
    return CompileModule(Isolate::GetCurrent(), "dependency.mjs",
                          "export const value = 30; export default 'dep';");
}

MaybeLocal<Module> ResolveNothing(Local<Context>, Local<String>, Local<FixedArray>,
                                   Local<Module>)
{
    return MaybeLocal<Module>();
}

MaybeLocal<Module> ResolveThrowing(Local<Context>, Local<String>, Local<FixedArray>,
                                    Local<Module>)
{
    Isolate::GetCurrent()->ThrowException(Exception::TypeError(Str("cannot resolve")));
    return MaybeLocal<Module>();
}

int64_t NumberOf(Local<Context> context, Local<Module> module, const char *name)
{
    return module->GetModuleNamespace().As<Object>()->Get(context, Str(name)).ToLocalChecked()
        ->IntegerValue(context).FromJust();
}

}  // namespace

CASE(module_compile)
{
    Local<Module> module = CompileModule(isolate, "plain.mjs", "export const a = 1;");
    CHECK(module->GetStatus() == Module::kUninstantiated);
    CHECK(module->IsSourceTextModule());
    CHECK(!module->IsSyntheticModule());
    CHECK(module->GetModuleRequests()->Length() == 0);
    CHECK(module->GetIdentityHash() == module->GetIdentityHash());
    CHECK(module->ScriptId() > 0);
}

CASE(module_compile_error)
{
    TryCatch guard(isolate);
#if BEFORE(12, 4)
    ScriptOrigin origin(isolate, Str("bad.mjs"), 0, 0, false, -1, Local<Value>(), false, false,
                        true);
#else
    ScriptOrigin origin(Str("bad.mjs"), 0, 0, false, -1, Local<Value>(), false, false, true);
#endif
    ScriptCompiler::Source source(Str("export export"), origin);
    CHECK(ScriptCompiler::CompileModule(isolate, &source).IsEmpty());
    CHECK(guard.HasCaught());
}

CASE(module_evaluate)
{
    Local<Module> module = CompileModule(isolate, "eval.mjs", "export const a = 21 * 2;");
    CHECK(module->InstantiateModule(context, ResolveNothing).FromJust());
    CHECK(module->GetStatus() == Module::kInstantiated);
    Local<Value> result = module->Evaluate(context).ToLocalChecked();
    CHECK(result->IsPromise());
    CHECK(result.As<Promise>()->State() == Promise::kFulfilled);
    CHECK(module->GetStatus() == Module::kEvaluated);
    CHECK(NumberOf(context, module, "a") == 42);
}

CASE(module_requests)
{
#if BEFORE(12, 4)
    const char *code = "import a from 'first';\nimport * as b from 'second';";
#else
    const char *code = "import a from 'first' with { type: 'json' };\nimport * as b from 'second';";
#endif
    Local<Module> module = CompileModule(isolate, "requests.mjs", code);
    Local<FixedArray> requests = module->GetModuleRequests();
    CHECK(requests->Length() == 2);
    Local<ModuleRequest> first = Item(context, requests, 0).As<ModuleRequest>();
    Local<ModuleRequest> second = Item(context, requests, 1).As<ModuleRequest>();
    CHECK(Text(first->GetSpecifier()) == "first");
    CHECK(Text(second->GetSpecifier()) == "second");
    Location location = module->SourceOffsetToLocation(second->GetSourceOffset());
    CHECK(location.GetLineNumber() == 1);
    CHECK(location.GetColumnNumber() > 0);
#if BEFORE(12, 4)
    CHECK(first->GetImportAssertions()->Length() == 0);
#else
    /* Key, value and source offset of each attribute. */
    Local<FixedArray> attributes = first->GetImportAttributes();
    CHECK(attributes->Length() == 3);
    CHECK(Text(Item(context, attributes, 0).As<Value>()) == "type");
    CHECK(Text(Item(context, attributes, 1).As<Value>()) == "json");
    CHECK(second->GetImportAttributes()->Length() == 0);
#endif
}

CASE(module_resolve)
{
    resolved.clear();
    resolved_attributes = 0;
    Local<Module> module = CompileModule(
        isolate, "resolve.mjs",
        "import word, { value } from 'dep'; export const sum = value + 1; export { word };");
    CHECK(module->InstantiateModule(context, ResolveDependency).FromJust());
    CHECK(resolved == "dep;");
    CHECK(resolved_attributes == 0);
    CHECK(referrer_hash == module->GetIdentityHash());
    CHECK(!module->Evaluate(context).IsEmpty());
    CHECK(NumberOf(context, module, "sum") == 31);
}

CASE(module_resolve_throws)
{
    Local<Module> module = CompileModule(isolate, "fails.mjs", "import 'missing';");
    TryCatch guard(isolate);
    CHECK(module->InstantiateModule(context, ResolveThrowing).IsNothing());
    CHECK(guard.HasCaught());
    CHECK(Text(guard.Exception()) == "TypeError: cannot resolve");
    CHECK(module->GetStatus() == Module::kUninstantiated);
}

CASE(module_throws)
{
    Local<Module> module =
        CompileModule(isolate, "throws.mjs", "export let x; throw new RangeError('in module');");
    CHECK(module->InstantiateModule(context, ResolveNothing).FromJust());
    TryCatch guard(isolate);
    Local<Value> result = module->Evaluate(context).ToLocalChecked();
    CHECK(module->GetStatus() == Module::kErrored);
    CHECK(Text(module->GetException()) == "RangeError: in module");
    CHECK(result.As<Promise>()->State() == Promise::kRejected);
    Js("(promise) => { promise.catch(() => {}) }", result);
}

CASE(module_top_level_await)
{
    Js("globalThis.wake = null;"
        "globalThis.waiting = new Promise((done) => { globalThis.wake = done; })");
    Local<Module> module =
        CompileModule(isolate, "await.mjs", "export const got = await globalThis.waiting;");
    CHECK(module->InstantiateModule(context, ResolveNothing).FromJust());
    CHECK(module->IsGraphAsync());
#if SINCE(13, 6)
    CHECK(module->HasTopLevelAwait());
#endif
    Local<Value> result = module->Evaluate(context).ToLocalChecked();
    CHECK(result.As<Promise>()->State() == Promise::kPending);
    Js("globalThis.wake(99)");
    isolate->PerformMicrotaskCheckpoint();
    CHECK(result.As<Promise>()->State() == Promise::kFulfilled);
    CHECK(NumberOf(context, module, "got") == 99);
    Js("delete globalThis.wake; delete globalThis.waiting");
}

#if SINCE(11, 3)
CASE(module_stalled_await)
{
    Local<Module> module = CompileModule(isolate, "stalled.mjs",
                                          "\nawait new Promise(() => {});");
    CHECK(module->InstantiateModule(context, ResolveNothing).FromJust());
    CHECK(!module->Evaluate(context).IsEmpty());
#if SINCE(12, 4)
    auto stalled = module->GetStalledTopLevelAwaitMessages(isolate);
    CHECK(stalled.first.size() == 1);
    CHECK(stalled.second.size() == 1);
    if (stalled.second.size() != 1) return;
    Local<Message> message = stalled.second[0];
#else
    auto stalled = module->GetStalledTopLevelAwaitMessage(isolate);
    CHECK(stalled.size() == 1);
    if (stalled.size() != 1) return;
    Local<Message> message = std::get<1>(stalled[0]);
#endif
    CHECK(message->GetLineNumber(context).FromJust() == 2);
}
#endif

namespace {

MaybeLocal<Value> SyntheticSteps(Local<Context> context, Local<Module> module)
{
    Isolate *isolate = Isolate::GetCurrent();
    module->SetSyntheticModuleExport(isolate, Str("made"), Integer::New(isolate, 64)).Check();
    Local<Promise::Resolver> resolver = Promise::Resolver::New(context).ToLocalChecked();
    resolver->Resolve(context, Undefined(isolate)).Check();
    return resolver->GetPromise();
}

MaybeLocal<Value> SyntheticThrows(Local<Context>, Local<Module>)
{
    Isolate::GetCurrent()->ThrowException(Exception::Error(Str("steps failed")));
    return MaybeLocal<Value>();
}

Local<Module> MakeSynthetic(Isolate *isolate, Module::SyntheticModuleEvaluationSteps steps)
{
#if BEFORE(12, 4)
    return Module::CreateSyntheticModule(isolate, Str("synthetic"), {Str("made")}, steps);
#else
    Local<String> names[] = {Str("made")};
    return Module::CreateSyntheticModule(isolate, Str("synthetic"),
                                         MemorySpan<const Local<String>>(names, 1), steps);
#endif
}

MaybeLocal<Module> ResolveSynthetic(Local<Context>, Local<String>, Local<FixedArray>,
                                     Local<Module>)
{
    return MakeSynthetic(Isolate::GetCurrent(), SyntheticSteps);
}

}  // namespace

CASE(module_synthetic)
{
    Local<Module> module = MakeSynthetic(isolate, SyntheticSteps);
    CHECK(module->IsSyntheticModule());
    CHECK(module->InstantiateModule(context, ResolveNothing).FromJust());
    CHECK(!module->Evaluate(context).IsEmpty());
    CHECK(NumberOf(context, module, "made") == 64);
}

CASE(module_synthetic_imported)
{
    Local<Module> module = CompileModule(
        isolate, "uses.mjs", "import { made } from 's'; export const twice = made * 2");
    CHECK(module->InstantiateModule(context, ResolveSynthetic).FromJust());
    CHECK(!module->Evaluate(context).IsEmpty());
    CHECK(NumberOf(context, module, "twice") == 128);
}

CASE(module_synthetic_throws)
{
    Local<Module> module = MakeSynthetic(isolate, SyntheticThrows);
    CHECK(module->InstantiateModule(context, ResolveNothing).FromJust());
    TryCatch guard(isolate);
    MaybeLocal<Value> result = module->Evaluate(context);
    CHECK(module->GetStatus() == Module::kErrored);
    CHECK(Text(module->GetException()) == "Error: steps failed");
    CHECK(result.IsEmpty() == guard.HasCaught());
}

CASE(module_unbound_script)
{
    Local<Module> module = CompileModule(isolate, "unbound.mjs",
                                          "export const u = 1;\n//# sourceMappingURL=u.map");
    Local<UnboundModuleScript> unbound = module->GetUnboundModuleScript();
    CHECK(!unbound.IsEmpty());
    std::unique_ptr<ScriptCompiler::CachedData> cache(ScriptCompiler::CreateCodeCache(unbound));
    CHECK(cache != nullptr && cache->length > 16);
#if SINCE(11, 3)
    CHECK(Text(unbound->GetSourceMappingURL()) == "u.map");
#endif
}

CASE(module_namespace_before)
{
    Local<Module> module = CompileModule(isolate, "early.mjs", "export let late; late = 1;");
    CHECK(module->InstantiateModule(context, ResolveNothing).FromJust());
    Local<Value> space = module->GetModuleNamespace();
    CHECK(space->IsModuleNamespaceObject());
    CHECK_EQ(Text(Js("(space) => Reflect.ownKeys(space)[0]", space)), "late");
}

#if SINCE(14, 1)
namespace {

size_t resolved_index;

MaybeLocal<Module> ResolveByIndex(Local<Context> context, size_t index, Local<Module> referrer)
{
    resolved_index = index;
    Local<ModuleRequest> request =
        Item(context, referrer->GetModuleRequests(), static_cast<int>(index)).As<ModuleRequest>();
    resolved = Text(request->GetSpecifier());
    return CompileModule(Isolate::GetCurrent(), "index.mjs", "export const i = 2;");
}

}  // namespace

CASE(module_resolve_by_index)
{
    Local<Module> module = CompileModule(isolate, "by-index.mjs", "export { i } from 'indexed'");
    CHECK(module->InstantiateModule(context, ResolveByIndex).FromJust());
    CHECK(resolved_index == 0);
    CHECK(resolved == "indexed");
    CHECK(!module->Evaluate(context).IsEmpty());
    CHECK(NumberOf(context, module, "i") == 2);
}
#endif
