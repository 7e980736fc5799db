/* SPDX-License-Identifier: MIT */
/*
 * Node's platform as plugins see it: node::MultiIsolatePlatform, which is a v8::Platform, and its
 * v8::TaskRunner. Posting has had three forms: by a function for each priority, then with a priority as
 * argument, then with a source location behind (12.4 and 12.9), which is only traced.
 */
#include "crossings.h"
#include "hosted.h"

#define METHOD(name) V8_METHOD_node_MultiIsolatePlatform_##name
#define RUNNER(name) V8_METHOD_TaskRunner_##name

enum priority { BEST_EFFORT, USER_VISIBLE, USER_BLOCKING };

/* SourceLocation in any version: nowhere. */
static const uintptr_t nowhere[3];

/* What the host calls in an object of the plugin must find HandleScopeData in step. */
static void share(struct v8_pair *pair, enum v8_class_id class, void **owned)
{
    if (pair->mirrored)
        v8_object_share(pair, class, *owned);
}

/* ---- task runners ---------------------------------------------------------------------------------------- */

typedef void post_call(void *runner, void **task);
typedef void post_at_call(void *runner, void **task, const void *location);
typedef void post_delayed_call(void *runner, void **task, double delay);
typedef void post_delayed_at_call(void *runner, void **task, double delay, const void *location);

/* One function posts in both forms. Node's runners of 12.4, which has both, serve the first. */
#define POST(name, plain, implementation, class)                                                 \
    void v8_runner_##name##_old(struct hosted *runner, void **task, struct v8_slot *slot)        \
    {                                                                                            \
        v8_function_pointer *post = hosted_method(runner, RUNNER(plain));                        \
                                                                                                 \
        share(slot->pair, class, task);                                                          \
        if (post)                                                                                \
            ((post_call *)post)(runner->host, task);                                             \
        else                                                                                     \
            ((post_at_call *)hosted_method(runner, RUNNER(implementation)))(runner->host, task,  \
                                                                            nowhere);            \
    }                                                                                            \
                                                                                                 \
    void v8_runner_##name(struct hosted *runner, void **task, const void *location,              \
                          struct v8_slot *slot)                                                  \
    {                                                                                            \
        (void)location;                                                                          \
        v8_runner_##name##_old(runner, task, slot);                                              \
    }

#define POST_DELAYED(name, plain, implementation)                                                \
    void v8_runner_##name##_old(struct hosted *runner, void **task, double delay,                \
                                struct v8_slot *slot)                                            \
    {                                                                                            \
        v8_function_pointer *post = hosted_method(runner, RUNNER(plain));                        \
                                                                                                 \
        share(slot->pair, V8_CLASS_Task, task);                                                  \
        if (post)                                                                                \
            ((post_delayed_call *)post)(runner->host, task, delay);                              \
        else                                                                                     \
            ((post_delayed_at_call *)hosted_method(runner, RUNNER(implementation)))(             \
                runner->host, task, delay, nowhere);                                             \
    }                                                                                            \
                                                                                                 \
    void v8_runner_##name(struct hosted *runner, void **task, double delay,                      \
                          const void *location, struct v8_slot *slot)                            \
    {                                                                                            \
        (void)location;                                                                          \
        v8_runner_##name##_old(runner, task, delay, slot);                                       \
    }

/* "flat" is not nestable */
POST(post, PostTask_unique_ptr_Task, PostTaskImpl_unique_ptr_Task_PSourceLocation, V8_CLASS_Task)
POST(post_flat, PostNonNestableTask_unique_ptr_Task,
     PostNonNestableTaskImpl_unique_ptr_Task_PSourceLocation, V8_CLASS_Task)
POST(post_idle, PostIdleTask_unique_ptr_IdleTask, PostIdleTaskImpl_unique_ptr_IdleTask_PSourceLocation,
     V8_CLASS_IdleTask)
POST_DELAYED(post_delayed, PostDelayedTask_unique_ptr_Task_double,
             PostDelayedTaskImpl_unique_ptr_Task_double_PSourceLocation)
POST_DELAYED(post_flat_delayed, PostNonNestableDelayedTask_unique_ptr_Task_double,
             PostNonNestableDelayedTaskImpl_unique_ptr_Task_double_PSourceLocation)

typedef void *runner_call(void **ret, void *platform, void *isolate);
typedef void *runner_priority_call(void **ret, void *platform, void *isolate, int priority);

/* Platform::GetForegroundTaskRunner(): a std::shared_ptr, of which the object is another and the owner
 * the same. Node's platform serves priorities where V8 asks for them only: not yet on 12.4 and 12.9. */
void **v8_platform_runner_priority(void **ret, struct hosted *platform, void *isolate, int priority,
                                   struct v8_slot *slot)
{
    v8_function_pointer *plain = hosted_method(platform, METHOD(GetForegroundTaskRunner_PIsolate));

    if (plain)
        ((runner_call *)plain)(ret, platform->host, isolate_of(isolate));
    else
        ((runner_priority_call *)hosted_method(
            platform, METHOD(GetForegroundTaskRunner_PIsolate_TaskPriority)))(
            ret, platform->host, isolate_of(isolate), priority);
    ret[0] = hosted_for(slot->pair, V8_CLASS_TaskRunner, ret[0]);
    return ret;
}

void **v8_platform_runner(void **ret, struct hosted *platform, void *isolate, struct v8_slot *slot)
{
    return v8_platform_runner_priority(ret, platform, isolate, USER_BLOCKING, slot);
}

/* ---- worker threads ---------------------------------------------------------------------------------------- */

