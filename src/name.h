/* SPDX-License-Identifier: GPL-2.0 */
/*
 * name.h - the kernel's numbers by name and back: address families, protocols, socket types
 * and errnos. Own tables, so that a static binary on any host says the same.
 */
#ifndef NAME_H
#define NAME_H

#include <stdbool.h>
#include <stddef.h>

/* The names are static strings; NULL for a number without one. */
const char *family_name(unsigned n);   /* "AF_INET" */
const char *protocol_name(unsigned n); /* "IPPROTO_TCP" */
const char *socktype_name(unsigned n); /* "SOCK_STREAM" */
const char *errno_name(int e);	       /* "ECONNREFUSED", also the kernel's own 512 to 530 */

/*
 * And back, in any case: names with or without AF_ or IPPROTO_, "local" for unix, errnos by
 * their exact names and aliases; or a decimal number, to 65535 (an errno to 4095) whether it
 * has a name or not. -1 for everything else.
 */
int family_number(const char *s);
int protocol_number(const char *s);
int errno_number(const char *s);

/*
 * The names that the three above know, as people type them ("inet", "tcp", "ECONNREFUSED"), one
 * after the other: the N-th into WORD, from 0 on; false after the last. No errnos of the kernel's own.
 */
enum { NAME_WORD = 32 };
bool family_word(size_t n, char word[NAME_WORD]);
bool protocol_word(size_t n, char word[NAME_WORD]);
bool errno_word(size_t n, char word[NAME_WORD]);

/* Words for people, at most 19 characters, all different; NULL if unknown. 0 is "Success". */
const char *errno_words(int e);

/* The words of the book's soconnect.bt; "" where the book has none. */
const char *book_words(int e);

#endif
