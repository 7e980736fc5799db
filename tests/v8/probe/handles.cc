/* SPDX-License-Identifier: MIT */
/* Handles and the scopes they live in. */
#include "probe.h"

using namespace probe;

CASE(handle_local)
{
    Local<Value> empty;
    Local<Value> one = Integer::New(isolate, 1);
    Local<Value> other = Local<Value>::New(isolate, one);

    CHECK(empty.IsEmpty());
    CHECK(!one.IsEmpty());
    CHECK(one == other);
    CHECK(!(one != other));
    CHECK_EQ(Num(other), 1.0);
    other.Clear();
    CHECK(other.IsEmpty());
}
