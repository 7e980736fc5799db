/* SPDX-License-Identifier: MIT */
/* The CPU profiler and the sampling heap profiler. */
#include "own.h"

#include <v8-profiler.h>

#include <climits>
#include <cstring>
#include <memory>
#include <set>

using namespace probe;

namespace {

struct Profiler {
    explicit Profiler(Isolate *isolate) : it(CpuProfiler::New(isolate)) {}
    ~Profiler() { it->Dispose(); }

    CpuProfiler *it;
};

/* A sample of the stack that is now, so that a profile has the frames a case expects. */
void Sample(const FunctionCallbackInfo<Value> &)
{
    CpuProfiler::CollectSample(Isolate::GetCurrent());
}

void RunSampled(Isolate *isolate, Local<Context> context)
{
    Local<Value> sample = v8::Function::New(context, Sample).ToLocalChecked();

    Js("(function outer(sample) {\n"
       "  function profiled() {\n"
       "    for (let i = 0; i < 20; i++) sample();\n"
       "  }\n"
       "  profiled();\n"
       "})\n//# sourceURL=profiled.js", sample);
}

const CpuProfileNode *Find(const CpuProfileNode *node, const char *name)
{
    if (strcmp(node->GetFunctionNameStr(), name) == 0)
        return node;
    for (int i = 0; i < node->GetChildrenCount(); i++) {
        const CpuProfileNode *found = Find(node->GetChild(i), name);

        if (found)
            return found;
    }
    return nullptr;
}

} // namespace

CASE(cpu_profile)
{
    Profiler profiler(isolate);

    profiler.it->SetSamplingInterval(1000);
    profiler.it->StartProfiling(Str("cpu"), true);
    RunSampled(isolate, context);
    CpuProfile *profile = profiler.it->StopProfiling(Str("cpu"));
    CHECK(profile != nullptr);
    CHECK_EQ(Text(profile->GetTitle()), "cpu");
    CHECK(profile->GetEndTime() >= profile->GetStartTime());
    const CpuProfileNode *root = profile->GetTopDownRoot();
    CHECK_EQ(root->GetFunctionNameStr(), "(root)");
    CHECK(root->GetParent() == nullptr);
    CHECK(root->GetNodeId() > 0);
    profile->Delete();
}

CASE(cpu_profile_nodes)
{
    Profiler profiler(isolate);

    profiler.it->StartProfiling(Str("nodes"));
    RunSampled(isolate, context);
    CpuProfile *profile = profiler.it->StopProfiling(Str("nodes"));
    const CpuProfileNode *node = Find(profile->GetTopDownRoot(), "profiled");
    CHECK(node != nullptr);
    CHECK_EQ(Text(node->GetFunctionName()), "profiled");
    CHECK_EQ(node->GetLineNumber(), 2);
    CHECK_EQ(node->GetColumnNumber(), 20);
    CHECK_EQ(node->GetScriptResourceNameStr(), "profiled.js");
    CHECK_EQ(Text(node->GetScriptResourceName()), "profiled.js");
    CHECK(node->GetScriptId() > 0);
    CHECK(node->GetSourceType() == CpuProfileNode::kScript);
    CHECK_EQ(Text(node->GetParent()->GetFunctionName()), "outer");
    CHECK_EQ(node->GetBailoutReason(), "");
    CHECK(node->GetDeoptInfos().empty());
    CHECK(!node->IsScriptSharedCrossOrigin());
    profile->Delete();
}

CASE(cpu_profile_samples)
{
    Profiler profiler(isolate);

    profiler.it->StartProfiling(Str("samples"), true);
    RunSampled(isolate, context);
    CpuProfile *profile = profiler.it->StopProfiling(Str("samples"));
    CHECK(profile->GetSamplesCount() >= 20);
    /* Not in order: the sampler's thread adds its own. */
    int64_t first = profile->GetStartTime() - 1000000, last = profile->GetEndTime() + 1000000;
    for (int i = 0; i < profile->GetSamplesCount(); i++) {
        CHECK(profile->GetSample(i) != nullptr);
        CHECK(profile->GetSampleTimestamp(i) > first && profile->GetSampleTimestamp(i) < last);
        CHECK(profile->GetSampleState(i) < 10);
    }
    profile->Delete();
}

