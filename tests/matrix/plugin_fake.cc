// SPDX-License-Identifier: MIT
//
// A plugin of the fake engine: refers to it in every way an object can, and says which copy each
// reference reached.
#define FAKE_INLINE "plugin"
#include "fake.h"

#include <typeinfo>

#include "report.h"

extern "C" {
const char *fake_absent(void) __attribute__((weak));
#ifdef PLUGIN_VERSIONED
const char *fake_versioned_old(void);
__asm__(".symver fake_versioned_old, fake_versioned@FAKE_1");
#endif
#ifdef PLUGIN_MISSING
const char *fake_newer(int value);
#endif
#ifdef PLUGIN_MISSING_DATA
extern int fake_newer_data;
#endif
#ifdef PLUGIN_TLS
extern __thread int fake_tls;
#endif
}

typedef const char *copy_function(void);

// Static data that the dynamic linker has to fill: a table of functions, pointers with addends.
static copy_function *const volatile table[] = {
    fake_copy,
#ifndef PLUGIN_NO_INDIRECT
    fake_indirect,
#endif
};
static const int *const volatile element = &fake_table[3];
static const char *const volatile letter = &fake_name[1];
static copy_function *const volatile absent = fake_absent;

namespace {

class Mine : public fake::Shape {
public:
    const char *own() const override { return "plugin"; }
};

} // namespace

static void report_functions()
{
    copy_function *volatile pointer = fake_copy;

    say("call", fake_copy());
    say("pointer", pointer());
    say("address", copy_at(reinterpret_cast<const void *>(pointer)));
    say("table", table[0]());
    say("same address", table[0] == pointer ? "yes" : "no");
#ifndef PLUGIN_NO_INDIRECT
    say("indirect", fake_indirect());
    say("indirect in table", table[1]());
#endif
    say("variadic", fake_averages(2.0, 3, 1.0, 2.0, 3.0));
    say("large result", fake_large_result().copy);
    say("weak undefined", absent ? absent() : "null");
#ifdef PLUGIN_VERSIONED
    say("old version", fake_versioned_old());
    say("new version", fake_versioned());
#endif
#ifdef PLUGIN_MISSING
    const char *value = fake_newer(1);
    say("missing function", value ? value : "null");
#endif
#ifdef PLUGIN_MISSING_DATA
    say("missing data", fake_newer_data == 1 ? "there" : "wrong");
#endif
#ifdef PLUGIN_TLS
    say("thread-local", fake_copy_of_number(fake_tls));
#endif
}

static void report_data()
{
    int before = fake_counter_get();

    say("data", fake_name);
    say("data with addend", letter - 1 == fake_name ? copy_at(letter) : "wrong");
    say("data pointer", fake_copy_of_number((*element - 3) / 100));
    fake_counter = before + 1;
    say("data written", fake_counter_get() == before + 1 ? "seen" : "not seen");
}

static void report_classes()
{
    Mine mine;
    const fake::Shape *volatile shape = &mine;
    fake::Shape *square = fake::make_square();

    say("inherited virtual", shape->copy());
    say("own virtual", shape->own());
    say("typeinfo", copy_at(&typeid(*square)));
    say("same typeinfo", &typeid(*square) == &typeid(fake::Square) ? "yes" : "no");
    say("dynamic cast", dynamic_cast<fake::Square *>(square) ? "works" : "fails");
    say("defined by both", fake::inline_copy());
    delete square;
}

EXPORTED void PLUGIN_ENTRY(void)
{
    report_functions();
    report_data();
    report_classes();
    inner_report();
}

__attribute__((constructor)) static void construct()
{
    say("constructor", fake_copy());
    nested_open();
#ifdef PLUGIN_HIDDEN
    PLUGIN_ENTRY();
#endif
}

__attribute__((destructor)) static void destruct()
{
    say("destructor", fake_copy());
    say("engine finalised before", fake_finalised ? "yes" : "no");
}
