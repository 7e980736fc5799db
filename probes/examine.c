/* SPDX-License-Identifier: MIT */
/* Does a fact hold for an image? Each kind of fact in a function of its own. */
#include "examine.h"

#include <string.h>

#include "error.h"
#include "getter.h"
#include "probes.h"
#include "readers.h"

#define NAME_MAX_LENGTH 128
#define NUMBER_MAX 4
#define TEXT_LENGTH 512

/* ---- symbols --------------------------------------------------------------------------------------- */

/* The next word of a list, copied; NULL at its end. */
static const char *next_name(const char *list, char *ret_name)
{
    size_t length;

    list += strspn(list, " ");
    length = strcspn(list, " ");
    if (length == 0 || length >= NAME_MAX_LENGTH)
        return NULL;
    memcpy(ret_name, list, length);
    ret_name[length] = '\0';
    return list + length;
}

/* A separate debug file has the symbols of another file and none of its bytes: what it defines is
 * not there. Variables may have no bytes anywhere (.bss), functions always do. */
static bool has_content(const struct image *image, const Elf64_Sym *symbol)
{
    return ELF64_ST_TYPE(symbol->st_info) != STT_FUNC ||
           image_file_room(image, symbol->st_value) > 0;
}

/* A definition that lies in the image; NONE when there is none. */
static enum engraft_symbols symbol_find(const struct image *image, const char *name,
                                        Elf64_Sym *ret_symbol)
{
    const Elf64_Sym *symbol = image_find(image, name, gnu_hash(name, NULL), NULL);
    enum engraft_symbols kind;

    if (symbol && symbol->st_shndx != SHN_ABS && symbol_is_exported(symbol)) {
        *ret_symbol = *symbol;
        return ENGRAFT_SYMBOLS_DYNAMIC;
    }
    kind = image->find_hidden ? image->find_hidden(image, name, ret_symbol)
                              : ENGRAFT_SYMBOLS_NONE;
    return kind != ENGRAFT_SYMBOLS_NONE && has_content(image, ret_symbol) ? kind
                                                                         : ENGRAFT_SYMBOLS_NONE;
}

static const char *kind_of_symbols(enum engraft_symbols symbols)
{
    switch (symbols) {
    case ENGRAFT_SYMBOLS_DYNAMIC:
        return "dynamic-symbol";
    case ENGRAFT_SYMBOLS_DEBUG:
        return "debug-symbol";
    default:
        return "symbol";
    }
}

/* The weakest of where all of them are. */
static enum engraft_symbols symbols_find(const struct image *image, const char *list)
{
    enum engraft_symbols weakest = ENGRAFT_SYMBOLS_NONE;
    char name[NAME_MAX_LENGTH];

    while ((list = next_name(list, name))) {
        Elf64_Sym symbol;
        enum engraft_symbols kind = symbol_find(image, name, &symbol);

        if (kind == ENGRAFT_SYMBOLS_NONE)
            return kind;
        if (kind > weakest)
            weakest = kind;
    }
    return weakest;
}

static bool symbols_hold(struct inquiry *inquiry, const struct fact *fact)
{
    enum engraft_symbols kind = symbols_find(inquiry->image, fact->name);

    if (kind == ENGRAFT_SYMBOLS_NONE)
        return false;
    evidence_add(inquiry->instance, 0, kind_of_symbols(kind), "%s", fact->name);
    if (!fact->config && (inquiry->instance->symbols == ENGRAFT_SYMBOLS_NONE ||
                          kind < inquiry->instance->symbols))
        inquiry->instance->symbols = kind;
    return true;
}

/* ---- sections and texts ------------------------------------------------------------------------------ */

static bool section_holds(struct inquiry *inquiry, const struct fact *fact)
{
    uint64_t size;

    if (!inquiry->image->reader ||
        !reader_section(inquiry->image, fact->name, NULL, NULL, &size) || size == 0)
        return false;
    evidence_add(inquiry->instance, 0, "section", "%s", fact->name);
    return true;
}

