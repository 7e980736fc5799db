/* SPDX-License-Identifier: MIT */
/*
 * The frame of the probe: an addon that Node loads through N-API, whose modules no version of
 * Node refuses, and that uses V8's own API for all the rest.
 *
 *     names() -> [name...]      run(name) -> "ok", "again" or what was wrong
 */
#include "probe.h"

#define NAPI_VERSION 8
#include <node_api.h>
#include <stdio.h>
#include <string.h>

#include <algorithm>
#include <vector>

namespace probe {

static Case *cases;
static std::string report;
static bool again;

Case::Case(const char *name, CaseFunction function) : name(name), function(function), next(cases)
{
    cases = this;
}

void Fail(const char *file, int line, const std::string &what)
{
    const char *base = strrchr(file, '/');
    std::string text = std::string(base ? base + 1 : file) + ":" + std::to_string(line) + ": " + what;

    fprintf(stderr, "probe: %s\n", text.c_str());
    if (report.empty())
        report = text;
}

void Again()
{
    again = true;
}

std::string Show(const std::string &value) { return value; }
std::string Show(const char *value) { return value ? value : "<null>"; }
std::string Show(bool value) { return value ? "true" : "false"; }
std::string Show(long long value) { return std::to_string(value); }
std::string Show(unsigned long long value) { return std::to_string(value); }

std::string Show(double value)
{
    char text[40];

    snprintf(text, sizeof text, "%.17g", value);
    return text;
}

std::string Show(const void *value)
{
    char text[40];

    snprintf(text, sizeof text, "%p", value);
    return text;
}

Local<String> Str(const char *text)
{
    return String::NewFromUtf8(Isolate::GetCurrent(), text).ToLocalChecked();
}

std::string Text(Local<Value> value)
{
    if (value.IsEmpty())
        return "<empty>";
    String::Utf8Value text(Isolate::GetCurrent(), value);
    return *text ? std::string(*text, text.length()) : "<no text>";
}

double Num(Local<Value> value)
{
    return !value.IsEmpty() && value->IsNumber() ? value.As<v8::Number>()->Value() : -1e9;
}

std::string Caught(TryCatch &catcher)
{
    if (!catcher.HasCaught())
        return "nothing";
    return "threw " + Text(catcher.Exception());
}

Local<Value> Eval(const char *source, int count, Local<Value> *arguments)
{
    Isolate *isolate = Isolate::GetCurrent();
    EscapableHandleScope scope(isolate);
    Local<Context> context = isolate->GetCurrentContext();
    TryCatch catcher(isolate);
    Local<Script> script;
    Local<Value> value;

    if (Script::Compile(context, Str(source)).ToLocal(&script) &&
        script->Run(context).ToLocal(&value)) {
        if (count < 0)
            return scope.Escape(value);
        if (!value->IsFunction())
            return scope.Escape(Str("no function").As<Value>());
        Local<Value> receiver = context->Global();
        if (value.As<v8::Function>()->Call(context, receiver, count, arguments).ToLocal(&value))
            return scope.Escape(value);
    }
    return scope.Escape(Str(Caught(catcher).c_str()).As<Value>());
}

void Collect(Isolate *isolate)
{
    isolate->LowMemoryNotification();
}

bool HostIs(int major, int minor)
{
    int host_major = 0, host_minor = 0;

    sscanf(V8::GetVersion(), "%d.%d", &host_major, &host_minor);
    return host_major > major || (host_major == major && host_minor >= minor);
}

static void RunOne(const Case *which)
{
    Isolate *isolate = Isolate::GetCurrent();
    HandleScope scope(isolate);
    TryCatch catcher(isolate);

    which->function(isolate, isolate->GetCurrentContext());
    if (catcher.HasCaught())
        Fail(which->name, 0, "left an exception: " + Caught(catcher));
}

static napi_value Run(napi_env env, napi_callback_info info)
{
    size_t count = 1;
    napi_value argument, ret_result;
    char name[100] = "";
    std::string text = "no such case";

    napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
    napi_get_value_string_utf8(env, argument, name, sizeof name, NULL);
    for (const Case *which = cases; which; which = which->next) {
        if (strcmp(which->name, name))
            continue;
        report.clear();
        again = false;
        RunOne(which);
        text = !report.empty() ? report : again ? "again" : "ok";
    }
    napi_create_string_utf8(env, text.c_str(), text.size(), &ret_result);
    return ret_result;
}

static napi_value Names(napi_env env, napi_callback_info)
{
    std::vector<std::string> names;
    napi_value name, ret_array;

    for (const Case *which = cases; which; which = which->next)
        names.push_back(which->name);
    std::sort(names.begin(), names.end());
    napi_create_array(env, &ret_array);
    for (size_t i = 0; i < names.size(); i++) {
        napi_create_string_utf8(env, names[i].c_str(), names[i].size(), &name);
        napi_set_element(env, ret_array, i, name);
    }
    return ret_array;
}

} // namespace probe

NAPI_MODULE_INIT()
{
    napi_value function;

    napi_create_function(env, "names", NAPI_AUTO_LENGTH, probe::Names, NULL, &function);
    napi_set_named_property(env, exports, "names", function);
    napi_create_function(env, "run", NAPI_AUTO_LENGTH, probe::Run, NULL, &function);
    napi_set_named_property(env, exports, "run", function);
    return exports;
}
