#include "core/conf/value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>

/* --- units ---------------------------------------------------------------------------------- */

struct unit {
    const char *name;
    uint64_t worth;
};
static const struct unit time_units[] = { /* in us */
    {"us", 1}, {"ms", 1000}, {"s", 1000000}, {"min", 60000000}, {"h", 3600000000},
};
static const struct unit byte_units[] = {
    {"B", 1}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824},
};
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Of a time option's own unit, in us; bytes and counts: 1. */
static uint64_t own_worth(const struct lk_conf_option *option)
{
    static const uint64_t worth[] = {
        [LK_UNIT_NONE] = 1, [LK_UNIT_US] = 1, [LK_UNIT_MS] = 1000, [LK_UNIT_S] = 1000000};
    return worth[option->unit];
}

/* Decimal digits without sign or leading zero; *end behind them. False: none, or beyond 10^15. */
static bool read_digits(const char *text, uint64_t *value, const char **end)
{
    const char *at = text;
    *value = 0;
    while (isdigit((unsigned char)*at) && at - text < 15)
        *value = *value * 10 + (uint64_t)(*at++ - '0');
    *end = at;
    return at > text && !isdigit((unsigned char)*at) && (text[0] != '0' || at == text + 1);
}

static const struct unit *unit_find(const struct unit *units, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(units[i].name, name) == 0) return &units[i];
    return NULL;
}

/* The largest unit that gives a whole number. */
static void print_quantity(const struct unit *units, size_t count, uint64_t value, FILE *to)
{
    size_t i = count - 1;
    while (i > 0 && value % units[i].worth != 0)
        i--;
    fprintf(to, "%" PRIu64 " %s", value / units[i].worth, units[i].name);
}

/* Zero is written in the option's own unit: "0 s" says more than "0 h". */
static void print_time(const struct lk_conf_option *option, uint64_t value, FILE *to)
{
    static const size_t own[] = {
        [LK_UNIT_NONE] = 0, [LK_UNIT_US] = 0, [LK_UNIT_MS] = 1, [LK_UNIT_S] = 2};
    if (value == 0)
        fprintf(to, "0 %s", time_units[own[option->unit]].name);
    else
        print_quantity(time_units, COUNT_OF(time_units), value * own_worth(option), to);
}

/* --- numbers -------------------------------------------------------------------------------- */

/* Unsigned value of option->size bytes. */
static uint64_t value_number(const struct lk_conf_option *option, const void *base)
{
    const char *at = (const char *)base + option->offset;
    uint64_t v = 0;
    LK_ASSERT(option->size <= sizeof v);
    memcpy(&v, at, option->size); /* x86-64 and every other target of ours is little-endian */
    return v;
}

static void store(const struct lk_conf_option *option, void *base, uint64_t v)
{
    LK_ASSERT(option->size <= sizeof v);
    memcpy((char *)base + option->offset, &v, option->size);
}

static bool refuse(char *why, const char *what)
{
    (void)snprintf(why, LK_VALUE_WHY_BYTES, "%s", what);
    return false;
}

static bool refuse_text(char *why, const char *text, const char *what)
{
    (void)snprintf(why, LK_VALUE_WHY_BYTES, "'%.100s' %s", text, what);
    return false;
}

static bool store_in_range(const struct lk_conf_option *option, const char *text, uint64_t v,
                           void *base, char *why)
{
    if (v < option->min) return refuse_text(why, text, "is too small");
    if (v > option->max) return refuse_text(why, text, "is too large");
    store(option, base, v);
    return true;
}

static bool read_count(const struct lk_conf_option *option, const char *text, void *base, char *why)
{
    uint64_t v;
    const char *end;
    if (!read_digits(text, &v, &end) || *end != '\0')
        return refuse_text(why, text, "is not a whole number");
    return store_in_range(option, text, v, base, why);
}