static bool text_holds(struct inquiry *inquiry, const struct fact *fact)
{
    const struct text_hit *hit = text_of(inquiry->texts, fact);

    if (!hit)
        return false;
    evidence_add(inquiry->instance, 0, "text", "\"%s\"", hit->text);
    return true;
}

/* ---- versions ----------------------------------------------------------------------------------------- */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* "3.0" and "3.0.8" agree, "3.1" and "3.13" do not. */
static bool versions_agree(const char *first, const char *second)
{
    size_t length = strlen(first) < strlen(second) ? strlen(first) : strlen(second);

    return strncmp(first, second, length) == 0 &&
           !(is_digit(first[length]) || is_digit(second[length]));
}

void version_offer(struct inquiry *inquiry, const char *version)
{
    struct abi *abi = &inquiry->instance->abi;

    if (!*version)
        return;
    if (!*abi->version)
        text_format(abi->version, sizeof abi->version, "%s", version);
    else if (!versions_agree(abi->version, version))
        inquiry->disputed = true;
}

void python_version_format(uint64_t hex, char *text, size_t size)
{
    static const char *const levels[] = {"a", "b", "rc"};
    unsigned long version = (unsigned long)hex, level = version >> 4 & 15;

    text_format(text, size, "%lu.%lu.%lu", version >> 24, version >> 16 & 255, version >> 8 & 255);
    if (level >= 10 && level <= 12)
        text_format(text + strlen(text), size - strlen(text), "%s%lu", levels[level - 10],
                    version & 15);
}

static bool numbers_format(enum fact_code code, const uint64_t *numbers, unsigned count, char *text,
                           size_t size)
{
    static const char kinds[] = "ab."; /* of release, as Tcl numbers them */
    unsigned long n[NUMBER_MAX] = {0};

    for (unsigned i = 0; i < count && i < NUMBER_MAX; i++)
        n[i] = (unsigned long)numbers[i];
    switch (code) {
    case CODE_PARTS:
        if (count < 2 || count > 3)
            return false;
        text_format(text, size, count == 2 ? "%lu.%lu" : "%lu.%lu.%lu", n[0], n[1], n[2]);
        return true;
    case CODE_MMNNPP:
        text_format(text, size, "%lu.%lu.%lu", n[0] / 10000, n[0] / 100 % 100, n[0] % 100);
        return n[0] >= 10000 && n[0] < 1000000;
    case CODE_MNP:
        text_format(text, size, "%lu.%lu.%lu", n[0] / 100, n[0] / 10 % 10, n[0] % 10);
        return n[0] >= 100 && n[0] < 1000;
    case CODE_MMNN_REAL:
        text_format(text, size, "%lu.%lu", n[0] / 100, n[0] % 100);
        return n[0] >= 100 && n[0] < 10000;
    case CODE_PYTHON_HEX:
        python_version_format(n[0], text, size);
        return n[0] >> 24 >= 2 && n[0] >> 24 < 10;
    case CODE_TCL:
        if (count < 4 || n[3] >= sizeof kinds - 1)
            return false;
        text_format(text, size, "%lu.%lu%c%lu", n[0], n[1], kinds[n[3]], n[2]);
        return true;
    case CODE_TEXT:
        break;
    }
    return false;
}

static bool text_version(const struct image *image, uint64_t vaddr, const struct fact *fact,
                         char *ret_version, size_t size)
{
    const char *text = image_string_at(image, vaddr, TEXT_LENGTH);
    size_t length;

    return text && pattern_match(fact->pattern ? fact->pattern : "%v%0", text, strlen(text) + 1,
                                 ret_version, size, &length);
}

/* An array of characters, or a pointer to them. */
static bool variable_version(const struct inquiry *inquiry, const struct fact *fact, char *version,
                             size_t size)
{
    const struct image *image = inquiry->image;
    Elf64_Sym symbol;
    uint64_t pointer;

    if (symbol_find(image, fact->name, &symbol) == ENGRAFT_SYMBOLS_NONE)
        return false;
    if (text_version(image, symbol.st_value, fact, version, size))
        return true;
    return symbol.st_size == image_word_size(image) &&
           pointer_read(image, symbol.st_value, &pointer) &&
           pointer && text_version(image, pointer, fact, version, size);
}

