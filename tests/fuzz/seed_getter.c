/* SPDX-License-Identifier: MIT */
/* Small functions for fuzz_getter: see fuzz.t. */
extern void *seed_made(const char *text);
extern const char *const seed_pointer;
const char *const seed_pointer = "pointer 4.5.6";
static const int numbers[] = {90004, 2, 67, 68, 1, 12};

int seed_number(void) { return 2041; }
const char *seed_text(void) { return "text 1.2.3"; }
const char *seed_through(void) { return seed_pointer; }
double seed_real(void) { return 504; }
const char *seed_forward(void) { return seed_text(); }
void *seed_passes(void) { return seed_made("passed 3.0.8"); }
int seed_which(unsigned which) { return which < 6 ? numbers[which] : -1; }

void seed_stores(int *first, int *second, short *third)
{
    if (first)
        *first = 8;
    if (second)
        *second = 6;
    if (third)
        *third = 13;
}

int seed_switch(int which)
{
    switch (which) {
    case 1:
        return (int)seed_real();
    case 2:
        return seed_number() << 3;
    case 3:
        return seed_which(3);
    case 4:
        return -7;
    case 5:
        seed_stores(&which, 0, 0);
        return which;
    default:
        return which;
    }
}
