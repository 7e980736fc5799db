#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a copy of an executable that NEEDs one library more, before all others.

    needs.py EXECUTABLE OUTPUT LIBRARY

Nothing moves (patchelf puts the dynamic section and its strings into a segment of their own, and
there is no way back to a file that looks as it was linked). The first entry becomes LIBRARY's, and
what stood there takes the place of the dynamic linker's own, which needs no entry. LIBRARY's name
overwrites that of a function inside of Node, which then cannot be found any more from outside.
"""
import struct
import sys

SHT_DYNSYM, SHT_DYNAMIC = 11, 6
DT_NEEDED = 1


def sections(data):
    offset, = struct.unpack_from('<Q', data, 0x28)
    size, count = struct.unpack_from('<HH', data, 0x3a)
    return [struct.unpack_from('<IIQQQQIIQQ', data, offset + i * size) for i in range(count)]


def string(data, start):
    return bytes(data[start:data.index(0, start)])


def room(data, table, kind, length):
    """The index of a name of Node's that is longer than LENGTH and is the end of no other."""
    section, = (section for section in table if section[1] == kind)
    strings = table[section[6]][4]
    used = [struct.unpack_from('<I', data, offset)[0]
            for offset in range(section[4], section[4] + section[5], 24)]
    known = set(used)
    for index in used:
        name = string(data, strings + index)
        if name.startswith(b'_ZN4node') and len(name) > length and \
                known.isdisjoint(range(index + 1, index + len(name) + 1)):
            return strings, index
    sys.exit('needs.py: no name is long enough')


def main():
    executable, output, library = sys.argv[1:]
    library = library.encode()
    with open(executable, 'rb') as file:
        data = bytearray(file.read())
    table = sections(data)
    strings, index = room(data, table, SHT_DYNSYM, len(library))
    data[strings + index:strings + index + len(library) + 1] = library + b'\0'

    dynamic, = (section for section in table if section[1] == SHT_DYNAMIC)
    needed = [offset for offset in range(dynamic[4], dynamic[4] + dynamic[5], 16)
              if struct.unpack_from('<q', data, offset)[0] == DT_NEEDED]
    name = {offset: struct.unpack_from('<Q', data, offset + 8)[0] for offset in needed}
    loader, = (offset for offset in needed
               if string(data, strings + name[offset]).startswith(b'ld-linux'))
    struct.pack_into('<Q', data, loader + 8, name[needed[0]])
    struct.pack_into('<Q', data, needed[0] + 8, index)
    with open(output, 'wb') as file:
        file.write(data)


main()
