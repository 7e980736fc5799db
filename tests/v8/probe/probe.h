/* SPDX-License-Identifier: MIT */
/*
 * What the cases of the probe share. A case is a function in any .cc file beside this one:
 *
 *     CASE(object_set)
 *     {
 *         Local<Object> object = Object::New(isolate);
 *
 *         CHECK(object->Set(context, Str("a"), Integer::New(isolate, 1)).FromMaybe(false));
 *         CHECK_EQ(Text(Js("(o) => o.a", object)), "1");
 *     }
 *
 * It gets `isolate` and `context` (the one that is entered), runs in a HandleScope and a TryCatch
 * of the runner's, and passes when nothing was reported. It has to pass natively, be the same each
 * time, and leave nothing behind that another case could notice. What the headers of a version do
 * not have is left out with SINCE() / BEFORE(); what the host's JavaScript does differently is
 * asked of HostIs(), because the host need not be of the version the probe was compiled for.
 */
#ifndef PROBE_H
#define PROBE_H

#include <v8.h>

#include <string>

/* The version of the headers. */
#define SINCE(major, minor)                                                                        \
    (V8_MAJOR_VERSION > (major) || (V8_MAJOR_VERSION == (major) && V8_MINOR_VERSION >= (minor)))
#define BEFORE(major, minor) (!SINCE(major, minor))

namespace probe {

using namespace v8;

typedef void (*CaseFunction)(Isolate *isolate, Local<Context> context);

struct Case {
    Case(const char *name, CaseFunction function);

    const char *name;
    CaseFunction function;
    Case *next;
};

/* The first report of a case is its result; all go to stderr at once, in case it crashes. */
void Fail(const char *file, int line, const std::string &what);

/* The case is called again in a later turn of the event loop, until it returns without this. What
 * it has to remember is static. */
void Again();

/* A value as text, for comparison and for reports. */
std::string Show(const std::string &value);
std::string Show(const char *value);
std::string Show(bool value);
std::string Show(double value);
std::string Show(const void *value);
std::string Show(long long value);
std::string Show(unsigned long long value);
inline std::string Show(int value) { return Show(static_cast<long long>(value)); }
inline std::string Show(long value) { return Show(static_cast<long long>(value)); }
inline std::string Show(unsigned value) { return Show(static_cast<unsigned long long>(value)); }
inline std::string Show(unsigned long value) { return Show(static_cast<unsigned long long>(value)); }

Local<String> Str(const char *text);

/* What String(value) gives, "<empty>" for an empty handle. */
std::string Text(Local<Value> value);

/* -1e9 for what is no number. */
double Num(Local<Value> value);

/* Evaluates the source, which is an expression, and calls its value with the arguments if there
 * are any. What was thrown comes back as the string "threw NAME: MESSAGE". Nothing is remembered
 * under a global name. */
Local<Value> Eval(const char *source, int count, Local<Value> *arguments);
inline Local<Value> Js(const char *source) { return Eval(source, -1, nullptr); }
template <typename... Values> Local<Value> Js(const char *source, Values... values)
{
    Local<Value> arguments[] = { values... };

    return Eval(source, sizeof...(values), arguments);
}

/* What the catcher has, as "threw NAME: MESSAGE", and "nothing" when it has none. */
std::string Caught(TryCatch &catcher);

/* A full collection, whatever the options of the host are. */
void Collect(Isolate *isolate);

/* The V8 that runs, which the headers do not know: HostIs(12, 4) is "12.4 or newer". */
bool HostIs(int major, int minor);

} // namespace probe

#define CASE(name)                                                                                 \
    static void case_##name(v8::Isolate *isolate, v8::Local<v8::Context> context);                 \
    static probe::Case registered_##name(#name, case_##name);                                      \
    static void case_##name(v8::Isolate *isolate [[maybe_unused]],                                 \
                            v8::Local<v8::Context> context [[maybe_unused]])

/* Reports and goes on: also for callbacks that return something. */
#define EXPECT(...)                                                                                \
    do {                                                                                           \
        if (!(__VA_ARGS__))                                                                        \
            probe::Fail(__FILE__, __LINE__, #__VA_ARGS__);                                         \
    } while (0)
#define EXPECT_EQ(got, expected)                                                                   \
    do {                                                                                           \
        std::string got_ = probe::Show(got), expected_ = probe::Show(expected);                    \
        if (got_ != expected_)                                                                     \
            probe::Fail(__FILE__, __LINE__, #got " is " + got_ + ", not " + expected_);            \
    } while (0)

/* Reports and leaves the function, which returns nothing. */
#define CHECK(...)                                                                                 \
    do {                                                                                           \
        if (!(__VA_ARGS__)) {                                                                      \
            probe::Fail(__FILE__, __LINE__, #__VA_ARGS__);                                         \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define CHECK_EQ(got, expected)                                                                    \
    do {                                                                                           \
        std::string got_ = probe::Show(got), expected_ = probe::Show(expected);                    \
        if (got_ != expected_) {                                                                   \
            probe::Fail(__FILE__, __LINE__, #got " is " + got_ + ", not " + expected_);            \
            return;                                                                                \
        }                                                                                          \
    } while (0)

#endif
