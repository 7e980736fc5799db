/* SPDX-License-Identifier: MIT */
/*
 * Who uses which V8: hosts, clients (objects of plugins with adapted references) and the isolates that
 * clients have created.
 *
 * host_enter() runs inside an IFUNC resolver, so hosts and clients live in static tables. Isolates are
 * added by calls of V8's API, where malloc() is as good as anywhere.
 */
#include <stdlib.h>
#include <string.h>

#include "bindings.h"
#include "fork_lock.h"
#include "host.h"

#define HOST_MAX 4
#define CLIENT_MAX 64
#define OWNER_FIRST 64 /* slots of the first table of isolates */

struct owner {
    const void *isolate; /* NULL: free */
    struct v8_client *client;
    unsigned long serial;
};

FORK_LOCK

static struct v8_host hosts[HOST_MAX];
static struct v8_client clients[CLIENT_MAX];
static struct owner *owners;
static size_t owner_size, owner_count; /* size: a power of two */
static unsigned long serials;

/* ---- isolates: open addressing, no tombstones --------------------------------------------------------- */

static size_t owner_home(const void *isolate)
{
    uint64_t value = (uintptr_t)isolate;

    return (size_t)((value >> 4) * 0x9e3779b97f4a7c15u >> 32) & (owner_size - 1);
}

/* The slot of the isolate, or the free one where it belongs. */
static struct owner *owner_slot(const void *isolate)
{
    size_t at = owner_home(isolate);

    while (owners[at].isolate && owners[at].isolate != isolate)
        at = (at + 1) & (owner_size - 1);
    return &owners[at];
}

static bool owners_grow(void)
{
    size_t before = owner_size;
    struct owner *old = owners;
    struct owner *new = calloc(before ? 2 * before : OWNER_FIRST, sizeof *new);

    if (!new)
        return false;
    owners = new;
    owner_size = before ? 2 * before : OWNER_FIRST;
    for (size_t i = 0; i < before; i++)
        if (old[i].isolate)
            *owner_slot(old[i].isolate) = old[i];
    free(old);
    return true;
}

/* Moves up what was pushed aside by the entry that goes, so that a search never stops early. */
static void owner_erase(size_t hole)
{
    size_t at = hole;

    owner_count--;
    for (;;) {
        owners[hole] = (struct owner){0};
        do {
            at = (at + 1) & (owner_size - 1);
            if (!owners[at].isolate)
                return;
        } while (((at - owner_home(owners[at].isolate)) & (owner_size - 1)) <
                 ((at - hole) & (owner_size - 1)));
        owners[hole] = owners[at];
        hole = at;
    }
}

static struct v8_client *owner_of(const void *isolate)
{
    return owner_count ? owner_slot(isolate)->client : NULL;
}

void isolate_add(void *isolate, struct v8_client *client)
{
    if (!isolate || !client)
        return;
    lock();
    if (2 * (owner_count + 1) <= owner_size || owners_grow()) {
        struct owner *slot = owner_slot(isolate);

        owner_count += slot->isolate == NULL;
        *slot = (struct owner){isolate, client, ++serials};
    }
    unlock();
}

static bool host_is_idle(const struct v8_host *host)
{
    for (unsigned i = 0; i < CLIENT_MAX; i++)
        if (clients[i].used && clients[i].host == host && clients[i].platform)
            return false;
    for (size_t i = 0; i < owner_size; i++)
        if (owners[i].isolate && owners[i].client->host == host)
            return false;
    return true;
}

/* The last one turns out the light. */
static void host_settle(struct v8_host *host)
{
    if (host->layout && host_is_idle(host))
        dispatcher_remove(host);
}

unsigned long isolate_serial(const void *isolate)
{
    unsigned long serial;

    lock();
    serial = owner_count ? owner_slot(isolate)->serial : 0;
    unlock();
    return serial;
}

void isolate_remove(const void *isolate, unsigned long serial)
{
    struct owner *slot;

    lock();
    slot = owner_count ? owner_slot(isolate) : NULL;
    if (slot && slot->isolate && slot->serial == serial) {
        struct v8_host *host = slot->client->host;

        owner_erase((size_t)(slot - owners));
        host_settle(host);
    }
    unlock();
}

/* ---- platforms ---------------------------------------------------------------------------------------- */

