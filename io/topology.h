/* topology: the CPUs this process may use, with their cores and memory nodes, as far as a plan of
 * threads needs to know. Read once by the supervisor; a plain value that tests make up.
 * Honours the affinity mask, the cgroup's CPU set and its quota. */
#ifndef LK_IO_TOPOLOGY_H
#define LK_IO_TOPOLOGY_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/conf/conf.h"

struct lk_topology_cpu {
    uint16_t cpu;  /* the kernel's number */
    uint16_t core; /* CPUs of one core are SMT siblings */
    uint16_t node; /* memory */
};

struct lk_topology {
    struct lk_topology_cpu cpu[LK_CPUS_MAX]; /* by ascending number */
    uint32_t count;
    uint32_t quota; /* CPUs' worth of time the cgroup grants, rounded up; 0: no bound */
};

/* Errors: LK_ERR_UNKNOWN when the machine cannot be read; errno of sched_getaffinity. */
LK_MUST_USE lk_err lk_topology_read(struct lk_topology *out);

/* CPUs' worth of time of a cgroup's cpu.max line ("max 100000", "150000 100000"); 0: no bound. */
uint32_t lk_topology_quota(const char *cpu_max);

#endif
