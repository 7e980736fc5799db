/* SPDX-License-Identifier: MIT */
/* What LD_PRELOAD can and cannot do for a program that is about to be started. */
#ifndef ENGRAFT_CLI_PROGRAM_H
#define ENGRAFT_CLI_PROGRAM_H

/*
 * Says on stderr what will happen when `name` (looked up on PATH as execvp() does) is started
 * with a preloaded library, where that is anything else than "the library is loaded". A program
 * that is not there or cannot be read is not spoken of: execvp() has the better words.
 */
void program_describe(const char *name);

#endif
