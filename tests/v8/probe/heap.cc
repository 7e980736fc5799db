/* SPDX-License-Identifier: MIT */
/* The heap: its statistics, its limits, the callbacks around a collection. */
#include "own.h"

#include <v8-statistics.h>

#include <cstring>
#include <memory>

using namespace probe;

namespace {

/* A record followed by bytes that V8 has no right to: a host with a longer record writes there. */
template <typename Record> struct Guarded {
    Guarded() { memset(behind, 0x5a, sizeof behind); }
    bool Intact() const
    {
        for (unsigned char byte : behind) {
            if (byte != 0x5a)
                return false;
        }
        return true;
    }

    Record it;
    unsigned char behind[128];
};

} // namespace

CASE(heap_statistics)
{
    Guarded<HeapStatistics> statistics;

    isolate->GetHeapStatistics(&statistics.it);
    CHECK(statistics.Intact());
    CHECK(statistics.it.total_heap_size() > 1000000);
    CHECK(statistics.it.used_heap_size() > 1000000);
    CHECK(statistics.it.used_heap_size() <= statistics.it.total_heap_size());
    CHECK(statistics.it.heap_size_limit() > statistics.it.used_heap_size());
    CHECK(statistics.it.total_available_size() > 0);
    CHECK(statistics.it.number_of_native_contexts() >= 1);
    CHECK(statistics.it.number_of_native_contexts() < 1000);
    CHECK(statistics.it.number_of_detached_contexts() < 1000);
    CHECK(statistics.it.used_global_handles_size() <= statistics.it.total_global_handles_size());
    CHECK(statistics.it.malloced_memory() < size_t{ 1 } << 40);
    CHECK(statistics.it.peak_malloced_memory() < size_t{ 1 } << 40);
    CHECK(statistics.it.external_memory() < size_t{ 1 } << 40);
    CHECK_EQ(statistics.it.does_zap_garbage(), size_t{ 0 });
#if SINCE(14, 6)
    CHECK(statistics.it.total_allocated_bytes() >= 1000000);
#endif
}

CASE(heap_statistics_own)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    HeapStatistics small;

    own.isolate()->GetHeapStatistics(&small);
    CHECK_EQ(small.number_of_native_contexts(), size_t{ 1 });
    Local<Context> second = Context::New(own.isolate());
    own.isolate()->GetHeapStatistics(&small);
    CHECK_EQ(small.number_of_native_contexts(), size_t{ 2 });
    CHECK(!second.IsEmpty());
}

CASE(heap_space_statistics)
{
    bool found = false;

    CHECK(isolate->NumberOfHeapSpaces() >= 5);
    CHECK(isolate->NumberOfHeapSpaces() < 32);
    for (size_t i = 0; i < isolate->NumberOfHeapSpaces(); i++) {
        Guarded<HeapSpaceStatistics> space;

        CHECK(isolate->GetHeapSpaceStatistics(&space.it, i));
        CHECK(space.Intact());
        CHECK(space.it.space_name() != nullptr);
        CHECK(space.it.space_used_size() <= space.it.space_size() + space.it.space_used_size());
        found = found || strcmp(space.it.space_name(), "old_space") == 0;
    }
    CHECK(found);
    HeapSpaceStatistics none;
    CHECK(!isolate->GetHeapSpaceStatistics(&none, 1000));
}

CASE(heap_code_statistics)
{
    Guarded<HeapCodeStatistics> code;

    CHECK(isolate->GetHeapCodeAndMetadataStatistics(&code.it));
    CHECK(code.Intact());
    CHECK(code.it.bytecode_and_metadata_size() > 0);
    CHECK(code.it.bytecode_and_metadata_size() < 1000000000);
}

CASE(heap_shared_statistics)
{
    Guarded<SharedMemoryStatistics> shared;

    V8::GetSharedMemoryStatistics(&shared.it);
    CHECK(shared.Intact());
    CHECK(shared.it.read_only_space_used_size() > 1000);
    CHECK(shared.it.read_only_space_used_size() < 1000000000);
}