static v8_function_pointer *post_plain(const struct hosted *platform, int priority)
{
    static const enum v8_method_id methods[] = {
        [BEST_EFFORT] = METHOD(CallLowPriorityTaskOnWorkerThread_unique_ptr_Task),
        [USER_VISIBLE] = METHOD(CallOnWorkerThread_unique_ptr_Task),
        [USER_BLOCKING] = METHOD(CallBlockingTaskOnWorkerThread_unique_ptr_Task),
    };

    return hosted_method(platform, methods[priority]);
}

void v8_platform_post_impl(struct hosted *platform, int priority, void **task, const void *location,
                           struct v8_slot *slot)
{
    v8_function_pointer *post = hosted_method(
        platform, METHOD(PostTaskOnWorkerThreadImpl_TaskPriority_unique_ptr_Task_PSourceLocation));

    (void)location;
    share(slot->pair, V8_CLASS_Task, task);
    if (post)
        ((void (*)(void *, int, void **, const void *))post)(platform->host, priority, task, nowhere);
    else
        ((post_call *)post_plain(platform, priority))(platform->host, task);
}

void v8_platform_post(struct hosted *platform, void **task, struct v8_slot *slot)
{
    v8_platform_post_impl(platform, USER_VISIBLE, task, NULL, slot);
}

void v8_platform_post_blocking(struct hosted *platform, void **task, struct v8_slot *slot)
{
    v8_platform_post_impl(platform, USER_BLOCKING, task, NULL, slot);
}

void v8_platform_post_low(struct hosted *platform, void **task, struct v8_slot *slot)
{
    v8_platform_post_impl(platform, BEST_EFFORT, task, NULL, slot);
}

void v8_platform_post_delayed_impl(struct hosted *platform, int priority, void **task, double delay,
                                   const void *location, struct v8_slot *slot)
{
    typedef void delayed_call(void *, int, void **, double, const void *);
    v8_function_pointer *post = hosted_method(
        platform,
        METHOD(PostDelayedTaskOnWorkerThreadImpl_TaskPriority_unique_ptr_Task_double_PSourceLocation));

    (void)location;
    share(slot->pair, V8_CLASS_Task, task);
    if (post)
        ((delayed_call *)post)(platform->host, priority, task, delay, nowhere);
    else
        ((post_delayed_call *)hosted_method(
            platform, METHOD(CallDelayedOnWorkerThread_unique_ptr_Task_double)))(platform->host,
                                                                                 task, delay);
}

void v8_platform_post_delayed(struct hosted *platform, void **task, double delay,
                              struct v8_slot *slot)
{
    v8_platform_post_delayed_impl(platform, USER_VISIBLE, task, delay, NULL, slot);
}

/* ---- jobs -------------------------------------------------------------------------------------------------- */

/* JobHandle, JobTask and JobDelegate are the same in all versions. `ret` is a std::unique_ptr. */
void **v8_platform_create_job(void **ret, struct hosted *platform, int priority, void **job,
                              const void *location, struct v8_slot *slot)
{
    typedef void *create_at_call(void **, void *, int, void **, const void *);
    typedef void *create_call(void **, void *, int, void **);
    v8_function_pointer *create = hosted_method(
        platform, METHOD(CreateJobImpl_TaskPriority_unique_ptr_JobTask_PSourceLocation));

    (void)location;
    share(slot->pair, V8_CLASS_JobTask, job);
    if (create) {
        ((create_at_call *)create)(ret, platform->host, priority, job, nowhere);
        return ret;
    }
    create = hosted_method(platform, METHOD(CreateJob_TaskPriority_unique_ptr_JobTask));
    if (!create)
        create = hosted_method(platform, METHOD(PostJob_TaskPriority_unique_ptr_JobTask));
    ((create_call *)create)(ret, platform->host, priority, job);
    return ret;
}

void **v8_platform_create_job_old(void **ret, struct hosted *platform, int priority, void **job,
                                  struct v8_slot *slot)
{
    return v8_platform_create_job(ret, platform, priority, job, NULL, slot);
}

/* PostJob() starts, CreateJob() waits for the first NotifyConcurrencyIncrease(). */
void **v8_platform_post_job(void **ret, struct hosted *platform, int priority, void **job,
                            struct v8_slot *slot)
{
    int notify = v8_class_slot_of(V8_CLASS_JobHandle, V8_METHOD_JobHandle_NotifyConcurrencyIncrease,
                                  slot->pair->host);

    v8_platform_create_job(ret, platform, priority, job, NULL, slot);
    if (*ret && notify >= 0)
        ((void (*)(void *))(**(v8_function_pointer ****)ret)[notify])(*ret);
    return ret;
}

/* ---- the platform ------------------------------------------------------------------------------------------ */

void *v8_platform_page_allocator(struct hosted *platform, struct v8_slot *slot)
{
    v8_function_pointer *get = hosted_method(platform, METHOD(GetPageAllocator));

    return hosted_for(slot->pair, V8_CLASS_PageAllocator,
                      ((void *(*)(void *))get)(platform->host));
}

/* node::GetMultiIsolatePlatform(Environment *), (IsolateData *) */
void *v8_node_platform(void *of, struct v8_slot *slot)
{
    return hosted_for(slot->pair, V8_CLASS_node_MultiIsolatePlatform,
                      ((void *(*)(void *))slot->target)(of));
}

/* node::MultiIsolatePlatform::DisposeIsolate(Isolate *) of 13.6 */
void v8_node_platform_dispose(struct hosted *platform, void *isolate, struct v8_slot *slot)
{
    ((void (*)(void *, void *))slot->target)(platform->host, isolate_of(isolate));
}
