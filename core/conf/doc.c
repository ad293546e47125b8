#include "core/conf/doc.h"

#include <yaml.h>

#include "core/base/limits.h"

struct level {
    uint32_t node; /* the open list or map */
    uint32_t last; /* its last child */
};

struct reader {
    struct lk_doc *doc;
    struct lk_faults *faults;
    struct level level[LK_DOC_DEPTH_MAX + 1];
    uint32_t depth;
    uint32_t documents;
    lk_err err;
    bool stop;
};

static bool grow(void **array, uint32_t *room, size_t item_bytes, uint32_t needed)
{
    if (needed <= *room) return true;
    uint64_t wanted = *room == 0 ? 256 : (uint64_t)*room * 2;
    if (wanted < needed) wanted = needed;
    if (wanted > UINT32_MAX) return false;
    void *grown = realloc(*array, (size_t)wanted * item_bytes);
    if (grown == NULL) return false;
    *array = grown;
    *room = (uint32_t)wanted;
    return true;
}

static void fail(struct reader *r, lk_err err)
{
    r->err = err;
    r->stop = true;
}

/* Stops reading: what comes after could not be judged. */
static void give_up(struct reader *r, uint32_t line, const char *what, const char *allowed)
{
    lk_fault(r->faults, line, "%s; allowed: %s", what, allowed);
    r->stop = true;
}

static bool is_key_place(const struct reader *r)
{
    if (r->depth == 0) return false;
    const struct lk_doc_node *open = &r->doc->node[r->level[r->depth - 1].node];
    return open->kind == LK_DOC_MAP && open->count % 2 == 0;
}

/* A new node as the last child of the open one; 0 on failure. */
static uint32_t add(struct reader *r, enum lk_doc_kind kind, uint32_t line)
{
    struct lk_doc *doc = r->doc;
    if (doc->count >= LK_DOC_NODES_MAX) {
        give_up(r, line, "too many entries", "8000000 in all");
        return 0;
    }
    if (!grow((void **)&doc->node, &doc->room, sizeof *doc->node, doc->count + 1)) {
        fail(r, LK_ERR_MEMORY);
        return 0;
    }
    uint32_t index = doc->count++;
    doc->node[index] = (struct lk_doc_node){.kind = kind, .line = line};
    if (r->depth == 0) {
        doc->root = index;
        return index;
    }
    struct level *level = &r->level[r->depth - 1];
    if (level->last == 0)
        doc->node[level->node].first = index;
    else
        doc->node[level->last].next = index;
    level->last = index;
    doc->node[level->node].count++;
    return index;
}

static void judge_properties(struct reader *r, uint32_t line, const yaml_char_t *anchor,
                             const yaml_char_t *tag)
{
    if (anchor != NULL)
        lk_fault(r->faults, line, "anchor '&%.64s': anchors are not read; allowed: plain values",
                 (const char *)anchor);
    if (tag != NULL)
        lk_fault(r->faults, line, "tag '%.64s': tags are not read; allowed: plain values",
                 (const char *)tag);
}

static bool text_clean(const uint8_t *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < 0x20 || text[i] == 0x7f) return false;
    return true;
}

/* Keys of a map are few (LK_DOC_MAP_ENTRIES_MAX), so looking at each is cheap. */
static void judge_key(struct reader *r, uint32_t index)
{
    struct lk_doc *doc = r->doc;
    const struct lk_doc_node *map = &doc->node[r->level[r->depth - 1].node];
    const char *key = lk_doc_text(doc, index);
    uint32_t line = doc->node[index].line;
    if (map->count > 2 * LK_DOC_MAP_ENTRIES_MAX) {
        give_up(r, line, "too many options in one place", "at most 64");
        return;
    }
    for (uint32_t at = map->first; at != index;) {
        if (strcmp(lk_doc_text(doc, at), key) == 0) {
            lk_fault(r->faults, line,
                     "%.64s: stands here a second time, first in line %u; allowed: once", key,
                     doc->node[at].line);
            return;
        }
        at = doc->node[doc->node[at].next].next;
    }
}

