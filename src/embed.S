/* SPDX-License-Identifier: GPL-2.0 */
/*
 * embed.S - a tool's kernel half as bytes in the program. The Makefile assembles this once per
 * tool, with TOOL its name and OBJECT the file.
 */
#define PASTE2(a, b) a##b
#define PASTE(a, b) PASTE2(a, b)

	.section .rodata
	.balign 16
	.global PASTE(TOOL, _bpf)
	.global PASTE(TOOL, _bpf_end)
PASTE(TOOL, _bpf):
	.incbin OBJECT
PASTE(TOOL, _bpf_end):

	.section .note.GNU-stack, "", %progbits
