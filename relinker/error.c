/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <string.h>

struct text {
    char *buffer;
    size_t size, length;
};

static void text_put(struct text *text, char c)
{
    if (text->length + 1 < text->size)
        text->buffer[text->length++] = c;
}

static void text_put_string(struct text *text, const char *string, int limit)
{
    for (int i = 0; (limit < 0 || i < limit) && string[i]; i++)
        text_put(text, string[i]);
}

static void text_put_number(struct text *text, unsigned long long value, unsigned base)
{
    char digits[24];
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (count)
        text_put(text, digits[--count]);
}

static void text_put_signed(struct text *text, long value)
{
    unsigned long magnitude = (unsigned long)value;

    if (value < 0) {
        text_put(text, '-');
        magnitude = -magnitude;
    }
    text_put_number(text, magnitude, 10);
}

/* One conversion; `format` points behind the '%'. Returns where the format goes on. */
static const char *text_convert(struct text *text, const char *format, va_list *arguments)
{
    int limit = -1;
    unsigned longs = 0;

    if (format[0] == '.' && format[1] == '*') {
        limit = va_arg(*arguments, int);
        format += 2;
    }
    for (; *format == 'l' || *format == 'z'; format++)
        longs++;
    switch (*format) {
    case 's': {
        const char *string = va_arg(*arguments, const char *);
        text_put_string(text, string ? string : "(null)", limit);
        break;
    }
    case 'c':
        text_put(text, (char)va_arg(*arguments, int));
        break;
    case 'd':
        text_put_signed(text, longs ? va_arg(*arguments, long) : va_arg(*arguments, int));
        break;
    case 'u':
    case 'x':
        text_put_number(text,
                        longs ? va_arg(*arguments, unsigned long)
                              : va_arg(*arguments, unsigned),
                        *format == 'u' ? 10 : 16);
        break;
    case 'p':
        text_put_string(text, "0x", -1);
        text_put_number(text, (uintptr_t)va_arg(*arguments, void *), 16);
        break;
    case '\0':
        return format;
    default:
        text_put(text, *format);
        break;
    }
    return format + 1;
}

size_t text_vformat(char *buffer, size_t size, const char *format, va_list arguments)
{
    struct text text = {buffer, size, 0};
    va_list copy;

    va_copy(copy, arguments);
    while (*format) {
        if (*format == '%')
            format = text_convert(&text, format + 1, &copy);
        else
            text_put(&text, *format++);
    }
    va_end(copy);
    if (size)
        buffer[text.length] = '\0';
    return text.length;
}

size_t text_format(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    length = text_vformat(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}

enum engraft_status error_set(struct engraft_error *reterr, enum engraft_status status,
                              const char *object, const char *symbol, const char *format, ...)
{
    va_list arguments;

    if (!reterr)
        return status;
    reterr->status = status;
    text_format(reterr->object, sizeof reterr->object, "%s", object ? object : "");
    text_format(reterr->symbol, sizeof reterr->symbol, "%s", symbol ? symbol : "");
    va_start(arguments, format);
    text_vformat(reterr->reason, sizeof reterr->reason, format, arguments);
    va_end(arguments);
    return status;
}

const char *engraft_status_text(enum engraft_status status)
{
    switch (status) {
#define ENGRAFT_ERROR(name, number, text) \
    case ENGRAFT_##name: \
        return text;
#include "engraft-errors.h"
#undef ENGRAFT_ERROR
    }
    return "unknown status";
}
