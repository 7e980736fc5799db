/* SPDX-License-Identifier: MIT */
/* What JavaScript threw, as a record for C. */
#include "internal.h"

#include <cstdlib>

namespace engraft_node_impl {

static std::string text_of(napi_env env, napi_value value)
{
    size_t length = 0;
    if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok)
        return {};
    std::string text(length + 1, '\0');
    napi_get_value_string_utf8(env, value, &text[0], text.size(), &length);
    text.resize(length);
    return text;
}

static void drop_exception(napi_env env)
{
    napi_value ignored;
    napi_get_and_clear_last_exception(env, &ignored);
}

/* String(value), or a substitute when that throws too. */
static std::string string_of(napi_env env, napi_value value)
{
    napi_value string;
    if (napi_coerce_to_string(env, value, &string) == napi_ok)
        return text_of(env, string);
    drop_exception(env);
    return "(a value that cannot be shown)";
}

static void copy_string(char *to, size_t size, const std::string &text)
{
    copy_text(to, size, text.data(), text.size());
}

static void describe_place(Environment &environment, napi_value exception, Error *reterr)
{
    v8::Isolate *isolate = environment.isolate;
    v8::Local<v8::Message> message =
        v8::Exception::CreateMessage(isolate, local_of<v8::Value>(exception));
    v8::Local<v8::Value> file = message->GetScriptResourceName();
    if (!file->IsString())
        return; /* see find_place() */
    v8::String::Utf8Value name(isolate, file);
    if (*name != nullptr)
        copy_text(reterr->file, sizeof(reterr->file), *name, static_cast<size_t>(name.length()));
    v8::Local<v8::Context> context = node_context(environment);
    reterr->line = message->GetLineNumber(context).FromMaybe(0);
    reterr->column = message->GetStartColumn(context).FromMaybe(-1) + 1;
}

static int number_behind(const std::string &text, size_t colon)
{
    return colon == std::string::npos ? 0 : atoi(text.c_str() + colon + 1);
}

/*
 * "    at name (file:2:8)" or "    at file:2:8": V8 forgets where an error was made once its stack
 * has been looked at, and Node looks at it to show the line of the source.
 */
static bool read_frame(const std::string &frame, Error *reterr)
{
    std::string place = frame;
    size_t bracket = place.rfind(" (");
    if (bracket != std::string::npos)
        place = place.substr(bracket + 2);
    size_t column = place.rfind(':');
    size_t line = std::string::npos;
    if (column != std::string::npos && column > 0)
        line = place.rfind(':', column - 1);
    if (line == std::string::npos || place.compare(0, 5, "node:") == 0 ||
        number_behind(place, line) <= 0)
        return false;
    copy_string(reterr->file, sizeof(reterr->file), place.substr(0, line));
    reterr->line = number_behind(place, line);
    reterr->column = number_behind(place, column);
    return true;
}

static void find_place(const std::string &stack, Error *reterr)
{
    static const char mark[] = "\n    at ";
    size_t from = stack.find(mark);
    while (from != std::string::npos) {
        from += sizeof(mark) - 1;
        size_t end = stack.find('\n', from);
        if (read_frame(stack.substr(from, end - from), reterr))
            return;
        from = stack.find(mark, from);
    }
}

void describe_exception(Environment &environment, napi_value exception, Error *reterr)
{
    napi_env env = environment.napi;
    bool is_error = false;
    napi_value stack;
    napi_valuetype type;
    fail(reterr, ENGRAFT_NODE_THROWN, "%s", "");
    copy_string(reterr->message, sizeof(reterr->message), string_of(env, exception));
    napi_is_error(env, exception, &is_error);
    if (!is_error)
        return;
    describe_place(environment, exception, reterr);
    if (napi_get_named_property(env, exception, "stack", &stack) != napi_ok)
        drop_exception(env);
    else if (napi_typeof(env, stack, &type) == napi_ok && type == napi_string) {
        copy_string(reterr->stack, sizeof(reterr->stack), text_of(env, stack));
        if (reterr->file[0] == '\0')
            find_place(text_of(env, stack), reterr);
    }
}

/* Kept so that a callback that returns THROWN throws the very same object on. */
static void remember(Environment &environment, napi_value exception, const Error &described)
{
    napi_env env = environment.napi;
    napi_valuetype type = napi_undefined;
    if (environment.thrown != nullptr)
        napi_delete_reference(env, environment.thrown);
    environment.thrown = nullptr;
    environment.thrown_message = described.message;
    napi_typeof(env, exception, &type);
    if (type == napi_object)
        napi_create_reference(env, exception, 1, &environment.thrown);
}

Status take_exception(Environment &environment, Error *reterr)
{
    napi_env env = environment.napi;
    bool pending = false;
    napi_value exception;
    if (has_ended(environment)) {
        Hold hold(environment.lock);
        return report_end(environment, reterr);
    }
    napi_is_exception_pending(env, &pending);
    if (!pending) {
        const napi_extended_error_info *info = nullptr;
        napi_get_last_error_info(env, &info);
        const char *why = info != nullptr ? info->error_message : nullptr;
        return fail(reterr, ENGRAFT_NODE_TYPE, "%s", why != nullptr ? why : "wrong type of value");
    }
    if (napi_get_and_clear_last_exception(env, &exception) != napi_ok)
        return fail(reterr, ENGRAFT_NODE_THROWN, "an exception that cannot be read");
    Error described = {};
    describe_exception(environment, exception, &described);
    if (environment.inside > 1)
        remember(environment, exception, described);
    if (reterr != nullptr)
        *reterr = described;
    return ENGRAFT_NODE_THROWN;
}

} // namespace engraft_node_impl
