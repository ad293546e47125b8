/* schema: one row per option. Parser, range checks, --print-config, NAME.conf(5) and the annotated
 * example are made from these rows and nothing else.
 *
 * A scalar option has a path "section.name" and its place in the program's struct. A list (of
 * lurkd: listen, tenants, keys, edges, rules) is a table of options of its own, placed in the
 * struct of one row. lurkd's rows are lk_schema_lurkd; another program has rows of its own
 * (lurk-agent: tools/lurk-agent/schema.c) and shares all the rest.
 * Static and constant; any thread. */
#ifndef LK_CORE_CONF_SCHEMA_H
#define LK_CORE_CONF_SCHEMA_H

#include "core/conf/conf.h"

enum lk_value_type {
    LK_VALUE_NAME,     /* char[]: letters, digits, . _ - */
    LK_VALUE_PATH,     /* char[]: absolute */
    LK_VALUE_ADDRESS,  /* char[46]: numeric IPv4 or IPv6 */
    LK_VALUE_LOOPBACK, /* char[46]: numeric, 127/8 or ::1 */
    LK_VALUE_IDENTITY, /* char[256]: pattern of a SAN */
    LK_VALUE_HOST,     /* char[]: numeric address or DNS name */
    LK_VALUE_SOCKET,   /* char[]: a Unix socket, "/path" or "@abstract" */
    LK_VALUE_MODE,     /* unsigned: octal permissions */
    LK_VALUE_COUNT,    /* unsigned of any width */
    LK_VALUE_BYTES,    /* unsigned, written with B, KiB, MiB, GiB */
    LK_VALUE_TIME,     /* unsigned in the row's unit, written with us, ms, s, min, h */
    LK_VALUE_BOOL,     /* bool */
    LK_VALUE_WORD,     /* unsigned: place in words */
    LK_VALUE_WORDS,    /* unsigned: bit per place in words, written as a list or `all` */
    LK_VALUE_CPUS,     /* uint16_t[] and its count: "0-3,8" or `auto` (count 0) */
    LK_VALUE_REF,      /* uint32_t: place in another list, written as that row's name */
    LK_VALUE_REFS,     /* uint32_t * and its count: ascending places, or `all` (NULL, 0) */
    LK_VALUE_TYPE_COUNT
};

/* Units of LK_VALUE_TIME, as the struct keeps them. */
enum lk_value_unit { LK_UNIT_NONE, LK_UNIT_US, LK_UNIT_MS, LK_UNIT_S };

enum lk_conf_list_id { LK_LIST_TENANTS, LK_LIST_KEYS, LK_LIST_EDGES, LK_LIST_RULES, LK_LIST_LISTEN,
                       LK_LIST_COUNT };

struct lk_conf_option {
    const char *path; /* "server.user"; in a list "user" */
    uint8_t type;     /* enum lk_value_type */
    uint8_t unit;     /* enum lk_value_unit */
    uint8_t list;     /* REF, REFS: enum lk_conf_list_id */
    bool reloadable;
    bool empty_good;  /* text types: "" is a value */
    /* Numbers: in the struct's unit. WORDS: min 1 wants one at least. Text: max bytes. */
    uint64_t min, max;
    const char *fallback;            /* the default as it is written; NULL: must be given */
    const char *(*word)(unsigned i); /* WORD, WORDS: name of a place, NULL behind the last */
    uint64_t named;                  /* WORDS: bit per place that `all` leaves out */
    const char *help;                /* one sentence, no full stop */
    const char *example;             /* written in the annotated example; NULL: the default */
    size_t offset, size;             /* of the value */
    size_t count_offset;             /* CPUS, REFS: of its uint32_t count */
};

struct lk_conf_list {
    const char *name;
    const char *help;
    const struct lk_conf_option *option;
    uint32_t option_count;
    uint32_t min, max; /* rows */
    bool reloadable;
    size_t row_bytes;
    size_t line_offset;              /* in a row */
    size_t rows_offset, count_offset; /* in the program's struct */
};

struct lk_conf_section {
    const char *name;
    const char *help; /* one sentence */
};

#define LK_SCHEMA_LISTS_MAX 8

struct lk_schema {
    const char *manual; /* "lurkd.conf(5)", for texts */
    const struct lk_conf_option *option; /* scalar ones, by section in the order they are printed */
    uint32_t option_count;               /* at most 64 */
    const struct lk_conf_section *section;
    uint32_t section_count;
    const struct lk_conf_list *list; /* what is referred to before what refers */
    uint32_t list_count;             /* at most LK_SCHEMA_LISTS_MAX */
    const uint8_t *shown;            /* places of the lists in the order of the manual */
};

extern const struct lk_schema lk_schema_lurkd;

/* One sentence about a section, by its name; NULL when there is no such section. */
const char *lk_schema_section_help(const struct lk_schema *schema, const char *section, size_t len);

/* Names at the top of the text: sections, then lists in the order of the manual; NULL behind the
 * last. */
const char *lk_schema_top_name(const struct lk_schema *schema, unsigned i);

/* Rows of a list in a configuration of the program. */
void *lk_schema_row(const struct lk_conf_list *list, const void *conf, uint32_t index);
uint32_t lk_schema_row_count(const struct lk_conf_list *list, const void *conf);

/* The whole as YAML, defaults included. */
void lk_schema_print(const struct lk_schema *schema, const void *conf, FILE *to);

/* Whether two configurations differ only where a reload may change something. False: text[] names
 * the options that need a restart, separated by ", ". */
bool lk_schema_reloadable(const struct lk_schema *schema, const void *running, const void *next,
                          char *text, size_t text_bytes);

#endif
