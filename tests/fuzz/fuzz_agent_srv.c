/* Any bytes as a DNS answer: records that are taken have names of hosts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lurk-agent/srv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_srv record[LK_AGENT_SERVERS_MAX];
    uint32_t count, ttl_s;
    (void)lk_srv_parse(lk_bytes_of(data, size), record, &count, &ttl_s);
    if (count > LK_AGENT_SERVERS_MAX) abort();
    for (uint32_t i = 0; i < count; i++) {
        size_t len = strnlen(record[i].target, sizeof record[i].target);
        if (len == 0 || len > LK_HOST_BYTES_MAX || record[i].port == 0) abort();
    }
    return 0;
}
