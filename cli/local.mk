# SPDX-License-Identifier: MIT
#
# The command. It is an ordinary user of the library: of our own headers it sees engraft.h only,
# as if libengraft was installed. libstdc++ is for __cxa_demangle.

bin_PROGRAMS += engraft

engraft_SOURCES = \
	cli/bound.c \
	cli/bound.h \
	cli/check.c \
	cli/cli.h \
	cli/explain.c \
	cli/hosts.c \
	cli/hosts.h \
	cli/inspect.c \
	cli/json.c \
	cli/json.h \
	cli/main.c \
	cli/metrics.c \
	cli/metrics.h \
	cli/output.c \
	cli/output.h \
	cli/program.c \
	cli/program.h \
	cli/ps.c \
	cli/request.c \
	cli/request.h \
	cli/rows.c \
	cli/rows.h \
	cli/run.c \
	cli/snapshot.c \
	cli/snapshot.h \
	cli/stub.c
engraft_CPPFLAGS = -D_GNU_SOURCE -I$(top_srcdir)/relinker \
	-DENGRAFT_LIBDIR='"$(libdir)"' -DENGRAFT_PKGLIBDIR='"$(pkglibdir)"' \
	-DENGRAFT_PKGDATADIR='"$(pkgdatadir)"'
engraft_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(SMARTCOLS_CFLAGS)
engraft_LDADD = libengraft.la $(JANSSON_LIBS) $(SMARTCOLS_LIBS) -lstdc++

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = cli/completion/engraft
