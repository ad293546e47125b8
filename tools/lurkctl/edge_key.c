#include "tools/lurkctl/edge_key.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/keys/certificate.h"
#include "tools/provider/keyfile.h"

enum { EXIT_GOOD = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct choice {
    const char *certificate, *out, *agent, *label;
    enum lk_keyfile_mode mode;
    enum lk_keyfile_fallback fallback;
    enum lk_keyfile_verify verify;
};

static void usage(FILE *to)
{
    fprintf(to,
            "Usage: lurkctl edge key [OPTION] CERT.pem\n\n"
            "Makes the key file that goes where the private key of a certificate went. It names "
            "the key\n"
            "and holds no secret. CERT.pem may be a chain; its first certificate counts.\n\n"
            "  -o, --out FILE         write there instead of to standard output\n"
            "  -a, --agent SOCKET     /path or @abstract; without it, what the provider is "
            "configured with\n"
            "  -m, --mode MODE        full or sign, in place of the provider's setting\n"
            "  -f, --fallback WHAT    refuse or sign, in place of the provider's setting\n"
            "  -v, --verify WHICH     every or sample, in place of the provider's setting\n"
            "      --standard-label   PRIVATE KEY in place of LURK PRIVATE KEY, for tools that "
            "look for it\n");
}

static int refused(const char *file, const char *why)
{
    fprintf(stderr, "lurkctl: edge key: %s: %s\n", file, why);
    return EXIT_REFUSED;
}

/* What TLS servers have certificates for, and lurk has exchanges for. */
static const char *fault_of_key(struct lk_bytes spki)
{
    static const char *const kinds[] = {"RSA", "RSA-PSS", "EC", "ED25519", "ED448"};
    const unsigned char *at = spki.data;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)spki.len);
    const char *why = pkey == NULL ? "the public key in the certificate cannot be read"
                                   : "the certificate's key is neither RSA, ECDSA nor EdDSA";
    for (size_t i = 0; pkey != NULL && i < sizeof kinds / sizeof kinds[0]; i++)
        if (EVP_PKEY_is_a(pkey, kinds[i])) why = NULL;
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return why;
}

/* DER of the first certificate in a PEM file, OPENSSL_malloc'ed. */
static uint8_t *certificate_read(const char *path, long *len, const char **why)
{
    BIO *in = strcmp(path, "-") == 0 ? BIO_new_fp(stdin, BIO_NOCLOSE) : BIO_new_file(path, "r");
    uint8_t *der = NULL;
    *why = in == NULL ? strerror(errno) : "there is no PEM certificate in it";
    if (in != NULL) PEM_bytes_read_bio(&der, len, NULL, PEM_STRING_X509, in, NULL, NULL);
    BIO_free(in);
    ERR_clear_error();
    return der;
}

/* Another file than a key file is not to be lost by a slip of the command line. */
static bool may_replace(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) return errno == ENOENT;
    if (!S_ISREG(st.st_mode)) return false;
    BIO *in = BIO_new_file(path, "r");
    uint8_t *der = NULL, *more = NULL;
    size_t len;
    if (in != NULL && lk_keyfile_pem_read(in, &der, &len)) lk_keyfile_pem_read(in, &more, &len);
    bool alone = der != NULL && more == NULL && BIO_eof(in);
    OPENSSL_free(der);
    OPENSSL_free(more);
    BIO_free(in);
    ERR_clear_error();
    return alone;
}

/* Under a name of its own first, then by rename. */
static const char *write_file(const char *path, const struct lk_keyfile *file, const char *label)
{
    char name[4096];
    if (!may_replace(path)) return "it is there and no key file; move it away first";
    if ((size_t)snprintf(name, sizeof name, "%s.XXXXXX", path) >= sizeof name)
        return strerror(ENAMETOOLONG);
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0) return strerror(errno);
    BIO *out = BIO_new_fd(fd, BIO_NOCLOSE);
    bool good = out != NULL && lk_keyfile_pem_write(out, file, label) && fchmod(fd, 0644) == 0 &&
                fsync(fd) == 0;
    good = close(fd) == 0 && good && rename(name, path) == 0;
    const char *why = good ? NULL : strerror(errno);
    if (!good) unlink(name);
    BIO_free(out);
    return why;
}

static int write_out(const struct choice *choice, const struct lk_keyfile *file)
{
    if (choice->out != NULL) {
        const char *why = write_file(choice->out, file, choice->label);
        return why != NULL ? refused(choice->out, why) : EXIT_GOOD;
    }
    BIO *out = BIO_new_fp(stdout, BIO_NOCLOSE);
    bool good = out != NULL && lk_keyfile_pem_write(out, file, choice->label) &&
                BIO_flush(out) == 1;
    BIO_free(out);
    return good ? EXIT_GOOD : refused("standard output", strerror(errno));
}

