/* SPDX-License-Identifier: GPL-2.0 */
/*
 * version.h - the version, for --version and the meta record.
 */
#ifndef VERSION_H
#define VERSION_H

#define VERSION "0.1"

#endif
