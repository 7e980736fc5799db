# SPDX-License-Identifier: MIT
"""Says TAP of files that somebody made to cost time or memory: each has to be over soon, with a
result or an error. hostile.py [NAME...] tries some of them."""
import lzma
import os
import pathlib
import resource
import signal
import struct
import sys
import tempfile
import time

ENGRAFT = os.environ.get("ENGRAFT", "engraft")
SECONDS = 40 if os.environ.get("ENGRAFT_SANITIZERS") else 10
MEMORY = 1 << 30
PAGE = 4096

PT_LOAD, PT_DYNAMIC, PT_NOTE = 1, 2, 4
ET_DYN, ET_CORE = 3, 4
DT_NEEDED, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_RUNPATH = 1, 4, 5, 6, 10, 29
SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB = 1, 2, 3
UNDEFINED, TEXT = 0, 1


class Object:
    """An ELF file for this machine: parts at offsets that are their addresses, and holes."""

    def __init__(self, path, kind=ET_DYN):
        self.stream = open(path, "w+b")
        self.kind = kind
        self.phdrs, self.shdrs, self.dynamic = [], [], []
        self.end = 16 * PAGE  # what comes first is for headers

    def place(self, size, content=b""):
        """Room of `size` bytes that begin with `content`; its address and offset."""
        at = self.end
        self.stream.seek(at)
        self.stream.write(content)
        self.end = at + (max(size, len(content)) + PAGE - 1) // PAGE * PAGE
        return at

    def repeat(self, content, count):
        at = self.place(len(content) * count)
        many = max(1, (1 << 20) // len(content))
        self.stream.seek(at)
        while count:
            self.stream.write(content * min(many, count))
            count -= min(many, count)
        return at

    def segment(self, kind, offset, size, flags=4, address=None):
        self.phdrs.append(struct.pack("<IIQQQQQQ", kind, flags, offset,
                                      offset if address is None else address, 0, size, size, PAGE))

    def section(self, name, kind, offset, size, link=0, entry=0):
        self.shdrs.append((name, kind, offset, size, link, entry))

    def strings(self, content):
        at = self.place(len(content), content)
        self.dynamic += [(DT_STRTAB, at), (DT_STRSZ, len(content))]

    def symbols(self, entry, count, buckets=(1,), chain=(0, 0)):
        """`count` times `entry`, behind a hash table that finds them."""
        at = self.repeat(entry, count) if entry.strip(b"\0") else self.place(24 * count)
        self.dynamic.append((DT_SYMTAB, at))
        head = struct.pack(f"<II{len(buckets)}I{len(chain)}I", len(buckets), count, *buckets, *chain)
        self.dynamic.append((DT_HASH, self.place(8 + 4 * len(buckets) + 4 * count, head)))

    def close(self):
        if self.dynamic:
            packed = b"".join(struct.pack("<QQ", *each) for each in self.dynamic + [(0, 0)])
            self.segment(PT_DYNAMIC, self.place(len(packed), packed), len(packed), 6)
        shoff = self.sections_write() if self.shdrs else 0
        if self.kind == ET_DYN and not any(phdr.startswith(b"\1") for phdr in self.phdrs):
            self.segment(PT_LOAD, 0, self.end)
        offset, count = 64, len(self.phdrs)
        if count > 900:
            offset = self.place(56 * count, b"".join(self.phdrs))
        else:
            self.stream.seek(offset)
            self.stream.write(b"".join(self.phdrs))
        if count >= 0xffff:  # how many, stands in section 0
            zero = struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, 0, 0, count, 0, 0)
            shoff = self.place(64, zero)
        sections = len(self.shdrs) + 2 if self.shdrs else int(bool(shoff))
        self.header(offset, min(count, 0xffff), shoff, sections)
        self.stream.truncate(self.end)
        self.stream.close()

    def header(self, phoff, phnum, shoff, shnum):
        self.stream.seek(0)
        self.stream.write(b"\x7fELF\2\1\1" + bytes(9) +
                          struct.pack("<HHIQQQIHHHHHH", self.kind, 62, 1, 0, phoff, shoff, 0, 64,
                                      56, phnum, 64, shnum, shnum - 1 if self.shdrs else 0))

    def sections_write(self):
        names = b"\0" + b"".join(each[0] + b"\0" for each in self.shdrs) + b".shstrtab\0"
        at = self.place(len(names), names)
        rows = [bytes(64)]
        for name, kind, offset, size, link, entry in self.shdrs:
            rows.append(struct.pack("<IIQQQQIIQQ", names.index(name + b"\0"), kind, 0, 0, offset,
                                    size, link, 0, 1, entry))
        rows.append(struct.pack("<IIQQQQIIQQ", names.index(b".shstrtab"), SHT_STRTAB, 0, 0, at,
                                len(names), 0, 0, 1, 0))
        return self.place(64 * len(rows), b"".join(rows))


