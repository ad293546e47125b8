#include "tests/support/dtls_client.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 16

static char dir[] = "/tmp/lurk-pki-XXXXXX";
static bool made;
static struct file {
    char name[64];
    uint8_t *data;
    size_t len;
} file[FILES_MAX];
static unsigned files;

static void must(bool good, const char *what)
{
    if (good) return;
    fprintf(stderr, "dtls_client: %s\n", what);
    ERR_print_errors_fp(stderr);
    abort();
}

const char *lk_test_pki(void)
{
    if (made) return dir;
    must(mkdtemp(dir) != NULL, "no temporary directory");
    char command[128];
    snprintf(command, sizeof command, "tests/support/pki.sh %s rsa2048=0 p256=0 >/dev/null", dir);
    must(system(command) == 0, "pki.sh failed");
    made = true;
    return dir;
}

void lk_test_pki_gone(void)
{
    while (files > 0)
        free(file[--files].data);
    if (!made) return;
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    must(system(command) == 0, "cleaning up failed");
    made = false;
}

static void path_of(const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", lk_test_pki(), name);
}

struct lk_bytes lk_test_pki_file(const char *name)
{
    for (unsigned i = 0; i < files; i++)
        if (strcmp(file[i].name, name) == 0) return lk_bytes_of(file[i].data, file[i].len);
    char path[128];
    path_of(name, path);
    FILE *f = fopen(path, "r");
    must(f != NULL && files < FILES_MAX, path);
    struct file *read = &file[files++];
    snprintf(read->name, sizeof read->name, "%s", name);
    read->data = malloc(65536);
    must(read->data != NULL, "no memory");
    read->len = fread(read->data, 1, 65536, f);
    fclose(f);
    return lk_bytes_of(read->data, read->len);
}

bool lk_test_wire_put(struct lk_test_wire *wire, struct lk_bytes bytes)
{
    if (wire->count == LK_TEST_DATAGRAMS_MAX || bytes.len > LK_TEST_DATAGRAM_BYTES) return false;
    struct lk_test_datagram *d = &wire->datagram[wire->count++];
    memcpy(d->data, bytes.data, bytes.len);
    d->len = bytes.len;
    wire->bytes += bytes.len;
    return true;
}

static bool put(struct lk_datagram *datagram, struct lk_bytes bytes)
{
    struct lk_test_client *client = (struct lk_test_client *)datagram;
    return lk_test_wire_put(&client->out, bytes);
}

struct lk_test_client *lk_test_client_new(const char *name)
{
    struct lk_test_client *client = calloc(1, sizeof *client);
    must(client != NULL, "no memory");
    must(lk_datagram_open(&client->datagram, put) == LK_OK, "no BIO");
    lk_datagram_path(&client->datagram, 1200);
    client->ctx = SSL_CTX_new(DTLS_client_method());
    char ca[128], text[64], path[128];
    path_of("ca.crt", ca);
    must(SSL_CTX_load_verify_locations(client->ctx, ca, NULL) == 1, "ca");
    SSL_CTX_set_verify(client->ctx, SSL_VERIFY_PEER, NULL);
    if (name != NULL) {
        snprintf(text, sizeof text, "%s.crt", name);
        path_of(text, path);
        must(SSL_CTX_use_certificate_chain_file(client->ctx, path) == 1, path);
        snprintf(text, sizeof text, "%s.key", name);
        path_of(text, path);
        must(SSL_CTX_use_PrivateKey_file(client->ctx, path, SSL_FILETYPE_PEM) == 1, path);
    }
    lk_test_client_again(client);
    return client;
}

void lk_test_client_again(struct lk_test_client *client)
{
    SSL_free(client->ssl);
    client->ssl = SSL_new(client->ctx);
    must(client->ssl != NULL && lk_datagram_attach(&client->datagram, client->ssl), "no session");
    SSL_set_connect_state(client->ssl);
    client->out.count = 0;
}

void lk_test_client_free(struct lk_test_client *client)
{
    SSL_free(client->ssl);
    SSL_CTX_free(client->ctx);
    lk_datagram_close(&client->datagram);
    free(client);
}

static int judge(struct lk_test_client *client, int r)
{
    if (r == 1) return 1;
    int error = SSL_get_error(client->ssl, r);
    ERR_clear_error();
    return error == SSL_ERROR_WANT_READ ? 0 : -1;
}

int lk_test_client_step(struct lk_test_client *client, const struct lk_test_wire *in)
{
    ERR_clear_error();
    int verdict = judge(client, SSL_do_handshake(client->ssl));
    for (uint32_t i = 0; i < in->count && verdict >= 0; i++) {
        client->datagram.in = lk_bytes_of(in->datagram[i].data, in->datagram[i].len);
        verdict = judge(client, SSL_do_handshake(client->ssl));
    }
    return verdict;
}

void lk_test_client_tick(struct lk_test_client *client)
{
    ERR_clear_error();
    (void)DTLSv1_handle_timeout(client->ssl);
    ERR_clear_error();
}

void lk_test_client_send(struct lk_test_client *client, struct lk_bytes message)
{
    must(SSL_write(client->ssl, message.data, (int)message.len) == (int)message.len, "write");
}

int lk_test_client_read(struct lk_test_client *client, struct lk_bytes datagram, void *to, int room)
{
    client->datagram.in = datagram;
    ERR_clear_error();
    int n = SSL_read(client->ssl, to, room);
    ERR_clear_error();
    return n;
}