/* An integer of 1, 2, 4 or 8 bytes, in the byte order of its object. */
static bool integer_read(const struct image *image, uint64_t vaddr, size_t size, uint64_t *ret_value)
{
    unsigned char bytes[8];

    if (size > sizeof bytes || !constant_read(image, vaddr, bytes, size))
        return false;
    *ret_value = size == 8   ? image_u64(image, bytes)
                 : size == 4 ? image_u32(image, bytes)
                 : size == 2 ? image_u16(image, bytes)
                             : bytes[0];
    return true;
}

/* What no fact tells: an int, or the low half of a long. */
static size_t integer_size(const struct image *image, const Elf64_Sym *symbol, const struct fact *fact)
{
    if (fact->size)
        return fact->size;
    return image->big_endian && symbol->st_size == 8 ? 8 : 4;
}

static bool integer_version(const struct inquiry *inquiry, const struct fact *fact, char *version,
                            size_t size)
{
    uint64_t numbers[NUMBER_MAX] = {0};
    const char *list = fact->name;
    char name[NAME_MAX_LENGTH];
    unsigned count = 0;

    while (count < NUMBER_MAX && (list = next_name(list, name))) {
        Elf64_Sym symbol;

        if (symbol_find(inquiry->image, name, &symbol) == ENGRAFT_SYMBOLS_NONE ||
            !integer_read(inquiry->image, symbol.st_value,
                          integer_size(inquiry->image, &symbol, fact), &numbers[count]))
            return false;
        count++;
    }
    return numbers_format(fact->code, numbers, count, version, size);
}

static uint64_t number_of_real(uint64_t bits)
{
    double real;

    memcpy(&real, &bits, sizeof real);
    return real >= 0 && real < 1e9 ? (uint64_t)real : 0;
}

/* Adds what one getter tells to the numbers, or writes the version when it is a text. */
static bool getter_hear(const struct inquiry *inquiry, const struct fact *fact, const char *name,
                        uint64_t *numbers, unsigned *count, char *version, size_t size)
{
    struct getter_value value;
    Elf64_Sym symbol;

    if (symbol_find(inquiry->image, name, &symbol) == ENGRAFT_SYMBOLS_NONE ||
        !(fact->argument
              ? getter_decode_with(inquiry->image, symbol.st_value, fact->argument, &value)
              : getter_decode(inquiry->image, symbol.st_value, &value)))
        return false;
    switch (value.kind) {
    case GETTER_NUMBER:
        if (fact->code == CODE_TEXT)
            return value.address && text_version(inquiry->image, value.address, fact, version, size);
        if (*count < NUMBER_MAX)
            numbers[(*count)++] = value.number & UINT32_MAX;
        return true;
    case GETTER_REAL:
        if (*count < NUMBER_MAX)
            numbers[(*count)++] = number_of_real(value.number);
        return true;
    case GETTER_STORES:
        for (unsigned i = 0; i < value.store_count && *count < NUMBER_MAX; i++)
            numbers[(*count)++] = value.stores[i].value;
        return true;
    case GETTER_TEXT:
    case GETTER_CALL:
        return text_version(inquiry->image, value.address, fact, version, size);
    }
    return false;
}

static bool getter_version(const struct inquiry *inquiry, const struct fact *fact, char *version,
                           size_t size)
{
    uint64_t numbers[NUMBER_MAX] = {0};
    const char *list = fact->name;
    char name[NAME_MAX_LENGTH];
    unsigned count = 0;

    *version = '\0';
    while ((list = next_name(list, name)))
        if (!getter_hear(inquiry, fact, name, numbers, &count, version, size))
            return false;
    return fact->code == CODE_TEXT ? *version != '\0'
                                   : numbers_format(fact->code, numbers, count, version, size);
}

/* ---- references --------------------------------------------------------------------------------------- */

struct reference_search {
    const struct inquiry *inquiry;
    const struct fact *fact;
    char version[72];
    bool found, disputed;
};