namespace {

/* The ticks of all nodes whose function has the name. */
unsigned LineHits(const CpuProfileNode *node, const char *name, int line)
{
    unsigned hits = 0, count = node->GetHitLineCount();

    if (strcmp(node->GetFunctionNameStr(), name) == 0 && count > 0) {
        CpuProfileNode::LineTick ticks[16];
        CpuProfileNode::LineTick canary;

        memset(&canary, 0x5a, sizeof canary);
        memcpy(&ticks[count < 15 ? count : 15], &canary, sizeof canary);
        if (!node->GetLineTicks(ticks, 15) || memcmp(&ticks[count], &canary, sizeof canary) != 0)
            return UINT_MAX;
        for (unsigned i = 0; i < count; i++) {
            if (ticks[i].line == line)
                hits += ticks[i].hit_count;
        }
    }
    for (int i = 0; i < node->GetChildrenCount(); i++)
        hits += LineHits(node->GetChild(i), name, line);
    return hits;
}

} // namespace

CASE(cpu_profile_line_ticks)
{
    Profiler profiler(isolate);

    /* Until the sampler has met it: hits on a line need samples of JavaScript itself. */
    profiler.it->SetSamplingInterval(100);
    unsigned hits = 0;
    for (int round = 0; round < 50 && hits == 0; round++) {
        profiler.it->StartProfiling(Str("ticks"), true);
        Js("(function busy() {\n"
           "  let sum = 0;\n"
           "  for (let i = 0; i < 3e6; i++) { sum += i % 7; }\n"
           "  return sum;\n"
           "})()");
        CpuProfile *profile = profiler.it->StopProfiling(Str("ticks"));
        hits = LineHits(profile->GetTopDownRoot(), "busy", 3);
        profile->Delete();
    }
    CHECK(hits > 0);
    CHECK(hits < 1000000);
}

CASE(cpu_profile_options)
{
    Profiler profiler(isolate);
    CpuProfilingOptions options(kCallerLineNumbers, 5, 1000);

    CHECK(options.mode() == kCallerLineNumbers);
    CHECK_EQ(options.max_samples(), 5u);
    CHECK_EQ(options.sampling_interval_us(), 1000);
    CHECK(profiler.it->StartProfiling(Str("options"), std::move(options)) ==
          CpuProfilingStatus::kStarted);
    RunSampled(isolate, context);
    CpuProfile *profile = profiler.it->StopProfiling(Str("options"));
    CHECK(profile != nullptr);
    CHECK(profile->GetSamplesCount() <= 5);
    CHECK(Find(profile->GetTopDownRoot(), "profiled") != nullptr);
    profile->Delete();
}

CASE(cpu_profile_context_filter)
{
    Profiler profiler(isolate);
    Local<Context> other = Context::New(isolate);
    CpuProfilingOptions options(kLeafNodeLineNumbers, CpuProfilingOptions::kNoSampleLimit, 0,
                                other);

    profiler.it->StartProfiling(Str("filter"), std::move(options));
    RunSampled(isolate, context);
    CpuProfile *profile = profiler.it->StopProfiling(Str("filter"));
    CHECK(profile != nullptr);
    CHECK(Find(profile->GetTopDownRoot(), "profiled") == nullptr);
    profile->Delete();
}

namespace {

int discarded_gone;
int discarded_notified;

class Discarded : public DiscardedSamplesDelegate {
public:
    ~Discarded() override { discarded_gone++; }
    void Notify() override { discarded_notified++; }
};

} // namespace

CASE(cpu_profile_by_id)
{
    Profiler profiler(isolate);
    CpuProfilingResult first = profiler.it->Start(CpuProfilingOptions());
    CpuProfilingResult second = profiler.it->Start(Str("named"), false);
    CpuProfilingResult again = profiler.it->Start(Str("named"), false);

    CHECK(first.status == CpuProfilingStatus::kStarted);
    CHECK(second.status == CpuProfilingStatus::kStarted);
    CHECK(again.status == CpuProfilingStatus::kAlreadyStarted);
    CHECK(first.id != second.id);
    CpuProfile *profile = profiler.it->Stop(first.id);
    CHECK(profile != nullptr);
    profile->Delete();
    profile = profiler.it->Stop(second.id);
    CHECK(profile != nullptr);
    CHECK_EQ(Text(profile->GetTitle()), "named");
    profile->Delete();
}

/* V8 posts the notification to the isolate's task runner: it comes in a later turn. */
CASE(cpu_profile_discarded)
{
    static bool profiled;

    if (!profiled) {
        Profiler profiler(isolate);

        profiled = true;
        discarded_gone = discarded_notified = 0;
        CpuProfilingResult result = profiler.it->Start(
            CpuProfilingOptions(kLeafNodeLineNumbers, 2, 0), std::make_unique<Discarded>());
        CHECK(result.status == CpuProfilingStatus::kStarted);
        RunSampled(isolate, context);
        CpuProfile *profile = profiler.it->Stop(result.id);
        CHECK(profile != nullptr);
        CHECK_EQ(profile->GetSamplesCount(), 2);
        profile->Delete();
    }
    if (discarded_gone == 0) {
        Again();
        return;
    }
    profiled = false;
    CHECK_EQ(discarded_notified, 1);
    CHECK_EQ(discarded_gone, 1);
}

