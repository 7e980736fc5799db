# SPDX-License-Identifier: MIT
"""What a reviewer may have to touch for a new V8: names that changed, and types that are leaves."""

import re

# Fields that only changed their spelling: all are compared by the last name.
FIELDS = {
    'i_isolate': 'isolate',
    'v8_isolate': 'isolate',
    'internal_isolate': 'isolate',
    'val': 'location',
    'slot': 'location',
    'host_defined_options': 'host_defined_options',
}

# Members that count the others: V8 moves them whenever it adds one.
COUNTERS = re.compile(r'(Count|^kLast.*|^kMax.*|^kNum.*|Last|Max)$')

# Enumerators that were retired under another name have the value that they had.
RETIRED = re.compile(r'^kOBSOLETE_')

# A compiler knows no more of these than that they are one word.
HANDLES = {
    'v8::Local', 'v8::MaybeLocal', 'v8::Global', 'v8::Persistent', 'v8::PersistentBase',
    'v8::UniquePersistent', 'v8::Eternal', 'v8::TracedReference', 'v8::BasicTracedReference',
    'v8::TracedGlobal', 'v8::TracedReferenceBase', 'v8::LocalBase', 'v8::IndirectHandleBase',
    'v8::DirectHandleBase',
}

# An isolate, whichever of its names the header uses.
ISOLATES = {'v8::Isolate', 'v8::internal::Isolate'}

# Class templates of which one instantiation is as good as any other.
INSTANCES = {
    'v8::FunctionCallbackInfo': 'v8::FunctionCallbackInfo<v8::Value>',
    'v8::PropertyCallbackInfo': 'v8::PropertyCallbackInfo<v8::Value>',
    'v8::ReturnValue': 'v8::ReturnValue<v8::Value>',
    'v8::WeakCallbackInfo': 'v8::WeakCallbackInfo<void>',
    'v8::MemorySpan': 'v8::MemorySpan<const unsigned char>',
    'v8::Maybe': 'v8::Maybe<double>',
}

# Constants of other classes than v8::internal::Internals that functions of headers use.
CONSTANT_CLASSES = (
    'v8::FunctionCallbackInfo', 'v8::PropertyCallbackInfo', 'v8::ReturnValue',
    'v8::WeakCallbackInfo',
)

# Records of v8::internal that plugins have code for.
INTERNAL_RECORDS = {
    'v8::internal::HandleScopeData', 'v8::internal::BackingStoreBase',
}

# The headers that are V8's and Node's public interface.
HEADERS = re.compile(r'(v8[^/]*|libplatform/[^/]*|cppgc/.*|node|node_buffer|node_object_wrap'
                     r'|node_version)\.h$')
NOT_INCLUDED = re.compile(r'(v8-inspector-protocol|v8-sandbox-.*|cppgc/macros)\.h$')


def field(name):
    """A field's name as all versions have it."""
    if '(' in name: # an anonymous member: libclang has it by its place in a file
        return ''
    name = name.rstrip('_')
    return FIELDS.get(name, name)


def retired(name):
    """kOBSOLETE_Name and kName are one enumerator."""
    return RETIRED.sub('k', name)


def identifier(name):
    """A C identifier for a name of C++: v8::ScriptCompiler::Source is ScriptCompiler_Source."""
    name = re.sub(r'^v8::', '', name)
    return re.sub(r'\W+', '_', name).strip('_')
