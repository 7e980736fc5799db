# SPDX-License-Identifier: MIT
"""Programs that have an engine linked in from its archive."""


class CannotLink(Exception):
    pass


PROGRAMS = []
