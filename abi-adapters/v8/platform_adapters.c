/* SPDX-License-Identifier: MIT */
/*
 * v8::platform::NewDefaultPlatform() between two versions: the platform is one of the host's, of which
 * the plugin sees another face (hosted.c). From 12.4 on it takes the mode of priorities as well.
 */
#include "hosted.h"

/* (std::unique_ptr<TracingController>, by address: it goes with the call): one of the plugin's has
 * virtual functions in another order, so that the host gets none and traces nothing. */
static void tracing_drop(struct v8_pair *pair, void **tracing)
{
    if (*tracing)
        v8_object_share(pair, V8_CLASS_TracingController, *tracing);
}

static void platform_show(struct v8_pair *pair, void **platform)
{
    *platform = hosted_for(pair, V8_CLASS_Platform, *platform);
}

typedef void *platform_new(void **ret_platform, int threads, int idle, int dump, void **tracing,
                           int priority);

/* Up to 11.3. The host's takes a sixth argument, or does not look at it. */
void *v8_platform_new(void **ret_platform, int threads, int idle, int dump, void **tracing,
                      struct v8_slot *slot)
{
    tracing_drop(slot->pair, tracing);
    ((platform_new *)slot->target)(ret_platform, threads, idle, dump, tracing, 0);
    platform_show(slot->pair, ret_platform);
    return ret_platform;
}

/* From 12.4 on */
void *v8_platform_new_priority(void **ret_platform, int threads, int idle, int dump,
                               void **tracing, int priority, struct v8_slot *slot)
{
    tracing_drop(slot->pair, tracing);
    ((platform_new *)slot->target)(ret_platform, threads, idle, dump, tracing, priority);
    platform_show(slot->pair, ret_platform);
    return ret_platform;
}

/* NewSingleThreadedDefaultPlatform(IdleTaskSupport, InProcessStackDumping, unique_ptr) */
void *v8_platform_new_single(void **ret_platform, int idle, int dump, void **tracing,
                             struct v8_slot *slot)
{
    tracing_drop(slot->pair, tracing);
    ((void *(*)(void **, int, int, void **))slot->target)(ret_platform, idle, dump, tracing);
    platform_show(slot->pair, ret_platform);
    return ret_platform;
}

/* PumpMessageLoop(Platform *, Isolate *, MessageLoopBehavior), NotifyIsolateShutdown(Platform *,
 * Isolate *) */
uintptr_t v8_platform_of_isolate(void *platform, void *isolate, int behavior, struct v8_slot *slot)
{
    return ((uintptr_t(*)(void *, void *, int))slot->target)(hosted_object(platform),
                                                             isolate_of(isolate), behavior);
}

void v8_platform_shutdown(void *platform, void *isolate, struct v8_slot *slot)
{
    ((void (*)(void *, void *))slot->target)(hosted_object(platform), isolate_of(isolate));
}

/* RunIdleTasks(Platform *, Isolate *, double) */
void v8_platform_idle(void *platform, void *isolate, double seconds, struct v8_slot *slot)
{
    ((void (*)(void *, void *, double))slot->target)(hosted_object(platform), isolate_of(isolate),
                                                     seconds);
}
