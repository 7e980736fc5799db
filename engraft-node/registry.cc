/* SPDX-License-Identifier: MIT */
/*
 * Which environments there are. A public handle is a number that is never used twice, so that one
 * that outlived its environment is recognised instead of followed.
 */
#include "internal.h"

namespace engraft_node_impl {

/* A handle of a value carries its environment above, so that it can be released by itself. */
static constexpr unsigned handle_bits = 40;

namespace {
struct Registry {
    Lock lock;
    uint64_t last = 0;
    std::unordered_map<uint64_t, std::shared_ptr<Environment>> environments;
};
} // namespace

/* Never destroyed: threads may still look at it while the process exits. */
static Registry &registry()
{
    static Registry *instance = new Registry;
    return *instance;
}

static std::shared_ptr<Environment> find_id(uint64_t id)
{
    if (in_forked_child())
        return nullptr;
    Hold hold(registry().lock);
    auto found = registry().environments.find(id);
    return found == registry().environments.end() ? nullptr : found->second;
}

std::shared_ptr<Environment> find(engraft_node *node)
{
    return find_id(reinterpret_cast<uint64_t>(node));
}

std::shared_ptr<Environment> find_by_handle(engraft_node_handle handle)
{
    return find_id(handle >> handle_bits);
}

void add(const std::shared_ptr<Environment> &environment)
{
    Hold hold(registry().lock);
    environment->id = ++registry().last;
    environment->last_handle = environment->id << handle_bits;
    registry().environments[environment->id] = environment;
}

void remove(const Environment &environment)
{
    Hold hold(registry().lock);
    registry().environments.erase(environment.id);
}

size_t environment_count()
{
    Hold hold(registry().lock);
    return registry().environments.size();
}

std::vector<std::shared_ptr<Environment>> all_environments()
{
    std::vector<std::shared_ptr<Environment>> all;
    Hold hold(registry().lock);
    for (const auto &entry : registry().environments)
        all.push_back(entry.second);
    return all;
}

std::shared_ptr<Environment> find_by_isolate(v8::Isolate *isolate)
{
    Hold hold(registry().lock);
    for (const auto &entry : registry().environments) {
        if (entry.second->isolate == isolate)
            return entry.second;
    }
    return nullptr;
}

Status unknown(engraft_node *node, Error *reterr)
{
    if (node == nullptr)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "the environment is NULL");
    if (in_forked_child())
        return fail(reterr, ENGRAFT_NODE_ENDED, "the environment is the parent process's");
    return fail(reterr, ENGRAFT_NODE_ARGUMENT, "no such environment: stopped, or never started");
}

} // namespace engraft_node_impl
