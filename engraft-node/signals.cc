/* SPDX-License-Identifier: MIT */
/*
 * Node as a program ignores SIGPIPE and installs handlers. A library may do neither: the threads it
 * makes block signals instead. A write to a closed connection then leaves a SIGPIPE pending on that
 * thread for good and returns EPIPE, which is what libuv wants.
 */
#include "internal.h"

#include <csignal>
#include <ctime>

namespace engraft_node_impl {

SignalsBlocked::SignalsBlocked()
{
    sigset_t blocked;
    sigfillset(&blocked);
    for (int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS, SIGPROF})
        sigdelset(&blocked, fault);
    pthread_sigmask(SIG_BLOCK, &blocked, &before_);
}

SignalsBlocked::~SignalsBlocked()
{
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

static bool pipe_signal_pending()
{
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGPIPE) == 1;
}

PipeSignalBlocked::PipeSignalBlocked() : was_pending_(pipe_signal_pending())
{
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before_);
}

PipeSignalBlocked::~PipeSignalBlocked()
{
    if (!was_pending_ && pipe_signal_pending()) {
        const timespec at_once = {0, 0};
        sigset_t pipe;
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        sigtimedwait(&pipe, nullptr, &at_once);
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

} // namespace engraft_node_impl
