/* SPDX-License-Identifier: MIT */
/* A small object with everything a parser may meet: versions, notes, TLS, every kind of reference. */
extern int fk_data, fk_call(void), fk_address(void), _ZN2v82V810GetVersionEv(void);
extern int fk_absent(void) __attribute__((weak));
__thread int seed_tls;
int seed_data = 1;
int seed_1(void), seed_2(void);

__attribute__((weak)) int fk_inline(void) { return 1; }
int (*seed_table[])(void) = {fk_address, fk_inline, seed_1};

int seed_1(void) { return fk_call() + fk_data + (fk_absent ? fk_absent() : 0) + seed_tls++; }
int seed_2(void) { return seed_1() + _ZN2v82V810GetVersionEv(); }

__asm__(".symver seed_1, seed@SEED_1\n.symver seed_2, seed@@SEED_2\n"
        ".pushsection .note.seed, \"a\", @note\n.balign 4\n.long 5, 6, 9\n.asciz \"seed\"\n"
        ".balign 4\n.ascii \"123456\"\n.balign 4\n.popsection");
