/* SPDX-License-Identifier: MIT */
#ifndef V8_HELLO_RESOURCES_H
#define V8_HELLO_RESOURCES_H

#include <v8.h>
#include <v8-profiler.h>
#include <v8-value-serializer.h>

/*
 * Everything of the plugin that the engine reaches through a vtable or that the plugin reaches
 * through a table: references to V8 that are no calls, and that a patch of call slots would miss.
 */

/* Counts what the engine takes.  Reallocate() is inherited: a V8 function in our vtable. */
class CountingAllocator : public v8::ArrayBuffer::Allocator {
  public:
    void *Allocate(size_t length) override;
    void *AllocateUninitialized(size_t length) override;
    void Free(void *data, size_t length) override;
    size_t allocations() const { return allocations_; }

  private:
    size_t allocations_ = 0;
};

/* The script lives here, in the plugin's read-only data, and is not copied to V8's heap. */
class ScriptText : public v8::String::ExternalOneByteStringResource {
  public:
    ScriptText(const char *text, size_t length) : text_(text), length_(length) {}
    const char *data() const override { return text_; }
    size_t length() const override { return length_; }

  private:
    const char *text_;
    size_t length_;
};

/* A second base whose constructor the compiler cannot see: the vtable of V8's own Delegate must
   then really be stored first, so the plugin refers to a data object of the engine. */
class Refusal {
  public:
    Refusal();
    unsigned count() const { return count_; }

  protected:
    unsigned count_;
};

class CloneDelegate : public v8::ValueSerializer::Delegate, public Refusal {
  public:
    explicit CloneDelegate(v8::Isolate *isolate) : isolate_(isolate) {}
    void ThrowDataCloneError(v8::Local<v8::String> message) override;

  private:
    v8::Isolate *isolate_;
};

/* A table of V8 functions and data, filled by relocations alone. */
struct EngineTable {
    const char *(*version)();
    v8::Isolate *(*current_isolate)();
    v8::Isolate *(*new_isolate)(const v8::Isolate::CreateParams &params);
    void (v8::Isolate::*collect_garbage)();
    v8::MaybeLocal<v8::Value> (*parse_json)(v8::Local<v8::Context> context,
                                            v8::Local<v8::String> text);
    v8::MaybeLocal<v8::String> (*to_json)(v8::Local<v8::Context> context,
                                          v8::Local<v8::Value> value,
                                          v8::Local<v8::String> gap);
    v8::Local<v8::Value> (*type_error)(v8::Local<v8::String> message);
    const v8::SnapshotObjectId *unknown_object;
    const int *no_line_number;
};

extern const EngineTable engine_table;

#endif
