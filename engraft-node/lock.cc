/* SPDX-License-Identifier: MIT */
/* A mutex and its condition, with deadlines on the monotonic clock. */
#include "internal.h"

#include <cerrno>
#include <ctime>

namespace engraft_node_impl {

Lock::Lock()
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&mutex_, nullptr);
    pthread_cond_init(&changed_, &attributes);
    pthread_condattr_destroy(&attributes);
}

Lock::~Lock()
{
    pthread_cond_destroy(&changed_);
    pthread_mutex_destroy(&mutex_);
}

bool Lock::wait_until(int64_t deadline)
{
    if (deadline < 0)
        return pthread_cond_wait(&changed_, &mutex_) == 0;
    timespec time;
    time.tv_sec = static_cast<time_t>(deadline / 1000);
    time.tv_nsec = static_cast<long>(deadline % 1000) * 1000000;
    return pthread_cond_timedwait(&changed_, &mutex_, &time) != ETIMEDOUT;
}

int64_t now()
{
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1000000;
}

int64_t deadline_after(int timeout)
{
    return timeout < 0 ? -1 : now() + timeout;
}

} // namespace engraft_node_impl
