#include "io/topology.h"

#include <errno.h>
#include <hwloc.h>
#include <sched.h>
#include <string.h>

/* --- quota ---------------------------------------------------------------------------------- */

uint32_t lk_topology_quota(const char *cpu_max)
{
    unsigned long long quota;
    unsigned long long period;
    if (sscanf(cpu_max, "%llu %llu", &quota, &period) != 2 || period == 0) return 0;
    unsigned long long cpus = (quota + period - 1) / period;
    if (cpus == 0) return 1;
    return cpus < LK_CPUS_MAX ? (uint32_t)cpus : LK_CPUS_MAX;
}

static uint32_t quota_at(const char *group)
{
    char path[4200];
    char line[128] = "";
    (void)snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
    FILE *file = fopen(path, "re");
    if (file == NULL) return 0;
    if (fgets(line, sizeof line, file) == NULL) line[0] = '\0';
    (void)fclose(file);
    return lk_topology_quota(line);
}

/* The path of this process in the unified hierarchy, "" when there is none. */
static void own_group(char *group, size_t size)
{
    char line[4096];
    group[0] = '\0';
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (file == NULL) return;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "0::", 3) != 0) continue;
        line[strcspn(line, "\n")] = '\0';
        (void)snprintf(group, size, "%s", line + 3);
    }
    (void)fclose(file);
}

/* The least of this group's and its ancestors' quotas; inside a container the root is our own
 * group. */
static uint32_t read_quota(void)
{
    char group[4096];
    uint32_t least = 0;
    own_group(group, sizeof group);
    for (;;) {
        uint32_t quota = quota_at(strcmp(group, "/") == 0 ? "" : group);
        if (quota != 0 && (least == 0 || quota < least)) least = quota;
        char *slash = strrchr(group, '/');
        if (slash == NULL) return least;
        *slash = '\0';
    }
}

/* --- CPUs ----------------------------------------------------------------------------------- */

static void add_cpus(hwloc_topology_t topology, const cpu_set_t *allowed, struct lk_topology *out)
{
    for (unsigned os = 0; os < LK_CPUS_MAX && os < CPU_SETSIZE; os++) {
        if (!CPU_ISSET(os, allowed)) continue;
        hwloc_obj_t pu = hwloc_get_pu_obj_by_os_index(topology, os);
        if (pu == NULL || pu->logical_index >= LK_CPUS_MAX) continue;
        hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, pu);
        int node = pu->nodeset != NULL ? hwloc_bitmap_first(pu->nodeset) : 0;
        out->cpu[out->count++] = (struct lk_topology_cpu){
            .cpu = (uint16_t)os,
            .core = (uint16_t)(core != NULL ? core->logical_index : pu->logical_index),
            .node = (uint16_t)(node < 0 ? 0 : node)};
    }
}

lk_err lk_topology_read(struct lk_topology *out)
{
    cpu_set_t allowed;
    hwloc_topology_t topology;
    memset(out, 0, sizeof *out);
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return -errno;
    if (hwloc_topology_init(&topology) != 0) return LK_ERR_UNKNOWN;
    if (hwloc_topology_load(topology) == 0) add_cpus(topology, &allowed, out);
    hwloc_topology_destroy(topology);
    out->quota = read_quota();
    return out->count > 0 ? LK_OK : LK_ERR_UNKNOWN;
}
