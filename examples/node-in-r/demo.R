# SPDX-License-Identifier: MIT
#
# Node serves http from inside of R, on the V8 that R's package V8 has brought. Called by ./run:
#
#   Rscript demo.R node.R LIBRARY
#
# Every line with "ok" was compared; one that is not as it has to be ends R with status 1.

arguments <- commandArgs(trailingOnly = TRUE)

section <- function(text) cat("\n--- ", text, "\n", sep = "")
show <- function(...) cat("    ", ..., "\n", sep = "")
check <- function(what, actual, expected = TRUE) {
    same <- identical(actual, expected)
    cat(if (same) "    ok   " else "    WRONG ", what, "\n", sep = "")
    if (!same) {
        cat("is:\n"); str(actual); cat("instead of:\n"); str(expected)
        quit(status = 1)
    }
}
failure <- function(expression) tryCatch({ expression; NULL }, error = identity)

mapped <- function() {
    lines <- grep("/", readLines("/proc/self/maps"), value = TRUE)
    unique(basename(sub("^[^/]*", "", lines)))
}
# Signals 1 to 32; those above are the C library's own, for threads.
signals <- function()
    sub("\t.{8}", " ", grep("^Sig(Blk|Ign|Cgt)", readLines("/proc/self/status"), value = TRUE))
fetch <- function(address) {
    connection <- url(address, method = "libcurl")
    on.exit(close(connection))
    readLines(connection, warn = FALSE)
}

section("R, and the V8 of R's package V8")
suppressMessages(library(V8))
context <- v8()
invisible(context$eval("var mine = ['set', 'by', 'R']; function join() { return mine.join(' ') }"))
show("R ", as.character(getRversion()), ", package V8 ", as.character(packageVersion("V8")),
     ", V8 ", engine_info()$version)
show("its context says: ", context$call("join"))
signals_before <- signals()

section("Node is loaded and started, on a thread of its own")
source(arguments[1])
versions <- node_load(arguments[2])
show("Node ", versions$node, ", compiled for V8 ", versions$v8_compiled_for, ", runs on ", versions$v8)
node <- node_start()
check("the V8 that runs it is R's", versions$v8, engine_info()$version)
check("no other file of V8 was mapped",
      grep("^libnode|^node$|^libv8[^-]", mapped(), value = TRUE), "libnode.so.108")
check("node_eval() answers", node_eval(node, "[6 * 7, process.version]"),
      list(42, paste0("v", versions$node)))

section("Node serves http, R asks")
port <- node_await(node, node_eval(node, "
    const requests = [];
    const server = require('http').createServer((request, response) => {
        const chunks = [];
        request.on('data', (chunk) => chunks.push(chunk));
        request.on('end', () => {
            const body = Buffer.concat(chunks).toString();
            requests.push(request.method + ' ' + request.url);
            response.end(`${request.method} ${request.url} ${body.toUpperCase()}`);
        });
    });
    new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));"))
address <- paste0("http://127.0.0.1:", port)
show("it listens on ", address)
check("url() gets an answer", fetch(paste0(address, "/from-r")), "GET /from-r ")
answer <- curl::curl_fetch_memory(paste0(address, "/post"),
    handle = curl::handle_setopt(curl::new_handle(), postfields = "\u00e4rger in r"))
check("the package curl gets an answer", iconv(rawToChar(answer$content), "UTF-8", "UTF-8"),
      "POST /post \u00c4RGER IN R")
for (i in 1:200)
    fetch(paste0(address, "/", i))
