/* SPDX-License-Identifier: MIT */
/*
 * Node.js for R: engraft-node's functions behind .Call(), as node.R uses them. R's own thread calls
 * everything here but Called() and Uncalled(), which Node's thread calls.
 *
 * R's errors and interrupts leave a C function by longjmp(). So nothing that has to be freed is
 * held in a local variable while R may be called: arguments are built in memory that R frees when
 * .Call() ends (R_alloc), results are hung on an external pointer with a finalizer first.
 *
 * A failure is returned as a condition of class "node_error", which node.R signals.
 */
#define R_NO_REMAP
#include <R.h>
#include <R_ext/Rdynload.h>
#include <R_ext/Utils.h>
#include <Rinternals.h>

#include <engraft-node.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const double LARGEST_EXACT = 9007199254740992.0; /* 2^53 */

/* ---- what an external pointer points to ------------------------------------------------------ */

struct tree {
    struct engraft_node_value value;
};

static void FinalizeTree(SEXP pointer)
{
    struct tree *tree = R_ExternalPtrAddr(pointer);

    R_ClearExternalPtr(pointer);
    if (tree)
        engraft_node_value_clear(&tree->value);
    free(tree);
}

/* An empty tree with an owner, for a result to be written into. */
static SEXP NewTree(struct tree **ret_tree)
{
    struct tree *tree = calloc(1, sizeof(*tree));
    SEXP pointer = PROTECT(R_MakeExternalPtr(tree, R_NilValue, R_NilValue));

    R_RegisterCFinalizerEx(pointer, FinalizeTree, TRUE);
    UNPROTECT(1);
    if (!tree)
        Rf_error("out of memory");
    *ret_tree = tree;
    return pointer;
}

static void FinalizeNode(SEXP pointer)
{
    engraft_node *node = R_ExternalPtrAddr(pointer);

    R_ClearExternalPtr(pointer);
    if (node)
        engraft_node_stop(node, 0, NULL, NULL);
}

static engraft_node *NodeOf(SEXP pointer)
{
    if (TYPEOF(pointer) != EXTPTRSXP || !Rf_inherits(pointer, "node"))
        Rf_error("not what node_start() returned");
    if (!R_ExternalPtrAddr(pointer))
        Rf_error("this Node has been stopped");
    return R_ExternalPtrAddr(pointer);
}

/* ---- conditions ------------------------------------------------------------------------------ */

static const char *const STATUS_CLASSES[] = {
    "node_error_ok",        "node_error_argument",   "node_error_thrown",
    "node_error_type",      "node_error_timeout",    "node_error_ended",
    "node_error_memory",    "node_error_system",     "node_error_initialise",
    "node_error_isolate",   "node_error_deadlock",   "node_error_busy",
    "node_error_unsupported",
};

static SEXP Utf8(const char *text)
{
    return Rf_ScalarString(Rf_mkCharCE(text, CE_UTF8));
}

static SEXP Condition(const struct engraft_node_error *error)
{
    const char *names[] = {"message", "call", "stack", "file", "line", "exit_code", ""};
    SEXP condition = PROTECT(Rf_mkNamed(VECSXP, names));
    SEXP classes = PROTECT(Rf_allocVector(STRSXP, 4));
    const char *message =
        error->message[0] ? error->message : engraft_node_status_text(error->status);
    size_t status = (size_t)error->status;
    size_t count = sizeof(STATUS_CLASSES) / sizeof(STATUS_CLASSES[0]);

    SET_VECTOR_ELT(condition, 0, Utf8(message));
    SET_VECTOR_ELT(condition, 2, Utf8(error->stack));
    SET_VECTOR_ELT(condition, 3, Utf8(error->file));
    SET_VECTOR_ELT(condition, 4, Rf_ScalarInteger(error->line));
    SET_VECTOR_ELT(condition, 5, Rf_ScalarInteger(error->exit_code));
    SET_STRING_ELT(classes, 0, Rf_mkChar(status < count ? STATUS_CLASSES[status] : "node_error_"));
    SET_STRING_ELT(classes, 1, Rf_mkChar("node_error"));
    SET_STRING_ELT(classes, 2, Rf_mkChar("error"));
    SET_STRING_ELT(classes, 3, Rf_mkChar("condition"));
    Rf_setAttrib(condition, R_ClassSymbol, classes);
    UNPROTECT(2);
    return condition;
}

