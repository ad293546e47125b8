/* limits: every bound of the program, with its unit and the reason for its value. Where an option
 * exists it may lower a bound, never raise it. */
#ifndef LK_CORE_BASE_LIMITS_H
#define LK_CORE_BASE_LIMITS_H

/* --- messages ------------------------------------------------------------------------------ */

#define LK_HEADER_BYTES 16
#define LK_MESSAGE_BYTES_MAX 65535 /* lurk.md 2: a u16 would hold it; the wire has u32 */

/* --- threads and processes ------------------------------------------------------------------ */

#define LK_LOOPS_MAX 64   /* one bit of a u64 each */
#define LK_WORKERS_MAX 64 /* a later session id names its worker by 6 bits */

/* --- slots, rings --------------------------------------------------------------------------- */

/* All exchanges, RSA-8192 included, but those with messages of a handshake, long certificate
 * requests, and DHE of 4096 bits and more with a proof, of 8192 without. */
#define LK_SLOT_SMALL_BYTES 2048
#define LK_SLOT_LARGE_BYTES 65792   /* a message of 65,535 bytes and the head, whole lines */
#define LK_SLOTS_SMALL_PER_LOOP 4096
#define LK_SLOTS_LARGE_PER_LOOP 64
/* A ring holds every slot of its loop, so a push of a slot the loop owns cannot find it full
 * unless the other side lies; "full" then is a fault of the peer, not back-pressure. Back-pressure
 * is the slot pool running empty. */
#define LK_RING_CELLS 8192

/* A worker has a lane for every slot that can be on its way to it, so that nothing waits in a ring,
 * where nobody passes anybody: order among requests is the batches' alone. Each of L loops may have
 * lanes / L of them under way to one worker (lk_lanes_of_loop), and W workers together
 * W * lanes / L, which is no less than its slots while W >= L. A worker's lanes are 23 MB of small
 * and, from 4 loops on, 18 MB of large ones. */
#define LK_LANES_SMALL_PER_WORKER 4096
#define LK_LANES_LARGE_PER_WORKER 256

static inline unsigned lk_lanes_of_loop(unsigned lanes, unsigned loops, unsigned slots)
{
    return lanes / loops < slots ? lanes / loops : slots;
}

/* Slots of a loop, S of them, f free: a tenant may hold F * f (core/exec/share.h). n tenants that
 * take all they get hold F * f each, so f = S / (F * n + 1) stay free: of 4,096 a lone one has
 * 3,640 and leaves 455, ten have 404 each and leave 50. A newcomer takes x while x < F * (f - x):
 * F / (F + 1) of what it finds, at once, and its equal part when slots come home. Peers share the
 * room of their tenant in the same way. */
#define LK_SHARE_FACTOR 8

/* --- peers ---------------------------------------------------------------------------------- */

#define LK_CONNS_PER_LOOP_MAX 16384
#define LK_IN_FLIGHT_PER_PEER_MAX 1024      /* threat model T25 */
#define LK_OUTPUT_BYTES_PER_PEER_MAX 262144 /* a reader slower than this is closed */
#define LK_HANDSHAKE_MS_MAX 10000
#define LK_IDLE_S_MAX 3600
#define LK_IDENTITY_BYTES_MAX 255
#define LK_HANDSHAKE_FRAGMENT_BYTES_MAX 16384 /* T33 */
/* DTLS: a handshake that is not done costs some 60 kB, and up to 16 KiB for each record or message
 * that OpenSSL stores because it came too early. */
#define LK_HANDSHAKES_PER_LOOP_MAX 512
#define LK_HANDSHAKES_PER_NETWORK_MAX 128 /* IPv4 address, IPv6 /64 */
#define LK_HANDSHAKE_RECORDS_MAX 256      /* a long chain, each message sent four times */
#define LK_HANDSHAKE_EARLY_RECORDS_MAX 8  /* of the next epoch: a Finished and its repeats */

/* --- requests ------------------------------------------------------------------------------- */

#define LK_QUEUE_DEADLINE_MS 500  /* lurk.md 6: below the agent's 800 ms a try */
#define LK_RESPONSES_KEPT_PER_LOOP 4096 /* lurk.md 4: for repeated ids on datagrams */
#define LK_RESPONSES_KEPT_MS 8000

/* --- configuration -------------------------------------------------------------------------- */

#define LK_NAME_BYTES_MAX 64
#define LK_PATH_BYTES_MAX 512
#define LK_TENANTS_MAX 1024
#define LK_EDGES_MAX 4096
#define LK_RULES_MAX 8192
#define LK_KEYS_MAX 100000
#define LK_KEY_CERTIFICATES_MAX 4 /* old and new, of two authorities each */
#define LK_LISTEN_MAX 64
#define LK_FILE_BYTES_MAX 1048576 /* a configuration, certificate chain or CRL file */
#define LK_CONF_BYTES_MAX 33554432 /* 100,000 keys of some 300 bytes each */

/* --- vault ---------------------------------------------------------------------------------- */

#define LK_LANES_MAX 64         /* bits of a lane mask */
#define LK_RSA_BYTES_MAX 1024   /* RSA-8192 */
#define LK_TBS_BYTES_MAX 2176   /* client_random, F(S), ServerDHParams: 64 + 3 * 2 + 1 + 2 * 1024 */
#define LK_AUDIT_RECORDS_PER_WORKER 32768 /* 0.1 s of a worker at its fastest; 4 MB */
#define LK_KERNEL_FAULTS_MAX 3  /* wrong results until a kernel is out of service: T1 */

#endif