namespace {

int prologues, epilogues, plain_prologues, plain_epilogues;
Isolate *gc_isolate;
void *gc_data;
int gc_types;

void Prologue(Isolate *isolate, GCType type, GCCallbackFlags flags, void *data)
{
    prologues++;
    gc_isolate = isolate;
    gc_data = data;
    gc_types |= type;
    (void)flags;
}

void Epilogue(Isolate *isolate, GCType, GCCallbackFlags, void *data)
{
    epilogues++;
    gc_isolate = isolate;
    gc_data = data;
}

void PlainPrologue(Isolate *isolate, GCType, GCCallbackFlags)
{
    plain_prologues++;
    gc_isolate = isolate;
}

void PlainEpilogue(Isolate *isolate, GCType, GCCallbackFlags)
{
    plain_epilogues++;
    gc_isolate = isolate;
}

} // namespace

CASE(gc_callbacks_with_data)
{
    int data;

    prologues = epilogues = gc_types = 0;
    gc_data = nullptr;
    isolate->AddGCPrologueCallback(Prologue, &data, kGCTypeMarkSweepCompact);
    isolate->AddGCEpilogueCallback(Epilogue, &data, kGCTypeMarkSweepCompact);
    Collect(isolate);
    isolate->RemoveGCPrologueCallback(Prologue, &data);
    isolate->RemoveGCEpilogueCallback(Epilogue, &data);
    CHECK(prologues >= 1);
    CHECK_EQ(epilogues, prologues);
    CHECK(gc_isolate == isolate);
    CHECK(gc_data == &data);
    CHECK_EQ(gc_types, static_cast<int>(kGCTypeMarkSweepCompact));
    int before = prologues;
    Collect(isolate);
    CHECK_EQ(prologues, before);
}

CASE(gc_callbacks_plain)
{
    plain_prologues = plain_epilogues = 0;
    gc_isolate = nullptr;
    isolate->AddGCPrologueCallback(PlainPrologue);
    isolate->AddGCEpilogueCallback(PlainEpilogue);
    Collect(isolate);
    isolate->RemoveGCPrologueCallback(PlainPrologue);
    isolate->RemoveGCEpilogueCallback(PlainEpilogue);
    CHECK(plain_prologues >= 1);
    CHECK(plain_epilogues >= 1);
    CHECK(gc_isolate == isolate);
    int before = plain_prologues;
    Collect(isolate);
    CHECK_EQ(plain_prologues, before);
}

CASE(gc_callbacks_twice)
{
    int first, second;

    /* One function with two data words is two callbacks. */
    prologues = 0;
    isolate->AddGCPrologueCallback(Prologue, &first, kGCTypeMarkSweepCompact);
    isolate->AddGCPrologueCallback(Prologue, &second, kGCTypeMarkSweepCompact);
    isolate->RemoveGCPrologueCallback(Prologue, &first);
    Collect(isolate);
    isolate->RemoveGCPrologueCallback(Prologue, &second);
    CHECK(prologues >= 1);
    CHECK(gc_data == &second);
}

CASE(gc_memory_pressure)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());

    prologues = gc_types = 0;
    own.isolate()->AddGCPrologueCallback(Prologue, nullptr, kGCTypeAll);
    own.isolate()->MemoryPressureNotification(MemoryPressureLevel::kCritical);
    own.isolate()->MemoryPressureNotification(MemoryPressureLevel::kNone);
    own.isolate()->RemoveGCPrologueCallback(Prologue, nullptr);
    CHECK(prologues >= 1);
    CHECK(gc_isolate == own.isolate());
}

CASE(heap_external_memory)
{
    int64_t before = isolate->AdjustAmountOfExternalAllocatedMemory(0);
    int64_t more = isolate->AdjustAmountOfExternalAllocatedMemory(100000);
    int64_t after = isolate->AdjustAmountOfExternalAllocatedMemory(-100000);

    CHECK(before >= 0);
    CHECK_EQ(static_cast<long long>(more - after), 100000LL);
}

namespace {

int near_limit_calls;
size_t near_limit_current, near_limit_initial;
void *near_limit_data;

size_t NearLimit(void *data, size_t current, size_t initial)
{
    near_limit_calls++;
    near_limit_data = data;
    near_limit_current = current;
    near_limit_initial = initial;
    Isolate::GetCurrent()->TerminateExecution();
    return current * 4;
}

} // namespace

CASE(heap_near_limit_add_remove)
{
    int data;

    isolate->AddNearHeapLimitCallback(NearLimit, &data);
    isolate->RemoveNearHeapLimitCallback(NearLimit, 0);
    CHECK(!isolate->IsExecutionTerminating());
}