/* ---- R to JavaScript ------------------------------------------------------------------------- */

static struct engraft_node_value FromR(SEXP value);

static struct engraft_node_value Null(void)
{
    struct engraft_node_value value = {ENGRAFT_NODE_NULL, {false}};
    return value;
}

static struct engraft_node_value FromString(SEXP string)
{
    const char *text;

    if (string == NA_STRING)
        return Null();
    text = Rf_translateCharUTF8(string);
    return engraft_node_text(text, strlen(text));
}

/* R's missing value is a NaN with a payload; NaN itself stays one. */
static struct engraft_node_value FromReal(double number)
{
    return R_IsNA(number) ? Null() : engraft_node_number(number);
}

static struct engraft_node_value FromInteger(int number)
{
    return number == NA_INTEGER ? Null() : engraft_node_number(number);
}

static struct engraft_node_value FromTime(double seconds)
{
    struct engraft_node_value value = {ENGRAFT_NODE_DATE, {false}};

    value.as.number = seconds * 1000.0;
    return value;
}

static struct engraft_node_value Element(SEXP vector, R_xlen_t index)
{
    switch (TYPEOF(vector)) {
    case LGLSXP:
        return LOGICAL(vector)[index] == NA_LOGICAL
                   ? Null()
                   : engraft_node_boolean(LOGICAL(vector)[index] != 0);
    case INTSXP:
        return FromInteger(INTEGER(vector)[index]);
    case REALSXP:
        if (Rf_inherits(vector, "POSIXct"))
            return FromTime(REAL(vector)[index]);
        if (Rf_inherits(vector, "Date"))
            return FromTime(REAL(vector)[index] * 86400.0);
        return FromReal(REAL(vector)[index]);
    case STRSXP:
        return FromString(STRING_ELT(vector, index));
    default:
        return FromR(VECTOR_ELT(vector, index));
    }
}

static struct engraft_node_value FromArray(SEXP vector, R_xlen_t count)
{
    struct engraft_node_value value = {ENGRAFT_NODE_ARRAY, {false}};

    value.as.array.count = (size_t)count;
    value.as.array.items = (void *)R_alloc((size_t)count + 1, sizeof(*value.as.array.items));
    for (R_xlen_t i = 0; i < count; i++)
        value.as.array.items[i] = Element(vector, i);
    return value;
}

static struct engraft_node_value FromNamed(SEXP vector, SEXP names, R_xlen_t count)
{
    struct engraft_node_value value = {ENGRAFT_NODE_OBJECT, {false}};

    value.as.object.count = (size_t)count;
    value.as.object.items = (void *)R_alloc((size_t)count + 1, sizeof(*value.as.object.items));
    for (R_xlen_t i = 0; i < count; i++) {
        struct engraft_node_property *property = &value.as.object.items[i];

        property->key = Rf_translateCharUTF8(STRING_ELT(names, i));
        property->key_length = strlen(property->key);
        property->value = Element(vector, i);
    }
    return value;
}

static struct engraft_node_value FromVector(SEXP vector)
{
    SEXP names = PROTECT(Rf_getAttrib(vector, R_NamesSymbol));
    R_xlen_t count = Rf_xlength(vector);
    struct engraft_node_value value;

    if (names != R_NilValue)
        value = FromNamed(vector, names, count);
    else if (count == 1 && TYPEOF(vector) != VECSXP && !Rf_inherits(vector, "AsIs"))
        value = Element(vector, 0);
    else
        value = FromArray(vector, count);
    UNPROTECT(1);
    return value;
}

static struct engraft_node_value FromBytes(SEXP raw)
{
    struct engraft_node_value value = {ENGRAFT_NODE_BYTES, {false}};

    value.as.text.data = (const char *)RAW(raw);
    value.as.text.length = (size_t)Rf_xlength(raw);
    return value;
}

/* Valid until .Call() ends and while `value` is protected. */
static struct engraft_node_value FromR(SEXP value)
{
    struct tree *tree;

    switch (TYPEOF(value)) {
    case NILSXP:
        return Null();
    case RAWSXP:
        return FromBytes(value);
    case LGLSXP:
    case INTSXP:
    case REALSXP:
    case STRSXP:
    case VECSXP:
        if (Rf_inherits(value, "factor"))
            Rf_error("a factor has no equivalent in JavaScript; pass as.character() of it");
        return FromVector(value);
    case EXTPTRSXP:
        tree = R_ExternalPtrAddr(value);
        if (!Rf_inherits(value, "node_handle") || !tree)
            Rf_error("this pointer is nothing of Node's");
        return tree->value;
    default:
        Rf_error("a %s has no equivalent in JavaScript", Rf_type2char((SEXPTYPE)TYPEOF(value)));
    }
}

