/* SPDX-License-Identifier: MIT */
/*
 * jq programs: put together from expressions, compiled, run on value trees.
 * See the header for threads. What would let a program reach outside of its
 * input (environment, clock, further inputs, stderr), or kill the process, is
 * replaced by an error.
 */
#include "lead/mapping.h"

#include <jq.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

struct mapping {
	char *program;
	size_t n;         /* expressions */
	bool each, roots; /* roots: $root is used */
	jq_state *idle;   /* atomic: a compiled state nobody uses, or NULL */
};

/* In 1.6 implode of a number that is no character ends the process, and
 * looking for an element in an array leaks the array's elements. */
static const char prelude[] =
    "def env: error(\"env is not offered\"); "
    "def input: error(\"input is not offered\"); "
    "def inputs: error(\"inputs is not offered\"); "
    "def _implode: implode; def implode: if all(.[]; type == \"number\" and "
    ". == floor and . > 0 and . < 1114112 and (. < 55296 or . > 57343)) then "
    "_implode else error(\"implode: not a character\") end; "
    "def indices($i): if . == null then null elif type == \"string\" then "
    "_strindices($i) elif ($i | type) == \"array\" then "
    "error(\"indices of a list is not offered\") else . as $a | "
    "[range(length) | select($a[.] == $i)] end; "
    "def index($i): indices($i) | .[0]; "
    "def rindex($i): indices($i) | .[-1]; "
    "def now: error(\"now is not offered\"); "
    "def halt: error(\"halt is not offered\"); "
    "def halt_error: error(\"halt_error is not offered\"); "
    "def halt_error($code): error(\"halt_error is not offered\"); "
    "def debug: .; def stderr: .; "
    "{} as $ENV | .headers as $headers | .query as $query | "
    ".root as $root | ";

enum { PROGRAM_MAX = 4 << 20, MESSAGES_MAX = 4096 };

/* 2^53: from there on a double is not every integer any more. */
static const double safe_integer = 9007199254740992.0;

/* ---- values in ---------------------------------------------------------- */

static bool is_integer(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (strchr(".eE", text.p[i]) != NULL)
			return false;
	return true;
}

static jv jv_from_number(struct str text)
{
	char digits[80];
	int n = snprintf(digits, sizeof(digits), "%.*s", STR_FMT(text));
	double number = n > 0 ? strtod(digits, NULL) : 0;
	bool exact = fabs(number) < safe_integer || !is_integer(text);
	if ((size_t)n >= sizeof(digits) || !exact || !isfinite(number))
		return jv_string_sized(text.p, (int)text.n);
	return jv_number(number);
}

static jv jv_from_text(struct str text)
{
	return jv_string_sized(text.p != NULL ? text.p : "", (int)text.n);
}

/* The ceilings of the parsers bound depth and count. */
static jv jv_from_value(const struct value *v)
{
	jv out = jv_null();
	if (v == NULL)
		return out;
	switch (v->type) {
	case VALUE_NULL:
		return out;
	case VALUE_BOOL:
		return jv_bool(v->truth);
	case VALUE_NUMBER:
		return jv_from_number(v->text);
	case VALUE_STRING:
		return jv_from_text(v->text);
	case VALUE_ARRAY:
		out = jv_array_sized((int)v->count);
		VALUE_EACH (child, v)
			out = jv_array_append(out, jv_from_value(child));
		return out;
	case VALUE_OBJECT:
		out = jv_object();
		VALUE_EACH (child, v)
			out = jv_object_set(out, jv_from_text(child->key),
					    jv_from_value(child));
		return out;
	}
	return out;
}

/* ---- values out --------------------------------------------------------- */

struct copier {
	struct arena *arena;
	size_t values, bytes;
	bool over;
};

static struct str copy_text(struct copier *c, jv text)
{
	struct str s = {jv_string_value(text),
			(size_t)jv_string_length_bytes(jv_copy(text))};
	struct str clean;
	c->bytes += s.n;
	if (c->bytes > MAPPING_BYTES_MAX) {
		c->over = true;
		return STR("");
	}
	clean = arena_copy(c->arena, s);
	/* No parser of ours lets a NUL in, so nobody expects one. */
	for (char *p = (char *)(uintptr_t)clean.p; p < clean.p + clean.n; p++)
		if (*p == '\0')
			*p = ' ';
	return clean;
}

