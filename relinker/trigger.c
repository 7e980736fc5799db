/* SPDX-License-Identifier: MIT */
/*
 * Small ELF objects in memfds: the wrapper, the links of the chain and the trigger at its end, and
 * the stand-ins for engine libraries.
 *
 * One RW segment, no code (a noexec memfd is no obstacle), everything zeroed:
 *
 *     ELF header, 5 program headers, property note, 3 symbols, SysV hash, 2 relocations,
 *     .dynamic, two data words, strings: "" "engraft" REASON... SONAME NEEDED... RUNPATH
 *
 * Relocation 1 is against symbol 1, an indirect function at an absolute address: ld.so calls the
 * resolver. Relocation 2 is against symbol 2, which is undefined and whose name is the reason of a
 * refusal; the resolver may define it, and rewrite the name, before ld.so comes to it.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "relinker.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define TINY_NEEDED_MAX 8

struct note {
    Elf64_Nhdr header;
    char owner[4];
    uint32_t type, size, value, padding;
};

struct tiny {
    Elf64_Ehdr header;
    Elf64_Phdr phdr[5];
    struct note note;
    Elf64_Sym symbols[3];
    uint32_t hash[2 + 1 + 3 + 2];
    Elf64_Rela rela[2];
    Elf64_Dyn dynamic[TINY_NEEDED_MAX + 12];
    uint64_t data[2];
    char strings[];
};

#define STRINGS_REASON 9 /* behind "\0engraft\0" */

struct tiny_writer {
    struct tiny *tiny;
    size_t string_size, string_limit;
    size_t dynamic_count;
    bool full;
};

static uint64_t string_add(struct tiny_writer *writer, const char *string)
{
    size_t size = strlen(string) + 1, at = writer->string_size;

    if (size > writer->string_limit - at) {
        writer->full = true;
        return 0;
    }
    memcpy(writer->tiny->strings + at, string, size);
    writer->string_size += size;
    return at;
}

static void dynamic_add(struct tiny_writer *writer, int64_t tag, uint64_t value)
{
    writer->tiny->dynamic[writer->dynamic_count].d_tag = tag;
    writer->tiny->dynamic[writer->dynamic_count++].d_un.d_val = value;
}

static void header_write(struct tiny *tiny, const struct architecture *architecture)
{
    memcpy(tiny->header.e_ident, ELFMAG, SELFMAG);
    tiny->header.e_ident[EI_CLASS] = ELFCLASS64;
    tiny->header.e_ident[EI_DATA] = ELFDATA2LSB;
    tiny->header.e_ident[EI_VERSION] = EV_CURRENT;
    tiny->header.e_type = ET_DYN;
    tiny->header.e_machine = architecture->machine;
    tiny->header.e_version = EV_CURRENT;
    tiny->header.e_phoff = offsetof(struct tiny, phdr);
    tiny->header.e_ehsize = sizeof tiny->header;
    tiny->header.e_phentsize = sizeof(Elf64_Phdr);
    tiny->header.e_phnum = 5;
}

static void phdr_write(Elf64_Phdr *phdr, uint32_t type, uint32_t flags, size_t offset, size_t size,
                       size_t alignment)
{
    phdr->p_type = type;
    phdr->p_flags = flags;
    phdr->p_offset = phdr->p_vaddr = phdr->p_paddr = offset;
    phdr->p_filesz = phdr->p_memsz = size;
    phdr->p_align = alignment;
}

static void note_write(struct tiny *tiny, const struct architecture *architecture)
{
    tiny->note.header.n_namesz = 4;
    tiny->note.header.n_descsz = 16;
    tiny->note.header.n_type = NT_GNU_PROPERTY_TYPE_0;
    memcpy(tiny->note.owner, "GNU", 4);
    tiny->note.type = architecture->property_type;
    tiny->note.size = 4;
    tiny->note.value = architecture->property_value;
}

static void symbols_write(struct tiny *tiny, uintptr_t resolver)
{
    tiny->symbols[1].st_name = 1;
    tiny->symbols[1].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC);
    tiny->symbols[1].st_other = STV_HIDDEN;
    tiny->symbols[1].st_shndx = SHN_ABS;
    tiny->symbols[1].st_value = resolver;
    tiny->symbols[TINY_REASON_SYMBOL].st_name = STRINGS_REASON;
    tiny->symbols[TINY_REASON_SYMBOL].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE);
    tiny->hash[0] = 1; /* one bucket, empty: nothing here can be found by name */
    tiny->hash[1] = 3;
}

static void relocations_write(struct tiny_writer *writer, const struct architecture *architecture)
{
    struct tiny *tiny = writer->tiny;

    for (unsigned i = 0; i < 2; i++) {
        tiny->rela[i].r_offset = offsetof(struct tiny, data) + i * sizeof(uint64_t);
        tiny->rela[i].r_info = ELF64_R_INFO((uint64_t)i + 1, architecture->word);
    }
    dynamic_add(writer, DT_RELA, offsetof(struct tiny, rela));
    dynamic_add(writer, DT_RELASZ, sizeof tiny->rela);
    dynamic_add(writer, DT_RELAENT, sizeof(Elf64_Rela));
}