/* ---- JavaScript to R ------------------------------------------------------------------------- */

static SEXP ToR(const struct engraft_node_value *value);

static SEXP ToString(const struct engraft_node_value *value)
{
    if (value->as.text.length > INT32_MAX)
        Rf_error("a string of %zu bytes is too long for R", value->as.text.length);
    return Rf_mkCharLenCE(value->as.text.data, (int)value->as.text.length, CE_UTF8);
}

/* A number where R can hold it exactly, else its digits. */
static SEXP ToInteger(int64_t integer)
{
    char digits[32];

    if (fabs((double)integer) <= LARGEST_EXACT)
        return Rf_ScalarReal((double)integer);
    snprintf(digits, sizeof(digits), "%lld", (long long)integer);
    return Rf_mkString(digits);
}

static SEXP ToBytes(const struct engraft_node_value *value)
{
    SEXP raw = Rf_allocVector(RAWSXP, (R_xlen_t)value->as.text.length);

    memcpy(RAW(raw), value->as.text.data, value->as.text.length);
    return raw;
}

static SEXP ToTime(double milliseconds)
{
    SEXP time = PROTECT(Rf_ScalarReal(milliseconds / 1000.0));
    SEXP classes = PROTECT(Rf_allocVector(STRSXP, 2));

    SET_STRING_ELT(classes, 0, Rf_mkChar("POSIXct"));
    SET_STRING_ELT(classes, 1, Rf_mkChar("POSIXt"));
    Rf_setAttrib(time, R_ClassSymbol, classes);
    UNPROTECT(2);
    return time;
}

static bool IsMissing(const struct engraft_node_value *value)
{
    return value->kind == ENGRAFT_NODE_NULL || value->kind == ENGRAFT_NODE_UNDEFINED;
}

/* The one kind of value that an array has, beside null; ENGRAFT_NODE_ARRAY when there are more, or
   none. */
static enum engraft_node_kind CommonKind(const struct engraft_node_value *array)
{
    enum engraft_node_kind common = ENGRAFT_NODE_NULL;

    for (size_t i = 0; i < array->as.array.count; i++) {
        const struct engraft_node_value *item = &array->as.array.items[i];

        if (IsMissing(item))
            continue;
        if (common != ENGRAFT_NODE_NULL && item->kind != common)
            return ENGRAFT_NODE_ARRAY;
        common = item->kind;
    }
    return common == ENGRAFT_NODE_NULL ? ENGRAFT_NODE_ARRAY : common;
}

static void SetElement(SEXP vector, R_xlen_t index, const struct engraft_node_value *item)
{
    switch (TYPEOF(vector)) {
    case LGLSXP:
        LOGICAL(vector)[index] = IsMissing(item) ? NA_LOGICAL : item->as.boolean;
        break;
    case REALSXP:
        REAL(vector)[index] = IsMissing(item) ? NA_REAL : item->as.number;
        break;
    case STRSXP:
        SET_STRING_ELT(vector, index, IsMissing(item) ? NA_STRING : ToString(item));
        break;
    default:
        SET_VECTOR_ELT(vector, index, ToR(item));
    }
}

/* Booleans, numbers and strings among themselves make a vector, anything else a list. */
static SEXP ToVector(const struct engraft_node_value *array)
{
    enum engraft_node_kind kind = CommonKind(array);
    SEXPTYPE type = kind == ENGRAFT_NODE_BOOLEAN  ? LGLSXP
                    : kind == ENGRAFT_NODE_NUMBER ? REALSXP
                    : kind == ENGRAFT_NODE_STRING ? STRSXP
                                                  : VECSXP;
    SEXP vector = PROTECT(Rf_allocVector(type, (R_xlen_t)array->as.array.count));

    for (size_t i = 0; i < array->as.array.count; i++)
        SetElement(vector, (R_xlen_t)i, &array->as.array.items[i]);
    UNPROTECT(1);
    return vector;
}

