# SPDX-License-Identifier: MIT
"""What happens to binaries before a detector meets them, done to a copy of a real one."""
import shutil
import struct
import subprocess

PT_LOAD, PT_DYNAMIC = 1, 2
DT_NULL, DT_NEEDED, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ = 0, 1, 4, 5, 6, 10
DT_SONAME, DT_RPATH, DT_RUNPATH, DT_DEBUG, DT_GNU_HASH = 14, 15, 29, 21, 0x6FFFFEF5
EM_OF_STRIP = (3, 62)  # what the strip of any amd64 machine knows


class Elf:
    """The parts of an ELF file that are changed here, of either class and byte order."""

    def __init__(self, stream):
        self.stream = stream
        ident = self.read(0, 16)
        if ident[:4] != b"\x7fELF":
            raise ValueError("no ELF file")
        self.wide = ident[4] == 2
        self.order = "<" if ident[5] == 1 else ">"
        (self.machine,) = self.unpack("H", 18)
        self.phoff = self.unpack("Q" if self.wide else "I", 32 if self.wide else 28)[0]
        self.phentsize, self.phnum = self.unpack("HH", 54 if self.wide else 42)

    def read(self, offset, length):
        self.stream.seek(offset)
        return self.stream.read(length)

    def write(self, offset, content):
        self.stream.seek(offset)
        self.stream.write(content)

    def unpack(self, form, offset):
        form = self.order + form
        return struct.unpack(form, self.read(offset, struct.calcsize(form)))

    def segments(self):
        """(type, offset, address, size in the file) of each."""
        for index in range(self.phnum):
            at = self.phoff + index * self.phentsize
            if self.wide:
                kind, _, offset, address, _, size = self.unpack("IIQQQQ", at)
            else:
                kind, offset, address, _, size = self.unpack("IIIII", at)
            yield kind, offset, address, size

    def offset_of(self, address):
        for kind, offset, start, size in self.segments():
            if kind == PT_LOAD and start <= address < start + size:
                return address - start + offset
        raise ValueError(f"no segment has {address:#x}")

    def dynamic(self):
        """(where it is in the file, tag, value) of each entry."""
        word = 8 if self.wide else 4
        for kind, offset, _, size in self.segments():
            if kind != PT_DYNAMIC:
                continue
            for at in range(offset, offset + size, 2 * word):
                tag, value = self.unpack("qQ" if self.wide else "iI", at)
                if tag == DT_NULL:
                    return
                yield at, tag & 0xFFFFFFFF, value

    def drop_section_headers(self):
        if self.wide:
            self.write(40, bytes(8))
            self.write(58, bytes(6))
        else:
            self.write(32, bytes(4))
            self.write(46, bytes(6))

    def hide_symbols(self):
        """As if it had been built with everything hidden: no dynamic symbol, no name of one."""
        entries = {tag: value for _, tag, value in self.dynamic()}
        if DT_SYMTAB not in entries:
            return False
        self.write(self.offset_of(entries[DT_STRTAB]), bytes(entries[DT_STRSZ]))
        named = (DT_NEEDED, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SONAME, DT_RPATH,
                 DT_RUNPATH, DT_GNU_HASH)
        debug = struct.pack(self.order + ("QQ" if self.wide else "II"), DT_DEBUG, 0)
        for at, tag, _ in list(self.dynamic()):
            if tag in named or 0x6FFFFFF0 <= tag <= 0x6FFFFFFF:
                self.write(at, debug)
        self.drop_section_headers()
        return True


def renamed(source, target):
    """Another name, another directory, nothing of its package around it."""
    shutil.copyfile(source, target)


def stripped(source, target):
    with open(source, "rb") as stream:
        if Elf(stream).machine not in EM_OF_STRIP:
            return False
    subprocess.run(["strip", "-s", "-o", target, source], check=True, stdin=subprocess.DEVNULL,
                   stderr=subprocess.PIPE, text=True)
    return True


def headerless(source, target):
    shutil.copyfile(source, target)
    with open(target, "r+b") as stream:
        Elf(stream).drop_section_headers()


def hidden(source, target):
    shutil.copyfile(source, target)
    with open(target, "r+b") as stream:
        return Elf(stream).hide_symbols()


def truncated(source, target):
    """In the middle of what is loaded: symbols may stand behind it, and could be missed."""
    with open(source, "rb") as whole, open(target, "wb") as part:
        end = max(offset + size for kind, offset, _, size in Elf(whole).segments()
                  if kind == PT_LOAD)
        part.write(Elf(whole).read(0, end // 2))
