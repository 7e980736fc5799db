/* SPDX-License-Identifier: MIT */
/* Strings: making them, reading them out in each encoding, external ones. */
#include "probe.h"

#include <cstring>
#include <memory>

using namespace probe;

namespace {

const uint16_t greek[] = { 0x3b1, 0x3b2, 0x20ac, 'z' };
/* A high surrogate that stands alone. */
const uint16_t lone[] = { 'a', 0xd83d, 'b' };

Local<String> Wide(Isolate *isolate, const uint16_t *units, int count)
{
    return String::NewFromTwoByte(isolate, units, NewStringType::kNormal, count).ToLocalChecked();
}

} // namespace

CASE(string_new)
{
    const uint8_t latin[] = { 'c', 0xe9, 0 };
    Local<String> utf8 = String::NewFromUtf8(isolate, "h\xc3\xa9llo").ToLocalChecked();
    Local<String> one = String::NewFromOneByte(isolate, latin).ToLocalChecked();
    Local<String> two = Wide(isolate, greek, 4);

    CHECK_EQ(utf8->Length(), 5);
    CHECK_EQ(one->Length(), 2);
    CHECK_EQ(two->Length(), 4);
    CHECK_EQ(Text(one), "c\xc3\xa9");
    CHECK_EQ(Text(two), "\xce\xb1\xce\xb2\xe2\x82\xacz");
    CHECK_EQ(Text(String::NewFromUtf8Literal(isolate, "literal")), "literal");
    CHECK_EQ(Text(String::NewFromUtf8(isolate, "cut here", NewStringType::kNormal, 3)
                      .ToLocalChecked()), "cut");
    CHECK_EQ(String::Empty(isolate)->Length(), 0);
}

CASE(string_internalized)
{
    Local<String> first =
        String::NewFromUtf8(isolate, "inner", NewStringType::kInternalized).ToLocalChecked();
    Local<String> second =
        String::NewFromUtf8(isolate, "inner", NewStringType::kInternalized).ToLocalChecked();

    CHECK(first->StrictEquals(second));
    CHECK(first->StringEquals(second));
    CHECK_EQ(first->GetIdentityHash(), second->GetIdentityHash());
#if SINCE(12, 9)
    CHECK(Str("inner")->InternalizeString(isolate)->StrictEquals(first));
#endif
}

CASE(string_too_long)
{
    static const char some[] = "x";
    TryCatch guard(isolate);

    CHECK(String::NewFromOneByte(isolate, reinterpret_cast<const uint8_t *>(some),
                                 NewStringType::kNormal, String::kMaxLength + 1).IsEmpty());
}

CASE(string_one_byte_only)
{
    CHECK(Str("plain")->IsOneByte());
    CHECK(Str("plain")->ContainsOnlyOneByte());
    CHECK(!Wide(isolate, greek, 4)->ContainsOnlyOneByte());
    const uint16_t narrow[] = { 'a', 'b' };
    CHECK(Wide(isolate, narrow, 2)->ContainsOnlyOneByte());
}

CASE(string_utf8_value)
{
    String::Utf8Value value(isolate, Wide(isolate, greek, 4));
    String::Utf8Value number(isolate, Integer::New(isolate, -17));

    CHECK_EQ(static_cast<int>(value.length()), 8);
    CHECK_EQ(std::string(*value), "\xce\xb1\xce\xb2\xe2\x82\xacz");
    CHECK_EQ(std::string(*number), "-17");
}

CASE(string_utf8_value_fails)
{
    TryCatch guard(isolate);
    String::Utf8Value value(isolate, Js("({ toString() { throw 1 } })"));

    CHECK(*value == nullptr);
    CHECK_EQ(static_cast<int>(value.length()), 0);
}

CASE(string_utf8_value_lone)
{
    String::Utf8Value value(isolate, Wide(isolate, lone, 3));

    /* Hosts from 12.9 on replace it, those before keep it as it is. */
    std::string text(*value, value.length());
    CHECK_EQ(text, HostIs(12, 9) ? "a\xef\xbf\xbd" "b" : "a\xed\xa0\xbd" "b");
}