static SEXP ToList(const struct engraft_node_value *object)
{
    R_xlen_t count = (R_xlen_t)object->as.object.count;
    SEXP list = PROTECT(Rf_allocVector(VECSXP, count));
    SEXP names = PROTECT(Rf_allocVector(STRSXP, count));

    for (R_xlen_t i = 0; i < count; i++) {
        const struct engraft_node_property *property = &object->as.object.items[i];

        SET_STRING_ELT(names, i,
                       Rf_mkCharLenCE(property->key, (int)property->key_length, CE_UTF8));
        SET_VECTOR_ELT(list, i, ToR(&property->value));
    }
    Rf_setAttrib(list, R_NamesSymbol, names);
    UNPROTECT(2);
    return list;
}

/* A handle is held once more, by what R keeps of it. */
static SEXP ToHandle(const struct engraft_node_value *value, const char *name)
{
    struct tree *tree;
    SEXP pointer = PROTECT(NewTree(&tree));
    SEXP classes = PROTECT(Rf_allocVector(STRSXP, 2));

    if (engraft_node_value_copy(value, &tree->value) != ENGRAFT_NODE_OK)
        Rf_error("out of memory");
    SET_STRING_ELT(classes, 0, Rf_mkChar(name));
    SET_STRING_ELT(classes, 1, Rf_mkChar("node_handle"));
    Rf_setAttrib(pointer, R_ClassSymbol, classes);
    UNPROTECT(2);
    return pointer;
}

static SEXP ToR(const struct engraft_node_value *value)
{
    switch (value->kind) {
    case ENGRAFT_NODE_UNDEFINED:
    case ENGRAFT_NODE_NULL:
        return R_NilValue;
    case ENGRAFT_NODE_BOOLEAN:
        return Rf_ScalarLogical(value->as.boolean);
    case ENGRAFT_NODE_NUMBER:
        return Rf_ScalarReal(value->as.number);
    case ENGRAFT_NODE_INTEGER:
        return ToInteger(value->as.integer);
    case ENGRAFT_NODE_DECIMAL:
    case ENGRAFT_NODE_STRING:
        return Rf_ScalarString(ToString(value));
    case ENGRAFT_NODE_BYTES:
        return ToBytes(value);
    case ENGRAFT_NODE_DATE:
        return ToTime(value->as.number);
    case ENGRAFT_NODE_ARRAY:
        return ToVector(value);
    case ENGRAFT_NODE_OBJECT:
        return ToList(value);
    case ENGRAFT_NODE_FUNCTION:
        return ToHandle(value, "node_function");
    case ENGRAFT_NODE_PROMISE:
        return ToHandle(value, "node_promise");
    case ENGRAFT_NODE_REFERENCE:
        return ToHandle(value, "node_object");
    }
    Rf_error("a value of unknown kind %d", (int)value->kind);
}

/* What a call has left in `tree`, or its failure. Frees the tree in either case. */
static SEXP Result(enum engraft_node_status status, const struct engraft_node_error *error,
                   SEXP pointer, struct tree *tree)
{
    SEXP result = PROTECT(status == ENGRAFT_NODE_OK ? ToR(&tree->value) : Condition(error));

    FinalizeTree(pointer);
    UNPROTECT(1);
    return result;
}

/* ---- what R calls ---------------------------------------------------------------------------- */

static const char **Strings(SEXP vector)
{
    R_xlen_t count = Rf_xlength(vector);
    const char **strings = (void *)R_alloc((size_t)count + 1, sizeof(*strings));

    for (R_xlen_t i = 0; i < count; i++)
        strings[i] = Rf_translateCharUTF8(STRING_ELT(vector, i));
    return strings;
}

SEXP node_start_(SEXP in_host, SEXP arguments, SEXP root, SEXP heap_limit);
SEXP node_start_(SEXP in_host, SEXP arguments, SEXP root, SEXP heap_limit)
{
    struct engraft_node_options options = {.size = sizeof(options)};
    struct engraft_node_error error = {0};
    engraft_node *node = NULL;
    SEXP pointer;

    options.mode = Rf_asLogical(in_host) ? ENGRAFT_NODE_IN_HOST : ENGRAFT_NODE_THREAD;
    options.arguments = Strings(arguments);
    options.argument_count = (size_t)Rf_xlength(arguments);
    options.heap_limit = (size_t)Rf_asInteger(heap_limit);
    if (root != R_NilValue)
        options.root = Rf_translateCharUTF8(STRING_ELT(root, 0));

    pointer = PROTECT(R_MakeExternalPtr(NULL, R_NilValue, R_NilValue));
    R_RegisterCFinalizerEx(pointer, FinalizeNode, TRUE);
    Rf_setAttrib(pointer, R_ClassSymbol, Rf_mkString("node"));
    if (engraft_node_start(&options, &node, &error) != ENGRAFT_NODE_OK) {
        UNPROTECT(1);
        return Condition(&error);
    }
    R_SetExternalPtrAddr(pointer, node);
    UNPROTECT(1);
    return pointer;
}

