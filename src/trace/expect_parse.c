/* expect_parse.c - an expectation file into rules. The file is input like any other: every refusal
 * names the line and the word, and the way out. docs/expect.md is the language.
 */
#include "trace/expect_rule.h"
#include "trace/names.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE = 256 << 10, MAX_LINE = 2000, MAX_CONSOLE = 1000 };

typedef struct {
  const char *file;
  unsigned line;
  GPtrArray *words; /* of char *; quoted text begins with '"' and has no end quote */
  unsigned at;
  GError **error;
} parser;

static bool bad(parser *p, const char *way_out, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool bad(parser *p, const char *way_out, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(p->error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s:%u: %s\n%s", p->file, p->line, what,
              way_out);
  return false;
}

static const char *peek(const parser *p)
{
  return p->at < p->words->len ? p->words->pdata[p->at] : NULL;
}

static const char *next(parser *p)
{
  const char *word = peek(p);
  p->at += word != NULL;
  return word;
}

/* Words are quoted in messages, the long ones in part. */
#define SHOW "'%.40s%s'"
#define SHOWN(word) word, strlen(word) > 40 ? "..." : ""

static bool bad_word(parser *p, const char *word, const char *what, const char *way_out)
{
  return bad(p, way_out, SHOW "%s%s", SHOWN(word), *what ? ": " : "", what);
}

/* ---- words ---- */

static int hex_digit(char c) { return g_ascii_isxdigit(c) ? g_ascii_xdigit_value(c) : -1; }

/* One character of a quoted text behind a backslash; -1: none that we know. */
static int unescape(const char **s)
{
  static const char from[] = "nrt\"\\", to[] = "\n\r\t\"\\";
  const char *found = **s ? strchr(from, **s) : NULL;
  if (found) {
    (*s)++;
    return to[found - from];
  }
  if (**s != 'x' || hex_digit((*s)[1]) < 0 || hex_digit((*s)[2]) < 0)
    return -1;
  const int c = hex_digit((*s)[1]) << 4 | hex_digit((*s)[2]);
  *s += 3;
  return c ? c : -1;
}

static bool split_quoted(parser *p, const char **s)
{
  g_autoptr(GString) text = g_string_new("\"");
  for ((*s)++; **s && **s != '"';) {
    int c = (uint8_t) * (*s)++;
    if (c == '\\')
      c = unescape(s);
    if (c < 0)
      return bad(p, "write \\n, \\t, \\\", \\\\ or \\x and two hex digits, not 00",
                 "unknown escape behind a backslash in " SHOW, SHOWN(text->str + 1));
    g_string_append_c(text, (char)c);
  }
  if (**s != '"')
    return bad(p, "end the text with \"", "the text " SHOW " has no end", SHOWN(text->str + 1));
  (*s)++;
  g_ptr_array_add(p->words, g_string_free(g_steal_pointer(&text), FALSE));
  return true;
}

/* Words up to a comment; *end is where they end, blanks left out. */
static bool split(parser *p, const char *line, const char **end)
{
  const char *s = line;
  g_ptr_array_set_size(p->words, 0);
  p->at = 0;
  for (*end = s;; *end = s) {
    s += strspn(s, " \t");
    if (!*s || *s == '#')
      return true;
    if (*s == '"') {
      if (!split_quoted(p, &s))
        return false;
      continue;
    }
    const size_t n = strcspn(s, " \t#\"");
    g_ptr_array_add(p->words, g_strndup(s, n));
    s += n;
  }
}

/* ---- values ---- */

/* Decimal or 0x; with suffixes, also k M G. Nothing else, and nothing behind it. */
static bool parse_number(const char *text, bool suffixes, uint64_t *value)
{
  char *end;
  if (!g_ascii_isdigit(*text))
    return false;
  const bool hex = text[0] == '0' && g_ascii_tolower(text[1]) == 'x';
  errno = 0;
  *value = strtoull(text, &end, hex ? 16 : 10);
  if (errno || (hex && end == text + 1))
    return false;
  const char *const found = suffixes && *end ? strchr("kMG", *end) : NULL;
  for (const char *s = "kMG"; found && s <= found; s++)
    if (__builtin_mul_overflow(*value, 1000, value))
      return false;
  return !end[found != NULL];
}

static bool want_number(parser *p, const char *word, const char *text, bool suffixes,
                        uint64_t *value)
{
  if (parse_number(text, suffixes, value))
    return true;
  return bad_word(p, word, "no number of 64 bits",
                  suffixes ? "write it like 5000, 5k, 50M or 2G" : "write it like 42 or 0x2a");
}

/* 4 * V + privilege */
static bool parse_mode(const char *text, uint64_t *mode)
{
  static const struct {
    const char *name;
    uint64_t mode;
  } modes[] = { { "M", PRV_M }, { "HS", PRV_S }, { "VS", 4 + PRV_S }, { "VU", 4 + PRV_U } };
  for (size_t i = 0; i < G_N_ELEMENTS(modes); i++)
    if (!strcmp(text, modes[i].name)) {
      *mode = modes[i].mode;
      return true;
    }
  return false;
}

static bool parse_cause(const char *text, bool interrupt, uint64_t *cause)
{
  if (parse_number(text, false, cause))
    return true;
  for (uint64_t i = 0; i < 64; i++) {
    const char *name = rv_name_cause(i, interrupt);
    if (name && !g_ascii_strcasecmp(name, text)) {
      *cause = i;
      return true;
    }
  }
  return false;
}

static int find_register(const char *name, size_t n)
{
  for (unsigned i = 0; i < 32; i++) {
    char x[4];
    g_snprintf(x, sizeof x, "x%u", i);
    if ((strlen(rv_name_x(i)) == n && !strncmp(rv_name_x(i), name, n)) ||
        (strlen(x) == n && !strncmp(x, name, n)))
      return (int)i;
  }
  return n == 2 && !strncmp(name, "fp", 2) ? 8 : -1;
}

/* ---- conditions ---- */

typedef enum { V_NUMBER, V_MODE, V_CAUSE, V_INT, V_PLACE, V_SYMBOL } value_kind;

enum { K_ENTRIES = 1 << RULE_ENTER | 1 << RULE_RESUME, K_TRAPS = 1 << RULE_EXIT | 1 << RULE_TRAP };

static const struct {
  const char *name;
  rule_key key;
  unsigned kinds; /* 1 << RULE_* */
  value_kind value;
} conditions[] = {
  { "from", KEY_FROM, K_TRAPS, V_MODE },
  { "to", KEY_TO, K_ENTRIES | K_TRAPS, V_MODE },
  { "cause", KEY_CAUSE, K_TRAPS, V_CAUSE },
  { "int", KEY_INT, K_TRAPS, V_INT },
  { "insn", KEY_INSN, K_TRAPS, V_NUMBER },
  { "gpa", KEY_GPA, K_TRAPS, V_NUMBER },
  { "tval", KEY_TVAL, K_TRAPS, V_NUMBER },
  { "tinst", KEY_TINST, K_TRAPS, V_NUMBER },
  { "pc", KEY_PC, K_ENTRIES | K_TRAPS, V_PLACE },
  { "in", KEY_IN, K_ENTRIES | K_TRAPS, V_SYMBOL },
  { "vmid", KEY_VMID, K_ENTRIES | K_TRAPS, V_NUMBER },
  { "hart", KEY_HART, K_ENTRIES | K_TRAPS, V_NUMBER },
};

static const char *allowed_words(rule_kind kind)
{
  static const char *const words[] = {
    [RULE_ENTER] = "enter takes VS, VU, pc= in= vmid= hart= and gpr REG=VALUE",
    [RULE_RESUME] = "resume takes +N, -N, pc= in= to= vmid= hart= and gpr REG=VALUE",
    [RULE_EXIT] = "exit takes cause= int= sbi EXT [FUNC] insn= gpa= tval= tinst= pc= in= from= to= "
                  "vmid= hart= and gpr REG=VALUE",
    [RULE_TRAP] = "trap takes VU->VS, VS->VS, cause= int= insn= tval= pc= in= vmid= hart= and gpr "
                  "REG=VALUE",
    [RULE_CONSOLE] = "console takes one text in quotes",
    [RULE_HINT] = "forbid hint takes one id, like HGATP-ALIGN",
    [RULE_POWEROFF] = "poweroff takes one exit code, 0 to 123",
  };
  return words[kind];
}

static bool claim(parser *p, rv_rule *r, rule_key key, const char *word)
{
  if (r->keys & 1u << key)
    return bad_word(p, word, "the same is said twice", "leave one of them out");
  r->keys |= 1u << key;
  return true;
}

/* "guest_main+0x10", "0x80400000" */
static bool parse_place(parser *p, rv_rule *r, const char *word, const char *text)
{
  if (g_ascii_isdigit(*text))
    return want_number(p, word, text, false, &r->value[KEY_PC]);
  const size_t n = strcspn(text, "+");
  r->symbol[0] = g_strndup(text, n);
  return !text[n] || want_number(p, word, text + n + 1, false, &r->value[KEY_PC]);
}

static bool parse_value(parser *p, rv_rule *r, unsigned i, const char *word, const char *text)
{
  uint64_t *value = &r->value[conditions[i].key];
  switch (conditions[i].value) {
  case V_NUMBER:
    return want_number(p, word, text, false, value);
  case V_MODE:
    return parse_mode(text, value) ||
           bad_word(p, word, "no such mode", "modes are VS, VU, HS and M");
  case V_CAUSE:
    if (!strcmp(text, "*")) { /* any: nothing to compare */
      r->keys &= ~(1u << KEY_CAUSE);
      return true;
    }
    return parse_cause(text, false, value) ||
           bad_word(p, word, "no such exception",
                    parse_cause(text, true, value)
                        ? "it is an interrupt: write int= in place of cause="
                        : "give its number or name, like 21 or load-guest-page-fault");
  case V_INT:
    if (!strcmp(text, "*")) {
      *value = ANY_INTERRUPT;
      return true;
    }
    return parse_cause(text, true, value) ||
           bad_word(p, word, "no such interrupt",
                    "give its number or name, like 6 or VS-timer-interrupt");
  case V_PLACE:
    return parse_place(p, r, word, text);
  default:
    r->symbol[1] = g_strdup(text);
    return true;
  }
}

/* KEY=VALUE */
static bool parse_condition(parser *p, rv_rule *r, const char *word, size_t n)
{
  for (unsigned i = 0; i < G_N_ELEMENTS(conditions); i++) {
    if (strlen(conditions[i].name) != n || strncmp(conditions[i].name, word, n))
      continue;
    if (!(conditions[i].kinds >> r->kind & 1))
      break;
    if (!word[n + 1])
      return bad_word(p, word, "the value is missing", "write it right behind the '='");
    return claim(p, r, conditions[i].key, word) && parse_value(p, r, i, word, word + n + 1);
  }
  return bad_word(p, word, "not known here", allowed_words(r->kind));
}

/* gpr REG=VALUE ...: as many as there are. */
static bool parse_gpr(parser *p, rv_rule *r)
{
  const char *word;
  if (!claim(p, r, KEY_GPR, "gpr"))
    return false;
  while ((word = peek(p))) {
    const size_t n = strcspn(word, "=");
    const int reg = word[n] ? find_register(word, n) : -1;
    if (reg < 0)
      break;
    if (r->gpr_mask & 1u << reg)
      return bad_word(p, word, "the same is said twice", "leave one of them out");
    if (!want_number(p, word, word + n + 1, false, &r->gpr[reg]))
      return false;
    r->gpr_mask |= 1u << reg;
    p->at++;
  }
  if (r->gpr_mask)
    return true;
  return bad_word(p, word ? word : "gpr", "REG=VALUE is missing behind gpr",
                  "write it like gpr a0=0x6688");
}

static bool is_reserved(const char *word)
{
  return strchr("+\"<>=", *word) || strpbrk(word, "=>") || !strcmp(word, "within") ||
         !strcmp(word, "gpr") || !strcmp(word, "same-pc");
}

/* sbi EXT [FUNC]: by name or number. */
static bool parse_sbi(parser *p, rv_rule *r)
{
  const char *ext = next(p), *function;
  if (!claim(p, r, KEY_SBI, "sbi"))
    return false;
  if (!ext || is_reserved(ext))
    return bad_word(p, "sbi", "the extension is missing", "write it like sbi SRST or sbi 0x10");
  if (!parse_number(ext, false, &r->eid)) {
    if (!rv_is_sbi_extension(ext))
      return bad_word(p, ext, "no such SBI extension",
                      "give its EID, like 0x53525354, or its name, "
                      "like srst, dbcn, time, base or legacy");
    r->extension = g_strdup(ext);
  }
  function = peek(p);
  if (!function || is_reserved(function))
    return true;
  p->at++;
  r->has_function = true;
  if (parse_number(function, false, &r->fid))
    return true;
  if (!rv_is_sbi_function(r->extension, function))
    return bad_word(p, function, "no such function of this SBI extension",
                    "give its FID, or its name as --trace-traps prints it");
  r->function = g_strdup(function);
  return true;
}

/* resume +4: where the guest goes on, relative to its exit. */
static bool parse_delta(parser *p, rv_rule *r, const char *word)
{
  uint64_t n;
  if (!claim(p, r, KEY_DELTA, word) || !want_number(p, word, word + 1, false, &n))
    return false;
  r->value[KEY_DELTA] = *word == '-' ? -n : n;
  return true;
}

/* VS, VU behind enter; VU->VS behind trap. */
static bool parse_bare_modes(parser *p, rv_rule *r, const char *word, bool *known)
{
  const char *arrow = strstr(word, "->");
  *known = true;
  if (r->kind == RULE_ENTER && parse_mode(word, &r->value[KEY_TO]))
    return claim(p, r, KEY_TO, word) &&
           (r->value[KEY_TO] >= 4 || bad_word(p, word, "no guest mode", "write VS or VU"));
  if (r->kind == RULE_TRAP && arrow) {
    g_autofree char *from = g_strndup(word, (gsize)(arrow - word));
    return claim(p, r, KEY_FROM, word) && claim(p, r, KEY_TO, word) &&
           ((parse_mode(from, &r->value[KEY_FROM]) && parse_mode(arrow + 2, &r->value[KEY_TO]) &&
             r->value[KEY_FROM] >= 4 && r->value[KEY_TO] >= 4) ||
            bad_word(p, word, "not from guest to guest",
                     "write VU->VS or VS->VS; a trap that leaves the guest is an exit"));
  }
  *known = false;
  return true;
}

/* The words that say which transition is meant; stops at the first that does not. */
static bool parse_conditions(parser *p, rv_rule *r)
{
  const char *word;
  while ((word = peek(p)) && strcmp(word, "within") && !strchr("<>=", *word) &&
         !g_str_has_prefix(word, "repeat") && strcmp(word, "same-pc")) {
    bool ok, known;
    const size_t n = strcspn(word, "=");
    p->at++;
    if (*word == '"')
      return bad_word(p, word + 1, "a text does not belong here", "write console \"TEXT\"");
    ok = parse_bare_modes(p, r, word, &known);
    if (!known && r->kind == RULE_EXIT && !strcmp(word, "sbi"))
      ok = parse_sbi(p, r);
    else if (!known && !strcmp(word, "gpr"))
      ok = parse_gpr(p, r);
    else if (!known && r->kind == RULE_RESUME && strchr("+-", *word))
      ok = parse_delta(p, r, word);
    else if (!known && word[n])
      ok = parse_condition(p, r, word, n);
    else if (!known)
      ok = bad_word(p, word, "not known here", allowed_words(r->kind));
    if (!ok)
      return false;
  }
  if (r->keys & 1u << KEY_CAUSE && r->keys & (1u << KEY_INT | 1u << KEY_SBI))
    return bad_word(p, r->text, "cause= next to int= or sbi can never hold",
                    "leave one of them out");
  if (r->keys & 1u << KEY_INT && r->keys & 1u << KEY_SBI)
    return bad_word(p, r->text, "int= next to sbi can never hold", "leave one of them out");
  return true;
}

/* ---- lines ---- */

static bool parse_text(parser *p, rv_rule *r)
{
  const char *word = next(p);
  if (!word || *word != '"')
    return bad_word(p, word ? word : "console", "a text in quotes is missing",
                    "write it like console \"Shutdown\"");
  if (!word[1] || strlen(word + 1) > MAX_CONSOLE)
    return bad_word(p, word + 1, word[1] ? "the text is too long" : "the text is empty",
                    "give 1 to 1000 characters");
  if (strchr(word, '\r'))
    return bad_word(p, "\\r", "carriage returns are left out of the comparison", "leave it out");
  r->words = g_strdup(word + 1);
  r->tail = g_string_new(NULL);
  return true;
}

static bool parse_subject(parser *p, rv_rule *r)
{
  return r->kind == RULE_CONSOLE ? parse_text(p, r) : parse_conditions(p, r);
}

/* [within N insns] */
static bool parse_within(parser *p, rv_rule *r)
{
  if (!peek(p) || strcmp(peek(p), "within"))
    return true;
  p->at++;
  const char *number = next(p), *unit = next(p);
  if (!number)
    return bad_word(p, "within", "the number is missing", "write it like within 50M insns");
  if (!want_number(p, number, number, true, &r->within))
    return false;
  if (!unit || strcmp(unit, "insns"))
    return bad_word(p, unit ? unit : number, "insns is missing", "write it like within 50M insns");
  return r->has_within = true;
}

static bool parse_ordered(parser *p, rv_rule *r)
{
  return parse_subject(p, r) && parse_within(p, r);
}

static bool parse_poweroff(parser *p, rv_rule *r)
{
  const char *code = next(p);
  r->mode = MODE_END;
  r->has_function = code; /* a code is asked for */
  if (!code)
    return true;
  if (!want_number(p, code, code, false, &r->number))
    return false;
  return r->number <= RVH_EXIT_GUEST_MAX ||
         bad_word(p, code, "no exit code of a guest", "give 0 to 123");
}

static bool parse_watched(parser *p, rv_rule *r, const char *word, bool plural)
{
  static const struct {
    const char *one, *many;
    rule_kind kind;
  } subjects[] = { { "enter", "enters", RULE_ENTER },    { "exit", "exits", RULE_EXIT },
                   { "resume", "resumes", RULE_RESUME }, { "trap", "traps", RULE_TRAP },
                   { "console", NULL, RULE_CONSOLE },    { "hint", NULL, RULE_HINT } };
  for (size_t i = 0; word && i < G_N_ELEMENTS(subjects); i++)
    if (!g_strcmp0(word, plural ? subjects[i].many : subjects[i].one)) {
      r->kind = subjects[i].kind;
      return true;
    }
  return bad_word(p,
                  word     ? word
                  : plural ? "count"
                           : "forbid",
                  "cannot be watched",
                  plural ? "count takes exits, enters, resumes or traps, like count exits <= 50"
                         : "forbid takes exit, enter, resume, trap, console or hint");
}

/* count exits [which] <= N */
static bool parse_count(parser *p, rv_rule *r)
{
  static const char *const ops[] = {
    [COUNT_MOST] = "<=", [COUNT_EXACTLY] = "==", [COUNT_LEAST] = ">="
  };
  r->mode = MODE_COUNT;
  if (!parse_watched(p, r, next(p), true) || !parse_conditions(p, r))
    return false;
  const char *op = next(p), *number = next(p);
  for (unsigned i = 0; op && i < G_N_ELEMENTS(ops); i++)
    if (!strcmp(op, ops[i])) {
      r->op = (count_op)i;
      return number ? want_number(p, number, number, true, &r->number)
                    : bad_word(p, op, "the number is missing", "write it like count exits <= 50");
    }
  return bad_word(p, op ? op : r->text, "no comparison",
                  "write <=, == or >= and a number, with blanks between");
}

/* forbid exit [which] [repeat>N] [same-pc]; forbid hint [ID]; forbid console "TEXT" */
static bool parse_forbid(parser *p, rv_rule *r)
{
  const char *word;
  r->mode = MODE_FORBID;
  if (!parse_watched(p, r, next(p), false))
    return false;
  if (r->kind == RULE_HINT) {
    r->words = g_strdup(next(p));
    return true;
  }
  if (!parse_subject(p, r))
    return false;
  while ((word = peek(p)) && r->kind != RULE_CONSOLE) {
    if (g_str_has_prefix(word, "repeat>")) {
      if (!want_number(p, word, word + strlen("repeat>"), true, &r->repeat))
        return false;
    } else if (!strcmp(word, "same-pc")) {
      r->same_pc = true;
    } else {
      break;
    }
    p->at++;
  }
  if (r->same_pc && !r->repeat)
    return bad_word(p, "same-pc", "says nothing without repeat>N",
                    "write it like repeat>1000 same-pc");
  return true;
}

static const struct {
  const char *word;
  rule_kind kind;
  bool (*parse)(parser *p, rv_rule *r);
} verbs[] = {
  { "enter", RULE_ENTER, parse_ordered },     { "exit", RULE_EXIT, parse_ordered },
  { "resume", RULE_RESUME, parse_ordered },   { "trap", RULE_TRAP, parse_ordered },
  { "console", RULE_CONSOLE, parse_ordered }, { "poweroff", RULE_POWEROFF, parse_poweroff },
  { "count", RULE_EXIT, parse_count },        { "forbid", RULE_EXIT, parse_forbid },
};

static bool at_end(parser *p, const char *way_out)
{
  const char *word = peek(p);
  return !word || bad_word(p, *word == '"' ? word + 1 : word, "one word too many", way_out);
}

static void free_rule(void *rule)
{
  rv_rule *r = rule;
  g_free(r->text);
  g_free(r->symbol[0]);
  g_free(r->symbol[1]);
  g_free(r->extension);
  g_free(r->function);
  g_free(r->words);
  g_free(r->message);
  if (r->tail)
    g_string_free(r->tail, TRUE);
  g_free(r);
}

static bool parse_rule(parser *p, rv_expect *x, char *text, bool strict)
{
  const char *word = next(p);
  rv_rule *r = g_new0(rv_rule, 1);
  g_ptr_array_add(x->rules, r);
  r->text = text;
  r->line = p->line;
  r->strict = strict;
  for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
    if (!strcmp(word, verbs[i].word)) {
      r->kind = verbs[i].kind;
      return verbs[i].parse(p, r) && at_end(p, allowed_words(r->kind));
    }
  return bad_word(p, *word == '"' ? word + 1 : word, "no line begins so",
                  "lines begin with enter, exit, resume, trap, console, poweroff, count, forbid, "
                  "strict, relaxed, or # for a comment");
}

static bool parse_line(parser *p, rv_expect *x, const char *line, bool *strict)
{
  const char *end;
  for (const char *s = line; *s; s++)
    if (g_ascii_iscntrl(*s) && *s != '\t')
      return bad(p, "an expectation file is text: write it with an editor",
                 "a control character (0x%02x) in the line", (uint8_t)*s);
  line += strspn(line, " \t");
  if (!split(p, line, &end))
    return false;
  if (p->words->len == 0)
    return true;
  if (!strcmp(peek(p), "strict") || !strcmp(peek(p), "relaxed")) {
    *strict = !strcmp(next(p), "strict");
    return at_end(p, "strict and relaxed stand alone on a line, and hold for those below");
  }
  return parse_rule(p, x, g_strndup(line, (gsize)(end - line)), *strict);
}

static bool check_whole(parser *p, const rv_expect *x)
{
  const rv_rule *end = NULL;
  if (x->rules->len == 0)
    return bad(p, "write at least one line, like: poweroff 0", "nothing is expected");
  for (unsigned i = 0; i < x->rules->len; i++) {
    const rv_rule *r = rule_at(x, i);
    p->line = r->line;
    if (end && r->mode == MODE_END)
      return bad_word(p, r->text, "a run ends once", "leave one poweroff");
    end = r->mode == MODE_END ? r : end;
  }
  return true;
}

static bool parse_lines(parser *p, rv_expect *x, const char *text, size_t n)
{
  bool strict = false;
  for (size_t at = 0; at < n;) {
    const char *newline = memchr(text + at, '\n', n - at);
    size_t length = newline ? (size_t)(newline - text) - at : n - at;
    const size_t whole = length + 1;
    p->line++;
    if (memchr(text + at, 0, length))
      return bad(p, "an expectation file is text: write it with an editor",
                 "a NUL byte in the line");
    if (length && text[at + length - 1] == '\r')
      length--;
    if (length > MAX_LINE)
      return bad(p, "a line has at most 2000 bytes", "the line has %zu bytes", length);
    if (!g_utf8_validate(text + at, (gssize)length, NULL))
      return bad(p, "save the file as UTF-8", "the line is not UTF-8 text");
    g_autofree char *line = g_strndup(text + at, length);
    if (!parse_line(p, x, line, &strict))
      return false;
    at += whole;
  }
  p->line += p->line == 0;
  return check_whole(p, x);
}

rv_expect *rv_expect_parse(const char *text, size_t n, const char *file, GError **error)
{
  rv_expect *x = g_new0(rv_expect, 1);
  x->file = g_strdup(file);
  x->heard = g_string_new(NULL);
  x->rules = g_ptr_array_new_with_free_func(free_rule);
  parser p = { .file = file, .error = error, .words = g_ptr_array_new_with_free_func(g_free) };
  const bool ok = parse_lines(&p, x, text, n);
  g_ptr_array_free(p.words, TRUE);
  if (ok)
    return x;
  rv_expect_free(x);
  return NULL;
}

static bool bad_file(GError **error, const char *path, const char *what, const char *way_out)
{
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: %s\n%s", path, what, way_out);
  return false;
}

/* At most MAX_FILE bytes are read: the name may be that of a device. */
rv_expect *rv_expect_read(const char *path, GError **error)
{
  g_autofree char *text = g_malloc(MAX_FILE + 1);
  rv_expect *x = NULL;
  errno = 0;
  FILE *in = fopen(path, "r");
  const size_t n = in ? fread(text, 1, MAX_FILE + 1, in) : 0;
  if (!in || ferror(in))
    bad_file(error, path, errno == EISDIR ? "is a directory" : g_strerror(errno),
             errno == EISDIR ? "name a file in it" : "check the name");
  else if (n > MAX_FILE)
    bad_file(error, path, "is longer than 256 KiB", "name an expectation file (docs/expect.md)");
  else
    x = rv_expect_parse(text, n, path, error);
  if (in)
    fclose(in);
  return x;
}

void rv_expect_free(rv_expect *x)
{
  if (!x)
    return;
  g_ptr_array_free(x->rules, TRUE);
  g_free(x->near.difference);
  g_string_free(x->heard, TRUE);
  g_free(x->file);
  g_free(x);
}
