/* SPDX-License-Identifier: MIT */
/* Array buffers, their backing stores and the views of them; allocators. */
#include "own.h"

#include <cstdlib>
#include <cstring>
#include <memory>

using namespace probe;

namespace {

int deleted;
size_t deleted_length;
void *deleted_data, *deleted_context;

void Deleter(void *data, size_t length, void *context)
{
    deleted++;
    deleted_data = data;
    deleted_length = length;
    deleted_context = context;
}

uint8_t *Bytes(Local<ArrayBuffer> buffer)
{
    return static_cast<uint8_t *>(buffer->GetBackingStore()->Data());
}

} // namespace

CASE(buffer_new)
{
    Local<ArrayBuffer> buffer = ArrayBuffer::New(isolate, 16);

    CHECK_EQ(buffer->ByteLength(), size_t{ 16 });
    CHECK(buffer->IsDetachable());
    CHECK(buffer->IsArrayBuffer());
    uint8_t *bytes = Bytes(buffer);
    for (int i = 0; i < 16; i++)
        CHECK_EQ(bytes[i], 0);
    bytes[3] = 77;
    CHECK_EQ(Num(Js("(buffer) => new Uint8Array(buffer)[3]", buffer.As<v8::Value>())), 77.0);
}

CASE(buffer_data)
{
    Local<ArrayBuffer> buffer = ArrayBuffer::New(isolate, 8);

    Js("(buffer) => { new Uint8Array(buffer)[5] = 55 }", buffer.As<v8::Value>());
    CHECK(buffer->Data() == buffer->GetBackingStore()->Data());
    CHECK_EQ(static_cast<uint8_t *>(buffer->Data())[5], 55);
}

CASE(buffer_backing_store)
{
    std::unique_ptr<BackingStore> store = ArrayBuffer::NewBackingStore(isolate, 32);

    CHECK_EQ(store->ByteLength(), size_t{ 32 });
    CHECK(!store->IsShared());
    void *data = store->Data();
    Local<ArrayBuffer> buffer = ArrayBuffer::New(isolate, std::move(store));
    CHECK_EQ(buffer->ByteLength(), size_t{ 32 });
    CHECK(buffer->Data() == data);
    /* The store is shared by those who ask for it. */
    std::shared_ptr<BackingStore> first = buffer->GetBackingStore();
    std::shared_ptr<BackingStore> second = buffer->GetBackingStore();
    CHECK(first == second);
    CHECK(first.use_count() >= 2);
}

CASE(buffer_store_deleter)
{
    static char memory[48] = "outside";
    int context_data;

    deleted = 0;
    {
        std::unique_ptr<BackingStore> store =
            ArrayBuffer::NewBackingStore(memory, sizeof memory, Deleter, &context_data);

        CHECK(store->Data() == memory);
        CHECK_EQ(store->ByteLength(), sizeof memory);
    }
    CHECK_EQ(deleted, 1);
    CHECK(deleted_data == memory);
    CHECK_EQ(deleted_length, sizeof memory);
    CHECK(deleted_context == &context_data);
}

CASE(buffer_store_deleter_gc)
{
    static char memory[64] = "collected";

    deleted = 0;
    {
        HandleScope scope(isolate);
        std::unique_ptr<BackingStore> store =
            ArrayBuffer::NewBackingStore(memory, sizeof memory, Deleter, nullptr);
        Local<ArrayBuffer> buffer = ArrayBuffer::New(isolate, std::move(store));

        CHECK_EQ(Num(Js("(buffer) => new Uint8Array(buffer)[0]", buffer.As<v8::Value>())),
                 99.0);
    }
    for (int i = 0; i < 5 && deleted == 0; i++)
        Collect(isolate);
    CHECK_EQ(deleted, 1);
    CHECK(deleted_data == memory);
}

CASE(buffer_store_empty_deleter)
{
    static char memory[8];
    std::unique_ptr<BackingStore> store = ArrayBuffer::NewBackingStore(
        memory, sizeof memory, BackingStore::EmptyDeleter, nullptr);

    CHECK(store->Data() == memory);
}

