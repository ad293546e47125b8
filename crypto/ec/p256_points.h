/* p256_points: which of many are points of P-256? Asked for shares that no proof of ownership
 * vouches for, where one at a time costs a tenth of the signature.
 * Owner   nothing. Thread any. Allocates nothing.
 * Time    by count: everything is public. */
#ifndef LK_CRYPTO_EC_P256_POINTS_H
#define LK_CRYPTO_EC_P256_POINTS_H

#include <stdint.h>

#define LK_P256_POINTS_MAX 64 /* of one call */
#define LK_P256_POINT_BYTES 65

/* In      point[i][65] as TLS sends it, i below count; count 1 to LK_P256_POINTS_MAX
 * Returns mask of those that have the form 04, coordinates below the field, and lie on the curve
 * Source  SEC 1 3.2.2.1 */
typedef uint64_t lk_p256_points(const uint8_t *const *point, unsigned count);

lk_p256_points lk_p256_points_library; /* one at a time, lk_group_point_good */
lk_p256_points lk_p256_points_ifma;    /* eight lanes; needs LK_CPU_IFMA */
lk_p256_points lk_p256_points_ref;     /* the same body over two 64-bit lanes, for tests */

#endif
