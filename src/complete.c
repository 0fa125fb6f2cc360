/* SPDX-License-Identifier: GPL-2.0 */
/*
 * complete.c - see complete.h. The shells' scripts (completions/) know no option: whatever can
 * stand at the cursor comes from the option table, the tables of names, and this host.
 */
#include "complete.h"

#include <ctype.h>
#include <dirent.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "name.h"
#include "option.h"

struct completion {
	const struct tool *tool;
	const char *word; /* at the cursor */
	const char *item; /* the part of it to complete: behind the = of an option, the last comma */
	const char *list; /* where the list begins that it is an item of, or NULL */
	bool by, count;	  /* what decides which columns there are */
};

/* A shell's script takes these for ends of words and lines. */
static bool presentable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			return false;
	return true;
}

/* Is it among the items before the last? */
static bool listed(const struct completion *c, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = c->list; p && p < c->item; p += strcspn(p, ",") + 1)
		if (strcspn(p, ",") == len && !strncasecmp(p, word, len))
			return true;
	return false;
}

static void offer(const struct completion *c, const char *word, const char *help)
{
	if (!*word || strncasecmp(word, c->item, strlen(c->item)) || listed(c, word) ||
	    !presentable(word))
		return;
	printf("%.*s%s\t%s\n", (int)(c->item - c->word), c->word, word,
	       presentable(help) ? help : "");
}

/* ------------------------------------------------------------------ values */

static void offer_names(const struct completion *c, bool (*nth)(size_t n, char word[NAME_WORD]))
{
	char word[NAME_WORD];

	for (size_t n = 0; nth(n, word); n++)
		offer(c, word, "");
}

/* What PATH holds at its beginning, without a newline at its end; its length. */
static size_t read_start(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t len = f ? fread(text, 1, size - 1, f) : 0;

	if (f)
		fclose(f);
	if (len && text[len - 1] == '\n')
		len--;
	text[len] = '\0';
	return len;
}

/* The processes, but for the kernel's own threads: their numbers behind BEFORE, or their names. */
static void offer_processes(const struct completion *c, const char *before)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		char path[300], comm[64], word[300], first[2];

		if (!isdigit((unsigned char)*entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		if (!read_start(path, first, sizeof(first)))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (!read_start(path, comm, sizeof(comm)))
			continue;
		if (before) {
			snprintf(word, sizeof(word), "%s%s", before, entry->d_name);
			offer(c, word, comm);
		} else {
			offer(c, comm, "");
		}
	}
	if (proc)
		closedir(proc);
}

/* Of /etc/passwd, as -u reads it. */
static void offer_users(const struct completion *c)
{
	FILE *f = open_text("/etc/passwd");
	struct passwd *user;
	char uid[32];

	while (f && (user = fgetpwent(f))) {
		snprintf(uid, sizeof(uid), "%u", user->pw_uid);
		if (*user->pw_name != '+' && *user->pw_name != '-')
			offer(c, user->pw_name, uid);
	}
	if (f)
		fclose(f);
}

static void offer_netns(const struct completion *c)
{
	DIR *dir = opendir("/run/netns");
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (*entry->d_name != '.')
			offer(c, entry->d_name, "a network namespace");
	if (dir)
		closedir(dir);
	if (!strncmp(c->item, "pid:", 4))
		offer_processes(c, "pid:");
	else
		offer(c, "pid:", "that of a process");
}

static void offer_fields(const struct completion *c)
{
	const struct table *t = c->tool->table;

	if (c->by && c->tool->by)
		t = c->tool->by;
	if (c->count && c->tool->count)
		t = c->tool->count;
	for_each_column(column, t)
		if (!(column->flags & COL_HIDDEN))
			offer(c, column->name, column->help);
	if (!c->list)
		offer(c, "help", "lists them");
}

/* VALUE is what stands there so far, a part of the word at the cursor. */
static void offer_values(struct completion *c, const struct option_entry *o, const char *value)
{
	const char *comma = strrchr(value, ',');
	bool is_list = o->arg && (strstr(o->arg, "LIST") || strchr(o->arg, ','));

	c->item = value;
	if (comma && is_list) {
		c->list = value;
		c->item = comma + 1;
	}
	for (const char *const *w = o->words; w && *w; w++)
		offer(c, *w, "");
	switch (o->values) {
	case VALUES_ANY:
		break;
	case VALUES_PID:
		offer_processes(c, "");
		break;
	case VALUES_COMM:
		offer_processes(c, NULL);
		break;
	case VALUES_USER:
		offer_users(c);
		break;
	case VALUES_FAMILY:
		offer_names(c, family_word);
		offer(c, "all", "every family");
		break;
	case VALUES_PROTOCOL:
		offer_names(c, protocol_word);
		break;
	case VALUES_ERRNO:
		offer_names(c, errno_word);
		break;
	case VALUES_CGROUP:
		puts(":dirs");
		break;
	case VALUES_NETNS:
		offer_netns(c);
		break;
	case VALUES_FIELD:
		offer_fields(c);
		break;
	case VALUES_FILE:
		puts(":files");
		break;
	}
}

