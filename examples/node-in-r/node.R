# SPDX-License-Identifier: MIT
#
# Node.js in R. source() this file, then node_load() the library that node.c makes; node_help()
# prints what follows here.

#' Node.js in R
#'
#' node <- node_start()            a Node of its own, on a thread of its own
#'   root = getwd()                  the directory from which require() and import() resolve
#'   arguments = character()         options of Node, "--expose-gc"; read by the first start
#'   heap_limit = 0                  MiB at which its heap is full; 0: V8's default
#'   isolate = FALSE                 TRUE: in the isolate that R's thread has entered. There is none
#'                                   while R calls a C function, so this answers with an error
#' node_eval(node, code)           runs code, returns the value of its last expression;
#'                                   `require`, `module` and import() are there
#'   module = FALSE                  TRUE: an ES module; returns what it exports
#'   reference = FALSE               TRUE: an object comes as a handle, not as a copy
#' node_run(node, path)            loads a file as require() or import() does; returns its exports
#' node_call(node, fn, ...)        calls fn, a function's handle or the name of a global one
#' node_await(node, promise)       waits for a promise, returns what it is fulfilled with. A value
#'   timeout = Inf                   that is no promise is returned as it is. Seconds; an interrupt
#'                                   (Ctrl-C) ends the waiting and nothing else
#' node_get(node, object, key)     a property of a handle; object = NULL: a global variable
#' node_set(node, object, key, value)
#' node_function(node, f, name)    a JavaScript function that calls f; with a name also a global
#'                                   one. R has one thread: JavaScript gets a promise, and f runs when
#'                                   R is in node_await() or node_pump()
#' node_pump(node)                 runs what JavaScript has asked of R until now
#' node_stop(node)                 ends it, returns its exit code; may be started again
#'   timeout = 0                     seconds in which it may finish
#' node_versions()                 of Node, of the V8 that runs, of the V8 it was compiled for
#'
#' R to JavaScript: NULL and NA are null; a vector of one element is that element, I() keeps it an
#' array; longer vectors and lists are arrays, with names they are objects; raw is a Buffer; Date and
#' POSIXct are Dates. JavaScript to R: null and undefined are NULL, in an array NA; an array of
#' booleans, of numbers or of strings is a vector, any other a list; objects are named lists; bytes
#' are raw; a BigInt beyond 2^53 is its digits; functions, promises and references are handles.
#'
#' What JavaScript throws is an R condition of class "node_error_thrown", "node_error": with the
#' JavaScript stack in $stack, and $file and $line. Other failures have other first classes.

node_load <- function(library) {
    .node$library <- dyn.load(library)
    names <- c("start", "stop", "eval", "run", "call", "get", "await", "set", "function", "take",
               "settle", "versions")
    for (name in names)
        assign(name, getNativeSymbolInfo(paste0("node_", name, "_"), .node$library), envir = .node)
    invisible(node_versions())
}

.node <- new.env()
.node$text <- local({
    sourced <- Filter(Negate(is.null), lapply(sys.frames(), function(frame) frame$ofile))
    sub("^#' ?", "", grep("^#'", readLines(tail(sourced, 1)[[1]]), value = TRUE))
})

node_help <- function() cat(.node$text, sep = "\n")

# Signals a failure; anything else is what was asked for.
.node$value <- function(result) {
    if (inherits(result, "node_error")) {
        result$call <- sys.call(-1)
        stop(result)
    }
    result
}

.node$flags <- function(reference, module = FALSE) as.integer(reference) + 2L * as.integer(module)

node_versions <- function() .Call(.node$versions)

node_start <- function(root = getwd(), arguments = character(), heap_limit = 0, isolate = FALSE)
    .node$value(.Call(.node$start, isolate, arguments, root, as.integer(heap_limit)))

node_stop <- function(node, timeout = 0)
    .node$value(.Call(.node$stop, node, as.integer(timeout * 1000)))

node_eval <- function(node, code, name = "[R]", module = FALSE, reference = FALSE)
    .node$value(.Call(.node$eval, node, paste(code, collapse = "\n"), name,
                      .node$flags(reference, module)))

node_run <- function(node, path, reference = FALSE)
    .node$value(.Call(.node$run, node, path, .node$flags(reference)))

node_call <- function(node, fn, ..., reference = FALSE) {
    if (is.character(fn))
        fn <- node_get(node, NULL, fn)
    .node$value(.Call(.node$call, node, fn, unname(list(...)), .node$flags(reference)))
}

node_get <- function(node, object, key, reference = FALSE)
    .node$value(.Call(.node$get, node, object, key, .node$flags(reference)))

node_set <- function(node, object, key, value) {
    .node$value(.Call(.node$set, node, object, key, value))
    invisible(node)
}

node_function <- function(node, f, name = NULL)
    .node$value(.Call(.node$`function`, node, match.fun(f), name))

# Looks every 20 ms: that is how long JavaScript may have to wait for a function of R's.
node_await <- function(node, promise, timeout = Inf, reference = FALSE) {
    if (!inherits(promise, "node_promise"))
        return(promise)
    end <- proc.time()[["elapsed"]] + timeout
    repeat {
        node_pump(node)
        left <- end - proc.time()[["elapsed"]]
        result <- .Call(.node$await, node, promise, as.integer(max(0, min(20, left * 1000))),
                        .node$flags(reference))
        if (!inherits(result, "node_error_timeout") || left <= 0)
            return(.node$value(result))
    }
}

# An error of the function is the error of its promise, and not R's.
node_pump <- function(node) {
    while (!is.null(call <- .Call(.node$take)))
        tryCatch(.Call(.node$settle, call[[1]], do.call(call[[2]], call[[3]]), NULL),
                 error = function(e) .Call(.node$settle, call[[1]], NULL, conditionMessage(e)),
                 interrupt = function(e) {
                     .Call(.node$settle, call[[1]], NULL, "interrupted")
                     stop(e)
                 })
    invisible(NULL)
}

print.node <- function(x, ...) cat("<Node.js>\n")
print.node_handle <- function(x, ...) cat("<", sub("node_", "JavaScript ", class(x)[1]), ">\n", sep = "")
