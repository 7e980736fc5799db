/* SPDX-License-Identifier: MIT */
/*
 * The proof.  It links libc only, shares no code with engraft, and asks nothing of it:
 *
 * - which files are mapped is read from /proc/self/maps, and whether one of them holds V8 from
 *   that file on disk: it defines V8::GetVersion and contains the text of a version of V8, or it
 *   only defines the names, as a hostile copy does;
 * - which references to V8 the plugin has is read from the plugin's file on disk, where nobody
 *   has rewritten anything;
 * - where each of them lies now is read from the relocated word in memory; dladdr says in which
 *   module that is, and the module's file on disk at which address that very name ought to be.
 */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROOF_EXPORT __attribute__((visibility("default")))

PROOF_EXPORT int proof_print(const char *plugin);
PROOF_EXPORT void proof_r(char **plugin);
PROOF_EXPORT void node_register_module_v108(void *exports, void *module, void *context);

enum { MAX_FILES = 1024, MAX_GROUPS = 64 };

struct file {
    char path[PATH_MAX];
    uintptr_t start; /* of its lowest mapping */
    const char *bytes;
    size_t size;
    const Elf64_Sym *symbols;
    size_t symbol_count;
    const char *names;
};

/* ---- files on disk */

static const Elf64_Shdr *section(const struct file *file, unsigned type, size_t index)
{
    const Elf64_Ehdr *header = (const void *)file->bytes;
    const Elf64_Shdr *sections = (const void *)(file->bytes + header->e_shoff);

    for (size_t i = 0; i < header->e_shnum; i++)
        if (sections[i].sh_type == type && index-- == 0)
            return &sections[i];
    return NULL;
}

static void file_close(struct file *file)
{
    if (file->bytes)
        munmap((void *)file->bytes, file->size);
    file->bytes = NULL;
}

static bool file_find_symbols(struct file *file)
{
    const Elf64_Ehdr *header = (const void *)file->bytes;
    const Elf64_Shdr *table;

    if (file->size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) ||
        header->e_ident[EI_CLASS] != ELFCLASS64 ||
        header->e_shoff + header->e_shnum * sizeof(Elf64_Shdr) > file->size)
        return false;
    table = section(file, SHT_DYNSYM, 0);
    if (!table)
        return false;
    const Elf64_Shdr *sections = (const void *)(file->bytes + header->e_shoff);
    file->symbols = (const void *)(file->bytes + table->sh_offset);
    file->symbol_count = table->sh_size / sizeof(Elf64_Sym);
    file->names = file->bytes + sections[table->sh_link].sh_offset;
    return true;
}

/* Opens file->path; false if it is no ELF file with dynamic symbols. */
static bool file_open(struct file *file)
{
    struct stat status;
    int fd = open(file->path, O_RDONLY | O_CLOEXEC);
    void *bytes = MAP_FAILED;

    if (fd >= 0 && !fstat(fd, &status) && S_ISREG(status.st_mode) && status.st_size > 0)
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (fd >= 0)
        close(fd);
    if (bytes == MAP_FAILED)
        return false;
    file->bytes = bytes;
    file->size = (size_t)status.st_size;
    if (file_find_symbols(file))
        return true;
    file_close(file);
    return false;
}

/* The address of a name that the file defines, as the file states it; 0 if it does not. */
static uint64_t file_defines(const struct file *file, const char *name)
{
    for (size_t i = 1; i < file->symbol_count; i++)
        if (file->symbols[i].st_shndx != SHN_UNDEF && file->symbols[i].st_value &&
            !strcmp(file->names + file->symbols[i].st_name, name))
            return file->symbols[i].st_value;
    return 0;
}

/* ---- what is mapped */

static struct file mapped[MAX_FILES];
static size_t mapped_count;

static void remember(const char *path, uintptr_t start)
{
    for (size_t i = 0; i < mapped_count; i++)
        if (!strcmp(mapped[i].path, path))
            return;
    if (mapped_count == MAX_FILES)
        return;
    snprintf(mapped[mapped_count].path, sizeof(mapped[0].path), "%s", path);
    mapped[mapped_count++].start = start;
}

