/* SPDX-License-Identifier: MIT */
/*
 * A plugin that embeds Node as MetaCall's node_loader does: it links to a libnode and calls
 * node::Start(). This file is compiled once; what differs is the library that it is linked to.
 */
#include <node.h>
#include <stdio.h>

namespace {

/* The first code of the plugin's own. The library it NEEDs is initialised before. */
__attribute__((constructor)) void Announce()
{
    printf("plugin: my first line of code runs\n");
    fflush(stdout);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int plugin_run(int argc, char **argv)
{
    return node::Start(argc, argv);
}