check("200 more", node_eval(node, "requests.length"), 202)
check("Node asks itself", node_await(node, node_eval(node,
      "new Promise((resolve, reject) => require('http').get(`http://127.0.0.1:${server.address().port}/self`,
          (response) => { let text = ''; response.on('data', (c) => text += c).on('end', () => resolve(text)); })
          .on('error', reject))")), "GET /self ")

section("Values pass from R to its own V8, to Node, and back")
values <- list(number = 0.1, text = "\u00fcber", flag = TRUE, none = NULL, many = c(1, NA, 3),
               words = c("a", NA), deep = list(list(x = 1), "y"), bytes = as.raw(0:255))
invisible(node_eval(node, "globalThis.same = (value) => value"))
check("R -> Node -> R", node_call(node, "same", values), values)
context$assign("fromR", list(a = 1:3, b = "text"))
passed <- context$get("fromR")
context$assign("fromNode", node_call(node, "same", passed))
check("R -> R's V8 -> Node -> R's V8 -> R", context$get("fromNode"), list(a = 1:3, b = "text"))
check("a time", node_call(node, "same", as.POSIXct("2024-02-29 12:00:00.5", tz = "UTC")) ==
      as.POSIXct("2024-02-29 12:00:00.5", tz = "UTC"))
check("a function of Node's", node_call(node, node_eval(node, "(a, b) => a + b"), 40, 2), 42)

section("JavaScript calls R")
invisible(node_function(node, function(x) list(mean = mean(x), sd = sd(x)), "describe"))
check("and gets what R's function returns", node_await(node, node_eval(node,
      "describe([2, 4, 4, 4, 5, 5, 7, 9]).then((d) => [d.mean, Math.round(d.sd * 1000)])")), c(5, 2138))
invisible(node_function(node, function() stop("no such thing"), "fails"))
check("or its error", node_await(node, node_eval(node, "fails().catch((e) => 'caught: ' + e.message)")),
      "caught: no such thing")

section("Errors are R's conditions, with JavaScript's stack")
error <- failure(node_eval(node, "function inner() { null.property }\nfunction outer() { inner() }\nouter()",
                           name = "example.js"))
show(conditionMessage(error))
show(strsplit(error$stack, "\n")[[1]][1])
check("their class", class(error), c("node_error_thrown", "node_error", "error", "condition"))
check("their stack", all(sapply(c("inner", "outer", "example.js:1"), grepl, error$stack, fixed = TRUE)))
check("a rejection is one, too",
      conditionMessage(failure(node_await(node, node_eval(node, "Promise.reject(new RangeError('far'))")))),
      "RangeError: far")
error <- failure(node_start(isolate = TRUE))
show("in the isolate of R's thread: ", conditionMessage(error))
check("there is none while R calls C, and that is said", class(error)[1], "node_error_isolate")

section("R is interrupted while it waits")
interrupted <- tryCatch(
    node_await(node, node_eval(node,
        "setTimeout(() => process.kill(process.pid, 'SIGINT'), 50); new Promise(() => {})")),
    interrupt = function(e) "interrupted")
check("the wait ends, nothing else", list(interrupted, node_eval(node, "server.listening")),
      list("interrupted", TRUE))
check("a time-out is a condition",
      class(failure(node_await(node, node_eval(node, "new Promise(() => {})"), timeout = 0.05)))[1],
      "node_error_timeout")

section("R's own JavaScript, meanwhile")
other <- v8()
other$eval("var array = Array.from({length: 1e5}, (_, i) => i)")
invisible(gc())
check("a new context", other$eval("array.reduce((a, b) => a + b)"), "4999950000")
check("the old one", context$call("join"), "set by R")
check("both compute while Node does", {
    pending <- node_eval(node, "new Promise((resolve) => setImmediate(() => {
        let sum = 0; for (let i = 0; i < 3e7; i++) sum += i % 7; resolve(sum); }))")
    mine <- context$eval("var sum = 0; for (let i = 0; i < 3e7; i++) sum += i % 7; sum")
    list(node_await(node, pending), as.numeric(mine))
}, list(89999995, 89999995))

section("Node is stopped, and started again")
invisible(node_stop(node))
check("nothing listens any more",
      inherits(suppressWarnings(failure(fetch(address))), "error"))
check("a stopped one says so", conditionMessage(failure(node_eval(node, "1"))), "this Node has been stopped")
exit_codes <- sapply(c("1", "process.exitCode = 3", "process.exit(7)"), function(code) {
    node <- node_start()
    stopifnot(node_eval(node, "typeof server") == "undefined")
    failure(node_eval(node, code))
    node_stop(node, timeout = 5)
})
check("three more starts, and their exit codes", unname(exit_codes), c(0L, 3L, 7L))
check("the signals' handlers and masks are as they were", signals(), signals_before)
invisible(context$eval("mine.push('and', 'still', 'alive')"))
show("R's context says: ", context$call("join"))
check("R's context is as it was", context$call("join"), "set by R and still alive")
cat("\nnode-in-r: passed: Node served http from inside of R, on R's V8\n")