#if SINCE(11, 3)
namespace {

class Gather : public OutputStream {
public:
    void EndOfStream() override { ended++; }
    int GetChunkSize() override { return 2000; }
    WriteResult WriteAsciiChunk(char *data, int size) override
    {
        EXPECT(size <= 2000);
        text.append(data, static_cast<size_t>(size));
        return kContinue;
    }

    std::string text;
    int ended = 0;
};

} // namespace

CASE(cpu_profile_serialize)
{
    Profiler profiler(isolate);
    Gather gather;

    profiler.it->StartProfiling(Str("json"), true);
    RunSampled(isolate, context);
    CpuProfile *profile = profiler.it->StopProfiling(Str("json"));
    profile->Serialize(&gather);
    profile->Delete();
    CHECK_EQ(gather.ended, 1);
    Local<Value> parsed =
        Js("(text) => JSON.parse(text).nodes.length > 3", Str(gather.text.c_str()));
    CHECK(parsed->IsTrue());
}
#endif

CASE(cpu_profile_own_isolate)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    Profiler profiler(own.isolate());

    CpuProfiler::UseDetailedSourcePositionsForProfiling(own.isolate());
    profiler.it->SetUsePreciseSampling(false);
    profiler.it->StartProfiling(Str("own"), true);
    RunSampled(own.isolate(), inside.context());
    CpuProfile *profile = profiler.it->StopProfiling(Str("own"));
    CHECK(profile != nullptr);
    CHECK(Find(profile->GetTopDownRoot(), "profiled") != nullptr);
    profile->Delete();
}

namespace {

size_t Allocations(const AllocationProfile::Node *node, const char *name, int *script)
{
    size_t bytes = 0;

    if (Text(node->name) == name) {
        for (const AllocationProfile::Allocation &allocation : node->allocations)
            bytes += allocation.size * allocation.count;
        *script = node->script_id;
    }
    for (const AllocationProfile::Node *child : node->children)
        bytes += Allocations(child, name, script);
    return bytes;
}

void Allocate()
{
    Js("globalThis.keptObjects = [];\n"
       "(function allocates() {\n"
       "  for (let i = 0; i < 20000; i++) keptObjects.push({ a: i, b: [i] });\n"
       "})()");
}

} // namespace

CASE(heap_sampling)
{
    HeapProfiler *profiler = isolate->GetHeapProfiler();
    int script = 0;

    CHECK(profiler->StartSamplingHeapProfiler(256, 16, HeapProfiler::kSamplingNoFlags));
    CHECK(!profiler->StartSamplingHeapProfiler(256));
    Allocate();
    std::unique_ptr<AllocationProfile> profile(profiler->GetAllocationProfile());
    profiler->StopSamplingHeapProfiler();
    Js("delete globalThis.keptObjects");
    CHECK(profile != nullptr);
    CHECK_EQ(Text(profile->GetRootNode()->name), "(root)");
    CHECK(Allocations(profile->GetRootNode(), "allocates", &script) > 100000);
    CHECK(script > 0);
}

CASE(heap_sampling_samples)
{
    HeapProfiler *profiler = isolate->GetHeapProfiler();
    std::set<uint64_t> seen;

    CHECK(profiler->StartSamplingHeapProfiler(1024));
    Allocate();
    std::unique_ptr<AllocationProfile> profile(profiler->GetAllocationProfile());
    profiler->StopSamplingHeapProfiler();
    Js("delete globalThis.keptObjects");
    CHECK(profile != nullptr);
    const std::vector<AllocationProfile::Sample> &samples = profile->GetSamples();
    CHECK(samples.size() > 100);
    for (const AllocationProfile::Sample &sample : samples) {
        CHECK(sample.node_id > 0);
        CHECK(sample.size > 0 && sample.size < 100000000);
        CHECK(sample.count > 0 && sample.count < 10000000);
        CHECK(seen.insert(sample.sample_id).second);
#if SINCE(14, 6)
        CHECK(sample.is_live);
#endif
    }
}

CASE(heap_sampling_off)
{
    CHECK(isolate->GetHeapProfiler()->GetAllocationProfile() == nullptr);
}
