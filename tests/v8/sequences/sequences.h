/* SPDX-License-Identifier: MIT */
/*
 * Random sequences of calls of V8's API. A step draws what it does from the sequence's random
 * numbers and tells what came of it as text, so two plugins that do the same tell the same. It may
 * not tell (or depend on) addresses, sizes, hashes, times, or when a collection happens by itself.
 * Numbers are drawn in statements of their own: arguments are evaluated in any order.
 */
#ifndef SEQUENCES_H
#define SEQUENCES_H

#include "../probe/shims.h"

#include <stdint.h>

#include <string>
#include <vector>

namespace sequences {

using namespace v8;
using probe::Str;

/* Where a step runs. */
struct Here {
    Isolate *isolate;
    Local<Context> context;
};

typedef std::string (*StepFunction)(Here here);

struct Step {
    Step(const char *name, StepFunction function);

    const char *name;
    StepFunction function;
    Step *next;
};

#define STEP(name)                                                                                 \
    static std::string step_##name(sequences::Here here);                                          \
    static sequences::Step registered_##name(#name, step_##name);                                  \
    static std::string step_##name(sequences::Here here [[maybe_unused]])

/* A random number below the limit. */
uint32_t Below(uint32_t limit);
bool Chance(uint32_t one_of);

/* The pool. What a step makes is put there in place of something else. */
Local<Value> Any();
Local<Object> AnyObject();
template <typename Test> Local<Value> AnyThat(Test test);
Local<Value> PoolAt(uint32_t index);
uint32_t PoolSize();
std::string Put(Local<Value> value);

Local<Name> AnyName();
std::string AnyText();

/* Some steps within a callback; none when too many are under way already. */
void Nested(Isolate *isolate);

/* A line of the log. */
void Tell(const std::string &text);

/* What a value is, without running JavaScript. */
std::string Show(Local<Value> value);
template <typename T> std::string Show(Local<T> value) { return Show(Local<Value>(value)); }
template <typename T> std::string Show(MaybeLocal<T> value)
{
    Local<T> local;

    return value.ToLocal(&local) ? Show(Local<Value>(local)) : "<empty>";
}
template <typename T> std::string Show(Maybe<T> value)
{
    return value.IsJust() ? std::to_string(value.FromJust()) : "<nothing>";
}
std::string Escaped(const uint16_t *text, size_t length);

/* What is thrown in a callback or returned from it is drawn from the pool. */
void Native(const FunctionCallbackInfo<Value> &info);

/* Whether a sequence is under way, and the how manieth: what runs later does nothing. */
bool Running();
int Generation();

template <typename Test> Local<Value> AnyThat(Test test)
{
    uint32_t start = Below(PoolSize());

    for (uint32_t i = 0; i < PoolSize(); i++) {
        Local<Value> value = PoolAt((start + i) % PoolSize());
        if (test(value))
            return value;
    }
    return Local<Value>();
}

inline ScriptOrigin OriginOf(Isolate *isolate [[maybe_unused]], Local<Value> name, int line,
                             int column, bool module = false)
{
#if BEFORE(12, 4)
    return ScriptOrigin(isolate, name, line, column, false, -1, Local<Value>(), false, false, module);
#else
    return ScriptOrigin(name, line, column, false, -1, Local<Value>(), false, false, module);
#endif
}

} // namespace sequences

#endif
