/* SPDX-License-Identifier: MIT */
/* See fuzz.h. */
#include "fuzz.h"

#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define INPUT_MAX 64
#define HOT_MAX 64
#define RUN_SECONDS 20

/* Where a change is likely to matter. */
struct region {
    size_t start, size;
};

struct input {
    const char *path;
    unsigned char *bytes;
    size_t size;
    struct region hot[HOT_MAX];
    unsigned hot_count;
};

static struct input inputs[INPUT_MAX];
static size_t input_count;

/* ---- what is being run, for the one who dies of it ------------------------------------------------------ */

static const unsigned char *current;
static size_t current_size;
static unsigned long current_run;

static void current_save(void)
{
    char text[128];
    int fd = open("fuzz-crash", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    int length = snprintf(text, sizeof text, "\n# run %lu failed; its input is in fuzz-crash\n",
                          current_run);

    if (fd >= 0 && write(fd, current, current_size) == (ssize_t)current_size &&
        write(STDERR_FILENO, text, (size_t)length) < 0) {
        /* nobody is listening */
    }
}

/* Whatever goes wrong ends here: the sanitizers are told to abort, too. */
static void aborted(int number)
{
    current_save();
    signal(number, SIG_DFL);
    raise(number);
}

static void too_long(int number)
{
    (void)number;
    abort();
}

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
    return "abort_on_error=1:allocator_may_return_null=1";
}

const char *__ubsan_default_options(void)
{
    return "abort_on_error=1:print_stacktrace=1";
}

/* ---- random numbers ----------------------------------------------------------------------------------------- */

static uint64_t random_state;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * 0x2545f4914f6cdd1dULL;
}

static size_t random_below(size_t limit)
{
    return limit ? (size_t)(random_next() % limit) : 0;
}

/* ---- inputs ---------------------------------------------------------------------------------------------------- */

static void hot_add(struct input *input, uint64_t start, uint64_t size)
{
    if (start >= input->size || size == 0 || input->hot_count == HOT_MAX)
        return;
    if (size > input->size - start)
        size = input->size - start;
    input->hot[input->hot_count].start = (size_t)start;
    input->hot[input->hot_count++].size = (size_t)size;
}

static uint64_t file_offset(const Elf64_Phdr *phdr, unsigned count, uint64_t vaddr)
{
    for (unsigned i = 0; i < count; i++)
        if (phdr[i].p_type == PT_LOAD && vaddr - phdr[i].p_vaddr < phdr[i].p_filesz)
            return phdr[i].p_offset + (vaddr - phdr[i].p_vaddr);
    return UINT64_MAX;
}

static void hot_tables(struct input *input, const Elf64_Phdr *phdr, unsigned count,
                       const Elf64_Phdr *dynamic)
{
    static const int64_t tags[] = {DT_GNU_HASH, DT_HASH,   DT_SYMTAB,  DT_STRTAB, DT_VERSYM,
                                   DT_VERDEF,   DT_VERNEED, DT_RELA,   DT_JMPREL};

    for (uint64_t at = 0; at + 16 <= dynamic->p_filesz && dynamic->p_offset + at + 16 <= input->size;
         at += 16) {
        Elf64_Dyn entry;

        memcpy(&entry, input->bytes + dynamic->p_offset + at, sizeof entry);
        for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
            if (entry.d_tag == tags[i])
                hot_add(input, file_offset(phdr, count, entry.d_un.d_ptr), 256);
    }
}

/* Headers, the dynamic section, notes, and the start of each table that the dynamic section names. */
static void hot_find(struct input *input)
{
    Elf64_Ehdr header;
    Elf64_Phdr phdr[32];
    unsigned count;

    if (input->size < sizeof header || memcmp(input->bytes, ELFMAG, SELFMAG) != 0)
        return;
    memcpy(&header, input->bytes, sizeof header);
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
        hot_add(input, 0, 2048); /* small, and written by code: nearly all of it */
        return;
    }
    count = header.e_phnum < 32 ? header.e_phnum : 32;
    if (header.e_phoff + count * sizeof *phdr > input->size)
        return;
    memcpy(phdr, input->bytes + header.e_phoff, count * sizeof *phdr);
    hot_add(input, 0, sizeof header + count * sizeof *phdr);
    for (unsigned i = 0; i < count; i++) {
        if (phdr[i].p_type != PT_DYNAMIC && phdr[i].p_type != PT_NOTE)
            continue;
        hot_add(input, phdr[i].p_offset, phdr[i].p_filesz);
        if (phdr[i].p_type == PT_DYNAMIC)
            hot_tables(input, phdr, count, &phdr[i]);
    }
}