CASE(string_value)
{
    String::Value value(isolate, Wide(isolate, greek, 4));

    CHECK_EQ(static_cast<int>(value.length()), 4);
    CHECK_EQ((*value)[2], 0x20ac);
    CHECK_EQ((*value)[4], 0);
}

#if SINCE(12, 9)
CASE(string_value_view)
{
    {
        String::ValueView narrow(isolate, Str("seen"));

        CHECK(narrow.is_one_byte());
        CHECK_EQ(static_cast<int>(narrow.length()), 4);
        CHECK(memcmp(narrow.data8(), "seen", 4) == 0);
    }
    String::ValueView wide(isolate, Wide(isolate, greek, 4));
    CHECK(!wide.is_one_byte());
    CHECK_EQ(wide.data16()[1], 0x3b2);
}

CASE(string_value_view_cons)
{
    /* A concatenated string is made flat. */
    String::ValueView view(isolate, String::Concat(isolate, Str("left of a long "),
                                                   Str("right of a long string")));

    CHECK_EQ(std::string(reinterpret_cast<const char *>(view.data8()), view.length()),
             "left of a long right of a long string");
}
#endif

CASE(string_concat)
{
    Local<String> both = String::Concat(isolate, Str("first half of it, "), Str("second half"));

    CHECK_EQ(both->Length(), 29);
    CHECK_EQ(Text(both), "first half of it, second half");
}

#if BEFORE(14, 6)
CASE(string_utf8_length)
{
    CHECK_EQ(Wide(isolate, greek, 4)->Utf8Length(isolate), 8);
    CHECK_EQ(Str("abc")->Utf8Length(isolate), 3);
}

CASE(string_write)
{
    uint16_t units[6];

    memset(units, 0x55, sizeof units);
    CHECK_EQ(Wide(isolate, greek, 4)->Write(isolate, units, 1, 2), 2);
    CHECK_EQ(units[0], 0x3b2);
    CHECK_EQ(units[1], 0x20ac);
    CHECK_EQ(units[2], 0x5555);
    CHECK_EQ(Wide(isolate, greek, 4)->Write(isolate, units), 4);
    CHECK_EQ(units[4], 0);
    CHECK_EQ(units[5], 0x5555);
}

CASE(string_write_one_byte)
{
    uint8_t bytes[8];

    memset(bytes, 0x55, sizeof bytes);
    CHECK_EQ(Str("narrow")->WriteOneByte(isolate, bytes, 2, 3), 3);
    CHECK(memcmp(bytes, "rro", 3) == 0);
    CHECK_EQ(bytes[3], 0x55);
    CHECK_EQ(Str("narrow")->WriteOneByte(isolate, bytes, 0, -1, String::NO_NULL_TERMINATION), 6);
    CHECK_EQ(bytes[6], 0x55);
    CHECK_EQ(Str("narrow")->WriteOneByte(isolate, bytes), 6);
    CHECK_EQ(bytes[6], 0);
}

CASE(string_write_utf8)
{
    char bytes[16];
    int characters = -1;

    memset(bytes, 0x55, sizeof bytes);
    CHECK_EQ(Wide(isolate, greek, 4)->WriteUtf8(isolate, bytes, -1, &characters), 9);
    CHECK_EQ(characters, 4);
    CHECK_EQ(std::string(bytes), "\xce\xb1\xce\xb2\xe2\x82\xacz");
    CHECK_EQ(bytes[9], 0x55);
}

CASE(string_write_utf8_short)
{
    char bytes[16];
    int characters = -1;

    /* A character is written whole or not at all. */
    memset(bytes, 0x55, sizeof bytes);
    CHECK_EQ(Wide(isolate, greek, 4)->WriteUtf8(isolate, bytes, 5, &characters), 4);
    CHECK_EQ(characters, 2);
    CHECK_EQ(bytes[4], 0x55);
}

CASE(string_write_utf8_flags)
{
    char bytes[16];

    memset(bytes, 0x55, sizeof bytes);
    CHECK_EQ(Wide(isolate, lone, 3)->WriteUtf8(
                 isolate, bytes, -1, nullptr,
                 String::REPLACE_INVALID_UTF8 | String::NO_NULL_TERMINATION), 5);
    CHECK_EQ(std::string(bytes, 5), "a\xef\xbf\xbd" "b");
    CHECK_EQ(bytes[5], 0x55);
}
#endif

