/* SPDX-License-Identifier: MIT */
/*
 * driver LOADER.so SCRIPT.js: opens the loader as a plugin, does everything with it once and prints
 * what came. Exit status 1 if something was not as it has to be.
 */
#include "js_loader.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static const struct js_loader_table *loader_table;
static struct engraft_node_error error;
static int wrong;

static void say(bool right, const char *what)
{
    printf("%s %s\n", right ? "ok   " : "WRONG", what);
    if (!right) {
        printf("      status %d: %s\n%s\n", (int)error.status, error.message, error.stack);
        wrong = 1;
    }
}

static double number_of(const struct engraft_node_value *object, const char *key)
{
    const struct engraft_node_value *value = loader_table->get(object, key);
    return value != NULL && value->kind == ENGRAFT_NODE_NUMBER ? value->as.number : -1;
}

/* ---- functions of the host */

static enum engraft_node_status price(engraft_node *node, void *user,
                                      const struct engraft_node_value *arguments, size_t count,
                                      struct engraft_node_value *ret_value,
                                      struct engraft_node_error *reterr)
{
    (void)node, (void)user, (void)reterr;
    bool is_tea = count == 1 && arguments[0].kind == ENGRAFT_NODE_STRING &&
                  strcmp(arguments[0].as.text.data, "tea") == 0;
    *ret_value = engraft_node_number(is_tea ? 4 : 10);
    return ENGRAFT_NODE_OK;
}

static enum engraft_node_status log_text(engraft_node *node, void *user,
                                         const struct engraft_node_value *arguments, size_t count,
                                         struct engraft_node_value *ret_value,
                                         struct engraft_node_error *reterr)
{
    (void)node, (void)ret_value, (void)reterr;
    if (count == 1 && arguments[0].kind == ENGRAFT_NODE_STRING)
        snprintf(user, 64, "%s", arguments[0].as.text.data);
    return ENGRAFT_NODE_OK;
}

static enum engraft_node_status twice(engraft_node *node, void *user,
                                      const struct engraft_node_value *arguments, size_t count,
                                      struct engraft_node_value *ret_value,
                                      struct engraft_node_error *reterr)
{
    (void)node, (void)user, (void)reterr;
    *ret_value = engraft_node_number(count == 2 ? 2 * arguments[0].as.number : -1);
    return ENGRAFT_NODE_OK;
}

/* ---- what is shown */

static void show_functions(const js_script *script)
{
    size_t count = loader_table->function_count(script);
    for (size_t i = 0; i < count; i++) {
        const struct js_function *function = loader_table->function(script, i);
        printf("      %s%s/%u\n", function->is_async ? "async " : "", function->name,
               function->arity);
    }
    say(count == 7, "seven functions are exported, the version is none");
    say(strcmp(loader_table->function(script, 0)->name, "total") == 0 &&
            loader_table->function(script, 0)->arity == 2,
        "the first is total, of two arguments");
    say(loader_table->function(script, 3)->is_async, "digest is asynchronous");
}

static void call_with_values(js_script *script)
{
    struct engraft_node_property tea[] = {{"name", 4, engraft_node_text("tea", 3)},
                                          {"count", 5, engraft_node_number(3)}};
    struct engraft_node_property cake[] = {{"name", 4, engraft_node_text("cake", 4)},
                                           {"count", 5, engraft_node_number(2)}};
    struct engraft_node_value items[2], arguments[2], value;
    items[0] = (struct engraft_node_value){ENGRAFT_NODE_OBJECT, {.object = {tea, 2}}};
    items[1] = (struct engraft_node_value){ENGRAFT_NODE_OBJECT, {.object = {cake, 2}}};
    arguments[0] = (struct engraft_node_value){ENGRAFT_NODE_ARRAY, {.array = {items, 2}}};
    arguments[1] = engraft_node_number(0.5);
    bool called = loader_table->call(script, "total", arguments, 2, &value, &error) ==
                  ENGRAFT_NODE_OK;
    say(called && number_of(&value, "sum") == 32 && number_of(&value, "paid") == 16,
        "values go in and out, and the script calls the host");
    if (called)
        loader_table->clear(&value);
}