static bool read_maps(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char *line = NULL;
    size_t room = 0;

    if (!maps)
        return false;
    mapped_count = 0;
    while (getline(&line, &room, maps) > 0) {
        char *path = strchr(line, '/');

        if (!path)
            continue;
        path[strcspn(path, "\n")] = '\0';
        remember(path, (uintptr_t)strtoull(line, NULL, 16));
    }
    free(line);
    fclose(maps);
    return true;
}

/* "10.2.154.26-node.39" or the like: the text that V8::GetVersion answers with. */
static const char *version_text(const struct file *file)
{
    const char *at = file->bytes, *end = file->bytes + file->size;

    while ((at = memmem(at, (size_t)(end - at), "-node.", 6))) {
        const char *start = at;

        while (start > file->bytes && (strchr("0123456789.", start[-1]) && start[-1]))
            start--;
        if (at - start >= 7 && start > file->bytes && !start[-1])
            return start;
        at++;
    }
    return NULL;
}

static int print_mapped(void)
{
    int engines = 0, names_only = 0;

    for (size_t i = 0; i < mapped_count; i++) {
        struct file *file = &mapped[i];

        if (!file_open(file))
            continue;
        if (file_defines(file, "_ZN2v82V810GetVersionEv")) {
            const char *version = version_text(file);

            printf("proof: mapped: %s: %s%s\n", file->path, version ? "V8 " : "names of V8 only",
                   version ? version : "");
            version ? engines++ : names_only++;
        }
        file_close(file);
    }
    printf("proof: V8 is mapped %d time%s", engines, engines == 1 ? "" : "s");
    if (names_only)
        printf(", and %d cop%s of its names", names_only, names_only == 1 ? "y" : "ies");
    printf("\n");
    return engines;
}

/* ---- the plugin's references */

struct group {
    const char *kind;
    char module[PATH_MAX];
    unsigned count;
};

struct tally {
    struct group groups[MAX_GROUPS];
    size_t group_count;
    unsigned references, in_engine, own, same_name, adapted, lazy;
    struct file plugin, target; /* target: the module file that was opened last */
    uintptr_t base;
};

static bool is_engine_name(const char *name)
{
    return !strncmp(name, "_Z", 2) &&
           (strstr(name, "N2v8") || strstr(name, "NK2v8") || strstr(name, "N12v8_inspector"));
}

static const char *kind_name(unsigned type)
{
    switch (type) {
#if defined(__x86_64__)
    case R_X86_64_64: return "table entry (R_X86_64_64)";
    case R_X86_64_GLOB_DAT: return "pointer (R_X86_64_GLOB_DAT)";
    case R_X86_64_JUMP_SLOT: return "call (R_X86_64_JUMP_SLOT)";
#elif defined(__aarch64__)
    case R_AARCH64_ABS64: return "table entry (R_AARCH64_ABS64)";
    case R_AARCH64_GLOB_DAT: return "pointer (R_AARCH64_GLOB_DAT)";
    case R_AARCH64_JUMP_SLOT: return "call (R_AARCH64_JUMP_SLOT)";
#endif
    default: return NULL;
    }
}

static void count_group(struct tally *tally, const char *kind, const char *module)
{
    size_t i = 0;

    while (i < tally->group_count && (strcmp(tally->groups[i].kind, kind) ||
                                      strcmp(tally->groups[i].module, module)))
        i++;
    if (i == MAX_GROUPS)
        return;
    if (i == tally->group_count) {
        tally->group_count++;
        tally->groups[i].kind = kind;
        snprintf(tally->groups[i].module, sizeof(tally->groups[i].module), "%s", module);
    }
    tally->groups[i].count++;
}

/* Makes tally->target the file of a module; NULL if it cannot be read. */
static struct file *target_file(struct tally *tally, const char *module)
{
    /* dladdr names the executable as it was called, which may be no path. */
    const char *path = strchr(module, '/') ? module : "/proc/self/exe";

    if (tally->target.bytes && !strcmp(tally->target.path, path))
        return &tally->target;
    file_close(&tally->target);
    snprintf(tally->target.path, sizeof(tally->target.path), "%s", path);
    return file_open(&tally->target) ? &tally->target : NULL;
}

static bool is_named(struct tally *tally, const Dl_info *place, uintptr_t address, const char *name)
{
    struct file *file = target_file(tally, place->dli_fname);

    if (!file)
        return false;
    /* The addresses of an executable that is not position-independent are absolute. */
    const Elf64_Ehdr *header = (const void *)file->bytes;
    uintptr_t base = header->e_type == ET_EXEC ? 0 : (uintptr_t)place->dli_fbase;
    return file_defines(file, name) + base == address;
}

