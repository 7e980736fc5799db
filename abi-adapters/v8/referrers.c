/* SPDX-License-Identifier: MIT */
/*
 * Hosts make a ScriptOrModule no more where they did up to 10.2 (import()) or 12.4 (CompileFunction). What
 * the plugin gets instead are three handles in a row: a number, which no ScriptOrModule is, the name and
 * the options. The functions of ScriptOrModule know it by the number.
 */
#include "referrers.h"

#define MARK ((v8_value)0x5c71 << 32) /* a Smi */

enum { IS_MARK, NAME, OPTIONS, HANDLES };

typedef v8_local get_call(v8_local script);

static v8_value options_none(struct v8_pair *pair, void *isolate)
{
    typedef v8_local array_call(void *isolate, int length);

    return *HOST_CALL(pair, primitive_array_new, array_call *)(isolate, 0);
}

v8_local referrer_new(struct v8_pair *pair, v8_local name, v8_local options)
{
    void *isolate = current_isolate(pair);
    v8_value none = options ? 0 : options_none(pair, isolate);
    v8_local handles = scope_take(pair, isolate, HANDLES);

    if (!handles)
        return NULL;
    handles[IS_MARK] = MARK;
    handles[NAME] = *(name ? name : host_root(pair, isolate, V8_ROOT_UNDEFINED));
    handles[OPTIONS] = options ? *options : none;
    return handles;
}

/* ScriptOrModule::GetResourceName() */
v8_local v8_script_or_module_name(v8_local script, struct v8_slot *slot)
{
    return *script == MARK ? &script[NAME] : ((get_call *)slot->target)(script);
}

/* ScriptOrModule::HostDefinedOptions(), and GetHostDefinedOptions() of 10.2 */
v8_local v8_script_or_module_options(v8_local script, struct v8_slot *slot)
{
    return *script == MARK ? &script[OPTIONS] : ((get_call *)slot->target)(script);
}