/* "0660": octal, the zero in front or not. */
static bool read_mode(const struct lk_conf_option *option, const char *text, void *base, char *why)
{
    uint64_t v = 0;
    size_t len = strspn(text, "01234567");
    if (len == 0 || len > 5 || text[len] != '\0')
        return refuse_text(why, text, "is no octal number");
    for (size_t i = 0; i < len; i++)
        v = v << 3 | (uint64_t)(text[i] - '0');
    return store_in_range(option, text, v, base, why);
}

static bool read_quantity(const struct lk_conf_option *option, const char *text, void *base,
                          char *why)
{
    bool time = option->type == LK_VALUE_TIME;
    uint64_t v;
    const char *end;
    if (!read_digits(text, &v, &end))
        return refuse_text(why, text, "is not a whole number with a unit");
    if (*end == ' ') end++;
    if (*end == '\0')
        return refuse_text(why, text, time ? "lacks a unit (us, ms, s, min, h)"
                                           : "lacks a unit (B, KiB, MiB, GiB)");
    const struct unit *unit = time ? unit_find(time_units, COUNT_OF(time_units), end)
                                   : unit_find(byte_units, COUNT_OF(byte_units), end);
    if (unit == NULL)
        return refuse_text(why, text, time ? "has no known unit (us, ms, s, min, h)"
                                           : "has no known unit (B, KiB, MiB, GiB)");
    if (v > UINT64_MAX / unit->worth) return refuse_text(why, text, "is too large");
    v *= unit->worth;
    uint64_t own = own_worth(option);
    if (v % own != 0) return refuse_text(why, text, "is finer than this option can keep");
    return store_in_range(option, text, v / own, base, why);
}

/* --- text ----------------------------------------------------------------------------------- */

static bool store_text(const struct lk_conf_option *option, const char *text, void *base)
{
    char *to = (char *)base + option->offset;
    memset(to, 0, option->size);
    memcpy(to, text, strlen(text));
    return true;
}

static bool name_good(const char *text)
{
    if (!isalnum((unsigned char)text[0])) return false;
    for (const char *c = text; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && strchr("._-", *c) == NULL) return false;
    return strcmp(text, "all") != 0;
}

static bool path_good(const char *text)
{
    return text[0] == '/' && text[strlen(text) - 1] != '/';
}