SEXP node_stop_(SEXP pointer, SEXP timeout);
SEXP node_stop_(SEXP pointer, SEXP timeout)
{
    struct engraft_node_error error = {0};
    engraft_node *node = NodeOf(pointer);
    int exit_code = 0;
    enum engraft_node_status status =
        engraft_node_stop(node, Rf_asInteger(timeout), &exit_code, &error);

    if (status == ENGRAFT_NODE_OK || status == ENGRAFT_NODE_ENDED || status == ENGRAFT_NODE_MEMORY)
        R_ClearExternalPtr(pointer);
    return status == ENGRAFT_NODE_OK ? Rf_ScalarInteger(exit_code) : Condition(&error);
}

SEXP node_eval_(SEXP pointer, SEXP source, SEXP name, SEXP flags);
SEXP node_eval_(SEXP pointer, SEXP source, SEXP name, SEXP flags)
{
    struct engraft_node_error error = {0};
    struct tree *tree;
    engraft_node *node = NodeOf(pointer);
    SEXP owner = PROTECT(NewTree(&tree));
    enum engraft_node_status status = engraft_node_run_string(
        node, Rf_translateCharUTF8(STRING_ELT(source, 0)), (size_t)-1,
        Rf_translateCharUTF8(STRING_ELT(name, 0)), (unsigned)Rf_asInteger(flags), &tree->value,
        &error);
    SEXP result = Result(status, &error, owner, tree);

    UNPROTECT(1);
    return result;
}

SEXP node_run_(SEXP pointer, SEXP path, SEXP flags);
SEXP node_run_(SEXP pointer, SEXP path, SEXP flags)
{
    struct engraft_node_error error = {0};
    struct tree *tree;
    engraft_node *node = NodeOf(pointer);
    SEXP owner = PROTECT(NewTree(&tree));
    enum engraft_node_status status =
        engraft_node_run_file(node, Rf_translateCharUTF8(STRING_ELT(path, 0)),
                              (unsigned)Rf_asInteger(flags), &tree->value, &error);
    SEXP result = Result(status, &error, owner, tree);

    UNPROTECT(1);
    return result;
}

SEXP node_call_(SEXP pointer, SEXP function, SEXP arguments, SEXP flags);
SEXP node_call_(SEXP pointer, SEXP function, SEXP arguments, SEXP flags)
{
    struct engraft_node_error error = {0};
    struct engraft_node_value callee = FromR(function);
    struct engraft_node_value values = FromArray(arguments, Rf_xlength(arguments));
    struct tree *tree;
    engraft_node *node = NodeOf(pointer);
    SEXP owner = PROTECT(NewTree(&tree));
    enum engraft_node_status status =
        engraft_node_call(node, &callee, NULL, values.as.array.items, values.as.array.count,
                          (unsigned)Rf_asInteger(flags), &tree->value, &error);
    SEXP result = Result(status, &error, owner, tree);

    UNPROTECT(1);
    return result;
}

/* One look of `timeout` ms; node.R repeats it, and R's interrupts are seen in between. */
SEXP node_await_(SEXP pointer, SEXP promise, SEXP timeout, SEXP flags);
SEXP node_await_(SEXP pointer, SEXP promise, SEXP timeout, SEXP flags)
{
    struct engraft_node_error error = {0};
    struct engraft_node_value awaited = FromR(promise);
    struct tree *tree;
    engraft_node *node = NodeOf(pointer);
    SEXP owner, result;
    enum engraft_node_status status;

    R_CheckUserInterrupt();
    owner = PROTECT(NewTree(&tree));
    status = engraft_node_await(node, &awaited, Rf_asInteger(timeout),
                                (unsigned)Rf_asInteger(flags), &tree->value, &error);
    result = Result(status, &error, owner, tree);
    UNPROTECT(1);
    return result;
}

