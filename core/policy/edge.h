/* edge: whether an identity is one that a pattern of the configuration means.
 *
 * Identities and patterns are "uri:..." or "dns:...". A URI is compared byte by byte; a star at the
 * end of the pattern stands for any rest. A DNS name is compared without regard to the case of
 * ASCII letters; a star as the first label stands for exactly one label. Both sides are public:
 * variable time. Thread any. */
#ifndef LK_CORE_POLICY_EDGE_H
#define LK_CORE_POLICY_EDGE_H

#include <stdbool.h>

bool lk_edge_match(const char *pattern, const char *identity);

#endif
