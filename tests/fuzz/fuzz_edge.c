/* A pattern, a zero byte, an identity: what matches is what the two forms of pattern say, and the
 * case of a DNS name never decides. */
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "core/base/err.h"
#include "core/policy/edge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX 1024

/* A match is never wider than its pattern: the text before a star at the end, or all of it; for a
 * DNS name all behind the first label. */
static void judge_match(const char *pattern, const char *identity)
{
    size_t len = strlen(pattern);
    if (strncmp(pattern, "uri:", 4) == 0) {
        bool open = pattern[len - 1] == '*' && len > 4;
        LK_ASSERT(strncmp(identity, pattern, open ? len - 1 : len + 1) == 0);
        return;
    }
    LK_ASSERT(strncmp(pattern, "dns:", 4) == 0 && strncmp(identity, "dns:", 4) == 0);
    LK_ASSERT(strchr(identity, '*') == NULL);
    const char *rest = pattern[4] == '*' ? pattern + 5 : pattern + 4;
    size_t rest_len = strlen(rest), identity_len = strlen(identity);
    LK_ASSERT(identity_len - 4 >= rest_len);
    LK_ASSERT(strcasecmp(identity + identity_len - rest_len, rest) == 0);
    const char *label_end = pattern[4] == '*' ? identity + identity_len - rest_len : identity + 4;
    LK_ASSERT(memchr(identity + 4, '.', (size_t)(label_end - identity - 4)) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[TEXT_MAX + 2];
    if (size > TEXT_MAX) return 0;
    memcpy(text, data, size);
    text[size] = text[size + 1] = 0;
    char *identity = text + strlen(text) + 1;
    bool matches = lk_edge_match(text, identity);
    if (matches) judge_match(text, identity);
    if (strncmp(identity, "dns:", 4) != 0) return 0;
    for (char *at = identity + 4; *at != 0; at++)
        if ((unsigned char)*at < 128) *at = (char)toupper(*at);
    LK_ASSERT(lk_edge_match(text, identity) == matches);
    return 0;
}
