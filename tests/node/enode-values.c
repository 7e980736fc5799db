/* SPDX-License-Identifier: MIT */
/* Values, handles, errors, source and files. */
#include "enode-test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void check_versions(void)
{
    EXPECT(strchr(engraft_node_version(), '.') != NULL);
    EXPECT(engraft_node_abi() >= 108);
    EXPECT(strncmp(engraft_node_v8_version(), engraft_node_v8_running(), 5) == 0);
    EXPECT_TEXT("unknown", engraft_node_status_text((enum engraft_node_status)99));
    engraft_node *node = start_node();
    char abi[32];
    snprintf(abi, sizeof(abi), "'%d'", engraft_node_abi());
    EXPECT_TEXT(abi, run_shown(node, "process.versions.modules"));
    EXPECT_TEXT(engraft_node_v8_running(), run_shown(node, "process.versions.v8"));
    stop_node(node);
}

static void check_values_to_c(void)
{
    static const struct {
        const char *source, *expected;
    } rows[] = {
        {"undefined", "undefined"},
        {"null", "null"},
        {"true", "true"},
        {"-1.5", "-1.5"},
        {"NaN", "nan"},
        {"-9223372036854775808n", "-9223372036854775808n"},
        {"9223372036854775808n", "9223372036854775808n"},
        {"-123456789012345678901234567890n", "-123456789012345678901234567890n"},
        {"'a\\u20acb'", "'a\xe2\x82\xac" "b'"},
        {"new Date(86400000)", "@86400000"},
        {"[1, [2, , 'x'], {}]", "[1,[2,undefined,'x'],{}]"},
        {"({b: 1, a: {c: null}, 2: true})", "{2:true,b:1,a:{c:null}}"},
        {"Buffer.from([1, 255])", "<01ff>"},
        {"new Uint16Array([258]).buffer", "<0201>"},
        {"new Uint16Array([1, 258]).subarray(1)", "<0201>"},
        {"new DataView(new ArrayBuffer(3), 1)", "<0000>"},
        {"new ArrayBuffer(0)", "<>"},
        {"() => 1", "function"},
        {"[Promise.resolve(1)]", "[promise]"},
        {"new Map([[1, 2]])", "{}"},
        {"({[Symbol('s')]: 1, ok: 2})", "{ok:2}"},
        {"Object.assign(Object.create({inherited: 1}), {own: 2})", "{own:2}"},
    };
    engraft_node *node = start_node();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct engraft_node_value value = engraft_node_undefined();
        char source[256];
        snprintf(source, sizeof(source), "(%s)", rows[i].source);
        EXPECT_STATUS(ENGRAFT_NODE_OK,
                      engraft_node_run_string(node, source, (size_t)-1, NULL, 0, &value, &error));
        if (!EXPECT(strcmp(show(&value), rows[i].expected) == 0))
            fprintf(stderr, "%s became %s\n", rows[i].source, show(&value));
        engraft_node_value_clear(&value);
    }
    EXPECT_TEXT("{name:'RangeError',message:'deep',stack:'RangeError: deep",
                run_shown(node, "new RangeError('deep')"));
    struct engraft_node_value text = run(node, "'a\\0b'");
    EXPECT(text.as.text.length == 3 && memcmp(text.as.text.data, "a\0b", 4) == 0);
    engraft_node_value_clear(&text);
    text = run(node, "'\\ud800'");
    EXPECT(strcmp(text.as.text.data, "\xef\xbf\xbd") == 0);
    engraft_node_value_clear(&text);
    stop_node(node);
}

static void check_values_without_copy(void)
{
    engraft_node *node = start_node();
    struct engraft_node_value value = engraft_node_number(7);
    static const char *const sources[] = {
        "Symbol('x')", "[Symbol('x')]", "const c = {}; c.c = c", "let d = []; d.push(d); d",
    };
    for (size_t i = 0; i < 4; i++)
        EXPECT_STATUS(ENGRAFT_NODE_TYPE, engraft_node_run_string(node, sources[i], (size_t)-1, NULL,
                                                                 0, &value, &error));
    EXPECT_STATUS(ENGRAFT_NODE_THROWN,
                  engraft_node_run_string(node, "({get x() { throw new Error('getter') }})",
                                          (size_t)-1, NULL, 0, &value, &error));
    EXPECT_TEXT("getter", error.message);
    EXPECT(value.kind == ENGRAFT_NODE_NUMBER && value.as.number == 7); /* untouched */
    EXPECT_STATUS(ENGRAFT_NODE_OK,
                  engraft_node_run_string(node, "c", (size_t)-1, NULL, ENGRAFT_NODE_BY_REFERENCE,
                                          &value, &error));
    EXPECT(value.kind == ENGRAFT_NODE_REFERENCE);
    engraft_node_value_clear(&value);
    stop_node(node);
}

