/* SPDX-License-Identifier: GPL-2.0 */
/*
 * doctor.h - sockray doctor: what this host lets us see.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

/* ARGV: the verb and its options. Returns the exit code. */
int doctor(int argc, char **argv);

#endif
