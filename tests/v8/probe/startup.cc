/* SPDX-License-Identifier: MIT */
/* Startup snapshots: making one in an addon, and starting an isolate from it. */
#include "own.h"

#include <v8-snapshot.h>

#include <memory>

using namespace probe;

namespace {

int fields_written, fields_read;

StartupData WriteField(Local<Object> holder, int index, void *data)
{
    char *payload = new char[4]{ 'f', static_cast<char>('0' + index), '!', 0 };

    fields_written++;
    EXPECT(!holder.IsEmpty());
    EXPECT_EQ(static_cast<const char *>(data), "write data");
    return { payload, 4 };
}

void ReadField(Local<Object> holder, int index, StartupData payload, void *data)
{
    fields_read++;
    EXPECT(!holder.IsEmpty());
    EXPECT_EQ(static_cast<const char *>(data), "read data");
    EXPECT_EQ(payload.raw_size, 4);
    EXPECT_EQ(payload.data[1], '0' + index);
}

char write_data[] = "write data", read_data[] = "read data";

void FillContext(Isolate *isolate, SnapshotCreator &creator)
{
    HandleScope scope(isolate);
    Local<Context> context = Context::New(isolate);
    Context::Scope entered(context);
    Local<ObjectTemplate> shape = ObjectTemplate::New(isolate);
    static int thing[4];

    shape->SetInternalFieldCount(1);
    Local<Object> object = shape->NewInstance(context).ToLocalChecked();
#if BEFORE(14, 6)
    object->SetAlignedPointerInInternalField(0, thing);
#else
    object->SetAlignedPointerInInternalField(0, thing, kEmbedderDataTypeTagDefault);
#endif
    context->Global()->Set(context, Str("keptObject"), object).Check();
    Js("globalThis.kept = 42; globalThis.fromSnapshot = () => kept + 1");
    EXPECT_EQ(creator.AddData(context, object), size_t{ 0 });
    creator.SetDefaultContext(context, SerializeInternalFieldsCallback(WriteField, write_data));
}

/* As an embedder does it: the creator has the isolate, which the platform has to know before. */
StartupData MakeBlob(node::MultiIsolatePlatform *platform)
{
    std::unique_ptr<ArrayBuffer::Allocator> allocator(
        ArrayBuffer::Allocator::NewDefaultAllocator());
    StartupData blob;
    uv_loop_t loop;
    Isolate *isolate = Isolate::Allocate();

    uv_loop_init(&loop);
    platform->RegisterIsolate(isolate, &loop);
    {
#if BEFORE(12, 4)
        SnapshotCreator creator(isolate);
#else
        Isolate::CreateParams params;

        params.array_buffer_allocator = allocator.get();
        SnapshotCreator creator(isolate, params);
#endif
        FillContext(isolate, creator);
        blob = creator.CreateBlob(SnapshotCreator::FunctionCodeHandling::kKeep);
    }
#if SINCE(12, 4)
    isolate->Dispose();
#endif
    platform->UnregisterIsolate(isolate);
    while (uv_run(&loop, UV_RUN_DEFAULT)) {
    }
    uv_loop_close(&loop);
    return blob;
}

} // namespace

CASE(startup_snapshot)
{
    fields_written = 0;
    StartupData blob = MakeBlob(PlatformOf(context));
    CHECK(blob.data != nullptr);
    CHECK(blob.raw_size > 10000);
    CHECK(blob.IsValid());
    CHECK_EQ(fields_written, 1);
    delete[] blob.data;
}

CASE(startup_snapshot_used)
{
    std::unique_ptr<ArrayBuffer::Allocator> allocator(
        ArrayBuffer::Allocator::NewDefaultAllocator());
    StartupData blob = MakeBlob(PlatformOf(context));
    Isolate::CreateParams params;

    fields_read = 0;
    params.array_buffer_allocator = allocator.get();
    params.snapshot_blob = &blob;
    {
        OwnIsolate own(PlatformOf(context), params);
        Isolate::Scope scope(own.isolate());
        HandleScope handles(own.isolate());
        Local<Context> restored =
            Context::New(own.isolate(), nullptr, MaybeLocal<ObjectTemplate>(), MaybeLocal<Value>(),
                         DeserializeInternalFieldsCallback(ReadField, read_data));
        Context::Scope entered(restored);

        EXPECT_EQ(Num(Js("fromSnapshot()")), 43.0);
        EXPECT_EQ(fields_read, 1);
        Local<Object> object;
        EXPECT(restored->GetDataFromSnapshotOnce<Object>(0).ToLocal(&object));
        EXPECT(!object.IsEmpty() && object->StrictEquals(Js("keptObject")));
    }
    delete[] blob.data;
}
