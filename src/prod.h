/* SPDX-License-Identifier: GPL-2.0 */
/*
 * prod.h - harmless calls of our own, by which hooks show that they fire. Tools don't show them:
 * neither whose they are (conf.self) nor, where they fail by PROD_MARK (bpf/row.h), others.
 */
#ifndef PROD_H
#define PROD_H

/*
 * Make every call that the hooks of this point are for. NULL: done, each has fired or is dead;
 * else why that can't be tried here.
 */
const char *prod(const char *point);
/*
 * The same with the real thing, for hooks that calls which fail don't reach: other sockrays may
 * show that.
 */
const char *prod_really(const char *point);

#endif