SEXP node_get_(SEXP pointer, SEXP object, SEXP key, SEXP flags);
SEXP node_get_(SEXP pointer, SEXP object, SEXP key, SEXP flags)
{
    struct engraft_node_error error = {0};
    struct engraft_node_value from = FromR(object);
    struct tree *tree;
    engraft_node *node = NodeOf(pointer);
    SEXP owner = PROTECT(NewTree(&tree));
    enum engraft_node_status status = engraft_node_get(
        node, object == R_NilValue ? NULL : &from, Rf_translateCharUTF8(STRING_ELT(key, 0)),
        (unsigned)Rf_asInteger(flags), &tree->value, &error);
    SEXP result = Result(status, &error, owner, tree);

    UNPROTECT(1);
    return result;
}

SEXP node_set_(SEXP pointer, SEXP object, SEXP key, SEXP value);
SEXP node_set_(SEXP pointer, SEXP object, SEXP key, SEXP value)
{
    struct engraft_node_error error = {0};
    struct engraft_node_value to = FromR(object), from = FromR(value);
    enum engraft_node_status status =
        engraft_node_set(NodeOf(pointer), object == R_NilValue ? NULL : &to,
                         Rf_translateCharUTF8(STRING_ELT(key, 0)), &from, &error);

    return status == ENGRAFT_NODE_OK ? R_NilValue : Condition(&error);
}

SEXP node_versions_(void);
SEXP node_versions_(void)
{
    const char *names[] = {"node", "v8", "v8_compiled_for", ""};
    SEXP versions = PROTECT(Rf_mkNamed(VECSXP, names));

    SET_VECTOR_ELT(versions, 0, Utf8(engraft_node_version()));
    SET_VECTOR_ELT(versions, 1, Utf8(engraft_node_v8_running()));
    SET_VECTOR_ELT(versions, 2, Utf8(engraft_node_v8_version()));
    UNPROTECT(1);
    return versions;
}

/* ---- R functions that JavaScript calls ------------------------------------------------------- */

/*
 * R has one thread, so JavaScript gets a promise at once, and R runs the function when it is next
 * inside of this package: while it waits, or when it asks for what is due.
 */
struct request {
    struct request *next;
    engraft_node *node;
    SEXP function;                       /* preserved for as long as JavaScript can call it */
    struct engraft_node_value arguments; /* an ARRAY */
    struct engraft_node_value promise;
    bool last; /* no call: the function may go */
};

static pthread_mutex_t requests_lock = PTHREAD_MUTEX_INITIALIZER;
static struct request *first_request, **end_of_requests = &first_request;

static void Append(struct request *request)
{
    pthread_mutex_lock(&requests_lock);
    *end_of_requests = request;
    end_of_requests = &request->next;
    pthread_mutex_unlock(&requests_lock);
}

static struct request *TakeFirst(void)
{
    struct request *request;

    pthread_mutex_lock(&requests_lock);
    request = first_request;
    if (request)
        first_request = request->next;
    if (!first_request)
        end_of_requests = &first_request;
    pthread_mutex_unlock(&requests_lock);
    return request;
}

static void FreeRequest(struct request *request)
{
    engraft_node_value_clear(&request->arguments);
    engraft_node_value_clear(&request->promise);
    free(request);
}

/* On Node's thread: nothing of R may be called. */
static enum engraft_node_status Called(engraft_node *node, void *user,
                                       const struct engraft_node_value *arguments, size_t count,
                                       struct engraft_node_value *ret_value,
                                       struct engraft_node_error *reterr)
{
    struct request *request = calloc(1, sizeof(*request));
    struct engraft_node_value borrowed = {ENGRAFT_NODE_ARRAY, {false}};
    enum engraft_node_status status;

    if (!request)
        return ENGRAFT_NODE_SYSTEM;
    request->node = node;
    request->function = user;
    borrowed.as.array.items = (struct engraft_node_value *)(uintptr_t)arguments;
    borrowed.as.array.count = count;
    status = engraft_node_promise(node, &request->promise, reterr);
    if (status == ENGRAFT_NODE_OK)
        status = engraft_node_value_copy(&borrowed, &request->arguments);
    if (status == ENGRAFT_NODE_OK)
        status = engraft_node_value_copy(&request->promise, ret_value);
    if (status != ENGRAFT_NODE_OK) {
        FreeRequest(request);
        return status;
    }
    Append(request);
    return ENGRAFT_NODE_OK;
}

