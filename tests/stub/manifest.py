#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads the manifest of a stub as engraft(5) specifies it, and checks it against itself.

manifest.py FILE          prints "key=value" lines, then one line a symbol:
                          "NAME TYPE SIZE FLAGS VERSION"
It shares no code with what wrote the note.
"""
import struct
import sys

TYPES = {0: "notype", 1: "object", 2: "func"}


def fail(text):
    sys.exit("manifest.py: " + text)


def notes(data):
    phoff, = struct.unpack_from("<Q", data, 32)
    phentsize, phnum = struct.unpack_from("<HH", data, 54)
    for i in range(phnum):
        kind, flags, offset, vaddr, _, filesz = struct.unpack_from("<IIQQQQ", data,
                                                                   phoff + i * phentsize)
        at, end = offset, offset + filesz
        while kind == 4 and at + 12 <= end:
            namesz, descsz, ntype = struct.unpack_from("<III", data, at)
            name, desc = at + 12, at + 12 + (namesz + 3 & ~3)
            if data[name:name + 8] == b"engraft\0":
                if vaddr - offset + desc & 7 and namesz == 8:
                    fail("the descriptor is not aligned to 8 in memory")
                yield ntype, data[name + 8:name + namesz] + data[desc:desc + descsz]
            at = desc + (descsz + 3 & ~3)


def gnu_hash(name):
    value = 5381
    for byte in name.encode():
        value = value * 33 + byte & 0xffffffff
    return value


def main():
    data = open(sys.argv[1], "rb").read()
    found = [body for ntype, body in notes(data) if ntype == 1]
    if len(found) != 1:
        fail("%d manifests" % len(found))
    body = found[0]

    def string(offset):
        if offset == 0:
            return ""
        return body[offset:body.index(b"\0", offset)].decode()

    (form, size, core, flags, engine, version, config, plugin, trap, prefixes, ready, count,
     symbols, bucket_count, buckets, reserved) = struct.unpack_from("<16I", body)
    if size != len(body) or flags or reserved or ready or symbols % 8:
        fail("header: size %d of %d, flags %d, symbols at %d" % (size, len(body), flags, symbols))
    print("format=%d core=%d engine=%s version=%s config=%s plugin=%s trap=%s" %
          (form, core, string(engine), string(version), string(config), string(plugin),
           string(trap)))
    words = []
    while prefixes and string(prefixes):
        words.append(string(prefixes))
        prefixes += len(words[-1]) + 1
    print("prefixes=" + ",".join(words))
    index = struct.unpack_from("<%dI" % bucket_count, body, buckets)
    if bucket_count & bucket_count - 1 or 0 not in index:
        fail("%d buckets, %d of them free" % (bucket_count, index.count(0)))
    for i in range(count):
        name, hashed, symver, kind, weak, zero, length = struct.unpack_from(
            "<IIIBBHQ", body, symbols + 24 * i)
        if hashed != gnu_hash(string(name)) or zero:
            fail("symbol %d: %s has hash %x" % (i, string(name), hashed))
        slot = hashed & bucket_count - 1
        while index[slot] not in (0, i + 1):
            slot = slot + 1 & bucket_count - 1
        if index[slot] != i + 1:
            fail("the index does not lead to " + string(name))
        print("%s %s %d %s %s" % (string(name), TYPES[kind], length, "weak" if weak else "-",
                                  string(symver) or "-"))


main()
