/* SPDX-License-Identifier: MIT */
/*
 * The default loop of the Node.js in libengraft-node.so, apart from the host's.
 *
 * libuv has one default loop in a process. A host that uses the same libuv (a node executable, a
 * server) runs its own work in it, from its own thread; two threads in one loop corrupt it, and a
 * host that waits in uv_run() never lets Node in (measured in a node executable: it hangs). The
 * linker's --wrap sends Node's calls of these functions here; libuv and the host keep theirs.
 */
#include <pthread.h>
#include <stdbool.h>
#include <uv.h>

int __real_uv_loop_close(uv_loop_t *loop);
void __real_uv_loop_delete(uv_loop_t *loop);
uv_loop_t *__wrap_uv_default_loop(void);
int __wrap_uv_loop_close(uv_loop_t *loop);
void __wrap_uv_loop_delete(uv_loop_t *loop);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uv_loop_t private_loop;
static bool initialised;

/* As uv_default_loop(): NULL when there is no memory; made anew after it was closed. */
uv_loop_t *__wrap_uv_default_loop(void)
{
    pthread_mutex_lock(&lock);
    if (!initialised)
        initialised = uv_loop_init(&private_loop) == 0;
    uv_loop_t *loop = initialised ? &private_loop : NULL;
    pthread_mutex_unlock(&lock);
    return loop;
}

int __wrap_uv_loop_close(uv_loop_t *loop)
{
    int status = __real_uv_loop_close(loop);

    if (status == 0 && loop == &private_loop) {
        pthread_mutex_lock(&lock);
        initialised = false;
        pthread_mutex_unlock(&lock);
    }
    return status;
}

/* libuv frees every loop but its own default one. */
void __wrap_uv_loop_delete(uv_loop_t *loop)
{
    if (loop == &private_loop)
        __wrap_uv_loop_close(loop);
    else
        __real_uv_loop_delete(loop);
}