static void call_with_callback(js_loader *loader, js_script *script)
{
    struct engraft_node_value numbers[] = {engraft_node_number(1), engraft_node_number(21)};
    struct engraft_node_value arguments[2], value;
    arguments[0] = (struct engraft_node_value){ENGRAFT_NODE_ARRAY, {.array = {numbers, 2}}};
    if (loader_table->register_function(loader, NULL, twice, NULL, &arguments[1], &error) !=
        ENGRAFT_NODE_OK) {
        say(false, "a function of the host is made");
        return;
    }
    bool called =
        loader_table->call(script, "each", arguments, 2, &value, &error) == ENGRAFT_NODE_OK;
    say(called && value.as.array.items[1].as.number == 42, "a callback of the host's is called");
    if (called)
        loader_table->clear(&value);
    loader_table->clear(&arguments[1]);
}

static void call_what_came(js_loader *loader, js_script *script)
{
    struct engraft_node_value number = engraft_node_number(40), two = engraft_node_number(2), adder,
                              value = engraft_node_undefined();
    if (loader_table->call(script, "adder", &number, 1, &adder, &error) != ENGRAFT_NODE_OK) {
        say(false, "adder");
        return;
    }
    loader_table->call_value(loader, &adder, &two, 1, &value, &error);
    say(value.kind == ENGRAFT_NODE_NUMBER && value.as.number == 42,
        "a function that came back is called");
    loader_table->clear(&adder);
}

static void await_promises(js_loader *loader, js_script *script)
{
    static const char expected[] = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    struct engraft_node_value bytes = {ENGRAFT_NODE_BYTES, {.text = {"hello", 5}}}, promise, value;
    bool right = loader_table->call(script, "digest", &bytes, 1, &promise, &error) ==
                     ENGRAFT_NODE_OK &&
                 promise.kind == ENGRAFT_NODE_PROMISE &&
                 loader_table->await(loader, &promise, 10000, &value, &error) == ENGRAFT_NODE_OK;
    say(right && strcmp(value.as.text.data, expected) == 0, "a promise is awaited");
    if (right) {
        loader_table->clear(&value);
        loader_table->clear(&promise);
    }
    if (loader_table->call(script, "never", NULL, 0, &promise, &error) == ENGRAFT_NODE_OK) {
        say(loader_table->await(loader, &promise, 20, &value, &error) == ENGRAFT_NODE_TIMEOUT,
            "for 20 milliseconds, if it never comes");
        loader_table->clear(&promise);
    }
}

static void see_errors(js_script *script, const char *logged)
{
    struct engraft_node_value value;
    bool thrown =
        loader_table->call(script, "fail", NULL, 0, &value, &error) == ENGRAFT_NODE_THROWN;
    say(thrown && strcmp(error.message, "RangeError: out of stock") == 0, "an exception is a value");
    say(strstr(error.stack, "orders.js") != NULL && error.line > 0, "with its place and its stack");
    say(strcmp(logged, "about to fail") == 0, "after it has called the host");
    say(loader_table->call(script, "nothing", NULL, 0, &value, &error) == ENGRAFT_NODE_ARGUMENT,
        "a function that is not there is said to be");
}

static void use(const char *path, int round)
{
    char logged[64] = "";
    js_loader *loader;
    js_script *script;
    if (loader_table->open(NULL, &loader, &error) != ENGRAFT_NODE_OK) {
        say(false, "the loader opens");
        return;
    }
    printf("round %d\n", round);
    loader_table->register_function(loader, "price", price, NULL, NULL, &error);
    loader_table->register_function(loader, "log", log_text, logged, NULL, &error);
    if (loader_table->load(loader, path, &script, &error) == ENGRAFT_NODE_OK) {
        show_functions(script);
        call_with_values(script);
        call_with_callback(loader, script);
        call_what_came(loader, script);
        await_promises(loader, script);
        see_errors(script, logged);
        loader_table->unload(script);
    } else {
        say(false, "the script is loaded");
    }
    say(loader_table->close(loader, 10000, &error) == ENGRAFT_NODE_OK, "and closed");
}

int main(int argc, char **argv)
{
    void *plugin = argc == 3 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    loader_table = plugin != NULL ? dlsym(plugin, JS_LOADER_TABLE) : NULL;
    if (loader_table == NULL || loader_table->version != JS_LOADER_VERSION) {
        fprintf(stderr, "driver LOADER.so SCRIPT.js: %s\n", argc == 3 ? dlerror() : "usage");
        return 2;
    }
    use(argv[2], 1);
    use(argv[2], 2);
    puts(wrong ? "js-loader: something was wrong" : "js-loader: passed");
    return wrong;
}
