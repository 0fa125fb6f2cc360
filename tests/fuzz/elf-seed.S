/* SPDX-License-Identifier: GPL-2.0 */
/*
 * elf-seed.S - small files of code that the target `elf` begins with; tests/fuzz/run builds them.
 * Names that are demangled, functions with a frame, without one, without a size, and the last one
 * of a stack.
 */
	.text
	.globl _start
	.type _start, @function
_start:
	.cfi_startproc
	.cfi_undefined rip
	nop
	call _Z4sendPKcm
	.cfi_endproc
	.size _start, . - _start

	.globl _Z4sendPKcm
	.type _Z4sendPKcm, @function
_Z4sendPKcm:
	.cfi_startproc
	push %rbp
	.cfi_def_cfa_offset 16
	.cfi_offset rbp, -16
	mov %rsp, %rbp
	.cfi_def_cfa_register rbp
	call _RNvC6_123foo3bar
	pop %rbp
	.cfi_def_cfa rsp, 8
	ret
	.cfi_endproc
	.size _Z4sendPKcm, . - _Z4sendPKcm

	.globl _RNvC6_123foo3bar
	.type _RNvC6_123foo3bar, @function
_RNvC6_123foo3bar:
	.cfi_startproc
	push %rbx
	.cfi_def_cfa_offset 16
	.cfi_offset rbx, -16
	call _ZNSt6vectorIiSaIiEE9push_backEOi
	pop %rbx
	ret
	.cfi_endproc
	.size _RNvC6_123foo3bar, . - _RNvC6_123foo3bar

	.globl _ZNSt6vectorIiSaIiEE9push_backEOi
_ZNSt6vectorIiSaIiEE9push_backEOi:
	nop
	.globl __libc_start_main
	.type __libc_start_main, @function
__libc_start_main:
	ret
	.size __libc_start_main, . - __libc_start_main
	.section .note.GNU-stack, "", @progbits