CASE(buffer_store_outlives)
{
    std::shared_ptr<BackingStore> store;
    {
        HandleScope scope(isolate);
        Local<ArrayBuffer> buffer = ArrayBuffer::New(isolate, 24);

        store = buffer->GetBackingStore();
        memcpy(store->Data(), "kept", 5);
    }
    Collect(isolate);
    CHECK(strcmp(static_cast<char *>(store->Data()), "kept") == 0);
    Local<ArrayBuffer> again = ArrayBuffer::New(isolate, store);
    CHECK_EQ(Num(Js("(buffer) => new Uint8Array(buffer)[0]", again.As<v8::Value>())), 107.0);
}

#if BEFORE(13, 6)
CASE(buffer_store_reallocate)
{
    std::unique_ptr<BackingStore> store = ArrayBuffer::NewBackingStore(isolate, 8);

    memcpy(store->Data(), "grow me", 8);
    store = BackingStore::Reallocate(isolate, std::move(store), 4096);
    CHECK_EQ(store->ByteLength(), size_t{ 4096 });
    CHECK(strcmp(static_cast<char *>(store->Data()), "grow me") == 0);
}
#endif

CASE(buffer_detach)
{
    Local<ArrayBuffer> buffer = ArrayBuffer::New(isolate, 16);
    Local<Uint8Array> view = Uint8Array::New(buffer, 0, 16);
    std::shared_ptr<BackingStore> store = buffer->GetBackingStore();

#if BEFORE(11, 3)
    buffer->Detach();
#else
    CHECK(buffer->Detach(Local<v8::Value>()).FromJust());
#endif
    CHECK_EQ(buffer->ByteLength(), size_t{ 0 });
    CHECK_EQ(view->Length(), size_t{ 0 });
    CHECK_EQ(store->ByteLength(), size_t{ 16 });
#if SINCE(11, 3)
    CHECK(buffer->WasDetached());
#endif
}

#if SINCE(11, 3) && BEFORE(12, 9)
/* Deprecated from 11.3 on in favour of the form with a key. */
CASE(buffer_detach_old)
{
    Local<ArrayBuffer> buffer = ArrayBuffer::New(isolate, 16);

    buffer->Detach();
    CHECK_EQ(buffer->ByteLength(), size_t{ 0 });
}
#endif

#if SINCE(11, 3)
CASE(buffer_detach_key)
{
    Local<ArrayBuffer> buffer = ArrayBuffer::New(isolate, 16);
    TryCatch guard(isolate);

    buffer->SetDetachKey(Str("key"));
    CHECK(buffer->Detach(Str("wrong")).IsNothing());
    CHECK(guard.HasCaught());
    CHECK_EQ(buffer->ByteLength(), size_t{ 16 });
    guard.Reset();
    CHECK(buffer->Detach(Str("key")).FromJust());
    CHECK_EQ(buffer->ByteLength(), size_t{ 0 });
}

CASE(buffer_resizable)
{
    std::unique_ptr<BackingStore> store = ArrayBuffer::NewResizableBackingStore(8, 64);

    CHECK(store->IsResizableByUserJavaScript());
    CHECK_EQ(store->ByteLength(), size_t{ 8 });
    CHECK_EQ(store->MaxByteLength(), size_t{ 64 });
    Local<ArrayBuffer> buffer = ArrayBuffer::New(isolate, std::move(store));
    CHECK_EQ(buffer->ByteLength(), size_t{ 8 });
    CHECK_EQ(buffer->MaxByteLength(), size_t{ 64 });
}
#endif

#if SINCE(12, 9)
CASE(buffer_uninitialized)
{
    Local<ArrayBuffer> buffer =
        ArrayBuffer::New(isolate, 40, BackingStoreInitializationMode::kUninitialized);

    CHECK_EQ(buffer->ByteLength(), size_t{ 40 });
    std::unique_ptr<BackingStore> store = ArrayBuffer::NewBackingStore(
        isolate, 12, BackingStoreInitializationMode::kZeroInitialized);
    CHECK_EQ(static_cast<char *>(store->Data())[11], 0);
}
#endif

#if SINCE(13, 6)
CASE(buffer_maybe_new)
{
    Local<ArrayBuffer> buffer;

    CHECK(ArrayBuffer::MaybeNew(isolate, 24).ToLocal(&buffer));
    CHECK_EQ(buffer->ByteLength(), size_t{ 24 });
    CHECK(ArrayBuffer::NewBackingStore(isolate, size_t{ 1 } << 52,
                                       BackingStoreInitializationMode::kZeroInitialized,
                                       BackingStoreOnFailureMode::kReturnNull) == nullptr);
}
#endif