#if SINCE(13, 6)
CASE(string_utf8_length_v2)
{
    CHECK_EQ(Wide(isolate, greek, 4)->Utf8LengthV2(isolate), size_t{ 8 });
}

CASE(string_write_v2)
{
    uint16_t units[6];

    memset(units, 0x55, sizeof units);
    Wide(isolate, greek, 4)->WriteV2(isolate, 1, 2, units);
    CHECK_EQ(units[1], 0x20ac);
    CHECK_EQ(units[2], 0x5555);
    Wide(isolate, greek, 4)->WriteV2(isolate, 0, 4, units, String::WriteFlags::kNullTerminate);
    CHECK_EQ(units[3], 'z');
    CHECK_EQ(units[4], 0);
    CHECK_EQ(units[5], 0x5555);
}

CASE(string_write_one_byte_v2)
{
    uint8_t bytes[8];

    memset(bytes, 0x55, sizeof bytes);
    Str("narrow")->WriteOneByteV2(isolate, 2, 3, bytes);
    CHECK(memcmp(bytes, "rro", 3) == 0);
    CHECK_EQ(bytes[3], 0x55);
    Str("narrow")->WriteOneByteV2(isolate, 0, 6, bytes, String::WriteFlags::kNullTerminate);
    CHECK_EQ(bytes[6], 0);
}

CASE(string_write_utf8_v2)
{
    char bytes[16];
    size_t characters = 99;

    memset(bytes, 0x55, sizeof bytes);
    CHECK_EQ(Wide(isolate, greek, 4)->WriteUtf8V2(isolate, bytes, 5, String::WriteFlags::kNone,
                                                  &characters), size_t{ 4 });
    CHECK_EQ(characters, size_t{ 2 });
    CHECK_EQ(Wide(isolate, lone, 3)->WriteUtf8V2(isolate, bytes, sizeof bytes,
                                                 String::WriteFlags::kReplaceInvalidUtf8 |
                                                     String::WriteFlags::kNullTerminate),
             size_t{ 6 });
    CHECK_EQ(std::string(bytes), "a\xef\xbf\xbd" "b");
}
#endif

namespace {

class Narrow : public String::ExternalOneByteStringResource {
public:
    explicit Narrow(const char *text, bool cacheable = true, int *gone = nullptr)
        : text_(text), cacheable_(cacheable), gone_(gone)
    {
    }
    ~Narrow() override
    {
        if (gone_)
            ++*gone_;
    }
    const char *data() const override { return text_; }
    size_t length() const override { return strlen(text_); }
    bool IsCacheable() const override { return cacheable_; }
#if SINCE(13, 6)
    size_t EstimateMemoryUsage() const override { return strlen(text_); }
#endif

private:
    const char *text_;
    bool cacheable_;
    int *gone_;
};

class WideText : public String::ExternalStringResource {
public:
    WideText(const uint16_t *units, size_t count, int *gone = nullptr)
        : units_(units), count_(count), gone_(gone)
    {
    }
    ~WideText() override
    {
        if (gone_)
            ++*gone_;
    }
    const uint16_t *data() const override { return units_; }
    size_t length() const override { return count_; }

private:
    const uint16_t *units_;
    size_t count_;
    int *gone_;
};

const char long_text[] = "an external string that is long enough to be one of its own kind";

} // namespace

CASE(string_external_one_byte)
{
    Narrow *resource = new Narrow(long_text);
    Local<String> string = String::NewExternalOneByte(isolate, resource).ToLocalChecked();

    CHECK(string->IsExternal());
    CHECK(string->IsExternalOneByte());
    CHECK(!string->IsExternalTwoByte());
    CHECK(string->GetExternalOneByteStringResource() == resource);
    CHECK_EQ(Text(string), long_text);
    CHECK_EQ(Text(Js("(text) => text.slice(3, 11) + text.length", string.As<v8::Value>())),
             "external64");
}

