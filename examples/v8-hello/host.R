# SPDX-License-Identifier: MIT
#
# R as a host, as Debian ships it: the package V8 brings the engine, and R knows nothing of the
# plugin but that .C() can call it.
#
#   Rscript host.R [--global LIBRARY] PLUGIN [PROOF]

arguments <- commandArgs(trailingOnly = TRUE)

suppressMessages(library(V8))
context <- v8()
invisible(context$eval("var mine = ['set', 'by', 'R']; function join() { return mine.join(' ') }"))
cat("host: V8", engine_info()$version, "is running\n")

if (arguments[1] == "--global") {
    dyn.load(arguments[2], local = FALSE)
    arguments <- arguments[-(1:2)]
}

dyn.load(arguments[1])
answer <- .C("v8_hello_r", text = "")$text
cat("answer:", answer, "\n")

invisible(context$eval("mine.push('and', 'still', 'alive')"))
cat("host: its own context says:", context$call("join"), "\n")

if (length(arguments) > 1) {
    dyn.load(arguments[2])
    invisible(.C("proof_r", arguments[1]))
}