CASE(buffer_shared)
{
    Local<SharedArrayBuffer> buffer = SharedArrayBuffer::New(isolate, 12);
    std::shared_ptr<BackingStore> store = buffer->GetBackingStore();

    CHECK(buffer->IsSharedArrayBuffer());
    CHECK_EQ(buffer->ByteLength(), size_t{ 12 });
    CHECK(store->IsShared());
    Local<SharedArrayBuffer> same = SharedArrayBuffer::New(isolate, store);
    Js("(buffer) => { new Uint8Array(buffer)[1] = 8 }", buffer.As<v8::Value>());
    CHECK_EQ(static_cast<uint8_t *>(same->GetBackingStore()->Data())[1], 8);
}

CASE(buffer_shared_store)
{
    static char memory[16] = "shared";

    std::unique_ptr<BackingStore> made = SharedArrayBuffer::NewBackingStore(isolate, 20);
    CHECK_EQ(made->ByteLength(), size_t{ 20 });
    CHECK(made->IsShared());
    deleted = 0;
    {
        std::unique_ptr<BackingStore> store =
            SharedArrayBuffer::NewBackingStore(memory, sizeof memory, Deleter, nullptr);

        CHECK(store->IsShared());
    }
    CHECK_EQ(deleted, 1);
}

CASE(buffer_typed_arrays)
{
    Local<ArrayBuffer> buffer = ArrayBuffer::New(isolate, 64);

    CHECK(Uint8Array::New(buffer, 0, 8)->IsUint8Array());
    CHECK(Uint8ClampedArray::New(buffer, 0, 8)->IsUint8ClampedArray());
    CHECK(Int8Array::New(buffer, 0, 8)->IsInt8Array());
    CHECK(Uint16Array::New(buffer, 8, 4)->IsUint16Array());
    CHECK(Int16Array::New(buffer, 8, 4)->IsInt16Array());
    CHECK(Uint32Array::New(buffer, 8, 4)->IsUint32Array());
    CHECK(Int32Array::New(buffer, 8, 4)->IsInt32Array());
    CHECK(Float32Array::New(buffer, 8, 4)->IsFloat32Array());
    CHECK(Float64Array::New(buffer, 8, 4)->IsFloat64Array());
    CHECK(BigInt64Array::New(buffer, 8, 4)->IsBigInt64Array());
    CHECK(BigUint64Array::New(buffer, 8, 4)->IsBigUint64Array());
    Local<Float64Array> doubles = Float64Array::New(buffer, 16, 2);
    CHECK_EQ(doubles->Length(), size_t{ 2 });
    CHECK_EQ(doubles->ByteOffset(), size_t{ 16 });
    CHECK_EQ(doubles->ByteLength(), size_t{ 16 });
    CHECK(doubles->Buffer()->StrictEquals(buffer));
}

CASE(buffer_typed_array_shared)
{
    Local<SharedArrayBuffer> buffer = SharedArrayBuffer::New(isolate, 16);
    Local<Int32Array> view = Int32Array::New(buffer, 4, 3);

    Js("(view) => { Atomics.store(view, 2, 1234) }", view.As<v8::Value>());
    CHECK_EQ(static_cast<int32_t *>(buffer->GetBackingStore()->Data())[3], 1234);
}

CASE(buffer_view_contents)
{
    Local<Uint8Array> view = Js("Uint8Array.of(1, 2, 3, 4)").As<Uint8Array>();
    uint8_t copy[6] = { 0, 0, 0, 0, 9, 9 };

    /* Small typed arrays live on V8's heap until their buffer is asked for. */
    CHECK(!view->HasBuffer());
    CHECK_EQ(view->CopyContents(copy, sizeof copy), size_t{ 4 });
    CHECK_EQ(copy[3], 4);
    CHECK_EQ(copy[4], 9);
    CHECK_EQ(view->Buffer()->ByteLength(), size_t{ 4 });
    CHECK(view->HasBuffer());
}

