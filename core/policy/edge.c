#include "core/policy/edge.h"

#include <string.h>

static bool uri_match(const char *pattern, const char *uri)
{
    size_t len = strlen(pattern);
    if (len > 0 && pattern[len - 1] == '*') return strncmp(pattern, uri, len - 1) == 0;
    return strcmp(pattern, uri) == 0;
}

/* RFC 4343: only ASCII letters have case; the locale has no say. */
static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool name_equal(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

/* A star in the certificate itself names many hosts, and so no edge. */
static bool dns_match(const char *pattern, const char *name)
{
    if (strchr(name, '*') != NULL) return false;
    if (pattern[0] != '*') return name_equal(pattern, name);
    const char *rest = strchr(name, '.');
    return rest != NULL && rest != name && name_equal(pattern + 1, rest);
}

bool lk_edge_match(const char *pattern, const char *identity)
{
    if (strncmp(pattern, identity, 4) != 0) return false;
    if (strncmp(pattern, "uri:", 4) == 0) return uri_match(pattern + 4, identity + 4);
    return strncmp(pattern, "dns:", 4) == 0 && dns_match(pattern + 4, identity + 4);
}