static bool address_good(const char *text)
{
    uint8_t bytes[16];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool loopback_good(const char *text)
{
    uint8_t bytes[16];
    if (inet_pton(AF_INET, text, bytes) == 1) return bytes[0] == 127;
    static const uint8_t one[16] = {[15] = 1};
    return inet_pton(AF_INET6, text, bytes) == 1 && memcmp(bytes, one, sizeof one) == 0;
}

bool lk_conf_loopback(const char *address)
{
    return loopback_good(address);
}

/* "uri:" and printable text, a star at its end if anywhere. */
static bool uri_good(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if (text[i] <= 0x20 || text[i] >= 0x7f || (text[i] == '*' && i + 1 < len)) return false;
    return len > 0;
}

/* Labels of letters, digits, "-", "_"; a star alone may be the first of at least two. */
static bool dns_good(const char *text)
{
    if (text[0] == '*' && text[1] == '.') text += 2;
    size_t label = 0;
    size_t total = 0;
    for (; text[total] != '\0'; total++) {
        char c = text[total];
        if (c == '.' && label == 0) return false;
        if (c != '.' && !isalnum((unsigned char)c) && c != '-' && c != '_') return false;
        label = c == '.' ? 0 : label + 1;
        if (label > 63) return false;
    }
    return label > 0 && total <= 253;
}

static bool identity_good(const char *text)
{
    if (strncmp(text, "uri:", 4) == 0) return uri_good(text + 4);
    return strncmp(text, "dns:", 4) == 0 && dns_good(text + 4);
}

static bool host_good(const char *text)
{
    return address_good(text) || (text[0] != '*' && dns_good(text));
}

/* Printable, and below sun_path's size by the row's maximum. */
static bool socket_good(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (*c <= 0x20 || *c >= 0x7f) return false;
    return path_good(text) || (text[0] == '@' && text[1] != '\0');
}

static const struct {
    bool (*good)(const char *text);
    const char *what;
} texts[LK_VALUE_TYPE_COUNT] = {
    [LK_VALUE_NAME] = {name_good, "is not a name"},
    [LK_VALUE_PATH] = {path_good, "is not an absolute path of a file"},
    [LK_VALUE_ADDRESS] = {address_good, "is not a numeric address"},
    [LK_VALUE_LOOPBACK] = {loopback_good, "is not a loopback address"},
    [LK_VALUE_IDENTITY] = {identity_good, "is not a pattern of an identity"},
    [LK_VALUE_HOST] = {host_good, "is neither a numeric address nor a DNS name"},
    [LK_VALUE_SOCKET] = {socket_good, "is no name of a Unix socket"},
};

static size_t text_bytes_max(const struct lk_conf_option *option)
{
    return option->max > 0 ? (size_t)option->max : option->size - 1;
}

static bool read_text(const struct lk_conf_option *option, const char *text, void *base, char *why)
{
    if (text[0] == '\0' && option->empty_good) return store_text(option, text, base);
    if (text[0] == '\0') return refuse(why, "is empty");
    if (strlen(text) > text_bytes_max(option)) return refuse_text(why, text, "... is too long");
    if (!texts[option->type].good(text)) return refuse_text(why, text, texts[option->type].what);
    return store_text(option, text, base);
}

/* --- words ---------------------------------------------------------------------------------- */

static bool read_bool(const struct lk_conf_option *option, const char *text, void *base, char *why)
{
    bool yes = strcmp(text, "true") == 0;
    if (!yes && strcmp(text, "false") != 0) return refuse_text(why, text, "is not true or false");
    store(option, base, yes);
    return true;
}

static int word_find(const struct lk_conf_option *option, const char *text)
{
    const char *word;
    for (unsigned i = 0; (word = option->word(i)) != NULL; i++)
        if (word[0] != '\0' && strcmp(word, text) == 0) return (int)i;
    return -1;
}

static const char *word_near(const struct lk_conf_option *option, const char *text)
{
    const char *word;
    const char *near = NULL;
    unsigned best = 2;
    for (unsigned i = 0; (word = option->word(i)) != NULL; i++) {
        unsigned distance = lk_value_distance(text, word, best);
        if (word[0] == '\0' || distance > best) continue;
        if (distance < best || near == NULL) near = word;
        best = distance;
    }
    return near;
}

static bool refuse_word(const struct lk_conf_option *option, const char *text, char *why)
{
    const char *near = word_near(option, text);
    if (near == NULL) return refuse_text(why, text, "is not known");
    (void)snprintf(why, LK_VALUE_WHY_BYTES, "'%.100s' is not known, did you mean '%s'?", text,
                   near);
    return false;
}

static bool read_word(const struct lk_conf_option *option, const char *text, void *base, char *why)
{
    int place = word_find(option, text);
    if (place < 0) return refuse_word(option, text, why);
    store(option, base, (uint64_t)place);
    return true;
}

static uint64_t all_words(const struct lk_conf_option *option)
{
    uint64_t mask = 0;
    const char *word;
    for (unsigned i = 0; (word = option->word(i)) != NULL; i++)
        if (word[0] != '\0') mask |= UINT64_C(1) << i;
    return mask & ~option->named;
}

/* A default as the schema writes it: words in brackets. Lists of a file are nodes, see
 * lk_value_read_words. */
static bool words_of_text(const struct lk_conf_option *option, const char *text, uint64_t *mask)
{
    char word[LK_NAME_BYTES_MAX];
    *mask = 0;
    for (text++; *text != ']';) {
        size_t len = strcspn(text, ",]");
        if (len >= sizeof word || text[len] == '\0') return false;
        memcpy(word, text, len);
        word[len] = '\0';
        int place = word_find(option, word);
        if (place < 0) return false;
        *mask |= UINT64_C(1) << place;
        text += len;
        text += strspn(text, ", ");
    }
    return true;
}

static bool read_all(const struct lk_conf_option *option, const char *text, void *base, char *why)
{
    uint64_t mask = all_words(option);
    bool list = text[0] == '[' && words_of_text(option, text, &mask);
    if (!list && strcmp(text, "all") != 0)
        return refuse_text(why, text, "is not a list in brackets, nor all");
    store(option, base, mask);
    return true;
}

bool lk_value_read_words(const struct lk_conf_option *option, const struct lk_doc *doc,
                         uint32_t list, void *base, char why[LK_VALUE_WHY_BYTES])
{
    uint64_t mask = 0;
    for (uint32_t item = doc->node[list].first; item != 0; item = doc->node[item].next) {
        if (doc->node[item].kind != LK_DOC_SCALAR)
            return refuse(why, "holds something that is not a word");
        const char *text = lk_doc_text(doc, item);
        int place = word_find(option, text);
        if (place < 0) return refuse_word(option, text, why);
        if (mask & UINT64_C(1) << place) return refuse_text(why, text, "stands there twice");
        mask |= UINT64_C(1) << place;
    }
    if (mask == 0 && option->min > 0) return refuse(why, "is an empty list");
    store(option, base, mask);
    return true;
}

/* --- CPU lists ------------------------------------------------------------------------------ */

static bool add_cpu(const struct lk_conf_option *option, uint64_t cpu, uint16_t *cpus,
                    uint32_t *count, char *why)
{
    if (*count == option->max) return refuse(why, "names too many CPUs");
    for (uint32_t i = 0; i < *count; i++)
        if (cpus[i] == cpu) return refuse(why, "names a CPU twice");
    cpus[(*count)++] = (uint16_t)cpu;
    return true;
}

/* One "8" or "0-3" from *at on, which is moved behind it. */
static bool read_cpu_range(const struct lk_conf_option *option, const char **at, uint16_t *cpus,
                           uint32_t *count, char *why)
{
    uint64_t first;
    uint64_t last;
    if (!read_digits(*at, &first, at)) return refuse(why, "is not a list of CPUs");
    last = first;
    if (**at == '-' && !read_digits(*at + 1, &last, at))
        return refuse(why, "is not a list of CPUs");
    if (last >= LK_CPUS_MAX || first > last) return refuse(why, "names a CPU out of range");
    for (uint64_t cpu = first; cpu <= last; cpu++)
        if (!add_cpu(option, cpu, cpus, count, why)) return false;
    return true;
}

static bool read_cpus(const struct lk_conf_option *option, const char *text, void *base, char *why)
{
    uint16_t cpus[LK_WORKERS_MAX > LK_LOOPS_MAX ? LK_WORKERS_MAX : LK_LOOPS_MAX] = {0};
    uint32_t count = 0;
    const char *at = text;
    LK_ASSERT(option->size <= sizeof cpus);
    while (strcmp(text, "auto") != 0) {
        if (!read_cpu_range(option, &at, cpus, &count, why)) return false;
        if (*at == '\0') break;
        if (*at++ != ',') return refuse(why, "is not a list of CPUs");
    }
    memcpy((char *)base + option->offset, cpus, option->size);
    memcpy((char *)base + option->count_offset, &count, sizeof count);
    return true;
}

static void print_cpus(const struct lk_conf_option *option, const void *base, FILE *to)
{
    uint16_t cpus[LK_WORKERS_MAX > LK_LOOPS_MAX ? LK_WORKERS_MAX : LK_LOOPS_MAX];
    uint32_t count;
    memcpy(&count, (const char *)base + option->count_offset, sizeof count);
    memcpy(cpus, (const char *)base + option->offset, option->size);
    if (count == 0) fputs("auto", to);
    for (uint32_t i = 0; i < count; i++)
        fprintf(to, "%s%u", i == 0 ? "\"" : ",", cpus[i]);
    if (count > 0) fputc('"', to);
}

/* --- printing ------------------------------------------------------------------------------- */

static void print_text(const struct lk_conf_option *option, const void *base, FILE *to)
{
    fputc('"', to);
    for (const char *c = (const char *)base + option->offset; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') fputc('\\', to);
        fputc(*c, to);
    }
    fputc('"', to);
}

static void print_number(const struct lk_conf_option *option, const void *base, FILE *to)
{
    uint64_t v = value_number(option, base);
    if (option->type == LK_VALUE_TIME)
        print_time(option, v, to);
    else if (option->type == LK_VALUE_BYTES)
        print_quantity(byte_units, COUNT_OF(byte_units), v, to);
    else
        fprintf(to, "%" PRIu64, v);
}

static void print_mode(const struct lk_conf_option *option, const void *base, FILE *to)
{
    fprintf(to, "\"%04" PRIo64 "\"", value_number(option, base));
}

static void print_word(const struct lk_conf_option *option, const void *base, FILE *to)
{
    fputs(option->word((unsigned)value_number(option, base)), to);
}

static void print_bool(const struct lk_conf_option *option, const void *base, FILE *to)
{
    fputs(value_number(option, base) != 0 ? "true" : "false", to);
}

static void print_words(const struct lk_conf_option *option, const void *base, FILE *to)
{
    uint64_t mask = value_number(option, base);
    const char *comma = "";
    const char *word;
    fputc('[', to);
    for (unsigned i = 0; (word = option->word(i)) != NULL; i++) {
        if ((mask & UINT64_C(1) << i) == 0) continue;
        fprintf(to, "%s%s", comma, word);
        comma = ", ";
    }
    fputc(']', to);
}

/* --- what may stand there ------------------------------------------------------------------- */

static void allow_number(const struct lk_conf_option *option, FILE *to)
{
    if (option->type == LK_VALUE_COUNT) {
        fprintf(to, "%" PRIu64 " to %" PRIu64, option->min, option->max);
    } else if (option->type == LK_VALUE_TIME) {
        print_time(option, option->min, to);
        fputs(" to ", to);
        print_time(option, option->max, to);
    } else {
        print_quantity(byte_units, COUNT_OF(byte_units), option->min, to);
        fputs(" to ", to);
        print_quantity(byte_units, COUNT_OF(byte_units), option->max, to);
    }
}

static void allow_mode(const struct lk_conf_option *option, FILE *to)
{
    fprintf(to, "octal, %04" PRIo64 " to %04" PRIo64, option->min, option->max);
}

/* "all", and what that leaves out. */
static void allow_all(const struct lk_conf_option *option, FILE *to)
{
    fputs("all", to);
    for (uint64_t left = option->named; left != 0; left &= left - 1)
        fprintf(to, ", which leaves out %s,", option->word((unsigned)__builtin_ctzll(left)));
    fputs(" or a list of ", to);
}

static void allow_words(const struct lk_conf_option *option, FILE *to)
{
    const char *comma = "";
    const char *word;
    if (option->type == LK_VALUE_WORDS) allow_all(option, to);
    for (unsigned i = 0; (word = option->word(i)) != NULL; i++) {
        if (word[0] == '\0') continue;
        fprintf(to, "%s%s", comma, word);
        comma = ", ";
    }
}

static void allow_bool(const struct lk_conf_option *option, FILE *to)
{
    (void)option;
    fputs("true, false", to);
}

static void allow_cpus(const struct lk_conf_option *option, FILE *to)
{
    fprintf(to, "auto or up to %" PRIu64 " CPUs of 0 to %d as \"0-3,8\"", option->max,
            LK_CPUS_MAX - 1);
}

static void allow_text(const struct lk_conf_option *option, FILE *to)
{
    static const char *const form[LK_VALUE_TYPE_COUNT] = {
        [LK_VALUE_NAME] = "a name of letters, digits, '.', '_', '-'",
        [LK_VALUE_PATH] = "an absolute path",
        [LK_VALUE_ADDRESS] = "a numeric IPv4 or IPv6 address",
        [LK_VALUE_LOOPBACK] = "a numeric loopback address",
        [LK_VALUE_IDENTITY] = "uri:TEXT, uri:TEXT*, dns:NAME or dns:*.NAME",
        [LK_VALUE_HOST] = "a numeric address or a DNS name",
        [LK_VALUE_SOCKET] = "/path or @abstract",
    };
    bool numeric = option->type == LK_VALUE_ADDRESS || option->type == LK_VALUE_LOOPBACK;
    fprintf(to, "%s%s", option->empty_good ? "empty or " : "", form[option->type]);
    if (!numeric) fprintf(to, " of at most %zu bytes", text_bytes_max(option));
}

/* --- by type -------------------------------------------------------------------------------- */

static const struct {
    bool (*read)(const struct lk_conf_option *option, const char *text, void *base, char *why);
    void (*print)(const struct lk_conf_option *option, const void *base, FILE *to);
    void (*allow)(const struct lk_conf_option *option, FILE *to);
} types[LK_VALUE_TYPE_COUNT] = {
    [LK_VALUE_NAME] = {read_text, print_text, allow_text},
    [LK_VALUE_PATH] = {read_text, print_text, allow_text},
    [LK_VALUE_ADDRESS] = {read_text, print_text, allow_text},
    [LK_VALUE_LOOPBACK] = {read_text, print_text, allow_text},
    [LK_VALUE_IDENTITY] = {read_text, print_text, allow_text},
    [LK_VALUE_HOST] = {read_text, print_text, allow_text},
    [LK_VALUE_SOCKET] = {read_text, print_text, allow_text},
    [LK_VALUE_MODE] = {read_mode, print_mode, allow_mode},
    [LK_VALUE_COUNT] = {read_count, print_number, allow_number},
    [LK_VALUE_BYTES] = {read_quantity, print_number, allow_number},
    [LK_VALUE_TIME] = {read_quantity, print_number, allow_number},
    [LK_VALUE_BOOL] = {read_bool, print_bool, allow_bool},
    [LK_VALUE_WORD] = {read_word, print_word, allow_words},
    [LK_VALUE_WORDS] = {read_all, print_words, allow_words},
    [LK_VALUE_CPUS] = {read_cpus, print_cpus, allow_cpus},
    [LK_VALUE_REF] = {NULL, NULL, NULL},
    [LK_VALUE_REFS] = {NULL, NULL, NULL},
};

bool lk_value_read(const struct lk_conf_option *option, const char *text, void *base,
                   char why[LK_VALUE_WHY_BYTES])
{
    return types[option->type].read(option, text, base, why);
}

void lk_value_print(const struct lk_conf_option *option, const void *base, FILE *to)
{
    types[option->type].print(option, base, to);
}

static void allow_ref(const struct lk_schema *schema, const struct lk_conf_option *option, FILE *to)
{
    const char *list = schema->list[option->list].name;
    if (option->type == LK_VALUE_REF)
        fprintf(to, "a name of %s", list);
    else
        fprintf(to, "all or a list of names of %s", list);
}

void lk_value_allowed(const struct lk_schema *schema, const struct lk_conf_option *option,
                      char *text, size_t size)
{
    text[0] = '\0';
    FILE *to = fmemopen(text, size, "w");
    if (to == NULL) return;
    if (types[option->type].allow != NULL)
        types[option->type].allow(option, to);
    else
        allow_ref(schema, option, to);
    (void)fclose(to);
    text[size - 1] = '\0';
}

unsigned lk_value_distance(const char *a, const char *b, unsigned limit)
{
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    unsigned row[LK_NAME_BYTES_MAX + 1];
    if (a_len > LK_NAME_BYTES_MAX || b_len > LK_NAME_BYTES_MAX) return limit + 1;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            unsigned insert = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = change < insert ? change : insert;
        }
    }
    return row[b_len] <= limit ? row[b_len] : limit + 1;
}
