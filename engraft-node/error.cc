/* SPDX-License-Identifier: MIT */
/* Texts: of a status, of an error. */
#include "internal.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace engraft_node_impl {

/* Whether `byte` continues a UTF-8 sequence. */
static bool continues(char byte)
{
    return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

void copy_text(char *to, size_t size, const char *from, size_t length)
{
    if (length >= size) {
        length = size - 1;
        while (length > 0 && continues(from[length]))
            length--;
    }
    memcpy(to, from, length);
    to[length] = '\0';
}

Status fail(Error *reterr, Status status, const char *format, ...)
{
    if (reterr != nullptr) {
        char text[sizeof(reterr->message) * 2];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        memset(reterr, 0, sizeof(*reterr));
        reterr->status = status;
        copy_text(reterr->message, sizeof(reterr->message), text, strlen(text));
    }
    return status;
}

} // namespace engraft_node_impl

const char *engraft_node_status_text(enum engraft_node_status status)
{
    switch (status) {
    case ENGRAFT_NODE_OK:
        return "success";
    case ENGRAFT_NODE_ARGUMENT:
        return "wrong argument";
    case ENGRAFT_NODE_THROWN:
        return "JavaScript threw an exception";
    case ENGRAFT_NODE_TYPE:
        return "wrong type of value";
    case ENGRAFT_NODE_TIMEOUT:
        return "timed out";
    case ENGRAFT_NODE_ENDED:
        return "the environment has ended";
    case ENGRAFT_NODE_MEMORY:
        return "the heap limit is reached";
    case ENGRAFT_NODE_SYSTEM:
        return "the operating system refused";
    case ENGRAFT_NODE_INITIALISE:
        return "Node.js cannot be initialised";
    case ENGRAFT_NODE_ISOLATE:
        return "no usable isolate";
    case ENGRAFT_NODE_DEADLOCK:
        return "would wait for itself";
    case ENGRAFT_NODE_BUSY:
        return "in use";
    case ENGRAFT_NODE_UNSUPPORTED:
        return "not supported";
    }
    return "unknown status";
}
