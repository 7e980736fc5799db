/* SPDX-License-Identifier: MIT */
/* The lock of a file's tables: a child of fork() finds it free and the tables whole. */
#ifndef ENGRAFT_V8_FORK_LOCK_H
#define ENGRAFT_V8_FORK_LOCK_H

#include <pthread.h>

#define FORK_LOCK                                                                                \
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;                                    \
                                                                                                 \
    static void lock(void)                                                                       \
    {                                                                                            \
        pthread_mutex_lock(&mutex);                                                              \
    }                                                                                            \
                                                                                                 \
    static void unlock(void)                                                                     \
    {                                                                                            \
        pthread_mutex_unlock(&mutex);                                                            \
    }                                                                                            \
                                                                                                 \
    __attribute__((constructor)) static void fork_prepare(void)                                  \
    {                                                                                            \
        pthread_atfork(lock, unlock, unlock);                                                    \
    }

#endif