CASE(string_external_two_byte)
{
    static uint16_t units[40];
    for (int i = 0; i < 40; i++)
        units[i] = static_cast<uint16_t>(0x3b1 + i % 20);
    WideText *resource = new WideText(units, 40);
    Local<String> string = String::NewExternalTwoByte(isolate, resource).ToLocalChecked();

    CHECK(string->IsExternalTwoByte());
    CHECK(!string->IsExternalOneByte());
    CHECK(string->GetExternalStringResource() == resource);
    CHECK_EQ(Num(Js("(text) => text.charCodeAt(21)", string.As<v8::Value>())), 0x3b2 * 1.0);
}

CASE(string_external_base)
{
    Narrow *resource = new Narrow(long_text);
    Local<String> string = String::NewExternalOneByte(isolate, resource).ToLocalChecked();
    String::Encoding encoding = String::UNKNOWN_ENCODING;

    CHECK(string->GetExternalStringResourceBase(&encoding) == resource);
    CHECK_EQ(static_cast<int>(encoding), static_cast<int>(String::ONE_BYTE_ENCODING));
    CHECK(Str("not external")->GetExternalStringResource() == nullptr);
    CHECK(Str("not external")->GetExternalOneByteStringResource() == nullptr);
}

CASE(string_external_uncached)
{
    Narrow *resource = new Narrow(long_text, false);
    Local<String> string = String::NewExternalOneByte(isolate, resource).ToLocalChecked();

    CHECK(string->IsExternalOneByte());
    CHECK_EQ(Text(string), long_text);
    CHECK_EQ(Num(Js("(text) => text.charCodeAt(0)", string.As<v8::Value>())), 97.0);
}

CASE(string_external_disposed)
{
    static int gone;

    gone = 0;
    {
        HandleScope scope(isolate);

        CHECK(!String::NewExternalOneByte(isolate, new Narrow(long_text, true, &gone)).IsEmpty());
    }
    for (int i = 0; i < 5 && gone == 0; i++)
        Collect(isolate);
    CHECK_EQ(gone, 1);
}

CASE(string_external_wide_disposed)
{
    static const uint16_t units[20] = { 0x3b1, 0x3b2 };
    static int gone;

    gone = 0;
    {
        HandleScope scope(isolate);

        CHECK(!String::NewExternalTwoByte(isolate, new WideText(units, 20, &gone)).IsEmpty());
    }
    for (int i = 0; i < 5 && gone == 0; i++)
        Collect(isolate);
    CHECK_EQ(gone, 1);
}

CASE(string_make_external)
{
    Local<String> string = String::Concat(isolate, Str("a string that is "), Str("moved outside"));
    Narrow *resource = new Narrow("a string that is moved outside");

    /* Only a string that has left the young generation can be changed in place. */
    Collect(isolate);
    Collect(isolate);
#if BEFORE(12, 4)
    bool can = string->CanMakeExternal();
#else
    bool can = string->CanMakeExternal(String::ONE_BYTE_ENCODING);
#endif
#if BEFORE(13, 6)
    bool made = string->MakeExternal(resource);
#else
    bool made = string->MakeExternal(isolate, resource);
#endif
    CHECK_EQ(made, can);
    if (!made) {
        delete resource;
        return;
    }
    CHECK(string->IsExternalOneByte());
    CHECK(string->GetExternalOneByteStringResource() == resource);
    CHECK_EQ(Text(string), "a string that is moved outside");
}

CASE(string_object)
{
    Local<v8::Value> object = StringObject::New(isolate, Str("boxed"));

    CHECK(object->IsStringObject());
    CHECK_EQ(Text(object.As<StringObject>()->ValueOf()), "boxed");
}

CASE(symbol_description)
{
    Local<Symbol> symbol = Symbol::New(isolate, Str("about"));

    CHECK_EQ(Text(symbol->Description(isolate)), "about");
    CHECK(Symbol::For(isolate, Str("shared"))->StrictEquals(Symbol::For(isolate, Str("shared"))));
    CHECK(Symbol::GetIterator(isolate)->StrictEquals(Js("Symbol.iterator")));
}
