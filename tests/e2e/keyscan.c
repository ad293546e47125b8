/* keyscan: does the memory of a process, or a file, hold a piece of a private key?
 *
 * Usage: keyscan KEYFILE core PID | all PID | file PATH
 *   core   what a core dump would hold: readable, private or shared, not marked do-not-dump
 *   all    every readable page
 *   file   a file's bytes
 * Looks for every 16-byte window of d, p, q, dp, dq, qinv (RSA) or of the scalar (EC), big-endian,
 * little-endian and in 52-bit digits of 8 bytes. Prints a line for each find; exits 1 if there was one,
 * 0 if none, 2 when it could not look. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define WINDOW 16
#define BLOOM_BITS 24

struct window {
    uint8_t bytes[WINDOW];
    const char *what;
};

static struct window *windows;
static size_t window_count;
static uint8_t *bloom;
static uint32_t *bucket; /* 1-based index of a window by hash, chained by next */
static uint32_t *next;

static uint32_t hash(const uint8_t *p)
{
    uint64_t a;
    memcpy(&a, p, 8);
    return (uint32_t)((a * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - BLOOM_BITS));
}

static void add(const char *what, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i + WINDOW <= len; i++) {
        bool dull = true; /* runs of zeros stand everywhere and say nothing */
        for (size_t j = 1; j < WINDOW; j++)
            dull = dull && bytes[i + j] == bytes[i];
        if (dull) continue;
        windows = realloc(windows, (window_count + 1) * sizeof *windows);
        memcpy(windows[window_count].bytes, bytes + i, WINDOW);
        windows[window_count++].what = what;
    }
}

static void add_number(const EVP_PKEY *key, const char *param, const char *what)
{
    BIGNUM *n = NULL;
    uint8_t be[1024], le[1024], digits[8 * 160] = {0};
    if (EVP_PKEY_get_bn_param(key, param, &n) != 1) return;
    size_t len = (size_t)BN_num_bytes(n), count = 0;
    BN_bn2bin(n, be);
    BN_bn2lebinpad(n, le, (int)len);
    for (BIGNUM *rest = BN_dup(n); !BN_is_zero(rest); BN_rshift(rest, rest, 52)) {
        BIGNUM *low = BN_dup(rest);
        if (BN_num_bits(low) > 52) BN_mask_bits(low, 52);
        uint64_t digit = BN_get_word(low);
        memcpy(digits + 8 * count++, &digit, 8);
        BN_free(low);
    }
    add(what, be, len);
    add(what, le, len);
    for (size_t i = 0; i + 2 <= count; i++)
        add(what, digits + 8 * i, WINDOW);
    BN_free(n);
}

static void index_windows(void)
{
    bloom = calloc(1, (size_t)1 << (BLOOM_BITS - 3));
    bucket = calloc((size_t)1 << BLOOM_BITS, sizeof *bucket);
    next = calloc(window_count + 1, sizeof *next);
    for (uint32_t i = 0; i < window_count; i++) {
        uint32_t h = hash(windows[i].bytes);
        bloom[h >> 3] |= (uint8_t)(1u << (h & 7));
        next[i + 1] = bucket[h];
        bucket[h] = i + 1;
    }
}

static unsigned long scan(const uint8_t *data, size_t len, const char *where, uint64_t at)
{
    unsigned long finds = 0;
    for (size_t i = 0; i + WINDOW <= len; i++) {
        uint32_t h = hash(data + i);
        if ((bloom[h >> 3] >> (h & 7) & 1) == 0) continue;
        for (uint32_t w = bucket[h]; w != 0; w = next[w]) {
            if (memcmp(windows[w - 1].bytes, data + i, WINDOW) != 0) continue;
            if (finds++ < 5) printf("%s found in %s at %llx\n", windows[w - 1].what, where,
                                    (unsigned long long)(at + i));
            break;
        }
    }
    return finds;
}

static unsigned long scan_range(FILE *from, uint64_t start, uint64_t end, const char *where)
{
    static uint8_t buffer[(1 << 20) + WINDOW];
    unsigned long finds = 0;
    size_t kept = 0;
    for (uint64_t at = start; at < end;) {
        size_t want = end - at < (1 << 20) ? (size_t)(end - at) : 1 << 20;
        ssize_t got = pread(fileno(from), buffer + kept, want, (off_t)at);
        if (got <= 0) break; /* secret memory and holes refuse: that is the point */
        finds += scan(buffer, kept + (size_t)got, where, at - kept);
        size_t total = kept + (size_t)got;
        kept = total < WINDOW - 1 ? total : WINDOW - 1;
        memmove(buffer, buffer + total - kept, kept);
        at += (uint64_t)got;
    }
    return finds;
}

static int scan_process(const char *pid, bool everything)
{
    char path[64], line[512], where[300] = "";
    snprintf(path, sizeof path, "/proc/%s/smaps", pid);
    FILE *maps = fopen(path, "r");
    snprintf(path, sizeof path, "/proc/%s/mem", pid);
    FILE *memory = fopen(path, "r");
    if (maps == NULL || memory == NULL) {
        perror(path);
        return 2;
    }
    unsigned long long start = 0, end = 0, bytes = 0;
    unsigned long finds = 0;
    char rights[8] = "";
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long long a, b;
        char r[8];
        if (sscanf(line, "%llx-%llx %7s", &a, &b, r) == 3) {
            start = a, end = b;
            memcpy(rights, r, sizeof r);
            snprintf(where, sizeof where, "%.*s", (int)strcspn(line, "\n"), line);
        }
        if (strncmp(line, "VmFlags:", 8) != 0 || rights[0] != 'r') continue;
        if (!everything && strstr(line, " dd") != NULL) continue;
        finds += scan_range(memory, start, end, where);
        bytes += end - start;
    }
    printf("%s %s: %llu bytes mapped, %lu finds\n", everything ? "all of" : "core of", pid, bytes, finds);
    return finds > 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *param, *what;
    } numbers[] = {
        {OSSL_PKEY_PARAM_RSA_D, "d"},          {OSSL_PKEY_PARAM_RSA_FACTOR1, "p"},
        {OSSL_PKEY_PARAM_RSA_FACTOR2, "q"},    {OSSL_PKEY_PARAM_RSA_EXPONENT1, "dp"},
        {OSSL_PKEY_PARAM_RSA_EXPONENT2, "dq"}, {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, "qinv"},
        {OSSL_PKEY_PARAM_PRIV_KEY, "scalar"},
    };
    if (argc != 4) {
        fprintf(stderr, "usage: keyscan KEYFILE core PID | all PID | file PATH\n");
        return 2;
    }
    FILE *file = fopen(argv[1], "r");
    EVP_PKEY *key = file != NULL ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    if (key == NULL) {
        fprintf(stderr, "keyscan: no private key in %s\n", argv[1]);
        return 2;
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        add_number(key, numbers[i].param, numbers[i].what);
    index_windows();
    if (strcmp(argv[2], "file") != 0) return scan_process(argv[3], strcmp(argv[2], "all") == 0);
    FILE *from = fopen(argv[3], "r");
    if (from == NULL) {
        perror(argv[3]);
        return 2;
    }
    return scan_range(from, 0, UINT64_MAX, argv[3]) > 0;
}