static void input_read(struct input *input, const char *path)
{
    FILE *file = fopen(path, "rb");
    long size = 0;

    if (!file || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(2);
    }
    rewind(file);
    input->path = path;
    input->size = (size_t)size;
    input->bytes = malloc(input->size + 1);
    if (!input->bytes || fread(input->bytes, 1, input->size, file) != input->size)
        exit(2);
    fclose(file);
    hot_find(input);
}

/* ---- changes --------------------------------------------------------------------------------------------------- */

static size_t place_choose(const struct input *input, size_t size)
{
    const struct region *region;
    size_t at;

    if (!input->hot_count || random_below(8) == 0)
        return random_below(size);
    region = &input->hot[random_below(input->hot_count)];
    at = region->start + random_below(region->size);
    return at < size ? at : random_below(size);
}

static uint64_t value_choose(const unsigned char *bytes, size_t size)
{
    static const uint64_t values[] = {0,          1,          2,      4,          8,      16,
                                      0x7f,       0xff,       0x7fff, 0xffff,     0xfff,  0x1000,
                                      0x7fffffff, 0xffffffff, 1u << 31, 1ull << 32, 1ull << 63,
                                      UINT64_MAX, UINT64_MAX - 7, UINT64_MAX >> 1};
    uint64_t value;

    switch (random_below(5)) {
    case 0:
        return size - 8 + random_below(16);
    case 1: /* what stands somewhere else */
        if (size < 8)
            return 0;
        memcpy(&value, bytes + (random_below(size - 7) & ~(size_t)7), 8);
        return value;
    case 2:
        return random_next() >> random_below(64);
    default:
        return values[random_below(sizeof values / sizeof *values)];
    }
}

static void change(const struct input *input, unsigned char *bytes, size_t size)
{
    size_t at = place_choose(input, size), width = (size_t)1 << random_below(4);
    uint64_t value;

    if (random_below(4) == 0) {
        bytes[at] ^= (unsigned char)(1u << random_below(8));
        return;
    }
    at &= ~(width - 1);
    if (width > size - at)
        return;
    if (random_below(4) == 0) { /* a little more or less */
        value = 0;
        memcpy(&value, bytes + at, width);
        value += random_below(17) - 8;
    } else {
        value = value_choose(bytes, size);
    }
    memcpy(bytes + at, &value, width);
}

static void run(const struct input *input, unsigned changes)
{
    /* Of the exact size: the first byte behind it belongs to nobody. */
    size_t size = random_below(16) || !changes ? input->size : random_below(input->size + 1);
    unsigned char *bytes = malloc(size ? size : 1);

    if (!bytes)
        exit(2);
    memcpy(bytes, input->bytes, size);
    while (changes-- && size)
        change(input, bytes, size);
    current = bytes;
    current_size = size;
    alarm(RUN_SECONDS);
    LLVMFuzzerTestOneInput(bytes, size);
    alarm(0);
    free(bytes);
}

int main(int argc, char **argv)
{
    unsigned long runs;
    struct timespec start, end;

    if (argc < 4 || argc - 3 > INPUT_MAX) {
        fprintf(stderr, "usage: %s RUNS SEED FILE...\n", argv[0]);
        return 2;
    }
    runs = strtoul(argv[1], NULL, 0);
    random_state = strtoull(argv[2], NULL, 0) * 0x9e3779b97f4a7c15ull + 1;
    for (int i = 3; i < argc; i++)
        input_read(&inputs[input_count++], argv[i]);
    signal(SIGALRM, too_long);
    signal(SIGABRT, aborted);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (size_t i = 0; i < input_count; i++)
        run(&inputs[i], 0);
    for (current_run = 1; current_run <= runs; current_run++)
        run(&inputs[random_below(input_count)], 1 + (unsigned)random_below(8));
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("# %lu runs, seed %s, %zu files, %ld ms\n", runs, argv[2], input_count,
           (long)(end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000);
    for (size_t i = 0; i < input_count; i++)
        free(inputs[i].bytes);
    return 0;
}
