#include "tools/liblurk/message.h"

#include "core/wire/header.h"

#define VERSION 1 /* of every extension there is */
#define ID_AT 4

struct lk_writer lk_message_start(uint8_t *message, size_t room)
{
    size_t size = room < LK_MESSAGE_BYTES_MAX ? room : LK_MESSAGE_BYTES_MAX;
    struct lk_writer w = lk_writer_of(message, message != NULL ? size : 0);
    (void)lk_writer_room(&w, LK_HEADER_BYTES);
    return w;
}

int lk_message_finish(struct lk_writer *w, uint8_t extension, uint8_t type, size_t *len)
{
    if (w->bad) return w->size < LK_MESSAGE_BYTES_MAX ? LURK_ERR_ROOM : LURK_ERR_ARGUMENT;
    const struct lk_header header = {
        .designation = extension, .version = VERSION, .type = type, .length = (uint32_t)w->len};
    struct lk_writer head = lk_writer_of(w->base, LK_HEADER_BYTES);
    lk_header_write(&head, &header);
    *len = w->len;
    return LURK_OK;
}

uint64_t lurk_id_get(const uint8_t message[LURK_HEADER_BYTES])
{
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(message + ID_AT, sizeof(uint64_t)));
    return lk_cursor_u64(&c);
}

void lurk_id_set(uint8_t message[LURK_HEADER_BYTES], uint64_t id)
{
    struct lk_writer w = lk_writer_of(message + ID_AT, sizeof id);
    lk_writer_u64(&w, id);
}

/* --- requests without a payload --------------------------------------------------------------- */

static bool is_extension(enum lurk_extension extension)
{
    return extension == LURK_LURK || extension == LURK_TLS12 || extension == LURK_TLS13 ||
           extension == LURK_SPLIT;
}

static int bare_write(enum lurk_extension extension, uint8_t type, uint8_t *message, size_t room,
                      size_t *len)
{
    if (!is_extension(extension)) return LURK_ERR_ARGUMENT;
    struct lk_writer w = lk_message_start(message, room);
    return lk_message_finish(&w, (uint8_t)extension, type, len);
}

int lurk_ping_write(enum lurk_extension extension, uint8_t *message, size_t room, size_t *len)
{
    return bare_write(extension, LURK_TYPE_PING, message, room, len);
}

int lurk_capabilities_write(enum lurk_extension extension, uint8_t *message, size_t room,
                            size_t *len)
{
    return bare_write(extension, LURK_TYPE_CAPABILITIES, message, room, len);
}