static int make(const struct choice *choice)
{
    const char *why;
    long len = 0;
    uint8_t *der = certificate_read(choice->certificate, &len, &why);
    if (der == NULL) return refused(choice->certificate, why);
    struct lk_bytes spki;
    struct lk_keyfile file;
    int status;
    if (!lk_certificate_spki(lk_bytes_of(der, (size_t)len), &spki)) {
        status = refused(choice->certificate, "it is no X.509 certificate in DER");
    } else if ((why = fault_of_key(spki)) != NULL) {
        status = refused(choice->certificate, why);
    } else {
        lk_keyfile_init(&file, spki);
        file.agent = lk_bytes_of(choice->agent, strlen(choice->agent));
        file.mode = choice->mode;
        file.fallback = choice->fallback;
        file.verify = choice->verify;
        status = write_out(choice, &file);
    }
    OPENSSL_free(der);
    return status;
}

static bool agent_is_good(const char *agent)
{
    size_t len = strlen(agent);
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)agent[i] < 0x20 || agent[i] == 0x7f) return false;
    return (agent[0] == '/' || agent[0] == '@') && len >= 2 && len <= LK_KEYFILE_AGENT_MAX;
}

static bool option_take(int option, const char *value, struct choice *choice)
{
    switch (option) {
    case 'o': choice->out = value; return true;
    case 'a':
        choice->agent = value;
        if (!agent_is_good(value))
            fprintf(stderr, "lurkctl: edge key: agent '%s': want /path or @name\n", value);
        return agent_is_good(value);
    case 'l': choice->label = LK_KEYFILE_LABEL_STANDARD; return true;
    case 'm':
        choice->mode = strcmp(value, "full") == 0   ? LK_KEYFILE_MODE_FULL
                       : strcmp(value, "sign") == 0 ? LK_KEYFILE_MODE_SIGN
                                                    : LK_KEYFILE_MODE_NONE;
        if (choice->mode == LK_KEYFILE_MODE_NONE)
            fprintf(stderr, "lurkctl: edge key: mode '%s': want full or sign\n", value);
        return choice->mode != LK_KEYFILE_MODE_NONE;
    case 'f':
        choice->fallback = strcmp(value, "refuse") == 0 ? LK_KEYFILE_FALLBACK_REFUSE
                           : strcmp(value, "sign") == 0 ? LK_KEYFILE_FALLBACK_SIGN
                                                        : LK_KEYFILE_FALLBACK_NONE;
        if (choice->fallback == LK_KEYFILE_FALLBACK_NONE)
            fprintf(stderr, "lurkctl: edge key: fallback '%s': want refuse or sign\n", value);
        return choice->fallback != LK_KEYFILE_FALLBACK_NONE;
    case 'v':
        choice->verify = strcmp(value, "every") == 0    ? LK_KEYFILE_VERIFY_EVERY
                         : strcmp(value, "sample") == 0 ? LK_KEYFILE_VERIFY_SAMPLE
                                                        : LK_KEYFILE_VERIFY_NONE;
        if (choice->verify == LK_KEYFILE_VERIFY_NONE)
            fprintf(stderr, "lurkctl: edge key: verify '%s': want every or sample\n", value);
        return choice->verify != LK_KEYFILE_VERIFY_NONE;
    default: return false;
    }
}

int lk_edge_key(int argc, char **argv)
{
    static const struct option longs[] = {{"out", required_argument, NULL, 'o'},
                                          {"agent", required_argument, NULL, 'a'},
                                          {"mode", required_argument, NULL, 'm'},
                                          {"fallback", required_argument, NULL, 'f'},
                                          {"verify", required_argument, NULL, 'v'},
                                          {"standard-label", no_argument, NULL, 'l'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    struct choice choice = {.agent = "", .label = LK_KEYFILE_LABEL};
    optind = 1;
    for (int option; (option = getopt_long(argc, argv, "o:a:m:f:v:h", longs, NULL)) != -1;) {
        if (option == 'h') {
            usage(stdout);
            return EXIT_GOOD;
        }
        if (!option_take(option, optarg, &choice)) {
            usage(stderr);
            return EXIT_USAGE;
        }
    }
    if (optind + 1 != argc) {
        fprintf(stderr, "lurkctl: edge key: want one certificate\n");
        usage(stderr);
        return EXIT_USAGE;
    }
    choice.certificate = argv[optind];
    return make(&choice);
}
