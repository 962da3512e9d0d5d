	.text
	.globl pointer
pointer:
	.quad bar
	.section .note.GNU-stack,"",@progbits
