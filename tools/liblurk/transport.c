#include "tools/liblurk/transport.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/liblurk/fields.h"
#include "tools/liblurk/identity.h"

#define CONNECT_MS_DEFAULT 2000
#define NS_PER_MS UINT64_C(1000000)

static const struct lk_transport_row *const rows[] = {
    [LURK_TLS] = &lk_transport_tls,
    [LURK_DTLS] = &lk_transport_dtls,
    [LURK_AGENT] = &lk_transport_agent,
};

int lk_transport_fault(struct lurk_transport *t, int error, const char *what, const char *why)
{
    if (t->row->secure)
        snprintf(t->text, sizeof t->text, "%s %s port %u: %s", what, t->host, (unsigned)t->port,
                 why);
    else
        snprintf(t->text, sizeof t->text, "%s %s: %s", what, t->host, why);
    return error;
}

/* --- made and gone ---------------------------------------------------------------------------- */

static const char *options_fault(const struct lurk_transport_options *options)
{
    if ((unsigned)options->kind > LURK_AGENT) return "kind: none of the three";
    if (options->host == NULL || options->host[0] == 0) return "host: missing";
    if (!rows[options->kind]->secure)
        return options->host[0] == '/' || options->host[0] == '@'
                   ? NULL
                   : "host: an agent's socket is \"/path\" or \"@name\"";
    if (options->port == 0) return "port: missing";
    return options->identity == NULL ? "identity: missing" : NULL;
}

static bool parts_new(struct lurk_transport *t, const struct lurk_transport_options *options)
{
    const struct lurk_client_options client = {.size = sizeof client,
                                               .framing = t->row->framing,
                                               .calls_max = options->calls_max,
                                               .queue_bytes_max = options->queue_bytes_max};
    const char *name = options->server_name != NULL ? options->server_name : options->host;
    t->host = strdup(options->host);
    t->server_name = strdup(name);
    t->client = lurk_client_new(&client);
    if (options->identity != NULL) t->identity = lk_identity_hold(options->identity);
    return t->host != NULL && t->server_name != NULL && t->client != NULL;
}

struct lurk_transport *lurk_transport_new(const struct lurk_transport_options *options, char *text,
                                          size_t text_bytes)
{
    struct lurk_transport_options own;
    const char *wrong = LK_FIELDS_TAKE(own, options) ? options_fault(&own) : "size: too small";
    struct lurk_transport *t = wrong == NULL ? calloc(1, sizeof *t) : NULL;
    if (t == NULL) {
        if (text != NULL && text_bytes > 0)
            snprintf(text, text_bytes, "%s", wrong != NULL ? wrong : "no memory");
        return NULL;
    }
    uint32_t connect_ms = own.connect_ms > 0 ? own.connect_ms : CONNECT_MS_DEFAULT;
    t->row = rows[own.kind];
    t->port = own.port;
    t->fd = -1;
    t->fd_min = own.fd_min;
    t->pid = getpid();
    t->connect_ns = connect_ms * NS_PER_MS;
    t->timer_ns = LURK_NEVER;
    if (parts_new(t, &own)) return t;
    if (text != NULL && text_bytes > 0)
        snprintf(text, text_bytes, "no memory, or calls_max above 65,536");
    lurk_transport_free(t);
    return NULL;
}

static void shut(struct lurk_transport *t, bool polite)
{
    t->row->shut(t, polite);
    if (t->fd >= 0) close(t->fd);
    t->fd = -1;
    t->want_write = t->held = false;
    t->lost = LURK_OK;
    t->timer_ns = LURK_NEVER;
    t->state = LURK_DOWN;
}

static int end(struct lurk_transport *t, int error)
{
    shut(t, error == LURK_ERR_ANSWER);
    t->error = error;
    lurk_client_fail(t->client, (enum lurk_error)error);
    return error;
}

/* A child of a fork has its parent's descriptor, and no business with it: it says nothing to the
 * peer. True in the process that opened it. */
static bool is_mine(struct lurk_transport *t)
{
    pid_t pid = getpid();
    if (pid == t->pid) return true;
    t->pid = pid;
    if (t->state == LURK_DOWN && lurk_client_calls(t->client) == 0) return true;
    shut(t, false);
    end(t, lk_transport_fault(t, LURK_ERR_FORKED, "connection to", "another process made it"));
    return false;
}

void lurk_transport_close(struct lurk_transport *t)
{
    if (!is_mine(t) || t->state == LURK_DOWN) return;
    shut(t, true);
    end(t, lk_transport_fault(t, LURK_ERR_CLOSED, "connection to", "closed here"));
}

void lurk_transport_free(struct lurk_transport *t)
{
    if (t == NULL) return;
    shut(t, getpid() == t->pid);
    lurk_client_free(t->client);
    lurk_identity_free(t->identity);
    free(t->host);
    free(t->server_name);
    free(t);
}

/* --- opening ---------------------------------------------------------------------------------- */

static int dial(struct lurk_transport *t, uint64_t now_ns)
{
    t->give_up_ns = now_ns + t->connect_ns;
    int fault = t->row->dial(t, now_ns);
    if (fault == LURK_OK) t->state = LURK_CONNECTING;
    return fault;
}