/* A tree built in C comes back the same, through JSON and as itself. */
static void check_values_to_javascript(void)
{
    engraft_node *node = start_node();
    struct engraft_node_value tree, item, result = engraft_node_undefined();
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_value_object(4, &tree));
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_value_string("t\0ext", 5, &item));
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_value_put(&tree, 0, "text", &item));
    EXPECT(item.kind == ENGRAFT_NODE_UNDEFINED);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_value_array(2, &item));
    item.as.array.items[0] = engraft_node_boolean(true);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_value_put(&tree, 1, "list", &item));
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_value_bytes("\1\2", 2, &item));
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_value_put(&tree, 2, "__proto__", &item));
    struct engraft_node_value big = {ENGRAFT_NODE_DECIMAL, {false}};
    engraft_node_value_string("99999999999999999999", (size_t)-1, &big);
    big.kind = ENGRAFT_NODE_DECIMAL;
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_value_put(&tree, 3, "big", &big));
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT, engraft_node_value_put(&tree, 4, "no", &big));

    struct engraft_node_value same = run(node, "(tree) => tree"), copy;
    EXPECT_STATUS(ENGRAFT_NODE_OK,
                  engraft_node_call(node, &same, NULL, &tree, 1, 0, &result, &error));
    EXPECT_TEXT("{text:'t',list:[true,undefined],__proto__:<0102>,big:99999999999999999999n}",
                show(&result));
    EXPECT(engraft_node_value_get(&result, "text")->as.text.length == 5);
    EXPECT(engraft_node_value_get(&result, "nothing") == NULL);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_value_copy(&result, &copy));
    engraft_node_value_clear(&result);
    EXPECT(engraft_node_value_get(&copy, "list")->as.array.count == 2);
    engraft_node_value_clear(&copy);

    struct engraft_node_value date = engraft_node_number(1000);
    date.kind = ENGRAFT_NODE_DATE;
    struct engraft_node_value iso = run(node, "(date) => date.toISOString()");
    EXPECT_STATUS(ENGRAFT_NODE_OK,
                  engraft_node_call(node, &iso, NULL, &date, 1, 0, &result, &error));
    EXPECT_TEXT("1970-01-01T00:00:01.000Z", show(&result));
    engraft_node_value_clear(&result);
    struct engraft_node_value wrong = engraft_node_number(0);
    wrong.kind = (enum engraft_node_kind)77;
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT,
                  engraft_node_call(node, &same, NULL, &wrong, 1, 0, &result, &error));
    engraft_node_value_clear(&iso);
    engraft_node_value_clear(&same);
    engraft_node_value_clear(&tree);
    stop_node(node);
}

static void check_references(void)
{
    engraft_node *node = start_node();
    struct engraft_node_value object = engraft_node_undefined(), method, result;
    EXPECT_STATUS(ENGRAFT_NODE_OK,
                  engraft_node_run_string(
                      node, "new (class Counter { n = 1; add(k) { return this.n += k } })",
                      (size_t)-1, NULL, ENGRAFT_NODE_BY_REFERENCE, &object, &error));
    EXPECT(object.kind == ENGRAFT_NODE_REFERENCE);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_get(node, &object, "add", 0, &method, &error));
    EXPECT(method.kind == ENGRAFT_NODE_FUNCTION);
    struct engraft_node_value five = engraft_node_number(5);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_set(node, &object, "n", &five, &error));
    EXPECT_STATUS(ENGRAFT_NODE_OK,
                  engraft_node_call(node, &method, &object, &five, 1, 0, &result, &error));
    EXPECT(result.kind == ENGRAFT_NODE_NUMBER && result.as.number == 10);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_get(node, &method, "length", 0, &result, &error));
    EXPECT(result.as.number == 1);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_set(node, NULL, "shared", &object, &error));
    EXPECT(run_number(node, "shared.n") == 10);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_get(node, NULL, "absent", 0, &result, &error));
    EXPECT(result.kind == ENGRAFT_NODE_UNDEFINED);
    EXPECT_STATUS(ENGRAFT_NODE_TYPE, engraft_node_get(node, &five, "x", 0, &result, &error));
    engraft_node_value_clear(&method);
    engraft_node_value_clear(&object);
    stop_node(node);
}