/* On Node's thread: the function is released by R's, later. Without memory it is kept for good. */
static void Uncalled(void *user)
{
    struct request *request = calloc(1, sizeof(*request));

    if (!request)
        return;
    request->function = user;
    request->last = true;
    Append(request);
}

static void FinalizeRequest(SEXP pointer)
{
    struct request *request = R_ExternalPtrAddr(pointer);

    R_ClearExternalPtr(pointer);
    if (!request)
        return;
    engraft_node_reject(request->node, &request->promise, "R gave no answer", NULL);
    FreeRequest(request);
}

SEXP node_function_(SEXP pointer, SEXP function, SEXP name);
SEXP node_function_(SEXP pointer, SEXP function, SEXP name)
{
    struct engraft_node_error error = {0};
    struct tree *tree;
    engraft_node *node = NodeOf(pointer);
    const char *text = name == R_NilValue ? NULL : Rf_translateCharUTF8(STRING_ELT(name, 0));
    SEXP owner = PROTECT(NewTree(&tree)), result;
    enum engraft_node_status status;

    R_PreserveObject(function);
    status = engraft_node_function(node, text, Called, function, Uncalled,
                                   text ? ENGRAFT_NODE_GLOBAL : 0, &tree->value, &error);
    if (status == ENGRAFT_NODE_ARGUMENT)
        R_ReleaseObject(function);
    result = Result(status, &error, owner, tree);
    UNPROTECT(1);
    return result;
}

/* The next call that JavaScript has made: list(request, function, arguments), or NULL. */
SEXP node_take_(void);
SEXP node_take_(void)
{
    SEXP pointer = PROTECT(R_MakeExternalPtr(NULL, R_NilValue, R_NilValue));
    SEXP call = PROTECT(Rf_allocVector(VECSXP, 3));
    struct request *request;

    R_RegisterCFinalizerEx(pointer, FinalizeRequest, TRUE);
    while ((request = TakeFirst()) && request->last) {
        R_ReleaseObject(request->function);
        free(request);
    }
    if (!request) {
        UNPROTECT(2);
        return R_NilValue;
    }
    R_SetExternalPtrAddr(pointer, request);
    SET_VECTOR_ELT(call, 0, pointer);
    SET_VECTOR_ELT(call, 1, request->function);
    SET_VECTOR_ELT(call, 2, ToVector(&request->arguments));
    SET_VECTOR_ELT(call, 2, Rf_coerceVector(VECTOR_ELT(call, 2), VECSXP));
    UNPROTECT(2);
    return call;
}

/* `message` is NULL when the function has returned `value`. A Node that has ended wants none. */
SEXP node_settle_(SEXP pointer, SEXP value, SEXP message);
SEXP node_settle_(SEXP pointer, SEXP value, SEXP message)
{
    struct request *request = R_ExternalPtrAddr(pointer);
    struct engraft_node_value answer;

    if (!request)
        return R_NilValue;
    if (message == R_NilValue) {
        answer = FromR(value);
        engraft_node_resolve(request->node, &request->promise, &answer, NULL);
    } else {
        engraft_node_reject(request->node, &request->promise,
                            Rf_translateCharUTF8(STRING_ELT(message, 0)), NULL);
    }
    R_ClearExternalPtr(pointer);
    FreeRequest(request);
    return R_NilValue;
}

/* ---- registration ---------------------------------------------------------------------------- */

#define ENTRY(name, count) {#name, (DL_FUNC)(void (*)(void))(name), count}

static const R_CallMethodDef ENTRIES[] = {
    ENTRY(node_start_, 4),    ENTRY(node_stop_, 2), ENTRY(node_eval_, 4),   ENTRY(node_run_, 3),
    ENTRY(node_call_, 4),     ENTRY(node_get_, 4),  ENTRY(node_await_, 4),  ENTRY(node_set_, 4),
    ENTRY(node_function_, 3), ENTRY(node_take_, 0), ENTRY(node_settle_, 3), ENTRY(node_versions_, 0),
    {NULL, NULL, 0},
};

/* R looks for R_init_ and the file's name. */
void R_init_node(DllInfo *library);
void R_init_node(DllInfo *library)
{
    R_registerRoutines(library, NULL, ENTRIES, NULL, NULL);
    R_useDynamicSymbols(library, FALSE);
}
