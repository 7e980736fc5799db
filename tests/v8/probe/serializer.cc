/* SPDX-License-Identifier: MIT */
/* Structured clones: with and without delegates, host objects, transferred buffers. */
#include "probe.h"

#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

using namespace probe;

namespace {

struct Wire {
    explicit Wire(std::pair<uint8_t *, size_t> made) : data(made.first), size(made.second) {}
    ~Wire() { free(data); }

    uint8_t *data;
    size_t size;
};

/* Everything that a delegate of the version can be asked. */
class Writing : public ValueSerializer::Delegate {
public:
    explicit Writing(Isolate *isolate) : isolate_(isolate) {}
    void ThrowDataCloneError(Local<String> message) override
    {
        errors += Text(message) + ";";
        isolate_->ThrowException(Exception::Error(message));
    }
    Maybe<bool> WriteHostObject(Isolate *isolate, Local<Object> object) override
    {
        EXPECT(isolate == isolate_);
        hosts++;
        serializer->WriteUint32(static_cast<uint32_t>(object->InternalFieldCount()));
        return Just(true);
    }
    Maybe<uint32_t> GetSharedArrayBufferId(Isolate *isolate,
                                           Local<SharedArrayBuffer> buffer) override
    {
        EXPECT(isolate == isolate_);
        EXPECT_EQ(buffer->ByteLength(), size_t{ 48 });
        return Just<uint32_t>(31);
    }
    Maybe<uint32_t> GetWasmModuleTransferId(Isolate *isolate, Local<WasmModuleObject>) override
    {
        EXPECT(isolate == isolate_);
        return Just<uint32_t>(32);
    }
#if SINCE(12, 4)
    bool HasCustomHostObject(Isolate *isolate) override
    {
        EXPECT(isolate == isolate_);
        return custom;
    }
    Maybe<bool> IsHostObject(Isolate *, Local<Object> object) override
    {
        return object->Has(isolate_->GetCurrentContext(), Str("hosted"));
    }
#endif
    void *ReallocateBufferMemory(void *old, size_t size, size_t *actual) override
    {
        reallocations++;
        *actual = size + 16;
        return realloc(old, size + 16);
    }
    void FreeBufferMemory(void *buffer) override
    {
        frees++;
        free(buffer);
    }

    ValueSerializer *serializer = nullptr;
    std::string errors;
    int hosts = 0, reallocations = 0, frees = 0;
    bool custom = false;

private:
    Isolate *isolate_;
};

class Reading : public ValueDeserializer::Delegate {
public:
    MaybeLocal<Object> ReadHostObject(Isolate *isolate) override
    {
        uint32_t fields = 99;
        Local<Object> object = Object::New(isolate);

        EXPECT(deserializer->ReadUint32(&fields));
        object->Set(isolate->GetCurrentContext(), Str("fields"),
                    Integer::NewFromUnsigned(isolate, fields)).Check();
        return object;
    }
    MaybeLocal<WasmModuleObject> GetWasmModuleFromId(Isolate *, uint32_t id) override
    {
        ids += "w" + std::to_string(id);
        return wasm;
    }
    MaybeLocal<SharedArrayBuffer> GetSharedArrayBufferFromId(Isolate *, uint32_t id) override
    {
        ids += "s" + std::to_string(id);
        return shared;
    }

    ValueDeserializer *deserializer = nullptr;
    Local<SharedArrayBuffer> shared;
    Local<WasmModuleObject> wasm;
    std::string ids;
};

/* There and back, with delegates. */
std::string Clone(Isolate *isolate, Local<Context> context, Local<Value> value, Writing &writing,
                  Reading &reading, Local<Value> *ret_value)
{
    ValueSerializer serializer(isolate, &writing);

    writing.serializer = &serializer;
    serializer.WriteHeader();
    if (!serializer.WriteValue(context, value).FromMaybe(false))
        return "not written";
    Wire wire(serializer.Release());
    ValueDeserializer deserializer(isolate, wire.data, wire.size, &reading);
    reading.deserializer = &deserializer;
    if (!deserializer.ReadHeader(context).FromMaybe(false))
        return "no header";
    return deserializer.ReadValue(context).ToLocal(ret_value) ? "" : "not read";
}

} // namespace