/* A released handle lets its function be collected; a copy of it keeps it. */
static void check_release(void)
{
    static const char *const arguments[] = {"--expose-gc"};
    struct engraft_node_options options = {.size = sizeof(options), .arguments = arguments,
                                           .argument_count = 1};
    engraft_node *node = start_with(&options);
    run(node, "globalThis.gone = 0; globalThis.registry = new FinalizationRegistry(() => gone++);"
              "globalThis.make = () => { const f = () => 1; registry.register(f); return f }; 0");
    struct engraft_node_value function = run(node, "make()"), copy;
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_value_copy(&function, &copy));
    static const char collect[] =
        "(async () => { for (let i = 0; i < 20 && !gone; i++) {"
        " gc(); await new Promise((done) => setTimeout(done, 1)) } return gone })()";
    engraft_node_value_clear(&function);
    EXPECT(run_number(node, collect) == 0);
    struct engraft_node_value result;
    EXPECT_STATUS(ENGRAFT_NODE_OK,
                  engraft_node_call(node, &copy, NULL, NULL, 0, 0, &result, &error));
    struct engraft_node_value stale = copy;
    engraft_node_value_clear(&copy);
    EXPECT(run_number(node, collect) == 1);
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT,
                  engraft_node_call(node, &stale, NULL, NULL, 0, 0, &result, &error));
    stop_node(node);
}

static void check_errors(void)
{
    engraft_node *node = start_node();
    EXPECT_STATUS(ENGRAFT_NODE_THROWN,
                  engraft_node_run_string(node, "\nfunction inner() { throw new TypeError('b\xc3\xa4"
                                                "d') }\n  inner()",
                                          (size_t)-1, "place.js", 0, NULL, &error));
    EXPECT_TEXT("TypeError: b\xc3\xa4" "d", error.message);
    EXPECT_TEXT("at inner (place.js:2:", error.stack);
    EXPECT(strcmp(error.file, "place.js") == 0 && error.line == 2 && error.column == 26);
    EXPECT_STATUS(ENGRAFT_NODE_THROWN, engraft_node_run_string(node, "\n\n let = ;", (size_t)-1,
                                                               "syntax.js", 0, NULL, &error));
    EXPECT_TEXT("SyntaxError", error.message);
    EXPECT(strcmp(error.file, "syntax.js") == 0 && error.line == 3);
    EXPECT_STATUS(ENGRAFT_NODE_THROWN, engraft_node_run_string(node, "throw 'text'", (size_t)-1,
                                                               NULL, 0, NULL, &error));
    EXPECT(strcmp(error.message, "text") == 0 && error.stack[0] == '\0');
    EXPECT_STATUS(ENGRAFT_NODE_THROWN,
                  engraft_node_run_string(node, "throw {toString() { throw 1 }}", (size_t)-1, NULL,
                                          0, NULL, &error));
    EXPECT(error.message[0] != '\0');
    EXPECT_STATUS(ENGRAFT_NODE_THROWN,
                  engraft_node_run_string(node, "const e = new Error('\\u00e4'.repeat(5000)); throw e",
                                          (size_t)-1, NULL, 0, NULL, &error));
    EXPECT(strlen(error.message) >= sizeof(error.message) - 2);
    EXPECT(strlen(error.stack) >= sizeof(error.stack) - 2);
    EXPECT_STATUS(ENGRAFT_NODE_THROWN, engraft_node_run_string(node, "(function f() { f() })()",
                                                               (size_t)-1, NULL, 0, NULL, &error));
    EXPECT_TEXT("RangeError: Maximum call stack", error.message);
    EXPECT(run_number(node, "1 + 1") == 2);
    stop_node(node);
}

