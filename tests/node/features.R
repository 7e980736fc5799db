# SPDX-License-Identifier: MIT
#
# What Node must be able to do, inside of R; examples/node-in-r/run calls it. TAP, one line for each
# feature of features.js and for what a host sees of it.
#
#   features.R node.R LIBRARY features.js STARTS

arguments <- commandArgs(trailingOnly = TRUE)
starts <- as.integer(arguments[4])
count <- 0L
failed <- FALSE
test <- function(name, ok, why = "") {
    count <<- count + 1L
    failed <<- failed || !isTRUE(ok)
    cat(if (isTRUE(ok)) "ok " else "not ok ", count, " - ", name, "\n", sep = "")
    if (!isTRUE(ok) && any(nzchar(why)))
        cat(paste0("#   ", unlist(strsplit(as.character(why), "\n"))), sep = "\n")
}
failure <- function(expression) tryCatch({ expression; NULL }, error = identity)
class_of <- function(error) class(error)[1]

suppressMessages(library(V8))
context <- v8()
invisible(context$eval("var mine = 'kept'"))
source(arguments[1])
node_load(arguments[2])

node <- node_start()
invisible(node_eval(node, "globalThis.run = async (file, names) => require(file).run(names)"))
names <- node_eval(node, sprintf("Object.keys(require('%s').features)", arguments[3]))
for (name in names) {
    result <- failure(answer <- node_await(node, node_call(node, "run", arguments[3], I(name)), 90))
    if (is.null(result))
        test(name, answer[[1]]$ok, answer[[1]]$error)
    else
        test(name, FALSE, conditionMessage(result))
    if (inherits(failure(node_eval(node, "0")), "node_error")) {
        node_stop(node)
        break
    }
}
test("R's context is there", context$get("mine") == "kept")
invisible(node_stop(node))

# What ends an environment ends nothing else.
ended <- function(code, ...) {
    node <- node_start(...)
    error <- failure(node_await(node, node_eval(node, code), 60))
    failure(node_stop(node))
    error
}
forever <- "; new Promise(() => {})"
error <- ended(paste("setImmediate(() => Promise.reject(new Error('nobody')))", forever))
test("an unhandled rejection", class_of(error) == "node_error_ended" &&
     grepl("nobody", conditionMessage(error)) && error$exit_code == 1, conditionMessage(error))
error <- ended(paste("setImmediate(() => { throw new TypeError('thrown') })", forever))
test("an uncaught exception", class_of(error) == "node_error_ended" &&
     grepl("TypeError: thrown", conditionMessage(error)), conditionMessage(error))
error <- ended(paste("setImmediate(() => process.exit(5))", forever))
test("process.exit()", class_of(error) == "node_error_ended" && error$exit_code == 5,
     conditionMessage(error))
error <- ended("const all = []; for (;;) all.push(new Array(1000).fill(all.length))", heap_limit = 64)
test("a full heap", class_of(error) == "node_error_memory", conditionMessage(error))
test("R's context is still there", context$get("mine") == "kept")

# Two at once, each with its own globals.
two <- list(node_start(), node_start())
for (i in 1:2)
    node_set(two[[i]], NULL, "mine", i)
test("two at once", identical(lapply(two, node_get, NULL, "mine"), list(1, 2)))
for (node in two)
    node_stop(node)

# A forked child has no thread of Node's, and is told so.
node <- node_start()
child <- parallel::mccollect(parallel::mcparallel(class_of(failure(node_eval(node, "1")))))[[1]]
test("a forked R is told that Node is not there", identical(child, "node_error_ended"), child)
test("its parent still has it", node_eval(node, "1") == 1)
invisible(node_stop(node))

memory <- function() {
    gc()
    lines <- readLines("/proc/self/smaps_rollup")
    as.numeric(sub("[^0-9]*([0-9]+).*", "\\1", grep("^(Private_Dirty|Private_Clean):", lines, value = TRUE)))
}
size <- function() sum(memory()) / 1024
counts <- function() c(files = length(list.files("/proc/self/fd")), threads = length(list.files("/proc/self/task")))
once <- function() {
    node <- node_start()
    stopifnot(node_eval(node, "6 * 7") == 42)
    node_stop(node)
}
warm <- max(5L, starts %/% 5L)
for (i in seq_len(warm))
    once()
before <- c(counts(), MiB = size())
for (i in seq_len(starts))
    once()
after <- c(counts(), MiB = size())
cat("# after", warm, "starts:", paste(names(before), round(before, 1)), "\n")
cat("# after", warm + starts, "starts:", paste(names(after), round(after, 1)), "\n")
test(paste(starts, "starts and stops: no file, no thread"), identical(before[1:2], after[1:2]))
test("and no memory to speak of (4 KiB each)", after[["MiB"]] - before[["MiB"]] < 8 + starts / 256)
cat("1..", count, "\n", sep = "")
quit(status = as.integer(failed))
