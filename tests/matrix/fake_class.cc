// SPDX-License-Identifier: MIT
#define FAKE_INLINE FAKE_NAME
#include "fake.h"

namespace fake {

Shape::~Shape() {}
const char *Shape::copy() const { return FAKE_NAME; }

Square::~Square() {}
const char *Square::own() const { return inline_copy(); }

Shape *make_square() { return new Square; }

} // namespace fake