CASE(serialize_plain)
{
    ValueSerializer serializer(isolate);
    Local<Value> value = Js("({ a: [1, 2.5, 'three', null, undefined, true], d: new Date(5),"
                                   " m: new Map([[1, 2]]), b: 12345678901234567890n })");

    serializer.WriteHeader();
    CHECK(serializer.WriteValue(context, value).FromJust());
    Wire wire(serializer.Release());
    CHECK(wire.size > 10);
    ValueDeserializer deserializer(isolate, wire.data, wire.size);
    CHECK(deserializer.ReadHeader(context).FromJust());
    CHECK(deserializer.GetWireFormatVersion() >= 13);
    Local<Value> back = deserializer.ReadValue(context).ToLocalChecked();
    CHECK_EQ(Text(Js("(v) => JSON.stringify(v.a) + +v.d + v.m.get(1) + v.b", back)),
             "[1,2.5,\"three\",null,null,true]5212345678901234567890");
}

CASE(serialize_raw)
{
    ValueSerializer serializer(isolate);
    uint32_t word = 0;
    uint64_t wide = 0;
    double number = 0;
    const void *bytes = nullptr;

    serializer.WriteUint32(70000);
    serializer.WriteUint64(uint64_t{ 1 } << 40);
    serializer.WriteDouble(2.5);
    serializer.WriteRawBytes("raw", 4);
    Wire wire(serializer.Release());
    ValueDeserializer deserializer(isolate, wire.data, wire.size);
    CHECK(deserializer.ReadUint32(&word));
    CHECK(deserializer.ReadUint64(&wide));
    CHECK(deserializer.ReadDouble(&number));
    CHECK(deserializer.ReadRawBytes(4, &bytes));
    CHECK_EQ(word, 70000u);
    CHECK(wide == uint64_t{ 1 } << 40);
    CHECK_EQ(number, 2.5);
    CHECK_EQ(std::string(static_cast<const char *>(bytes)), "raw");
    CHECK(!deserializer.ReadUint32(&word));
}

CASE(serialize_fails)
{
    ValueSerializer serializer(isolate);
    TryCatch guard(isolate);

    serializer.WriteHeader();
    CHECK(serializer.WriteValue(context, Js("() => {}")).IsNothing());
    CHECK(guard.HasCaught());
    Wire wire(serializer.Release());
}

CASE(serialize_clone_error)
{
    Writing writing(isolate);
    TryCatch guard(isolate);
    {
        ValueSerializer serializer(isolate, &writing);

        writing.serializer = &serializer;
        CHECK(serializer.WriteValue(context, Symbol::New(isolate, Str("no"))).IsNothing());
    }
    CHECK(guard.HasCaught());
    CHECK_EQ(writing.errors, "Symbol(no) could not be cloned.;");
}

CASE(serialize_host_object)
{
    Writing writing(isolate);
    Reading reading;
    Local<ObjectTemplate> shape = ObjectTemplate::New(isolate);
    Local<Value> back;

    shape->SetInternalFieldCount(3);
    Local<Object> object = shape->NewInstance(context).ToLocalChecked();
    CHECK_EQ(Clone(isolate, context, object, writing, reading, &back), "");
    CHECK_EQ(writing.hosts, 1);
    CHECK_EQ(Num(Js("(object) => object.fields", back)), 3.0);
}

CASE(serialize_memory)
{
    Writing writing(isolate);
    {
        ValueSerializer serializer(isolate, &writing);
        std::vector<char> much(10000, 'm');

        serializer.WriteRawBytes(much.data(), much.size());
    }
    CHECK(writing.reallocations >= 1);
    CHECK_EQ(writing.frees, 1);
}