static bool reference_hear(void *user, uint64_t value, bool is_address)
{
    struct reference_search *search = user;
    const struct fact *fact = search->fact;
    char version[sizeof search->version];

    if (fact->config) {
        search->found |= !is_address && (value & UINT32_MAX) == fact->number;
        return !search->found;
    }
    if (!is_address ||
        !text_version(search->inquiry->image, value, fact, version, sizeof version))
        return true;
    search->disputed |= search->found && strcmp(search->version, version) != 0;
    search->found = true;
    text_format(search->version, sizeof search->version, "%s", version);
    return true;
}

static bool reference_find(const struct inquiry *inquiry, const struct fact *fact,
                           struct reference_search *search)
{
    Elf64_Sym symbol;

    *search = (struct reference_search){.inquiry = inquiry, .fact = fact};
    if (symbol_find(inquiry->image, fact->name, &symbol) == ENGRAFT_SYMBOLS_NONE)
        return false;
    getter_references(inquiry->image, symbol.st_value, symbol.st_size, reference_hear, search);
    return search->found && !search->disputed;
}

static bool reference_version(const struct inquiry *inquiry, const struct fact *fact, char *version,
                              size_t size)
{
    struct reference_search search;

    if (!reference_find(inquiry, fact, &search))
        return false;
    text_format(version, size, "%s", search.version);
    return true;
}

void version_hear(struct inquiry *inquiry, const struct fact *fact)
{
    struct engine_instance *instance = inquiry->instance;
    const struct text_hit *hit;
    char version[sizeof instance->abi.version];

    switch (fact->kind) {
    case FACT_TEXT:
        hit = text_of(inquiry->texts, fact);
        if (!hit || !*hit->version || hit->disputed)
            return;
        if (!*instance->abi.version)
            evidence_add(instance, 0, "text", "\"%s\"", hit->text);
        version_offer(inquiry, hit->version);
        return;
    case FACT_VARIABLE:
        if (!variable_version(inquiry, fact, version, sizeof version))
            return;
        break;
    case FACT_INTEGER:
        if (!integer_version(inquiry, fact, version, sizeof version))
            return;
        break;
    case FACT_GETTER:
        if (!getter_version(inquiry, fact, version, sizeof version))
            return;
        break;
    case FACT_REFERENCE:
        if (!reference_version(inquiry, fact, version, sizeof version))
            return;
        break;
    default:
        return;
    }
    evidence_add(instance, 0,
                 fact->kind == FACT_GETTER || fact->kind == FACT_REFERENCE ? "getter" : "data",
                 "%s: %s", fact->name, version);
    version_offer(inquiry, version);
}

bool presence_holds(struct inquiry *inquiry, const struct fact *fact)
{
    switch (fact->kind) {
    case FACT_SYMBOL:
        return symbols_hold(inquiry, fact);
    case FACT_SECTION:
        return section_holds(inquiry, fact);
    case FACT_TEXT:
        return text_holds(inquiry, fact);
    default:
        return false;
    }
}

/* The number that a getter returns, as a boolean or an int is. */
static bool getter_is(const struct inquiry *inquiry, const struct fact *fact)
{
    struct getter_value value;
    Elf64_Sym symbol;

    return symbol_find(inquiry->image, fact->name, &symbol) != ENGRAFT_SYMBOLS_NONE &&
           getter_decode(inquiry->image, symbol.st_value, &value) &&
           value.kind == GETTER_NUMBER && (value.number & UINT8_MAX) == fact->number;
}

void config_hear(struct inquiry *inquiry, const struct fact *fact)
{
    struct reference_search search;
    char text[TEXT_LENGTH];
    bool holds;

    switch (fact->kind) {
    case FACT_VARIABLE:
        holds = variable_version(inquiry, fact, text, sizeof text);
        break;
    case FACT_GETTER:
        holds = getter_is(inquiry, fact);
        break;
    case FACT_REFERENCE:
        holds = reference_find(inquiry, fact, &search);
        break;
    default:
        holds = presence_holds(inquiry, fact);
    }
    if (holds)
        config_set(&inquiry->instance->abi, fact->config);
}
