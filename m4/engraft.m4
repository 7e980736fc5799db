dnl SPDX-License-Identifier: MIT

dnl ENGRAFT_YES_NO(VALUE, OPTION)
dnl Refuses anything but yes and no, so that a typing error is not taken for a yes.
AC_DEFUN([ENGRAFT_YES_NO],
[AS_CASE([$1],
    [yes|no], [],
    [AC_MSG_ERROR([$2 takes yes or no, not '$1'])])])

dnl ENGRAFT_YES_NO_CHECK(VALUE, OPTION)
AC_DEFUN([ENGRAFT_YES_NO_CHECK],
[AS_CASE([$1],
    [yes|no|check], [],
    [AC_MSG_ERROR([$2 takes yes, no or check, not '$1'])])])

dnl ENGRAFT_OPTIONAL_MODULE(PREFIX, NAME, PKG-CONFIG MODULE, VALUE, OPTION)
dnl A library of choice: yes demands it, no leaves it out, check takes it where it is.
dnl Sets engraft_have_NAME to yes or no.
AC_DEFUN([ENGRAFT_OPTIONAL_MODULE],
[ENGRAFT_YES_NO_CHECK([$4], [$5])
engraft_have_$2=no
AS_IF([test "x$4" != xno],
    [PKG_CHECK_MODULES([$1], [$3], [engraft_have_$2=yes],
        [AS_IF([test "x$4" = xyes],
            [AC_MSG_ERROR([$5=yes was given, but pkg-config does not find $3])])])])
AC_MSG_CHECKING([whether to use $2])
AC_MSG_RESULT([$engraft_have_$2])])

dnl ENGRAFT_CHECK_CFLAG(VARIABLE, FLAG)
dnl Appends FLAG to VARIABLE if the C compiler takes it without a warning.
AC_DEFUN([ENGRAFT_CHECK_CFLAG],
[AC_MSG_CHECKING([whether $CC accepts $2])
engraft_saved_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS -Werror $2"
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
    [AC_MSG_RESULT([yes])
     $1="$$1 $2"],
    [AC_MSG_RESULT([no])])
CFLAGS=$engraft_saved_CFLAGS])

dnl ENGRAFT_CHECK_LDFLAG(VARIABLE, FLAG)
dnl Appends FLAG to VARIABLE if the linker takes it for a shared object.
AC_DEFUN([ENGRAFT_CHECK_LDFLAG],
[AC_MSG_CHECKING([whether the linker accepts $2])
engraft_saved_LDFLAGS=$LDFLAGS
engraft_saved_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS -fPIC"
LDFLAGS="$LDFLAGS -shared $2"
AC_LINK_IFELSE([AC_LANG_SOURCE([[int engraft_probe(void); int engraft_probe(void) { return 0; }]])],
    [AC_MSG_RESULT([yes])
     $1="$$1 $2"],
    [AC_MSG_RESULT([no])])
CFLAGS=$engraft_saved_CFLAGS
LDFLAGS=$engraft_saved_LDFLAGS])

dnl ENGRAFT_REQUIRE_VERSION_SCRIPT
dnl The exports of libengraft are named by a version script; a library without it would export
dnl every symbol that its own files share, and that is not the library we test.
AC_DEFUN([ENGRAFT_REQUIRE_VERSION_SCRIPT],
[AC_MSG_CHECKING([whether the linker accepts --version-script])
cat >conftest.map <<'_ENGRAFT_MAP'
ENGRAFT_PROBE { global: engraft_probe; local: *; };
_ENGRAFT_MAP
engraft_saved_LDFLAGS=$LDFLAGS
engraft_saved_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS -fPIC"
LDFLAGS="$LDFLAGS -shared -Wl,--version-script=conftest.map"
AC_LINK_IFELSE([AC_LANG_SOURCE([[int engraft_probe(void); int engraft_probe(void) { return 0; }]])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([the linker has to understand --version-script (GNU ld, gold, lld do)])])
rm -f conftest.map
CFLAGS=$engraft_saved_CFLAGS
LDFLAGS=$engraft_saved_LDFLAGS])
