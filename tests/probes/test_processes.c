/* SPDX-License-Identifier: MIT */
/* Mappings by query and by text, control groups of containers, states of processes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "probes/processes.h"

#define OBJECT_MAX 512

struct objects {
    struct process_object items[OBJECT_MAX];
    char *paths[OBJECT_MAX];
    size_t count;
};

static int open_proc(void)
{
    int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static void objects_read(struct process_maps *maps, struct objects *ret_objects)
{
    ret_objects->count = 0;
    assert_int_equal(process_maps_begin(maps, getpid()), PROCESS_MAPS_OK);
    while (process_maps_next(maps, &ret_objects->items[ret_objects->count])) {
        const char *path = process_maps_path(maps, &ret_objects->items[ret_objects->count]);

        if (!path)
            continue; /* in the text, what has no path is left out */
        ret_objects->paths[ret_objects->count++] = strdup(path);
        assert_true(ret_objects->count < OBJECT_MAX);
    }
    process_maps_end(maps);
}

static void objects_clear(struct objects *objects)
{
    while (objects->count)
        free(objects->paths[--objects->count]);
}

static const struct process_object *object_of(const struct objects *objects, const char *path)
{
    for (size_t i = 0; i < objects->count; i++)
        if (strcmp(objects->paths[i], path) == 0)
            return &objects->items[i];
    return NULL;
}

static struct objects by_query, by_text;

static void test_query_and_text_agree(void **state)
{
    struct process_maps query = {.directory = open_proc()};
    struct process_maps text = {.directory = query.directory, .no_query = true};

    (void)state;
    objects_read(&text, &by_text); /* allocates; the next time nothing changes */
    objects_clear(&by_text);
    objects_read(&query, &by_query);
    objects_clear(&by_query);
    objects_read(&text, &by_text);
    objects_read(&query, &by_query);
    if (query.no_query)
        print_message("the kernel has no PROCMAP_QUERY: text twice\n");
    assert_int_equal(by_query.count, by_text.count);
    assert_true(by_query.count >= 3);
    for (size_t i = 0; i < by_query.count; i++) {
        const struct process_object *one = &by_query.items[i], *other = &by_text.items[i];

        assert_string_equal(by_query.paths[i], by_text.paths[i]);
        assert_int_equal(one->start, other->start);
        assert_int_equal(one->end, other->end);
        assert_int_equal(one->offset, other->offset);
        assert_int_equal(one->device, other->device);
        assert_int_equal(one->inode, other->inode);
        assert_int_equal(one->executable, other->executable);
        assert_int_equal(one->loaded, other->loaded);
    }
    objects_clear(&by_query);
    objects_clear(&by_text);
    process_maps_release(&query);
    process_maps_release(&text);
    close(query.directory);
}

/* Which ways of mapping a file count as loading it. */
static void test_loaded(void **state)
{
    static const struct {
        int protection, flags;
        off_t offset;
        bool loaded;
    } cases[] = {
        {PROT_READ, MAP_PRIVATE, 0, false},
        {PROT_READ, MAP_SHARED, 0, false},
        {PROT_READ | PROT_WRITE, MAP_PRIVATE, 0, false}, /* elfutils reads so */
        {PROT_READ, MAP_PRIVATE, 4096, false},
        {PROT_READ | PROT_EXEC, MAP_PRIVATE, 4096, true},
        {PROT_READ | PROT_WRITE, MAP_PRIVATE, 4096, true}, /* its code is elsewhere: qemu-user */
        {PROT_READ | PROT_WRITE, MAP_SHARED, 4096, false},
        {PROT_READ | PROT_EXEC, MAP_SHARED, 0, false},
    };
    struct process_maps maps[2] = {{.directory = open_proc()}, {.no_query = true}};
    char path[] = "/tmp/engraft-test-XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 3 * 4096), 0);
    maps[1].directory = maps[0].directory;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        void *memory = mmap(NULL, 4096, cases[i].protection, cases[i].flags, fd, cases[i].offset);

        if (memory == MAP_FAILED && errno == EPERM)
            continue; /* /tmp is mounted noexec */
        assert_true(memory != MAP_FAILED);
        for (unsigned way = 0; way < 2; way++) {
            const struct process_object *object;

            objects_read(&maps[way], &by_query);
            object = object_of(&by_query, path);
            assert_non_null(object);
            assert_int_equal(object->start, (uintptr_t)memory);
            assert_int_equal(object->loaded, cases[i].loaded);
            objects_clear(&by_query);
        }
        munmap(memory, 4096);
    }
    unlink(path);
    close(fd);
    close(maps[0].directory);
    process_maps_release(&maps[0]);
    process_maps_release(&maps[1]);
}

/* What stands in a file in the place of /proc/PID/maps. */
static size_t count_in(const char *content, struct process_object *ret_last)
{
    char directory[] = "/tmp/engraft-test-XXXXXX", path[64];
    struct process_maps maps = {.no_query = true};
    size_t count = 0;
    FILE *stream;

    assert_non_null(mkdtemp(directory));
    maps.directory = open(directory, O_RDONLY | O_DIRECTORY);
    assert_int_equal(mkdirat(maps.directory, "7", 0700), 0);
    snprintf(path, sizeof path, "%s/7/maps", directory);
    stream = fopen(path, "w");
    assert_non_null(stream);
    fputs(content, stream);
    fclose(stream);
    assert_int_equal(process_maps_begin(&maps, 7),
                     *content ? PROCESS_MAPS_OK : PROCESS_MAPS_NONE);
    if (*content) {
        while (process_maps_next(&maps, ret_last)) {
            process_maps_path(&maps, ret_last);
            count++;
        }
        process_maps_end(&maps);
    }
    process_maps_release(&maps);
    unlink(path);
    unlinkat(maps.directory, "7", AT_REMOVEDIR);
    close(maps.directory);
    rmdir(directory);
    return count;
}