/* Its own, or that of another object that the same load has brought. */
static struct cxx_object *client_platform(const struct v8_client *client)
{
    if (client->platform)
        return client->platform;
    for (unsigned i = 0; i < CLIENT_MAX; i++)
        if (clients[i].used && clients[i].object.group == client->object.group &&
            clients[i].platform)
            return clients[i].platform;
    return atomic_load_explicit(&client->host->spare, memory_order_acquire);
}

struct cxx_object *platform_of_isolate(struct v8_host *host, const void *isolate)
{
    struct cxx_object *platform = NULL;
    struct v8_client *client;

    lock();
    client = owner_of(isolate);
    if (client)
        platform = client_platform(client);
    unlock();
    return platform ? platform : atomic_load_explicit(&host->own, memory_order_acquire);
}

void client_start(struct v8_client *client, struct cxx_object *platform)
{
    lock();
    client->platform = platform;
    unlock();
}

void client_stop(struct v8_client *client)
{
    lock();
    client->platform = NULL;
    host_settle(client->host);
    unlock();
}

/* ---- clients ------------------------------------------------------------------------------------------ */

static struct v8_client *client_find(uintptr_t address)
{
    for (unsigned i = 0; i < CLIENT_MAX; i++)
        if (clients[i].used && address - clients[i].object.start <
                                   clients[i].object.end - clients[i].object.start)
            return &clients[i];
    return NULL;
}

struct v8_client *client_at(const void *address)
{
    struct v8_client *client;

    lock();
    client = client_find((uintptr_t)address);
    unlock();
    return client;
}

struct v8_host *host_at(const void *address)
{
    struct v8_client *client = client_at(address);

    return client ? client->host : &hosts[0];
}

static struct v8_host *host_find(const struct abi_pair *pair)
{
    struct v8_functions functions = {0};
    struct v8_host *host = NULL;

    lifecycle_resolve(pair, &functions);
    for (unsigned i = 0; i < HOST_MAX && !host; i++)
        if (hosts[i].used && hosts[i].functions.isolate_allocate == functions.isolate_allocate)
            return &hosts[i];
    for (unsigned i = 0; i < HOST_MAX && !host; i++)
        if (!hosts[i].used)
            host = &hosts[i];
    if (!host || !abi_version_parts(pair->host->version, host->version, 2))
        return NULL;
    host->functions = functions;
    host->layout = functions.platform && functions.platform_set && functions.isolate_current
                       ? platform_layout_of(pair->host->version)
                       : NULL;
    host->has_node = abi_host_address(pair, "_ZN4node20MultiIsolatePlatform6CreateEiPN2v817Tracing"
                                            "ControllerEPNS1_13PageAllocatorE") != 0;
    if (host->layout)
        dispatcher_prepare(host);
    host->used = true;
    return host;
}

static void client_clear(struct v8_client *client)
{
    struct v8_host *host = client->host;

    for (size_t i = 0; i < owner_size;)
        if (owners[i].isolate && owners[i].client == client)
            owner_erase(i);
        else
            i++;
    memset(client, 0, sizeof *client);
    host_settle(host);
}

static struct v8_pair *pair_of(const struct abi_pair *pair)
{
    enum v8_version plugin, host;

    return v8_versions_of(pair, &plugin, &host) && plugin != host ? v8_pair_of(pair) : NULL;
}

enum engraft_status host_enter(const struct abi_pair *pair, const struct abi_object *object)
{
    struct v8_client *client = NULL;
    struct v8_host *host;

    lock();
    for (unsigned i = 0; i < CLIENT_MAX; i++)
        if (clients[i].used && clients[i].object.start < object->end &&
            object->start < clients[i].object.end)
            client_clear(&clients[i]); /* it has gone without a word: its place is taken */
    host = host_find(pair);
    for (unsigned i = 0; host && i < CLIENT_MAX && !client; i++)
        if (!clients[i].used)
            client = &clients[i];
    if (client)
        *client = (struct v8_client){.used = true, .object = *object, .host = host,
                                     .pair = pair_of(pair)};
    unlock();
    return client ? ENGRAFT_OK : ENGRAFT_LIMIT;
}

void host_leave(const struct abi_object *object)
{
    lock();
    for (unsigned i = 0; i < CLIENT_MAX; i++)
        if (clients[i].used && clients[i].object.start == object->start)
            client_clear(&clients[i]);
    unlock();
}
