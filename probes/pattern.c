/* SPDX-License-Identifier: MIT */
/* The patterns of facts.h, matched without looking further than the bytes that are given. */
#include <string.h>

#include "error.h"
#include "facts.h"

#define ANYTHING_MAX 200u
#define PADDING_MAX 7u

struct matcher {
    const char *bytes;
    size_t length, at;
    char version[72];
    size_t version_length;
};

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_version_byte(char byte)
{
    return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte && strchr(".+-_~", byte));
}

static bool is_printable(char byte)
{
    return (byte >= ' ' && byte <= '~') || byte == '\n' || byte == '\t';
}

/* One piece of the version; pieces are joined with a dot. */
static bool capture(struct matcher *matcher, size_t length)
{
    size_t room = sizeof matcher->version - 1 - matcher->version_length;
    bool joined = matcher->version_length > 0;

    if (length + joined > room)
        return false;
    if (joined)
        matcher->version[matcher->version_length++] = '.';
    memcpy(matcher->version + matcher->version_length, matcher->bytes + matcher->at, length);
    matcher->version_length += length;
    matcher->version[matcher->version_length] = '\0';
    matcher->at += length;
    return true;
}

/* How many bytes from here may be a version; its numbers alone, or with what is behind them. */
static size_t version_span(const struct matcher *matcher, bool numbers)
{
    size_t end = matcher->at;

    if (end >= matcher->length || !is_digit(matcher->bytes[end]))
        return 0;
    while (end < matcher->length &&
           (numbers ? is_digit(matcher->bytes[end]) || matcher->bytes[end] == '.' ||
                          matcher->bytes[end] == '_'
                    : is_version_byte(matcher->bytes[end])))
        end++;
    return end - matcher->at;
}

static bool match(struct matcher *matcher, const char *pattern);

/* The longest version after which the rest of the pattern matches. */
static bool match_version(struct matcher *matcher, char form, const char *rest)
{
    for (size_t length = version_span(matcher, form == 'm'); length > 0; length--) {
        struct matcher tried = *matcher;

        if ((form != 'v' || memchr(tried.bytes + tried.at, '.', length)) &&
            (form != 'm' || is_digit(tried.bytes[tried.at + length - 1])) &&
            capture(&tried, length) && match(&tried, rest)) {
            *matcher = tried;
            return true;
        }
    }
    return false;
}

static bool match_number(struct matcher *matcher, bool captured)
{
    size_t end = matcher->at;

    while (end < matcher->length && is_digit(matcher->bytes[end]))
        end++;
    if (end == matcher->at)
        return false;
    if (captured)
        return capture(matcher, end - matcher->at);
    matcher->at = end;
    return true;
}

static bool match_anything(struct matcher *matcher, const char *rest)
{
    for (size_t length = 0; length <= ANYTHING_MAX; length++) {
        struct matcher tried = *matcher;

        if (match(&tried, rest)) {
            *matcher = tried;
            return true;
        }
        if (matcher->at >= matcher->length || !is_printable(matcher->bytes[matcher->at]))
            return false;
        matcher->at++;
    }
    return false;
}

static bool match_byte(struct matcher *matcher, char byte)
{
    return matcher->at < matcher->length && matcher->bytes[matcher->at++] == byte;
}

/* Where texts are aligned, those that stand side by side are more than one NUL apart. */
static void skip_padding(struct matcher *matcher, const char *rest)
{
    if (!*rest || strncmp(rest, "%0", 2) == 0 || strncmp(rest, "%z", 2) == 0)
        return;
    for (unsigned i = 0; i < PADDING_MAX && matcher->at < matcher->length &&
                         matcher->bytes[matcher->at] == '\0'; i++)
        matcher->at++;
}

static bool match(struct matcher *matcher, const char *pattern)
{
    for (; *pattern; pattern++) {
        if (*pattern != '%') {
            if (!match_byte(matcher, *pattern))
                return false;
            continue;
        }
        switch (*++pattern) {
        case 'v':
        case 'w':
        case 'm':
            return match_version(matcher, *pattern, pattern + 1);
        case 'n':
        case 'd':
            if (!match_number(matcher, *pattern == 'n'))
                return false;
            break;
        case '*':
            return match_anything(matcher, pattern + 1);
        case '0':
            if (!match_byte(matcher, '\0'))
                return false;
            skip_padding(matcher, pattern + 1);
            break;
        case 'z':
            if (!match_byte(matcher, '\0'))
                return false;
            while (matcher->at < matcher->length && matcher->bytes[matcher->at] == '\0')
                matcher->at++;
            break;
        case '%':
            if (!match_byte(matcher, '%'))
                return false;
            break;
        case '^':
            break;
        default:
            return false;
        }
    }
    return true;
}

bool pattern_match(const char *pattern, const char *bytes, size_t length, char *ret_version,
                   size_t version_size, size_t *ret_length)
{
    struct matcher matcher = {.bytes = bytes, .length = length};

    if (!match(&matcher, pattern))
        return false;
    text_format(ret_version, version_size, "%s", matcher.version);
    *ret_length = matcher.at;
    return true;
}

/* The length of the run of literal bytes at `pattern`, copied; *ret_end: what follows it. */
static size_t literal_run(const char *pattern, char *ret_text, size_t size, const char **ret_end)
{
    size_t length = 0;

    while (*pattern && length + 1 < size) {
        char byte = *pattern;

        if (byte == '%' && pattern[1] == '^') {
            pattern += 2;
            continue;
        }
        if (byte == '%' && pattern[1] != '%')
            break;
        pattern += byte == '%' ? 2 : 1;
        ret_text[length++] = byte;
    }
    ret_text[length] = '\0';
    *ret_end = pattern;
    return length;
}

size_t pattern_literal(const char *pattern, char *ret_text, size_t size, bool *ret_inside)
{
    const char *start = pattern;
    char run[PATTERN_LITERAL_MAX];
    size_t longest = 0;

    while (*pattern && strncmp(pattern, "%*", 2) != 0) {
        bool inside = pattern > start;
        size_t length = literal_run(pattern, run, sizeof run, &pattern);

        if (length >= PATTERN_LITERAL_MIN && length > longest && length < size) {
            memcpy(ret_text, run, length + 1);
            *ret_inside = inside;
            longest = length;
        }
        if (*pattern == '%' && strncmp(pattern, "%*", 2) != 0)
            pattern += pattern[1] ? 2 : 1; /* a %v or its like */
    }
    return longest;
}
