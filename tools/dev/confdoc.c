/* confdoc: writes the manual page of a program's configuration (`confdoc lurkd man`, docs/man/) and
 * its annotated example (`confdoc lurkd example`, docs/) from the rows of its schema, so that
 * neither can fall behind. `make docs` runs it and `make check-docs` compares. */
#include <stdio.h>
#include <string.h>

#include "core/conf/schema.h"
#include "core/conf/value.h"
#include "tools/lurk-agent/conf.h"

static const struct program {
    const char *name;
    const struct lk_schema *schema;
    const char *title, *heading, *description, *see_also;
} *program; /* whose pages are written */

static size_t section_bytes(const struct lk_conf_option *option)
{
    return (size_t)(strchr(option->path, '.') - option->path);
}

static bool opens_section(const struct lk_conf_option *options, uint32_t i)
{
    size_t len = section_bytes(&options[i]);
    return i == 0 || strncmp(options[i].path, options[i - 1].path, len + 1) != 0;
}

static const char *section_help(const struct lk_conf_option *option)
{
    return lk_schema_section_help(program->schema, option->path, section_bytes(option));
}

/* --- manual --------------------------------------------------------------------------------- */

/* scdoc reads _ and * as emphasis unless they are escaped. */
static void put(const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("_*\\#<>", *text) != NULL) putchar('\\');
        putchar(*text);
    }
}

static void put_sentence(const char *text)
{
    if (text[0] >= 'a' && text[0] <= 'z') {
        putchar(text[0] - 'a' + 'A');
        text++;
    }
    put(text);
    putchar('.');
}

static void man_option(const struct lk_conf_option *option, const char *name)
{
    char allowed[512];
    lk_value_allowed(program->schema, option, allowed, sizeof allowed);
    printf("*");
    put(name);
    printf("*\n\t");
    put_sentence(option->help);
    printf("\n\n\tAllowed: ");
    put(allowed);
    if (option->fallback == NULL)
        printf(". Must be given.");
    else {
        printf(". Default: ");
        put(option->fallback[0] == '\0' ? "empty" : option->fallback);
        putchar('.');
    }
    printf("%s\n\n", option->reloadable ? " Follows a reload." : " Needs a restart.");
}

static void man_options(void)
{
    const struct lk_conf_option *options = program->schema->option;
    for (uint32_t i = 0; i < program->schema->option_count; i++) {
        size_t len = section_bytes(&options[i]);
        if (opens_section(options, i)) {
            printf("## %.*s\n\n", (int)len, options[i].path);
            put(section_help(&options[i]));
            printf("\n\n");
        }
        man_option(&options[i], options[i].path + len + 1);
    }
}

static void man_lists(void)
{
    for (uint32_t i = 0; i < program->schema->list_count; i++) {
        const struct lk_conf_list *list = &program->schema->list[program->schema->shown[i]];
        printf("## %s\n\n", list->name);
        put(list->help);
        printf(" A list of %u to %u rows.\n\n", list->min, list->max);
        for (uint32_t j = 0; j < list->option_count; j++) {
            struct lk_conf_option option = list->option[j];
            option.reloadable = list->reloadable;
            man_option(&option, option.path);
        }
    }
}

static void man(void)
{
    printf("%s\n\n# NAME\n\n%s\n\n# DESCRIPTION\n\n%s# SECTIONS\n\n", program->heading,
           program->title, program->description);
    man_options();
    printf("# LISTS\n\n");
    man_lists();
    printf("# SEE ALSO\n\n%s\n", program->see_also);
}

/* --- example -------------------------------------------------------------------------------- */

/* Comment lines of at most 100 columns. */
static void comment(const char *indent, const char *text)
{
    int column = 0;
    while (*text != '\0') {
        int len = (int)strcspn(text, " ");
        if (column > 0 && column + 1 + len > 100) {
            putchar('\n');
            column = 0;
        }
        column += column == 0 ? printf("%s# %.*s", indent, len, text) : printf(" %.*s", len, text);
        text += len + (text[len] == ' ');
    }
    putchar('\n');
}

