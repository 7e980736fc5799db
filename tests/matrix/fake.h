/* SPDX-License-Identifier: MIT */
/*
 * The small fake engine. Every copy of it answers with its own name (FAKE_NAME), so that a plugin
 * can tell which copy each of its references reached.
 */
#ifndef FAKE_H
#define FAKE_H

#ifdef __cplusplus
extern "C" {
#endif

struct fake_large { /* too large for registers: returned through a hidden pointer */
    const char *copy;
    long padding[7];
};

extern int fake_ready;
extern int fake_finalised;
extern const char fake_name[16];
extern int fake_table[8]; /* FAKE_NUMBER * 100 + index */
extern int fake_counter;

void fake_start(void);
const char *fake_copy(void);
const char *fake_indirect(void); /* an IFUNC */
const char *fake_versioned(void);
const char *fake_averages(double expected, int count, ...); /* its copy, "wrong" on a mismatch */
struct fake_large fake_large_result(void);
int fake_counter_get(void);
const char *fake_copy_of_number(int number); /* 1 -> "host" ... */

#ifdef __cplusplus
}

namespace fake {

class Shape {
public:
    Shape() {}
    virtual ~Shape();
    virtual const char *copy() const; /* the engine's */
    virtual const char *own() const { return "inline"; }
};

class Square : public Shape {
public:
    ~Square() override;
    const char *own() const override;
};

Shape *make_square();

/* Vague linkage: engine and plugin each define it, and each means its own. */
__attribute__((noinline)) inline const char *inline_copy() { return FAKE_INLINE; }

} // namespace fake
#endif

#endif