static void test_text(void **state)
{
    struct process_object last;

    (void)state;
    assert_int_equal(count_in("", &last), 0);
    assert_int_equal(count_in("1000-2000 r-xp 00001000 08:01 7      /a\n", &last), 1);
    assert_int_equal(last.start, 0x1000);
    assert_int_equal(last.inode, 7);
    assert_true(last.loaded);
    /* Three mappings of one file, then the file once more. */
    assert_int_equal(count_in("1000-2000 r--p 00000000 08:01 7      /a\n"
                              "2000-3000 r-xp 00001000 08:01 7      /a\n"
                              "3000-4000 rw-p 00002000 08:01 7      /a\n"
                              "9000-a000 r--p 00000000 08:01 7      /a\n",
                              &last), 2);
    assert_false(last.loaded);
    /* Neither of a file nor a line. */
    assert_int_equal(count_in("1000-2000 rw-p 00000000 00:00 0\n"
                              "1000-2000 rw-p 00000000 00:00 0      [heap]\n"
                              "1000-2000 rw-p 00000000 00:00 9      anon_inode:x\n"
                              "1000-2000\n\n-\n1000-2000 r\n"
                              "1000-2000 r--p 00000000 08:01 7\n"
                              "1000-2000 r--p 00000000 08:01\n"
                              "1000-2000 r--p 00000000 0801 7 /a\n"
                              "1000 2000 r--p 00000000 08:01 7 /a\n"
                              "g000-2000 r--p 00000000 08:01 7 /a\n",
                              &last), 0);
    assert_int_equal(count_in("1000-2000 r--p 00000000 08:01 7 /no/newline", &last), 1);
}

static void test_cgroup(void **state)
{
#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    static const struct {
        const char *text, *name; /* NULL: no container */
    } cases[] = {
        {"", NULL},
        {"0::/\n", NULL},
        {"0::/user.slice/user-1000.slice/session-2.scope\n", NULL},
        {"0::/system.slice/docker-" ID ".scope\n", ID},
        {"4:memory:/docker/" ID "\n", ID},
        {"0::/\n1:name=systemd:/docker/" ID "\n", ID},
        {"0::/../" ID "\n", ID},
        {"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope\n", ID},
        {"0::/kubepods/besteffort/pod12-34/" ID "\n", ID},
        {"0::/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:" ID "\n", ID},
        {"0::/machine.slice/libpod-" ID ".scope/container\n", ID},
        {"0::/x/crio-" ID ".scope\n", ID},
        {"0::/lxc.payload.web-1\n", "web-1"},
        {"0::/lxc.payload.web/system.slice/ssh.service\n", "web"},
        {"9:cpu:/lxc/web/init.scope\n", "web"},
        {"0::/machine.slice/machine-my\\x2dvm.scope\n", "my-vm"},
        {"0::/machine.slice/systemd-nspawn@deb.service/payload\n", "deb"},
        {"0::/lxc.payload.out/docker/" ID "\n", ID}, /* the innermost */
        {"0::/x-" ID "0\n", NULL},
        {"0::/x" ID "\n", NULL},
        {"0::/0123456789abcdef0123456789abcdef\n", NULL},
        {"0::/machine-x.scope\n", NULL}, /* not where machines are */
        {"0::/lxc.payload.\n", NULL},
        {"no colon\n:\n::\n", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = strdup(cases[i].text), name[256] = "";
        bool found = container_in_cgroup(text, name, sizeof name);

        if (found != (cases[i].name != NULL))
            print_message("%s", cases[i].text);
        assert_int_equal(found, cases[i].name != NULL);
        if (found)
            assert_string_equal(name, cases[i].name);
        free(text);
    }
    {
        char long_text[5000] = "0::/lxc.payload.", name[16] = "";

        memset(long_text + strlen(long_text), 'x', 4000);
        assert_true(container_in_cgroup(long_text, name, sizeof name));
        assert_string_equal(name, "xxxxxxxxxxxxxxx");
    }
}

static void test_states(void **state)
{
    char letter;
    unsigned long flags;
    unsigned uid;
    pid_t child = fork();
    siginfo_t info;

    (void)state;
    if (child == 0)
        _exit(0);
    assert_true(child > 0);
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    assert_true(process_state(child, &letter, &flags));
    assert_int_equal(letter, 'Z');
    assert_int_equal(flags & PROCESS_KERNEL_THREAD, 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_false(process_state(child, &letter, &flags));
    assert_true(errno == ENOENT || errno == ESRCH);
    assert_true(process_state(getpid(), &letter, &flags));
    assert_int_equal(letter, 'R');
    assert_true(process_user(getpid(), &uid));
    assert_int_equal(uid, geteuid());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query_and_text_agree),
        cmocka_unit_test(test_loaded),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_cgroup),
        cmocka_unit_test(test_states),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