/* ------------------------------------------------------------------ options */

/* NAME is the option's, or an only option's beginning, as getopt_long takes it. */
static const struct option_entry *long_option(const char *name, size_t len)
{
	const struct option_entry *found = NULL;

	for (const struct option_entry *o = options; o->name; o++) {
		if (strncmp(o->name, name, len))
			continue;
		if (!o->name[len])
			return o;
		if (found)
			return NULL;
		found = o;
	}
	return found;
}

static const struct option_entry *short_option(char letter)
{
	for (const struct option_entry *o = options; o->name; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

static void note(struct completion *c, const struct option_entry *o)
{
	c->count |= !strcmp(o->name, "count");
	c->by |= !strcmp(o->name, "by") || strstr(o->name, "stack") || !strcmp(o->name, "folded");
}

/*
 * The option in WORD whose argument has to follow, or has begun: *VALUE is then where, else NULL.
 * NULL: there is none.
 */
static const struct option_entry *takes(struct completion *c, const char *word,
					const char **value)
{
	const struct option_entry *o;

	*value = NULL;
	if (!strncmp(word, "--", 2)) {
		size_t len = strcspn(word + 2, "=");

		o = long_option(word + 2, len);
		if (!o)
			return NULL;
		note(c, o);
		if (word[2 + len])
			*value = word + 2 + len + 1;
		return o->arg ? o : NULL;
	}
	if (*word != '-')
		return NULL;
	while (*++word) {
		o = short_option(*word);
		if (!o)
			return NULL;
		note(c, o);
		if (o->arg) {
			*value = word[1] ? word + 1 : NULL;
			return o;
		}
	}
	return NULL;
}

static void complete_tool(struct completion *c, int nwords, char **words)
{
	const struct option_entry *open = NULL, *o;
	const char *value;

	for (int i = 1; i < nwords - 1; i++) {
		if (open) {
			open = NULL;
			continue;
		}
		if (!strcmp(words[i], "--")) {
			puts(":command");
			return;
		}
		open = takes(c, words[i], &value);
		if (value)
			open = NULL;
	}
	if (open) {
		offer_values(c, open, c->word);
		return;
	}
	o = takes(c, c->word, &value);
	if (o && value) {
		offer_values(c, o, value);
		return;
	}
	for (o = options; o->name; o++) {
		char name[64];

		snprintf(name, sizeof(name), "--%s", o->name);
		if (tool_can(c->tool, o))
			offer(c, name, o->help);
	}
	offer(c, "--", "a command to trace");
}

const struct tool *tool_called(const char *path)
{
	static const char suffix[] = "-sockray";
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = strlen(name), most = sizeof(suffix) - 1;

	if (len > most && !strcmp(name + len - most, suffix))
		len -= most;
	for_each_tool(t)
		if (strlen((*t)->name) == len && !memcmp((*t)->name, name, len))
			return *t;
	return NULL;
}

static void offer_tools(const struct completion *c)
{
	for_each_tool(t)
		offer(c, (*t)->name, (*t)->help);
}

int complete(int nwords, char **words, const char *const *verbs)
{
	struct completion c = {};

	if (nwords < 2)
		return EXIT_OK;
	c.word = c.item = words[nwords - 1];
	c.tool = tool_called(words[0]);
	if (!c.tool && nwords == 2) {
		offer_tools(&c);
		for (const char *const *v = verbs; *v; v += 2)
			offer(&c, v[0], v[1]);
		return EXIT_OK;
	}
	if (!c.tool) {
		c.tool = tool_called(words[1]);
		words++;
		nwords--;
	}
	if (c.tool) {
		complete_tool(&c, nwords, words);
	} else if (nwords == 2 && !strcmp(words[0], "help")) {
		offer_tools(&c);
	} else if (nwords == 2 && !strcmp(words[0], "doctor")) {
		offer(&c, "--json", "print JSON");
		offer(&c, "--help", "");
	}
	return EXIT_OK;
}