/* The shortest text that is this number again. */
static struct str number_text(struct arena *arena, double number)
{
	char text[40] = "";
	for (int digits = 15; digits <= 17; digits++) {
		(void)!snprintf(text, sizeof(text), "%.*g", digits, number);
		/* Exactly equal is what is meant. */
		if (!(strtod(text, NULL) < number) &&
		    !(strtod(text, NULL) > number))
			break;
	}
	return arena_copy(arena, str_from(text));
}

static struct value *copy_value(struct copier *c, jv v, int depth);

static void copy_members(struct copier *c, struct value *out, jv v, int depth)
{
	for (int i = jv_object_iter(v); jv_object_iter_valid(v, i) && !c->over;
	     i = jv_object_iter_next(v, i)) {
		jv key = jv_object_iter_key(v, i);
		struct value *child =
		    copy_value(c, jv_object_iter_value(v, i), depth + 1);
		if (child != NULL) {
			child->key = copy_text(c, key);
			value_append(out, child);
		}
		jv_free(key);
	}
}

static void copy_elements(struct copier *c, struct value *out, jv v, int depth)
{
	int n = jv_array_length(jv_copy(v));
	for (int i = 0; i < n && !c->over; i++) {
		struct value *child =
		    copy_value(c, jv_array_get(jv_copy(v), i), depth + 1);
		if (child != NULL)
			value_append(out, child);
	}
}

static enum value_type type_of(jv v)
{
	switch (jv_get_kind(v)) {
	case JV_KIND_FALSE:
	case JV_KIND_TRUE:
		return VALUE_BOOL;
	case JV_KIND_NUMBER:
		return isfinite(jv_number_value(v)) ? VALUE_NUMBER : VALUE_NULL;
	case JV_KIND_STRING:
		return VALUE_STRING;
	case JV_KIND_ARRAY:
		return VALUE_ARRAY;
	case JV_KIND_OBJECT:
		return VALUE_OBJECT;
	case JV_KIND_INVALID:
	case JV_KIND_NULL:
		break;
	}
	return VALUE_NULL;
}

/* Consumes v. NULL: a ceiling was reached. */
static struct value *copy_value(struct copier *c, jv v, int depth)
{
	struct value *out = NULL;
	if (++c->values > MAPPING_VALUES_MAX || depth > MAPPING_DEPTH_MAX)
		c->over = true;
	else
		out = value_new(c->arena, type_of(v));
	if (out != NULL && out->type == VALUE_BOOL) {
		out->truth = jv_get_kind(v) == JV_KIND_TRUE;
		out->text = out->truth ? STR("true") : STR("false");
	} else if (out != NULL && out->type == VALUE_NUMBER) {
		out->text = number_text(c->arena, jv_number_value(v));
	} else if (out != NULL && out->type == VALUE_STRING) {
		out->text = copy_text(c, v);
	} else if (out != NULL && out->type == VALUE_ARRAY) {
		copy_elements(c, out, v, depth);
	} else if (out != NULL && out->type == VALUE_OBJECT) {
		copy_members(c, out, v, depth);
	}
	jv_free(v);
	return out;
}

/* ---- compiling ---------------------------------------------------------- */

static void on_message(void *ctx, jv message)
{
	struct buf *b = ctx;
	message = jq_format_error(message);
	if (jv_get_kind(message) == JV_KIND_STRING) {
		buf_add_str(b, str_from(jv_string_value(message)));
		buf_add_char(b, '\n');
	}
	jv_free(message);
}

/* NULL: what jq says is in messages. */
static jq_state *compile(const char *program, struct buf *messages)
{
	jq_state *jq = jq_init();
	lb_assert(jq != NULL);
	jq_set_error_cb(jq, on_message, messages);
	bool good = jq_compile(jq, program) != 0;
	jq_set_error_cb(jq, on_message, NULL);
	if (!good)
		jq_teardown(&jq);
	return jq;
}