/* engraft's own function stands in where a plugin cannot do as if V8 were its own: isolates that it
 * creates in a host whose platform knows nothing of them. */
static bool is_adapter(const Dl_info *place)
{
    const char *slash = strrchr(place->dli_fname, '/');

    return strncmp(slash ? slash + 1 : place->dli_fname, "libengraft.so.", 14) == 0;
}

static void prove_reference(struct tally *tally, const Elf64_Rela *relocation)
{
    const Elf64_Sym *symbol = &tally->plugin.symbols[ELF64_R_SYM(relocation->r_info)];
    const char *name = tally->plugin.names + symbol->st_name;
    const char *kind = kind_name((unsigned)ELF64_R_TYPE(relocation->r_info));
    Dl_info place;

    if (!kind || !is_engine_name(name))
        return;
    uintptr_t address = *(const uintptr_t *)(tally->base + relocation->r_offset);
    address -= (uintptr_t)relocation->r_addend; /* 0 for the kinds that ignore it */
    if (!dladdr((void *)address, &place)) {
        printf("proof: %s: no module at %p\n", name, (void *)address);
        tally->references++;
        return;
    }
    bool own = (uintptr_t)place.dli_fbase == tally->base;
    if (own && symbol->st_shndx != SHN_UNDEF) {
        tally->own++;
        return;
    }
    tally->references++;
    count_group(tally, own ? "not yet bound" : kind, place.dli_fname);
    if (!own && is_named(tally, &place, address, name))
        tally->same_name++;
    else if (!own && is_adapter(&place))
        tally->adapted++;
    else if (!own)
        printf("proof: %s is not at %p\n", name, (void *)address);
}

static void prove_references(struct tally *tally)
{
    const Elf64_Shdr *table;

    for (size_t i = 0; (table = section(&tally->plugin, SHT_RELA, i)); i++) {
        const Elf64_Rela *relocations = (const void *)(tally->plugin.bytes + table->sh_offset);

        if (!(table->sh_flags & SHF_ALLOC))
            continue;
        for (size_t j = 0; j < table->sh_size / sizeof(*relocations); j++)
            prove_reference(tally, &relocations[j]);
    }
}

/* Finds the plugin among what is mapped: the same file, whatever the path. */
static bool find_plugin(const char *path, struct tally *tally)
{
    struct stat wanted, seen;

    if (stat(path, &wanted))
        return false;
    for (size_t i = 0; i < mapped_count; i++)
        if (!stat(mapped[i].path, &seen) && seen.st_dev == wanted.st_dev &&
            seen.st_ino == wanted.st_ino) {
            tally->plugin = mapped[i];
            tally->base = mapped[i].start;
            return file_open(&tally->plugin);
        }
    return false;
}

static void print_tally(const struct tally *tally)
{
    for (size_t i = 0; i < tally->group_count; i++)
        printf("proof: %3u %-32s -> %s\n", tally->groups[i].count, tally->groups[i].kind,
               tally->groups[i].module);
    printf("proof: %u references, %u at the symbol of that name in its module, %u at an adapter, "
           "%u own inline definitions kept\n",
           tally->references, tally->same_name, tally->adapted, tally->own);
}

int proof_print(const char *plugin)
{
    static struct tally tally;
    int engines;

    memset(&tally, 0, sizeof(tally));
    if (!read_maps() || !find_plugin(plugin, &tally)) {
        printf("proof: %s is not mapped\n", plugin);
        return 1;
    }
    engines = print_mapped();
    prove_references(&tally);
    print_tally(&tally);
    file_close(&tally.plugin);
    file_close(&tally.target);
    fflush(stdout);
    return engines == 1 && tally.same_name > 0 &&
                   tally.same_name + tally.adapted == tally.references
               ? 0
               : 1;
}

void proof_r(char **plugin)
{
    proof_print(*plugin);
}

/* For node, which loads this as an addon that exports nothing. */
void node_register_module_v108(void *exports, void *module, void *context)
{
    const char *plugin = getenv("PROOF_PLUGIN");

    (void)exports;
    (void)module;
    (void)context;
    if (plugin)
        proof_print(plugin);
}