int lurk_transport_open(struct lurk_transport *t, uint64_t now_ns)
{
    (void)is_mine(t);
    if (t->state != LURK_DOWN) return LURK_OK;
    t->error = LURK_OK;
    t->text[0] = 0;
    lurk_client_reset(t->client, false);
    int fault = dial(t, now_ns);
    return fault < 0 ? end(t, fault) : LURK_OK;
}

/* The other end went. An agent's successor may be there already, for calls that were not asked
 * twice. */
static int lose(struct lurk_transport *t, int why, uint64_t now_ns)
{
    bool again = t->row->returns && (why == LURK_ERR_CLOSED || why == LURK_ERR_LEAVING) &&
                 lk_client_resendable(t->client);
    if (!again) return end(t, why);
    shut(t, false);
    lurk_client_reset(t->client, true);
    return dial(t, now_ns) < 0 ? end(t, why) : LURK_OK;
}

static int shake(struct lurk_transport *t, uint64_t now_ns)
{
    int done = t->row->shake(t, now_ns);
    if (done < 0) return end(t, done);
    if (done > 0) {
        t->state = LURK_OPEN;
        return LURK_OK;
    }
    if (now_ns < t->give_up_ns) return LURK_OK;
    return end(t, lk_transport_fault(t, LURK_ERR_TIMEOUT, "connect", "not open in time"));
}

/* --- the turn --------------------------------------------------------------------------------- */

enum lurk_transport_state lurk_transport_state(const struct lurk_transport *t)
{
    return t->state;
}

int lurk_transport_error(const struct lurk_transport *t)
{
    return t->error;
}

const char *lurk_transport_text(const struct lurk_transport *t)
{
    return t->text;
}

int lurk_transport_fd(const struct lurk_transport *t)
{
    return t->fd;
}

short lurk_transport_events(const struct lurk_transport *t)
{
    if (t->state == LURK_DOWN || t->lost != LURK_OK) return 0;
    bool sends = t->want_write || (t->state == LURK_OPEN && lk_client_waiting(t->client));
    return (short)(POLLIN | (sends ? POLLOUT : 0));
}

uint64_t lurk_transport_due_ns(const struct lurk_transport *t)
{
    uint64_t due = t->held || t->lost != LURK_OK ? 0 : lurk_client_due_ns(t->client);
    if (t->state == LURK_CONNECTING && t->give_up_ns < due) due = t->give_up_ns;
    return t->timer_ns < due ? t->timer_ns : due;
}

int lurk_transport_flush(struct lurk_transport *t, uint64_t now_ns)
{
    if (!is_mine(t) || t->state == LURK_DOWN) return t->error;
    if (t->state != LURK_OPEN || t->lost != LURK_OK) return LURK_OK;
    t->lost = t->row->send(t, now_ns);
    /* What the other end said before it went counts. */
    if (t->lost != LURK_OK) (void)t->row->receive(t, now_ns);
    return LURK_OK;
}

int lurk_transport_ready(struct lurk_transport *t, uint64_t now_ns)
{
    if (!is_mine(t) || t->state == LURK_DOWN) return t->error;
    int fault = t->state == LURK_CONNECTING ? shake(t, now_ns) : LURK_OK;
    if (fault == LURK_OK) fault = lurk_transport_flush(t, now_ns);
    if (fault < 0 || t->state != LURK_OPEN || t->lost != LURK_OK) return fault;
    t->lost = t->row->receive(t, now_ns);
    return LURK_OK;
}

/* --- calls ------------------------------------------------------------------------------------ */

int lurk_transport_submit(struct lurk_transport *t, const struct lurk_submit *submit,
                          uint64_t now_ns, uint64_t *id)
{
    if (!is_mine(t)) return LURK_ERR_FORKED;
    if (t->state == LURK_DOWN) return LURK_ERR_CLOSED;
    if (submit != NULL && submit->message.len > t->row->message_bytes_max &&
        submit->message.len <= LURK_MESSAGE_BYTES_MAX)
        return LURK_ERR_ROOM;
    return lurk_client_submit(t->client, submit, now_ns, id);
}

int lurk_transport_cancel(struct lurk_transport *t, uint64_t id)
{
    return is_mine(t) ? lurk_client_cancel(t->client, id) : LURK_ERR_FORKED;
}

bool lurk_transport_take(struct lurk_transport *t, uint64_t now_ns, struct lurk_result *result)
{
    (void)is_mine(t);
    if (lurk_client_take(t->client, now_ns, result)) return true;
    int state = lurk_client_state(t->client);
    if (t->state == LURK_DOWN || (state == LURK_OK && t->lost == LURK_OK)) return false;
    if (state == LURK_OK)
        lose(t, t->lost, now_ns);
    else if (state == LURK_ERR_ANSWER)
        end(t, lk_transport_fault(t, state, "answer of", "one that no client may accept"));
    else
        lose(t, lk_transport_fault(t, state, "connection to", "it is going away"), now_ns);
    return lurk_client_take(t->client, now_ns, result);
}

const struct lurk_client *lurk_transport_client(const struct lurk_transport *t)
{
    return t->client;
}
