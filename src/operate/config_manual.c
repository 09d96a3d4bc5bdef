/* SPDX-License-Identifier: MIT */
/*
 * The key section of leadbridge.yaml(5), in scdoc, from the key table.
 */
#include "operate/config_values.h"

/* scdoc reads '_' and '*' as underlined and bold. */
static void add_text(struct buf *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '_' || *p == '*' || *p == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, *p);
	}
}

static void add_choices(struct buf *out, const char *choices)
{
	struct str rest = str_from(choices);
	for (int i = 0; rest.p != NULL; i++) {
		char word[80];
		struct str one = str_cut(rest, ' ', &rest);
		if (one.n >= sizeof(word))
			continue;
		memcpy(word, one.p, one.n);
		word[one.n] = '\0';
		buf_add_str(out, i == 0 ? STR("") : STR(", "));
		add_text(out, word);
	}
}

static void add_range(struct buf *out, const struct key *k)
{
	const struct key bare = {.type = k->type};
	void (*write)(const struct key *, const void *, struct buf *) =
	    key_kind(k->type)->write;
	if (k->min == 0 && k->max == 0)
		return;
	buf_add_str(out, k->max == 0 ? STR(", at least ") : STR(", "));
	write(&bare, &k->min, out);
	if (k->max == 0)
		return;
	buf_add_str(out, STR(" to "));
	write(&bare, &k->max, out);
}

static void add_row(struct buf *out, const struct key *k)
{
	bool words = k->type == KEY_WORD || k->type == KEY_CHOICE ||
		     k->type == KEY_EITHER;
	buf_add_char(out, '*');
	add_text(out, k->name);
	buf_add_str(out, STR("* ("));
	if (words)
		add_choices(out, k->choices);
	else
		add_text(out, key_kind(k->type)->name);
	add_range(out, k);
	if (k->def != NULL) {
		buf_add_str(out, STR("; default: "));
		add_text(out, k->def);
	}
	if ((k->flags & KEY_REQUIRED) != 0)
		buf_add_str(out, STR("; required"));
	if ((k->flags & KEY_RESTART) != 0)
		buf_add_str(out, STR("; a change needs a restart"));
	buf_add_str(out, STR(")\n\t"));
	add_text(out, k->help);
	if (k->def == NULL && k->example != NULL) {
		buf_add_str(out, STR(" Example: "));
		add_text(out, k->example);
	}
	buf_add_str(out, STR("\n\n"));
}

void config_print_manual(struct buf *out)
{
	static const char *const titles[SECTIONS] = {
	    [SECTION_TOP] = "KEYS",
	    [SECTION_LISTEN] = "KEYS OF AN ENTRY OF LISTEN",
	    [SECTION_DESTINATION] = "KEYS OF A DESTINATION",
	    [SECTION_SOURCE] = "KEYS OF A SOURCE",
	};
	for (unsigned section = 0; section < SECTIONS; section++) {
		buf_addf(out, "# %s\n\n", titles[section]);
		for (size_t i = 0; i < key_count(); i++)
			if ((unsigned)key_at(i)->section == section)
				add_row(out, key_at(i));
	}
}