CASE(heap_near_limit_called)
{
    std::unique_ptr<ArrayBuffer::Allocator> allocator(
        ArrayBuffer::Allocator::NewDefaultAllocator());
    Isolate::CreateParams params;
    int data;

    near_limit_calls = 0;
    params.array_buffer_allocator = allocator.get();
    params.constraints.ConfigureDefaultsFromHeapSize(1 << 20, 16 << 20);
    OwnIsolate own(PlatformOf(context), params);
    Inside inside(own.isolate());
    own.isolate()->AddNearHeapLimitCallback(NearLimit, &data);
    TryCatch guard(own.isolate());
    Local<Script> script =
        Script::Compile(inside.context(), Str("const all = []; for (;;) all.push([1, 2, 3, {}]);"))
            .ToLocalChecked();
    CHECK(script->Run(inside.context()).IsEmpty());
    CHECK(guard.HasTerminated());
    CHECK(near_limit_calls >= 1);
    CHECK(near_limit_data == &data);
    CHECK(near_limit_current >= near_limit_initial);
    CHECK(near_limit_initial <= size_t{ 16 } << 20);
    own.isolate()->RemoveNearHeapLimitCallback(NearLimit, 0);
}

CASE(heap_constraints)
{
    ResourceConstraints constraints;

    constraints.ConfigureDefaults(size_t{ 4 } << 30, 0);
    CHECK(constraints.max_old_generation_size_in_bytes() > size_t{ 100 } << 20);
    CHECK(constraints.max_young_generation_size_in_bytes() > 0);
    constraints.set_max_old_generation_size_in_bytes(size_t{ 64 } << 20);
    CHECK_EQ(constraints.max_old_generation_size_in_bytes(), size_t{ 64 } << 20);
    constraints.set_code_range_size_in_bytes(size_t{ 8 } << 20);
    CHECK_EQ(constraints.code_range_size_in_bytes(), size_t{ 8 } << 20);
    constraints.set_stack_limit(nullptr);
    CHECK(constraints.stack_limit() == nullptr);
}

CASE(heap_limit_of_own)
{
    std::unique_ptr<ArrayBuffer::Allocator> allocator(
        ArrayBuffer::Allocator::NewDefaultAllocator());
    Isolate::CreateParams params;
    HeapStatistics statistics;

    params.array_buffer_allocator = allocator.get();
    params.constraints.set_max_old_generation_size_in_bytes(size_t{ 48 } << 20);
    OwnIsolate own(PlatformOf(context), params);
    Isolate::Scope scope(own.isolate());
    own.isolate()->GetHeapStatistics(&statistics);
    CHECK(statistics.heap_size_limit() >= size_t{ 48 } << 20);
    CHECK(statistics.heap_size_limit() < size_t{ 512 } << 20);
}

namespace {

int measured_gone;
int measured;

/* Answers come in a later turn. */
class Measure : public MeasureMemoryDelegate {
public:
    ~Measure() override { measured_gone++; }
    bool ShouldMeasure(Local<Context> context) override
    {
        EXPECT(!context.IsEmpty());
        return true;
    }
#if BEFORE(12, 4)
    void MeasurementComplete(const std::vector<std::pair<Local<Context>, size_t>> &sizes,
                             size_t unattributed) override
    {
        measured += sizes.empty() ? 0 : 1;
        EXPECT(unattributed < size_t{ 1 } << 40);
    }
#else
    void MeasurementComplete(Result result) override
    {
        measured += result.contexts.size() == 0 ? 0 : 1;
        EXPECT_EQ(result.contexts.size(), result.sizes_in_bytes.size());
        EXPECT(result.unattributed_size_in_bytes < size_t{ 1 } << 40);
    }
#endif
};

} // namespace

CASE(heap_measure_memory)
{
    static bool asked;

    if (!asked) {
        asked = true;
        measured = measured_gone = 0;
        CHECK(isolate->MeasureMemory(std::make_unique<Measure>(),
                                     MeasureMemoryExecution::kEager));
    }
    if (measured_gone == 0) {
        Collect(isolate);
        Again();
        return;
    }
    asked = false;
    CHECK_EQ(measured, 1);
}