static void example_comment(const struct lk_conf_option *option, const char *indent)
{
    char allowed[512];
    char line[1024];
    lk_value_allowed(program->schema, option, allowed, sizeof allowed);
    (void)snprintf(line, sizeof line, "%c%s. Allowed: %s%s%s.",
                   option->help[0] >= 'a' && option->help[0] <= 'z' ? option->help[0] - 'a' + 'A'
                                                                    : option->help[0],
                   option->help + 1, allowed, option->fallback == NULL ? "" : "; default: ",
                   option->fallback == NULL      ? ""
                   : option->fallback[0] == '\0' ? "empty"
                                                 : option->fallback);
    comment(indent, line);
}

static void example_value(const struct lk_conf_option *option)
{
    const char *value = option->example != NULL ? option->example : option->fallback;
    puts(value[0] == '\0' ? "\"\"" : value);
}

static void example_options(void)
{
    const struct lk_conf_option *options = program->schema->option;
    for (uint32_t i = 0; i < program->schema->option_count; i++) {
        size_t len = section_bytes(&options[i]);
        if (opens_section(options, i)) {
            putchar('\n');
            comment("", section_help(&options[i]));
            printf("%.*s:\n", (int)len, options[i].path);
        }
        example_comment(&options[i], "  ");
        printf("  %s: ", options[i].path + len + 1);
        example_value(&options[i]);
    }
}

static void example_lists(void)
{
    for (uint32_t i = 0; i < program->schema->list_count; i++) {
        const struct lk_conf_list *list = &program->schema->list[program->schema->shown[i]];
        putchar('\n');
        comment("", list->help);
        printf("%s:\n", list->name);
        for (uint32_t j = 0; j < list->option_count; j++) {
            example_comment(&list->option[j], "    ");
            printf("%s%s: ", j == 0 ? "  - " : "    ", list->option[j].path);
            example_value(&list->option[j]);
        }
    }
}

static void example(void)
{
    printf("# %s.conf: every option, with what it may be and what it is when left out. See "
           "%s.\n",
           program->name, program->schema->manual);
    example_options();
    example_lists();
}

/* --- programs -------------------------------------------------------------------------------- */

static const struct program programs[] = {
    {"lurkd", &lk_schema_lurkd, "lurkd.conf - configuration of lurkd", "LURKD.CONF(5)",
     "*lurkd*(8) reads one YAML document: sections of options, and lists of rows. Values stay "
     "text until "
     "the option's own type is known, so a word such as _no_ is never read as a number or a "
     "truth value. "
     "Anchors, aliases, tags and options named twice are errors.\n\n"
     "Times are written with a unit (us, ms, s, min, h) and sizes too (B, KiB, MiB, GiB): _10 "
     "s_, "
     "_64 KiB_. Names refer to rows of other lists in any order.\n\n"
     "*lurkd --check -c FILE* reports every error with file, line, option and what is allowed; "
     "*lurkd --print-config -c FILE* prints what is in force, defaults included. A reload that "
     "changes an "
     "option which needs a restart is refused and the running configuration kept.\n\n"
     "Nothing is granted unless a rule names it. What an edge may not use looks to it as if it "
     "did not "
     "exist.\n\n",
     "*lurkd*(8), *lurkctl*(8)"},
    {"lurk-agent", &lk_schema_agent, "lurk-agent.conf - configuration of lurk-agent",
     "LURK-AGENT.CONF(5)",
     "*lurk-agent*(8) reads one YAML document: sections of options, and lists of rows. Anchors, "
     "aliases, tags and options named twice are errors. Times are written with a unit (us, ms, s, "
     "min, h) and sizes too (B, KiB, MiB, GiB): _10 s_, _64 KiB_.\n\n"
     "*lurk-agent --check -c FILE* reports every error with file, line, option and what is "
     "allowed; *lurk-agent --print-config -c FILE* prints what is in force, defaults included. A "
     "reload that changes an option which needs a restart is refused and the running configuration "
     "kept.\n\n"
     "The times of _requests_ stand between the key server's own (500 ms in its queue) and the 2 s "
     "that the TLS server's provider waits.\n\n",
     "*lurk-agent*(8), *lurkctl*(8)"},
};
#define PROGRAM_COUNT (sizeof programs / sizeof programs[0])

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 3 && i < PROGRAM_COUNT; i++)
        if (strcmp(programs[i].name, argv[1]) == 0) program = &programs[i];
    if (program != NULL && strcmp(argv[2], "man") == 0) {
        man();
    } else if (program != NULL && strcmp(argv[2], "example") == 0) {
        example();
    } else {
        fprintf(stderr, "confdoc: what to write? allowed: confdoc lurkd|lurk-agent man|example\n");
        return 2;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
