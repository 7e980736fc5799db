# SPDX-License-Identifier: MIT
#
# The measuring programs; bench/run makes what they measure and prints the table (./dev bench).
# bench/node/run and bench/v8-calls make their own (./dev bench --node, --v8).

noinst_PROGRAMS += bench/bind bench/call bench/load bench/ps bench/scan bench/start bench/symbols

bench_bind_SOURCES = bench/bind.c bench/measure.h
bench_bind_LDADD = libengraft-core.la
bench_call_SOURCES = bench/call.c bench/measure.h
bench_load_SOURCES = bench/load.c bench/measure.h
bench_ps_SOURCES = bench/ps.c bench/measure.h
bench_ps_LDADD = libengraft.la
bench_scan_SOURCES = bench/scan.c bench/measure.h
bench_scan_LDADD = libidentify.la libreaders.la libprobes.la librelinker.la $(LIBELF_LIBS)
bench_start_SOURCES = bench/start.c bench/measure.h
bench_symbols_SOURCES = bench/symbols.c bench/measure.h
bench_symbols_LDADD = libidentify.la libreaders.la libprobes.la librelinker.la $(LIBELF_LIBS)

EXTRA_DIST += bench/engine.c bench/forward.c bench/inputs bench/processes bench/run
EXTRA_DIST += bench/v8-calls bench/v8-calls.cc bench/v8-calls.js
EXTRA_DIST += bench/node/client.js bench/node/host.c bench/node/measure.py bench/node/programs \
	bench/node/run bench/node/server.js bench/node/start.c bench/node/unit.js

CLEAN_LOCALS += bench-clean
bench-clean:
	rm -rf bench/work bench/node/work bench/v8-work