#if SINCE(13, 6)
CASE(buffer_view_get_contents)
{
    Local<Uint8Array> view = Js("Uint8Array.of(7, 8, 9)").As<Uint8Array>();
    uint8_t storage[16];
    MemorySpan<uint8_t> contents = view->GetContents(MemorySpan<uint8_t>(storage, sizeof storage));

    CHECK_EQ(contents.size(), size_t{ 3 });
    CHECK_EQ(contents[2], 9);
}
#endif

CASE(buffer_data_view)
{
    Local<ArrayBuffer> buffer = ArrayBuffer::New(isolate, 16);
    Local<DataView> view = DataView::New(buffer, 4, 8);

    CHECK(view->IsDataView());
    CHECK(view->IsArrayBufferView());
    CHECK_EQ(view->ByteLength(), size_t{ 8 });
    CHECK_EQ(view->ByteOffset(), size_t{ 4 });
    Js("(view) => { view.setUint16(0, 0x1234) }", view.As<v8::Value>());
    CHECK_EQ(Bytes(buffer)[4], 0x12);
}

namespace {

/* Counts what an isolate asks of it. */
class Counting : public ArrayBuffer::Allocator {
public:
    void *Allocate(size_t length) override
    {
        allocated += length;
        return calloc(1, length);
    }
    void *AllocateUninitialized(size_t length) override
    {
        raw += length;
        return malloc(length);
    }
    void Free(void *data, size_t length) override
    {
        freed += length;
        free(data);
    }
#if SINCE(13, 6)
    size_t MaxAllocationSize() const override { return 1 << 20; }
#endif

    size_t allocated = 0, raw = 0, freed = 0;
};

} // namespace

CASE(buffer_allocator)
{
    Counting counting;
    Isolate::CreateParams params;

    params.array_buffer_allocator = &counting;
    {
        OwnIsolate own(PlatformOf(context), params);
        Inside inside(own.isolate());

        CHECK(own.isolate()->GetArrayBufferAllocator() == &counting);
        Js("globalThis.kept = new ArrayBuffer(1000); kept.byteLength");
        CHECK(counting.allocated + counting.raw >= 1000);
    }
    CHECK_EQ(counting.freed, counting.allocated + counting.raw);
}

CASE(buffer_allocator_shared)
{
    std::shared_ptr<Counting> counting = std::make_shared<Counting>();
    Isolate::CreateParams params;

    params.array_buffer_allocator_shared = counting;
    {
        OwnIsolate own(PlatformOf(context), params);
        Inside inside(own.isolate());

        CHECK(own.isolate()->GetArrayBufferAllocator() == counting.get());
        CHECK(counting.use_count() >= 2);
        CHECK_EQ(ArrayBuffer::New(own.isolate(), 100)->ByteLength(), size_t{ 100 });
        CHECK(counting->allocated >= 100);
    }
    CHECK_EQ(counting->freed, counting->allocated + counting->raw);
}

CASE(buffer_allocator_default)
{
    std::unique_ptr<ArrayBuffer::Allocator> allocator(
        ArrayBuffer::Allocator::NewDefaultAllocator());
    char *data = static_cast<char *>(allocator->Allocate(100));

    CHECK(data != nullptr);
    CHECK_EQ(data[99], 0);
    allocator->Free(data, 100);
    data = static_cast<char *>(allocator->AllocateUninitialized(50));
    CHECK(data != nullptr);
    allocator->Free(data, 50);
}

#if BEFORE(13, 6)
CASE(buffer_allocator_reallocate)
{
    std::unique_ptr<ArrayBuffer::Allocator> allocator(
        ArrayBuffer::Allocator::NewDefaultAllocator());
    char *data = static_cast<char *>(allocator->Allocate(10));

    memcpy(data, "reallocate", 10);
    data = static_cast<char *>(allocator->Reallocate(data, 10, 2000));
    CHECK(data != nullptr);
    CHECK(memcmp(data, "reallocate", 10) == 0);
    CHECK_EQ(data[1999], 0);
    allocator->Free(data, 2000);
}
#endif

/* The host's own, called by the plugin through its vtable. */
CASE(buffer_allocator_of_isolate)
{
    ArrayBuffer::Allocator *allocator = isolate->GetArrayBufferAllocator();
    char *data = static_cast<char *>(allocator->Allocate(64));

    CHECK(data != nullptr);
    CHECK_EQ(data[63], 0);
    allocator->Free(data, 64);
}