static void on_nothing(void *ctx, jv message)
{
	(void)ctx;
	jv_free(message);
}

static jq_state *compile_quietly(const char *program)
{
	struct buf messages;
	buf_init(&messages, MESSAGES_MAX);
	jq_state *jq = compile(program, &messages);
	if (jq != NULL)
		jq_set_error_cb(jq, on_nothing, NULL);
	buf_release(&messages);
	return jq;
}

/* "jq: error: X at <top-level>, line 3:" -> "X", 3. */
static void read_message(struct str text, struct mapping_problem *problem)
{
	struct str rest;
	struct str line = str_cut(text, '\n', &rest);
	int64_t number = 1;
	static const char *const fronts[] = {"jq: ", "error: "};
	for (size_t i = 0; i < 2; i++)
		if (str_starts(line, str_from(fronts[i])))
			line = str_sub(line, strlen(fronts[i]), line.n);
	long at = str_find_str(line, STR(" at <top-level>, line "));
	if (at >= 0) {
		struct str tail = str_sub(line, (size_t)at + 22, line.n);
		if (str_to_int(str_cut(tail, ':', &rest), 1, 100000, &number) !=
		    0)
			number = 1;
		line = str_sub(line, 0, (size_t)at);
	}
	long hint = str_find_str(line, STR(" (Unix shell quoting issues?)"));
	if (hint >= 0)
		line = str_sub(line, 0, (size_t)hint);
	problem->line = (int)number;
	(void)!snprintf(problem->text, sizeof(problem->text), "%.*s",
			STR_FMT(line));
}

/* Whether the expression compiles by itself, in its own lines. */
static bool judge(struct str expression, struct mapping_problem *problem)
{
	struct buf program, messages;
	buf_init(&program, PROGRAM_MAX);
	buf_init(&messages, MESSAGES_MAX);
	buf_addf(&program, "%s(", prelude);
	buf_add_str(&program, expression);
	buf_add_str(&program, STR("\n)"));
	jq_state *jq = compile(program.p, &messages);
	bool good = jq != NULL;
	if (!good)
		read_message(buf_str(&messages), problem);
	else
		jq_teardown(&jq);
	buf_release(&program);
	buf_release(&messages);
	return good;
}

/* Each expression yields exactly one element, whatever it does: what it
 * yielded, or its error. */
static char *assemble(const struct str *expressions, size_t n, struct str each)
{
	struct buf b;
	buf_init(&b, PROGRAM_MAX);
	buf_add_str(&b, str_from(prelude));
	if (each.n > 0) {
		buf_add_str(&b, STR("[limit(1001; $root | ("));
		buf_add_str(&b, each);
		buf_add_str(&b, STR("\n)) | ["));
	} else {
		buf_add_str(&b, STR("[.events[] | ["));
	}
	for (size_t i = 0; i < n; i++) {
		buf_add_str(&b, i > 0 ? STR(", (try [") : STR("(try ["));
		buf_add_str(&b, expressions[i]);
		buf_add_str(&b, STR("\n] catch tostring)"));
	}
	if (each.n > 0)
		buf_add_str(&b, n > 0 ? STR(", .") : STR("."));
	buf_add_str(&b, STR("]]"));
	char *text = b.over ? NULL : buf_take(&b, NULL);
	buf_release(&b);
	return text;
}

static int find_problem(const struct str *expressions, size_t n,
			struct str each, struct mapping_problem *problem)
{
	for (size_t i = 0; i <= n; i++) {
		struct str one = i < n ? expressions[i] : each;
		problem->which = i;
		if (one.n > 0 && !judge(one, problem))
			return LB_EINVAL;
	}
	/* Each for itself is right: a bracket closes its neighbour's. */
	problem->which = 0;
	problem->line = 1;
	(void)!snprintf(problem->text, sizeof(problem->text),
			"the expressions do not fit together: unbalanced "
			"brackets?");
	return LB_EINVAL;
}

