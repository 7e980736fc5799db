/* SPDX-License-Identifier: MIT */
/*
 * HandleScopeData of plugins from 14.1 on, which have HandleScope inlined: their code changes the shadow's,
 * and V8 works with its own.
 *
 * While the host calls the plugin through an adapter both are equal whenever control passes. But hosts
 * also call plugins where no adapter can know it: by N-API, libuv, threads. So between calls the shadow's
 * is parked: next and limit are equal, and nothing that the host ever has. A scope that the plugin opens
 * then counts the level up and remembers the mark; a handle makes it call Extend(), as there seems to be
 * no room. With its first call of the host the scopes are opened in the host's data, too; and when the
 * plugin closes its outermost one, it finds the limit changed and calls DeleteExtensions(): with the mark
 * for next and limit, by which the host's own are put back.
 */
#include "shadow.h"

#define MARK ((v8_value *)1)

static struct handle_data *plugins(struct shadow *shadow)
{
    int32_t offset = v8_constant(V8_kIsolateHandleScopeDataOffset, shadow->pair->plugin);

    return (struct handle_data *)((char *)shadow + offset);
}

static struct handle_data *hosts(struct shadow *shadow)
{
    return (struct handle_data *)host_scope_data(shadow->pair, shadow->isolate);
}

/* Not what lies behind the level. */
static void copy(const struct handle_data *from, struct handle_data *to)
{
    to->next = from->next;
    to->limit = from->limit;
    to->level = from->level;
}

static bool is_equal(const struct handle_data *one, const struct handle_data *other)
{
    return one->next == other->next && one->limit == other->limit && one->level == other->level;
}

static bool is_marked(const struct handle_data *data)
{
    return data->next == MARK && data->limit == MARK;
}

static void park(struct shadow *shadow)
{
    copy(&(struct handle_data){MARK, MARK, 0}, plugins(shadow));
    shadow->mirror.open = false;
}

void mirror_start(struct shadow *shadow)
{
    shadow->mirror = (struct mirror){0};
    park(shadow);
}

/*
 * A profiler's signal handler is the plugin's code, and calls the host while the host is at work: what the
 * plugin has is out of date then, and must not go to the host. The order of the stores is part of it: the
 * handler may come between any two.
 */
static void mirror_order(void)
{
    atomic_signal_fence(memory_order_seq_cst);
}

void mirror_enter(struct shadow *shadow)
{
    shadow->mirror.away = true;
    mirror_order();
    shadow->mirror.depth++;
    mirror_order();
    copy(hosts(shadow), plugins(shadow));
    mirror_order();
    shadow->mirror.away = false;
}

void mirror_leave(struct shadow *shadow)
{
    copy(plugins(shadow), hosts(shadow));
    mirror_order();
    shadow->mirror.away = true; /* as it was when the host called, unless depth is 0 */
    mirror_order();
    shadow->mirror.depth--;
    if (!shadow->mirror.depth && !shadow->mirror.open)
        park(shadow);
}

/* Scopes that were opened on the mark. */
static void scopes_open(struct shadow *shadow, int count)
{
    copy(hosts(shadow), &shadow->mirror.base);
    hosts(shadow)->level += count;
    shadow->mirror.open = true;
}

/* The plugin was parked. */
static void parked_call(struct shadow *shadow)
{
    struct handle_data *own = plugins(shadow), *host = hosts(shadow);

    if (is_marked(own)) {
        if (own->level > 0)
            scopes_open(shadow, own->level);
        return;
    }
    /* A scope that the host had opened for it was closed by the plugin; or a handle was made after
     * Extend(), which the host knows. */
    if (own->level < 0) {
        host->next = own->next;
        host->limit = own->limit;
        host->level += own->level;
    } else if (own->next > host->next && own->next <= host->limit) {
        host->next = own->next;
    }
    park(shadow);
}

/* The plugin has scopes. */
static void open_call(struct shadow *shadow)
{
    struct handle_data *own = plugins(shadow), *host = hosts(shadow);
    struct mirror *mirror = &shadow->mirror;

    if (!is_equal(host, &mirror->last)) {
        /* It had returned to the host without closing them here: what it has opened since is new. */
        scopes_open(shadow, own->level - mirror->last.level);
        return;
    }
    if (!is_marked(own)) {
        copy(own, host);
        return;
    }
    host->next = mirror->base.next;
    host->limit = mirror->base.limit;
    host->level = own->level;
    if (own->level <= mirror->base.level)
        park(shadow);
}

void mirror_call(struct shadow *shadow)
{
    if (shadow->mirror.depth && shadow->mirror.away) {
        shadow->mirror.interrupting++;
        return;
    }
    if (shadow->mirror.depth) {
        copy(plugins(shadow), hosts(shadow));
        mirror_order();
        shadow->mirror.away = true;
    } else if (shadow->mirror.open) {
        open_call(shadow);
    } else {
        parked_call(shadow);
    }
}

void mirror_return(struct shadow *shadow)
{
    if (shadow->mirror.interrupting) {
        shadow->mirror.interrupting--;
        return;
    }
    if (!shadow->mirror.depth && !shadow->mirror.open)
        return;
    copy(hosts(shadow), plugins(shadow));
    copy(hosts(shadow), &shadow->mirror.last);
    mirror_order();
    shadow->mirror.away = false;
}