static void check_files(void)
{
    engraft_node *node = start_node();
    struct engraft_node_value value = engraft_node_undefined(), again;
    char common[512];
    snprintf(common, sizeof(common), "%s",
             write_file("common.js", "let n = 0; exports.next = () => ++n;"
                                     "exports.dir = __dirname; exports.list = [1, 'two'];"));
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_run_file(node, common, 0, &value, &error));
    EXPECT_TEXT("{next:function,dir:'/tmp/engraft-node-", show(&value));
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_call(node, &value.as.object.items[0].value, NULL,
                                                     NULL, 0, 0, NULL, &error));
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_run_file(node, common, 0, &again, &error));
    struct engraft_node_value count;
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_call(node, &again.as.object.items[0].value, NULL,
                                                     NULL, 0, 0, &count, &error));
    EXPECT(count.as.number == 2); /* loaded once */
    engraft_node_value_clear(&again);
    engraft_node_value_clear(&value);
    const char *module = write_file(
        "module.mjs", "import { readFileSync } from 'node:fs';"
                      "import common from './common.js';"
                      "export const late = await new Promise((done) => setTimeout(done, 5, 'later'));"
                      "export const size = readFileSync(new URL(import.meta.url)).length;"
                      "export default common.list;");
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_run_file(node, module, 0, &value, &error));
    EXPECT_TEXT("{default:[1,'two'],late:'later',size:", show(&value));
    engraft_node_value_clear(&value);
    EXPECT_STATUS(ENGRAFT_NODE_THROWN,
                  engraft_node_run_file(node, write_file("bad.js", "\nnot javascript"), 0, &value,
                                        &error));
    EXPECT_TEXT("bad.js", error.file);
    EXPECT(error.line == 2);
    EXPECT_STATUS(ENGRAFT_NODE_THROWN,
                  engraft_node_run_file(node, "/nowhere/at/all.js", 0, &value, &error));
    EXPECT_TEXT("Cannot find module", error.message);
    EXPECT_STATUS(ENGRAFT_NODE_THROWN,
                  engraft_node_run_file(node, write_file("bad.mjs", "throw new Error('in module')"),
                                        0, &value, &error));
    EXPECT_TEXT("in module", error.message);
    stop_node(node);
}

static void check_source_modules(void)
{
    engraft_node *node = start_node();
    struct engraft_node_value value = engraft_node_undefined();
    EXPECT_STATUS(ENGRAFT_NODE_OK,
                  engraft_node_run_string(node, "import { sep } from 'path'; export { sep };"
                                                "export default await Promise.resolve(3)",
                                          (size_t)-1, NULL, ENGRAFT_NODE_MODULE, &value, &error));
    EXPECT_TEXT("{default:3,sep:'/'}", show(&value));
    engraft_node_value_clear(&value);
    EXPECT_TEXT("'function'", run_shown(node, "import('fs').then((fs) => typeof fs.readFileSync)"));
    EXPECT_TEXT("'/'", run_shown(node, "require('path').sep"));
    stop_node(node);
    struct engraft_node_options options = {.size = sizeof(options)};
    char root[512];
    snprintf(root, sizeof(root), "%s", write_file("here.js", "module.exports = 'found'"));
    *strrchr(root, '/') = '\0';
    options.root = root;
    node = start_with(&options);
    EXPECT_TEXT("'found'", run_shown(node, "require('./here.js')"));
    EXPECT_TEXT("'found'", run_shown(node, "import('./here.js').then((m) => m.default)"));
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_run_file(node, "here.js", 0, &value, &error));
    EXPECT_TEXT("'found'", show(&value));
    engraft_node_value_clear(&value);
    stop_node(node);
}

static void check_options(void)
{
    static const char *const script_arguments[] = {"one", "two"};
    struct engraft_node_options options = {.size = sizeof(options), .script = "main.js",
                                           .script_arguments = script_arguments,
                                           .script_argument_count = 2,
                                           .exec_path = "/usr/bin/some-node",
                                           .flags = ENGRAFT_NODE_NO_PROCESS_STATE};
    engraft_node *node = start_with(&options);
    EXPECT_TEXT("['main.js','one','two']", run_shown(node, "process.argv.slice(1)"));
    EXPECT_TEXT("some-node", run_shown(node, "process.execPath"));
    EXPECT_TEXT("'refused'",
                run_shown(node, "try { process.chdir('/'); 'done' } catch { 'refused' }"));
    stop_node(node);
    static const char *const late[] = {"--expose-gc"};
    struct engraft_node_options second = {.size = sizeof(second), .arguments = late,
                                          .argument_count = 1};
    EXPECT_STATUS(ENGRAFT_NODE_UNSUPPORTED, engraft_node_start(&second, &node, &error));
    EXPECT_TEXT("--expose-gc", error.message);
}

