# SPDX-License-Identifier: MIT

dist_man_MANS += docs/engraft.1 docs/libengraft.3 docs/engraft.5 docs/engraft.7

dist_doc_DATA += \
	README.md \
	docs/ARCHITECTURE.md \
	docs/BENCH.md \
	docs/DECISIONS.md \
	docs/DETECTION.md \
	docs/HOWTO-add-an-adapter.md \
	docs/HOWTO-add-an-architecture.md \
	docs/HOWTO-add-an-engine.md \
	docs/HOWTO-add-a-V8-version.md \
	docs/LIMITS.md \
	docs/NODE.md \
	docs/V8-COMPATIBILITY.md \
	docs/bench-node.txt

# Schemas of what `engraft --json` and ENGRAFT_REPORT write; they refer to each other by file name.
schemadir = $(docdir)/schema
dist_schema_DATA = \
	docs/schema/check-all.json \
	docs/schema/check.json \
	docs/schema/explain-all.json \
	docs/schema/explain.json \
	docs/schema/inspect.json \
	docs/schema/ps.json \
	docs/schema/report.json
