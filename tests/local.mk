# SPDX-License-Identifier: MIT

EXTRA_DIST += tests/installcheck tests/tap.sh tests/world tests/world.lock tests/cmocka-tap

include tests/cli/local.mk
include tests/detect/local.mk
include tests/hosts/local.mk
include tests/matrix/local.mk
include tests/node/local.mk
include tests/probes/local.mk
include tests/stub/local.mk
include tests/unit/local.mk
include tests/audit/local.mk
include tests/arch/local.mk
include tests/fuzz/local.mk
include tests/node-suite/local.mk
include tests/v8/local.mk

INSTALLCHECKS += installcheck-strangers
installcheck-strangers:
	CC='$(CC)' $(srcdir)/tests/installcheck '$(DESTDIR)$(bindir)' '$(DESTDIR)$(libdir)' \
		'$(DESTDIR)$(mandir)' '$(srcdir)'