static void check_bad_option(void)
{
    static const char *const bad[] = {"--no-such-option"};
    struct engraft_node_options options = {.size = sizeof(options), .arguments = bad,
                                           .argument_count = 1};
    engraft_node *node = NULL;
    EXPECT_STATUS(ENGRAFT_NODE_INITIALISE, engraft_node_start(&options, &node, &error));
    EXPECT_TEXT("--no-such-option", error.message);
    EXPECT_STATUS(ENGRAFT_NODE_INITIALISE, engraft_node_start(NULL, &node, &error));
    EXPECT(node == NULL);
}

static void check_wrong_arguments(void)
{
    engraft_node *node = start_node(), *other = start_node(), *none = NULL;
    struct engraft_node_value value, function = run(node, "() => 1"), wrong;
    struct engraft_node_options options = {.size = 0};
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT, engraft_node_start(NULL, NULL, &error));
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT, engraft_node_start(&options, &none, &error));
    options = (struct engraft_node_options){.size = sizeof(options), .flags = 1u << 30};
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT, engraft_node_start(&options, &none, &error));
    options = (struct engraft_node_options){.size = sizeof(options), .argument_count = 1};
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT, engraft_node_start(&options, &none, &error));
    options = (struct engraft_node_options){.size = sizeof(options),
                                            .stdio = ENGRAFT_NODE_STDIO_CALLBACK};
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT, engraft_node_start(&options, &none, &error));
    options = (struct engraft_node_options){.size = sizeof(options), .stack_size = 1000};
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT, engraft_node_start(&options, &none, &error));
    EXPECT(none == NULL);
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT,
                  engraft_node_run_string(NULL, "1", 1, NULL, 0, &value, &error));
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT,
                  engraft_node_run_string(node, NULL, 0, NULL, 0, &value, &error));
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT,
                  engraft_node_run_string(node, "1", 1, NULL, 1u << 20, &value, &error));
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT, engraft_node_run_file(node, NULL, 0, &value, &error));
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT,
                  engraft_node_call(node, NULL, NULL, NULL, 0, 0, &value, &error));
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT,
                  engraft_node_call(node, &function, NULL, NULL, 1, 0, &value, &error));
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT,
                  engraft_node_call(other, &function, NULL, NULL, 0, 0, &value, &error));
    wrong = engraft_node_number(1);
    EXPECT_STATUS(ENGRAFT_NODE_TYPE,
                  engraft_node_call(node, &wrong, NULL, NULL, 0, 0, &value, &error));
    EXPECT_STATUS(ENGRAFT_NODE_TYPE, engraft_node_await(node, &wrong, 0, 0, &value, &error));
    EXPECT_STATUS(ENGRAFT_NODE_UNSUPPORTED, engraft_node_pump(node, 0, NULL, &error));
    EXPECT_STATUS(ENGRAFT_NODE_UNSUPPORTED,
                  engraft_node_share(node, &value, NULL, NULL, &error));
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT,
                  engraft_node_function(node, "x", NULL, NULL, NULL, 0, &value, &error));
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT, engraft_node_promise(node, NULL, &error));
    EXPECT_STATUS(ENGRAFT_NODE_BUSY, engraft_node_shutdown(&error));
    stop_node(node);
    stop_node(other);
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT,
                  engraft_node_run_string(node, "1", 1, NULL, 0, &value, &error));
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT,
                  engraft_node_call(node, &function, NULL, NULL, 0, 0, &value, &error));
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT, engraft_node_stop(node, 0, NULL, &error));
    engraft_node_value_clear(&function); /* of an environment that is gone */
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_shutdown(&error));
    EXPECT_STATUS(ENGRAFT_NODE_INITIALISE, engraft_node_start(NULL, &node, &error));
}

const struct check value_checks[] = {
    {"versions", check_versions},
    {"values to C", check_values_to_c},
    {"values that have no copy", check_values_without_copy},
    {"values to JavaScript", check_values_to_javascript},
    {"references, properties and receivers", check_references},
    {"released handles", check_release},
    {"errors say what and where", check_errors},
    {"files and ES modules", check_files},
    {"modules from source, import() and require()", check_source_modules},
    {"options", check_options},
    {"an option that Node does not know", check_bad_option},
    {"wrong arguments and use after the stop", check_wrong_arguments},
    {NULL, NULL},
};