static void strings_write(struct tiny_writer *writer, const struct tiny_request *request)
{
    writer->string_size = 1;
    string_add(writer, "engraft");
    if (request->resolver) {
        string_add(writer, request->reason);
        writer->string_size = STRINGS_REASON + TINY_REASON_SIZE;
    }
    if (request->soname)
        dynamic_add(writer, DT_SONAME, string_add(writer, request->soname));
    for (size_t i = 0; i < request->needed_count; i++)
        dynamic_add(writer, DT_NEEDED, string_add(writer, request->needed[i]));
    if (request->runpath)
        dynamic_add(writer, request->rpath ? DT_RPATH : DT_RUNPATH,
                    string_add(writer, request->runpath));
}

static void segments_write(struct tiny *tiny, size_t size)
{
    phdr_write(&tiny->phdr[0], PT_LOAD, PF_R | PF_W, 0, size, 0x10000);
    phdr_write(&tiny->phdr[1], PT_DYNAMIC, PF_R | PF_W, offsetof(struct tiny, dynamic),
               sizeof tiny->dynamic, 8);
    phdr_write(&tiny->phdr[2], PT_GNU_STACK, PF_R | PF_W, 0, 0, 16);
    phdr_write(&tiny->phdr[3], PT_NOTE, PF_R, offsetof(struct tiny, note), sizeof tiny->note, 8);
    phdr_write(&tiny->phdr[4], PT_GNU_PROPERTY, PF_R, offsetof(struct tiny, note),
               sizeof tiny->note, 8);
}

/* Returns the size of the object, 0 when it does not fit. */
static size_t tiny_write(struct tiny *tiny, size_t limit, const struct tiny_request *request)
{
    const struct architecture *architecture = architecture_self();
    struct tiny_writer writer = {.tiny = tiny, .string_limit = limit - sizeof *tiny};
    size_t size;

    if (request->needed_count > TINY_NEEDED_MAX || !architecture)
        return 0;
    header_write(tiny, architecture);
    note_write(tiny, architecture);
    symbols_write(tiny, request->resolver);
    strings_write(&writer, request);
    dynamic_add(&writer, DT_HASH, offsetof(struct tiny, hash));
    dynamic_add(&writer, DT_SYMTAB, offsetof(struct tiny, symbols));
    dynamic_add(&writer, DT_SYMENT, sizeof(Elf64_Sym));
    dynamic_add(&writer, DT_STRTAB, offsetof(struct tiny, strings));
    dynamic_add(&writer, DT_STRSZ, writer.string_size);
    if (request->resolver)
        relocations_write(&writer, architecture);
    size = sizeof *tiny + writer.string_size;
    segments_write(tiny, size);
    return writer.full ? 0 : size;
}

/* A file without a name, kept from being executed where the kernel can. */
static int file_create(void)
{
    static const char *const directories[] = {"/dev/shm", "/tmp", "/var/tmp"};
    int fd = memfd_create("engraft", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

    if (fd < 0)
        fd = memfd_create("engraft", MFD_CLOEXEC);
    for (size_t i = 0; fd < 0 && i < sizeof directories / sizeof *directories; i++)
        fd = open(directories[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd;
}

/* Not /proc/self: gdb opens the path of every object, and its own fd N would hang it. The number is
 * the one that this /proc has for us: it may be mounted from another PID namespace. */
static void path_make(struct tiny_image *image)
{
    char pid[16];
    ssize_t length = readlink("/proc/self", pid, sizeof pid - 1);

    pid[length > 0 ? length : 0] = '\0';
    if (length <= 0)
        text_format(pid, sizeof pid, "%d", (int)getpid());
    text_format(image->path, sizeof image->path, "/proc/%s/fd/%d", pid, image->fd);
}

enum engraft_status tiny_create(const struct tiny_request *request, struct tiny_image *ret_image,
                                struct engraft_error *reterr)
{
    struct arena arena = {0};
    size_t limit = sizeof(struct tiny) + 3 * 4096 + TINY_REASON_SIZE, size;
    struct tiny *tiny;
    enum engraft_status status = ENGRAFT_OK;

    for (size_t i = 0; i < request->needed_count; i++)
        limit += strlen(request->needed[i]) + 1;
    if (request->runpath)
        limit += strlen(request->runpath) + 1;
    tiny = arena_allocate(&arena, limit);
    size = tiny ? tiny_write(tiny, limit, request) : 0;
    ret_image->fd = size ? file_create() : -1;
    if (!size)
        status = error_set(reterr, ENGRAFT_MEMORY, NULL, NULL, "no memory for a trigger");
    else if (ret_image->fd < 0 || write(ret_image->fd, tiny, size) != (ssize_t)size)
        status = error_set(reterr, ENGRAFT_SYSTEM, NULL, NULL,
                           "no anonymous file for a trigger (memfd_create and O_TMPFILE fail)");
    if (status != ENGRAFT_OK)
        tiny_close(ret_image);
    path_make(ret_image);
    arena_release(&arena);
    return status;
}

void tiny_close(struct tiny_image *image)
{
    if (image->fd >= 0)
        close(image->fd);
    image->fd = -1;
}
