#include "tools/lurk-bench/usage.h"

#include <dirent.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PAGE_BYTES (1 << 20)
#define SERIES "lurk_process_cpu_seconds_total"

static void part_add(struct lk_bench_usage *out, const char *name, double cpu_s)
{
    out->known = true;
    out->cpu_s += cpu_s;
    if (out->part_count == LK_BENCH_USAGE_PARTS) return;
    struct lk_bench_usage_part *part = &out->part[out->part_count++];
    snprintf(part->name, sizeof(part->name), "%s", name);
    part->cpu_s = cpu_s;
}

/* --- /proc ------------------------------------------------------------------------------------ */

struct process {
    long pid, parent;
    double cpu_s;
};

static bool process_read(long pid, struct process *out)
{
    char path[64], line[1024];
    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    FILE *f = fopen(path, "r");
    if (!f) return false;
    size_t n = fread(line, 1, sizeof(line) - 1, f);
    fclose(f);
    line[n] = '\0';
    const char *rest = strrchr(line, ')'); /* the name before it may hold anything */
    unsigned long user, system;
    *out = (struct process){.pid = pid};
    if (!rest || sscanf(rest + 1, " %*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                        &out->parent, &user, &system) != 3)
        return false;
    out->cpu_s = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    return true;
}

static uint32_t processes_read(struct process **out)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    uint32_t count = 0, size = 0;
    *out = NULL;
    while (proc && (entry = readdir(proc))) {
        struct process one;
        long pid = strtol(entry->d_name, NULL, 10);
        if (pid <= 0 || !process_read(pid, &one)) continue;
        if (count == size) {
            size = size ? size * 2 : 256;
            struct process *grown = realloc(*out, size * sizeof(one));
            if (!grown) break;
            *out = grown;
        }
        (*out)[count++] = one;
    }
    if (proc) closedir(proc);
    return count;
}

static const struct process *process_find(const struct process *all, uint32_t count, long pid)
{
    for (uint32_t i = 0; i < count; i++)
        if (all[i].pid == pid) return &all[i];
    return NULL;
}

/* Is one of the wanted processes this one, or above it? */
static bool wanted(const struct process *all, uint32_t count, long pid,
                   const struct lk_bench_options *options)
{
    for (unsigned depth = 0; depth < 64 && pid > 0; depth++) {
        for (uint32_t i = 0; i < options->pid_count; i++)
            if (options->pids[i] == pid) return true;
        const struct process *one = process_find(all, count, pid);
        pid = one ? one->parent : 0;
    }
    return false;
}

static void read_proc(const struct lk_bench_options *options, struct lk_bench_usage *out)
{
    struct process *all;
    char name[32];
    uint32_t count = processes_read(&all);
    for (uint32_t i = 0; i < count; i++) {
        if (!wanted(all, count, all[i].pid, options)) continue;
        snprintf(name, sizeof(name), "pid %ld", all[i].pid);
        part_add(out, name, all[i].cpu_s);
    }
    free(all);
}

/* --- metrics ---------------------------------------------------------------------------------- */

unsigned lk_bench_usage_parse(const char *page, struct lk_bench_usage *out)
{
    unsigned found = 0;
    for (const char *line = page; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, SERIES "{", sizeof(SERIES)) != 0) continue;
        char name[32] = "process";
        const char *label = strstr(line, "process=\""), *value = strchr(line, '}'),
                   *end = strchr(line, '\n');
        if (!value || (end && value > end)) continue;
        if (label && label < value) sscanf(label, "process=\"%31[^\"]\"", name);
        part_add(out, name, strtod(value + 1, NULL));
        found++;
    }
    return found;
}

static int metrics_connect(const char *target, char *host, size_t host_bytes)
{
    const char *colon = strrchr(target, ':');
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    struct timeval second = {.tv_sec = 1};
    if (!colon) return -1;
    snprintf(host, host_bytes, "%.*s", (int)(colon - target), target);
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0) return -1;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

static void read_metrics(const char *target, struct lk_bench_usage *out)
{
    char host[256], request[512];
    int fd = metrics_connect(target, host, sizeof(host));
    char *page = malloc(PAGE_BYTES);
    if (fd < 0 || !page) goto done;
    int len = snprintf(request, sizeof(request), "GET /metrics HTTP/1.0\r\nHost: %s\r\n\r\n", host);
    size_t have = 0;
    ssize_t n;
    if (write(fd, request, (size_t)len) != len) goto done;
    while (have < PAGE_BYTES - 1 && (n = read(fd, page + have, PAGE_BYTES - 1 - have)) > 0)
        have += (size_t)n;
    page[have] = '\0';
    lk_bench_usage_parse(page, out);
done:
    if (fd >= 0) close(fd);
    free(page);
}

/* --- both ------------------------------------------------------------------------------------- */

void lk_bench_usage_read(const struct lk_bench_options *options, struct lk_bench_usage *out)
{
    *out = (struct lk_bench_usage){0};
    if (options->pid_count > 0)
        read_proc(options, out);
    else if (options->metrics)
        read_metrics(options->metrics, out);
}

void lk_bench_usage_subtract(struct lk_bench_usage *after, const struct lk_bench_usage *before)
{
    after->known = after->known && before->known;
    for (unsigned i = 0; i < after->part_count; i++) {
        for (unsigned k = 0; k < before->part_count; k++) {
            if (strcmp(after->part[i].name, before->part[k].name) != 0) continue;
            after->part[i].cpu_s -= before->part[k].cpu_s;
            after->cpu_s -= before->part[k].cpu_s;
        }
    }
}