def symbol(name, section=TEXT, value=PAGE):
    return struct.pack("<IBBHQQ", name, 0x12, 0, section, value, 16)


# ---- files

def zeros(elf):
    """2 GB of nothing"""
    elf.place(2 << 30)


def overlapping(elf):
    """sixteen segments that are the same 2 GB"""
    at = elf.place(2 << 30)
    for number in range(16):
        elf.segment(PT_LOAD, at, 2 << 30, address=at + number * PAGE)


def names_of_4_gb(elf):
    """a string table of nearly 4 GB"""
    size = (4 << 30) - (64 << 20)
    elf.dynamic += [(DT_STRTAB, elf.place(size)), (DT_STRSZ, size)]
    elf.symbols(symbol(1), 10)


def symbols_of_3_gb(elf):
    """100 million dynamic symbols"""
    elf.strings(b"\0name\0")
    elf.symbols(bytes(24), 100_000_000)


def notes_of_3_gb(elf):
    """a segment of notes that is 3 GB long"""
    elf.segment(PT_NOTE, elf.place(3 << 30), 3 << 30)


def chain_loop(elf):
    """a hash chain that leads to itself"""
    elf.strings(b"\0name\0")
    elf.symbols(bytes(24), 40_000_000, (1,), (0, 1))


def chain_long(elf):
    """a hash chain of two million symbols, nearly what is looked for"""
    count = 2_000_000
    elf.strings(b"\0" + b"Py_Initializf\0")
    elf.symbols(symbol(1), count, (1,), (*range(1, count), 0))


def references(elf):
    """two million references to Python, 100,000 libraries, a search path of 1 MB"""
    libraries = 100_000
    names = b"\0Py_Initialize\0libc.so.6\0"
    runpath = b":".join([b"$ORIGIN/" + b"x" * 200] * 5000) + b"\0"
    elf.strings(names + runpath)
    elf.symbols(symbol(1, UNDEFINED), 2_000_000)
    elf.dynamic.append((DT_RUNPATH, len(names)))
    elf.dynamic += [(DT_NEEDED, 15)] * libraries


def symtab_same(elf):
    """a .symtab of a million symbols with the same name"""
    count = 1_000_000
    at, names = elf.repeat(symbol(1), count), elf.place(16, b"\0name\0")
    elf.section(b".strtab", SHT_STRTAB, names, 6)
    elf.section(b".symtab", SHT_SYMTAB, at, 24 * count, 1, 24)


def symtab_colliding(elf):
    """a .symtab of 200,000 names with the same hash"""
    bits = 18  # 33 * 'a' + 'b' == 33 * 'b' + 'A'
    texts = [b"".join(b"ab" if number >> bit & 1 else b"bA" for bit in range(bits)) + b"\0"
             for number in range(200_000)]
    names = elf.place(0, b"".join(texts))
    at = elf.place(0, b"".join(symbol(number * (2 * bits + 1)) for number in range(len(texts))))
    elf.section(b".strtab", SHT_STRTAB, names, len(texts) * (2 * bits + 1))
    elf.section(b".symtab", SHT_SYMTAB, at, 24 * len(texts), 1, 24)


def symtab_of_6_gb(elf):
    """a .symtab of 6 GB"""
    at, names = elf.place(6 << 30), elf.place(16, b"\0name\0")
    elf.segment(PT_LOAD, 0, PAGE)
    elf.section(b".strtab", SHT_STRTAB, names, 6)
    elf.section(b".symtab", SHT_SYMTAB, at, 6 << 30, 1, 24)


def sections(elf):
    """60 million sections"""
    count = 60_000_000
    zero = struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, count, 0, 0, 0, 0)
    shoff = elf.place(64 * count, zero)
    elf.segment(PT_LOAD, 0, PAGE)
    elf.sections_write = lambda: shoff
    elf.shdrs.append(None)
    header = elf.header
    elf.header = lambda phoff, phnum, shoff, shnum: (elf.shdrs.clear(),
                                                     header(phoff, phnum, shoff, 0))


def bomb(elf):
    """a .gnu_debugdata that is 512 MB when it is unpacked"""
    packer = lzma.LZMACompressor(preset=0)
    packed = b"".join(packer.compress(bytes(16 << 20)) for _ in range(32)) + packer.flush()
    elf.section(b".gnu_debugdata", SHT_PROGBITS, elf.place(0, packed), len(packed))