static void on_scalar(struct reader *r, const yaml_event_t *event, uint32_t line)
{
    struct lk_doc *doc = r->doc;
    const uint8_t *text = event->data.scalar.value;
    size_t len = event->data.scalar.length;
    bool key = is_key_place(r);
    judge_properties(r, line, event->data.scalar.anchor, event->data.scalar.tag);
    if (len > LK_DOC_SCALAR_BYTES_MAX) {
        lk_fault(r->faults, line, "a value of %zu bytes is too long; allowed: at most %d", len,
                 LK_DOC_SCALAR_BYTES_MAX);
        len = 0;
    }
    if (!text_clean(text, len)) {
        lk_fault(r->faults, line, "a value holds a control character; allowed: one line of text");
        len = 0;
    }
    if (!grow((void **)&doc->pool, &doc->pool_room, 1, doc->pool_len + (uint32_t)len + 1)) {
        fail(r, LK_ERR_MEMORY);
        return;
    }
    uint32_t index = add(r, LK_DOC_SCALAR, line);
    if (index == 0) return;
    doc->node[index].text = doc->pool_len;
    if (len > 0) memcpy(doc->pool + doc->pool_len, text, len);
    doc->pool_len += (uint32_t)len;
    doc->pool[doc->pool_len++] = '\0';
    if (key) judge_key(r, index);
}

static void on_start(struct reader *r, enum lk_doc_kind kind, uint32_t line)
{
    if (is_key_place(r)) {
        give_up(r, line, "a list or map stands where an option's name is expected", "a name");
        return;
    }
    if (r->depth == LK_DOC_DEPTH_MAX) {
        give_up(r, line, "lists and maps are nested too deep", "at most 5 levels");
        return;
    }
    uint32_t index = add(r, kind, line);
    if (index == 0) return;
    r->level[r->depth++] = (struct level){.node = index, .last = 0};
}

static void on_event(struct reader *r, const yaml_event_t *event)
{
    uint32_t line = (uint32_t)event->start_mark.line + 1;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        on_scalar(r, event, line);
        break;
    case YAML_MAPPING_START_EVENT:
        judge_properties(r, line, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        on_start(r, LK_DOC_MAP, line);
        break;
    case YAML_SEQUENCE_START_EVENT:
        judge_properties(r, line, event->data.sequence_start.anchor,
                         event->data.sequence_start.tag);
        on_start(r, LK_DOC_LIST, line);
        break;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        r->depth--;
        break;
    case YAML_ALIAS_EVENT:
        give_up(r, line, "an alias ('*name') is not read",
                "the value itself, quoted if it has a '*'");
        break;
    case YAML_DOCUMENT_START_EVENT:
        if (++r->documents > 1) give_up(r, line, "a second document begins", "one document a file");
        break;
    case YAML_STREAM_END_EVENT:
        r->doc->whole = true;
        r->stop = true;
        break;
    default:
        break;
    }
}

static uint32_t line_of(struct lk_bytes text, size_t offset)
{
    uint32_t line = 1;
    for (size_t i = 0; i < offset && i < text.len; i++)
        if (text.data[i] == '\n') line++;
    return line;
}

static void on_syntax(struct reader *r, const yaml_parser_t *parser, struct lk_bytes text)
{
    if (parser->error == YAML_MEMORY_ERROR) {
        fail(r, LK_ERR_MEMORY);
        return;
    }
    const char *problem = parser->problem != NULL ? parser->problem : "unreadable";
    if (parser->error == YAML_READER_ERROR) {
        lk_fault(r->faults, line_of(text, parser->problem_offset),
                 "%s; allowed: UTF-8 text without control characters", problem);
    } else {
        lk_fault(r->faults, (uint32_t)parser->problem_mark.line + 1,
                 "column %zu: %s; allowed: YAML", parser->problem_mark.column + 1, problem);
    }
    r->stop = true;
}

lk_err lk_doc_read(struct lk_bytes text, struct lk_faults *faults, struct lk_doc *doc)
{
    *doc = (struct lk_doc){.count = 1};
    struct reader r = {.doc = doc, .faults = faults};
    yaml_parser_t parser;
    if (!grow((void **)&doc->node, &doc->room, sizeof *doc->node, 1)) return LK_ERR_MEMORY;
    doc->node[0] = (struct lk_doc_node){.kind = LK_DOC_SCALAR};
    if (text.len > LK_CONF_BYTES_MAX) {
        lk_fault(faults, 1, "a file of %zu bytes is too long; allowed: at most %d", text.len,
                 LK_CONF_BYTES_MAX);
        return LK_OK;
    }
    if (!yaml_parser_initialize(&parser)) return LK_ERR_MEMORY;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text.data != NULL ? text.data : (const uint8_t *)"",
                                 text.len);
    while (!r.stop) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            on_syntax(&r, &parser, text);
            break;
        }
        on_event(&r, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return r.err;
}

void lk_doc_fini(struct lk_doc *doc)
{
    free(doc->node);
    free(doc->pool);
    *doc = (struct lk_doc){.count = 0};
}
