/* SPDX-License-Identifier: MIT */
/*
 * What Node has once per process: its options, V8's flags, the platform's threads. node.cc refuses
 * a second initialisation with a CHECK, so it is done once, by the first start, and stays.
 */
#include "internal.h"

#include <algorithm>
#include <cstdlib>
#include <unistd.h>
#include <v8-version.h>

#ifndef V8_EMBEDDER_STRING /* Node's build defines it: "-node.37" */
#define V8_EMBEDDER_STRING ""
#endif

namespace engraft_node_impl {

enum class State { none, ready, failed, shut_down };

namespace {
struct Process {
    Lock lock;
    State state = State::none;
    std::string failure;
    std::unique_ptr<node::InitializationResult> result;
    std::vector<std::string> given; /* the first start's arguments */
};
} // namespace

/* Never destroyed: environments may be running while the process exits. */
static Process &process()
{
    static Process *instance = new Process;
    return *instance;
}

static std::atomic<pid_t> process_id{0};

node::MultiIsolatePlatform *platform()
{
    return process().result->platform();
}

const std::vector<std::string> &exec_arguments()
{
    return process().result->exec_args();
}

bool in_forked_child()
{
    pid_t first = process_id.load();
    return first != 0 && first != getpid();
}

static node::ProcessInitializationFlags::Flags flags_of(const engraft_node_options &options)
{
    using namespace node::ProcessInitializationFlags;
    uint64_t flags = kNoStdioInitialization | kNoDefaultSignalHandling |
                     kNoParseGlobalDebugVariables | kNoAdjustResourceLimits | kNoUseLargePages |
                     kNoPrintHelpOrVersionOutput;
    if ((options.flags & ENGRAFT_NODE_ENVIRONMENT) == 0)
        flags |= kDisableNodeOptionsEnv;
    return static_cast<Flags>(flags);
}

static std::vector<std::string> arguments_of(const engraft_node_options &options)
{
    std::vector<std::string> arguments;
    for (size_t i = 0; i < options.argument_count; i++)
        arguments.emplace_back(options.arguments[i]);
    return arguments;
}

static void initialise_now(const engraft_node_options &options)
{
    SignalsBlocked for_the_threads_of_the_platform;
    Process &us = process();
    us.given = arguments_of(options);
    std::vector<std::string> arguments = {"node"};
    arguments.insert(arguments.end(), us.given.begin(), us.given.end());
    process_id = getpid();
    us.result = node::InitializeOncePerProcess(arguments, flags_of(options));
    if (!us.result->early_return()) {
        atexit(interrupt_all);
        us.state = State::ready;
        return;
    }
    us.state = State::failed;
    for (const std::string &error : us.result->errors())
        us.failure += (us.failure.empty() ? "" : "; ") + error;
    if (us.failure.empty())
        us.failure = "exit code " + std::to_string(us.result->exit_code());
}

/* V8's flags are frozen by now and Node's options are read by every environment alike. */
static Status check_later_arguments(const engraft_node_options &options, Error *reterr)
{
    const std::vector<std::string> &given = process().given;
    for (const std::string &argument : arguments_of(options)) {
        if (std::find(given.begin(), given.end(), argument) == given.end())
            return fail(reterr, ENGRAFT_NODE_UNSUPPORTED,
                        "%s: the options of Node.js are fixed by the first start of a process",
                        argument.c_str());
    }
    return ENGRAFT_NODE_OK;
}

Status initialise(const engraft_node_options &options, Error *reterr)
{
    if (in_forked_child())
        return fail(reterr, ENGRAFT_NODE_INITIALISE, "Node.js was started before fork()");
    Process &us = process();
    Hold hold(us.lock);
    if (us.state == State::none)
        initialise_now(options);
    else if (us.state == State::ready)
        return check_later_arguments(options, reterr);
    if (us.state == State::shut_down)
        return fail(reterr, ENGRAFT_NODE_INITIALISE, "engraft_node_shutdown() was called");
    if (us.state == State::failed)
        return fail(reterr, ENGRAFT_NODE_INITIALISE, "%s", us.failure.c_str());
    return ENGRAFT_NODE_OK;
}

static Status shut_down(Error *reterr)
{
    Process &us = process();
    Hold hold(us.lock);
    size_t count = environment_count();
    if (count != 0)
        return fail(reterr, ENGRAFT_NODE_BUSY, "%zu environments are running", count);
    if (us.state == State::ready && !in_forked_child()) {
        us.result.reset();
        node::TearDownOncePerProcess();
    }
    us.state = State::shut_down;
    return ENGRAFT_NODE_OK;
}

} // namespace engraft_node_impl

enum engraft_node_status engraft_node_shutdown(struct engraft_node_error *reterr)
{
    return engraft_node_impl::shut_down(reterr);
}

int engraft_node_main(int argc, char **argv)
{
    return node::Start(argc, argv);
}

#define TEXT_OF(macro) TEXT_OF_(macro)
#define TEXT_OF_(text) #text

const char *engraft_node_version(void)
{
    return TEXT_OF(NODE_MAJOR_VERSION) "." TEXT_OF(NODE_MINOR_VERSION) "." TEXT_OF(
        NODE_PATCH_VERSION);
}

const char *engraft_node_v8_version(void)
{
    return TEXT_OF(V8_MAJOR_VERSION) "." TEXT_OF(V8_MINOR_VERSION) "." TEXT_OF(
        V8_BUILD_NUMBER) "." TEXT_OF(V8_PATCH_LEVEL) V8_EMBEDDER_STRING;
}

const char *engraft_node_v8_running(void)
{
    return v8::V8::GetVersion();
}

int engraft_node_abi(void)
{
    return NODE_MODULE_VERSION;
}