def texts(elf):
    """40 MB of what nearly is a text of PHP, and of Erlang"""
    elf.repeat(b"Zend Engine " + b"1." * 30 + b"x" * 190, 60_000)
    elf.repeat(b"Erlang/OTP 25%s [erts-" + b"x" * 190, 60_000)
    elf.repeat(b"0.1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9.0.1.2.3\0%.80s (%.80s) %.80s", 60_000)


def snapshots(elf):
    """70 MB of versions of V8, none of them in a snapshot"""
    elf.place(0, b"CALL_AND_RETRY_LAST\0\0(transition array)\0")
    elf.repeat(b"13.6.233.17-node.53".ljust(72, b"\0"), 1_000_000)


# ---- cores

def file_note(count, text):
    words = struct.pack("<QQ", count, PAGE) + b"".join(
        struct.pack("<QQQ", (2 + number) * PAGE, (3 + number) * PAGE, 0) for number in range(count))
    content = words + text * count
    return struct.pack("<III", 5, len(content), 0x46494c45) + b"CORE\0\0\0\0" + content


def core_mappings(elf):
    """a core of 100,000 mappings, of a file that is there"""
    note = file_note(100_000, os.fsencode(sys.executable) + b"\0")
    elf.segment(PT_NOTE, elf.place(0, note), len(note))


def core_million(elf):
    """a core of a million mappings"""
    note = file_note(1_000_000, b"/x\0")
    elf.segment(PT_NOTE, elf.place(0, note), len(note))


def core_objects(elf):
    """a core of 4,000 objects, all at the same place in it"""
    with open("/proc/self/exe", "rb") as program:
        at = elf.place(0, program.read(PAGE))
    note = file_note(4_000, b"/there/is/no/such/file\0")
    elf.segment(PT_NOTE, elf.place(0, note), len(note))
    for number in range(4_000):
        elf.segment(PT_LOAD, at, PAGE, 5, (2 + number) * PAGE)


def core_notes(elf):
    """a core of 100,000 segments that are the same million notes"""
    size = 12 << 20
    at = elf.place(size)
    for _ in range(100_000):
        elf.segment(PT_NOTE, at, size)


FILES = [zeros, overlapping, names_of_4_gb, symbols_of_3_gb, notes_of_3_gb, chain_loop, chain_long,
         references, symtab_same, symtab_colliding, symtab_of_6_gb, sections, bomb, texts, snapshots]
CORES = [core_mappings, core_million, core_objects, core_notes]


def resident(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def run(path):
    """(exit status, seconds, bytes, output); -SIGKILL for what was ended before it ends the machine"""
    with tempfile.TemporaryFile() as output:
        started = time.monotonic()
        pid = os.posix_spawnp(ENGRAFT, [ENGRAFT, "inspect", str(path)], os.environ, file_actions=[
            (os.POSIX_SPAWN_DUP2, output.fileno(), 1), (os.POSIX_SPAWN_DUP2, output.fileno(), 2)])
        while True:
            done, status, usage = os.wait4(pid, os.WNOHANG)
            if done:
                break
            if time.monotonic() - started > 3 * SECONDS or resident(pid) > 3 * MEMORY:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.005)
        seconds = time.monotonic() - started
        output.seek(0)
        return (os.waitstatus_to_exitcode(status), seconds, usage.ru_maxrss * 1024,
                output.read(4000).decode(errors="replace"))


def problems_of(status, seconds, memory, output):
    problems = []
    if status not in (0, 1) or not output.strip():
        problems.append(f"exit status {status}")
    if seconds > SECONDS:
        problems.append(f"{seconds:.1f} s")
    if memory > MEMORY:
        problems.append(f"{memory >> 20} MB")
    return problems


def main():
    wanted = sys.argv[1:]
    makers = [maker for maker in FILES + CORES if not wanted or maker.__name__ in wanted]
    failed = False
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(f"1..{len(makers)}", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "file"
        for number, make in enumerate(makers, 1):
            elf = Object(path, ET_CORE if make in CORES else ET_DYN)
            make(elf)
            elf.close()
            status, seconds, memory, output = run(path)
            problems = problems_of(status, seconds, memory, output)
            failed |= bool(problems)
            print(f"{'not ok' if problems else 'ok'} {number} - {make.__doc__}")
            print(f"# {make.__name__}: {seconds:.2f} s, {memory >> 20} MB")
            for line in problems + (output.splitlines()[-8:] if problems else []):
                print(f"#   {line}")
            sys.stdout.flush()
            path.unlink()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
