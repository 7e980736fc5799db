/* SPDX-License-Identifier: MIT */
/* The toy engine, version 1.0: what its hosts and its plugins include. */
#ifndef TOY_ENGINE_H
#define TOY_ENGINE_H

void toy_start(void); /* hosts call it once; before that, toy_add() answers -1 */
int toy_add(int left, int right);

#endif
