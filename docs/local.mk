# SPDX-License-Identifier: MIT

dist_man_MANS += docs/engraft.1 docs/libengraft.3 docs/engraft.5 docs/engraft.7

# Schemas of what `engraft --json` and ENGRAFT_REPORT write; they refer to each other by file name.
schemadir = $(docdir)/schema
dist_schema_DATA = \
	docs/schema/check.json \
	docs/schema/explain.json \
	docs/schema/inspect.json \
	docs/schema/report.json