CASE(serialize_shared_buffer)
{
    Writing writing(isolate);
    Reading reading;
    Local<SharedArrayBuffer> buffer = SharedArrayBuffer::New(isolate, 48);
    Local<Value> back;

    reading.shared = buffer;
    CHECK_EQ(Clone(isolate, context, buffer, writing, reading, &back), "");
    CHECK_EQ(reading.ids, "s31");
    CHECK(back->StrictEquals(buffer));
}

CASE(serialize_wasm_module)
{
    Writing writing(isolate);
    Reading reading;
    Local<Value> module =
        Js("new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))");
    Local<Value> back;

    CHECK(module->IsWasmModuleObject());
    reading.wasm = module.As<WasmModuleObject>();
    CHECK_EQ(Clone(isolate, context, module, writing, reading, &back), "");
    CHECK_EQ(reading.ids, "w32");
    CHECK(back->StrictEquals(module));
}

CASE(serialize_transfer)
{
    Local<ArrayBuffer> buffer = ArrayBuffer::New(isolate, 10);
    Local<ArrayBuffer> target = ArrayBuffer::New(isolate, 10);
    ValueSerializer serializer(isolate);

    serializer.TransferArrayBuffer(6, buffer);
    serializer.WriteHeader();
    CHECK(serializer.WriteValue(context, buffer).FromJust());
    Wire wire(serializer.Release());
    ValueDeserializer deserializer(isolate, wire.data, wire.size);
    deserializer.TransferArrayBuffer(6, target);
    CHECK(deserializer.ReadHeader(context).FromJust());
    CHECK(deserializer.ReadValue(context).ToLocalChecked()->StrictEquals(target));
}

CASE(serialize_transfer_shared)
{
    Writing writing(isolate);
    Reading reading;
    Local<SharedArrayBuffer> buffer = SharedArrayBuffer::New(isolate, 48);
    ValueSerializer serializer(isolate, &writing);

    serializer.WriteHeader();
    CHECK(serializer.WriteValue(context, buffer).FromJust());
    Wire wire(serializer.Release());
    ValueDeserializer deserializer(isolate, wire.data, wire.size, &reading);
    reading.shared = buffer;
    deserializer.TransferSharedArrayBuffer(31, buffer);
    CHECK(deserializer.ReadHeader(context).FromJust());
    CHECK(deserializer.ReadValue(context).ToLocalChecked()->StrictEquals(buffer));
}

CASE(serialize_views_as_host)
{
    Writing writing(isolate);
    Reading reading;
    ValueSerializer serializer(isolate, &writing);

    writing.serializer = &serializer;
    serializer.SetTreatArrayBufferViewsAsHostObjects(true);
    CHECK(serializer.WriteValue(context, Js("new Uint8Array(4)")).FromJust());
    CHECK_EQ(writing.hosts, 1);
}

CASE(serialize_bad_wire)
{
    static const uint8_t junk[] = { 0xff, 0x0f, 'Q', 1, 2, 3 };
    Reading reading;
    ValueDeserializer deserializer(isolate, junk, sizeof junk, &reading);
    TryCatch guard(isolate);

    CHECK(deserializer.ReadHeader(context).FromJust());
    CHECK(deserializer.ReadValue(context).IsEmpty());
    CHECK(guard.HasCaught());
}

#if SINCE(12, 4)
CASE(serialize_custom_host_object)
{
    Writing writing(isolate);
    Reading reading;
    Local<Value> back;

    writing.custom = true;
    CHECK_EQ(Clone(isolate, context, Js("({ hosted: 1, plain: { x: 2 } })"), writing, reading,
                   &back), "");
    CHECK_EQ(writing.hosts, 1);
    CHECK_EQ(Num(Js("(object) => object.fields", back)), 0.0);
}
#endif