static bool mentions(const struct str *expressions, size_t n, struct str word)
{
	for (size_t i = 0; i < n; i++)
		if (str_find_str(expressions[i], word) >= 0)
			return true;
	return false;
}

int mapping_new(const struct str *expressions, size_t n, struct str each,
		struct mapping **out, struct mapping_problem *problem)
{
	for (size_t i = 0; i <= n; i++) {
		struct str one = i < n ? expressions[i] : each;
		if (one.n <= MAPPING_TEXT_MAX)
			continue;
		*problem = (struct mapping_problem){.which = i, .line = 1};
		(void)!snprintf(problem->text, sizeof(problem->text),
				"longer than 64 KiB");
		return LB_ELIMIT;
	}
	char *program = assemble(expressions, n, each);
	jq_state *jq = program != NULL ? compile_quietly(program) : NULL;
	if (jq == NULL) {
		free(program);
		return find_problem(expressions, n, each, problem);
	}
	struct mapping *m = xcalloc(1, sizeof(*m));
	m->program = program;
	m->n = n;
	m->each = each.n > 0;
	m->roots = m->each || mentions(expressions, n, STR("$root"));
	m->idle = jq;
	*out = m;
	return 0;
}

void mapping_free(struct mapping *m)
{
	if (m == NULL)
		return;
	if (m->idle != NULL)
		jq_teardown(&m->idle);
	free(m->program);
	free(m);
}

/* ---- running ------------------------------------------------------------ */

/* A state of our own: the idle one, or, while another thread has that (it may
 * be stuck in it), a new one. */
static jq_state *take_state(struct mapping *m)
{
	jq_state *none = NULL, *jq;
	__atomic_exchange(&m->idle, &none, &jq, __ATOMIC_ACQ_REL);
	return jq != NULL ? jq : compile_quietly(m->program);
}

static void give_state(struct mapping *m, jq_state *jq)
{
	jq_state *before;
	__atomic_exchange(&m->idle, &jq, &before, __ATOMIC_ACQ_REL);
	if (before != NULL)
		jq_teardown(&before);
}

static jv input_of(const struct mapping *m, const struct mapping_input *in)
{
	jv out = jv_object();
	jv events = jv_array();
	for (size_t i = 0; i < in->n_events && !m->each; i++)
		events = jv_array_append(events, jv_from_value(in->events[i]));
	out = jv_object_set(out, jv_string("events"), events);
	out = jv_object_set(out, jv_string("root"),
			    jv_from_value(m->roots ? in->root : NULL));
	out = jv_object_set(out, jv_string("headers"),
			    jv_from_value(in->headers));
	return jv_object_set(out, jv_string("query"), jv_from_value(in->query));
}

/* Every event has its row, every row a place for each expression. */
static bool well_formed(const struct mapping *m, const struct value *rows,
			size_t n_events)
{
	if (rows == NULL || rows->type != VALUE_ARRAY ||
	    (!m->each && rows->count != n_events))
		return false;
	VALUE_EACH (row, rows)
		if (row->type != VALUE_ARRAY ||
		    row->count != m->n + (m->each ? 1 : 0))
			return false;
	return true;
}

int mapping_run(struct mapping *m, const struct mapping_input *in,
		struct arena *arena, const struct value **out, struct err *err)
{
	struct copier copier = {.arena = arena};
	jq_state *jq = take_state(m);
	if (jq == NULL)
		return err_set(err, LB_EINVAL, "program does not compile");
	jq_start(jq, input_of(m, in), 0);
	jv result = jq_next(jq);
	struct value *rows = NULL;
	if (jv_is_valid(result))
		rows = copy_value(&copier, result, 0);
	else
		jv_free(result);
	/* Lets go of the input. */
	jq_start(jq, jv_null(), 0);
	give_state(m, jq);
	if (copier.over)
		return err_set(err, LB_ELIMIT, "results are too large");
	if (!well_formed(m, rows, in->n_events))
		return err_set(err, LB_EINVAL, "program failed");
	*out = rows;
	return 0;
}
